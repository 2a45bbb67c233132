"""The lock on the git remote: clones of one bare repository, one workspace, and appliers in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from presetctl.domain.lock import LEASE, Lock
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.load.git import GitRepository
from presetctl.load.gitlock import GitLock, Held
from presetctl.load.gitremote import GitRemote
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git, shared

pytestmark = needs_git
REF = "refs/presetctl/locks/main"


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app() as made:
        yield made


@pytest.fixture
def url(app: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key")
    monkeypatch.setenv("PRESETCTL_HOLDER", "ada@build-7")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    with serve(app) as address:
        yield address


@pytest.fixture
def git(shell: Shell, url: str) -> Git:
    """The clone that the shell is in. A second one lies next to the first."""
    first, _ = shared(shell.folder, "one", "two")
    first.write(
        "presetctl.yaml", f"version: 1\nworkspaces: {{main: {{provider: openrouter, url: '{url}', lock: git}}}}\n"
    )
    first.write("presets/mail.yaml", "config: {model: a/b, temperature: 0.5}\n")
    first.commit("Presets")
    first("push", "-q")
    Git(shell.folder / "two")("pull", "-q")
    return first


@pytest.fixture
def one(shell: Shell, git: Git) -> Shell:
    return Shell(git.folder, shell.capture)


@pytest.fixture
def two(shell: Shell, git: Git) -> Shell:
    return Shell(shell.folder / "two", shell.capture)


def lock(shell: Shell) -> GitLock:
    return GitLock(GitRemote.of(GitRepository.around(shell.folder)), "main")


def hold(shell: Shell, holder: str = "bob@desk", since: datetime | None = None) -> Held:
    held = lock(shell).prepare(Lock(holder, since or datetime.now(UTC), "c" * 40, LEASE))
    assert lock(shell).take(held, 0, print) is None
    return held


def test_unlock_shows_the_holder_and_removes_only_for_the_name(one: Shell, two: Shell) -> None:
    assert one("unlock").out == "main is not locked.\n"
    held = hold(two)
    ran = one("unlock", "--holder", "somebody", code=4)
    assert ran.err.startswith("main is locked by bob@desk since 20")
    assert "applying commit cccccccccccc" in ran.err
    assert "not who holds the lock; it is still there" in ran.err
    assert "--holder NAME" in one("unlock", code=64).err, "there is no terminal"
    assert lock(one).read() is not None
    assert one("unlock", "-w", "main", "--holder", "bob@desk").out == "The lock of main is removed.\n"
    assert lock(two).read() is None
    assert held.object


def test_unlock_where_there_is_no_remote_or_no_git(one: Shell, git: Git, tmp_path: Path) -> None:
    git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    assert "the git remote origin can't be used" in one("unlock", code=8).err
    git("remote", "remove", "origin")
    assert "there is no git remote" in one("unlock", code=3).err
    (git.folder / ".git").rename(tmp_path / "moved")
    assert "is not in a git repository" in one("unlock", code=3).err


def test_unlock_shows_nothing_hostile(one: Shell, two: Shell) -> None:
    hold(two, "::error::x\x1b[2J")
    ran = one("unlock", "--holder", "x", code=4)
    assert "\x1b" not in ran.err
    assert one("unlock", "--holder", "::error::x\\u{1b}[2J").code == 0
