"""Whatever the file and the edits: the result says what is wanted, and no other line changes by a byte."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path as FilePath
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from presetctl.domain.change import ABSENT
from presetctl.domain.values import Path
from presetctl.load.edit_yaml import Edit, edit
from presetctl.load.edits import same
from presetctl.load.strict_yaml import parse
from tests.unit.load.messy_yaml import Line, Messy, at, random_edits, random_value

SEEDS = st.integers(0, 2**64)
PRESETS = FilePath(__file__).parents[3] / "presets"


def wanted(value: Any, edits: Sequence[Edit]) -> Any:
    holder = {"": deepcopy(value)}
    for one in edits:
        place: Any = holder
        for step, _ in zip(("", *one.path), one.path, strict=False):
            if isinstance(place, dict) and step not in place:
                place[step] = {}
            place = place[step]
        step = ("", *one.path)[-1]
        if isinstance(place, list) and step == len(place):
            place.append(one.value)
        else:
            place[step] = one.value
    return without_absent(holder[""])


def without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_absent(item) for key, item in value.items() if item is not ABSENT}
    if isinstance(value, list):
        return [without_absent(item) for item in value if item is not ABSENT]
    return value


def may_change(line: Line, edits: Sequence[Edit], lines: Sequence[Line], before: Any) -> bool:
    """Whether an edited value, or what must change with it, stands in the line."""
    if not line.text:
        return True  # below a text with a `+`, blank lines go with what stood between
    if line.text.lstrip().startswith("#"):
        return any(line.whole or line.path[: len(one.path)] == one.path for one in edits)
    for one in edits:
        target, holder = one.path, one.path[:-1]
        if line.path[: len(target)] == target or (line.whole and target[: len(line.path)] == line.path):
            return True
        if line.path == holder and is_emptied(holder, edits, before):
            return True
        if (
            one.value is ABSENT
            and any(starts(it.path, target) and it.compact for it in lines)
            and starts(line.path, holder)
        ):
            return True  # the next entry moves up to the dash
        while not exists(before, holder):
            holder = holder[:-1]
        if not exists(before, target) and line.whole and line.path == (*holder, last_step(before, holder)):
            return True  # the last one between brackets gets a comma
    return False


def starts(path: Path, start: Path) -> bool:
    return path[: len(start)] == start


def exists(value: Any, path: Path) -> bool:
    try:
        at(value, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def last_step(value: Any, path: Path) -> Any:
    here = at(value, path)
    return list(here)[-1] if isinstance(here, dict) and here else len(here) - 1 if isinstance(here, list) else None


def is_emptied(path: Path, edits: Sequence[Edit], before: Any) -> bool:
    gone = [it for it in edits if it.path[:-1] == path and it.value is ABSENT]
    return not exists(before, path) or len(gone) == len(at(before, path) or ())


def is_kept(lines: Sequence[str], result: Sequence[str]) -> bool:
    """Whether all lines are in the result, in their order."""
    rest = iter(result)
    return all(line in rest for line in lines)


@settings(max_examples=700)
@given(SEEDS)
@example(37093)  # an item that is a mapping goes, and the next one moves up to the dash
@example(2142094)  # everything between brackets goes but comments
def test_only_the_lines_of_edited_values_change(seed: int) -> None:
    random = Random(seed)
    value = random_value(random, 4)
    messy = Messy(random)
    lines = messy.document(value)
    newline = random.choice(["\n", "\n", "\r\n"])
    mark = random.choice(["", "", "\ufeff"])
    end = newline if random.random() < 0.8 else ""
    data = (mark + newline.join(line.text for line in lines) + end).encode()
    before = parse(data, "f")
    edits = random_edits(random, before)
    result = edit(data, "f", edits)
    assert same(parse(result, "f"), wanted(before, edits)), (data.decode(), edits, result.decode())
    kept = [line.text for line in lines if not may_change(line, edits, lines, before)]
    text = result.decode().removeprefix(mark)
    if not end and lines and lines[-1].whole:
        return  # a text block at the end of a file without a last line end may need another header
    assert newline == "\n" or text.count("\n") == text.count(newline)
    assert is_kept(kept, text.split(newline)), (data.decode(), edits, result.decode())
    assert data.startswith(b"\xef\xbb\xbf") is result.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("preset", sorted(PRESETS.rglob("*.yaml")), ids=lambda it: it.stem)
@settings(max_examples=40)
@given(seed=SEEDS)
def test_the_presets_of_this_repository(preset: FilePath, seed: int) -> None:
    data = preset.read_bytes()
    before = parse(data, "f")
    edits = random_edits(Random(seed), before)
    assert same(parse(edit(data, "f", edits), "f"), wanted(before, edits))


@settings(max_examples=200)
@given(SEEDS)
def test_any_value_becomes_any_other_and_nothing_to_do_changes_nothing(seed: int) -> None:
    random = Random(seed)
    data = "\n".join(line.text for line in Messy(random).document(random_value(random))).encode() + b"\n"
    other = random_value(random)
    result = edit(data, "f", [Edit((), other)])
    assert same(parse(result, "f"), other)
    assert edit(data, "f", [Edit((), parse(data, "f"))]) == data
