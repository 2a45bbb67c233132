"""Strict JSON: one meaning, or an error that quotes nothing."""

from __future__ import annotations

import json
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.strict_json import MAX_DEPTH, MAX_INT_DIGITS, JsonError, parse_json
from presetctl.domain.values import Json

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=15,
)


def refused(data: bytes) -> str:
    with pytest.raises(JsonError) as caught:
        parse_json(data, what="the reply")
    message = str(caught.value)
    assert message.startswith("the reply is not valid JSON: ")
    assert len(message) < 120
    return message.removeprefix("the reply is not valid JSON: ")


@given(TREES, st.booleans(), st.sampled_from([None, 1]))
def test_it_reads_what_json_writes(value: Json, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert repr(parse_json(text.encode(), what="x")) == repr(value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Expecting value at line 1, column 1"),
        (b"[1,\n 2", "Expecting ',' delimiter at line 2, column 3"),
        (b"1 2", "Extra data at line 1, column 3"),
        (b'"a\nb"', "Invalid control character at line 1, column 3"),
        (b'"a', "Unterminated string starting at line 1, column 1"),
        (b"'a'", "Expecting value at line 1, column 1"),
        (b'["a\\', "at line 1"),
        (b"\xef\xbb\xbf1", "Expecting value at line 1, column 1"),
        (b'"\xff"', "not UTF-8 at byte 2"),
        (b'"\xed\xa0\x80"', "not UTF-8 at byte 2"),
        ('"a"'.encode("utf-16"), "not UTF-8 at byte 1"),
        (b'{"a": 1, "a": 1}', "an object has a key twice"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "an object has a key twice"),
        (b"NaN", "NaN and infinity"),
        (b"[Infinity]", "NaN and infinity"),
        (b"-Infinity", "NaN and infinity"),
        (b"1e999", "a number is too large"),
        (b"-1.0E+999", "a number is too large"),
        (b"1" * (MAX_INT_DIGITS + 1), "more than 300 digits"),
        (b'"\\ud800"', "half of a surrogate pair"),
        (b'{"\\uDFFF": 1}', "half of a surrogate pair"),
        (b'"\\udc00\\ud800"', "half of a surrogate pair"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested more than 128 levels deep"),
        (b"01", "Extra data"),
        (b"[1,]", "at line 1"),
        (b"\x00", "Expecting value"),
        (b"tru", "Expecting value"),
    ],
)
def test_it_refuses_what_readers_could_disagree_about(data: bytes, words: str) -> None:
    assert words in refused(data)


def test_it_quotes_nothing() -> None:
    for data in (b'{"secret": 1, "secret": 2}', b'{"a": secret}', b'"secret', b"secret", b'{"secret" 1}'):
        assert "secret" not in refused(data)


def test_it_takes_what_is_just_allowed() -> None:
    assert parse_json(b"9" * MAX_INT_DIGITS, what="x") == int("9" * MAX_INT_DIGITS)
    float(int("9" * MAX_INT_DIGITS))
    parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, what="x")
    assert parse_json(b'["\\"[[[", "{{\\\\", "]"]', what="x", max_depth=1) == ['"[[[', "{{\\", "]"]
    assert parse_json(b'[{"a": []}, {}]', what="x", max_depth=3) == [{"a": []}, {}]
    assert parse_json(b'"\\ud83d\\ude00\\\\ud800"', what="x") == "😀\\ud800"


def test_it_needs_no_luck_with_the_digit_limit() -> None:
    limit = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(640)  # the smallest that Python allows
        assert parse_json(b"9" * MAX_INT_DIGITS, what="x")
        refused(b"9" * 641)
    finally:
        sys.set_int_max_str_digits(limit)


@given(st.binary(max_size=100) | st.text('[]{}",:\\u0123456789defDE+-.aNnul tr\n', max_size=40).map(str.encode))
def test_no_bytes_do_anything_but_parse_or_be_refused(data: bytes) -> None:
    try:
        value = parse_json(data, what="x")
    except JsonError:
        return
    assert parse_json(json.dumps(value, allow_nan=False).encode(), what="x") == value


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 4_000_000,
        b"{" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'"' + b'\\"' * 2_000_000,
        b'\\"' * 2_000_000,
        b"1" * 4_000_000,
        b"1e" + b"9" * 4_000_000,
        b'{"a":1,"a":1}' * 300_000,
    ],
    ids=range(8),
)
def test_bombs_are_refused_soon(data: bytes) -> None:
    start = time.monotonic()
    refused(data)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("size", [10, 1_000_000], ids=["small", "large"])
def test_what_stands_in_a_text_is_no_value_and_no_level(size: int) -> None:
    data = b'["' + b'[{,\\"' * size + b'", [1, "]"]]'
    assert parse_json(data, what="x", max_values=3, max_depth=2) == ['[{,"' * size, [1, "]"]]
    with pytest.raises(JsonError, match="more than 2 values"):
        parse_json(data, what="x", max_values=2)
    with pytest.raises(JsonError, match="nested more than 1 levels"):
        parse_json(data, what="x", max_depth=1)


def test_as_many_values_as_allowed() -> None:
    assert parse_json(b'[1, "a,b", {"c": ",,,"}]', what="x", max_values=3) == [1, "a,b", {"c": ",,,"}]
    with pytest.raises(JsonError, match="x is not valid JSON: more than 2 values"):
        parse_json(b'[1, "a,b", {"c": ",,,"}]', what="x", max_values=2)


MISLEADING = st.recursive(
    st.integers() | st.text('[]{},"\\n', max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text('[{,"\\', max_size=4), children, max_size=3)
    ),
    max_leaves=12,
)


def depth_and_commas(value: Json) -> tuple[int, int]:
    """How deep a value is nested, and how many commas it's written with."""
    if not isinstance(value, list | dict):
        return 0, 0
    within = [depth_and_commas(item) for item in (value if isinstance(value, list) else value.values())]
    return 1 + max((depth for depth, _ in within), default=0), max(0, len(value) - 1) + sum(more for _, more in within)


@given(MISLEADING)
def test_limits_count_what_stands_outside_of_texts(value: Json) -> None:
    data, (depth, commas) = json.dumps(value).encode(), depth_and_commas(value)
    assert parse_json(data, what="x", max_depth=depth, max_values=commas + 1) == value
    if depth:
        with pytest.raises(JsonError, match="levels deep"):
            parse_json(data, what="x", max_depth=depth - 1)
    if commas:
        with pytest.raises(JsonError, match="values"):
            parse_json(data, what="x", max_values=commas)
