"""In what state the cache is that commands find: PRESETCTL_TEST_CACHE names one of MODES, and nothing may change by it.

Every test has a cache of its own. ``cold``: as the test's commands leave it. ``warm``: it knows the files already.
``damaged``: it did, and then something happened to it. ``shared``: another process reads and writes in it all the time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest

from presetctl.cache import FILE
from presetctl.cli.main import run

MODES = ("cold", "warm", "damaged", "shared")
MODE = os.environ.get("PRESETCTL_TEST_CACHE", "cold")  # read before the tests' own environment is cleaned
assert MODE in MODES, MODE
only_cold = pytest.mark.skipif(MODE != "cold", reason="it says itself what the cache knows")
"""For tests of the cache itself."""
WORD = re.compile(r"^The cache \S+ .*\. `presetctl cache clear` removes it\.\n", re.MULTILINE)


def folder() -> Path:
    """The folder of the cache of the test that runs."""
    return Path(os.environ["PRESETCTL_CACHE_DIR"])


def prepare() -> None:
    """Brings the cache into its state, before a command that runs in this folder."""
    if MODE in {"warm", "damaged"}:
        run(["validate"])
    if MODE == "damaged" and (folder() / FILE).is_file():
        next(DAMAGES)(folder() / FILE)
    if MODE == "shared":
        Other.started().visit(folder())


def without_word(said: str) -> str:
    """What a command said, less the one word on a damaged cache."""
    return WORD.sub("", said, count=1) if MODE == "damaged" else said


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for position in range(200, len(data), 211):
        data[position] ^= 1 << position % 8
    file.write_bytes(data)


def _swap(file: Path) -> None:
    """Gives every entry the value of another one: the file is a sound one."""
    import sqlite3

    with sqlite3.connect(file, isolation_level=None) as database:
        rows = database.execute("SELECT rowid, value FROM entries").fetchall()
        for (row, _), (_, value) in zip(rows, [*rows[1:], *rows[:1]], strict=True):
            database.execute("UPDATE entries SET value = ? WHERE rowid = ?", (value, row))
    database.close()


def _be_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _be_newer(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:60] + (99).to_bytes(4, "big") + data[64:])


def _anew(file: Path) -> None:
    """Starts over, so that the next damage is done to a sound one."""
    shutil.rmtree(file.parent)


def _be_garbage(file: Path) -> None:
    file.write_bytes(b"garbage " * 999)


DAMAGES = cycle([_cut, _anew, _flip, _anew, _swap, _be_garbage, _anew, _be_newer, _anew, _be_a_folder])

_OTHER = """\
import sys, threading, time
from pathlib import Path
from presetctl.cache import FileCache
places = []
def listen():
    for line in sys.stdin:
        places.append(line.rstrip("\\n"))
    places.append(None)
threading.Thread(target=listen, daemon=True).start()
turn = 0
while not places:
    time.sleep(0.01)
while places[-1] is not None:
    cache = FileCache(Path(places[-1]), lambda text: None)
    while places[-1] == str(cache.file.parent):
        turn += 1
        time.sleep(0.01)  # it is to be in the way, not to take the whole machine
        cache.put("declarations", {f"{turn % 50}-{n}": b"%d" % turn * 300 for n in range(20)})
        cache.get("declarations", [f"{turn % 50}-{n}" for n in range(20)])
    cache.close()
"""


class Other:
    """Another process that is at work in the same cache."""

    _running: Other | None = None

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _OTHER], stdin=subprocess.PIPE, text=True)

    @classmethod
    def started(cls) -> Other:
        """The one of this session of tests. It ends with it, when nobody tells it anything any more."""
        if cls._running is None or cls._running._process.poll() is not None:
            cls._running = cls()
        return cls._running

    def visit(self, place: Path) -> None:
        """Has it work in another cache."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{place}\n")
        self._process.stdin.flush()
