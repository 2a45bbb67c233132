"""One issue per workspace about drift: opened, kept up, closed, and opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from presetctl.domain.values import JsonObject, digest
from presetctl.drift import DriftReport
from presetctl.github.api import GitHub
from presetctl.github.comments import Written, check_author, written
from presetctl.github.marker import DriftMark, read_mark
from presetctl.github.text import issue_text
from presetctl.report.drift import drift_document


class Step(StrEnum):
    """What becomes of an issue."""

    OPENED = "opened"
    REOPENED = "reopened"
    UPDATED = "updated"
    CLOSED = "closed"
    UNCHANGED = "unchanged"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of ours, as it is."""

    number: int
    open: bool
    mark: DriftMark
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What was done; ``number`` and ``url`` are those of the issue, if there is one."""

    step: Step
    number: int | None = None
    url: str = ""


class _Issue(Written):
    number: int
    state: str = "open"


def decide(issue: Issue | None, wanted: DriftMark) -> Step:
    """What is to be done about the issue that there is.

    One that somebody closed while there was drift stays closed as long as the drift is the same.
    """
    if issue is None:
        return Step.OPENED if wanted.digest else Step.NOT_NEEDED
    same = issue.mark.digest == wanted.digest
    if not wanted.digest:
        return Step.CLOSED if issue.open else Step.UNCHANGED
    if same:
        return Step.UNCHANGED
    return Step.UPDATED if issue.open else Step.REOPENED


def drift_mark(report: DriftReport) -> DriftMark:
    """The marker of the issue about ``report``. What is pending, and the commit that was compared, don't count."""
    drifts = drift_document(report)["drifts"]
    return DriftMark(workspace=report.workspace, digest=digest(drifts) if drifts else "")


@dataclass(frozen=True)
class Issues:
    """The issues of ``author``, who gives new ones ``labels``."""

    github: GitHub
    author: str
    labels: Sequence[str] = ()

    def tell(self, report: DriftReport) -> Reported:
        """Makes the issue of the report's workspace say what there is."""
        mark = drift_mark(report)
        issue = self._find(mark.workspace)
        step = decide(issue, mark)
        if step in {Step.NOT_NEEDED, Step.UNCHANGED}:
            return Reported(step, *((issue.number, issue.url) if issue else ()))
        body = issue_text(report, mark, self.github.place)
        if issue is None:
            made = self._open(mark, {"title": f"Drift in {mark.workspace}", "body": body, "labels": list(self.labels)})
            return Reported(step, made.number, made.html_url)
        state = {"state": "closed", "state_reason": "completed"} if step is Step.CLOSED else {"state": "open"}
        self.github.change(f"/issues/{issue.number}", {"body": body, **state})
        return Reported(step, issue.number, issue.url)

    def _find(self, workspace: str) -> Issue | None:
        """Our issue of this workspace: the oldest, should there be several."""
        rows = self.github.rows("/issues", {"state": "all", "creator": self.author, "direction": "asc"})
        found = (issue for row in rows for issue in [self._issue(row)] if issue is not None)
        return next((issue for issue in found if issue.mark.workspace == workspace), None)

    def _issue(self, row: JsonObject) -> Issue | None:
        issue = _read(row)
        mark = read_mark(issue.body or "", DriftMark)
        if mark is None or not issue.is_by(self.author) or row.get("pull_request") is not None:
            return None
        return Issue(issue.number, issue.state == "open", mark, issue.html_url)

    def _open(self, mark: DriftMark, body: JsonObject) -> _Issue:
        def find() -> JsonObject | None:
            rows = self.github.rows("/issues", {"state": "open", "creator": self.author})
            return next((row for row in rows for i in [self._issue(row)] if i is not None and i.mark == mark), None)

        made = _read(self.github.create("/issues", body, find))
        check_author(made, self.author)
        return made


def _read(row: JsonObject) -> _Issue:
    return written(row, _Issue)
