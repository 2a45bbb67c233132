"""Strict YAML under attack: limits, bombs, and input that nobody would write."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from presetctl.domain.errors import InputError
from presetctl.load import strict_yaml
from presetctl.load.strict_yaml import MAX_BYTES, MAX_DEPTH, parse, positions
from presetctl.load.yaml_scalars import resolve
from tests.unit.load.test_strict_yaml import refused


class TestLimits:
    def test_of_size(self) -> None:
        assert parse(b"#" * MAX_BYTES, "f") is None
        assert refused(b"#" * (MAX_BYTES + 1)).rule == "yaml-too-large"

    def test_of_depth(self) -> None:
        value = parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "f")
        assert isinstance(value, list)
        problem = refused(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
        assert (problem.rule, problem.location.column) == ("yaml-too-deep", MAX_DEPTH + 1)

    def test_of_nodes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strict_yaml, "MAX_NODES", 10)
        assert parse(b"[[], [], [], [], [], [], [], [], []]", "f") == [[]] * 9
        problem = refused("- 1\n" * 30)
        assert problem.rule == "yaml-too-many-nodes"
        assert problem.location.line == 10


@pytest.mark.parametrize(
    ("bomb", "rule"),
    [
        ("[" * 50_000, "yaml-too-deep"),
        ("{" * 1_000_000, "yaml-key-not-string"),
        ("{a: " * 200_000, "yaml-too-deep"),
        ("- " * 500_000, "yaml-too-deep"),
        ("? " * 500_000, "yaml-key-not-string"),
        ("a:\n" + "".join(" " * depth + "a:\n" for depth in range(1, 1000)), "yaml-too-deep"),
        ("".join(f"{key:x}k:\n" for key in range(60_000)), "yaml-too-many-nodes"),
        ("".join(f"key{key}: 1\n" for key in range(1_000_000)), "yaml-too-large"),
        ("[" + "1," * 500_000 + "]", "yaml-too-many-nodes"),
        ("- 1\n" * 250_000, "yaml-too-many-nodes"),
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [{'*a,' * 9}]\n" for n in range(9)), "yaml-anchor"),
        ("a: &a [*a]", "yaml-anchor"),
        ("'" + "''" * 500_000, "yaml-syntax"),
        ("a: " + "!" * 1_000_000, "yaml-tag"),
        ("&" + "a" * 1_000_000 + " b", "yaml-anchor"),
        ("\n" * 1_000_000 + "a: *b", "yaml-alias"),
        ("a b\n" * 250_000 + "c: d", "yaml-syntax"),
        ("".join(f"%TAG !a{n}! b\n" for n in range(60_000)), "yaml-directive"),
        ("a\n...\n" + "".join(f"%TAG !a{n}! b\n" for n in range(60_000)), "yaml-directive"),
    ],
    ids=range(19),
)
def test_bombs_are_refused_soon(bomb: str, rule: str) -> None:
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        parse(bomb.encode(), "f")
    assert time.monotonic() - start < 20, "refused at once, not after everything was read"
    assert caught.value.problems[0].rule == rule


def test_a_file_of_100_megabytes_is_not_looked_at() -> None:
    start = time.monotonic()
    with pytest.raises(InputError, match="104,857,600 bytes"):
        parse(bytes(100 * 1024 * 1024), "f")
    assert time.monotonic() - start < 5


def outcome(data: bytes) -> Any:
    try:
        return parse(data, "f")
    except InputError as error:
        (problem,) = error.problems
        lines = data.count(b"\n") + data.count(b"\r") + 1
        assert 1 <= problem.location.line <= lines
        assert problem.location.column >= 1
        return error


# fmt: off
PIECES = [
    *"-?:,[]{}#&*!|>'\"%@` \t\n\r\\01.exau~é😀\u2028\x00",
    "- ", ": ", ": ", "\n", "\n", "\n  ", "\n- ", "a", "b", "null", "<<",
]
# fmt: on
YAML_TEXT = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
def test_no_bytes_do_anything_but_parse_or_be_refused(data: bytes) -> None:
    outcome(data)


@given(YAML_TEXT)
@example("? |\n  a\n: b")
@example("- ! \n- &\n")
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    data = text.encode()
    value = outcome(data)
    if not isinstance(value, InputError):
        assert set(_paths(value)) == set(positions(data, "f"))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for step, child in children for deeper in _paths(child, (*path, step)))]


@given(YAML_TEXT)
def test_only_what_plain_scalars_mean_differs_from_pyyaml(text: str) -> None:
    value = outcome(text.encode())
    if not isinstance(value, InputError):
        _compare(value, yaml.load(text.encode(), yaml.CBaseLoader))


def _compare(value: Any, texts: Any) -> None:
    """``texts`` has the structure of ``value``, with the text of every scalar."""
    if isinstance(value, dict):
        assert list(value) == list(texts)
        for key, item in value.items():
            _compare(item, texts[key])
    elif isinstance(value, list):
        assert len(value) == len(texts)
        for item, text in zip(value, texts, strict=True):
            _compare(item, text)
    else:
        assert value == texts or value == resolve(texts or "")
