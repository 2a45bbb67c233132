"""Ctrl-C and SIGTERM: the first one lets what is under way finish, the second one abandons it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from presetctl.cli.console import say

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TerminatedError(KeyboardInterrupt):
    """SIGTERM came: like Ctrl-C, with an exit code of its own."""


def exit_code_of(interrupt: BaseException | None) -> int:
    """128 and the number of the signal: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (signal.SIGTERM if isinstance(interrupt, TerminatedError) else signal.SIGINT)


class Stop:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.interrupt: KeyboardInterrupt | None = None

    def __call__(self) -> bool:
        return self.interrupt is not None

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """The handler of both signals."""
        again = self()
        self.interrupt = TerminatedError() if number == signal.SIGTERM else KeyboardInterrupt()
        if again:
            raise self.interrupt
        say("Stopping: what is under way is finished first. The same again abandons it.")


@contextmanager
def finishing_first() -> Iterator[Stop]:
    """While this is open, the first signal only sets the Stop."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield stop
        return
    before = [signal.signal(number, stop.signalled) for number in _SIGNALS]
    try:
        yield stop
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
