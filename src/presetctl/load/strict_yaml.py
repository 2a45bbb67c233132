"""Strict YAML: the 1.2 core schema on libyaml's parser, and where everything stands.

libyaml tells events; the tree is built here, in a loop. PyYAML's own composer recurses in C without a limit, and fifty
thousand opening brackets would end the process. Its constructors speak YAML 1.1, where ``no`` is false and ``12:30:45``
is a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    YAMLError,
)
from yaml._yaml import CParser
from yaml._yaml import Mark as _EventMark

from presetctl.domain.document import MAX_BYTES as MAX_BYTES
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Location, Problem
from presetctl.domain.values import Json, Path, show_path
from presetctl.load.yaml_complaints import Complaint, explain, not_utf8, tag_directive, unusual_character
from presetctl.load.yaml_scalars import NOT_TEXT, ScalarError, is_text, resolve

MAX_DEPTH: Final = 64
MAX_NODES: Final = 100_000

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_Event: TypeAlias = Any
"""An event of the C parser. Its classes are typed for PyYAML's pure parser, where an event may lack its mark."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands, and its key where it is an entry of a mapping."""

    key: Location | None
    value: Location


def parse(data: bytes, file: str) -> Json:
    """The value of the one document in ``data``; null for an empty file. InputError with exactly one problem."""
    return _walk(data, file, None).value()


def parse_with_start(data: bytes, file: str) -> tuple[Json, Location | None]:
    """As parse(), and where the value starts if it's a mapping or a list."""
    tree = _walk(data, file, None)
    return tree.value(), tree.start


def positions(data: bytes, file: str) -> Mapping[Path, Mark]:
    """Where every value in ``data`` stands, by its path; ``()`` is the whole. InputError as parse() raises it."""
    marks: dict[Path, Mark] = {}
    _walk(data, file, marks)
    return marks or {(): Mark(None, Location(file))}


def _walk(data: bytes, file: str, marks: dict[Path, Mark] | None) -> _Tree:
    text, tree = _text(data, file), _Tree(file, marks)
    handlers: dict[type, Callable[[_Event], None]] = {
        ScalarEvent: tree.scalar,
        MappingStartEvent: tree.open_mapping,
        SequenceStartEvent: tree.open_sequence,
        MappingEndEvent: tree.close,
        SequenceEndEvent: tree.close,
        AliasEvent: tree.alias,
        DocumentStartEvent: tree.document,
    }
    try:
        for count, event in enumerate(iter(CParser(text).get_event, None)):
            handler = handlers.get(type(event))
            if handler is None:  # the start and the end of the stream, and the end of the document
                continue
            handler(event)
            if count > MAX_NODES:
                tree.count(event, count - 1)
    except YAMLError as error:
        raise _refusal(file, explain(error, text)) from None
    return tree


def _text(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"this file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        raise _refusal(file, Complaint(1, 1, "yaml-too-large", message, "move long texts to files of their own"))
    body = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(file, not_utf8(body, error.start)) from None
    # In ASCII, libyaml finds what is wrong by itself; beyond, it takes some characters for line breaks.
    complaint = tag_directive(text) or (None if text.isascii() else unusual_character(text))
    if complaint:
        raise _refusal(file, complaint)
    return text


def _refusal(file: str, complaint: Complaint, path: Path = ()) -> InputError:
    location = Location(file, complaint.line, complaint.column)
    problem = Problem(location, show_path(path), complaint.rule, complaint.message, complaint.suggestion)
    return InputError(f"{location}: {complaint.message}", hint=complaint.suggestion, problems=[problem])


class _Frame:
    """A collection that is still open. ``keys`` tells a mapping's keys and where they stand; a list has none."""

    __slots__ = ("items", "key", "keys", "step")

    def __init__(self, items: Any, step: str | int | None, keys: dict[str, _EventMark] | None) -> None:
        self.items = items
        self.step = step
        self.keys = keys
        self.key: str | None = None


class _Tree:
    """The value that grows from the events, and the marks if they are wanted."""

    def __init__(self, file: str, marks: dict[Path, Mark] | None) -> None:
        self._file = file
        self._marks = marks
        self._closed = 0
        self._documents = 0
        self._root = self._top = _Frame([], None, None)
        self._open = [self._root]
        self.start: Location | None = None

    def value(self) -> Json:
        """The finished value."""
        value: Json = self._root.items[0] if self._root.items else None
        return value

    def path(self) -> Path:
        """The path to what is being read."""
        top = self._top
        steps = [frame.step for frame in self._open[1:]]
        steps.append(len(top.items) if top.keys is None else top.key)
        return tuple(step for step in steps[1:] if step is not None)

    def count(self, event: _Event, events: int) -> None:
        """Refuses a file with too many nodes. They are the ``events`` so far that don't end anything."""
        if events - self._closed > MAX_NODES:
            message = f"this file has more than {MAX_NODES:,} keys and values"
            self._refuse(event, "yaml-too-many-nodes", message, "split it into several files")

    def document(self, event: _Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "yaml-multiple-documents", "a second document starts here", "put it in its own file")
        if event.version not in (None, (1, 2)):
            message = "only the directive `%YAML 1.2` is allowed"
            self._refuse(event, "yaml-directive", message, "remove the line that starts with `%`")

    def scalar(self, event: _Event) -> None:
        # The hot path: most events come here, so it calls nothing that it needn't.
        top, value = self._top, event.value
        if event.anchor is not None or event.tag is not None:
            self._refuse_property(event)
        if top.keys is not None and top.key is None:
            if (value[:1] in NOT_TEXT or value == "<<") and not event.style:
                self._check_key(event, value)
            if value in top.keys:
                self._refuse_duplicate(event, value, top.keys[value])
            top.keys[value] = event.start_mark
            top.key = value
            return
        if value[:1] in NOT_TEXT and not event.style:
            value = self._resolve(event)
        self._add(value, event)

    def open_mapping(self, event: _Event) -> None:
        self._push({}, {}, event)

    def open_sequence(self, event: _Event) -> None:
        self._push([], None, event)

    def close(self, _: _Event) -> None:
        self._closed += 1
        self._open.pop()
        self._top = self._open[-1]

    def alias(self, event: _Event) -> None:
        hint = "write the value out; text that starts with `*` needs quotes"
        self._refuse(event, "yaml-alias", f"the alias `*{_short(event.anchor)}` is not allowed", hint)

    def _resolve(self, event: _Event) -> Json:
        try:
            return resolve(event.value)
        except ScalarError as error:
            self._refuse(event, error.rule, error.message, error.hint)

    def _check_key(self, event: _Event, key: str) -> None:
        if key == "<<":
            self._refuse(event, "yaml-merge-key", "merge keys (`<<`) are not allowed", "write the fields out")
        if not is_text(key):
            message = f"the key `{_short(key)}` is not text" if key else "a key is missing before the colon"
            self._refuse(event, "yaml-key-not-string", message, f'quote it: `"{_short(key)}":`' if key else "write one")

    def _refuse_duplicate(self, event: _Event, key: str, first: _EventMark) -> NoReturn:
        self._top.key = key
        message = f"the key `{_short(key)}` is already used in line {first.line + 1}"
        self._refuse(event, "yaml-duplicate-key", message, "remove or rename one of them")

    def _refuse_property(self, event: _Event) -> NoReturn:
        if event.anchor is not None:
            hint = "remove it; text that starts with `&` needs quotes"
            self._refuse(event, "yaml-anchor", f"the anchor `&{_short(event.anchor)}` is not allowed", hint)
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        hint = "remove it; text that starts with `!` needs quotes"
        self._refuse(event, "yaml-tag", f"the tag `{_short(tag)}` is not allowed", hint)

    def _push(self, items: Any, keys: dict[str, _EventMark] | None, event: _Event) -> None:
        top = self._top
        if top.keys is not None and top.key is None:
            hint = 'put text that starts with a bracket in quotes, for example "{{ name }}"'
            self._refuse(event, "yaml-key-not-string", "a key must be text, not a list or a mapping", hint)
        if event.anchor is not None or event.tag is not None:
            self._refuse_property(event)
        if len(self._open) > MAX_DEPTH:
            hint = "check the brackets and the indentation"
            self._refuse(event, "yaml-too-deep", f"this is nested more than {MAX_DEPTH} levels deep", hint)
        step = len(top.items) if top.keys is None else top.key
        if self.start is None and top is self._root:
            self.start = self._at(event.start_mark)
        self._add(items, event)
        self._top = _Frame(items, step, keys)
        self._open.append(self._top)

    def _add(self, value: Json, event: _Event) -> None:
        top = self._top
        if self._marks is not None:
            self._mark(self._marks, top, event)
        if top.keys is None:
            top.items.append(value)
        else:
            top.items[top.key] = value
            top.key = None

    def _mark(self, marks: dict[Path, Mark], top: _Frame, event: _Event) -> None:
        key = None if top.keys is None or top.key is None else self._at(top.keys[top.key])
        marks[self.path()] = Mark(key, self._at(event.start_mark))

    def _at(self, mark: _EventMark) -> Location:
        return Location(self._file, mark.line + 1, mark.column + 1)

    def _refuse(self, event: _Event, rule: str, message: str, hint: str) -> NoReturn:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        raise _refusal(self._file, Complaint(line, column, rule, message, hint), self.path())


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
