"""One applier among several: a process of its own, forked from one that has read the program already."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import presetctl.cli.apply
import presetctl.providers.registry  # noqa: F401 - what an apply loads on its way is loaded before it's forked
from presetctl.cli.main import run
from presetctl.load import gitlock


def apply(folder: Path, words: Sequence[str], environment: Mapping[str, str], told: Path, together: Barrier) -> None:
    """Runs a command in ``folder`` once all are ready. What it tells goes to ``told``, its exit code is its own."""
    gitlock.PAUSES = (0.3,) * 5  # whoever waits for a lock looks again soon
    os.chdir(folder)
    os.environ.update(environment)
    for descriptor, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(told.with_suffix(suffix), os.O_WRONLY | os.O_CREAT), descriptor)
    together.wait()
    sys.exit(run(words))
