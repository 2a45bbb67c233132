"""States → plan. A pure function: no clock, no file, no network, and nothing in reach that could write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from presetctl.diff import field_changes, wiped
from presetctl.domain.change import Action, Change, Head, Live, Plan, Target
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Preset
from presetctl.domain.state import ActualState, DesiredState, Status, Version
from presetctl.domain.values import Json, digest
from presetctl.persistence import held_content, kept

PendingKey: TypeAlias = tuple[str, str, str | None, str]
"""What a pending change does, from what, to what: kind, action, digest before, digest after."""

FORMAT_VERSION = "1.0"
"""Of the plan as data: the minor number grows with additions, the major one with anything that breaks readers."""


@dataclass(frozen=True)
class SavedPlan:
    """What counts of a plan that was saved: where it goes, its fingerprint, the key of each pending change by slug.

    ``slugs`` are all presets that the plan was about, the unchanged ones too.
    """

    workspace: str
    fingerprint: str
    pending: Mapping[str, PendingKey]
    slugs: tuple[str, ...]


def make_plan(
    workspace: Target,
    head: Head,
    desired: DesiredState,
    actual: ActualState,
    *,
    declared: Collection[str],
    kinds: Mapping[str, Kind],
    not_kept: Sequence[str] = (),
) -> Plan:
    """Compares ``desired`` with ``actual`` and gives every preset's change, by slug.

    ``declared`` holds the slugs of all files, so that a plan for some of them doesn't call the others unmanaged.
    """
    changes = tuple(_change(desired[slug], actual, kinds[desired[slug].kind], not_kept) for slug in sorted(desired))
    unmanaged = tuple(sorted(actual.listed.keys() - set(declared)))
    return Plan(workspace, head, changes, unmanaged, fingerprint(workspace, changes))


def pending_key(change: Change) -> PendingKey:
    """The part of a change that a saved plan must have in common with a new one."""
    return change.kind, change.action.value, change.before.digest if change.before else None, change.after


def fingerprint(workspace: Target, changes: Iterable[Change]) -> str:
    """Digest of what the changes would do to which workspace, and of nothing else: no time, no wording."""
    what: Json = [
        {
            "slug": change.slug,
            "kind": change.kind,
            "action": change.action.value,
            "before": None if change.before is None else [change.before.version_id, change.before.digest],
            "after": change.after,
        }
        for change in changes
        if change.writes
    ]
    place: Json = [workspace.provider, workspace.url, workspace.workspace_id]
    return digest({"format": FORMAT_VERSION, "workspace": place, "changes": what})


def _change(preset: Preset, actual: ActualState, kind: Kind, not_kept: Sequence[str]) -> Change:
    wanted = kept(kind, preset.content, not_kept)
    row = actual.listed.get(preset.slug)
    held = actual.presets.get(preset.slug)
    version = held.version if held is not None else None
    before = None if version is None else held_content(version.content, not_kept)
    fields = field_changes(before, wanted, kind)
    action, warnings = _action(row.status if row is not None else None, bool(fields))
    lost = wiped(before, kind) if action is Action.UPDATE else ()
    return Change(
        slug=preset.slug,
        kind=kind.name,
        action=action,
        source=preset.source,
        before=_live(version),
        after=wanted.digest,
        fields=() if action is Action.NO_OP else fields,
        warnings=(*warnings, *(f"a write removes `{name}`, which only the dashboard can set again" for name in lost)),
        wipes=lost,
    )


def _action(status: Status | None, differs: bool) -> tuple[Action, list[str]]:
    match status:
        case None:
            return Action.CREATE, []
        case Status.ARCHIVED:
            return Action.RESTORE, ["archived in the workspace: it is restored, and written only if it differs"]
        case Status.DISABLED:
            warning = ["disabled in the workspace: it serves no requests until someone enables it in the dashboard"]
            return (Action.UPDATE if differs else Action.NO_OP), warning
        case _:
            return (Action.UPDATE if differs else Action.NO_OP), []


def _live(version: Version | None) -> Live | None:
    return None if version is None else Live(version.number, version.id, version.content.digest)
