"""Two states side by side, wherever each comes from: files, commits, versions, workspaces. A pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from presetctl.diff import field_changes
from presetctl.domain.change import FieldChange
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content
from presetctl.persistence import held_content, kept


class Origin(StrEnum):
    """Where one side of a comparison comes from."""

    FILES = "files"
    COMMIT = "commit"
    LIVE = "live"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Place:
    """One side of a comparison: ``workspace`` is the one that holds it, or that files were rendered for."""

    origin: Origin
    workspace: str
    commit: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A preset on one side: as the files of a ``kind`` declare it, or with ``kind`` None as a workspace stores it."""

    content: Content
    kind: Kind | None = None
    version: int | None = None
    not_kept: tuple[str, ...] = ()
    """Config fields that the workspace which stores it is known not to keep."""


class Likeness(StrEnum):
    """How the two sides of one preset stand to each other."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_FROM = "only_from"
    ONLY_TO = "only_to"


@dataclass(frozen=True, slots=True)
class Compared:
    """One preset on both sides, under its slug on each; ``before`` or ``after`` is None where a side lacks it."""

    slug: str
    other_slug: str
    before: Held | None
    after: Held | None
    likeness: Likeness
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All compared presets, by slug."""

    before: Place
    after: Place
    presets: tuple[Compared, ...]

    @property
    def differs(self) -> bool:
        return any(preset.likeness is not Likeness.SAME for preset in self.presets)

    @property
    def summary(self) -> Mapping[Likeness, int]:
        """How many presets there are of each likeness."""
        return {likeness: sum(it.likeness is likeness for it in self.presets) for likeness in Likeness}


def compare(
    before: Mapping[str, Held],
    after: Mapping[str, Held],
    pairs: Iterable[tuple[str, str]],
    kind_of: Callable[[str], Kind],
) -> tuple[Compared, ...]:
    """Compares each pair of slugs, the first looked up in ``before`` and the second in ``after``; one side may lack it.

    ``kind_of`` gives the kind of a slug where both sides are stored, so that neither says in which it was written.
    """
    return tuple(_compared(one, other, before.get(one), after.get(other), kind_of) for one, other in sorted(pairs))


def _compared(
    slug: str, other_slug: str, before: Held | None, after: Held | None, kind_of: Callable[[str], Kind]
) -> Compared:
    if before is None or after is None:
        likeness = Likeness.ONLY_TO if before is None else Likeness.ONLY_FROM
        return Compared(slug, other_slug, before, after, likeness)
    fields = _fields(before, after, lambda: kind_of(slug))
    return Compared(slug, other_slug, before, after, Likeness.DIFFERENT if fields else Likeness.SAME, fields)


def _fields(before: Held, after: Held, fallback: Callable[[], Kind]) -> tuple[FieldChange, ...]:
    match before.kind, after.kind:
        case None, None:
            return field_changes(before.content, after.content, fallback(), mutual=True)
        case None, Kind() as kind:
            return _to_declared(before, after.content, kind)
        case Kind() as kind, None:
            turned = _to_declared(after, before.content, kind)
            return tuple(FieldChange(field.path, field.after, field.before) for field in turned)
        case Kind() as one, Kind() as other:
            contents = kept(one, before.content), kept(other, after.content)
            return field_changes(*contents, one if one == other else _both(one, other), mutual=True)
    raise AssertionError("unreachable")


def _to_declared(stored: Held, declared: Content, kind: Kind) -> tuple[FieldChange, ...]:
    """As a plan would: what it takes to get from what is stored to what is declared."""
    return field_changes(held_content(stored.content, stored.not_kept), kept(kind, declared, stored.not_kept), kind)


def _both(one: Kind, other: Kind) -> Kind:
    """What means nothing in either kind, as far as the other doesn't say otherwise."""
    defaults = {
        path: value
        for path, value in {**one.defaults, **other.defaults}.items()
        if one.defaults.get(path, value) == other.defaults.get(path, value)
    }
    return replace(one, defaults=defaults, opaque=one.opaque | other.opaque)
