"""Limits and protections: what a plan must not do without consent."""

from __future__ import annotations

from collections.abc import Collection

from presetctl.domain.change import Plan
from presetctl.domain.errors import SafetyError


def check_consent(plan: Plan, allow_wipe: Collection[str]) -> None:
    """Stops a plan that would remove what only the dashboard can set, unless each such preset is named.

    Raises SafetyError before anything is written.
    """
    unasked = [change for change in plan.pending if change.wipes and change.slug not in allow_wipe]
    if not unasked:
        return
    losses = "; ".join(f"{change.slug} loses {', '.join(change.wipes)}" for change in unasked)
    raise SafetyError(
        f"nothing was written, because a write would remove what only the dashboard can set: {losses}",
        hint=" ".join(["to agree, add", *(f"--allow-wipe {change.slug}" for change in unasked)]),
    )
