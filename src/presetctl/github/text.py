"""What stands in comments and issues: the marker, the report, and where it comes from."""

from __future__ import annotations

from dataclasses import replace

from presetctl.domain.change import Plan
from presetctl.drift import DriftReport
from presetctl.github.marker import DriftMark, PlanMark, StaleMark, SupersededMark, marked
from presetctl.github.place import Place
from presetctl.plan import moves
from presetctl.report.drift_markdown import drift_markdown
from presetctl.report.gfm import code
from presetctl.report.markdown import COMMENT_LIMIT, length, plans_markdown
from presetctl.report.safe import inert

_FORK = "Made by a run of a fork, from its files alone. Whoever applies it makes another plan."
_BY_HAND = "Nothing was written. A run that is started by hand shows its reviewers the plan above, and applies that."
_MOVES_SHOWN = 20
_MOVE_SHOWN = 300
_SUPERSEDED = "Another comment of presetctl, further up, has the plan of this workspace."


def comment_text(plan: Plan, mark: PlanMark, place: Place) -> str:
    """The comment with a plan, at most as long as GitHub takes it."""
    start, end = marked(mark), _end(place, mark.run_id, "" if mark.trusted else _FORK)
    report = plans_markdown([plan], COMMENT_LIMIT - len(start) - len(end) - 1, _rest(mark.run_id))
    return f"{start}\n{report}{end}"


def stale_text(approved: Plan, now: Plan, mark: StaleMark, place: Place) -> str:
    """The comment that says how a plan differs from the one that was approved."""
    start, end = marked(mark), _end(place, place.run, _BY_HAND)
    moved = moves(_written(approved), replace(_written(now), base=approved.base))
    more = [f"- and {len(moved) - _MOVES_SHOWN} more"] if len(moved) > _MOVES_SHOWN else []
    head = f"### Not applied to {code(mark.workspace)}\n\nThe plan that this pull request shows no longer holds:"
    said = "\n".join([head, "", *(f"- {code(line, _MOVE_SHOWN)}" for line in moved[:_MOVES_SHOWN]), *more])
    report = plans_markdown([now], COMMENT_LIMIT - len(start) - length(said) - len(end) - 3, _rest(place.run))
    return f"{start}\n{inert(said)}\n\n{report}{end}"


def _written(plan: Plan) -> Plan:
    """What a plan writes: the rest of it may move without doing harm."""
    return replace(plan, changes=plan.pending)


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
