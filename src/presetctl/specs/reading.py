"""Bytes of a spec, an overlay or a table ↔ plain JSON values. JSON or YAML, whichever the content is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

import yaml

from presetctl.domain.errors import InputError

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema as it stands in a document or as it is derived. Nobody changes one that was handed over."""

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 100

_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2: ``no`` is a word and ``2026-08-22`` is text, not a date."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


def _plain_int(_: _Loader, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _plain_float(_: _Loader, node: yaml.ScalarNode) -> float:
    return float(node.value)


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]{1,19}\Z"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z"),
    list("-+.0123456789"),
)
_Loader.add_constructor("tag:yaml.org,2002:int", _plain_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _plain_float)


def read_mapping(data: bytes, name: str) -> dict[str, Any]:
    """Reads one JSON or YAML document whose top level is a mapping. ``name`` is what messages call it.

    Only JSON values come out; keys that are numbers (``200:`` in responses) become text. InputError for anything
    else: too large, not UTF-8, deeper than 100 levels, anchors and aliases, other top levels.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text: byte {error.start}") from error
    parse: Callable[[str, str], Any] = _parse_json if text.lstrip()[:1] == "{" else _parse_yaml
    value = _json_only(parse(text, name), name)
    if not isinstance(value, dict):
        raise InputError(f"{name} is not a mapping", hint="expected a JSON object or a YAML mapping at the top")
    return value


def _parse_json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not valid JSON: {error}") from error


def _parse_yaml(text: str, name: str) -> Any:
    try:
        _check_events(text, name)
        return yaml.load(text, _Loader)  # noqa: S506 - a CSafeLoader with fewer resolvers
    except yaml.YAMLError as error:
        raise InputError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from error


def _check_events(text: str, name: str) -> None:
    """Refuses deep nesting: libyaml's composer recurses without a limit, and 50,000 brackets end the process."""
    depth = 0
    event: Any  # typed for PyYAML's pure parser, where an event may lack its mark
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError(f"{name} has an anchor or alias in line {event.start_mark.line + 1}; write values out")
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > MAX_DEPTH:
            raise InputError(f"{name} is nested deeper than {MAX_DEPTH} levels in line {event.start_mark.line + 1}")


def _json_only(value: Any, name: str, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise InputError(f"{name} is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {_key(key, name): _json_only(item, name, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_only(item, name, depth + 1) for item in value]
    if isinstance(value, float) and value - value != 0:
        raise InputError(f"{name} holds a number that JSON doesn't have: {value}")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise InputError(f"{name} holds a value that JSON doesn't have: {type(value).__name__}")


def _key(key: Any, name: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise InputError(f"{name} has a key that is not text: {key!r}")


def dump_json(value: Any) -> bytes:
    """The bytes of a generated file: two spaces of indent, keys in the order given, a newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
