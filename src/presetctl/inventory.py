"""What a workspace and the files have between them: every preset once, and how it stands. A pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from presetctl.diff import field_changes
from presetctl.domain.change import FieldChange
from presetctl.domain.history import Commit
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Preset
from presetctl.domain.state import ActualState, DesiredState, Status, Version
from presetctl.persistence import held_content, kept


class Standing(StrEnum):
    """How files and workspace stand to each other."""

    IN_SYNC = "in_sync"
    PENDING = "pending"
    """Declared, and not live as declared."""
    DRIFTED = "drifted"
    """Declared, and what is live was declared in no commit: somebody edited it outside git."""
    ORPHANED = "orphaned"
    """Declared in git's history once, and no longer."""
    UNMANAGED = "unmanaged"
    """Not declared; where history was asked, never declared."""
    ARCHIVED = "archived"
    """Archived in the workspace, declared or not."""
    UNREADABLE = "unreadable"
    """Declared, and there, but the workspace doesn't tell its content."""


@dataclass(frozen=True, slots=True)
class Row:
    """One preset. ``status`` is None where the workspace doesn't have it; ``live`` where nothing of it was read."""

    slug: str
    standing: Standing
    status: Status | None = None
    preset: Preset | None = None
    live: Version | None = None
    fields: tuple[FieldChange, ...] = ()
    """Where what is live is not as declared, from live to declared. In sync with some: they can't be kept there."""
    commit: Commit | None = None
    """The commit that the live content comes from, where history was asked and knows."""
    unmarked: bool = False
    """Whether it's there without the mark of what files manage: pending where apply adopts it, else left alone."""


def inventory(
    desired: DesiredState, actual: ActualState, kinds: Mapping[str, Kind], not_kept: Sequence[str] = ()
) -> tuple[Row, ...]:
    """A row for every preset that is declared or listed, by slug."""
    slugs = sorted(desired.keys() | actual.listed.keys())
    return tuple(_row(slug, desired.get(slug), actual, kinds, not_kept) for slug in slugs)


def _row(
    slug: str, preset: Preset | None, actual: ActualState, kinds: Mapping[str, Kind], not_kept: Sequence[str]
) -> Row:
    listed, held = actual.listed.get(slug), actual.presets.get(slug)
    status = None if listed is None else listed.status
    if preset is None or status is Status.ARCHIVED:
        return Row(slug, Standing.ARCHIVED if status is Status.ARCHIVED else Standing.UNMANAGED, status, preset)
    live = None if held is None else held.version
    if held is None or live is None:
        return Row(slug, Standing.UNREADABLE if status is Status.UNREADABLE else Standing.PENDING, status, preset)
    if not held.managed:
        standing = Standing.PENDING if held.id == preset.adopts else Standing.UNMANAGED
        return Row(slug, standing, status, preset, live, unmarked=True)
    kind = kinds[preset.kind]
    fields = field_changes(held_content(live.content, not_kept), kept(kind, preset.content, not_kept), kind)
    standing = Standing.PENDING if fields else Standing.IN_SYNC
    return Row(slug, standing, status, preset, live, tuple(fields))


def counted(rows: Iterable[Row]) -> dict[Standing, int]:
    """How many rows there are of each standing."""
    found = list(rows)
    return {standing: sum(row.standing is standing for row in found) for standing in Standing}
