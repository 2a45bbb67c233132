"""Problems as workflow commands of GitHub Actions, which turn into annotations on the files of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from presetctl.domain.problem import Problem, Severity
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, problems_text

PER_LEVEL = 10
"""GitHub shows no more annotations of one level in one step."""


def problems_log(problems: Sequence[Problem], token: str, folder: str = "") -> str:
    """The annotations, and below them every problem as text, in which the runner looks for no commands.

    ``token`` ends that text for the runner: something that nobody can guess, made for this one text. ``folder`` is as
    in ``problems_commands``.
    """
    if not problems:
        return ""
    text = problems_text(problems, Style())
    return "\n".join([problems_commands(problems, folder), f"::stop-commands::{token}", text, f"::{token}::"])


def problems_commands(problems: Sequence[Problem], folder: str = "") -> str:
    """At most ten commands of each level, and for each level with more a last one that counts the rest.

    ``folder`` leads from the root of the repository, where GitHub looks for files, to the project.
    """
    by_level: dict[Severity, list[Problem]] = {severity: [] for severity in Severity}
    for problem in problems:
        by_level[problem.severity].append(problem)
    lines: list[str] = []
    for severity, found in by_level.items():
        shown = found if len(found) <= PER_LEVEL else found[: PER_LEVEL - 1]
        lines += [_command(problem, folder) for problem in shown]
        if len(shown) < len(found):
            rest = f"{len(found) - len(shown)} more of this level; the log of this step has all"
            lines.append(f"::{severity.value} title=presetctl::{_data(rest)}")
    return "\n".join(lines)


def _command(problem: Problem, folder: str) -> str:
    place = problem.location
    text = f"{problem.message} → {problem.suggestion}" if problem.suggestion else problem.message
    values = (
        f"file={_property(folder + place.file)},line={place.line},col={place.column},title={_property(problem.rule)}"
    )
    return f"::{problem.severity.value} {values}::{_data(text)}"


def _data(text: str) -> str:
    """A message that can't end its command or start another."""
    return inert(one_line(text)).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
