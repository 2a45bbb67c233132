"""How retries wait: each longer than the one before, never shorter than the remote asks for, within a budget."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pause:
    """What waiting is. Tests hand in a clock of their own."""

    sleep: Callable[[float], object] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class Waits:
    """The waits of one operation; ``budget`` is the seconds that are left for all of them together."""

    pause: Pause
    budget: float
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
        self.pause.sleep(seconds)
        return True
