"""Dumped YAML is what people would write, and reads back as the same value everywhere."""

from __future__ import annotations

from typing import Any
from unicodedata import category

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from presetctl.domain.errors import InputError
from presetctl.domain.values import Json
from presetctl.load.dump_yaml import dump, dump_in_ascii
from presetctl.load.strict_yaml import MAX_BYTES, MAX_DEPTH, parse

NASTY = [
    *("", " ", "no", "No", "y", "N", "on", "null", "~", "True", "1", "-1", "+1", "1.0", "1e3", "1E02", "08", "017"),
    *("0o7", "0x1f", "0b1", "1_000", "12:30", "12:30:45", "2026-11-21", ".inf", "-.INF", ".nan", "<<", "=", "."),
    *("..", "...", "---", "--- a", "... a", "-", "- x", "-x", "?", "? x", "?x", ":", ": ", ":x", "a: b", "a:b"),
    *("a:", "# x", "a # x", "a#x", "[", "]", "[a]", "{", "{{ a }}", "a, b", "&a", "*a", "!a", "|", ">", "%a", "@a"),
    *("`a`", "'a'", '"a"', "it's", 'say "it\'s"', "\\", "C:\\a", " a", "a ", "\ta", "a\t", "a\tb", "\t", "a  b"),
    *("a\rb", "\r\n", "\x00", "\x07", "\x1b[0m", "\x7f", "\x85", "\x9f", "\xa0", "a\xa0", "\u2028", "a\u2029b"),
    *("\u200b", "\ufeff", "\ufeffa", "\ufffe", "\uffff", "é", "日本語", "😀", "\U0010ffff", "/", "a/b", "~a", "<b>"),
    *("$a", "(a)", "k" * 499, "k" * 501, "k " * 700, "é" * 1100, "\n", "\n\n", "a\n", "a\nb", "a\nb\n", "a\nb\n\n"),
    *("\na", "\n a", " a\nb", "\ta\nb", "a\n b", "a\n\tb", "a \nb", "a\t\nb", "a\n\n\nb", "a\n \nb", "a\nb "),
    *("a\n\n ", "# a\n# b\n", "- a\n- b", "---\na\n...\n", "a: b\nc", "é\n😀\n", "a\nb\r\n", "a\nb\x07"),
    *("a\n\u2028b", "a\n\ufeff"),
]  # fmt: skip

TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=20),
    st.text(st.sampled_from("ab \t\n\r-:#'\"\\0.é😀\x85\u2028"), max_size=20),
    st.lists(st.sampled_from(NASTY), max_size=3).map("".join),
)
NUMBERS = st.one_of(
    st.integers(-(10**19) + 1, 10**19 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(TEXTS, children, max_size=4)),
    max_leaves=12,
)


def typed(value: Any) -> Any:
    """``value`` so that what differs in type or in the order of keys is different."""
    if isinstance(value, dict):
        return [(key, typed(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), repr(value)


def check_round_trip(value: Any) -> str:
    text = dump(value)
    assert typed(parse(text.encode(), "f")) == typed(value)
    assert typed(yaml.safe_load(text)) == typed(value)  # a reader of YAML 1.1
    assert not [character for character in text if category(character) == "Cc" and character not in "\n\t"]
    return text


@pytest.mark.parametrize("text", NASTY)
def test_strings_come_back_wherever_they_stand(text: str) -> None:
    check_round_trip(text)
    check_round_trip([text, {text: text}])
    check_round_trip({text: {text: [text, [text]]}, "x": text})


@given(TREES)
@example({"<<": {"a": 1}})
@example([[], {}, [[]], [{}], {"a": []}])
def test_load_after_dump_is_identity(value: Json) -> None:
    check_round_trip(value)


@given(TREES)
def test_dumping_what_was_read_changes_nothing(value: Json) -> None:
    text = dump(value)
    assert dump(parse(text.encode(), "f")) == text


@given(TREES)
@example({"a": {"b": [1e-7, 1e16, [], {}, None, True]}, "##[x]": ["\n::error::x", "😀\u202e\x7f"]})
def test_in_ascii_too(value: Json) -> None:
    if any(len(key) > 1000 for key in keys(value)):
        return  # beyond what a key between brackets may have
    text = dump_in_ascii(value)
    assert typed(parse(text.encode(), "f")) == typed(value)
    assert typed(yaml.safe_load(text)) == typed(value)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert "#" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def keys(value: Json) -> list[str]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in [key, *keys(item)]]
    return [found for item in value for found in keys(item)] if isinstance(value, list) else []


def test_it_looks_like_written_by_hand() -> None:
    value = {
        "kind": "openrouter/chat-completions",
        "description": "Mail: what people ask",
        "system_prompt": "You write mail.\n\n  Be brief.\n",
        "config": {
            "model": "openai/gpt-5.4-mini",
            "temperature": 1.0,
            "stop": ["END", "###", "no", "C:\\"],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}, []],
            "nested": [[1, 2], [True, None]],
            "tiny": 1e-7,
            "closing": "last\nwords",
            "indented": "  a\nb\n\n",
        },
    }
    assert (
        check_round_trip(value)
        == """\
kind: openrouter/chat-completions
description: "Mail: what people ask"
system_prompt: |
  You write mail.

    Be brief.
config:
  model: openai/gpt-5.4-mini
  temperature: 1.0
  stop:
    - END
    - "###"
    - "no"
    - C:\\
  tools:
    - type: function
      function:
        name: f
        parameters: {}
    - []
  nested:
    - - 1
      - 2
    - - true
      - null
  tiny: 1.0e-07
  closing: |-
    last
    words
  indented: |2+
      a
    b

"""
    )


def test_quotes_are_the_lighter_ones() -> None:
    assert dump('"a"') == "'\"a\"'\n"
    assert dump("'a'") == "\"'a'\"\n"
    assert dump("- \\d") == "'- \\d'\n"
    assert dump("a\x07\x7f\u2028\ufeff") == '"a\\u0007\\u007f\\u2028\\ufeff"\n'


def test_long_keys_are_marked() -> None:
    assert dump({"k" * 501: {"a": 1}}) == f"? {'k' * 501}\n:\n  a: 1\n"


def nested(levels: int) -> Json:
    value: Json = 1
    for _ in range(levels):
        value = [value]
    return value


def test_nothing_is_written_that_could_not_be_read() -> None:
    check_round_trip(nested(MAX_DEPTH))
    too_much: list[tuple[Json, str]] = [
        (float("inf"), "infinity"),
        ([float("-inf")], "infinity"),
        ({"a": float("nan")}, "NaN"),
        (10**19, "19 digits"),
        (["\ud800"], "not a character"),
        ("\ud800\n", "not a character"),
        ("a" * MAX_BYTES, "bytes"),
        (nested(MAX_DEPTH + 1), "nested"),
        (nested(100_000), "nested"),
        ([0] * 100_001, "100,000"),
    ]
    for value, words in too_much:
        with pytest.raises(InputError, match=words):
            dump(value)
