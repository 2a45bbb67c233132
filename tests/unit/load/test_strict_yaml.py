"""Strict YAML: what a value means, what is refused and where."""

from __future__ import annotations

import pytest

from presetctl.domain.errors import InputError
from presetctl.domain.problem import Location, Problem
from presetctl.domain.values import Json
from presetctl.load.strict_yaml import Mark, parse, positions


def refused(text: str | bytes) -> Problem:
    """The one problem of a text that isn't strict YAML, by both ways to read it."""
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InputError) as caught:
        parse(data, "a.yaml")
    with pytest.raises(InputError) as again:
        positions(data, "a.yaml")
    (problem,) = caught.value.problems
    assert again.value.problems == (problem,)
    assert problem.location.file == "a.yaml"
    assert str(problem.location) in str(caught.value)
    assert caught.value.hint == problem.suggestion
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            (text, None)
            for text in ("", "~", "null", "Null", "NULL", "# only a comment", "---", "\ufeff", "---\n...\n")
        ),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("017", 17),
        ("08", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("9" * 19, int("9" * 19)),
        ("-" + "9" * 19, -int("9" * 19)),
        ("1.0", 1.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1.5e-3", -0.0015),
        ("1e3", 1000.0),
        ("1E02", 100.0),
        ("+.5E+1", 5.0),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, value: Json) -> None:
    result = parse(text.encode(), "a.yaml")
    assert (type(result), result) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "No", "NO", "yes", "on", "off", "y", "n", "nULL", "tRUE", "trueish", "null-island", "No!", "~a", "nan"),
        *("12:30:45", "2026-11-21", "1_000", "0b11", "0o18", "0xfg", "0O17", "-0x1F", "+0o7", "1.2.3", "1,5"),
        *("1e", "e3", "+", "-a", ".", "..", ".e3", "=", "-.nan", ".iNF", "inf"),
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert parse(f"a: {text}".encode(), "a.yaml") == {"a": text}


@pytest.mark.parametrize("text", ["null", "true", "1", "1.5", "~", "", ".inf", "0x1F", "9" * 30, "<<"])
def test_what_is_quoted_is_text(text: str) -> None:
    data = f"'{text}': '{text}'\nk: \"{text}\"\n".encode()
    assert parse(data, "a.yaml") == {text: text, "k": text}


def test_documents_are_read_as_people_mean_them() -> None:
    text = """\
%YAML 1.2
---
prompt: |
  Hello

  # not a comment
folded: >-
  one
  two
list: [a, {b: no}]  # a comment
? explicit
: - 1
  - {}
empty:
"""
    expected = {
        "prompt": "Hello\n\n# not a comment\n",
        "folded": "one two",
        "list": ["a", {"b": "no"}],
        "explicit": [1, {}],
        "empty": None,
    }
    assert parse(text.encode(), "a.yaml") == expected
    assert parse(text.replace("\n", "\r\n").encode(), "a.yaml") == expected
    assert parse(text.replace("\n", "\r").encode(), "a.yaml") == expected
    assert parse(b"\xef\xbb\xbf" + text.encode(), "a.yaml") == expected


def test_keys_keep_their_order() -> None:
    assert list(parse(b"z: 1\na: 2\nm: 3", "a.yaml")) == ["z", "a", "m"]  # type: ignore[arg-type]


LONG = "k" * 50
BIG = "1" * 1_000_000


@pytest.mark.parametrize(
    ("text", "line", "column", "rule", "words"),
    [
        # structure
        ("a: 1\nb: 2\na: 3", 3, 1, "yaml-duplicate-key", "`a` is already used in line 1"),
        ("{a: 1, 'a': 2}", 1, 8, "yaml-duplicate-key", "line 1"),
        (f"{LONG}: 1\n{LONG}: 2", 2, 1, "yaml-duplicate-key", "k…`"),
        ("a: &x 1", 1, 4, "yaml-anchor", "`&x`"),
        ("&x a: 1", 1, 1, "yaml-anchor", "`&x`"),
        ("a: &x [1]", 1, 4, "yaml-anchor", "`&x`"),
        ("a: &x\n  b: 1", 1, 4, "yaml-anchor", "`&x`"),
        ("a: & b", 1, 5, "yaml-anchor", "not a valid anchor"),
        ("a: *x", 1, 4, "yaml-alias", "`*x`"),
        ("*x : 1", 1, 1, "yaml-alias", "`*x`"),
        ("a: *", 1, 5, "yaml-alias", "not a valid alias"),
        ("a: !!int '1'", 1, 4, "yaml-tag", "`!!int`"),
        ("a: !x {b: 1}", 1, 4, "yaml-tag", "`!x`"),
        ("a: ! b", 1, 4, "yaml-tag", "`!`"),
        ("!!python/object:os.system [x]", 1, 1, "yaml-tag", "python"),
        ("!x!y a", 1, 1, "yaml-syntax", "tag"),
        ("a: 1\n---\nb: 2", 2, 1, "yaml-multiple-documents", "second document"),
        ("---\n---\n", 2, 1, "yaml-multiple-documents", "second document"),
        ("%YAML 1.1\n---\na: 1", 1, 1, "yaml-directive", "1.2"),
        ("%YAML 1.3\n---\na: 1", 1, 1, "yaml-directive", "not understood"),
        ("%TAG ! tag:x,2000:\n---\na: 1", 1, 1, "yaml-directive", "`%TAG`"),
        ("# a\r\n%YAML 1.2\r\n%TAG ! tag:x,2000:\r\n---\r\na: 1", 3, 1, "yaml-directive", "`%TAG`"),
        ("a: 1\n...\n%TAG ! tag:x,2000:\n---\na: 1", 3, 1, "yaml-directive", "`%TAG`"),
        ("%FOO\n---\n", 1, 5, "yaml-directive", "not understood"),
        ("%YAML 1.2\na", 2, 1, "yaml-syntax", "ended"),
        # keys
        ("1: a", 1, 1, "yaml-key-not-string", "`1` is not text"),
        ("true: a", 1, 1, "yaml-key-not-string", "`true`"),
        ("a:\n  null: a", 2, 3, "yaml-key-not-string", "`null`"),
        ("~: a", 1, 1, "yaml-key-not-string", "`~`"),
        (".inf: a", 1, 1, "yaml-key-not-string", "`.inf`"),
        (f"{'1' * 30}: a", 1, 1, "yaml-key-not-string", "not text"),
        ("?\n: a", 1, 2, "yaml-key-not-string", "a key is missing"),
        ("? [a]\n: b", 1, 3, "yaml-key-not-string", "not a list"),
        ("a: {{ name }}", 1, 5, "yaml-key-not-string", "not a list or a mapping"),
        ("a: {<<: {b: 1}}", 1, 5, "yaml-merge-key", "`<<`"),
        # numbers
        ("a: .inf", 1, 4, "yaml-not-finite", "infinity"),
        ("a: -.INF", 1, 4, "yaml-not-finite", "infinity"),
        ("a: .NaN", 1, 4, "yaml-not-finite", "NaN"),
        ("a: [1e999]", 1, 5, "yaml-not-finite", "too large"),
        ("a: -1e999", 1, 4, "yaml-not-finite", "too large"),
        (f"a: {'9' * 20}", 1, 4, "yaml-number-too-long", "19 digits"),
        (f"a: 0x{'f' * 19}", 1, 4, "yaml-number-too-long", "19 digits"),
        (f"a: 0x{'f' * 20}", 1, 4, "yaml-number-too-long", "19 digits"),
        (f"a: 0.{'1' * 99}", 1, 4, "yaml-number-too-long", "100 characters"),
        (f"a: {BIG}", 1, 4, "yaml-number-too-long", "19 digits"),
        (f"a: 1.{BIG}", 1, 4, "yaml-number-too-long", "100 characters"),
        # characters
        (b"a: b\nc: \xff", 2, 4, "yaml-encoding", "UTF-8"),
        ("a: \u00e9\u00e9".encode() + b"\xff", 1, 6, "yaml-encoding", "UTF-8"),
        ("a: b".encode("utf-16"), 1, 1, "yaml-encoding", "UTF-16"),
        ("a: b".encode("utf-16-le"), 1, 2, "yaml-character", "U+0000"),
        ("a: b\nc: x\x07", 2, 5, "yaml-character", "U+0007"),
        ("a: \U0001f600\x1b[0m", 1, 5, "yaml-character", "U+001B"),
        ("a: |\n  x\x00", 2, 4, "yaml-character", "U+0000"),
        ("# \x7f", 1, 3, "yaml-character", "U+007F"),
        ("a: x\x85y", 1, 5, "yaml-character", "line separator U+0085"),
        ("a: |\n  x\u2028y", 2, 4, "yaml-character", "line separator U+2028"),
        ("a: \ufeffb", 1, 4, "yaml-character", "U+FEFF"),
        # syntax
        ("a: b: c", 1, 5, "yaml-syntax", "`: ` is not allowed"),
        ("a: 1\n b: 2", 2, 3, "yaml-syntax", "`: ` is not allowed"),
        ("a:\n\tb: 1", 2, 1, "yaml-syntax", "a tab"),
        ("a: |\n\tx", 2, 1, "yaml-syntax", "a tab"),
        ('b: 1\na: "x\nc: 2', 2, 4, "yaml-syntax", "quote is never closed"),
        ("a: 'x", 1, 4, "yaml-syntax", "quote is never closed"),
        ("a: 'x\n---\n'", 2, 1, "yaml-syntax", "quote is still open"),
        ("a: [1,\nb: 2\nc: 3", 1, 4, "yaml-syntax", "`[` opened here"),
        ("a: {b: 1]", 1, 4, "yaml-syntax", "`{` opened here"),
        ("a: [1,,2]", 1, 7, "yaml-syntax", "a value is missing"),
        ("a: [", 1, 5, "yaml-syntax", "a value is missing"),
        ("a: ]", 1, 4, "yaml-syntax", "a value is missing"),
        ("a:\n  b: 1\n c: 2", 3, 2, "yaml-syntax", "does not fit"),
        ("- a\nb: 1", 2, 1, "yaml-syntax", "does not fit"),
        ("a: 1\n- b", 2, 1, "yaml-syntax", "does not fit"),
        ('a: "x" y', 1, 8, "yaml-syntax", "does not fit"),
        ("a: - b", 1, 4, "yaml-syntax", "list item"),
        ("a: 1\nb\nc: 2", 2, 1, "yaml-syntax", "neither"),
        ("- a\n-b\n", 2, 1, "yaml-syntax", "neither"),
        ("a: @b", 1, 4, "yaml-syntax", "`@`"),
        ("é: `b`", 1, 4, "yaml-syntax", "can't start with"),
        ("a: %b", 1, 4, "yaml-syntax", "`%`"),
        ('a: "\\q"', 1, 5, "yaml-syntax", "no such escape"),
        ('a: "\\ud800"', 1, 7, "yaml-syntax", "not a character"),
        ('a: "\\ud83d\\ude00"', 1, 7, "yaml-syntax", "not a character"),
        ('a: "\\U00110000"', 1, 7, "yaml-syntax", "not a character"),
        ('a: "\\x1"', 1, 7, "yaml-syntax", "lacks digits"),
        ("a: |x\n  b", 1, 5, "yaml-syntax", "line should end"),
        ("a: |0\n  b", 1, 5, "yaml-syntax", "indentation of 0"),
        ("{a: 1} b", 1, 8, "yaml-syntax", "ended"),
        ("a: !<x", 1, 7, "yaml-syntax", "not valid YAML ("),
    ],
)
def test_what_is_ambiguous_is_refused_where_it_stands(
    text: str | bytes, line: int, column: int, rule: str, words: str
) -> None:
    problem = refused(text)
    assert (problem.location, problem.rule) == (Location("a.yaml", line, column), rule)
    assert words in problem.message
    assert len(problem.message) < 200
    assert problem.suggestion or rule == "yaml-syntax"


def test_problems_tell_their_path() -> None:
    assert refused("a:\n  - b\n  - c: *x").path == "a[1].c"
    assert refused("a: {b: 1, b: 2}").path == "a.b"
    assert refused("- [0]\n- [1, .inf]").path == "[1][1]"
    assert refused("a: {1: b}").path == "a"
    assert refused("&x a").path == ""


class TestPositions:
    """Where keys and values stand: lines and columns count from 1, columns count characters."""

    def test_of_keys_values_and_items(self) -> None:
        text = "é😀: x\nlist:\n  - 'é😀'\n  - {k: [v, w]}\nempty:\nmap:\n  a: |\n    text\n"

        def at(line: int, column: int) -> Location:
            return Location("f", line, column)

        expected = {
            (): Mark(None, at(1, 1)),
            ("é😀",): Mark(at(1, 1), at(1, 5)),
            ("list",): Mark(at(2, 1), at(3, 3)),
            ("list", 0): Mark(None, at(3, 5)),
            ("list", 1): Mark(None, at(4, 5)),
            ("list", 1, "k"): Mark(at(4, 6), at(4, 9)),
            ("list", 1, "k", 0): Mark(None, at(4, 10)),
            ("list", 1, "k", 1): Mark(None, at(4, 13)),
            ("empty",): Mark(at(5, 1), at(5, 7)),
            ("map",): Mark(at(6, 1), at(7, 3)),
            ("map", "a"): Mark(at(7, 3), at(7, 6)),
        }
        assert positions(text.encode(), "f") == expected
        assert positions(b"\xef\xbb\xbf" + text.encode(), "f") == expected
        assert positions(text.replace("\n", "\r\n").encode(), "f") == expected

    @pytest.mark.parametrize("text", ["", "\n\n", "# comment"])
    def test_of_an_empty_file(self, text: str) -> None:
        assert positions(text.encode(), "f") == {(): Mark(None, Location("f"))}

    def test_of_a_lone_value(self) -> None:
        assert positions(b"\n  x", "f") == {(): Mark(None, Location("f", 2, 3))}
