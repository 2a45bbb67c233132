"""Bytes of a spec, an overlay or a table ↔ plain JSON values. JSON or YAML, whichever the content is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import yaml

from presetctl.domain.errors import InputError

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema as it stands in a document or as it is derived. Nobody changes one that was handed over."""

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 100
MAX_VALUES: Final = 200_000
"""Keys and values: ten times as many as the provider's whole document has."""

# The scalars of YAML 1.2, whose core is JSON's: `no` is a word and 2026-08-22 is text, not a date.
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,19}", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_TAG_DIRECTIVE: Final = re.compile(r"^%TAG", re.MULTILINE)


def read_mapping(data: bytes, name: str) -> dict[str, Any]:
    """Reads one JSON or YAML document whose top level is a mapping. ``name`` is what messages call it.

    Keys are text, also those written as numbers (``200:`` in responses). InputError for what is too large, not
    UTF-8, deeper than 100 levels, has a key twice, anchors, aliases, tags or several documents, or isn't a mapping.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text: byte {error.start}") from error
    value = _parse_json(text, name) if text.lstrip()[:1] == "{" else _parse_yaml(text, name)
    if not isinstance(value, dict):
        raise InputError(f"{name} is not a mapping", hint="expected a JSON object or a YAML mapping at the top")
    _check_depth(value, name)
    return value


def dump_json(value: Any) -> bytes:
    """The bytes of a generated file: two spaces of indent, keys in the order given, a newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _parse_json(text: str, name: str) -> Any:
    def constant(word: str) -> Any:
        raise ValueError(f"{word} is not a JSON value")

    def mapping(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise ValueError(f"the key {json.dumps(key)} is there twice")
            result[key] = value
        return result

    if text.count(",") > MAX_VALUES:
        raise InputError(f"{name} has more than {MAX_VALUES:,} values")
    try:
        return json.loads(text, object_pairs_hook=mapping, parse_constant=constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not valid JSON: {error}") from error


def _check_depth(value: Any, name: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [each for item in level for each in (item.values() if isinstance(item, dict) else item)]
        level = [item for item in level if isinstance(item, dict | list)]
    if level:
        raise InputError(f"{name} is nested deeper than {MAX_DEPTH} levels")


def _parse_yaml(text: str, name: str) -> Any:
    """Builds the value from events: libyaml's composer recurses without a limit, so 50,000 brackets end the process."""
    if _TAG_DIRECTIVE.search(text):
        # libyaml takes seconds over many of them
        raise InputError(f"{name} has a %TAG directive, which is not understood")
    tree = _Tree()
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            tree.take(event)
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from error
    return tree.value


class _Tree:
    """The value that grows from YAML events. ValueError for what has no place in a JSON value."""

    def __init__(self) -> None:
        self.value: Any = None
        self._documents = 0
        self._values = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._key: str | None = None

    def take(self, event: Any) -> None:
        """Takes the next event. Events are typed for PyYAML's pure parser, where one may lack its mark."""
        try:
            self._take(event)
        except ValueError as error:
            raise ValueError(f"{error}, line {event.start_mark.line + 1}") from error

    def _take(self, event: Any) -> None:
        self._values += 1
        if self._values > 2 * MAX_VALUES:  # a collection has two events
            raise ValueError(f"it has more than {MAX_VALUES:,} keys and values")
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise ValueError("a second document starts")
            case yaml.AliasEvent():
                raise ValueError("aliases are not allowed: write the value out")
            case yaml.ScalarEvent() | yaml.CollectionStartEvent() if event.anchor or event.tag:
                raise ValueError("anchors and tags are not allowed")
            case yaml.ScalarEvent():
                self._scalar(event.value, plain=not event.style)
            case yaml.CollectionStartEvent():
                self._start({} if isinstance(event, yaml.MappingStartEvent) else [])
            case yaml.CollectionEndEvent():
                self._open.pop()

    def _scalar(self, text: str, *, plain: bool) -> None:
        container = self._open[-1] if self._open else None
        if not isinstance(container, dict) or self._key is not None:
            self._add(_resolve(text) if plain else text)
        elif text in container:
            raise ValueError(f"the key {text} is there twice")
        else:
            self._key = text

    def _start(self, container: dict[str, Any] | list[Any]) -> None:
        if len(self._open) == MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        if self._open and isinstance(self._open[-1], dict) and self._key is None:
            raise ValueError("a key is not text")
        self._add(container)
        self._open.append(container)

    def _add(self, value: Any) -> None:
        match self._open[-1] if self._open else None:
            case list() as items:
                items.append(value)
            case dict() as fields:
                fields[str(self._key)] = value
                self._key = None
            case _:
                self.value = value


def _resolve(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return _finite(text) if _NUMBER.fullmatch(text) else text


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large a number")
    return number
