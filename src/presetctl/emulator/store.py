"""Presets and their versions in a database, as the documents that the API answers with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from presetctl.emulator.database import Database
from presetctl.emulator.errors import conflict, not_found
from presetctl.emulator.jsontext import Json, canonical, dump
from presetctl.emulator.persist import Content

Status = Literal["active", "disabled", "archived"]
Clock = Callable[[], datetime]
MakeId = Callable[[], str]

CREATOR = "user_emulator"


def utc_now() -> datetime:
    """The time that goes into timestamps."""
    return datetime.now(UTC)


def random_id() -> str:
    """A new id for a preset or a version."""
    return str(uuid4())


@dataclass(frozen=True)
class Page:
    """A window on an ordered list."""

    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class SavePolicy:
    """What a save does where the API doesn't say: to archived presets, and with what is designated already."""

    revive_archived: bool = False
    skip_identical: bool = False


class Store:
    """All workspaces of one emulator. Methods take the workspace's id and raise ApiError 404 and 409."""

    def __init__(self, database: Database, clock: Clock = utc_now, make_id: MakeId = random_id) -> None:
        self._database = database
        self._clock = clock
        self._make_id = make_id

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def presets(self, workspace: str, page: Page, *, archived: bool = False) -> dict[str, Json]:
        """One page of the presets, latest change first, without their configs; ``archived`` ones only if asked for."""
        visible = "FROM presets WHERE workspace = ?" + ("" if archived else " AND status <> 'archived'")
        with self._database.reading() as connection:
            total = connection.execute(f"SELECT count(*) {visible}", (workspace,)).fetchone()[0]
            rows = connection.execute(
                f"SELECT * {visible} ORDER BY updated_at DESC, touched DESC LIMIT ? OFFSET ?",
                (workspace, page.limit, page.offset),
            ).fetchall()
        return {"data": [_preset(row) for row in rows], "total_count": total}

    def preset(self, workspace: str, slug: str) -> dict[str, Json]:
        """A preset with its designated version."""
        with self._database.reading() as connection:
            return _full(connection, _visible(connection, workspace, slug))

    def versions(self, workspace: str, slug: str, page: Page) -> dict[str, Json]:
        """One page of a preset's versions, oldest first."""
        with self._database.reading() as connection:
            preset = _visible(connection, workspace, slug)
            total = _latest(connection, preset)
            rows = connection.execute(
                "SELECT * FROM versions WHERE preset = ? ORDER BY version LIMIT ? OFFSET ?",
                (preset["id"], page.limit, page.offset),
            ).fetchall()
        return {"data": [_version(row) for row in rows], "total_count": total}

    def version(self, workspace: str, slug: str, number: int) -> dict[str, Json]:
        """One version of a preset."""
        with self._database.reading() as connection:
            preset = _visible(connection, workspace, slug)
            return _version(_numbered(connection, preset, number))

    def save(self, workspace: str, slug: str, content: Content, policy: SavePolicy) -> dict[str, Json]:
        """Makes ``content`` the next version of a preset and designates it; makes the preset if there is none.

        409 for a disabled preset, and for an archived one unless the policy revives it.
        """
        with self._database.writing() as connection:
            row = _find(connection, workspace, slug)
            if row is None:
                self._create(connection, workspace, slug, content)
            else:
                self._update(connection, row, content, policy)
            return _full(connection, _visible(connection, workspace, slug))

    def _create(self, connection: sqlite3.Connection, workspace: str, slug: str, content: Content) -> None:
        preset, now = self._make_id(), self._now()
        version = self._add_version(connection, preset, 1, content)
        connection.execute(
            "INSERT INTO presets (id, workspace, slug, status, designated, created_at, updated_at, touched)"
            " VALUES (?, ?, ?, 'active', ?, ?, ?, ?)",
            (preset, workspace, slug, version, now, now, _next_touch(connection)),
        )

    def _update(self, connection: sqlite3.Connection, row: sqlite3.Row, content: Content, policy: SavePolicy) -> None:
        _refuse_disabled(row)
        if row["status"] == "archived":
            if not policy.revive_archived:
                raise conflict("Preset is archived; restore it first")
            self._change_status(connection, row, "active")
        elif policy.skip_identical and _same(connection, row, content):
            return
        version = self._add_version(connection, row["id"], _latest(connection, row) + 1, content)
        self._designate(connection, row, version)

    def _add_version(self, connection: sqlite3.Connection, preset: str, number: int, content: Content) -> str:
        version = self._make_id()
        connection.execute(
            "INSERT INTO versions (id, preset, version, system_prompt, config, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (version, preset, number, content.system_prompt, dump(content.config), self._now()),
        )
        return version

    def archive(self, workspace: str, slug: str) -> dict[str, Json]:
        """Hides a preset; archiving it again changes nothing. 409 for a disabled preset."""
        return self._move(workspace, slug, "archived")

    def restore(self, workspace: str, slug: str) -> dict[str, Json]:
        """Brings an archived preset back as it was; an active one is left alone. 409 for a disabled preset."""
        return self._move(workspace, slug, "active")

    def _move(self, workspace: str, slug: str, status: Status) -> dict[str, Json]:
        with self._database.writing() as connection:
            row = _existing(connection, workspace, slug)
            _refuse_disabled(row)
            self._change_status(connection, row, status)
            return _full(connection, _existing(connection, workspace, slug))

    def set_status(self, workspace: str, slug: str, status: Status) -> None:
        """Gives a preset any status, as the dashboard can."""
        with self._database.writing() as connection:
            self._change_status(connection, _existing(connection, workspace, slug), status)

    def designate(self, workspace: str, slug: str, number: int) -> None:
        """Designates any version of a preset, as the dashboard can."""
        with self._database.writing() as connection:
            row = _existing(connection, workspace, slug)
            self._designate(connection, row, _numbered(connection, row, number)["id"])

    def _designate(self, connection: sqlite3.Connection, row: sqlite3.Row, version: str) -> None:
        connection.execute(
            "UPDATE presets SET designated = ?, updated_at = ?, touched = ? WHERE id = ?",
            (version, self._now(), _next_touch(connection), row["id"]),
        )

    def _change_status(self, connection: sqlite3.Connection, row: sqlite3.Row, status: Status) -> None:
        if row["status"] != status:
            connection.execute(
                "UPDATE presets SET status = ?, status_updated_at = ? WHERE id = ?", (status, self._now(), row["id"])
            )

    def _now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _find(connection: sqlite3.Connection, workspace: str, slug: str) -> sqlite3.Row | None:
    query = "SELECT * FROM presets WHERE workspace = ? AND slug = ?"
    row: sqlite3.Row | None = connection.execute(query, (workspace, slug)).fetchone()
    return row


def _existing(connection: sqlite3.Connection, workspace: str, slug: str) -> sqlite3.Row:
    row = _find(connection, workspace, slug)
    if row is None:
        raise not_found()
    return row


def _visible(connection: sqlite3.Connection, workspace: str, slug: str) -> sqlite3.Row:
    row = _existing(connection, workspace, slug)
    if row["status"] == "archived":
        raise not_found()
    return row


def _refuse_disabled(row: sqlite3.Row) -> None:
    if row["status"] == "disabled":
        raise conflict("Preset is disabled; enable it in the dashboard first")


def _numbered(connection: sqlite3.Connection, preset: sqlite3.Row, number: int) -> sqlite3.Row:
    query = "SELECT * FROM versions WHERE preset = ? AND version = ?"
    row: sqlite3.Row | None = connection.execute(query, (preset["id"], number)).fetchone()
    if row is None:
        raise not_found()
    return row


def _latest(connection: sqlite3.Connection, preset: sqlite3.Row) -> int:
    # Versions count from 1 without a gap and are never removed, so this is also how many there are.
    query = "SELECT max(version) FROM versions WHERE preset = ?"
    return int(connection.execute(query, (preset["id"],)).fetchone()[0])


def _designated(connection: sqlite3.Connection, preset: sqlite3.Row) -> sqlite3.Row:
    row: sqlite3.Row = connection.execute("SELECT * FROM versions WHERE id = ?", (preset["designated"],)).fetchone()
    return row


def _same(connection: sqlite3.Connection, preset: sqlite3.Row, content: Content) -> bool:
    row = _designated(connection, preset)
    same_config = canonical(json.loads(row["config"])) == canonical(content.config)
    return same_config and row["system_prompt"] == content.system_prompt


def _next_touch(connection: sqlite3.Connection) -> int:
    # Two changes within one second have one timestamp; this number still says which was later.
    return int(connection.execute("SELECT coalesce(max(touched), 0) + 1 FROM presets").fetchone()[0])


def _full(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Json]:
    return {**_preset(row), "designated_version": _version(_designated(connection, row))}


def _preset(row: sqlite3.Row) -> dict[str, Json]:
    return {
        "id": row["id"],
        "creator_user_id": CREATOR,
        "workspace_id": row["workspace"],
        "name": row["slug"],
        "slug": row["slug"],
        "description": None,
        "status": row["status"],
        "designated_version_id": row["designated"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "status_updated_at": row["status_updated_at"],
    }


def _version(row: sqlite3.Row) -> dict[str, Json]:
    return {
        "id": row["id"],
        "preset_id": row["preset"],
        "creator_id": CREATOR,
        "version": row["version"],
        "system_prompt": row["system_prompt"],
        "config": json.loads(row["config"]),
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }
