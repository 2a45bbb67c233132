"""The SQLite file below the emulator: opened, checked, and used by one thread at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock

from presetctl.emulator.errors import UnusableDatabaseError

SCHEMA_VERSION = 1
_BUSY_SECONDS = 30.0


@dataclass(frozen=True)
class Layout:
    """What a database holds: its tables, and the number in the file's header that says whose database it is."""

    application_id: int
    tables: tuple[str, ...]


_OPENROUTER = (
    """CREATE TABLE presets (
        id TEXT PRIMARY KEY,
        workspace TEXT NOT NULL,
        slug TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('active', 'disabled', 'archived')),
        designated TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        status_updated_at TEXT,
        touched INTEGER NOT NULL UNIQUE,
        UNIQUE (workspace, slug)
    )""",
    # The status is in it so that counting and skipping rows needs the index alone.
    """CREATE INDEX presets_listed ON presets (workspace, updated_at DESC, touched DESC, status)
        WHERE status <> 'archived'""",
    """CREATE TABLE versions (
        id TEXT PRIMARY KEY,
        preset TEXT NOT NULL REFERENCES presets (id),
        version INTEGER NOT NULL,
        system_prompt TEXT,
        config TEXT NOT NULL,
        created_at TEXT NOT NULL,
        UNIQUE (preset, version)
    )""",
)
OPENROUTER = Layout(0x70726573, _OPENROUTER)  # "pres"


class Database:
    """One connection, shared by all threads behind a lock; other processes may have the same file open.

    UnusableDatabaseError if ``path`` can't be opened, is damaged, newer than this program, or something else's.
    """

    def __init__(self, path: str | os.PathLike[str], layout: Layout = OPENROUTER) -> None:
        self._layout = layout
        self._lock = RLock()
        self._name = os.fspath(path)
        try:
            self._connection = sqlite3.connect(
                self._name, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        try:
            self._open()
        except sqlite3.Error as error:
            self.close()
            raise self._unusable(error) from None
        except UnusableDatabaseError:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection; more than once does no harm."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection within one consistent view."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection within a transaction that no other writer shares; rolled back by any exception."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has rolled back already
                    self._connection.execute("ROLLBACK")
                raise

    def _open(self) -> None:
        self._connection.row_factory = sqlite3.Row
        if self._is_new():
            self._create()
        self._check()
        if self._name != ":memory:":
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def _create(self) -> None:
        with self.writing() as connection:
            if self._is_new():  # another process may have been faster
                for statement in self._layout.tables:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {self._layout.application_id}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _is_new(self) -> bool:
        tables = self._number("SELECT count(*) FROM sqlite_master")
        return tables == 0 and self._number("PRAGMA user_version") == 0

    def _check(self) -> None:
        version = self._number("PRAGMA user_version")
        if self._number("PRAGMA application_id") != self._layout.application_id or version == 0:
            raise UnusableDatabaseError(f"{self._name} is a database of another program")
        if version > SCHEMA_VERSION:
            raise UnusableDatabaseError(
                f"{self._name} was written by a newer version of this program"
                f" (format {version}, this one reads {SCHEMA_VERSION})"
            )
        verdict = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise UnusableDatabaseError(f"{self._name} is damaged: {verdict}")

    def _number(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def _unusable(self, error: sqlite3.Error) -> UnusableDatabaseError:
        return UnusableDatabaseError(f"{self._name} can't be used as the emulator's database: {error}")
