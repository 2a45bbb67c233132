"""Fixes in files: only those bytes change that must, and nothing that isn't sure."""

from __future__ import annotations

from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presetctl.domain.problem import Fix, Location, Problem
from presetctl.domain.values import Json, Path
from presetctl.fixing import Fixed, fixed, put_right
from presetctl.load.edits import same
from presetctl.load.strict_yaml import parse
from presetctl.repository import load
from tests.unit.load.messy_yaml import Messy, at, paths, random_value
from tests.unit.trees import PROJECT, MemoryTree, SmallSchemas

FILE = "presets/a.yaml"
HEAD = "kind: librechat/small\n"


def repaired(text: str, **more: str) -> Fixed:
    tree = MemoryTree({"presetctl.yaml": PROJECT, FILE: text, **more})
    return fixed(tree, load(tree, SmallSchemas()).problems)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "config:\n  # how many\n  top_k: 5   # of 40\n  model: m\n",
            "config:\n  # how many\n  topK: 5   # of 40\n  model: m\n",
        ),
        ("config: {'top_k': 5, model: m}  # flow\n", "config: {topK: 5, model: m}  # flow\n"),
        ("config:\r\n  top_k: 5\r\n", "config:\r\n  topK: 5\r\n"),
        ("config:\n  model: m\n  safetySettings:\n    - {a: b}\n", "config:\n  model: m\n"),
        ("config:\n  model: m\n  tools: [web_search, x]\n", "config:\n  model: m\n  web_search: true\n"),
        ("config:\n  web_search: 'yes'\n  model: m\n", "config:\n  web_search: true\n  model: m\n"),
        ("config:\n  model: m\n  topK: '5'  # why\n", "config:\n  model: m\n  topK: 5  # why\n"),
        ("config:\n  model: m\n  instructions: Be brief.\n", "config:\n  model: m\nsystem_prompt: Be brief.\n"),
        (
            "config:\n  model: m\n  instructions: |\n    One.\n\n    Two: x.\n",
            "config:\n  model: m\nsystem_prompt: |\n  One.\n\n  Two: x.\n",
        ),
        ("config:\n  model: m\ntopK: 5\n", "config:\n  model: m\n  topK: 5\n"),
        ("topK: 5\n", "config:\n  topK: 5\n"),
        (
            "config: {model: m, title: T, endpoint: small}\n",
            "config: {model: m}\ntitle: T\n",
        ),
    ],
)
def test_only_what_must_change_does(before: str, after: str) -> None:
    for mark in ("", "\ufeff"):
        made = repaired(mark + HEAD + before)
        assert made.refused == {}
        assert made.files[FILE].decode() == mark + HEAD + after


def test_all_is_right_afterwards() -> None:
    text = HEAD + "config: {top_k: 5, instructions: Hi, safetySettings: 1, tools: web_search, title: T, model: m}\n"
    made = repaired(text)
    assert parse(made.files[FILE], FILE) == {
        "kind": "librechat/small", "title": "T", "system_prompt": "Hi",
        "config": {"topK": 5, "web_search": True, "model": "m"},
    }  # fmt: skip
    assert len(made.problems) == 5
    assert repaired(made.files[FILE].decode()) == Fixed()


def test_of_two_prompts_the_first_is_taken_and_the_other_left() -> None:
    text = "kind: librechat/small\nconfig:\n  model: m\n  instructions: One\n  promptPrefix: Two\n"
    made = repaired(text)
    assert made.files[FILE].decode() == HEAD + "config:\n  model: m\n  promptPrefix: Two\nsystem_prompt: One\n"
    assert [problem.path for problem in made.problems] == ["config.instructions"]


def test_overrides_and_defaults_are_put_right_where_they_stand() -> None:
    text = "config: {model: m}\noverrides:\n  two:\n    config: {system: S}\n"
    made = repaired(text, **{"presetctl.yaml": PROJECT + "defaults:\n  config: {temperature: '1'}\n"})
    assert made.files["presetctl.yaml"].decode() == PROJECT + "defaults:\n  config: {temperature: 1}\n"
    assert parse(made.files[FILE], FILE) == {
        "config": {"model": "m"},
        "overrides": {"two": {"config": {}, "system_prompt": "S"}},
    }


def problem(path: Path, to: Path | None, value: Json = None, file: str = FILE) -> Problem:
    return Problem(Location(file), "", "x", "y", fix=Fix(path, to, value))


def test_a_file_that_cant_be_edited_is_refused_with_the_reason_and_the_others_are_not() -> None:
    tree = MemoryTree({FILE: "config: text\ntopK: 5\n", "presets/b.yaml": "a: 1\n"})
    made = fixed(tree, [problem(("topK",), ("config", "topK"), 5), problem(("a",), None, file="presets/b.yaml")])
    assert made.refused == {FILE: f"{FILE}: config is not a mapping, so nothing can be put there"}
    assert list(made.files) == ["presets/b.yaml"]


def test_nothing_is_read_where_nothing_can_be_fixed() -> None:
    assert fixed(MemoryTree({}), [Problem(Location("none.yaml"), "", "x", "y")]) == Fixed()


@pytest.mark.parametrize(
    ("text", "path", "to", "after"),
    [
        ("a:\n- b: 1\n", ("a", 0, "b"), ("a", 0, "c"), "a:\n- c: 1\n"),  # not found by its keys alone
        ("? a\n: 1\n", ("a",), ("b c",), "? b c\n: 1\n"),
        ("a: 1\n", ("a",), ("yes: no",), '"yes: no": 1\n'),
    ],
)
def test_keys_are_renamed_in_place(text: str, path: Path, to: Path, after: str) -> None:
    result = put_right(text.encode(), "f", [Fix(path, to, 1)])
    assert result.decode() == after


@settings(max_examples=150)
@given(st.integers(0, 2**64))
def test_whatever_the_file_a_renamed_key_is_all_that_changes(seed: int) -> None:
    random = Random(seed)
    lines = [line.text for line in Messy(random).document(random_value(random, 4))]
    data = ("\n".join(lines) + "\n").encode()
    before = parse(data, "f")
    keys = [path for path in paths(before) if path and isinstance(path[-1], str)]
    if not keys:
        return
    path = random.choice(keys)
    after = deepcopy(before)
    holder = at(after, path[:-1])
    holder["renamed"] = holder.pop(path[-1])
    result = put_right(data, "f", [Fix(path, (*path[:-1], "renamed"), at(before, path))])
    assert same(parse(result, "f"), after), (data.decode(), path, result.decode())
    if all(isinstance(step, str) for step in path):
        now = result.decode().split("\n")
        assert sum(old != new for old, new in zip([*lines, ""], now, strict=True)) == 1, (data.decode(), path)
