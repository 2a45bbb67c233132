"""A plan reads of a workspace what it never read before, and says the same as one that reads everything."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from presetctl.cache import FILE
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests import caches
from tests.acceptance.cli import Shell

pytestmark = caches.only_cold

PROMPT = "Say hello.\n"
COUNT = 4


@contextmanager
def workspace(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A served workspace with four presets, one of them otherwise than declared, and one that is not live yet."""
    monkeypatch.setenv("BENCH_KEY", "dev-1")
    with create_app() as app, serve(app) as url:
        shell.write(
            "presetctl.yaml",
            f"version: 1\nworkspaces: {{w: {{provider: openrouter, url: '{url}', api_key_env: BENCH_KEY}}}}\n",
        )
        for number in range(COUNT + 1):
            shell.write(
                f"presets/p-{number}.yaml",
                f"system_prompt: |\n  {PROMPT}config: {{model: m, temperature: 1.0, max_tokens: {number + 1}}}\n",
            )
            if number < COUNT:
                config = {"model": "m", "temperature": 1, "max_tokens": 99 if number == 1 else number + 1}
                app.dashboard_save("default", f"p-{number}", config, PROMPT)
        yield app


def asked(app: Emulator, run: Callable[[], object]) -> list[str]:
    """The presets that were read while ``run`` ran, and whatever else was asked."""
    app.requests.clear()
    run()
    return sorted(f"{method} {path.removeprefix('/api/v1')}" for method, path in app.requests)


def cache_file() -> Path:
    return Path(os.environ["PRESETCTL_CACHE_DIR"]) / FILE


def damage_values() -> None:
    with sqlite3.connect(cache_file()) as connection:
        connection.execute("UPDATE entries SET value = replace(value, CAST('hello' AS BLOB), CAST('HELLO' AS BLOB))")
    connection.close()


def cut_in_half() -> None:
    data = cache_file().read_bytes()
    cache_file().write_bytes(data[: len(data) // 2])


def make_unreadable() -> None:
    cache_file().write_bytes(b"no database at all" * 100)


LIST = ["GET /presets"]
ALL = LIST + [f"GET /presets/p-{number}" for number in range(COUNT)]


def test_cold_warm_and_without_a_cache_a_plan_says_the_same(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(shell, monkeypatch) as app:
        said: list[str] = []

        def plan() -> None:
            said.append(shell("plan", "--format", "json", code=0).out)

        assert asked(app, plan) == ALL
        assert asked(app, plan) == LIST
        monkeypatch.setenv("PRESETCTL_CACHE", "off")
        assert asked(app, plan) == ALL
        assert said[0] == said[1] == said[2]


@pytest.mark.parametrize("damage", [damage_values, cut_in_half, make_unreadable])
def test_what_is_damaged_is_read_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, damage: Callable[[], None]
) -> None:
    with workspace(shell, monkeypatch) as app:
        before = shell("plan").out
        damage()
        said: list[str] = []
        assert asked(app, lambda: said.append(shell("plan").out)) == ALL
        assert said == [before]


def test_only_new_versions_are_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(shell, monkeypatch) as app:
        shell("plan")
        app.dashboard_save("default", "p-2", {"model": "n"}, "Otherwise.")
        assert asked(app, lambda: shell("plan")) == [*LIST, "GET /presets/p-2"]
        app.dashboard_designate("default", "p-2", 1)
        said: list[str] = []
        assert asked(app, lambda: said.append(shell("plan").out)) == LIST
        assert "update p-1" in said[0]
        assert "p-2" not in said[0]


def test_a_status_of_today_goes_with_a_version_of_yesterday(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(shell, monkeypatch) as app:
        shell("plan")
        app.dashboard_set_status("default", "p-1", "disabled")
        warm = shell("plan").out
        monkeypatch.setenv("PRESETCTL_CACHE", "off")
        assert shell("plan").out == warm
        assert "disabled" in warm


def test_apply_reads_what_it_writes_over_whatever_is_known(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(shell, monkeypatch) as app:
        shell("plan")
        made = asked(app, lambda: shell("apply", "--yes", "--parallelism", "2"))
        writes = [f"POST /presets/p-{number}/chat/completions" for number in (1, 4)]
        assert made == [*LIST, "GET /presets/p-1", "GET /presets/p-4", *writes]
        assert asked(app, lambda: shell("plan")) == [*LIST, "GET /presets/p-1", "GET /presets/p-4"]
        assert asked(app, lambda: shell("plan")) == LIST


def test_a_version_id_that_stands_for_something_else_by_now_is_found_before_a_write(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No server should; a list that shows nothing but ids can't tell, but apply's own read does."""
    with workspace(shell, monkeypatch) as app:
        shell("plan")
        with app._emulated.store._database.writing() as connection:
            connection.execute('UPDATE versions SET config = \'{"model": "other"}\'')
        ran = shell("apply", "--yes", code=5)
        assert "conflict" in ran.out
        assert not [path for method, path in app.requests if method == "POST" and "/p-1/" in path]
