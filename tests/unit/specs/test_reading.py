from __future__ import annotations

import math
from typing import Any

import pytest

from presetctl.domain.errors import InputError
from presetctl.specs import reading
from presetctl.specs.reading import dump_json, read_mapping


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"),
        ("a: 2026-08-22", "2026-08-22"),
        ("a: 12:30:45", "12:30:45"),
        ("a: 017", 17),
        ("a: -3", -3),
        ("a: 1e3", 1000.0),
        ("a: .5", 0.5),
        ("a: 3.1.0", "3.1.0"),
        ("a: 12345678901234567890", 12345678901234567890.0),
        ("a: '017'", "017"),
        ("a: |\n  no\n", "no\n"),
        ("a: ~", None),
        ("a:", None),
        ("a: true", True),
        ("a: false", False),
        ("a: [1, {b: null}]", [1, {"b": None}]),
        ("\ufeffa: 1", 1),
        ('{"a": 1.5}', 1.5),
        ('  {"a": [true, null]}', [True, None]),
    ],
)
def test_values_are_those_of_json(text: str, value: Any) -> None:
    read = read_mapping(text.encode(), "f")["a"]
    assert read == value
    assert type(read) is type(value)


def test_keys_are_text() -> None:
    assert read_mapping(b"200: a\ntrue: b\nnull: c\n", "f") == {"200": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"- a", "f is not a mapping"),
        (b"", "f is not a mapping"),
        (b"just text", "f is not a mapping"),
        (b"a: \xff", "f is not UTF-8 text: byte 3"),
        (b"a: &x 1\nb: *x", "anchors and tags are not allowed, line 1"),
        (b"a: 1\nb: *x", "aliases are not allowed: write the value out, line 2"),
        (b"a: !!str 1", "anchors and tags are not allowed, line 1"),
        (b"%TAG ! tag:x,2000:\n---\na: 1", "f has a %TAG directive"),
        (b"a: 1\n---\nb: 1", "a second document starts, line 2"),
        (b"a: 1\na: 2", "the key a is there twice, line 2"),
        (b"? [a]\n: 1", "a key is not text, line 1"),
        (b"a: 1e999", "1e999 is too large a number, line 1"),
        (b"a: [", "f is not valid YAML"),
        (b"a: " + b"[" * 50_000, "nested deeper than 100 levels, line 1"),
        (b'{"a": 1', "f is not valid JSON"),
        (b'{"a": 1, "a": 2}', 'the key "a" is there twice'),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b'{"a": 1e999}', "1e999 is too large a number"),
        (b'{"a": ' + b"[" * 50_000, "f is not valid JSON"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "f is nested deeper than 100 levels"),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_mapping(data, "f")
    assert message in caught.value.message


def test_a_hundred_levels_are_read() -> None:
    assert read_mapping(b"a: " + b"[" * 99 + b"]" * 99, "f")
    assert read_mapping(b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}", "f")


def test_the_largest_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 4)
    assert read_mapping(b"a: 1", "f") == {"a": 1}
    with pytest.raises(InputError, match="f is larger than 0 MiB"):
        read_mapping(b"a: 12", "f")


def test_dump() -> None:
    assert dump_json({"b": ["é"], "a": None}) == '{\n  "b": [\n    "é"\n  ],\n  "a": null\n}\n'.encode()
    with pytest.raises(ValueError, match="Out of range"):
        dump_json(math.inf)
