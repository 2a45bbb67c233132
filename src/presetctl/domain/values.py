"""JSON values, paths into them, and the digest that decides whether two of them are equal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value. Read-only to type checkers, so that a value handed on can't be changed behind one's back."""

JsonObject: TypeAlias = Mapping[str, Json]
Path: TypeAlias = tuple[str | int, ...]
"""The way from a document's root to a value: keys and list indices."""

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_STEP = re.compile(rf'\.?({_PLAIN_KEY.pattern})|\[([0-9]{{1,9}})\]|\[("(?:[^"\\]|\\.)*+")\]', re.ASCII | re.DOTALL)


def show_path(path: Path) -> str:
    """Writes a path as people write it: ``config.tools[0].function``; odd keys go into ``["…"]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def read_path(text: str) -> Path:
    """The path that ``show_path`` writes as ``text``. ValueError where there is none."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError("not a path")
        plain, index, odd = step.groups()
        path.append(plain if plain is not None else int(index) if index is not None else json.loads(odd))
        position = step.end()
    if show_path(tuple(path)) != text:
        raise ValueError("not a path as they are written")
    return tuple(path)


def canonical(value: Json) -> Json:
    """Gives ``value`` with numbers in one spelling: 1.0 and 1 are the same number, true and 1 are not."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [canonical(item) for item in value]
    return value


def canonical_json(value: Json) -> bytes:
    """The one byte form of a value: sorted keys, no spaces, numbers by value. Infinities are a ValueError."""
    try:
        text = _encode(value)
    except TypeError:  # a mapping or a list of another type than JSON is read into
        text = _encode(canonical(value))
    if ".0" in text or "e+" in text:  # how a float that is a whole number is written, if nothing else is
        text = _encode(canonical(value))
    return text.encode("ascii")


def digest(value: Json) -> str:
    """``sha256:`` and the hex digest of the canonical form; equal exactly when the values are equal."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()
