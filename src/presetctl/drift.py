"""Drift: what a workspace holds against what a commit declares. A pure function of states, like planning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from presetctl.diff import field_changes
from presetctl.domain.change import Cause, FieldChange
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualState, BaseState, Version
from presetctl.persistence import held_content, kept


@dataclass(frozen=True, slots=True)
class Drift:
    """One preset that isn't as declared. ``fields`` lead from declared to live; ``live`` is None where it's missing.

    ``versions`` are those made after the last one that was as declared, newest last; all where none ever was.
    """

    slug: str
    kind: str
    file: str
    live: Version | None
    fields: tuple[FieldChange, ...]
    versions: tuple[Version, ...] = ()


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
            if fields:
                yield Drift(slug, preset.kind, preset.source.file, live, fields)

    def with_versions(self, drift: Drift, preset: Preset, versions: Sequence[Version]) -> Drift:
        """Adds the versions that somebody made since the preset was last as declared."""
        matching = [number for number, version in enumerate(versions) if not self._fields(preset, version)]
        return replace(drift, versions=tuple(versions[matching[-1] + 1 if matching else 0 :]))

    def _fields(self, preset: Preset, version: Version | None) -> tuple[FieldChange, ...]:
        kind = self.kinds[preset.kind]
        held = Content(None, {}) if version is None else held_content(version.content, self.not_kept)
        # From stored to declared, since it's the stored side that may have what servers add; then turned round.
        fields = field_changes(held, kept(kind, preset.content, self.not_kept), kind)
        return tuple(FieldChange(f.path, f.after, f.before, Cause.DRIFT) for f in fields)
