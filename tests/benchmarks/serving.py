"""The emulator in a process of its own: workspaces of several sizes, and empty ones to apply to.

``python -m tests.benchmarks.serving SIZE…`` prints its URL, then answers each line of standard input with one line:
``latency SECONDS`` sets the latency, ``count`` tells how many requests came since it was asked last.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks import corpus

EMPTY = 40


@dataclass
class Emulated:
    """A running emulator, and the keys of its workspaces."""

    url: str
    process: subprocess.Popen[str]
    used: int = 0

    @staticmethod
    def key(size: int) -> str:
        """The key of the workspace with ``size`` presets."""
        return f"key-{size}"

    def empty(self) -> str:
        """The key of a workspace that nobody has used yet."""
        self.used += 1
        return f"empty-{self.used}"

    def set_latency(self, seconds: float) -> None:
        """Holds every answer back from now on."""
        self._ask(f"latency {seconds}")

    def count(self) -> int:
        """How many requests came since this was asked last."""
        return int(self._ask("count"))

    def _ask(self, line: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


@contextmanager
def emulated(*sizes: int) -> Iterator[Emulated]:
    """An emulator with one workspace of each size while the block runs."""
    command = [sys.executable, "-m", __name__, *map(str, sizes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Emulated(process.stdout.readline().strip(), process)
        finally:
            process.kill()


def main(sizes: list[int]) -> None:
    """Serves until standard input ends."""
    from presetctl.emulator.app import KeyGrant, create_app
    from presetctl.emulator.server import serve

    grants = [KeyGrant(Emulated.key(size), f"size-{size}") for size in sizes]
    grants += [KeyGrant(f"empty-{number}", f"empty-{number}") for number in range(1, EMPTY + 1)]
    with create_app(keys=grants) as app, serve(app) as url:
        for size in sizes:
            for number in range(size):
                app.dashboard_save(f"size-{size}", corpus.slug(number), corpus.config(number), corpus.prompt(number))
        print(url, flush=True)
        for line in sys.stdin:
            word, *rest = line.split()
            if word == "latency":
                app.latency = float(rest[0])
            print(len(app.requests), flush=True)
            app.requests.clear()


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
