"""The difference of two prompts: nothing lost, nothing made up, and never slow."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from presetctl.report import words
from presetctl.report.words import Line, Sign, prompt_difference


def line_text(line: Line) -> str:
    return "".join(span.text for span in line.spans)


def shown(before: str, after: str) -> list[str]:
    """The difference as lines with a sign; changed words stand in brackets."""
    return [
        line.sign + "".join(f"[{span.text}]" if span.marked else span.text for span in line.spans)
        for line in prompt_difference(before, after)
    ]


def without(sign: Sign, lines: Iterable[Line], whole: list[str]) -> list[str]:
    """The lines that are left without those of ``sign``; what a gap stands for is taken from ``whole``."""
    left: list[str] = []
    for line in lines:
        if line.sign is Sign.GAP:
            left += whole[len(left) : len(left) + int(line_text(line))]
        elif line.sign is not sign:
            left.append(line_text(line))
    return left


LINES = st.lists(st.sampled_from(["", "a", "be brief", "be  very brief", "x::y ", "é\r", "z"]), max_size=14)
PROMPTS = LINES.map("\n".join) | st.text()


@given(PROMPTS, PROMPTS, st.integers(0, 3))
@example("a", "a", 0)
@example("", "\n", 0)
def test_taking_one_side_away_gives_the_other(before: str, after: str, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if limit:
            patch.setattr(words, "MAX_LINES", limit)
            patch.setattr(words, "MAX_TOKENS", limit)
        lines = prompt_difference(before, after)
    old, new = before.split("\n"), after.split("\n")
    assert without(Sign.ADDED, lines, old) == old
    assert without(Sign.REMOVED, lines, new) == new
    for line in lines:
        assert all(not span.marked for span in line.spans) or line.sign in {Sign.ADDED, Sign.REMOVED}


@given(st.text(st.sampled_from("ab .\t")), st.text(st.sampled_from("ab .\t")))
def test_what_is_not_marked_is_the_same_on_both_sides(before: str, after: str) -> None:
    kept = [
        "".join(span.text for span in line.spans if not span.marked)
        for line in prompt_difference(before, after)
        if any(span.marked for span in line.spans)
    ]
    assert len(set(kept)) <= 1 or before == "" or after == ""


def test_changed_words_are_marked() -> None:
    assert shown("Be brief, and kind.", "Be very brief, and fair.") == [
        "-Be brief, and [kind].",
        "+Be[ very] brief, and [fair].",
    ]


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    assert shown("Never apologise", "Answer in French, always") == ["-Never apologise", "+Answer in French, always"]


def test_a_trailing_space_is_marked() -> None:
    assert shown("be brief", "be brief ") == ["-be brief", "+be brief[ ]"]


def test_far_lines_are_counted_and_near_ones_shown() -> None:
    before = [f"line {number}" for number in range(12)]
    after = [*before[:6], "new", *before[6:]]
    expected = ["@4", " line 4", " line 5", "+new", " line 6", " line 7", "@4"]
    assert shown("\n".join(before), "\n".join(after)) == expected


def test_what_is_added_at_the_end_has_context() -> None:
    before = "\n".join(f"line {number}" for number in range(9))
    assert shown(before, f"{before}\nnew") == ["@7", " line 7", " line 8", "+new"]
    assert shown(f"{before}\nold", before) == ["@7", " line 7", " line 8", "-old"]
    assert shown(f"new\n{before}", before) == ["-new", " line 0", " line 1", "@7"]


def test_one_line_is_not_worth_a_gap() -> None:
    assert shown("1\n2\n3\na", "1\n2\n3\nb") == [" 1", " 2", " 3", "-a", "+b"]
    assert shown("1\n2\n3\n4\na", "1\n2\n3\n4\nb") == ["@2", " 3", " 4", "-a", "+b"]


def test_more_lines_on_one_side() -> None:
    assert shown("a b c", "a b d\ne\nf") == ["-a b [c]", "+a b [d]", "+e", "+f"]
    assert shown("a b d\ne\nf", "a b c") == ["-a b [d]", "-e", "-f", "+a b [c]"]


def text(seed: int, lines: int, length: int, vocabulary: str = "alpha beta gamma delta epsilon zeta eta theta") -> str:
    chance = random.Random(seed)
    return "\n".join(" ".join(chance.choices(vocabulary.split(), k=length)) for _ in range(lines))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (text(1, 1, 34_000), text(2, 1, 34_000)),
        (text(1, 1, 990), text(2, 1, 990)),
        (text(1, 10_000, 1), text(2, 10_000, 1)),
        (text(1, 10_000, 40), text(2, 10_000, 40)),
        (text(1, 1_900, 1, "a b"), text(2, 1_900, 1, "a b")),
        ("x\n" * 10_000, "x\n" * 5_000 + "y\n" + "x\n" * 4_999),
        ("word " * 40_000, "word " * 40_000 + "x"),
        ("x" * 200_000, "y" * 200_000),
    ],
    ids=[
        "one line",
        "one long paragraph",
        "short lines",
        "10,000 lines",
        "alike",
        "one change",
        "last word",
        "no words",
    ],
)
def test_large_prompts_are_quick(before: str, after: str) -> None:
    begin = time.process_time()
    lines = prompt_difference(before, after)
    assert time.process_time() - begin < 15
    assert without(Sign.ADDED, lines, before.split("\n")) == before.split("\n")


def test_words_are_marked_until_there_was_work_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MAX_WORK", 9)
    assert shown("a b\nc d\ne f", "a x\nc x\ne x") == ["-a [b]", "-c d", "-e f", "+a [x]", "+c x", "+e x"]
