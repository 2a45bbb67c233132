"""Untrusted text on a terminal and in a log."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.change import ABSENT
from presetctl.domain.values import Json
from presetctl.report.safe import inert, one_line, pair_text, value_text, visible
from tests.hostile import EVERY, UNREADABLE, acting, commands


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\u{1b}[31mred"),
        ("\x1b]8;;http://x\x07link", r"\u{1b}]8;;http://x\u{7}link"),
        ("\x9b1A\x90q\x9c", r"\u{9b}1A\u{90}q\u{9c}"),
        ("good\rbad", r"good\u{d}bad"),
        ("a\x08\x7f\x00", r"a\u{8}\u{7f}\u{0}"),
        ("a\u202eb\u2066c\u2069", r"a\u{202e}b\u{2066}c\u{2069}"),
        ("a\u200bb\u200dc\ufeffd\u2060e\u00ad", r"a\u{200b}b\u{200d}c\u{feff}d\u{2060}e\u{ad}"),
        ("a\U000e0041\U000e007f", r"a\u{e0041}\u{e007f}"),
        ("a\u2028b\u2029c\x85d\x0be\x0c", r"a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}"),
        ("a\ud83d", r"a\u{d83d}"),
        ("a\u115fb\u3164c\u034fd\u17b5", r"a\u{115f}b\u{3164}c\u{34f}d\u{17b5}"),
        ("a\ufe01\ufe0f\U000e0100\ufe0f", r"a\u{fe01}\u{fe0f}\u{e0100}\u{fe0f}"),
        ("❤\ufe0f 1\ufe0f", "❤\ufe0f 1\ufe0f"),
        ("Grüße, 你好 😀 «x»\tand\nmore", "Grüße, 你好 😀 «x»\tand\nmore"),
    ],
)
def test_what_acts_on_a_terminal_or_hides_is_shown_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = one_line(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    shown.encode("utf-8")
    assert visible(shown) == shown


@pytest.mark.parametrize("text", [*EVERY, *UNREADABLE], ids=range(len([*EVERY, *UNREADABLE])))
def test_nothing_of_a_hostile_text_acts(text: str) -> None:
    shown = inert(visible(text))
    assert (acting(shown), commands(shown)) == ([], [])
    assert acting(one_line(text) + value_text(text) + "".join(pair_text(text, f"{text}x"))) == []


def test_one_line_shows_line_feeds_and_tabs_too() -> None:
    assert one_line("a\n\tb\r\n") == r"a\n\tb\u{d}\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ABSENT, "(none)"),
        (None, "null"),
        ("é\n\x1b\x9b", r'"é\n\u001b\u{9b}"'),
        ({"b": [1, 1.5], "a": True}, '{"b": [1, 1.5], "a": true}'),
        ("x" * 300, '"' + "x" * 198 + "…"),
        ("x" * 198, '"' + "x" * 198 + '"'),
    ],
)
def test_values(value: Json, shown: str) -> None:
    assert value_text(value) == shown


def test_a_pair_of_long_values_is_cut_where_it_differs() -> None:
    assert pair_text("a", 1) == ('"a"', "1")
    old, new = pair_text("x" * 500 + "old" + "y" * 500, "x" * 500 + "new" + "y" * 500)
    assert len(old) == len(new) == 201
    assert (old[0], old[-1]) == ("…", "…")
    assert "old" in old
    assert "new" in new
    assert pair_text("x" * 300, "x" * 301)[0].endswith('x"')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", r"\u{3a}:error::x"),
        ("a\n \t::add-mask::x\n\u3000::y", "a\n \t\\u{3a}:add-mask::x\n\u3000\\u{3a}:y"),
        ("\n\n::x", "\n\n\\u{3a}:x"),
        ("##vso[task.x]y", r"\u{23}#vso[task.x]y"),
        ("a ##[error]x ####[y", r"a \u{23}#[error]x ##\u{23}#[y"),
        ("std::vector\na: ::b\n# Title\n## [x]", "std::vector\na: ::b\n# Title\n## [x]"),
    ],
)
def test_a_log_has_no_command_for_the_runner(text: str, shown: str) -> None:
    assert inert(text) == shown
