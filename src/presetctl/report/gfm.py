"""Untrusted text made harmless for GitHub's Markdown: it stands in code, which no parser looks into.

In code there are no mentions, no references to issues or commits, no links, no HTML, no comments and no emphasis.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from presetctl.report.safe import one_line, visible

BAR = "\\|"
_TICKS = re.compile("`+")


def code(text: str, limit: int = 0) -> str:
    """Untrusted text as a code span on one line. With a ``limit``, cut to that many characters.

    The span's delimiters are longer than any run of backticks in it.
    """
    shown = _cut(one_line(text), limit)
    if not shown:
        return "(empty)"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if (shown[0] in " `" or shown[-1] in " `") and shown.strip(" ") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def row(cells: Iterable[str]) -> str:
    """A row of a table. Even in code a bar ends a cell, unless it's escaped."""
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, without the columns that have nothing in any row."""
    found = list(rows)
    columns = [column for column in range(len(head)) if any(cells[column] for cells in found)]
    lines = (row(cells[column] for column in columns) for cells in (head, *found))
    return "\n".join([next(lines), "|---" * len(columns) + "|", *lines])


def html_code(text: str, limit: int = 0) -> str:
    """The same inside an HTML element, where Markdown's own code is none."""
    return f"<code>{html.escape(_cut(one_line(text), limit))}</code>"


def fence(lines: Iterable[str], language: str = "") -> str:
    """Untrusted lines as a code block, whose fence is longer than any run of backticks in it."""
    body = "\n".join(visible(line).replace("\n", "\\n") for line in lines)
    ticks = "`" * max(3, _longest_run(body) + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _cut(text: str, limit: int) -> str:
    return f"{text[: limit - 1]}…" if limit and len(text) > limit else text
