"""Edits → the value that a file shall have, which remembers where the items of its lists came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, TypeAlias

from presetctl.domain.change import ABSENT, Absent
from presetctl.domain.errors import InputError
from presetctl.domain.values import Json, Path, show_path

_MOST_COMPARISONS: Final = 1_000_000

Step: TypeAlias = tuple[int | None, int | None]
"""An item of the old list and the item of the new one that takes its place; None where there is none."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One value and where it goes; ABSENT removes what is there. The path is one of the file before any edit."""

    path: Path
    value: Json | Absent


class Items(list[Any]):
    """A list in which every item knows its index in the file; None for a new one."""

    origins: list[int | None]


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal in value and type: 1 is not 1.0. The order of keys means nothing."""
    return _spelling(left) == _spelling(right)


def _spelling(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def edited(value: Json, edits: Sequence[Edit], file: str) -> Json:
    """``value`` after all ``edits``. InputError where a path leads through what is neither mapping nor list."""
    holder: dict[str, Any] = {"": _copy(value)}
    for edit in edits:
        _put(holder, edit, file)
    wanted: Json = _settle(holder[""])
    return wanted


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if _is_list(value):
        items = Items(_copy(item) for item in value)
        items.origins = list(range(len(items)))
        return items
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _put(holder: Any, edit: Edit, file: str) -> None:
    step: Any = ""
    for depth, following in enumerate(edit.path):
        inner = _get(holder, step)
        if inner is None or inner is ABSENT:
            if edit.value is ABSENT:
                return
            inner = {} if isinstance(following, str) else []
            _set(holder, step, inner)
        if not (isinstance(inner, dict) if isinstance(following, str) else isinstance(inner, list)):
            _refuse(edit.path[:depth], "a mapping" if isinstance(following, str) else "a list", file)
        if isinstance(following, int) and not 0 <= following <= len(inner):
            _refuse(edit.path[:depth], f"long enough for an item {following}", file)
        holder, step = inner, following
    _set(holder, step, _new(edit.value))


def _get(holder: Any, step: Any) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    return holder[step] if step < len(holder) else None


def _set(holder: Any, step: Any, value: Any) -> None:
    if isinstance(holder, dict) or step < len(holder):
        holder[step] = value
    else:
        holder.append(value)
        if isinstance(holder, Items):
            holder.origins.append(None)


def _new(value: Any) -> Any:
    """A value to be put in, as a copy that later edits can change."""
    if isinstance(value, Mapping):
        return {key: _new(item) for key, item in value.items()}
    return [_new(item) for item in value] if _is_list(value) else value


def _refuse(path: Path, what: str, file: str) -> None:
    hint = "edit the file by hand"
    raise InputError(f"{file}: {show_path(path) or 'the whole'} is not {what}, so nothing can be put there", hint=hint)


def _settle(value: Any) -> Any:
    """``value`` without what is ABSENT. Lists keep their places until here, so that every path means the file's."""
    if value is ABSENT:
        return None  # the whole document was removed
    if isinstance(value, dict):
        return {key: _settle(item) for key, item in value.items() if item is not ABSENT}
    if not isinstance(value, list):
        return value
    kept = [index for index, item in enumerate(value) if item is not ABSENT]
    items = Items(_settle(value[index]) for index in kept)
    if not isinstance(value, Items):
        return list(items)
    items.origins = [value.origins[index] for index in kept]
    return items


def align(old: Sequence[Any], new: Sequence[Any]) -> Iterator[Step]:
    """Which items stay in place, replace another, come (None, j) or go (i, None), in the order of both lists."""
    matches = _by_origin(new) if isinstance(new, Items) else _by_equality(old, new)
    at, to = 0, 0
    for i, j in [*matches, (len(old), len(new))]:
        while at < i or to < j:
            yield (at if at < i else None), (to if to < j else None)
            at, to = min(at + 1, i), min(to + 1, j)
        if i < len(old):
            yield i, j
        at, to = i + 1, j + 1


def _by_origin(new: Items) -> list[tuple[int, int]]:
    return [(origin, index) for index, origin in enumerate(new.origins) if origin is not None]


def _by_equality(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[int, int]]:
    left, right = [_spelling(item) for item in old], [_spelling(item) for item in new]
    if len(left) * len(right) > _MOST_COMPARISONS:
        return [(index, index) for index in range(min(len(left), len(right)))]
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return [(i + step, j + step) for i, j, size in blocks for step in range(size)]
