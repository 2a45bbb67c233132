"""Kills the process that starts with this on its path: just before its Nth step.

A step is whatever lasts: a file that is opened to be written, synced, renamed, removed or given its permissions, a
folder, a statement that changes a database, and a program that is started, unless it only looks. The environment says
which one, and where the steps are noted.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

_ROOT = os.environ["KILLING_ROOT"]
_AT = int(os.environ["KILLING_AT"])
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "os.link", "os.symlink"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_COMMAND = re.compile("[a-z][a-z-]+")
_READS = ("SELECT", "PRAGMA", "BEGIN", "ROLLBACK")
_LOOKS = {
    "cat-file",
    "diff",
    "for-each-ref",
    "log",
    "ls-remote",
    "ls-tree",
    "merge-base",
    "remote",
    "rev-parse",
    "status",
    "symbolic-ref",
}

_note = os.open(os.environ["KILLING_NOTE"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
_lock = threading.Lock()
_done = 0


def _step(what: str) -> None:
    global _done
    with _lock:
        _done += 1
        os.write(_note, f"{what}\n".encode())
        if _done == _AT:
            os.kill(os.getpid(), signal.SIGKILL)


def _here(path: Any) -> bool:
    return isinstance(path, int) or Path(os.fsdecode(path)).absolute().is_relative_to(_ROOT)


def _statement(text: str) -> None:
    if not text.lstrip().upper().startswith(_READS):
        _step(f"sqlite {text.split()[0]}")


def _audit(event: str, args: tuple[Any, ...]) -> None:
    written = event == "open" and args[2] & _WRITES and not isinstance(args[0], int)
    if (written or event in _CHANGES) and _here(args[0]):
        _step(event)
    elif event == "subprocess.Popen":
        command = next((word for word in args[1][1:] if _COMMAND.fullmatch(word)), "")
        if command not in _LOOKS:
            _step(f"start {command}")


def _connected(*words: Any, **more: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect(*words, **more)
    connection.set_trace_callback(_statement)
    return connection


_fsync, _connect = os.fsync, sqlite3.connect


def _synced(descriptor: Any) -> None:
    _step("fsync")
    _fsync(descriptor)


os.fsync = _synced  # type: ignore[assignment]
sqlite3.connect = _connected  # type: ignore[assignment]
sys.addaudithook(_audit)
