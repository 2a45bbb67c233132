"""Annotations of GitHub Actions."""

from __future__ import annotations

import pytest

from presetctl.report.github import PER_LEVEL, problems_commands, problems_log
from tests.hostile import EVERY, UNREADABLE, executed
from tests.unit.report.examples import HOSTILE, problem


def test_an_annotation_stands_at_its_place() -> None:
    found = problem("`x` is wrong", suggestion="write y")
    assert problems_commands([found]) == (
        "::error file=presets/a.yaml,line=2,col=3,title=a-rule::`x` is wrong → write y"
    )


def test_nothing_found_is_no_command() -> None:
    assert problems_commands([]) == ""


@pytest.mark.parametrize(
    ("message", "data"),
    [
        ("a\n::error::owned", r"a\n::error::owned"),
        ("a\r\n::set-env name=X::y", r"a\u{d}\n::set-env name=X::y"),
        ("a%0A::error::owned", "a%250A::error::owned"),
        ("100 %, a: b", "100 %25, a: b"),
        ("\x1b[31m\u202ea", r"\u{1b}[31m\u{202e}a"),
    ],
)
def test_a_message_cannot_start_another_command(message: str, data: str) -> None:
    assert problems_commands([problem(message)]).partition("title=a-rule::")[2] == data


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("presets/a,line=9,title=x.yaml", "presets/a%2Cline=9%2Ctitle=x.yaml"),
        ("presets/a::owned.yaml", "presets/a%3A%3Aowned.yaml"),
        ("presets/a\n::error::b.yaml", r"presets/a\n%3A%3Aerror%3A%3Ab.yaml"),
        ("presets/50%3A.yaml", "presets/50%253A.yaml"),
    ],
)
def test_a_file_name_cannot_leave_its_property(file: str, shown: str) -> None:
    command = problems_commands([problem(file=file)])
    assert command == f"::error file={shown},line=2,col=3,title=a-rule::is wrong"


def test_hostile_problems_are_one_command_each() -> None:
    found = [problem(HOSTILE, file=HOSTILE, rule=HOSTILE, suggestion=HOSTILE)] * 3
    lines = problems_commands(found).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("::error file=") for line in lines)


@pytest.mark.parametrize(("number", "shown", "rest"), [(10, 10, 0), (11, 9, 2), (500, 9, 491)])
def test_what_is_beyond_the_limit_of_a_level_is_counted(number: int, shown: int, rest: int) -> None:
    found = [problem(str(n)) for n in range(number)] + [problem("w", severity="warning")]
    lines = problems_commands(found).split("\n")
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == min(number, PER_LEVEL)
    assert [line for line in errors if "file=" in line] == errors[:shown]
    if rest:
        last = f"::error title=presetctl::{rest} more of this level; the log of this step has all"
        assert errors[-1] == last
    assert lines[-1].startswith("::warning file=")


def test_the_log_has_every_problem_where_the_runner_looks_for_no_commands() -> None:
    found = [problem(f"x{n}") for n in range(12)]
    lines = problems_log(found, "t0ken").split("\n")
    assert lines[10] == "::stop-commands::t0ken"
    assert [line.partition(" [")[0] for line in lines[11:-1]] == [f"presets/a.yaml:2:3: error: x{n}" for n in range(12)]
    assert lines[-1] == "::t0ken::"
    assert problems_log([], "t0ken") == ""


def test_no_hostile_text_is_carried_out() -> None:
    texts = [*EVERY, *UNREADABLE, "\n::t0ken::\n::error::x"]
    for text in texts:
        log = problems_log([problem(text, file=text, rule=text, path=text, suggestion=text)], "t0ken2")
        (command,) = executed(log)
        assert command.startswith("::error file=")
