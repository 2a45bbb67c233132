"""What stands in comments and issues: the marker, the report, and where it comes from."""

from __future__ import annotations

from presetctl.domain.change import Plan
from presetctl.drift import DriftReport
from presetctl.github.marker import DriftMark, PlanMark, SupersededMark, marked
from presetctl.github.place import Place
from presetctl.report.drift_markdown import drift_markdown
from presetctl.report.markdown import COMMENT_LIMIT, plans_markdown

_FORK = "Made by a run of a fork, from its files alone. Whoever applies it makes another plan."
_SUPERSEDED = "Another comment of presetctl, further up, has the plan of this workspace."


def comment_text(plan: Plan, mark: PlanMark, place: Place) -> str:
    """The comment with a plan, at most as long as GitHub takes it."""
    start, end = marked(mark), _end(place, mark.run_id, "" if mark.trusted else _FORK)
    report = plans_markdown([plan], COMMENT_LIMIT - len(start) - len(end) - 1, _rest(mark.run_id))
    return f"{start}\n{report}{end}"


def superseded_text(workspace: str) -> str:
    """What becomes of a comment that is there twice."""
    return f"{marked(SupersededMark(workspace=workspace))}\n{_SUPERSEDED}"


def issue_text(report: DriftReport, mark: DriftMark, place: Place) -> str:
    """The issue about drift, or that there is none any more."""
    start, end = marked(mark), _end(place, place.run, "")
    return f"{start}\n{drift_markdown(report, COMMENT_LIMIT - len(start) - len(end) - 1)}{end}"


def _rest(run: int | None) -> str:
    return "The summary of the run has all of it." if run is not None else "`presetctl plan` shows all of it."


def _end(place: Place, run: int | None, said: str) -> str:
    link = "" if run is None else f"[Run {run}]({place.run_url(run)})"
    return "".join(f"\n\n{part}" for part in (said, link) if part)
