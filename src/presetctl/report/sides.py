"""Two texts side by side: rows with a line of each, paired where one became the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest

from presetctl.report.words import Line, Sign, Span, difference


@dataclass(frozen=True, slots=True)
class Cell:
    """A line of one text, with its number from 1."""

    number: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of each text, or of one; or, with neither, the number of unchanged lines that are left out."""

    old: Cell | None = None
    new: Cell | None = None
    changed: bool = False
    hidden: int = 0


def side_by_side(before: str | None, after: str | None) -> list[Row]:
    """The rows of a text's difference; None where there is no text. No line is lost but those counted as hidden."""
    return list(_Rows().of(difference(before, after)))


class _Rows:
    """Counts the lines of both sides on the way."""

    def __init__(self) -> None:
        self._old = self._new = 0

    def of(self, lines: Iterable[Line]) -> Iterator[Row]:
        for changed, run in groupby(lines, lambda line: line.sign in {Sign.REMOVED, Sign.ADDED}):
            block = list(run)
            yield from self._changed(block) if changed else map(self._unchanged, block)

    def _unchanged(self, line: Line) -> Row:
        if line.sign is Sign.GAP:
            hidden = int(line.spans[0].text)
            self._old += hidden
            self._new += hidden
            return Row(hidden=hidden)
        return Row(self._next_old(line), self._next_new(line))

    def _changed(self, run: list[Line]) -> Iterator[Row]:
        old = [self._next_old(line) for line in run if line.sign is Sign.REMOVED]
        new = [self._next_new(line) for line in run if line.sign is Sign.ADDED]
        return (Row(before, after, changed=True) for before, after in zip_longest(old, new))

    def _next_old(self, line: Line) -> Cell:
        self._old += 1
        return Cell(self._old, line.spans)

    def _next_new(self, line: Line) -> Cell:
        self._new += 1
        return Cell(self._new, line.spans)
