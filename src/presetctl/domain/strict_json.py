"""Strict JSON: bytes that mean one value to every reader, or an error."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from presetctl.domain.values import Json

MAX_DEPTH: Final = 128
MAX_INT_DIGITS: Final = 300
"""Below the smallest limit that Python can be given for conversions (640), and below what overflows a float (309)."""

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b"[]{},"))
_SMALL: Final = 256 * 1024
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD]")


class JsonError(ValueError):
    """The bytes are not strict JSON. The message says why and where, and never quotes them: they may be secret."""


def parse_json(data: bytes, *, what: str, max_depth: int = MAX_DEPTH, max_values: int | None = None) -> Json:
    """The value in ``data``; ``what`` is its name in messages (``the reply``).

    JsonError for anything that is not JSON in UTF-8, and for what readers disagree about: a key twice, NaN and
    infinity, numbers beyond a float's range or of more than 300 digits, halves of surrogate pairs, more than
    ``max_depth`` levels, more than ``max_values`` values.
    """
    try:
        _check_size(data, max_depth, max_values)
        value: Json = _DECODER.decode(data.decode("utf-8"))
        if _SURROGATE_ESCAPE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise JsonError(f"{what} is not valid JSON: {_reason(error)}") from None
    return value


def _reason(error: ValueError) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"
        case UnicodeDecodeError():
            return f"not UTF-8 at byte {error.start + 1}"
        case UnicodeEncodeError():
            return "half of a surrogate pair stands alone"
        case _:
            return str(error)


def _check_size(data: bytes, max_depth: int, max_values: int | None) -> None:
    structure = _structure(data)
    if max_values is not None and structure.count(b",") >= max_values:
        raise ValueError(f"more than {max_values} values")
    # json's own parser recurses: its limit depends on the caller's stack, and on the version of Python.
    depth = 0
    for bracket in structure.replace(b",", b""):
        depth += 1 if bracket in b"[{" else -1
        if depth > max_depth:
            raise ValueError(f"nested more than {max_depth} levels deep")


def _structure(data: bytes) -> bytes:
    """The brackets and commas outside of texts, at least up to where it isn't JSON any more."""
    if len(data) <= _SMALL:  # without what is escaped, every second piece between quotes is outside
        return b"".join(data.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2]).translate(None, _NOT_STRUCTURE)
    structure, end = bytearray(), 0
    for text in _STRING.finditer(data):  # not sub(), which holds a piece for each of a million texts
        structure += data[end : text.start()].translate(None, _NOT_STRUCTURE)
        end = text.end()
    return bytes(structure + data[end:].translate(None, _NOT_STRUCTURE))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object has a key twice")
    return result


def _int(text: str) -> int:
    if len(text) > MAX_INT_DIGITS:
        raise ValueError(f"a number has more than {MAX_INT_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and infinity are not numbers of JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_int, parse_float=_float, parse_constant=_refuse_constant
)
