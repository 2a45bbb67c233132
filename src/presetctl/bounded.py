"""Reading a file that may be anything: it never waits, and never takes more than its limit."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, links followed.

    FileNotFoundError or another OSError where it can't be read, ValueError where it is something else than a file, or
    has more than ``limit`` bytes; its text says which.
    """
    # O_NONBLOCK: opening a named pipe would otherwise wait until somebody writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", closefd=True) as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a regular file")
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"has more than {limit // 1024 // 1024} MiB")
    return data
