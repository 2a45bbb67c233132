"""Two texts as the lines of a ``diff`` block that a person can read: changed words marked, long lines folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from presetctl.report.safe import visible
from presetctl.report.words import Line, Sign, difference

WIDTH = 120
_MARKS = {Sign.REMOVED: "[-{}-]", Sign.ADDED: "{{+{}+}}"}


@dataclass(frozen=True)
class _Keep:
    """Of unchanged text beside changes: at most how many characters, else how many of each end; and room for a line."""

    most: int
    end: int
    room: int


_WHOLLY = _Keep(most=200, end=60, room=10**9)
_BRIEFLY = _Keep(most=40, end=15, room=WIDTH + 1)


def text_lines(before: str | None, after: str | None, limit: int = 0) -> list[str]:
    """What becomes of a text, line by line; None where there is none.

    With a ``limit``, at most that many lines and one that counts the rest, and of each line only what fits in a width.
    """
    lines = [piece for line in difference(before, after) for piece in _written(line, shortened=bool(limit))]
    if not limit or len(lines) <= limit + 1:
        return lines
    return [*lines[:limit], f"@@ {len(lines) - limit} more lines @@"]


def _written(line: Line, *, shortened: bool) -> Iterator[str]:
    if line.sign is Sign.GAP:
        number = int(line.spans[0].text)
        yield f"@@ {number} unchanged line{'' if number == 1 else 's'} @@"
        return
    if line.sign is Sign.SAME:
        yield f"  {_elided(line.spans[0].text, _BRIEFLY if shortened else _WHOLLY)}".rstrip()
        return
    if shortened:
        text = "".join(_spans(line, _BRIEFLY))
        yield f"{line.sign} {text[:WIDTH].rstrip()}{' …' if len(text) > WIDTH else ''}".rstrip()
        return
    for number, piece in enumerate(_folded("".join(_spans(line, _WHOLLY)))):
        yield f"{line.sign}{'↪' if number else ' '}{piece}" if piece else str(line.sign)


def _spans(line: Line, keep: _Keep) -> Iterator[str]:
    """The spans of a changed line, with the changed ones marked, as far as they matter."""
    room = keep.room
    for span in line.spans:
        if span.marked:
            text = _MARKS[line.sign].format(visible(span.text[:room]))
        else:
            text = visible(span.text[:room]) if len(line.spans) == 1 else _elided(span.text, keep)
        yield text
        room -= len(text)
        if room < 0:
            return


def _elided(text: str, keep: _Keep) -> str:
    """Text that didn't change: of a long one only the ends."""
    if len(text) <= keep.most:
        return visible(text)
    return f"{visible(text[: keep.end])} … {visible(text[-keep.end :])}"


def _folded(text: str) -> Iterator[str]:
    """Pieces of about a width, broken behind a space where there is one."""
    start = 0
    while len(text) - start > WIDTH:
        space = text.rfind(" ", start + WIDTH // 2, start + WIDTH)
        end = start + WIDTH if space < 0 else space + 1
        yield text[start:end]
        start = end
    yield text[start:]
