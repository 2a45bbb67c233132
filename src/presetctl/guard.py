"""Limits and protections: what a plan must not do without consent, each with the words that give it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from presetctl.domain.change import Action, Plan
from presetctl.domain.errors import SafetyError
from presetctl.domain.project import Limits

_OVERWRITES = frozenset({Action.UPDATE, Action.REPLACE, Action.RESTORE})


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to, name by name and number by number; there is no consent to everything."""

    wipe: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    updates: int = 0


NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a plan must not be applied as it is, and the options that would agree to it."""

    message: str
    agree: str


def protected_names(plan: Plan, protected: Collection[str]) -> list[str]:
    """The protected names that the plan would touch: presets, or the workspace itself."""
    touched = {plan.workspace.name, *(change.slug for change in plan.pending)} if plan.pending else set()
    return sorted(touched & set(protected))


def objections(plan: Plan, limits: Limits, protected: Collection[str], consent: Consent) -> Iterator[Objection]:
    """Everything that stands against applying the plan. ``protected`` holds slugs, and the workspace's own name."""
    for change in plan.pending:
        if change.wipes and change.slug not in consent.wipe:
            lost = ", ".join(change.wipes)
            message = f"writing {change.slug} removes {lost}, which only the dashboard can set"
            yield Objection(message, f"--allow-wipe {change.slug}")
    for name in protected_names(plan, protected):
        if name not in consent.protected:
            yield Objection(f"{name} is protected", f"--allow-protected {name}")
    live = sum(change.before is not None for change in plan.changes)
    updates = sum(change.action in _OVERWRITES for change in plan.pending)
    if live >= limits.minimum and updates > max(limits.updates_of(live), consent.updates):
        message = f"{updates} of {live} live presets would be overwritten, and the limit is {limits.updates}"
        yield Objection(message, f"--allow-updates {updates}")


def check(plan: Plan, limits: Limits, protected: Collection[str], consent: Consent) -> None:
    """Raises SafetyError, before anything is written, where something stands against the plan."""
    found = list(objections(plan, limits, protected, consent))
    if found:
        raise SafetyError(
            f"nothing was written: {'; '.join(objection.message for objection in found)}",
            hint=f"to agree, add {' '.join(objection.agree for objection in found)}",
        )
