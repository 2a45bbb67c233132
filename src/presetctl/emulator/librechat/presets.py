"""The presets of all users: saved, listed and deleted as LibreChat does it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from secrets import token_hex
from typing import Any
from uuid import uuid4

from presetctl.emulator.database import Database
from presetctl.emulator.jsontext import Json, dump
from presetctl.emulator.librechat.fields import CastError, kept, text, truthy

Clock = Callable[[], datetime]
Document = dict[str, Json]

_LAST = 10_000  # where a preset without an order of its own is sorted
_FAILED: Document = {"message": "Error saving preset"}


class Presets:
    """Presets in a database. A preset's id is unique among all users."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, user: str) -> list[Document]:
        """Every preset of ``user``, by order, then the latest first."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT document FROM presets WHERE user = ? ORDER BY rowid", (user,)).fetchall()
        return sorted((json.loads(row["document"]) for row in rows), key=cmp_to_key(_compared))

    def save(self, user: str, sent: Mapping[str, Json]) -> Document:
        """Creates or changes the preset with the id that is sent. Gives it, or a message if that fails.

        Only what is sent changes; nothing can take a field away but ``defaultPreset: false``.
        """
        preset_id = sent["presetId"] if truthy(sent.get("presetId")) else str(uuid4())
        try:
            if truthy(sent.get("defaultPreset")):
                self._unset_default(user, preset_id)
            stored = self._upsert(user, text(preset_id), sent)
        except (CastError, sqlite3.IntegrityError):
            return dict(_FAILED)
        return {name: replied(value) for name, value in stored.items()}

    def delete(self, user: str, preset_id: Json) -> int:
        """Deletes the preset, or those in a list, or with no id at all every one of ``user``; gives how many.

        CastError if the id is an object.
        """
        if not truthy(preset_id):
            where, ids = "", []
        else:
            ids = [text(each) for each in (preset_id if isinstance(preset_id, list) else [preset_id])]
            where = f" AND preset_id IN ({', '.join('?' * len(ids))})"
        with self._database.writing() as connection:
            return connection.execute(f"DELETE FROM presets WHERE user = ?{where}", (user, *ids)).rowcount  # noqa: S608 - only ?s

    def _unset_default(self, user: str, preset_id: Json) -> None:
        with self._database.writing() as connection:
            for row in connection.execute("SELECT * FROM presets WHERE user = ?", (user,)).fetchall():
                found: Document = json.loads(row["document"])
                if found.get("defaultPreset") is True and found["presetId"] != preset_id:
                    self._store(connection, _without_default(found))
                    return

    def _upsert(self, user: str, preset_id: Json, sent: Mapping[str, Json]) -> Document:
        changes = _changes(sent) | {
            "presetId": text(sent["newPresetId"]) if truthy(sent.get("newPresetId")) else preset_id
        }
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT document FROM presets WHERE preset_id = ? AND user = ?", (preset_id, user)
            ).fetchone()
            if row is None:
                return self._store(connection, _new(user) | changes)
            found: Document = json.loads(row["document"])
            if changes.get("_id", found["_id"]) != found["_id"]:
                raise CastError
            return self._store(connection, (_without_default(found) if _resets(sent) else found) | changes)

    def _store(self, connection: sqlite3.Connection, preset: Document) -> Document:
        now = self._now(connection)
        stored = {"createdAt": _said(now)} | preset | {"updatedAt": _said(now)}
        connection.execute(
            "INSERT INTO presets (id, preset_id, user, updated_at, document) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET preset_id = excluded.preset_id, updated_at = excluded.updated_at,"
            " document = excluded.document",
            (stored["_id"], stored["presetId"], stored["user"], now, dump(stored)),
        )
        return stored

    def _now(self, connection: sqlite3.Connection) -> int:
        """Milliseconds since 1970, later than every write before, so that the list has one order."""
        latest = connection.execute("SELECT max(updated_at) FROM presets").fetchone()[0] or 0
        now = (self._clock() - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        return max(now, latest + 1)


def replied(value: Json) -> Json:
    """What the reply to a write says of what is stored: without the empty objects in objects, which the list has."""
    if isinstance(value, list):
        return [replied(item) for item in value]
    if isinstance(value, dict):
        said = {name: replied(item) for name, item in value.items()}
        return {name: item for name, item in said.items() if item != {}}
    return value


def _compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """As the server sorts: by order, where null counts as 0 but isn't the same, so that no time decides then."""
    first, second = one.get("order", _LAST), other.get("order", _LAST)
    if first != second:
        return _sign(first or 0, second or 0)
    return _sign(other["updatedAt"], one["updatedAt"])


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _changes(sent: Mapping[str, Json]) -> Document:
    default = sent.get("defaultPreset")
    if truthy(default):
        return kept({**sent, "order": 0})
    left_out = {"defaultPreset", "order"} if _resets(sent) else {"defaultPreset"}
    return kept({name: value for name, value in sent.items() if name not in left_out})


def _resets(sent: Mapping[str, Json]) -> bool:
    return sent.get("defaultPreset") is False


def _without_default(preset: Document) -> Document:
    return {name: value for name, value in preset.items() if name not in ("defaultPreset", "order")}


def _new(user: str) -> dict[str, Any]:
    return {
        "_id": token_hex(12), "presetId": "", "user": user, "__v": 0,
        "endpoint": None, "isArchived": False, "tags": [], "title": "New Chat",
    }  # fmt: skip


def _said(milliseconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
