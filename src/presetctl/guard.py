"""Limits and protections: what a plan must not do without consent, each with the words that give it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from presetctl.domain.change import Action, Plan
from presetctl.domain.errors import SafetyError
from presetctl.domain.project import Limits
from presetctl.domain.provider import capabilities

_OVERWRITES = frozenset({Action.UPDATE, Action.REPLACE, Action.RESTORE})


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to, name by name and number by number; there is no consent to everything."""

    wipe: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    updates: int = 0
    archives: int = 0
    creates: int = 0


NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan doesn't say of itself.

    ``declared`` and ``listed``: how many presets the files declare, and how many of those the workspace lists.
    ``vanished``: those to create that the commit ``since`` declared already, so that they may well have been live.
    """

    declared: int = 0
    listed: int = 0
    vanished: tuple[str, ...] = ()
    since: str = ""


NOTHING_AROUND = Surroundings()


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a plan must not be applied as it is, and the options that would agree to it."""

    message: str
    agree: str


def protected_names(plan: Plan, protected: Collection[str]) -> list[str]:
    """The protected names that the plan would touch: presets, or the workspace itself."""
    touched = {plan.workspace.name, *(change.slug for change in plan.pending)} if plan.pending else set()
    return sorted(touched & set(protected))


def objections(
    plan: Plan,
    limits: Limits,
    protected: Collection[str],
    consent: Consent,
    around: Surroundings = NOTHING_AROUND,
) -> Iterator[Objection]:
    """Everything that stands against applying the plan. ``protected`` holds slugs, and the workspace's own name."""
    for change in plan.pending:
        if change.wipes and change.slug not in consent.wipe:
            lost = ", ".join(change.wipes)
            message = f"writing {change.slug} removes {lost}, which only the dashboard can set"
            yield Objection(message, f"--allow-wipe {change.slug}")
    for name in protected_names(plan, protected):
        if name not in consent.protected:
            yield Objection(f"{name} is protected", f"--allow-protected {name}")
    yield from _too_many_updates(plan, limits, consent)
    yield from _too_many_archives(plan, limits, consent, around)
    yield from _vanished(plan, limits, consent, around)


def _too_many_updates(plan: Plan, limits: Limits, consent: Consent) -> Iterator[Objection]:
    live = sum(change.before is not None and not change.removes for change in plan.changes)
    updates = sum(change.action in _OVERWRITES for change in plan.pending)
    if live >= limits.minimum and updates > max(limits.updates_of(live), consent.updates):
        message = f"{updates} of {live} live presets would be overwritten, and the limit is {limits.updates}"
        yield Objection(message, f"--allow-updates {updates}")


def _too_many_archives(plan: Plan, limits: Limits, consent: Consent, around: Surroundings) -> Iterator[Objection]:
    """Also the last ones: a project without any preset is more likely one whose files were not found."""
    archives, done = len(plan.removals), capabilities(plan.workspace.provider).removed
    managed = around.listed + archives
    if archives <= consent.archives:
        return
    if not around.declared:
        message = f"{archives} of {managed} managed presets would be {done}, and no file declares any preset"
        yield Objection(message, f"--allow-archives {archives}")
    elif archives > limits.archives_of(managed):
        message = f"{archives} of {managed} managed presets would be {done}, and the limit is {limits.archives}"
        yield Objection(message, f"--allow-archives {archives}")


def _vanished(plan: Plan, limits: Limits, consent: Consent, around: Surroundings) -> Iterator[Objection]:
    """A workspace that lost all its presets, or many, is more likely another one, which a wrong key opens."""
    missing, name = len(around.vanished), plan.workspace.name
    # Where a field can't be taken away, one preset may be missing because making it again was cut off halfway.
    halfway = 0 if capabilities(plan.workspace.provider).unsets else 1
    if missing <= max(consent.creates, halfway):
        return
    what = f"of the {missing} to create that commit {around.since[:12]} declared already"
    if not around.listed:
        yield Objection(
            f"{name} has none {what}, nor any other preset of this project: does the key open another workspace?",
            f"--allow-creates {missing}",
        )
    elif missing > limits.archives_of(around.listed + missing):
        message = f"{name} has none {what}, and the limit of what may be missing is {limits.archives}"
        yield Objection(message, f"--allow-creates {missing}")


def check(
    plan: Plan,
    limits: Limits,
    protected: Collection[str],
    consent: Consent,
    around: Surroundings = NOTHING_AROUND,
) -> None:
    """Raises SafetyError, before anything is written, where something stands against the plan."""
    found = list(objections(plan, limits, protected, consent, around))
    if found:
        raise SafetyError(
            f"nothing was written: {'; '.join(objection.message for objection in found)}",
            hint=f"to agree, add {' '.join(objection.agree for objection in found)}",
        )
