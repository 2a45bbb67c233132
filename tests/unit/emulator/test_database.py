from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from presetctl.emulator import database
from presetctl.emulator.app import Emulator, UnusableDatabaseError, create_app
from tests.unit.emulator.conftest import Connect, chat, data, error


def test_everything_is_there_after_reopening(tmp_path: Path, connect: Connect) -> None:
    file = tmp_path / "presets.db"
    with create_app(file) as app:
        client = connect(app)
        for temperature in (0.1, 0.2):
            chat(client, "p", "Prompt.", model="m", temperature=temperature)
        chat(client, "gone", model="m")
        client.delete("/presets/gone")
        before = [client.get(path).json() for path in ("/presets", "/presets/p", "/presets/p/versions")]
    assert [path.name for path in tmp_path.iterdir()] == ["presets.db"]
    with create_app(str(file)) as app:
        client = connect(app)
        assert [client.get(path).json() for path in ("/presets", "/presets/p", "/presets/p/versions")] == before
        assert error(chat(client, "gone", model="m"))[0] == 409
        assert data(chat(client, "p", model="m"))["designated_version"]["version"] == 3


@pytest.mark.parametrize("on_disk", [True, False])
def test_threads_make_versions_without_gap_or_repeat(tmp_path: Path, connect: Connect, on_disk: bool) -> None:
    with create_app(tmp_path / "presets.db" if on_disk else ":memory:") as app, ThreadPoolExecutor(8) as pool:

        def write(number: int) -> int:
            client = connect(app)
            made = data(chat(client, "p", model="m", seed=number))["designated_version"]
            assert made["config"]["seed"] == number
            return int(made["version"])

        versions = list(pool.map(write, range(160)))
        listed = connect(app).get("/presets/p/versions", params={"offset": 100, "limit": 100}).json()
    assert sorted(versions) == list(range(1, 161))
    assert [row["version"] for row in listed["data"]] == list(range(101, 161))
    assert listed["total_count"] == 160


def test_readers_see_whole_presets_while_threads_write(connect: Connect, emulator: Emulator) -> None:
    chat(connect(emulator), "p", "0", model="0")

    def write(number: int) -> None:
        chat(connect(emulator), "p", str(number), model=str(number))

    def read(_number: int) -> bool:
        preset = data(connect(emulator).get("/presets/p"))
        version = preset["designated_version"]
        return bool(version["system_prompt"] == version["config"]["model"] and version["id"]) and (
            version["id"] == preset["designated_version_id"]
        )

    with ThreadPoolExecutor(8) as pool:
        writes = pool.map(write, range(80))
        assert all(pool.map(read, range(80)))
        list(writes)


_WRITER = """
import sys, httpx
from presetctl.emulator.app import create_app
with create_app(sys.argv[1]) as app, httpx.Client(transport=httpx.WSGITransport(app)) as client:
    for _ in range(10):
        url = "http://emulator/api/v1/presets/p/responses"
        client.post(url, json={}, headers={"Authorization": "Bearer x"}).raise_for_status()
"""


def test_processes_can_share_a_file(tmp_path: Path, connect: Connect) -> None:
    file = tmp_path / "presets.db"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(file)]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with create_app(file) as app:
        assert connect(app).get("/presets/p/versions").json()["total_count"] == 30


def refusal(file: Path) -> str:
    with pytest.raises(UnusableDatabaseError) as caught:
        create_app(file)
    return str(caught.value)


def test_what_is_not_a_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database, but long enough to be looked at. " * 20)
    before = file.read_bytes()
    assert "can't be used" in refusal(file)
    assert file.read_bytes() == before


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = file.read_bytes()
    assert "another program" in refusal(file)
    assert file.read_bytes() == before


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "presets.db"
    create_app(file).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {database.SCHEMA_VERSION + 1}")
    before = file.read_bytes()
    assert "newer version" in refusal(file)
    assert file.read_bytes() == before


def test_a_damaged_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "presets.db"
    with create_app(file) as app:
        for number in range(200):
            app.dashboard_save("default", f"p{number}", {"model": "m"}, "x" * 500)
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])
    before = file.read_bytes()
    assert str(file) in refusal(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", [".", "missing/presets.db"])
def test_a_path_that_can_not_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    assert "can't be used" in refusal(tmp_path / name)


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    file = tmp_path / "presets.db"
    file.touch()
    create_app(file).close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (database.SCHEMA_VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_that_another_process_just_made_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "presets.db"
    create_app(file).close()
    real = database.Database._is_new
    answers = iter([True])
    monkeypatch.setattr(database.Database, "_is_new", lambda self: next(answers, None) or real(self))
    create_app(file).close()


def test_a_locked_database_is_503(
    tmp_path: Path, client: httpx.Client, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    file = tmp_path / "presets.db"
    with create_app(file) as app, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert error(chat(connect(app), "p", model="m")) == (503, "Service temporarily unavailable")
        assert client.get("/presets").status_code == 200
        other.execute("ROLLBACK")
        assert data(chat(connect(app), "p", model="m"))["slug"] == "p"


def test_a_closed_database_is_500(client: httpx.Client, emulator: Emulator) -> None:
    emulator.close()
    emulator.close()
    assert error(client.get("/presets")) == (500, "Internal Server Error")


@pytest.mark.parametrize("before", [[], ["ROLLBACK"]])
def test_a_failing_write_leaves_nothing_behind(client: httpx.Client, emulator: Emulator, before: list[str]) -> None:
    chat(client, "p", model="m")

    def fail() -> None:
        with emulator._emulated.store._database.writing() as connection:
            connection.execute("DELETE FROM versions")
            for statement in before:
                connection.execute(statement)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert data(client.get("/presets/p"))["designated_version"]["version"] == 1


def test_ids_can_be_made_predictable(connect: Connect) -> None:
    ids = iter(range(10))
    with create_app(make_id=lambda: str(UUID(int=next(ids)))) as app:
        preset = data(chat(connect(app), "p", model="m"))
    assert (preset["id"][-1], preset["designated_version_id"][-1]) == ("0", "1")


def test_lists_use_the_index(emulator: Emulator) -> None:
    with emulator._emulated.store._database.reading() as connection:
        rows = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM presets WHERE workspace = 'w' AND status <> 'archived'"
            " ORDER BY updated_at DESC, touched DESC LIMIT 50"
        ).fetchall()
    assert ["presets_listed" in row["detail"] for row in rows] == [True]
