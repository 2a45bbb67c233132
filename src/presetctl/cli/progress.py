"""Progress on a terminal: one line on stderr that is written over and taken away again, and nothing elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, TypeVar

_Item = TypeVar("_Item")

FIRST_AFTER_SECONDS = 0.5
"""Work that is done sooner shows nothing."""
EVERY_SECONDS = 0.1
ESTIMATE_AFTER_SECONDS = 2.0


class Progress:
    """What is done of some work, and what is left. On anything but a terminal it costs nothing and says nothing."""

    def __init__(
        self,
        stream: IO[Any] | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._on = self._stream.isatty() and environment.get("TERM") != "dumb"
        self._clock = clock
        self._shown_at: float | None = None

    def track(self, items: Iterable[_Item], what: str, total: int) -> Iterable[_Item]:
        """The same items; on a terminal, how many of them have been asked for is shown."""
        return self._tracked(items, what, total) if self._on else items

    def _tracked(self, items: Iterable[_Item], what: str, total: int) -> Iterator[_Item]:
        start = self._clock()
        try:
            for done, item in enumerate(items, 1):
                yield item
                self._show(what, done, total, start)
        finally:
            self.clear()

    def clear(self) -> None:
        """Takes the line away, before something else is printed."""
        if self._shown_at is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown_at = None

    def _show(self, what: str, done: int, total: int, start: float) -> None:
        now = self._clock()
        due = start + FIRST_AFTER_SECONDS if self._shown_at is None else self._shown_at + EVERY_SECONDS
        if now < due:
            return
        self._stream.write(f"\r{what}: {done:,} of {total:,}{_left(now - start, done, total)}\x1b[K")
        self._stream.flush()
        self._shown_at = now


def _left(elapsed: float, done: int, total: int) -> str:
    if elapsed < ESTIMATE_AFTER_SECONDS or done >= total:
        return ""
    seconds = round(elapsed / done * (total - done))
    return f", about {seconds} s left" if seconds < 120 else f", about {seconds // 60} min left"
