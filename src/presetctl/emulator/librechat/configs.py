"""What an admin lays over the server's configuration for a role, a group or a user.

Stored as LibreChat's own storage does (data-schemas 0.0.71 on a MongoDB, observed): anything is kept, every write
counts the version up, and the reply to a write leaves out empty objects, which a later read has.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC
from secrets import token_hex
from typing import Any

from presetctl.emulator.database import Database
from presetctl.emulator.jsontext import Json, dump
from presetctl.emulator.librechat.presets import Clock, Document

PRIORITY = 10
_MODELS = {"group": "Group", "user": "User"}
_TABLE = """CREATE TABLE IF NOT EXISTS configs (
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (principal_type, principal_id)
)"""


class WriteError(Exception):
    """The database refuses a write."""


class Configs:
    """One document for each principal that has one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        with database.writing() as connection:  # files of an earlier version lack it
            connection.execute(_TABLE)

    def list(self) -> list[Document]:
        """Every document, by priority."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT document FROM configs ORDER BY rowid").fetchall()
        return sorted((json.loads(row["document"]) for row in rows), key=lambda found: found["priority"])

    def find(self, kind: str, name: str) -> Document | None:
        """The document of a principal."""
        with self._database.reading() as connection:
            return _found(connection, kind, name)

    def put(self, kind: str, name: str, overrides: Mapping[str, Json], priority: Json) -> Document:
        """Replaces all overrides of a principal."""
        with self._database.writing() as connection:
            changes: Document = {"overrides": dict(overrides), "priority": priority, "isActive": True}
            return self._store(connection, kind, name, changes)

    def patch(self, kind: str, name: str, fields: Mapping[str, Json], priority: Json) -> Document:
        """Sets fields, each by its path with dots; without a priority that stays.

        WriteError where one leads through a value, or into another.
        """
        if any(one != other and f"{one}.".startswith(f"{other}.") for one in fields for other in fields):
            raise WriteError
        with self._database.writing() as connection:
            found = _found(connection, kind, name) or {"overrides": {}, "priority": PRIORITY}
            overrides: Any = found["overrides"]
            for path, value in fields.items():
                _set(overrides, path.split("."), value)
            priority = found["priority"] if priority is None else priority
            return self._store(connection, kind, name, {"overrides": overrides, "priority": priority})

    def delete(self, kind: str, name: str) -> bool:
        """Forgets the document of a principal; whether there was one."""
        with self._database.writing() as connection:
            query = "DELETE FROM configs WHERE principal_type = ? AND principal_id = ?"
            return bool(connection.execute(query, (kind, name)).rowcount)

    def merged(self, *principals: tuple[str, str]) -> Document:
        """What those principals get: their overrides over each other, the highest priority last."""
        result: Document = {}
        for found in self.list():
            overrides = found["overrides"]
            if (found["principalType"], found["principalId"]) in principals and isinstance(overrides, dict):
                result = _laid_over(result, overrides)
        return result

    def _store(self, connection: sqlite3.Connection, kind: str, name: str, changes: Document) -> Document:
        now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found = _found(connection, kind, name) or _new(kind, name, now)
        version: Any = found["configVersion"]
        stored = found | changes | {"configVersion": version + 1, "updatedAt": now}
        connection.execute(
            "INSERT INTO configs (principal_type, principal_id, document) VALUES (?, ?, ?)"
            " ON CONFLICT (principal_type, principal_id) DO UPDATE SET document = excluded.document",
            (kind, name, dump(stored)),
        )
        return stored


def _found(connection: sqlite3.Connection, kind: str, name: str) -> Document | None:
    row = connection.execute(
        "SELECT document FROM configs WHERE principal_type = ? AND principal_id = ?", (kind, name)
    ).fetchone()
    return None if row is None else json.loads(row["document"])


def _new(kind: str, name: str, now: str) -> Document:
    return {
        "_id": token_hex(12), "principalId": name, "principalType": kind, "__v": 0, "configVersion": 0,
        "createdAt": now, "isActive": True, "overrides": {}, "principalModel": _MODELS.get(kind, "Role"),
        "priority": PRIORITY, "tombstones": [], "updatedAt": now,
    }  # fmt: skip


def _set(holder: Any, steps: list[str], value: Json) -> None:
    for step in steps[:-1]:
        inner = _get(holder, step)
        if inner is None:
            inner = {}
            _put(holder, step, inner)
        holder = inner
    _put(holder, steps[-1], value)


def _get(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    if isinstance(holder, list) and step.isdecimal():
        return holder[int(step)] if int(step) < len(holder) else None
    raise WriteError


def _put(holder: Any, step: str, value: Any) -> None:
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list) and step.isdecimal():
        holder.extend([None] * (int(step) + 1 - len(holder)))
        holder[int(step)] = value
    else:
        raise WriteError


def _laid_over(below: Mapping[str, Json], above: Mapping[str, Json]) -> Document:
    result = dict(below)
    for key, value in above.items():
        lower = result.get(key)
        if isinstance(value, dict) and isinstance(lower, dict):
            result[key] = _laid_over(lower, value)
        else:
            result[key] = value
    return result
