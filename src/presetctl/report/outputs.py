"""What later steps of a workflow get to know: outputs as GitHub's runner reads them from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from presetctl.domain.change import Plan
from presetctl.report.safe import one_line

BLOCKED, STALE = 4, 5
"""Exit codes: stopped by a limit or a protection; the plan or the workspace moved."""
MAX_REASON = 1000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command failed, or did not do all that it was to do: the exit code and a reason, empty where it did."""

    code: int = 0
    reason: str = ""


def plan_outputs(plans: Sequence[Plan], path: str, failure: Failure) -> dict[str, str]:
    """The outputs of a step that planned, or planned and applied. ``path`` is where the plan is saved."""
    pending = [change for plan in plans for change in plan.pending]
    counts: dict[str, int] = {}
    for plan in plans:
        for name, number in plan.summary.items():
            counts[name] = counts.get(name, 0) + number
    return {
        "changed": _flag(bool(pending)),
        "blocked": _flag(failure.code == BLOCKED or any(plan.objections for plan in plans)),
        "stale": _flag(failure.code == STALE),
        "counts": json.dumps(counts),
        "fingerprint": plans[0].fingerprint if len(plans) == 1 else "",
        "plan-path": path if plans else "",
        "changed-slugs": json.dumps(sorted({change.slug for change in pending})),
        "failure-reason": one_line(failure.reason)[:MAX_REASON],
    }


def outputs_text(outputs: Mapping[str, str], delimiter: str) -> str:
    """The lines for the runner. ``delimiter`` is something that nobody can guess, and so stands in no value."""
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items())


def _flag(value: bool) -> str:
    return "true" if value else "false"
