"""A YAML text, entry by entry, in lines with canonical indentation. Comments and blank lines go where they belong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from presetctl.load.dump_yaml import dump
from presetctl.load.yaml_nodes import Entry, Form, Node, Tree, line_end, next_line
from presetctl.load.yaml_text import STEP

_HEADER: Final = re.compile(r"([|>])([1-9]?[+-]?[1-9]?)(.*)")
_LONGEST_KEY: Final = 500
_MODELINE: Final = "# yaml-language-server:"


class _Level(NamedTuple):
    """The column of an open block, before and after."""

    old: int
    new: int


class _Remark(NamedTuple):
    """A comment and its new column, or a blank line."""

    text: str
    column: int


@dataclass
class _Chunk:
    """A key at the top with all that moves with it."""

    name: str
    lead: list[str]
    lines: list[str]
    open_ended: bool = False
    """Whether it ends in a text to which every blank line below would belong."""


class Layout:
    """Walks through a text and writes it again."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._text = text
        self._tree = tree
        self._lines: list[str] = []
        self._done = 0
        self._levels: list[_Level] = []
        self._last_levels: list[_Level] = []
        self._awaits = False

    def document(self, order: Sequence[str]) -> str:
        """The text again, the entries of a mapping in ``order`` as far as they are in it."""
        root = self._tree.root
        if self._tree.anchor is not None:
            self._lines = [line.rstrip() for line in self._text[: self._tree.anchor].split("\n")]
            self._done = self._tree.anchor
        lines = self._sorted(root, order) if root.form is Form.BLOCK and root.is_map else self._whole(root)
        lines += [line.rstrip() for line in self._text[self._tree.end :].split("\n") if line.strip()]
        return "".join(f"{line}\n" for line in lines)

    def _whole(self, root: Node) -> list[str]:
        if root.form is Form.BLOCK:
            self._block(root, 0)
        elif root.form is not Form.EMPTY:
            self._awaits = self._tree.anchor is not None and "\n" not in self._text[self._done : root.start]
            self._remark(root.start, _Level(0, 0))
            self._head(" " if self._awaits else "", self._inline(root, -STEP), 0)
            self._done = root.end
        self._remark(self._tree.end, None)
        return self._lines

    def _sorted(self, root: Node, order: Sequence[str]) -> list[str]:
        level = _Level(root.indent, 0)
        self._levels = [level]
        remarks = self._remarks(root.start, level)
        top = max((i + 1 for i, it in enumerate(remarks) if not it.text or it.text.startswith(_MODELINE)), default=0)
        head = [*self._lines, *_lines(remarks[:top])]
        chunks: list[_Chunk] = []
        for entry, following in zip(root.entries, [*root.entries[1:], None], strict=True):
            chunk = _Chunk(entry.name, _lines(remarks[top:]), [])
            self._lines = chunk.lines
            self._entry(entry, 0)
            open_ended = next_line(self._text, self._done) in self._tree.open_ends
            remarks = self._remarks(following.start if following else self._tree.end, level if following else None)
            top = _inner(remarks)
            chunk.lines += _lines(remarks[:top])
            chunk.open_ended = open_ended and not top
            chunks.append(chunk)
        chunks.sort(key=lambda it: order.index(it.name) if it.name in order else len(order))
        return _assembled(head, [*chunks, _Chunk("", _lines(remarks[top:]), [])])

    # Blocks

    def _block(self, node: Node, column: int) -> None:
        self._levels.append(_Level(node.indent, column))
        for entry in node.entries:
            self._remark(entry.start, self._levels[-1])
            self._entry(entry, column)
        self._levels.pop()

    def _entry(self, entry: Entry, column: int) -> None:
        if entry.key is None:
            self._head("", "-", column)
        else:
            self._key(entry.key, column)
        self._done = entry.value.start if entry.anchor is None else entry.anchor
        self._last_levels = list(self._levels)
        self._value(entry, column)

    def _key(self, key: Node, column: int) -> None:
        text = self._light(key)
        if len(text) <= _LONGEST_KEY:
            self._head("", f"{text}:", column)
        else:
            self._head("", f"? {text}", column)
            self._lines.append(" " * column + ":")

    def _value(self, entry: Entry, column: int) -> None:
        node = entry.value
        apart = "#" in self._text[self._done : node.start]
        if node.form is Form.BLOCK:
            self._awaits = entry.key is None and not apart
            self._block(node, column + STEP)
            return
        if node.form is Form.EMPTY:
            return
        if apart:
            self._remark(node.start, _Level(column + STEP, column + STEP))
            self._head("", self._inline(node, column), column + STEP)
        else:
            self._lines[-1] += " "
            self._awaits = True
            self._head("", self._inline(node, column), column)
        self._done = node.end

    def _head(self, before: str, text: str, column: int) -> None:
        """Starts a line, or goes on with one that awaits something: the value behind a dash or a colon."""
        first, *more = text.split("\n")
        if self._awaits:
            blank = "" if self._lines[-1].endswith(" ") else " "
            self._lines[-1] += blank + first
        else:
            self._lines.append(" " * column + before + first)
        self._lines += more
        self._awaits = False

    # Values in lines of their own

    def _inline(self, node: Node, column: int) -> str:
        """A scalar, or what is between brackets, whose further lines are indented for a block at ``column``."""
        if node.is_text_block:
            return self._text_block(node, column)
        first, *more = self._text[node.start : node.end].split("\n")
        if not more:
            return self._light(node)
        shift = self._levels[-1].new - self._levels[-1].old if self._levels else 0
        return "\n".join([_trimmed(first), *(self._shifted(_trimmed(line), shift, column) for line in more)])

    def _shifted(self, line: str, shift: int, column: int) -> str:
        text = line.lstrip(" \t")
        return " " * max(len(line) - len(text) + shift, column, 0) + text if text else ""

    def _light(self, node: Node) -> str:
        """A scalar in one line without its quotes if they are pointless."""
        text = self._text[node.start : node.end]
        if node.form in (Form.SINGLE, Form.DOUBLE) and "\n" not in text and dump(node.text) == node.text + "\n":
            return node.text
        return text

    def _text_block(self, node: Node, column: int) -> str:
        found = _HEADER.match(self._text, node.start, line_end(self._text, node.start))
        if found is None:
            raise AssertionError("unreachable")
        style, signs, comment = found.groups()
        digit = str(STEP) if signs.strip("+-") else ""
        chomp = signs.strip("123456789")
        if node.text and not node.text.endswith("\n"):
            chomp = "-"
        pad, start = " " * (max(column, 0) + STEP), next_line(self._text, node.start)
        body = self._text[start : node.end].split("\n") if start <= node.end and start < len(self._text) else []
        lines = [pad + line[node.indent :] if len(line) > node.indent else "" for line in body]
        return "\n".join([f"{style}{digit}{chomp}{comment}".rstrip(), *lines])

    # Comments and blank lines

    def _remark(self, to: int, level: _Level | None) -> None:
        self._lines += _lines(self._remarks(to, level))

    def _remarks(self, to: int, level: _Level | None) -> list[_Remark]:
        """What stands between here and ``to``, where something of ``level`` begins; None for the end of everything.

        A comment behind a value stays there. Those in lines of their own belong to the block that they are indented
        for, and never to one outside of what follows.
        """
        first, *others = self._text[self._done : to].split("\n")
        if self._done == 0:
            others.insert(0, first)
        elif first.strip():
            self._lines[-1] = self._lines[-1].rstrip() + first.rstrip()
        if self._awaits:
            others = []
        elif others and not others[-1].strip():
            others.pop()  # the indentation of what follows
        before, self._done = self._done, to
        levels = sorted({*self._last_levels, *self._levels, *([level] if level else [])}, key=lambda it: it.new)
        remarks: list[_Remark] = []
        most = max((it.new for it in levels), default=0)
        for line in others:
            text = line.strip()
            if not text and (not remarks or not remarks[-1].text) and (remarks or not before):
                continue  # one blank line is enough, and none is needed at the start
            column = _column(len(line) - len(line.lstrip(" \t")), levels, level) if text else 0
            if text:
                most = column = min(column, most)
            remarks.append(_Remark(text, column))
        if level is None and remarks and not remarks[-1].text:
            remarks.pop()
        return remarks


def _column(old: int, levels: Sequence[_Level], following: _Level | None) -> int:
    """The new column of a comment that stood at ``old``: that of the outermost block that isn't further to the left."""
    least = following.new if following else 0
    inside = [it for it in levels if it.new >= least]
    fitting = [it for it in inside if it.old >= old] or inside[-1:]
    nearest = min((it.old for it in fitting), default=0)
    return min((it.new for it in fitting if it.old == nearest), default=least)


def _lines(remarks: Sequence[_Remark]) -> list[str]:
    return [" " * it.column + it.text if it.text else "" for it in remarks]


def _trimmed(line: str) -> str:
    text = line.rstrip(" \t")
    return line if text.endswith("\\") else text  # an escaped blank


def _inner(remarks: Sequence[_Remark]) -> int:
    """How many of the remarks below a key belong to what is inside of it."""
    inner = next((i for i, it in enumerate(remarks) if it.text and it.column == 0), len(remarks))
    while inner and not remarks[inner - 1].text:
        inner -= 1
    return inner


def _assembled(head: list[str], chunks: Sequence[_Chunk]) -> list[str]:
    lines, no_blank = head, not head or not head[-1]
    for chunk in chunks:
        blank = no_blank and bool(chunk.lead) and not chunk.lead[0]
        lines += [*chunk.lead[blank:], *chunk.lines]
        no_blank = chunk.open_ended
    return lines
