"""Strict JSON: what a request body may be, and the text that is stored and sent."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, TypeAlias

from presetctl.emulator.errors import bad_request

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DEPTH_LIMIT = 100


def parse_object(body: bytes) -> dict[str, Json]:
    """The JSON object in ``body``. ApiError 400 for anything that isn't exactly one, or is nested too deeply."""
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise bad_request(f"Request body is not valid JSON: {_reason(error)}") from None
    if not isinstance(value, dict):
        raise bad_request(f"Invalid input: expected object, received {json_type(value)}")
    _check_nodes(value)
    return value


def dump(value: Json) -> str:
    """``value`` as compact JSON, keys in their order."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def canonical(value: Json) -> str:
    """``value`` as JSON that doesn't depend on key order or on how a number is spelt."""
    return json.dumps(normalized(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def normalized(value: Json) -> Json:
    """``value`` with sorted keys and with whole floats as integers."""
    if isinstance(value, dict):
        return {key: normalized(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [normalized(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def json_type(value: Json) -> str:
    """The name of a value's type as error messages say it."""
    return _TYPE_NAMES[type(value)]


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object has a key twice")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)


def _check_nodes(root: Json) -> None:
    level: list[Json] = [root]
    for _ in range(DEPTH_LIMIT):
        for value in level:
            _check_text(value)
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise bad_request(f"Request body is nested more than {DEPTH_LIMIT} levels deep")


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _check_text(value: Json) -> None:
    # json accepts an escaped half of a surrogate pair, which no UTF-8 text can hold.
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise bad_request("Request body is not valid JSON: half of a surrogate pair") from None
