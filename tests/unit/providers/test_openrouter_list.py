"""The list of a large workspace, whose pages are read side by side, and may move meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import httpx

from presetctl.providers.http import HttpJson
from presetctl.providers.openrouter import LIST_READINGS, PAGE_SIZE, OpenRouterReader


class Workspace:
    """Presets by number, in the order of the list. ``moves`` are made one after the other, each after one more page."""

    def __init__(self, size: int, *, page: int = PAGE_SIZE, counted: int = 0) -> None:
        self.numbers = list(range(size))
        self.page = page
        self.counted = counted
        self.moves: list[Any] = []
        self.asked: list[int] = []
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            offset = int(request.url.params["offset"])
            self.asked.append(offset)
            shown = self.numbers[offset : offset + self.page]
            total = len(self.numbers) + self.counted
            if self.moves:
                self.moves.pop(0)()
        return httpx.Response(200, json={"data": [{"id": n, "slug": f"p-{n}"} for n in shown], "total_count": total})

    def listed(self, readers: int = 4) -> tuple[list[str], bool]:
        """What a reader makes of it: slugs in the order of the list, and whether those are all."""
        http = HttpJson("http://x.invalid", {}, timeout=5, transport=lambda: httpx.MockTransport(self))
        listing = OpenRouterReader(http, readers).list_presets()
        http.close()
        return [row.slug for row in listing.rows], listing.complete


def slugs(numbers: list[int]) -> list[str]:
    return [f"p-{number}" for number in numbers]


def test_each_page_is_read_once() -> None:
    for size in (0, 1, 99, 100, 101, 200, 250, 1_234):
        workspace = Workspace(size)
        assert workspace.listed() == (slugs(workspace.numbers), True)
        assert sorted(workspace.asked) == list(range(0, max(size, 1), PAGE_SIZE))


def test_pages_are_read_side_by_side() -> None:
    together = threading.Barrier(4, timeout=10)
    workspace = Workspace(450)
    http = HttpJson("http://x.invalid", {}, timeout=30, transport=lambda: httpx.MockTransport(answer))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["offset"] != "0":
            together.wait()  # would break if one of the four came after another one
        return workspace(request)

    assert len(OpenRouterReader(http, 4).list_presets().rows) == 450
    http.close()


def test_smaller_pages_than_asked_for_are_read_one_after_the_other() -> None:
    workspace = Workspace(170, page=30)
    assert workspace.listed() == (slugs(workspace.numbers), True)
    assert workspace.asked == [0, 30, 60, 90, 120, 150]


def test_a_count_of_more_than_there_is_costs_few_requests() -> None:
    workspace = Workspace(150, counted=10**9)
    assert workspace.listed(8) == (slugs(workspace.numbers), False)
    assert max(Counter(workspace.asked).values()) <= LIST_READINGS
    assert len(workspace.asked) <= LIST_READINGS * 10


def test_a_preset_that_goes_makes_no_other_one_be_missed() -> None:
    workspace = Workspace(250)
    # The first row goes when the first page was read: what was the 101st row is on no page that is read afterwards.
    workspace.moves = [lambda: workspace.numbers.pop(0)]
    found, complete = workspace.listed()
    assert set(found) >= set(slugs(workspace.numbers))
    assert complete
    assert len(workspace.asked) == 6


def test_a_preset_that_is_written_makes_no_other_one_be_missed() -> None:
    workspace = Workspace(250)
    workspace.moves = [lambda: workspace.numbers.insert(0, workspace.numbers.pop())]
    found, complete = workspace.listed()
    assert (sorted(found), complete) == (sorted(slugs(workspace.numbers)), True)


def test_a_new_preset_is_found() -> None:
    workspace = Workspace(250)
    workspace.moves = [lambda: workspace.numbers.insert(0, 1_000)]
    found, complete = workspace.listed()
    assert (sorted(found), complete) == (sorted(slugs(workspace.numbers)), True)


def test_a_list_that_never_rests_is_not_taken_for_whole() -> None:
    workspace = Workspace(250)
    workspace.moves = [lambda number=number: workspace.numbers.insert(0, number) for number in range(1_000, 1_100)]
    found, complete = workspace.listed()
    assert not complete
    assert len(set(found)) == len(found)
    assert len(workspace.asked) <= 4 * LIST_READINGS
