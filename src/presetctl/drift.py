"""Drift: what a workspace holds against what a commit declares. A pure function of states, like planning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from presetctl.diff import field_changes
from presetctl.domain.change import Cause, FieldChange
from presetctl.domain.history import Commit
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualState, BaseState, Status, Version
from presetctl.persistence import held_content, kept


@dataclass(frozen=True, slots=True)
class Drift:
    """One preset that isn't as declared. ``fields`` lead from declared to live; ``live`` is None where it's missing."""

    slug: str
    kind: str
    file: str
    live: Version | None
    fields: tuple[FieldChange, ...]
    archived: bool = False
    """Whether the workspace lists it as archived."""
    history: tuple[Version, ...] = ()
    """Every version that the workspace has of it, oldest first."""
    since: int = 0
    """How many of them there were when it was last as declared; 0 where it never was."""
    unkept: bool = False
    """Whether it lacks only what the workspace was shown not to keep."""
    commit: Commit | None = None
    """The commit that what is live comes from, where the declared content was not applied after it."""
    unreadable: bool = False
    """Whether it's there and the workspace doesn't tell its content, so that nobody knows whether it drifted."""
    unmarked: bool = False
    """Whether it's there without the mark of what files manage: it was never applied."""

    @property
    def versions(self) -> tuple[Version, ...]:
        """Those made after the last one that was as declared, newest last; all where none ever was."""
        return self.history[self.since :]

    @property
    def pending(self) -> bool:
        """Whether it was only never applied: what is live is another commit's, or there is no trace of it at all."""
        if self.commit is not None or self.unmarked:
            return True
        return self.live is None and not self.archived and not self.history and not self.unreadable


@dataclass(frozen=True, slots=True)
class DriftReport:
    """All that isn't as declared in one workspace. ``limits`` say why commits may not be known."""

    workspace: str
    commit: str
    presets: int
    """How many are declared."""
    found: tuple[Drift, ...]
    limits: tuple[str, ...] = ()

    @property
    def drifted(self) -> tuple[Drift, ...]:
        """What somebody changed in the workspace."""
        return tuple(it for it in self.found if not it.pending and not it.unkept and not it.unreadable)

    @property
    def pending(self) -> tuple[Drift, ...]:
        """What was not applied yet."""
        return tuple(drift for drift in self.found if drift.pending and not drift.unkept)

    @property
    def unreadable(self) -> tuple[Drift, ...]:
        """What nobody can say anything of, since its content can't be read."""
        return tuple(drift for drift in self.found if drift.unreadable)

    @property
    def unkept(self) -> tuple[Drift, ...]:
        """What is live as declared, less fields that the workspace was shown not to keep."""
        return tuple(drift for drift in self.found if drift.unkept)


@dataclass(frozen=True)
class Comparer:
    """Compares presets with versions in one workspace."""

    kinds: Mapping[str, Kind]
    not_kept: Sequence[str] = ()

    def drifts(self, base: BaseState, actual: ActualState) -> Iterator[Drift]:
        """Every preset declared at ``base`` that the workspace holds otherwise, by slug."""
        for slug, preset in sorted(base.presets.items()):
            held = actual.presets.get(slug)
            live = held.version if held is not None else None
            fields = self._fields(preset, live)
            row = actual.listed.get(slug)
            if fields:
                status = None if row is None else row.status
                unmarked = held is not None and not held.managed
                yield Drift(
                    slug, preset.kind, preset.source.file, live, fields,
                    archived=status is Status.ARCHIVED, unreadable=status is Status.UNREADABLE, unmarked=unmarked,
                )  # fmt: skip

    def with_versions(self, drift: Drift, preset: Preset, versions: Sequence[Version]) -> Drift:
        """Adds every version, and since which of them the preset is not as declared any more."""
        matching = [number for number, version in enumerate(versions, 1) if not self._fields(preset, version)]
        return replace(drift, history=tuple(versions), since=max(matching, default=0))

    def _fields(self, preset: Preset, version: Version | None) -> tuple[FieldChange, ...]:
        kind = self.kinds[preset.kind]
        held = Content(None, {}) if version is None else held_content(version.content, self.not_kept)
        # From stored to declared, since it's the stored side that may have what servers add; then turned round.
        fields = field_changes(held, kept(kind, preset.content, self.not_kept), kind)
        return tuple(FieldChange(f.path, f.after, f.before, Cause.DRIFT) for f in fields)
