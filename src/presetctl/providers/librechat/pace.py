"""How logins follow each other: as far apart as the server's limiter wants them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

_LONGEST_WINDOW_SECONDS = 3600.0
_DIGITS_OF_A_TIME = 12


class Pace:
    """Lets the logins of one command wait before the server has to refuse them: it counts refusals, and bans for many.

    One of a command is enough: waiting too long for another server does no harm.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._free_at = 0.0

    def wait(self) -> float:
        """The seconds until the next login is let in, as far as the server told."""
        return max(0.0, min(self._free_at - self._clock(), _LONGEST_WINDOW_SECONDS))

    def note(self, headers: Mapping[str, str]) -> None:
        """Takes note of what the reply to a login says of the next one, in its headers."""
        left, reset = (headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
        if left == "0" and reset.isdigit() and len(reset) <= _DIGITS_OF_A_TIME:
            self._free_at = float(reset)
