"""Problems as a SARIF 2.1.0 log, which code scanning of GitHub and others reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

from presetctl import __version__
from presetctl.domain.problem import Problem
from presetctl.domain.values import Json
from presetctl.report.safe import one_line

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def problems_sarif(problems: Sequence[Problem], folder: str = "") -> dict[str, Json]:
    """One run with a result for each problem.

    ``folder`` leads from the root of the repository, where files are looked for, to the project.
    """
    rules = sorted({problem.rule for problem in problems})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "presetctl",
                        "version": __version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "automationDetails": {"id": "presetctl/validate/"},
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, rules.index(problem.rule), folder) for problem in problems],
            }
        ],
    }


def _rule(rule: str) -> dict[str, Json]:
    return {"id": one_line(rule), "shortDescription": {"text": _message(rule.replace("-", " "))}}


def _result(problem: Problem, rule: int, folder: str) -> dict[str, Json]:
    text = f"{problem.message} → {problem.suggestion}" if problem.suggestion else problem.message
    return {
        "ruleId": one_line(problem.rule),
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": _message(text)},
        "locations": [_location(problem, folder)],
        "partialFingerprints": {"presetctl/v1": _identity(problem)},
    }


def _location(problem: Problem, folder: str) -> dict[str, Json]:
    place = problem.location
    physical: Json = {
        "artifactLocation": {"uri": _uri(folder + place.file)},
        "region": {"startLine": place.line, "startColumn": place.column},
    }
    if not problem.path:
        return {"physicalLocation": physical}
    path = {"fullyQualifiedName": one_line(problem.path), "kind": "member"}
    return {"physicalLocation": physical, "logicalLocations": [path]}


def _message(text: str) -> str:
    """In a message, braces hold arguments and ``[text](target)`` is a link: neither comes from a file."""
    return one_line(text).replace("{", "{{").replace("}", "}}").replace("](", "\\](")


def _uri(file: str) -> str:
    """A relative reference. Behind ``./`` no name of a file is taken for a scheme or a host."""
    uri = quote(file, safe="/!$&'()*+,;=@-._~", errors="surrogatepass")
    return f"./{uri}" if uri.startswith("/") else uri


def _identity(problem: Problem) -> str:
    """The same for a problem wherever its line moves, so that it isn't reported anew."""
    words = "\0".join((problem.location.file, problem.rule, problem.path))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
