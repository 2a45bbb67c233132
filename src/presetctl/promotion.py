"""What a promotion does: the fields in which two workspaces differ, which of them go along, and the override it takes.

A field that the target's own override names is meant to differ: it stays, unless it's named. Everything else in which
the target differs from the source goes into the target's override, so that no other workspace changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from presetctl.diff import field_changes, is_literal, value_at, without_inert
from presetctl.domain.change import ABSENT, Absent, FieldChange
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content
from presetctl.domain.values import Json, JsonObject, Path, canonical_json, show_path
from presetctl.persistence import requested_path

PROMPT: Path = ("system_prompt",)
PROMPT_KEYS = ("system_prompt", "system_prompt_file")


class Verdict(StrEnum):
    """What becomes of a field in which the target differs from the source."""

    PROMOTED = "promoted"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, as the files name it, in which the target differs from the source.

    ``changes`` lead from what the target has to what the source has. ``named_in`` says which of the two workspaces'
    overrides name the field.
    """

    path: Path
    verdict: Verdict
    changes: tuple[FieldChange, ...]
    named_in: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as people write it."""
        return show_path(self.path)


@dataclass(frozen=True, slots=True)
class Promotion:
    """One preset: where the two workspaces differ, and the files that promote it, before and after.

    ``refused`` says why the files can't be edited; then ``files`` is empty. ``notes`` are what else to know.
    """

    slug: str
    kind: str
    file: str
    differences: tuple[Difference, ...]
    files: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict, hash=False)
    notes: tuple[str, ...] = ()
    refused: str | None = None

    def having(self, verdict: Verdict) -> tuple[Difference, ...]:
        """The differences of one verdict."""
        return tuple(difference for difference in self.differences if difference.verdict is verdict)


@dataclass(frozen=True, slots=True)
class Promotions:
    """All presets that were looked at, by slug; ``missing`` are those that the source doesn't serve."""

    source: str
    target: str
    live: bool
    presets: tuple[Promotion, ...]
    missing: tuple[str, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """Fields of one verdict, of all presets; those of a refused preset are not promoted."""
        counted = (it for it in self.presets if it.refused is None or verdict is Verdict.KEPT)
        return sum(len(promotion.having(verdict)) for promotion in counted)

    @property
    def files(self) -> dict[str, tuple[bytes, bytes]]:
        """Every file to write, by path: before (empty where it is new) and after."""
        return {path: data for promotion in self.presets for path, data in promotion.files.items()}

    @property
    def refused(self) -> tuple[Promotion, ...]:
        return tuple(promotion for promotion in self.presets if promotion.refused is not None)


@dataclass(frozen=True)
class Overrides:
    """The overrides of a preset file for the two workspaces, each empty where there is none."""

    source: tuple[str, JsonObject]
    target: tuple[str, JsonObject]

    @property
    def own(self) -> JsonObject:
        """What the target overrides."""
        return self.target[1]

    def naming(self, path: Path) -> tuple[str, ...]:
        """The workspaces whose override names the field, or something in it, or what it is in."""
        return tuple(name for name, override in (self.target, self.source) if names(override, path) is not None)


def names(override: JsonObject, path: Path) -> Path | None:
    """Where an override names the field at ``path``: there, or above where what stands there is no mapping."""
    if path == PROMPT:
        return path if any(key in override for key in PROMPT_KEYS) else None
    found: Json = override
    for length, step in enumerate(path, 1):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[str(step)]
        if not isinstance(found, Mapping):
            return path[:length] if path[:length] != ("config",) else None  # `config: null` says nothing
    return path if found else None


def differences(
    source: Content, target: Content, kind: Kind, overrides: Overrides, include: Collection[str] = ()
) -> tuple[Difference, ...]:
    """Every field in which ``target`` differs from ``source``, sorted as changes are.

    Both are persisted contents. ``source`` may have what servers add by themselves: it means nothing. ``include``
    names fields that the target's override names, or what they are in, and that are promoted nevertheless.
    """
    grouped: dict[Path, list[FieldChange]] = {}
    for change in _single_fields(field_changes(source, target, kind), kind):
        grouped.setdefault(_unit(change.path, overrides.own), []).append(change)
    return tuple(
        Difference(path, _verdict(path, overrides.own, include), tuple(changes), overrides.naming(path))
        for path, changes in grouped.items()
    )


def _single_fields(changes: Sequence[FieldChange], kind: Kind) -> Iterator[FieldChange]:
    """The changes turned around, from target to source; a mapping that only one side has falls into its fields."""
    for change in changes:
        path = requested_path(kind, change.path)
        held, mine = change.before, change.after
        if is_literal(change.path[1:], kind):
            yield FieldChange(path, mine, held)
        elif isinstance(held, Mapping) and mine is ABSENT:
            held = without_inert(held, kind, change.path[1:])
            yield from (FieldChange(at, ABSENT, value) for at, value in _leaves(held, path, kind))
        elif isinstance(mine, Mapping) and held is ABSENT:
            yield from (FieldChange(at, value, ABSENT) for at, value in _leaves(mine, path, kind))
        else:
            yield FieldChange(path, mine, held)


def _leaves(value: Json, path: Path, kind: Kind) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, Mapping) and path[1:] not in kind.opaque:
        for key in sorted(value):
            yield from _leaves(value[key], (*path, key), kind)
    elif value not in (None, []):
        yield path, value


def _unit(path: Path, override: JsonObject) -> Path:
    """What is promoted or kept as one: a list is, and so is all in it, and what an override replaces whole."""
    whole = path[: next((at for at, step in enumerate(path) if isinstance(step, int)), len(path))]
    return names(override, whole) or whole


def _verdict(path: Path, override: JsonObject, include: Collection[str]) -> Verdict:
    if names(override, path) is None:
        return Verdict.PROMOTED
    above = {show_path(path[:length]) for length in range(1, len(path) + 1)} - {"config"}
    return Verdict.KEPT if above.isdisjoint(include) else Verdict.PROMOTED


def promoted_override(
    override: JsonObject,
    source: Content,
    below: JsonObject,
    found: Sequence[Difference],
    prompt: JsonObject,
    kind: Kind,
) -> dict[str, Json]:
    """The target's override after the promotion of what is promoted of ``found``.

    ``source`` is the source's content and ``below`` what lies under the override, both as the files name the fields:
    a field that is the same below is named no longer. ``prompt`` are the keys that say the source's prompt.
    """
    result = _copied(override)
    for difference in found:
        if difference.verdict is Verdict.KEPT:
            continue
        if difference.path == PROMPT:
            result = {key: value for key, value in result.items() if key not in PROMPT_KEYS} | dict(prompt)
        else:
            wanted = _wanted(difference, source, kind)
            _put(result, difference.path, patch(value_at(below, difference.path), wanted))
    return result


def _wanted(difference: Difference, source: Content, kind: Kind) -> Json | Absent:
    """What the source has at a field, without what servers add inside it."""
    first = difference.changes[0]
    value = first.after if first.path == difference.path else value_at(source.as_json(), difference.path)
    if isinstance(value, Mapping) and difference.path[1:] not in kind.opaque:
        return without_inert(value, kind, difference.path[1:])
    return value


def patch(below: Json | Absent, wanted: Json | Absent) -> Json | Absent:
    """The JSON Merge Patch (RFC 7396) that turns ``below`` into ``wanted``; ABSENT where none is needed."""
    if wanted is ABSENT or wanted is None:
        return ABSENT if below is ABSENT or below is None else None
    if isinstance(below, Mapping) and isinstance(wanted, Mapping):
        steps = {key: patch(below.get(key, ABSENT), wanted.get(key, ABSENT)) for key in {**below, **wanted}}
        needed = {key: step for key, step in steps.items() if step is not ABSENT}
        return needed or ABSENT
    if below is not ABSENT and canonical_json(below) == canonical_json(wanted):
        return ABSENT
    return wanted


def idle(include: Collection[str], found: Promotions) -> tuple[str, ...]:
    """Which of the fields to include nothing is promoted for."""
    promoted = [it.path for promotion in found.presets for it in promotion.having(Verdict.PROMOTED)]
    above = {show_path(path[:length]) for path in promoted for length in range(1, len(path) + 1)} - {"config"}
    return tuple(name for name in include if name not in above)


def _copied(value: JsonObject) -> dict[str, Json]:
    return {key: _copied(item) if isinstance(item, Mapping) else item for key, item in value.items()}


def _put(holder: dict[str, Json], path: Path, value: Json | Absent) -> None:
    """Puts a value at a path, or takes away what is there, with the mappings that this leaves empty."""
    first, *rest = (str(step) for step in path)
    if not rest:
        if value is ABSENT:
            holder.pop(first, None)
        else:
            holder[first] = value
    else:
        inner = holder.get(first)
        below = inner if isinstance(inner, dict) else {}
        _put(below, tuple(rest), value)
        holder[first] = below
        if not below:
            del holder[first]
