"""Orphaned presets: told from unmanaged ones, archived where the workspace says so, and taken for renamed ones.

Only what git's whole history shows to be orphaned in just this workspace is archived. What is not, and why, is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from presetctl.domain.change import Action, Change, Plan
from presetctl.domain.preset import Preset
from presetctl.domain.provider import capabilities
from presetctl.domain.state import ActualPreset, DesiredState, Status
from presetctl.plan import removal, with_orphans, with_removals, with_renames
from presetctl.ports import DeclaredPast, PresetReader

_UNTOUCHED = {
    Status.DISABLED: "it is disabled; enable it in the dashboard, or archive it there",
    Status.UNREADABLE: "its content can't be read, since the server's content filter hides it; delete it there",
}
"""What no plan takes away, whatever becomes of its file: why, and what to do."""


@dataclass(frozen=True)
class Pruned:
    """A plan with its orphaned presets, those that it archives as they were declared last, and what is to be said."""

    plan: Plan
    removed: DesiredState = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pruner:
    """Looks after the presets of one workspace that no file declares any more.

    ``archives`` is whether they are taken away, or only reported; ``selected`` says which ones a plan is about.
    """

    reader: PresetReader
    archives: bool
    selected: Callable[[str], bool]

    def prune(self, made: Plan, desired: DesiredState, past: DeclaredPast) -> Pruned:
        """Tells orphaned presets from unmanaged ones, and plans what becomes of them."""
        if not past.has_history:
            return Pruned(
                made, notes=tuple(f"Nothing is {_removed(made)}: {gap}." for gap in past.gaps if self.archives)
            )
        found = with_orphans(made, past.declares)
        if past.gaps or not self.archives:
            return Pruned(self._with_renames(found, desired, past), notes=self._gaps(past, _removed(made)))
        removed = dict[str, Preset]()
        changes, notes = list[Change](), list[str]()
        for slug, live in self._live([slug for slug in found.orphaned if self.selected(slug)]):
            last = past.last(slug)
            if last is None:
                why = f"no commit declares it for {made.workspace.name} in a way that is valid today"
                notes.append(f"{slug} is orphaned and not {_removed(made)}: {why}.")
            elif live.status in _UNTOUCHED:
                notes.append(f"{slug} is orphaned and not {_removed(made)}: {_UNTOUCHED[live.status]}.")
            else:
                removed[slug] = last.preset
                edited = live.version and not past.may_come_from_files(slug, live.version.content)
                changes.append(removal(last, live.version, is_edited=bool(edited)))
        return Pruned(self._with_renames(with_removals(found, changes), desired, past), removed, tuple(notes))

    def _gaps(self, past: DeclaredPast, removed: str) -> tuple[str, ...]:
        none = f", and none is {removed}" if self.archives else ""
        return tuple(f"Orphaned presets may be taken for unmanaged ones{none}: {gap}." for gap in past.gaps)

    def _live(self, slugs: Sequence[str]) -> Iterator[tuple[str, ActualPreset]]:
        """What is still there; what somebody archived since the list was read is gone, as is wanted."""
        for slug, found in zip(slugs, self.reader.read_presets(slugs), strict=True):
            if found is not None and found.status is not Status.ARCHIVED:
                yield slug, found

    def _with_renames(self, plan: Plan, desired: DesiredState, past: DeclaredPast) -> Plan:
        gone = [*plan.orphaned, *(change.slug for change in plan.removals)]
        new = [desired[change.slug] for change in plan.changes if change.action is Action.CREATE]
        if not gone or not new:
            return plan
        declared = [last.preset for slug in sorted(gone) if (last := past.last(slug)) is not None]
        return with_renames(plan, past.renames(declared, new))


def _removed(plan: Plan) -> str:
    return capabilities(plan.workspace.provider).removed
