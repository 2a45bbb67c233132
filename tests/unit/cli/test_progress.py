"""Progress: on a terminal only, and gone again before anything else is printed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from presetctl.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def shown(terminal: Terminal) -> list[str]:
    """The states of the line, oldest first; empty ones are taken away."""
    return [part.replace("\x1b[K", "") for part in terminal.getvalue().split("\r")[1:]]


def run(total: int, seconds_each: float, terminal: io.StringIO, environment: dict[str, str] | None = None) -> list[int]:
    clock, found = Clock(), list[int]()
    for item in Progress(terminal, environment or {}, clock).track(range(total), "Reading", total):
        found.append(item)
        clock.now += seconds_each
    return found


def test_long_work_shows_how_far_it_is_and_how_long_it_takes() -> None:
    terminal = Terminal()
    assert run(4, 1.0, terminal) == [0, 1, 2, 3]
    assert shown(terminal) == [
        "Reading: 1 of 4", "Reading: 2 of 4, about 2 s left", "Reading: 3 of 4, about 1 s left", "Reading: 4 of 4", "",
    ]  # fmt: skip


def test_longer_work_is_told_in_minutes_and_large_numbers_can_be_read() -> None:
    terminal = Terminal()
    run(2000, 5.0, terminal)
    assert "Reading: 1,000 of 2,000, about 83 min left" in shown(terminal)


def test_short_work_shows_nothing_and_the_line_is_not_written_all_the_time() -> None:
    terminal = Terminal()
    run(40, 0.01, terminal)
    assert terminal.getvalue() == ""
    run(200, 0.01, terminal)
    assert len(shown(terminal)) < 20


@pytest.mark.parametrize(("stream", "environment"), [(io.StringIO(), {}), (Terminal(), {"TERM": "dumb"})])
def test_where_there_is_no_terminal_there_is_nothing(stream: io.StringIO, environment: dict[str, str]) -> None:
    items = [1, 2]
    assert Progress(stream, environment).track(items, "Reading", 2) is items
    assert run(4, 1.0, stream, environment) == [0, 1, 2, 3]
    assert stream.getvalue() == ""


def test_the_line_is_taken_away_when_the_work_fails() -> None:
    terminal, clock = Terminal(), Clock()

    def broken() -> Iterator[int]:
        for number in range(2):
            clock.now += 1
            yield number
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(Progress(terminal, {}, clock).track(broken(), "Reading", 3))
    assert shown(terminal)[0].startswith("Reading: 1 of 3")
    assert shown(terminal)[-1] == ""
