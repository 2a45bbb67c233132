"""Problems that come with a fix → the files with the fixes in them. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from presetctl.diff import value_at
from presetctl.domain.change import ABSENT
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Fix, Problem
from presetctl.domain.values import Json, Path
from presetctl.load.edit_yaml import Edit, edit, rename_keys
from presetctl.load.edits import edited, same
from presetctl.load.strict_yaml import MAX_BYTES, parse
from presetctl.ports import FileTree


@dataclass(frozen=True)
class Fixed:
    """Files to write, by path; the problems that they put right; and for each file that can't be edited the reason."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def fixed(tree: FileTree, problems: Iterable[Problem]) -> Fixed:
    """All fixes that don't get in each other's way, the one that stands first before the others."""
    by_file: dict[str, list[Problem]] = {}
    for problem in sorted(problems):
        if problem.fix is not None:
            by_file.setdefault(problem.location.file, []).append(problem)
    files: dict[str, bytes] = {}
    done: list[Problem] = []
    refused: dict[str, str] = {}
    for file, found in by_file.items():
        chosen = _together(found)
        try:
            files[file] = put_right(tree.read(file, MAX_BYTES), file, [fix for _, fix in chosen])
        except InputError as error:
            refused[file] = error.message
        else:
            done += [problem for problem, _ in chosen]
    return Fixed(files, tuple(done), refused)


def _together(problems: Sequence[Problem]) -> list[tuple[Problem, Fix]]:
    """The problems whose fixes touch other places than those before them."""
    taken: set[Path] = set()
    chosen: list[tuple[Problem, Fix]] = []
    for problem in problems:
        places = {problem.fix.path, problem.fix.to} - {None} if problem.fix else set()
        if problem.fix is not None and taken.isdisjoint(places):
            taken |= {place for place in places if place is not None}
            chosen.append((problem, problem.fix))
    return chosen


def put_right(data: bytes, file: str, fixes: Sequence[Fix]) -> bytes:
    """``data`` with the fixes in it, changed as little as can be: a key that is only renamed stays where it is.

    InputError, with nothing done, where the result would not be exact.
    """
    before = parse(data, file)
    wanted = edited(before, _edits(fixes), file)
    renames = {fix.path: fix.to[-1] for fix in fixes if fix.to is not None and _renames(fix, before)}
    renamed = rename_keys(data, {path: str(name) for path, name in renames.items()})
    try:
        result = edit(renamed, file, _edits(fix for fix in fixes if fix.path not in renames))
        if same(parse(result, file), wanted):
            return result
    except InputError:  # the other way may do
        pass
    return edit(data, file, _edits(fixes))


def _edits(fixes: Iterable[Fix]) -> list[Edit]:
    edits: list[Edit] = []
    for fix in fixes:
        if fix.to != fix.path:
            edits.append(Edit(fix.path, ABSENT))
        if fix.to is not None:
            edits.append(Edit(fix.to, fix.value))
    return edits


def _renames(fix: Fix, value: Json) -> bool:
    """Whether a fix gives a key another name and leaves its value where it is."""
    in_place = fix.to is not None and fix.to != fix.path and fix.to[:-1] == fix.path[:-1]
    return in_place and same(value_at(value, fix.path), fix.value)
