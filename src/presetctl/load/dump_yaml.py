"""Values → YAML that people like to read, and that every reader reads alike.

A string stays without quotes only if YAML 1.1 and 1.2 agree that it is one, whatever loader comes along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from yaml.resolver import Resolver

from presetctl.domain.errors import InputError
from presetctl.domain.values import Json
from presetctl.load.strict_yaml import MAX_DEPTH, parse
from presetctl.load.yaml_complaints import UNUSUAL
from presetctl.load.yaml_scalars import is_text

_STEP: Final = 2
_LONGEST_KEY: Final = 500  # libyaml and the specification stop looking for the colon after 1,024 characters

_PLAIN_START: Final = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=<~]")
_NEEDS_QUOTES: Final = re.compile(r"[\t\n\r]|: |:$| #|^ | $|^\.\.\.")
_NEEDS_ESCAPES: Final = re.compile(f"{UNUSUAL.pattern}|[\ud800-\udfff]")
_NOT_ASCII: Final = re.compile(r"[^ -~]")
_BLANK_BEFORE_BREAK: Final = re.compile(r"[ \t]\n|[ \t]\Z|\r")
_1_1_BOOLEANS: Final = frozenset("yYnN")
_1_1_RESOLVERS: Final = cast("dict[str, list[tuple[str, re.Pattern[str]]]]", Resolver.yaml_implicit_resolvers)


def dump(value: Json) -> str:
    """``value`` as YAML; ``parse()`` gives it back exactly. InputError where it is beyond what parse() accepts."""
    text = _block(value, 0) if _is_open(value) else _scalar(value, None) + "\n"
    parse(text.encode("utf-8"), "the YAML to be written")  # nothing is written that can't be read
    return text


def dump_in_ascii(value: Json) -> str:
    """``value`` as YAML of ASCII alone, each text in one line and quotes: for what may hide something, or acts on logs.

    ``parse()`` gives it back exactly. InputError where it is beyond what parse() accepts.
    """
    text = _flow(value, "\n") + "\n"
    parse(text.encode("utf-8"), "the YAML to be written")
    return text


def _flow(value: Any, start: str) -> str:
    """A value between brackets; ``start`` is what begins a line of the collection that it stands in."""
    inner = f"{start}{' ' * _STEP}"
    if isinstance(value, str):
        return _in_ascii(value)
    if not _is_open(value):
        return _scalar(value, None)
    if isinstance(value, Mapping):
        entries = (f"{inner}{_in_ascii(key)}: {_flow(item, inner)}" for key, item in value.items())
        return f"{{{','.join(entries)}{start}}}"
    return f"[{','.join(f'{inner}{_flow(item, inner)}' for item in value)}{start}]"


def _in_ascii(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False).replace("#", "\\x23")
    return _NOT_ASCII.sub(lambda found: f"\\U{ord(found[0]):08x}", quoted)


def _block(value: Any, indent: int) -> str:
    """The lines of a collection that isn't empty, ``indent`` columns from the left."""
    if indent >= MAX_DEPTH * _STEP:
        raise InputError(f"a value is nested more than {MAX_DEPTH} levels deep")
    pad = " " * indent
    if isinstance(value, Mapping):
        return "".join(f"{pad}{_key(key, pad)}{_entry(item, indent)}" for key, item in value.items())
    return "".join(f"{pad}-{_item(item, indent)}" for item in value)


def _key(key: str, pad: str) -> str:
    text = _line(key)
    return f"{text}:" if len(text) <= _LONGEST_KEY else f"? {text}\n{pad}:"


def _entry(value: Json, indent: int) -> str:
    """What follows the colon of a key at ``indent``."""
    return f"\n{_block(value, indent + _STEP)}" if _is_open(value) else f" {_scalar(value, indent)}\n"


def _item(value: Json, indent: int) -> str:
    """What follows the dash of a list at ``indent``: a collection starts in the same line."""
    if _is_open(value):
        return " " + _block(value, indent + _STEP)[indent + _STEP :]
    return f" {_scalar(value, indent)}\n"


def _is_open(value: Json) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and bool(value)


def _scalar(value: Any, indent: int | None) -> str:
    """A value without parts; ``indent`` is that of the collection that it stands in, if it stands in one."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case int():
            return str(value)
        case str():
            return _literal(value, indent) or _line(value)
        case _:
            return "{}" if isinstance(value, Mapping) else "[]"


def _float(value: float) -> str:
    text = repr(value)
    if not text.lstrip("-")[0].isdigit():
        return f".{text.lstrip('-')}"  # .inf or .nan, which parse() explains
    # To YAML 1.1, a number with an exponent and without a point is a string.
    return text if "." in text else text.replace("e", ".0e")


def _literal(text: str, indent: int | None) -> str:
    """A text of several lines as a block, or "" if a block would not be exact, or not survive an editor."""
    if "\n" not in text or not text.strip("\n") or _BLANK_BEFORE_BREAK.search(text) or _NEEDS_ESCAPES.search(text):
        return ""
    starts_blank = text[0] in " \t\n"
    if starts_blank and indent is None:  # readers disagree about what an indicator means at the top
        return ""
    pad = " " * ((indent or 0) + _STEP)
    body, end = text.rstrip("\n"), len(text) - len(text.rstrip("\n"))
    lines = [pad + line if line else "" for line in body.split("\n")]
    header = f"|{_STEP if starts_blank else ''}{'-' if end == 0 else '+' if end > 1 else ''}"
    return "\n".join([header, *lines, *[""] * (end - 1)])


def _line(text: str) -> str:
    """A string in one line: plain where that is safe, else in quotes."""
    if _is_plain(text):
        return text
    if ('"' in text or "\\" in text) and "'" not in text and text.isprintable():
        return f"'{text}'"
    return _NEEDS_ESCAPES.sub(_escape, json.dumps(text, ensure_ascii=False))


def _is_plain(text: str) -> bool:
    if not _PLAIN_START.match(text) or _NEEDS_QUOTES.search(text) or _NEEDS_ESCAPES.search(text):
        return False
    return is_text(text) and not _is_special_in_1_1(text)


def _is_special_in_1_1(text: str) -> bool:
    return text in _1_1_BOOLEANS or any(pattern.match(text) for _, pattern in _1_1_RESOLVERS.get(text[0], []))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
