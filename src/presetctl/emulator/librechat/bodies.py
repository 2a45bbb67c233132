"""Request bodies as Express reads them: what it doesn't know is no body at all."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request

from presetctl.emulator.jsontext import Json
from presetctl.emulator.librechat.numbers import js_number
from presetctl.emulator.librechat.replies import Refused, document, plain

BODY_LIMIT = 3 * 1024 * 1024
_MALFORMED: dict[str, Json] = {
    "error": "Invalid JSON format",
    "message": "The request body contains malformed JSON",
}


def read_body(request: Request) -> dict[str, Json]:
    """The fields of the body: none if it's empty, an array, or of a content type that isn't read.

    Keys that begin with ``$`` or have a dot are gone, at every depth. Refused 400 for what isn't JSON, 500 if too long.
    """
    data = request.get_data()
    if request.mimetype not in ("application/json", "application/x-www-form-urlencoded") or not data:
        return {}
    if len(data) > BODY_LIMIT:
        raise Refused(plain(500, "An unknown error occurred."))
    value = _json(data) if request.mimetype == "application/json" else _form(data)
    return _received(value) if isinstance(value, dict) else {}


def _form(data: bytes) -> dict[str, Any]:
    fields = parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _json(data: bytes) -> Any:
    try:
        value = json.loads(
            data.decode("utf-8", "replace"), parse_float=js_number, parse_int=js_number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise Refused(document(400, _MALFORMED)) from None
    if not isinstance(value, dict | list):  # Express is strict: nothing but objects and arrays
        raise Refused(document(400, _MALFORMED))
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _received(value: Any) -> Any:
    match value:
        case dict():
            return {_text(key): _received(item) for key, item in value.items() if not _is_operator(key)}
        case list():
            return [_received(item) for item in value]
        case str():
            return _text(value)
        case _:
            return value


def _is_operator(key: str) -> bool:
    return key.startswith("$") or "." in key


def _text(value: str) -> str:
    """``value`` without halves of surrogate pairs, which the database can't hold."""
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
