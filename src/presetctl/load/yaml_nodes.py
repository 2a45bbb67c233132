"""The concrete syntax of a YAML file: where every key, value, dash and comma begins and ends.

Events tell too little for an edit (nothing of commas and dashes, and block collections that end somewhere below), so
this reads the tokens. It trusts that strict_yaml has accepted the file: nothing is checked here a second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from yaml import tokens as tk
from yaml._yaml import CParser

_LINE_END: Final = re.compile(r"\r\n|\r|\n|\Z")
_CONTENT: Final = re.compile(r"[^ \r\n]")
_VALUE_ENDS: Final = (tk.KeyToken, tk.ValueToken, tk.BlockEndToken)


class Form(Enum):
    """How a value is written."""

    EMPTY = ""
    PLAIN = "plain"
    SINGLE = "'"
    DOUBLE = '"'
    LITERAL = "|"
    FOLDED = ">"
    BLOCK = "block"
    FLOW = "flow"
    PAIR = "pair"
    """The one entry of a mapping without braces in a flow list: ``[a: 1]``."""


@dataclass(slots=True)
class Node:
    """A value from ``start`` to ``end``; a block ends behind the last thing in it, before any comment.

    An empty value starts and ends where one could be written.
    """

    form: Form
    start: int
    end: int
    entries: list[Entry] = field(default_factory=list)
    is_map: bool = False
    text: str = ""
    """What a scalar says."""
    indent: int = 0
    """The column of a block collection; that of the lines of a block scalar."""

    @property
    def is_text_block(self) -> bool:
        return self.form in (Form.LITERAL, Form.FOLDED)


@dataclass(slots=True)
class Entry:
    """A mapping's entry or a list's item. ``start`` is its first character: the key, ``?``, the dash or the value.

    ``anchor`` is where the colon or the dash ends, None where there is neither.
    """

    start: int
    key: Node | None
    anchor: int | None
    value: Node
    comma: int | None = None

    @property
    def name(self) -> str:
        """The key of a mapping's entry."""
        return self.key.text if self.key else ""

    @property
    def end(self) -> int:
        return self.value.end


@dataclass(slots=True)
class Tree:
    """A document. ``anchor`` is where its ``---`` ends; ``end`` is where its ``...`` or the text's end is.

    ``open_ends`` are the places below text blocks with a ``+``, to which every further blank line would belong.
    """

    root: Node
    anchor: int | None
    end: int
    open_ends: set[int] = field(default_factory=set)


def read_tree(text: str) -> Tree:
    """The concrete syntax of ``text``, which parse() has accepted and which has no byte order mark."""
    return _Reader(text).document()


def read_comments(text: str) -> list[str]:
    """Every comment in ``text``, in order."""
    found, position = [], 0
    for token in iter(CParser(text).get_token, None):
        outside = text[position : token.start_mark.index]
        if isinstance(token, tk.ScalarToken) and token.style in ("|", ">"):
            outside += "\n" + text[token.start_mark.index : line_end(text, token.start_mark.index)]
        found += [line[line.index("#") :].rstrip() for line in _LINE_END.split(outside) if "#" in line]
        position = token.end_mark.index
    return found


def line_start(text: str, position: int) -> int:
    """Where the line of ``position`` starts."""
    return max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1


def line_end(text: str, position: int) -> int:
    """Where the line of ``position`` ends, without its line break."""
    return _end_of_line(text, position).start()


def next_line(text: str, position: int) -> int:
    """Where the line after that of ``position`` starts."""
    return _end_of_line(text, position).end()


def _end_of_line(text: str, position: int) -> re.Match[str]:
    found = _LINE_END.search(text, position)
    if found is None:
        raise AssertionError("unreachable")
    return found


class _Reader:
    """A parser of PyYAML's tokens. Its depth is bounded: parse() refuses what is nested too deeply."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[Any] = list(iter(CParser(text).get_token, None))
        self._next = 0
        self._open_ends: set[int] = set()

    def document(self) -> Tree:
        anchor = None
        while isinstance(self._peek(), tk.StreamStartToken | tk.DirectiveToken | tk.DocumentStartToken):
            token = self._take()
            anchor = token.end_mark.index if isinstance(token, tk.DocumentStartToken) else None
        if isinstance(self._peek(), tk.DocumentEndToken | tk.StreamEndToken):
            end = self._peek().start_mark.index
            return Tree(_empty(end if anchor is None else anchor), anchor, end)
        root = self._node(0)
        return Tree(root, anchor, self._peek().start_mark.index, self._open_ends)

    def _peek(self) -> Any:
        return self._tokens[self._next]

    def _take(self) -> Any:
        self._next += 1
        return self._tokens[self._next - 1]

    def _node(self, indent: int) -> Node:
        """The value that starts here; ``indent`` is the column of the block that it stands in."""
        token = self._peek()
        match token:
            case tk.BlockMappingStartToken():
                return self._block(self._map_entry, (tk.KeyToken, tk.ValueToken), True)
            case tk.BlockSequenceStartToken():
                return self._block(self._item, (tk.BlockEntryToken,), False)
            case tk.BlockEntryToken():  # a list as far to the left as the key that it belongs to
                return self._entries(self._item, (tk.BlockEntryToken,), False, indent)
            case tk.FlowMappingStartToken():
                return self._flow(tk.FlowMappingEndToken, True, indent)
            case tk.FlowSequenceStartToken():
                return self._flow(tk.FlowSequenceEndToken, False, indent)
            case _:
                return self._scalar(indent)

    def _block(self, read: Callable[[int], Entry], starts: tuple[type, ...], is_map: bool) -> Node:
        token = self._take()
        node = self._entries(read, starts, is_map, token.start_mark.column)
        self._take()
        return node

    def _entries(self, read: Callable[[int], Entry], starts: tuple[type, ...], is_map: bool, indent: int) -> Node:
        entries = []
        while isinstance(self._peek(), starts):
            entries.append(read(indent))
        return Node(Form.BLOCK, entries[0].start, entries[-1].end, entries, is_map, indent=indent)

    def _map_entry(self, indent: int) -> Entry:
        start = self._take().start_mark.index
        key = self._node(indent)
        if not isinstance(self._peek(), tk.ValueToken):
            return Entry(start, key, None, _empty(key.end))
        anchor = self._take().end_mark.index
        return Entry(start, key, anchor, self._value(_VALUE_ENDS, anchor, indent))

    def _item(self, indent: int) -> Entry:
        dash = self._take()
        anchor = dash.end_mark.index
        return Entry(
            dash.start_mark.index, None, anchor, self._value((*_VALUE_ENDS, tk.BlockEntryToken), anchor, indent)
        )

    def _value(self, ends: tuple[type, ...], anchor: int, indent: int) -> Node:
        return _empty(anchor) if isinstance(self._peek(), ends) else self._node(indent)

    def _flow(self, end: type, is_map: bool, indent: int) -> Node:
        start = self._take().start_mark.index
        entries: list[Entry] = []
        while not isinstance(self._peek(), end):
            if isinstance(self._peek(), tk.FlowEntryToken):
                entries[-1].comma = self._take().start_mark.index
            elif is_map:
                entries.append(self._flow_entry(indent))
            else:
                entries.append(self._flow_item(indent))
        return Node(Form.FLOW, start, self._take().end_mark.index, entries, is_map)

    def _flow_entry(self, indent: int) -> Entry:
        start = self._peek().start_mark.index
        if isinstance(self._peek(), tk.KeyToken):
            self._take()
        key = self._node(indent)
        if not isinstance(self._peek(), tk.ValueToken):
            return Entry(start, key, None, _empty(key.end))
        anchor = self._take().end_mark.index
        ends = (tk.FlowEntryToken, tk.FlowMappingEndToken, tk.FlowSequenceEndToken)
        return Entry(start, key, anchor, self._value(ends, anchor, indent))

    def _flow_item(self, indent: int) -> Entry:
        start = self._peek().start_mark.index
        if isinstance(self._peek(), tk.KeyToken):
            entry = self._flow_entry(indent)
            return Entry(start, None, None, Node(Form.PAIR, start, entry.end, [entry], True))
        return Entry(start, None, None, self._node(indent))

    def _scalar(self, indent: int) -> Node:
        token = self._take()
        form = Form.PLAIN if token.plain else Form(token.style)
        node = Node(form, token.start_mark.index, token.end_mark.index, text=token.value)
        if node.is_text_block:
            self._measure(node, indent)
        return node

    def _measure(self, node: Node, indent: int) -> None:
        """Finds out how far a text block is indented, and where its last line is."""
        header = self._text[node.start : line_end(self._text, node.start)].split(" ")[0].split("\t")[0]
        body = _end_of_line(self._text, node.start).end()
        digit = re.search("[1-9]", header)
        first = _CONTENT.search(self._text, body, node.end)
        node.indent = indent + 2
        if digit:
            node.indent = indent + int(digit[0])
        elif first:
            node.indent = first.start() - line_start(self._text, first.start())
        if "+" in header:
            self._open_ends.add(node.end)
            node.end = len(self._text[: node.end].removesuffix("\n").removesuffix("\r"))
        else:
            node.end = self._last_line(body, node)

    def _last_line(self, body: int, node: Node) -> int:
        """The end of the last line that is part of a text which ends in one line break or none."""
        last, position = line_end(self._text, node.start), body
        while position < node.end:
            end = line_end(self._text, position)
            line = self._text[position:end]
            if line.strip(" ") or len(line) > node.indent:
                last = end
            position = next_line(self._text, position)
        return last


def _empty(position: int) -> Node:
    return Node(Form.EMPTY, position, position)
