"""How retries wait: each longer than the one before, never shorter than the remote asks for, within a budget."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
_SLICE_SECONDS = 0.25
"""How soon a wait notices that somebody asked to stop."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What waiting is. Tests hand in a clock of their own."""

    sleep: Callable[[float], object] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class Waits:
    """The waits of one operation; ``budget`` is the seconds that are left for all of them together.

    ``stopping`` ends a wait early where it says so.
    """

    pause: Pause
    budget: float
    stopping: Callable[[], bool] | None = None
    number: int = 0

    def wait(self, asked: float | None) -> bool:
        """Waits before the next try.

        The pause is a growing one of our own, cut to what is left, or the ``asked`` seconds of the remote where those
        are more. False, without waiting, where the remote asks for more than is left.
        """
        if asked is not None and asked > self.budget:
            return False
        own = min(FIRST_PAUSE_SECONDS * 2**self.number, LONGEST_PAUSE_SECONDS) * (0.5 + self.pause.jitter() / 2)
        seconds = max(asked or 0.0, min(own, self.budget))
        self.number += 1
        self.budget -= seconds
        self._sleep(seconds)
        return True

    def _sleep(self, seconds: float) -> None:
        if self.stopping is None:
            self.pause.sleep(seconds)
            return
        while seconds > 0 and not self.stopping():
            self.pause.sleep(min(seconds, _SLICE_SECONDS))
            seconds -= _SLICE_SECONDS
