"""Canonical form, digests, paths."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.preset import Content
from presetctl.domain.values import canonical, canonical_json, digest, read_path, show_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def respelt(value: Any) -> Any:
    """The same value with the keys the other way round, and whole numbers written as floats and the other way round."""
    if isinstance(value, dict):
        return {key: respelt(item) for key, item in reversed(value.items())}
    if isinstance(value, list):
        return [respelt(item) for item in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return float(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


@given(JSON)
def test_digest_knows_neither_key_order_nor_number_spelling(value: Any) -> None:
    assert digest(value) == digest(respelt(value))


@given(JSON, JSON)
def test_digests_are_equal_exactly_when_values_are(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) == (canonical_json(one) == canonical_json(other))


@given(JSON)
def test_canonical_form_is_json_of_the_same_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == canonical(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (1, "1"), (None, False), ([], {}), ([1, 2], [2, 1]), (1.5, 1), ("", None), (0.1, 0.2)],
)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_minus_zero_is_zero() -> None:
    assert digest(-0.0) == digest(0)


def test_infinity_has_no_digest() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        digest(float("inf") / 1)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("config", "tools", 0, "type"), "config.tools[0].type"),
        ((0,), "[0]"),
        (("a b",), '["a b"]'),
        (("a", "b.c"), 'a["b.c"]'),
        (("é",), '["é"]'),
        (("x-y", 'q"'), 'x-y["q\\""]'),
    ],
)
def test_paths(path: tuple[str | int, ...], text: str) -> None:
    assert show_path(path) == text
    assert read_path(text) == path


def test_contents_are_equal_by_digest_however_they_are_spelt() -> None:
    assert Content("p", {"a": 1, "b": 2}).digest == Content("p", {"b": 2.0, "a": 1}).digest
    assert Content("p", {}).digest != Content(None, {}).digest


@given(st.lists(st.text() | st.integers(0, 10**8) | st.sampled_from(["a", "b-c", "0"])).map(tuple))
def test_every_path_can_be_read_again(path: tuple[str | int, ...]) -> None:
    assert read_path(show_path(path)) == path


@pytest.mark.parametrize(
    "text",
    [".a", "a.", "a..b", "a[", "a[]", "a[01]", "a[-1]", "a[1", "a b", 'a["b"]', '["a\nb"]', '["\\ud800"]', '["\\q"]',
     'a["x', "[1]a", "a\n", "a[1234567890]", "é"],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError):
        read_path(text)


@pytest.mark.parametrize(
    "value", [1.0, -0.0, 1e16, 1e22, [1.5, 2.0], {"a": (1, 2.0)}, MappingProxyType({"b": 1, "a": 2})]
)
def test_the_short_way_to_the_canonical_form_is_the_long_one(value: Any) -> None:
    long = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))
    assert canonical_json(value) == long.encode()
    assert canonical_json({"text": 'like "1.0" or 1e+3', "number": value}) == (
        b'{"number":' + long.encode() + b',"text":"like \\"1.0\\" or 1e+3"}'
    )
