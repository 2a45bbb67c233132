"""Two texts side by side: nothing lost, nothing made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from presetctl.report.sides import Cell, Row, side_by_side

TEXTS = st.lists(st.sampled_from(["", "a", "be brief", "be very brief", "x", "y"]), max_size=14).map("\n".join)


def text(cell: Cell | None) -> str | None:
    return None if cell is None else "".join(span.text for span in cell.spans)


def lines(cells: list[Cell | None], whole: str, rows: list[Row]) -> list[str]:
    """One side's lines by their numbers; those that are hidden are taken from the whole text."""
    left = whole.split("\n")
    found: list[str] = []
    for cell, row in zip(cells, rows, strict=True):
        if row.hidden:
            found += left[len(found) : len(found) + row.hidden]
        elif cell is not None:
            assert cell.number == len(found) + 1
            found.append(str(text(cell)))
    return found


@given(TEXTS, TEXTS)
def test_each_side_is_its_text(before: str, after: str) -> None:
    rows = side_by_side(before, after)
    if before.endswith("\n") and after.endswith("\n"):
        before, after = before[:-1], after[:-1]
    assert lines([row.old for row in rows], before, rows) == before.split("\n")
    assert lines([row.new for row in rows], after, rows) == after.split("\n")
    for row in rows:
        assert row.changed or row.hidden or text(row.old) == text(row.new)


def test_lines_that_became_each_other_stand_beside_each_other() -> None:
    rows = side_by_side("a\nbe brief\nx", "a\nbe very brief\nand kind\nx")
    assert [(text(row.old), text(row.new), row.changed) for row in rows] == [
        ("a", "a", False), ("be brief", "be very brief", True), (None, "and kind", True), ("x", "x", False),
    ]  # fmt: skip


def test_a_text_that_is_new_or_gone_has_one_side() -> None:
    assert [(row.old, text(row.new)) for row in side_by_side(None, "a\nb\n")] == [(None, "a"), (None, "b")]
    assert [(text(row.old), row.new) for row in side_by_side("a\n\nb", None)] == [("a", None), ("", None), ("b", None)]
