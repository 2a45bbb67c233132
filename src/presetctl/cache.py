"""The cache: what was found out once and can be found out again, kept in one SQLite file in the user's cache folder.

Nothing depends on it. Whatever is wrong with it, the answer is "not known", and a word about it is said once. It is
never executed (no pickle), holds no secret, and is bounded: what wasn't asked for longest goes first.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Final

from presetctl.domain.errors import PresetctlError

FOLDER_VARIABLE: Final = "PRESETCTL_CACHE_DIR"
SWITCH_VARIABLE: Final = "PRESETCTL_CACHE"
FILE: Final = "cache.sqlite3"
MAX_BYTES: Final = 256 * 1024 * 1024
"""How large the file may be after a write; a quarter of the entries goes at once where it would be larger."""
MAX_VALUE_BYTES: Final = 4 * 1024 * 1024

_OFF: Final = frozenset({"off", "no", "false", "0"})
_FORMAT: Final = 1
_APPLICATION: Final = 0x50434331  # "PCC1"
_BUSY_SECONDS: Final = 5.0
_AT_ONCE: Final = 500  # of the variables of one statement; old builds of SQLite take no more than 999
_PAGES_KIB: Final = 256  # of the file in memory: each entry is asked for once, so that more would be kept for nothing
_DAY_SECONDS: Final = 86_400
_FRESH_DAYS: Final = 7
_TABLE: Final = """\
CREATE TABLE entries (
  space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, proof BLOB NOT NULL, used INTEGER NOT NULL,
  UNIQUE (space, key)
)"""
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """Where the cache is: PRESETCTL_CACHE_DIR, or ``presetctl`` in the user's cache folder.

    None where PRESETCTL_CACHE says ``off``, or there is no home to put it in.
    """
    if environment.get(SWITCH_VARIABLE, "").lower() in _OFF:
        return None
    if named := environment.get(FOLDER_VARIABLE):
        return Path(named).absolute()
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():  # as the XDG specification has it: a relative one is ignored
        return base / "presetctl"
    home = Path(environment.get("HOME", ""))
    return home / ".cache" / "presetctl" if home.is_absolute() else None


@dataclass(frozen=True, slots=True)
class Info:
    """What a cache holds: the bytes of its file, and the number of entries of each space."""

    bytes: int
    entries: Mapping[str, int]


class _UnusableError(Exception):
    """A cache that is not to be used; the text says why."""


class FileCache:
    """The cache in ``folder``, a presetctl.ports.Cache.

    A space is a table of its own by name: ``get`` and ``put`` take many keys at once, which is what makes them fast
    (10,000 take a twentieth of a second), and never raise. Keys say all that the value depends on, with the version
    of presetctl that made it where its meaning may change: there is no other way in which an entry becomes invalid.
    Values are any bytes; each is kept with a digest of space, key and value, and given back only if that holds.

    May be used from several threads, and by several processes at once. The file is opened by the first use. ``say``
    is called with at most one sentence for people, where the cache can't be used or written.
    """

    def __init__(
        self, folder: Path, say: Callable[[str], None], now: Callable[[], float] = time.time, limit: int = MAX_BYTES
    ) -> None:
        self.file = folder / FILE
        self._say = say
        self._today = int(now()) // _DAY_SECONDS
        self._limit = limit
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._reads = self._writes = True
        self._said = False

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The values of those ``keys`` that are known, by key."""
        found: dict[str, bytes] = {}
        with self._lock, self._forgiving():
            if self._reads:
                self._read_into(found, space, keys)
        return found

    def put(self, space: str, entries: Mapping[str, bytes]) -> None:
        """Keeps ``entries``, by key, in one transaction: give it as many as there are."""
        rows = [
            (space, key, value, _proof(space, key, value), self._today)
            for key, value in entries.items()
            if len(value) <= MAX_VALUE_BYTES and _is_text(key)
        ]
        with self._lock, self._forgiving():
            if rows and self._writes:
                self._write(rows)

    def close(self) -> None:
        """Closes the file; more than once does no harm."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._reads, self._writes = None, False, False

    def info(self) -> Info:
        """What it holds; nothing where there is no file yet. PresetctlError where it can't be used."""
        with self._lock:
            try:
                if not self.file.exists():
                    return Info(0, {})
                rows = self._open().execute("SELECT space, count(*) FROM entries GROUP BY space ORDER BY space")
                return Info(self.file.stat().st_size, {str(space): int(count) for space, count in rows})
            except (_UnusableError, sqlite3.Error, OSError) as error:
                raise PresetctlError(
                    f"the cache {self.file} can't be used: {_reason(error)}",
                    hint="`presetctl cache clear` removes it; nothing is lost but time",
                ) from error

    def clear(self) -> int:
        """Removes the file, and gives the bytes that it had. PresetctlError where it can't be removed."""
        self.close()
        try:
            size = self.file.lstat().st_size if os.path.lexists(self.file) else 0
            for path in (self.file, *(self.file.with_name(FILE + end) for end in ("-journal", "-wal", "-shm"))):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise PresetctlError(f"the cache {self.file} can't be removed: {error.strerror}") from error
        return size

    def _read_into(self, found: dict[str, bytes], space: str, keys: Iterable[str]) -> None:
        stale, wanted = list[str](), filter(_is_text, keys)
        connection = self._open()
        while some := list(islice(wanted, _AT_ONCE)):
            query = f"SELECT key, value, proof, used FROM entries WHERE space = ? AND key IN ({_marks(some)})"  # noqa: S608 - only ?s
            for key, value, proof, used in connection.execute(query, (space, *some)):
                if not isinstance(value, bytes) or proof != _proof(space, key, value):
                    self._tell("has damaged entries, which are not used")
                    continue
                found[key] = value
                if not isinstance(used, int) or self._today - used >= _FRESH_DAYS:
                    stale.append(key)
        if stale and self._writes:
            with _transaction(connection):
                for key in stale:
                    connection.execute(
                        "UPDATE entries SET used = ? WHERE space = ? AND key = ?", (self._today, space, key)
                    )

    def _write(self, rows: list[tuple[str, str, bytes, bytes, int]]) -> None:
        connection = self._open()
        with _transaction(connection):
            connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", rows)
            while self._size(connection) > self._limit and (count := _number(connection, _COUNT)):
                oldest = "SELECT rowid FROM entries ORDER BY used, rowid LIMIT ?"
                connection.execute(f"DELETE FROM entries WHERE rowid IN ({oldest})", (count // 4 + 1,))  # noqa: S608 - fixed

    def _size(self, connection: sqlite3.Connection) -> int:
        used = _number(connection, "PRAGMA page_count") - _number(connection, "PRAGMA freelist_count")
        return used * _number(connection, "PRAGMA page_size")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            _prepare(self.file)
            connection = sqlite3.connect(
                self.file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                _check(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Whatever goes wrong with the file is told, and ends here."""
        try:
            yield
        except (_UnusableError, sqlite3.Error, OSError) as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code in _BUSY:  # another process writes: what it keeps or hides can be found out again
                return
            read_only = code is not None and code & 0xFF == sqlite3.SQLITE_READONLY
            self._tell("can be read, but not written" if read_only else f"is not used: {_reason(error)}")
            self._writes = False
            self._reads = self._reads and read_only

    def _tell(self, what: str) -> None:
        if not self._said:
            self._said = True
            self._say(f"The cache {self.file} {what}. `presetctl cache clear` removes it.")


_COUNT: Final = "SELECT count(*) FROM entries"


def _prepare(file: Path) -> None:
    """Makes folder and file if they are missing, for nobody else's eyes. A place that others can write is refused."""
    if not file.parent.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (file.parent, file):
        with suppress(FileNotFoundError):
            status = path.stat()
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise _UnusableError(f"{path} belongs to somebody else, or others can write to it")
    if file.exists() and not file.is_file():
        raise _UnusableError("it is not a file")
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _check(connection: sqlite3.Connection) -> None:
    """Makes the table in an empty file. _UnusableError for what another program made, or a newer presetctl."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA cache_size = -{_PAGES_KIB}")
    if _number(connection, "PRAGMA schema_version") == 0:
        _create(connection)
    if _number(connection, "PRAGMA application_id") != _APPLICATION:
        raise _UnusableError("it is a database of another program")
    if _number(connection, "PRAGMA user_version") != _FORMAT:
        raise _UnusableError("another version of presetctl made it")


def _create(connection: sqlite3.Connection) -> None:
    with _transaction(connection):
        if _number(connection, "PRAGMA schema_version") == 0:  # another process may have been faster
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_FORMAT}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, query: str) -> int:
    with closing(connection.execute(query)) as cursor:
        return int(cursor.fetchone()[0])


def _proof(space: str, key: str, value: bytes) -> bytes:
    place, name = space.encode(), key.encode()
    return hashlib.sha256(b"%d %d %b%b%b" % (len(place), len(name), place, name, value)).digest()


def _is_text(key: str) -> bool:
    """Whether a key can be written; halves of surrogate pairs, which a remote's JSON may hold, can't."""
    return key.isascii() or not any("\ud800" <= character <= "\udfff" for character in key)


def _marks(items: list[str]) -> str:
    return ",".join("?" * len(items))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
