"""Runs commands and takes their measure, in turn: what slows the machine for a while slows all of them.

Linux counts the memory of the process that starts a command towards the command's peak. So that one stays small: the
emulator runs elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

TIMEOUT_SECONDS = 900.0
_FACTS = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR")
_SAID = 2000


class BenchmarkError(Exception):
    """A command did something else than what was to be measured."""


def _nothing() -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Work:
    """A command to be measured.

    ``before`` is called before each run, unmeasured, and gives variables for it. ``rounds`` is how often at most it's
    run, where it's slow. ``exit_code`` is the only one that counts as success.
    """

    name: str
    command: Sequence[str]
    folder: Path
    before: Callable[[], Mapping[str, str]] = _nothing
    rounds: int = 1_000
    exit_code: int = 0


@dataclass(frozen=True)
class Sample:
    """One run: wall time and CPU time in seconds, peak memory in MB, and the digest of what was printed."""

    wall: float
    cpu: float
    memory: float
    printed: str


@dataclass(frozen=True)
class Series:
    """The runs of one work, in the order of the rounds."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    def median(self, of: str) -> float:
        """The median of ``wall``, ``cpu`` or ``memory``."""
        return statistics.median(self.all(of))

    def all(self, of: str) -> list[float]:
        """``wall``, ``cpu`` or ``memory`` of every run."""
        return [float(getattr(sample, of)) for sample in self.samples]


def measure(works: Sequence[Work], rounds: int) -> dict[str, Series]:
    """Runs every work once, then every one again, and so on. BenchmarkError where one fails.

    Where there are several rounds, one that doesn't count goes before them: it reads files that nobody read yet.
    """
    series = {work.name: Series(work.name) for work in works}
    for work in works if rounds > 1 else ():
        if work.rounds >= rounds:
            run(work)
    for turn in range(rounds):
        for work in works:
            if turn < work.rounds:
                series[work.name].samples.append(run(work))
    return series


def run(work: Work) -> Sample:
    """Runs one work once."""
    environment = {name: os.environ[name] for name in _FACTS if name in os.environ}
    environment |= {"HOME": str(work.folder), "NO_COLOR": "1", "CHECKPOINT_DISABLE": "1", **work.before()}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            work.command, cwd=work.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=said
        )
        usage = _wait(process)
        wall = time.perf_counter() - begin
        printed, told = _content(out.fileno()), _content(said.fileno())
    if process.returncode != work.exit_code:
        text = (printed + told)[-_SAID:].decode(errors="replace")
        raise BenchmarkError(f"{work.name}: exit code {process.returncode}, not {work.exit_code}\n{text}")
    cpu = usage.ru_utime + usage.ru_stime
    return Sample(wall, cpu, usage.ru_maxrss / 1024, hashlib.sha256(printed).hexdigest())


def _wait(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """What the process used, with those that it started and waited for. One that doesn't end is killed."""
    timer = Timer(TIMEOUT_SECONDS, process.kill)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def _content(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), "rb") as copy:
        return copy.read()
