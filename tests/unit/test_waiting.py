"""Waits grow, are never shorter than asked for, and stay within their budget."""

from __future__ import annotations

import pytest

from presetctl.waiting import LONGEST_PAUSE_SECONDS, Pause, Waits


def waited(budget: float, *asked: float | None, jitter: float = 1.0) -> tuple[list[bool], list[float]]:
    slept: list[float] = []
    waits = Waits(Pause(slept.append, lambda: jitter), budget)
    return [waits.wait(seconds) for seconds in asked], slept


@pytest.mark.parametrize(
    ("budget", "asked", "slept"),
    [
        (60, [None] * 4, [0.5, 1, 2, 4]),
        (60, [7, None, 3], [7, 1, 3]),
        (60, [0, 0], [0.5, 1]),
        (1, [None] * 4, [0.5, 0.5, 0, 0]),
        (0, [None, 0], [0, 0]),
        (60, [60, None], [60, 0]),
    ],
)
def test_what_is_waited(budget: float, asked: list[float | None], slept: list[float]) -> None:
    assert waited(budget, *asked) == ([True] * len(asked), slept)


def test_more_than_is_left_is_not_waited_for() -> None:
    assert waited(60, 61) == ([False], [])
    assert waited(60, 40, 21, 20) == ([True, False, True], [40, 20])


def test_own_pauses_have_a_longest_and_are_spread() -> None:
    slept = waited(10_000, *[None] * 20, jitter=0.0)[1]
    assert slept[:3] == [0.25, 0.5, 1]
    assert max(slept) == slept[-1] == LONGEST_PAUSE_SECONDS / 2


def test_a_wait_ends_where_somebody_asks_to_stop() -> None:
    slept: list[float] = []
    waits = Waits(Pause(slept.append), 60, stopping=lambda: len(slept) == 3)
    assert waits.wait(10)
    assert slept == [0.25] * 3
    assert Waits(Pause(slept.append), 60, stopping=lambda: False).wait(0.6)
    assert sum(slept[3:]) == pytest.approx(0.6)
