"""What the reports of a plan say alike, whatever they are written in: sentences, versions, and fields by cause."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from presetctl.domain.change import ABSENT, Absent, Action, Cause, Change, FieldChange, Plan
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.values import Json
from presetctl.report.safe import value_text
from presetctl.report.text import many, version_step

_VERBS = {
    Action.CREATE: "creates",
    Action.UPDATE: "updates",
    Action.REPLACE: "replaces",
    Action.ARCHIVE: "archives",
    Action.DELETE: "deletes",
    Action.RESTORE: "restores",
}

TITLES = {
    Cause.DECLARED: "Declared by the files",
    Cause.BOTH: "Changed in the files, and in the workspace too: applying overwrites the latter",
    Cause.DRIFT: "Drift, changed in the workspace alone: applying overwrites it",
}
SHORT = 120
"""The most characters of a value that stands in a cell of a table."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A part of a sentence. ``foreign`` where it's a name from a file or a workspace, and not our own words."""

    text: str
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of a change that somebody caused."""

    cause: Cause
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class Told:
    """What a report tells of: a plan, and where it was applied what became of it."""

    plan: Plan
    outcomes: tuple[Outcome, ...] | None = None

    @property
    def title(self) -> Sequence[Phrase]:
        start = "Plan for " if self.outcomes is None else "Apply to "
        return [Phrase(start), Phrase(self.plan.workspace.name, foreign=True)]

    @property
    def sentence(self) -> Sequence[Phrase]:
        if self.outcomes is None or not self.plan.pending:
            return sentence(self.plan)
        return applied_sentence(self.plan, self.outcomes)

    @cached_property
    def _by_slug(self) -> dict[str, Outcome]:
        return {outcome.change.slug: outcome for outcome in self.outcomes or ()}

    def outcome(self, change: Change) -> Outcome | None:
        """What became of a change, where something did."""
        return self._by_slug.get(change.slug)

    def versions(self, change: Change) -> str:
        """The live version and the next one; once it was applied, the one that is live as far as that is known."""
        outcome = self.outcome(change)
        if outcome is None or outcome.version is None:
            return version_step(change, self.plan.offline or self.outcomes is not None)
        return str(outcome.version)


def result_name(outcome: Outcome) -> str:
    """The result as people read it."""
    return outcome.result.value.replace("_", " ")


def applied_sentence(plan: Plan, outcomes: Sequence[Outcome]) -> Sequence[Phrase]:
    """What applying the plan came to, in one sentence."""
    where = Phrase(plan.workspace.name, foreign=True)
    if not outcomes:
        return [Phrase("Nothing was written to "), where, Phrase(f": {many(len(plan.pending), 'change')} not applied.")]
    counts = [(result, sum(outcome.result is result for outcome in outcomes)) for result in Result]
    applied = sum(number for result, number in counts if result is Result.APPLIED)
    others = [f"{number} {result.value.replace('_', ' ')}" for result, number in counts if number][applied > 0 :]
    rest = f"; {', '.join(others)}" if others else ""
    return [Phrase(f"Applied {applied} of {many(len(plan.pending), 'change')} to "), where, Phrase(f"{rest}.")]


def sentence(plan: Plan) -> Sequence[Phrase]:
    """What applying the plan does, in one sentence."""
    where, counts = Phrase(plan.workspace.name, foreign=True), list(_counts(plan))
    since: list[Phrase] = []
    if plan.offline:
        since = [Phrase(" since commit "), Phrase(str(plan.base)[:12], foreign=True), Phrase(", as far as files tell")]
    same, hidden = plan.count(Action.NO_OP) - plan.unreadable, f", {plan.unreadable} unreadable" * bool(plan.unreadable)
    if not counts:
        start = "The files change nothing in " if plan.offline else "Nothing would change in "
        return [Phrase(start), where, *since, Phrase(f": {many(same, 'preset')} as declared{hidden}.")]
    drifted = sum(has_drift(change) for change in plan.pending)
    end = f"; {same} {'stays' if same == 1 else 'stay'} as {'it is' if same == 1 else 'they are'}" if same else ""
    end += hidden
    end += f", and drift in {many(drifted, 'preset')} is overwritten" if drifted else ""
    return [Phrase(f"Applying this {_listed(counts)} in "), where, *since, Phrase(f"{end}.")]


def _counts(plan: Plan) -> Iterator[str]:
    for action, verb in _VERBS.items():
        if plan.count(action):
            yield f"{verb} {many(plan.count(action), 'preset')}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def shown_changes(plan: Plan) -> tuple[Change, ...]:
    """The changes that there is something to say about."""
    return tuple(c for c in plan.changes if c.writes or c.warnings or c.already_live)


def action_name(change: Change) -> str:
    """The action as people read it."""
    return "unchanged" if change.action is Action.NO_OP else change.action.value


def has_drift(change: Change) -> bool:
    """Whether applying overwrites what somebody changed in the workspace."""
    return any(field.cause in {Cause.DRIFT, Cause.BOTH} for field in change.fields)


def groups(change: Change) -> Sequence[Group]:
    """The fields by who changed them, what the files declare first. Without a base all count as declared."""
    found = (
        Group(cause, tuple(f for f in change.fields if (f.cause or Cause.DECLARED) is cause))
        for cause in (Cause.DECLARED, Cause.BOTH, Cause.DRIFT)
    )
    return [group for group in found if group.fields]


def is_titled(found: Sequence[Group]) -> bool:
    """Whether it must be said who caused which fields: not where all are simply declared."""
    return any(group.cause is not Cause.DECLARED for group in found)


def is_short(field: FieldChange) -> bool:
    """Whether both values fit into a cell. A prompt never does: it's read as a text."""
    return field.path != ("system_prompt",) and all(map(_fits_cell, (field.before, field.after)))


def _fits_cell(value: Json | Absent) -> bool:
    if isinstance(value, str) and len(value) > SHORT:
        return False
    return len(value_text(value, SHORT + 1)) <= SHORT


def long_text(value: Json | Absent) -> str | None:
    """A value as lines: a text as it is, anything else as indented JSON; None where there is none."""
    if value is ABSENT:
        return None
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def kind_of_change(field: FieldChange) -> str:
    """Whether a field is new, removed or changed."""
    if field.before is ABSENT:
        return "new"
    return "removed" if field.after is ABSENT else "changed"
