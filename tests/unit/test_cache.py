"""The cache by itself: what it gives back, what it refuses to believe, and that it never stands in the way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from presetctl.cache import FILE, MAX_VALUE_BYTES, FileCache, cache_folder
from presetctl.domain.errors import PresetctlError

DAY = 86_400
HELD = {f"key-{number}": b"value %d " % number * 20 for number in range(300)}


class Folder:
    """A folder for caches, and what they said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / FILE
        self.said: list[str] = []

    def open(self, day: int = 20_000, limit: int = 1 << 24) -> FileCache:
        return FileCache(self.path, self.said.append, lambda: day * DAY, limit)

    def fill(self, entries: dict[str, bytes] = HELD, day: int = 20_000) -> None:
        cache = self.open(day)
        cache.put("things", entries)
        cache.close()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "some" / "cache")


def test_what_was_put_comes_back_in_another_process(folder: Folder) -> None:
    folder.fill()
    cache = folder.open()
    assert cache.get("things", [*HELD, "another"]) == HELD
    assert cache.get("others", HELD) == {}
    assert not folder.said
    assert cache.info().entries == {"things": 300}


def test_nobody_else_can_read_it(folder: Folder) -> None:
    before = os.umask(0)
    try:
        folder.fill()
    finally:
        os.umask(before)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.file.stat().st_mode & 0o777 == 0o600


def test_the_later_value_counts(folder: Folder) -> None:
    folder.fill({"key": b"old"})
    folder.fill({"key": b"new"})
    assert folder.open().get("things", ["key"]) == {"key": b"new"}


def test_odd_keys_and_large_values_are_left_out(folder: Folder) -> None:
    folder.fill({"\ud800": b"1", "a\0b": b"2", "ü": b"3", "large": b"x" * (MAX_VALUE_BYTES + 1), "": b""})
    held = folder.open().get("things", ["\ud800", "a\0b", "a", "ü", "large", ""])
    assert held == {"a\0b": b"2", "ü": b"3", "": b""}
    assert not folder.said


@pytest.mark.parametrize("column", ["value", "key", "space", "proof"])
def test_an_entry_that_was_changed_is_not_believed(folder: Folder, column: str) -> None:
    folder.fill({"key": b"value", "other": b"another"})
    with sqlite3.connect(folder.file) as database:
        database.execute(f"UPDATE entries SET {column} = CAST(? AS {'TEXT' if column in {'key', 'space'} else 'BLOB'})"
                         " WHERE key = 'key'", (b"forged",))  # fmt: skip
    cache = folder.open()
    space, key = ("forged" if column == name else word for name, word in (("space", "things"), ("key", "key")))
    assert cache.get(space, [key]) == {}
    assert cache.get("things", ["other"]) == {"other": b"another"}
    assert len(folder.said) == 1
    assert "damaged entries" in folder.said[0]
    cache.put("things", {"key": b"value"})
    assert folder.open().get("things", ["key"]) == {"key": b"value"}


def _flip(data: bytes) -> bytes:
    return bytes(byte ^ 0x10 if position % 97 == 5 else byte for position, byte in enumerate(data))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:100],
        lambda data: data[:-1],
        lambda data: b"garbage " * 5000,
        lambda data: _flip(data),
        lambda data: data[:100] + _flip(data[100:]),
        lambda data: data[:4096] + bytes(len(data) - 4096),
        lambda data: data[:60] + b"\0\0\0\x09" + data[64:],
        lambda data: data[:68] + b"abcd" + data[72:],
    ],
    ids=["half", "header", "cut", "garbage", "flipped", "flipped-pages", "zeros", "newer", "foreign"],
)
def test_a_damaged_file_gives_nothing_wrong_and_is_told_once(folder: Folder, spoil: Callable[[bytes], bytes]) -> None:
    folder.fill()
    folder.file.write_bytes(spoil(folder.file.read_bytes()))
    cache = folder.open()
    for _ in range(2):
        held = cache.get("things", HELD)
        assert held.items() <= HELD.items()
        cache.put("things", {"new": b"value"})
    assert len(folder.said) <= 1
    assert folder.said or held == HELD
    assert all(str(folder.file) in text and "presetctl cache clear" in text for text in folder.said)


@pytest.mark.parametrize("seed", range(40))
def test_no_flipped_bit_makes_a_wrong_value(folder: Folder, seed: int) -> None:
    folder.fill()
    data = bytearray(folder.file.read_bytes())
    for step in range(1 + seed % 4):
        bit = (seed * 7919 + step * 104_729) * 31 % (len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
    folder.file.write_bytes(data)
    cache = folder.open()
    assert cache.get("things", HELD).items() <= HELD.items()
    cache.put("things", {"new": b"value"})
    assert len(folder.said) <= 1


def test_an_empty_file_is_a_new_cache(folder: Folder) -> None:
    folder.fill()
    folder.file.write_bytes(b"")
    folder.fill()
    assert folder.open().get("things", HELD) == HELD
    assert not folder.said


def test_a_folder_in_place_of_the_file_is_told_once(folder: Folder) -> None:
    folder.file.mkdir(parents=True)
    cache = folder.open()
    cache.put("things", HELD)
    assert cache.get("things", HELD) == {}
    assert len(folder.said) == 1
    assert "it is not a file" in folder.said[0]
    with pytest.raises(PresetctlError, match="it is not a file"):
        folder.open().info()
    with pytest.raises(PresetctlError, match="can't be removed"):
        folder.open().clear()


def test_a_file_in_place_of_the_folder_is_told_once(folder: Folder) -> None:
    folder.path.parent.mkdir()
    folder.path.write_text("mine")
    cache = folder.open()
    cache.put("things", HELD)
    assert cache.get("things", HELD) == {}
    assert len(folder.said) == 1
    assert folder.path.read_text() == "mine"


@pytest.mark.parametrize("path", ["path", "file"])
def test_what_others_can_write_is_not_believed(folder: Folder, path: str) -> None:
    folder.fill()
    getattr(folder, path).chmod(0o777)
    assert folder.open().get("things", HELD) == {}
    assert len(folder.said) == 1
    assert "others can write to it" in folder.said[0]


@contextmanager
def nobody() -> Iterator[int]:
    """Root may write everywhere, so that root becomes somebody else for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield os.geteuid()
    finally:
        os.seteuid(before)


def test_what_can_only_be_read_is_read() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        with nobody():
            folder = Folder(Path(place) / "cache")
            folder.fill({"a": b"1"}, day=1)  # so long ago that reading it would be noted
            folder.file.chmod(0o400)
            folder.path.chmod(0o500)
            cache = folder.open()
            assert cache.get("things", ["a"]) == {"a": b"1"}
            cache.put("things", {"b": b"2"})
            assert cache.get("things", ["a", "b"]) == {"a": b"1"}
            cache.close()
            folder.path.chmod(0o700)
    assert len(folder.said) == 1
    assert "can be read, but not written" in folder.said[0]


def test_it_stays_within_its_size_and_what_was_not_asked_for_longest_goes_first(folder: Folder) -> None:
    old = {f"old-{number}": os.urandom(1000) for number in range(200)}
    used = {f"used-{number}": os.urandom(1000) for number in range(200)}
    folder.fill(old | used, day=100)
    assert len(folder.open(day=120).get("things", used)) == 200
    cache = folder.open(day=121, limit=500_000)
    cache.put("things", {"new": b"value"})
    held = cache.get("things", [*old, *used, "new"])
    assert held.keys() >= {*used, "new"}
    assert 0 < len(held.keys() & old.keys()) < 200
    for number in range(20):
        cache.put("things", {f"more-{number}-{index}": os.urandom(1000) for index in range(100)})
    assert folder.file.stat().st_size < 1_000_000
    assert not folder.said


_WRITER = """\
import sys
from pathlib import Path
from presetctl.cache import FileCache
name, said = sys.argv[2], []
for turn in range(30):
    cache = FileCache(Path(sys.argv[1]), said.append)
    cache.put("shared", {f"{turn}-{n}": b"%d %d" % (turn, n) * 50 for n in range(20)})
    cache.put(name, {f"{turn}": name.encode()})
    for key, value in cache.get("shared", [f"{t}-{n}" for t in range(30) for n in range(20)]).items():
        turn_, n = map(int, key.split("-"))
        assert value == b"%d %d" % (turn_, n) * 50
    cache.close()
assert not said, said
"""


def test_several_processes_use_it_at_once(folder: Folder) -> None:
    running = [subprocess.Popen([sys.executable, "-c", _WRITER, str(folder.path), f"p{n}"]) for n in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert folder.open().info().entries["shared"] == 600


def test_a_writer_that_holds_it_forever_is_not_waited_for_long_and_not_told(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presetctl.cache._BUSY_SECONDS", 0.01)
    folder.fill()
    with sqlite3.connect(folder.file, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        cache = folder.open()
        assert cache.get("things", HELD) == {}
        cache.put("things", {"new": b"value"})
        other.execute("ROLLBACK")
    assert cache.get("things", HELD) == HELD
    assert not folder.said
    other.close()


def test_clearing_removes_it_and_the_next_one_starts_anew(folder: Folder) -> None:
    folder.fill()
    size = folder.file.stat().st_size
    assert folder.open().clear() == size
    assert list(folder.path.iterdir()) == []
    assert folder.open().clear() == 0
    assert folder.open().info().bytes == 0
    folder.fill()
    assert folder.open().get("things", HELD) == HELD


def test_where_it_is() -> None:
    assert cache_folder({"HOME": "/home/ada"}) == Path("/home/ada/.cache/presetctl")
    assert cache_folder({"HOME": "/home/ada", "XDG_CACHE_HOME": "/var/x"}) == Path("/var/x/presetctl")
    assert cache_folder({"HOME": "/home/ada", "XDG_CACHE_HOME": "relative"}) == Path("/home/ada/.cache/presetctl")
    assert cache_folder({"HOME": "/home/ada", "PRESETCTL_CACHE_DIR": "here"}) == Path.cwd() / "here"
    assert cache_folder({"HOME": "/home/ada", "PRESETCTL_CACHE": "Off", "PRESETCTL_CACHE_DIR": "/x"}) is None
    assert cache_folder({"HOME": "/home/ada", "PRESETCTL_CACHE": "on"}) is not None
    assert cache_folder({}) is None
