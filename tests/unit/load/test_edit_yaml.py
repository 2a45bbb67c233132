"""Edits of YAML files, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from presetctl.domain.change import ABSENT
from presetctl.domain.errors import InputError
from presetctl.load.edit_yaml import Edit, edit
from presetctl.load.edits import align, same
from presetctl.load.strict_yaml import parse
from presetctl.load.yaml_nodes import Form, read_tree

Edits = dict[tuple[str | int, ...], Any]

SCALARS: list[tuple[str, Edits, str]] = [
    ("a: 1   # c\nb: 2\n", {("a",): 2}, "a: 2   # c\nb: 2\n"),
    ("a: 'x'\n", {("a",): "it's"}, "a: 'it''s'\n"),
    ("a: 'x'\n", {("a",): "a\tb"}, 'a: "a\\tb"\n'),
    ("a: 'x' # c\nb: 1\n", {("a",): "x\ny"}, "a: |- # c\n  x\n  y\nb: 1\n"),
    ('a: "x"\n', {("a",): "x\ny"}, 'a: "x\\ny"\n'),
    ('a: "x"\n', {("a",): "\u2028\x7f"}, 'a: "\\u2028\\u007f"\n'),
    ('a: "x"\n', {("a",): 7}, "a: 7\n"),
    ("a: x\n", {("a",): "no"}, 'a: "no"\n'),
    ("a: x\n  y\nb: 1\n", {("a",): "z"}, "a: z\nb: 1\n"),
    ('a: "x\n  y" # c\nb: 1\n', {("a",): "z"}, 'a: "z" # c\nb: 1\n'),
    ("a:\nb: 1\n", {("a",): "x"}, "a: x\nb: 1\n"),
    ("a: # c\nb: 1\n", {("a",): "x"}, "a: x # c\nb: 1\n"),
    ("a: ~\n", {("a",): 1}, "a: 1\n"),
    ("a: 1\n", {("a",): None}, "a: null\n"),
    ("a:\n  x # c\n", {("a",): "z"}, "a:\n  z # c\n"),
    ("? a\n: 1\n", {("a",): 2}, "? a\n: 2\n"),
    ("a: 0.70\nb: 1\n", {("a",): 0.7, ("b",): 2}, "a: 0.70\nb: 2\n"),
    ("a: 1\n", {("a",): 1.0}, "a: 1.0\n"),
    ("x\n", {(): "z"}, "z\n"),
    ("--- x # c\n", {(): "z"}, "--- z # c\n"),
]

TEXT_BLOCKS: list[tuple[str, Edits, str]] = [
    ("a: |   # c\n    x\n    y\n\nb: 1\n", {("a",): "x\nz\n"}, "a: |   # c\n    x\n    z\n\nb: 1\n"),
    ("a: |\n  x\nb: 1\n", {("a",): "x"}, "a: |-\n  x\nb: 1\n"),
    ("a: |-\n  x\nb: 1\n", {("a",): "x\n\n"}, "a: |+\n  x\n\nb: 1\n"),
    ("a: |+\n  x\n\nb: 1\n", {("a",): "y\n"}, "a: |\n  y\nb: 1\n"),
    ("a: |\n  x\nb: 1\n", {("a",): "tail \n \t\n"}, "a: |\n  tail \n   \t\nb: 1\n"),
    ("a: |\n  x\nb: 1\n", {("a",): "  x\ny\n"}, "a: |2\n    x\n  y\nb: 1\n"),
    ("a: |1\n  x\nb: 1\n", {("a",): "x\n"}, "a: |\n x\nb: 1\n"),
    ("a: |\n            x\n", {("a",): " x\n"}, "a: |2\n   x\n"),
    ("a: |\n  x\n", {("a",): "\n"}, 'a: "\\n"\n'),
    ("a: |\n  x\n", {("a",): "x\r\n"}, 'a: "x\\r\\n"\n'),
    ("a: |\n  x\n", {("a",): "x\x07\n"}, 'a: "x\\u0007\\n"\n'),
    ("a: |\nb: 1\n", {("a",): "x\n"}, "a: |\n  x\nb: 1\n"),
    ("a: | # c\n  x\n\n  y\n\n# d\nb: 1\n", {("a",): 7}, "a: 7 # c\n\n# d\nb: 1\n"),
    ("a: |\n  x\n    \n\nb: 1\n", {("a",): ABSENT}, "\nb: 1\n"),
    ("a: >\n  one\n  two\n\n  three\nb: 1\n", {("a",): "one\ntwo\n\nx\n"}, "a: >\n  one\n\n  two\n\n\n  x\nb: 1\n"),
    ("a: >\n  one\n", {("a",): "one\n two\n"}, "a: |\n  one\n   two\n"),
    ("a: |+\n  x\nb: 1\nc: 2\n\nd: 3\n", {("b",): ABSENT, ("c",): ABSENT}, "a: |+\n  x\nd: 3\n"),
    ("a: |+\n  x\nb: 1\n\n", {("b",): ABSENT}, "a: |+\n  x\n"),
    ("- |\n x\n- 1\n", {(0,): "y\nz\n"}, "- |\n y\n z\n- 1\n"),
    ("a: |\n  x\n\n\nb: 1\n", {("a",): "x\n\n"}, 'a: "x\\n\\n"\n\n\nb: 1\n'),
    ("a: 1\n    # deep\nb: 1\n", {("a",): "x\ny\n"}, 'a: "x\\ny\\n"\n    # deep\nb: 1\n'),
    ("a: 1\n    # deep\nb: 1\n", {("a",): {"x": "y\nz"}}, 'a: {x: "y\\nz"}\n    # deep\nb: 1\n'),
    ("a:\n  b: 1\n    # deep\n", {("a", "c"): "x\ny\n"}, 'a:\n  b: 1\n  c: "x\\ny\\n"\n    # deep\n'),
    ("- 1\n    # deep\n", {(1,): "x\ny\n"}, '- 1\n- "x\\ny\\n"\n    # deep\n'),
    ("|\n  x\n", {(): "y\nz\n"}, "|\n  y\n  z\n"),
    ("- 1\n\n\n", {(): {"a": "x\n\n"}}, '{a: "x\\n\\n"}\n\n\n'),
    ("a: 1\n  # deep\nb: 1\n", {("a",): {"k": {"x": "y\n"}}}, "a:\n  k:\n    x: |\n      y\n  # deep\nb: 1\n"),
    ("--- |\n x\n", {(): {"a": 1}}, "---\na: 1\n"),
]

BLOCKS: list[tuple[str, Edits, str]] = [
    ("a:\n    b: 1 # c\n\n# d\nc: 2\n", {("a", "x"): "z"}, "a:\n    b: 1 # c\n    x: z\n\n# d\nc: 2\n"),
    ("a:\n  b: 1\n", {("p", "sort"): "x", ("a", "c"): 2}, "a:\n  b: 1\n  c: 2\np:\n  sort: x\n"),
    ("a:\n  p: x\n", {("a", "p"): {"q": [1]}}, "a:\n  p:\n    q:\n      - 1\n"),
    ("a: {} # c\nb: 1\n", {("a", "x"): 1}, "a: # c\n  x: 1\nb: 1\n"),
    ("a: []\n", {("a", 0): 1}, "a:\n  - 1\n"),
    ("a:\nb: 1\n", {("a", "x"): 1}, "a:\n  x: 1\nb: 1\n"),
    ("a: { # c\n  }\n", {("a", "x"): 1}, "a: { # c\n  x: 1}\n"),
    ("a:\n  x # c\n", {("a",): [1]}, "a:\n  # c\n  - 1\n"),
    ("a:\n  x\nb: 1\n", {("a",): [1]}, "a:\n  - 1\nb: 1\n"),
    ("a:\n  # above\n  b: 1 # c\n  # below\n  c: 2\nd: 3\n", {("a",): 1}, "a: 1\n  # above\n  # below\nd: 3\n"),
    ("a: 1 # c\n# d\nb: 2\n", {("a",): ABSENT}, "# d\nb: 2\n"),
    ("a:\n  # above\n  b: 1 # c\nd: 3\n", {("a", "b"): ABSENT}, "a: {}\n  # above\nd: 3\n"),
    ("# top\na: 1\n", {("a",): ABSENT}, "# top\n{}\n"),
    ("# top\na: 1\n", {(): ABSENT}, "# top\nnull\n"),
    ("a: 1\n# end\n", {(): "x\ny\n"}, "|\n  x\n  y\n# end\n"),
    ("a: 1\nb: 2\n", {("x",): 1, ("b",): ABSENT}, "a: 1\nx: 1\n"),
    ("a: 1\n", {("x",): 1, ("a",): ABSENT}, "x: 1\n"),
    ("a: 1\n", {("x", "y"): ABSENT, ("a",): 2}, "a: 2\n"),
    ("- 1\n- 2 # c\n- 3\n", {(1,): ABSENT, (3,): 4}, "- 1\n- 3\n- 4\n"),
    ("a:\n- 1\n# two\n- 2\nb: 1\n", {("a",): [0, 1, 3, 2]}, "a:\n- 0\n- 1\n- 3\n# two\n- 2\nb: 1\n"),
    ("# top\n- 1\n", {(): [0, 1]}, "# top\n- 0\n- 1\n"),
    ("- - 1\n  - 2\n", {(0,): [0, 1, 2]}, "- - 0\n  - 1\n  - 2\n"),
    ("- 1 # a\n- 1 # b\n", {(0,): ABSENT}, "- 1 # b\n"),
    ("- a: 1\n  b: 2\n- c\n", {(0, "a"): ABSENT, (1,): {"d": [1]}}, "- b: 2\n- d:\n    - 1\n"),
    ("- a: 1\n\n  b: 2\n  c: 3\n", {(0, "a"): ABSENT, (0, "b"): ABSENT}, "- c: 3\n"),
    ("- a: 1\n  b: 2\n  c: 3\n", {(0, "a"): ABSENT, (0, "c"): ABSENT}, "- b: 2\n"),
    ("- a: 1 # x\n  # y\n  b: 2\n", {(0, "a"): ABSENT}, "-\n  # y\n  b: 2\n"),
    ("- a: 1 # x\n  b: 2\n- 3\n", {(0,): "z"}, "- z\n- 3\n"),
    ("- a: 1 # x\n  # y\n  b: 2\n", {(0,): {"c": 1, "d": 2}}, "- c: 1\n  d: 2\n  # y\n"),
    ("- # x\n  a: 1\n", {(0,): [2]}, "- # x\n  - 2\n"),
    ("- x # c\n", {(0,): [2]}, "- # c\n  - 2\n"),
    ("- x\n", {(0,): [2, 3]}, "- - 2\n  - 3\n"),
    ("a:\n- 1\n", {("a",): {"b": 1}}, "a:\n  b: 1\n"),
    ("? a\n: b: 1\n", {("a",): {"c": 2}}, "? a\n:\n  c: 2\n"),
    ("a: 1\n", {("o", "l", 0): 3, ("o", "l", 1, "x"): 2}, "a: 1\no:\n  l:\n    - 3\n    - x: 2\n"),
    ("", {("a",): 1}, "a: 1\n"),
    ("# c\n", {("a", "b"): 1}, "# c\na:\n  b: 1\n"),
    ("%YAML 1.2\n---\n# c\n...\n", {("a",): "x\ny"}, "%YAML 1.2\n---\n# c\na: |-\n  x\n  y\n...\n"),
    ("--- x\n", {(): {"a": 1}}, "---\na: 1\n"),
]

FLOWS: list[tuple[str, Edits, str]] = [
    ("a: {x: 1, y: 2} # c\n", {("a", "y"): "p, q"}, 'a: {x: 1, y: "p, q"} # c\n'),
    ("a: {x: 1} # c\n", {("a", "z"): {"q": [1, {}]}}, "a: {x: 1, z: {q: [1, {}]}} # c\n"),
    ("a: {x: 'p'}\n", {("a", "x"): "x\ny"}, 'a: {x: "x\\ny"}\n'),
    ("a: {x: {}, y: [ ]}\n", {("a", "x", "q"): 1, ("a", "y", 0): 2}, "a: {x: {q: 1}, y: [2]}\n"),
    ("a: {x, y: , ? z : 1}\n", {("a", "x"): 1, ("a", "y"): 2}, "a: {x: 1, y: 2 , ? z : 1}\n"),
    ("a: {? x, y: 1}\n", {("a", "x"): 1}, "a: {? x: 1, y: 1}\n"),
    ("a: [1, 2, 3]\n", {("a", 1): ABSENT, ("a", 3): 4}, "a: [1, 3, 4]\n"),
    ("a: [1, 2, 3]\n", {("a", 0): ABSENT, ("a", 1): ABSENT}, "a: [3]\n"),
    ("a: [1, 2]\n", {("a",): [0, 0, 1, 2]}, "a: [0, 0, 1, 2]\n"),
    ("a: [1, 2]\n", {("a",): [1, 5, 2]}, "a: [1, 5, 2]\n"),
    ("a: [1, 2,]\n", {("a", 2): 3}, "a: [1, 2, 3,]\n"),
    ("a: [1]\n", {("a", 0): ABSENT}, "a: []\n"),
    ("a: {x: 1, y: 2}\n", {("a",): {"z": 1}}, "a: {z: 1}\n"),
    ("a: { # c\n  x: 1, # d\n  y: 2}\n", {("a",): {"z": 1}}, "a: { # c\n   # d\n  z: 1}\n"),
    ("a: [b: 1, c]\n", {("a", 0, "b"): 2}, "a: [b: 2, c]\n"),
    ("a: [b: 1, c]\n", {("a", 0, "d"): 2}, "a: [{b: 1, d: 2}, c]\n"),
    ("a: {x: 1}\n", {("a",): [1]}, "a:\n  - 1\n"),
    (
        "a: {\n  x: 1, # one\n  y: 2  # two\n}\n",
        {("a", "z"): 3, ("a", "w"): 4},
        "a: {\n  x: 1, # one\n  y: 2,  # two\n  z: 3,\n  w: 4\n}\n",
    ),
    ("a: [\n  1,\n  2, # c\n]\n", {("a", 2): 3}, "a: [\n  1,\n  2, # c\n  3,\n]\n"),
    ("a: [\n  1 # c\n  , 2]\n", {("a",): [1, 5, 2]}, "a: [\n  1, 5 # c\n  , 2]\n"),
    ("a: [\n  1,\n  2]\n", {("a", 2): 3}, "a: [\n  1,\n  2, 3]\n"),
    ("a: [\n  1, # c\n  # d\n  2, # e\n  3]\n", {("a", 1): ABSENT}, "a: [\n  1, # c\n  # d\n  3]\n"),
    ("a: [\n  1, # c\n  2 # e\n]\n", {("a", 1): ABSENT}, "a: [\n  1, # c\n]\n"),
    ("a: [\n  1, # c\n  2]\n", {("a", 1): ABSENT}, "a: [\n  1, # c\n  ]\n"),
    ("a: [1, # c\n  2]\n", {("a", 0): ABSENT}, "a: [ # c\n  2]\n"),
]

LINE_ENDS: list[tuple[str, Edits, str]] = [
    ("a: 1\r\nb: x\r\n", {("b",): {"c": 1}}, "a: 1\r\nb:\r\n  c: 1\r\n"),
    ("a: |\r\n  x\r\nb: 1\r\n", {("a",): "x\ny\n"}, "a: |\r\n  x\r\n  y\r\nb: 1\r\n"),
    ("a: |+\r\n  x\r\n\r\nb: 1\r\n", {("c",): 1}, "a: |+\r\n  x\r\n\r\nb: 1\r\nc: 1\r\n"),
    ("a: 1\rb: x\r", {("a",): {"c": 1}}, "a:\r  c: 1\rb: x\r"),
    ("\ufeffa: 1\n", {("b",): 1}, "\ufeffa: 1\nb: 1\n"),
    ("\ufeff", {("b",): 1}, "\ufeffb: 1\n"),
    ("a: 1", {("b",): 1}, "a: 1\nb: 1"),
    ("a: 1\nb: 2", {("b",): ABSENT}, "a: 1"),
    ("a: |\n  x", {("b",): 1}, "a: |-\n  x\nb: 1"),
    ("b: 1\na: |\n  x", {("b",): 2}, "b: 2\na: |\n  x"),
    ("b: 1\na: |\n  x", {("a",): "x\ny\n"}, "b: 1\na: |\n  x\n  y\n"),
    ("# c", {("a",): 1}, "# c\na: 1"),
]


@pytest.mark.parametrize(("before", "edits", "after"), [*SCALARS, *TEXT_BLOCKS, *BLOCKS, *FLOWS, *LINE_ENDS])
def test_only_what_must_change_changes(before: str, edits: Edits, after: str) -> None:
    result = edit(before.encode(), "f", [Edit(path, value) for path, value in edits.items()])
    assert result.decode() == after


def test_edits_in_one_place_build_on_each_other() -> None:
    edits = [Edit(("a",), {"x": 1}), Edit(("a", "z"), [1]), Edit(("a", "z", 1), 2), Edit(("a", "x"), ABSENT)]
    assert edit(b"b: 1\n", "f", edits) == b"b: 1\na:\n  z:\n    - 1\n    - 2\n"
    assert edit(b"a: [1, 2]\n", "f", [Edit(("a", 0), ABSENT), Edit(("a", 0), 3)]) == b"a: [3, 2]\n"


def test_no_difference_no_change() -> None:
    data = b"a:   0x10\nb: [1,\n 2]"
    assert edit(data, "f", []) is data
    assert edit(data, "f", [Edit(("a",), 16), Edit(("b",), [1, 2]), Edit(("c",), ABSENT)]) is data


@pytest.mark.parametrize(
    ("text", "path", "value", "words"),
    [
        ("a: x\n", ("a", "b"), 1, "f: a is not a mapping"),
        ("a: x\n", (0,), 1, "the whole is not a list"),
        ("a: [1]\n", ("a", 2), 1, "a is not long enough for an item 2"),
        ("a: [1]\n", ("a", -1), 1, "not long enough"),
        ("a: 1\n", ("a",), float("nan"), "NaN"),
        ("a: 1\n", ("a",), "\ud800", "not a character"),
        ("a: &x 1\n", ("a",), 2, "anchor"),
        ("? a\nb: 1\n", ("a",), 2, "can't be edited"),
        ("? a\n", ("a",), {"x": 1}, "can't be edited"),
    ],
)  # fmt: skip
def test_refusals(text: str, path: tuple[str | int, ...], value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        edit(text.encode(), "f", [Edit(path, value)])


def test_equality_knows_types() -> None:
    assert same({"a": 1, "b": [None]}, {"b": [None], "a": 1})
    for left, right in [(1, 1.0), (1, True), (0, False), ("1", 1), ([], {}), (None, ""), ([1, 2], [2, 1])]:
        assert not same(left, right)


def test_long_lists_are_aligned_by_position() -> None:
    old = list(range(1100))
    assert list(align(old, [-1, *old])) == [*((index, index) for index in old), (None, 1100)]
    assert list(align(old[:3], [1, 2])) == [(0, None), (1, 0), (2, 1)]


def test_long_keys() -> None:
    key = "k" * 600
    text = edit(b"a: 1\n", "f", [Edit((key,), {"x": 1})])
    assert parse(edit(text, "f", [Edit((key, "x"), 2)]), "f") == {"a": 1, key: {"x": 2}}


def test_nodes_tell_how_values_are_written() -> None:
    tree = read_tree("a: 'b'\nc: [d: \"e\"]\nf: >-\n  g\nh:\n")
    forms = {entry.name: entry.value.form for entry in tree.root.entries}
    assert forms == {"a": Form.SINGLE, "c": Form.FLOW, "f": Form.FOLDED, "h": Form.EMPTY}
    assert tree.root.entries[1].value.entries[0].value.form is Form.PAIR
