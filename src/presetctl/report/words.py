"""The difference between two prompts: lines first, then the words inside lines that were changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TypeAlias

MAX_TOKENS = 2000
"""A pair of lines with more words than this is shown without marks: difflib takes quadratic time."""
MAX_LINES = 2000
"""Where more lines than this lie between the common head and tail, they are shown as replaced: quadratic time again."""
MAX_WORK = 4_000_000
"""How many pairs of words one difference may compare; the lines after that are shown without marks."""
CONTEXT = 2
_Opcode: TypeAlias = tuple[str, int, int, int, int]
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]+")


class Sign(StrEnum):
    """What happened to a line, or to a part of one."""

    SAME = " "
    REMOVED = "-"
    ADDED = "+"
    GAP = "@"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line; ``marked`` where it's the part that changed."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference. A GAP stands for unchanged lines that are left out, and holds their number."""

    sign: Sign
    spans: tuple[Span, ...]


def difference(before: str | None, after: str | None) -> list[Line]:
    """What becomes of a text, line by line; None where there is none. The end of the last line is no line."""
    if before is not None and after is not None:
        if before.endswith("\n") and after.endswith("\n"):
            before, after = before[:-1], after[:-1]
        return prompt_difference(before, after)
    sign, text = (Sign.REMOVED, before) if before is not None else (Sign.ADDED, after or "")
    return [_plain(sign, line) for line in (text or "").removesuffix("\n").split("\n")]


def prompt_difference(before: str, after: str) -> list[Line]:
    """The changed lines of two texts, with a little context and with the changed words marked."""
    old, new = before.split("\n"), after.split("\n")
    pairer = _Pairer()
    lines: list[Line] = []
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            lines += _context(old[i1:i2], first=not lines, last=i2 == len(old) and j2 == len(new))
        else:
            lines += pairer.changed(old[i1:i2], new[j1:j2])
    return lines


def _opcodes(old: list[str], new: list[str]) -> Iterator[_Opcode]:
    """The opcodes of difflib, which gets only what lies between the common head and tail."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - head
    tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    i2, j2 = len(old) - tail, len(new) - tail
    if head:
        yield "equal", 0, head, 0, head
    if max(i2, j2) - head > MAX_LINES:
        yield "replace", head, i2, head, j2
    else:
        inner = SequenceMatcher(None, old[head:i2], new[head:j2], autojunk=False).get_opcodes()
        yield from ((tag, a1 + head, a2 + head, b1 + head, b2 + head) for tag, a1, a2, b1, b2 in inner)
    if tail:
        yield "equal", i2, len(old), j2, len(new)


def _context(lines: list[str], *, first: bool, last: bool) -> Iterator[Line]:
    head = 0 if first else CONTEXT
    tail = 0 if last else CONTEXT
    hidden = len(lines) - head - tail
    if hidden <= 1:
        yield from (_plain(Sign.SAME, line) for line in lines)
        return
    yield from (_plain(Sign.SAME, line) for line in lines[:head])
    yield Line(Sign.GAP, (Span(str(hidden)),))
    yield from (_plain(Sign.SAME, line) for line in lines[len(lines) - tail :])


class _Pairer:
    """Marks the changed words of changed lines, until there was work enough."""

    def __init__(self) -> None:
        self._left = MAX_WORK

    def changed(self, old: list[str], new: list[str]) -> Iterator[Line]:
        pairs = [self._pair(before, after) for before, after in zip(old, new, strict=False)]
        yield from (before for before, _ in pairs)
        yield from (_plain(Sign.REMOVED, line) for line in old[len(pairs) :])
        yield from (after for _, after in pairs)
        yield from (_plain(Sign.ADDED, line) for line in new[len(pairs) :])

    def _pair(self, before: str, after: str) -> tuple[Line, Line]:
        old, new = _TOKEN.findall(before), _TOKEN.findall(after)
        work = len(old) * len(new)
        if max(len(old), len(new)) > MAX_TOKENS or work > self._left:
            return _plain(Sign.REMOVED, before), _plain(Sign.ADDED, after)
        self._left -= work
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        if matcher.ratio() < 0.3:
            return _plain(Sign.REMOVED, before), _plain(Sign.ADDED, after)
        codes = matcher.get_opcodes()
        removed = tuple(Span("".join(old[i1:i2]), tag != "equal") for tag, i1, i2, _, _ in codes if i1 < i2)
        added = tuple(Span("".join(new[j1:j2]), tag != "equal") for tag, _, _, j1, j2 in codes if j1 < j2)
        return Line(Sign.REMOVED, removed), Line(Sign.ADDED, added)


def _plain(sign: Sign, text: str) -> Line:
    return Line(sign, (Span(text),))
