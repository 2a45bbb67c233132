"""Problems as a JUnit report, which most CI servers show: a test case for each file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from presetctl.domain.problem import Problem, Severity
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, many, problems_text

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def problems_junit(problems: Sequence[Problem], files: Iterable[str]) -> str:
    """A case for each of the files, and for each other one with a problem; errors fail it, warnings are its output."""
    by_file: dict[str, list[Problem]] = {file: [] for file in files}
    for problem in problems:
        by_file.setdefault(problem.location.file, []).append(problem)
    failing = sum(any(map(_is_error, found)) for found in by_file.values())
    counts = {"tests": str(len(by_file)), "failures": str(failing), "errors": "0"}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "presetctl validate", **counts, "skipped": "0"})
    for file, found in sorted(by_file.items()):
        _case(suite, file, found)
    ElementTree.indent(suites)
    return inert(ElementTree.tostring(suites, encoding="unicode"))


def _case(suite: ElementTree.Element, file: str, problems: Sequence[Problem]) -> None:
    name = _xml(one_line(file))
    case = ElementTree.SubElement(suite, "testcase", {"name": name, "classname": "presetctl.validate", "file": name})
    errors = [problem for problem in problems if _is_error(problem)]
    warnings = [problem for problem in problems if not _is_error(problem)]
    if errors:
        more = f" (and {many(len(errors) - 1, 'more error')})" if errors[1:] else ""
        first = {"message": _xml(one_line(errors[0].message)) + more, "type": _xml(one_line(errors[0].rule))}
        ElementTree.SubElement(case, "failure", first).text = _xml(problems_text(errors, Style()))
    if warnings:
        ElementTree.SubElement(case, "system-out").text = _xml(problems_text(warnings, Style()))


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR


def _xml(text: str) -> str:
    """Text without the few characters that no XML can hold, which are shown by their number."""
    return _NO_XML.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text)
