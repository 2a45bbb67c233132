"""A workspace that drops a field gets one version for it, and not another one with every apply."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.emulator.switches import Switches
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

PRESET = "system_prompt: Be brief.\nconfig: {model: m, temperature: 0.7}\n"
SCHEMAS = Path(__file__).parents[2] / "schemas"
LATE = 4_200_000_000  # in the year 2103
SEEDED = PRESET.replace("0.7}", "0.7, seed: 5}")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")


class Clock:
    """What the workspace takes for the time. Commits in these tests are at 10:MM."""

    now = "2026-04-20T10:00:00Z"

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.now)


CLOCK = Clock()


@pytest.fixture
def app(shell: Shell) -> Iterator[Emulator]:
    with create_app(switches=Switches(unknown_fields="drop"), clock=CLOCK) as app, serve(app) as url:
        shell.write("presetctl.yaml", f"version: 1\nworkspaces: {{live: {{provider: openrouter, url: '{url}'}}}}\n")
        yield app


def at(minute: int) -> None:
    CLOCK.now = f"2026-04-20T10:{minute:02}:00Z"


def version(shell: Shell) -> int:
    return int(shell("history", "a", "--format", "json").json["versions"][-1]["version"])


@needs_git
def test_ten_applies_make_one_version(shell: Shell, app: Emulator) -> None:
    git = Git.init(shell.folder)
    shell.write("presets/a.yaml", SEEDED)
    git.commit("start", 1)
    at(2)
    assert "not_kept: [seed]" in shell("apply", "--yes", code=6).out
    for _ in range(9):
        done = shell("apply", "--yes")
        assert "No changes" in done.out
        assert "version 1 was written after this preset's files last changed and lacks only `seed`" in done.out
    assert "No changes" in shell("plan", "--detailed-exitcode").out
    assert version(shell) == 1
    drift = shell("drift")
    assert "= a  version 1 lacks only config.seed, which the workspace doesn't keep" in drift.out
    assert "No drift: 1 preset as declared." in drift.out
    document = shell("drift", "--format", "json").json
    assert document["summary"] == {"presets": 1, "drifted": 0, "pending": 0, "unkept": 1, "unreadable": 0}
    Draft202012Validator(json.loads((SCHEMAS / "drift.schema.json").read_text())).validate(document)
    assert "in sync (but for config.seed: not kept there)" in shell("status").out
    assert "not persisted" in shell("apply", "--yes", "--retry", code=6).out
    assert version(shell) == 2
    app.dashboard_save("default", "a", {"model": "m", "temperature": 0.7, "seed": 1}, "Be brief.")
    assert "config.seed: 5 → 1" in shell("drift", code=2).out


@needs_git
def test_a_field_that_is_new_is_tried_once(shell: Shell, app: Emulator) -> None:
    git = Git.init(shell.folder)
    shell.write("presets/a.yaml", PRESET)
    git.commit("start", 1)
    at(2)
    shell("apply", "--yes")
    shell.write("presets/a.yaml", SEEDED)
    git.commit("seed", 3)
    at(4)
    shell("apply", "--yes", code=6)
    assert "No changes" in shell("apply", "--yes").out
    assert version(shell) == 2
    shell.write("presets/a.yaml", SEEDED.replace("0.7", "0.8"))
    git.commit("warmer", 5)
    at(6)
    shell("apply", "--yes", code=6)
    assert "No changes" in shell("apply", "--yes").out
    assert version(shell) == 3


@needs_git
def test_an_old_commit_that_arrives_late_is_applied(shell: Shell, app: Emulator) -> None:
    """A fast-forward brings commits that are older than the version that is live."""
    git = Git.init(shell.folder)
    shell.write("presets/a.yaml", PRESET)
    git.commit("start", 1)
    git("checkout", "-q", "-b", "topic")
    shell.write("presets/a.yaml", SEEDED)
    git.commit("seed", 2)
    git("checkout", "-q", "main")
    at(3)
    shell("apply", "--yes")
    git("merge", "-q", "--ff-only", "topic")
    assert "config.seed" in shell("plan").out
    at(4)
    shell("apply", "--yes", code=6)
    assert "No changes" in shell("plan").out


@needs_git
def test_a_merge_counts_from_when_it_was_made(shell: Shell, app: Emulator) -> None:
    git = Git.init(shell.folder)
    shell.write("presets/a.yaml", PRESET)
    git.commit("start", 1)
    git("checkout", "-q", "-b", "topic")
    shell.write("presets/a.yaml", SEEDED)
    git.commit("seed", 2)
    git("checkout", "-q", "main")
    at(3)
    app.dashboard_save("default", "a", {"model": "m", "temperature": 0.7}, "Be brief.")
    app.dashboard_save("default", "a", {"model": "m", "temperature": 0.7}, "Be brief.")
    git("merge", "-q", "--no-ff", "-m", "merge", "topic", time=4)
    assert "config.seed" in shell("plan").out
    at(5)
    shell("apply", "--yes", code=6)
    assert "No changes" in shell("plan").out


@needs_git
def test_an_edit_that_was_not_committed_is_known_by_its_file(shell: Shell, app: Emulator) -> None:
    git = Git.init(shell.folder)
    shell.write("presets/a.yaml", PRESET)
    git.commit("start", 1)
    at(2)
    shell("apply", "--yes")
    shell.write("presets/a.yaml", SEEDED)
    shell("apply", "--yes", code=6)
    assert "config.seed" in shell("plan").out, "the workspace's clock is behind: it can't be told"
    CLOCK.now = "2100-01-01T00:00:00Z"
    shell("apply", "--yes", code=6)
    assert "No changes" in shell("plan").out


def test_without_git_the_files_tell(shell: Shell, app: Emulator) -> None:
    CLOCK.now = "2100-01-01T00:00:00Z"
    shell.write("presets/p.md", "Be brief.\n")
    shell.write("presets/a.yaml", SEEDED.replace("system_prompt: Be brief.", "system_prompt_file: p.md"))
    shell("apply", "--yes", code=6)
    assert "No changes" in shell("plan").out
    os.utime(shell.folder / "presets/p.md", (LATE, LATE))
    assert "config.seed" in shell("plan").out


def test_a_saved_plan_and_its_apply_retry_together(shell: Shell, app: Emulator) -> None:
    CLOCK.now = "2100-01-01T00:00:00Z"
    shell.write("presets/a.yaml", SEEDED)
    shell("apply", "--yes", code=6)
    shell("plan", "--retry", "--out", "plan.json")
    shell("apply", "plan.json", "--yes", code=5)
    assert "not persisted" in shell("apply", "plan.json", "--yes", "--retry", code=6).out


SWITCHES: dict[str, list[Any]] = {
    "unknown_fields": ["keep", "drop"],
    "server_defaults": [False, True],
    "json_form": ["verbatim", "normalized"],
    "nulls": ["keep", "drop"],
    "identical_post": ["version", "unchanged"],
}


@needs_git
@pytest.mark.parametrize("values", list(product(*SWITCHES.values())))
def test_plan_after_apply_is_empty_whatever_the_workspace_does(shell: Shell, values: tuple[Any, ...]) -> None:
    switches = Switches(**dict(zip(SWITCHES, values, strict=True)))
    with create_app(switches=switches, clock=CLOCK) as app, serve(app) as url:
        shell.write("presetctl.yaml", f"version: 1\nworkspaces: {{live: {{provider: openrouter, url: '{url}'}}}}\n")
        shell.write("presets/a.yaml", "config: {model: m, seed: 5, stop: [x], top_p: 1.0, min_p: null}\n")
        Git.init(shell.folder).commit("start", 1)
        at(2)
        shell("apply", "--yes", code=6 if switches.unknown_fields == "drop" else 0)
        assert "No changes" in shell("plan", "--detailed-exitcode").out
        shell("apply", "--yes")
        assert version(shell) == 1
