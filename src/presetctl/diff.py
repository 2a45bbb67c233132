"""Before and after → field changes. Equality is decided by digest; deepdiff only says what is different in lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from presetctl.domain.change import ABSENT, Absent, Cause, FieldChange
from presetctl.domain.values import Json, JsonObject, Path, canonical, canonical_json

if TYPE_CHECKING:
    from presetctl.domain.kind import Kind
    from presetctl.domain.preset import Content


def field_changes(
    before: Content | None, after: Content, kind: Kind, *, mutual: bool = False
) -> tuple[FieldChange, ...]:
    """The fields in which ``after`` differs from ``before``, sorted by path; empty exactly when nothing does.

    What means nothing is no difference: the order of keys, 1 against 1.0, a null or empty list or known default that
    only one side has. Lists are compared in order; a list of plain values changes as a whole. ``before`` is what a
    workspace holds: a known default that only ``after`` has is a change. With ``mutual`` neither side is: then it's
    none, what only the dashboard sets counts like everything else, and both directions find the same.
    """
    if before is not None and before.digest == after.digest:
        return ()
    old, new = _settled(before.config if before else {}, after.config, kind, (), mutual)
    changes = list(_config_changes(old, new))
    old_prompt, new_prompt = (before.system_prompt if before else None) or None, after.system_prompt or None
    if old_prompt != new_prompt:
        changes.append(FieldChange(("system_prompt",), _present(old_prompt), _present(new_prompt)))
    return tuple(changes)


def cause_of(path: Path, base: Content | None, actual: Content | None, desired: Content, kind: Kind) -> Cause:
    """Who made the difference at ``path``, where ``actual`` and ``desired`` differ: the files since base, or others."""
    at_base, at_actual, at_desired = (
        ABSENT if content is None else value_at(content.as_json(), path) for content in (base, actual, desired)
    )
    if _means_same(at_base, at_desired, kind, path):
        return Cause.DRIFT
    return Cause.DECLARED if _means_same(at_actual, at_base, kind, path) else Cause.BOTH


def _means_same(held: Json | Absent, declared: Json | Absent, kind: Kind, path: Path) -> bool:
    """Whether two values of one field are as good as equal; the first may have what servers add by themselves."""
    if path == ("system_prompt",):
        return (held or None) == (declared or None) or {held, declared} <= {ABSENT, None, ""}
    inside = path[1:]
    old, new = ({} if value is ABSENT else {str(path[-1]): value} for value in (held, declared))
    if is_literal(inside[:-1], kind) or isinstance(path[-1], int):
        left, right = old, new
    else:
        left, right = _settled(old, new, kind, inside[:-1])
    return canonical_json(left) == canonical_json(right)


def without_inert(config: JsonObject, kind: Kind, path: Path = ()) -> dict[str, Json]:
    """What to declare of a stored config: all but what servers add by themselves and what only the dashboard sets.

    ``path`` is where it stands in a config.
    """
    if is_literal(path, kind):
        return dict(config)
    result: dict[str, Json] = {}
    for key, value in config.items():
        at = (*path, key)
        if _inert(value, kind, at) or (not path and key in kind.dashboard_only) or _poisons(value, kind, at):
            continue
        result[key] = without_inert(value, kind, at) if isinstance(value, Mapping) else value
    return result


def is_literal(path: Path, kind: Kind) -> bool:
    """Whether what stands below a path of a config is taken as it is: a list's items, and what opaque values hold."""
    return any(isinstance(step, int) or path[:length] in kind.opaque for length, step in enumerate(path, 1))


def wiped(before: Content | None, kind: Kind) -> tuple[str, ...]:
    """Stored fields that only the dashboard can set, and that any write of this preset would remove."""
    return tuple(sorted(kind.dashboard_only & (before.config.keys() if before else set())))


def holds_nothing(value: Json | Absent, kind: Kind, path: Path) -> bool:
    """Whether what is stored at a path from the content's root says nothing: it's missing, or a server added it."""
    return value is ABSENT or (path[0] == "config" and _inert(value, kind, path[1:]))


def _present(prompt: str | None) -> Json | Absent:
    return ABSENT if prompt is None else prompt


def _settled(
    old: JsonObject, new: JsonObject, kind: Kind, path: Path, mutual: bool = False
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Both sides without the members that mean nothing where the other side lacks them."""
    left: dict[str, Json] = {}
    right: dict[str, Json] = {}
    means_nothing = _inert if mutual else _empty
    for key in old.keys() | new.keys():
        at = (*path, key)
        was, wanted = old.get(key), new.get(key)
        others = not mutual and not path and (key in kind.dashboard_only or key in kind.left_alone)
        if key not in new and (others or _inert(was, kind, at)):
            continue
        if key not in old and means_nothing(wanted, kind, at):
            continue
        if key in old and key in new and _inert(was, kind, at) and means_nothing(wanted, kind, at):
            continue
        if isinstance(was, Mapping) and isinstance(wanted, Mapping) and at not in kind.opaque:
            left[key], right[key] = _settled(was, wanted, kind, at, mutual)
            continue
        if key in old:
            left[key] = was
        if key in new:
            right[key] = wanted
    return left, right


def _empty(value: Json, kind: Kind, at: Path) -> bool:
    """Whether a declared value says no more than its absence would."""
    if at in kind.opaque:
        return value is None
    if isinstance(value, Mapping):
        return all(_empty(item, kind, (*at, key)) for key, item in value.items())
    return value is None or (isinstance(value, Sequence) and not isinstance(value, str) and not value)


def _inert(value: Json, kind: Kind, at: Path) -> bool:
    """Whether a stored value that nobody declared is one that servers add by themselves."""
    if _poisons(value, kind, at):
        return False
    if at in kind.defaults and canonical(value) == canonical(kind.defaults[at]):
        return isinstance(value, bool) is isinstance(kind.defaults[at], bool)
    if isinstance(value, Mapping) and at not in kind.opaque:
        return all(_inert(item, kind, (*at, key)) for key, item in value.items())
    return _empty(value, kind, at)


def _poisons(value: Json, kind: Kind, at: Path) -> bool:
    """Whether a stored null makes its preset unusable: it's to go, and no file can say it."""
    return value is None and len(at) == 1 and at[0] in kind.not_null


def _config_changes(old: JsonObject, new: JsonObject) -> Iterator[FieldChange]:
    # At one place of a path stand names alone or numbers alone: both sides are mappings there, or both are lists.
    for path in sorted(_differing_paths(old, new)):
        yield FieldChange(("config", *path), value_at(old, path), value_at(new, path))


def _differing_paths(old: JsonObject, new: JsonObject, at: Path = ()) -> Iterator[Path]:
    """Where two mappings differ. Only lists with mappings or lists in them are left to deepdiff."""
    for key in old.keys() | new.keys():
        left, right, path = old.get(key, ABSENT), new.get(key, ABSENT), (*at, key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from _differing_paths(left, right, path)
        elif left is ABSENT or right is ABSENT:
            yield path
        elif canonical_json(left) != canonical_json(right):
            if _is_list(left) and _is_list(right) and not (_is_plain_list(left) and _is_plain_list(right)):
                yield from ((*path, *rest) for rest in _differing_inside(left, right) or {()})
            else:
                yield path


def _differing_inside(old: Json, new: Json) -> set[Path]:
    """Where two lists differ, by the paths inside them."""
    from deepdiff import DeepDiff  # takes longer to import than everything else together

    tree: Mapping[str, Any] = DeepDiff(
        canonical(old),
        canonical(new),
        view="tree",
        threshold_to_diff_deeper=0,
        zip_ordered_iterables=True,
        ignore_private_variables=False,
    )
    paths = (tuple(level.path(output_format="list")) for levels in tree.values() for level in levels)
    return {_whole_list(path, old, new) for path in paths}


def _is_list(value: Json | Absent) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _whole_list(path: Path, old: Json, new: Json) -> Path:
    """Cuts a path at the first list that holds plain values on both sides: such a list is one value to people."""
    for length in range(1, len(path)):
        values = [
            value for value in (value_at(old, path[:length]), value_at(new, path[:length])) if value is not ABSENT
        ]
        if all(_is_plain_list(value) for value in values):
            return path[:length]
    return path


def _is_plain_list(value: Json | Absent) -> bool:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return not any(isinstance(item, Mapping) or _is_list(item) for item in value)


def value_at(value: Json, path: Path) -> Json | Absent:
    """What stands at a path of a value; ABSENT where nothing does."""
    found: Json = value
    for step in path:
        match found:
            case Mapping() if isinstance(step, str) and step in found:
                found = found[step]
            case Sequence() if isinstance(step, int) and not isinstance(found, str) and step < len(found):
                found = found[step]
            case _:
                return ABSENT
    return found
