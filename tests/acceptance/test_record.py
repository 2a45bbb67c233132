"""Records of applies in git notes: clones of one bare repository, and the emulator on a port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.faults import Fault
from presetctl.emulator.server import serve
from presetctl.load.git import GitRepository
from presetctl.load.gitnotes import Record, recorded
from presetctl.load.gitremote import GitRemote
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git, shared

pytestmark = needs_git
NOTES = "refs/notes/presetctl"
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/record.schema.json").read_text())


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app() as made:
        yield made


@pytest.fixture
def git(shell: Shell, app: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Git]:
    """The first of two clones, with two workspaces that are one and the same."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    first, second = shared(shell.folder, "one", "two")
    with serve(app) as url:
        plain = f"provider: openrouter, url: '{url}'"
        workspaces = f"{{main: {{{plain}, record: notes}}, quiet: {{{plain}}}}}"
        first.write("presetctl.yaml", f"version: 1\ndefault_workspace: main\nworkspaces: {workspaces}\n")
        first.write("presets/mail.yaml", "config: {model: a/b, temperature: 0.5}\n")
        first.commit("Presets")
        first("push", "-q")
        second("pull", "-q")
        yield first


@pytest.fixture
def one(shell: Shell, git: Git) -> Shell:
    return Shell(git.folder, shell.capture)


@pytest.fixture
def two(shell: Shell, git: Git) -> Shell:
    return Shell(shell.folder / "two", shell.capture)


def known(shell: Shell) -> tuple[Record, ...]:
    around = GitRepository.around(shell.folder)
    return recorded(around, GitRemote.of(around))


def lines(git: Git) -> list[Any]:
    return [json.loads(line) for line in git("notes", "--ref", NOTES, "show", "HEAD").splitlines()]


def test_what_was_applied_stands_in_the_note_of_the_commit(one: Shell, two: Shell, git: Git, app: Emulator) -> None:
    ran = one("apply", "--yes")
    assert ran.err.endswith("Recorded in refs/notes/presetctl, here and on origin.\n")
    (record,) = lines(git)
    Draft202012Validator(SCHEMA).validate(record)
    (found,) = known(two)
    assert (found.commit, found.workspace) == (git("rev-parse", "HEAD"), "main")
    (outcome,) = found.outcomes
    assert (outcome.slug, outcome.action, outcome.result, outcome.version) == ("mail", "create", "applied", 1)
    assert outcome.version_id == one("plan", "--format", "json").json["changes"][0]["before"]["version_id"]
    assert one("apply", "--yes").err == "", "nothing was applied"
    assert len(lines(git)) == 1
    app.dashboard_save("default", "mail", {"model": "x/y"})
    again = one("apply", "--yes", "--format", "json")
    assert again.json["outcomes"][0]["result"] == "applied"
    assert [record["outcomes"][0]["version"] for record in lines(git)] == [1, 3]
    for record in lines(git):
        Draft202012Validator(SCHEMA).validate(record)


def test_only_a_commit_as_it_is_has_a_record(one: Shell, two: Shell, git: Git) -> None:
    one.write("presets/mail.yaml", "config: {model: a/b, temperature: 0.9}\n")
    ran = one("apply", "--yes")
    assert f"No record was kept: the files differ from commit {git('rev-parse', 'HEAD')[:12]}." in ran.err
    git("update-ref", "-d", "HEAD")
    one.write("presets/mail.yaml", "config: {model: a/b, temperature: 1}\n")
    assert "No record was kept: what was applied is in no commit." in one("apply", "--yes").err
    assert known(two) == ()


def test_the_option_goes_before_the_setting(one: Shell, two: Shell, app: Emulator) -> None:
    assert one("apply", "--yes", "--record", "none").err == ""
    assert known(two) == ()
    app.dashboard_save("default", "mail", {"model": "x/y"})
    assert one("apply", "-w", "quiet", "--yes").err == ""
    app.dashboard_save("default", "mail", {"model": "x/y"})
    assert "Recorded" in one("apply", "-w", "quiet", "--yes", "--record", "notes").err
    assert [found.workspace for found in known(two)] == ["quiet"]


def test_failures_are_recorded_too(one: Shell, two: Shell, git: Git, app: Emulator) -> None:
    git.write("presets/a.yaml", "config: {model: a/b}\n")
    git.commit("Another")
    git("push", "-q")
    app.faults.add(Fault(403, "No", method="POST"))
    one("apply", "--yes", code=7)
    (found,) = known(two)
    assert [(outcome.slug, outcome.result, outcome.version) for outcome in found.outcomes] == [
        ("a", "failed", None),
        ("mail", "skipped", None),
    ]


def test_the_exit_code_tells_of_the_presets_alone(one: Shell, two: Shell, git: Git, tmp_path: Path) -> None:
    bare = tmp_path / "shared.git"
    bare.rename(tmp_path / "moved.git")
    ran = one("apply", "--yes")
    assert "Recorded in refs/notes/presetctl, in this clone only: the git remote origin can't be used" in ran.err
    (tmp_path / "moved.git").rename(bare)
    git("remote", "rename", "origin", "a")
    git("remote", "remove", "a")
    git.write("presets/more.yaml", "config: {model: a/b}\n")
    git.commit("More")
    assert "in this clone only: there is no git remote" in one("apply", "--yes").err
    assert len(recorded(GitRepository.around(git.folder))) == 2
    assert known(two) == ()


def test_two_clones_at_the_same_time(one: Shell, two: Shell, git: Git) -> None:
    (two.folder / "presets/mail.yaml").rename(two.folder / "presets/other.yaml")
    Git(two.folder).commit("Other")
    command = [sys.executable, "-m", "presetctl", "apply", "--yes"]
    processes = [
        subprocess.Popen(command, cwd=shell.folder, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for shell in (one, two)
    ]
    talk = [process.communicate(timeout=300)[1].decode() for process in processes]
    assert all("here and on origin" in text for text in talk), talk
    assert {found.commit for found in known(one)} == {Git(shell.folder)("rev-parse", "HEAD") for shell in (one, two)}
    assert known(one) == known(two)
