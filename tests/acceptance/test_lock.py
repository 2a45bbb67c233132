"""The lock on the git remote: clones of one bare repository, one workspace, and appliers in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from presetctl.domain.lock import LEASE, Lock
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.load.git import GitRepository
from presetctl.load.gitlock import GitLock, Held
from presetctl.load.gitremote import GitRemote
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git, shared

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = needs_git
REF = "refs/presetctl/locks/main"


WAIT = 120


@dataclass
class Watched:
    """The emulator, which notes who asks, and calls ``on_write`` before it answers a write that it has done."""

    app: Emulator
    keys: list[str] = field(default_factory=list)
    on_write: Callable[[], object] = lambda: None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.keys.append(environ["HTTP_AUTHORIZATION"])
        reply = self.app(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST":
            self.on_write()
        return reply


@pytest.fixture
def app() -> Iterator[Watched]:
    with create_app() as made:
        yield Watched(made)


@pytest.fixture
def url(app: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
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
    held = lock(shell).prepare(Lock(holder, (since or datetime.now(UTC)).replace(microsecond=0), "c" * 40, LEASE))
    assert lock(shell).take(held, 0, print) is None
    return held


def started(shell: Shell, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "presetctl", *words],
        cwd=shell.folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def held_up(app: Watched) -> tuple[threading.Event, threading.Event]:
    """Writes are done, and answered once the second event is set; the first one tells that there is one."""
    reached, opened = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        opened.wait(WAIT)

    app.on_write = wait
    return reached, opened


def test_it_is_held_while_presets_are_read_and_written(one: Shell, two: Shell, git: Git, app: Watched) -> None:
    held: list[Held | None] = []
    app.on_write = lambda: held.append(lock(two).read())
    one("apply", "--yes")
    assert [(found.lock.holder, found.lock.commit, found.lock.lease) for found in held if found] == [
        ("ada@build-7", git("rev-parse", "HEAD"), LEASE)
    ]
    assert lock(two).read() is None
    assert git("for-each-ref", "refs/presetctl") == ""


def test_a_lock_of_another_stops_it_before_anything_is_read(one: Shell, two: Shell, app: Watched) -> None:
    held = hold(two)
    ran = one("apply", "--yes", code=5)
    assert ran.out == ""
    assert "main is locked by bob@desk since 20" in ran.err
    assert "applying commit cccccccccccc; nothing was written\n" in ran.err
    assert "presetctl unlock -w main" in ran.err
    assert one("apply", "--yes", "--format", "json", code=5).json["error"]["name"] == "stale"
    assert app.keys == []
    assert lock(one).read() == held
    assert one("plan").code == 0, "reading is free to all"


def test_one_that_outlived_its_lease_is_told_and_not_stolen(one: Shell, two: Shell) -> None:
    held = hold(two, since=datetime.now(UTC) - timedelta(hours=3, seconds=5))
    ran = one("apply", "--yes", code=5)
    assert "(3 hours ago)" in ran.err
    assert "longer than its lease of 1 hour, so it may have been left behind" in ran.err
    assert lock(one).read() == held


def test_rollback_and_promote_are_locked_out_too(one: Shell, two: Shell, git: Git) -> None:
    one("apply", "--yes")
    git.write("presets/mail.yaml", "config: {model: a/b, temperature: 0.9}\n")
    one("apply", "--yes")
    shown = (git.folder / "presetctl.yaml").read_text()
    git.write(
        "presetctl.yaml", shown.replace("workspaces: {", "workspaces: {local: {provider: openrouter, url: embedded}, ")
    )
    git.write(
        "presets/mail.yaml", "config: {model: a/b, temperature: 0.9}\noverrides: {local: {config: {model: c/d}}}\n"
    )
    before = git("stash", "create")
    hold(two)
    one("rollback", "mail", "--to", "1", "-w", "main", "--apply", "--yes", code=5)
    one("promote", "local", "main", "--apply", "--yes", code=5)
    assert git("diff", before) == ""
    one("rollback", "mail", "--to", "1", "-w", "main")
    assert git("diff", before) != "", "without --apply no lock is needed"


def test_no_git_remote_to_lock_on(one: Shell, git: Git, app: Watched, tmp_path: Path) -> None:
    git("remote", "set-url", "origin", f"http://user:hunter2@127.0.0.1:1/{'a' * 9}.git")
    ran = one("apply", "--yes", code=8)
    assert "the git remote origin can't be used" in ran.err
    assert "hunter2" not in ran.err
    git("remote", "remove", "origin")
    assert "there is no git remote; nothing was written" in one("apply", "--yes", code=3).err
    (git.folder / ".git").rename(tmp_path / "moved")
    assert "is not in a git repository" in one("apply", "--yes", code=3).err
    assert app.keys == []
    one.replace("presetctl.yaml", ", lock: git", "")
    assert one("apply", "--yes").code == 0, "without a lock no git is needed"


def test_a_remote_that_may_only_be_read(one: Shell, app: Watched, tmp_path: Path) -> None:
    hook = tmp_path / "shared.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho read only >&2\nexit 1\n")
    hook.chmod(0o755)
    ran = one("apply", "--yes", code=7)
    assert "the git remote origin refuses to change refs/presetctl/locks/main: pre-receive hook declined" in ran.err
    assert app.keys == []


def test_it_is_released_after_an_error_too(one: Shell, two: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    one.write("presets/bad.yaml", "config: {modle: x}")
    one("apply", "--yes", code=3)
    monkeypatch.delenv("OPENROUTER_API_KEY")
    one("apply", "--yes", code=7)
    assert lock(two).read() is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("times", [1, 2])
def test_it_is_released_after_a_signal(
    one: Shell, two: Shell, app: Watched, number: signal.Signals, code: int, times: int
) -> None:
    reached, opened = held_up(app)
    with started(one, "apply", "--yes") as process:
        assert process.stderr is not None
        assert reached.wait(WAIT)
        process.send_signal(number)
        assert "Stopping" in process.stderr.readline()
        if times == 2:
            process.send_signal(number)
        else:
            opened.set()
        _, talk = process.communicate(timeout=WAIT)
        opened.set()
    assert process.returncode == code
    assert "lock" not in talk
    assert lock(two).read() is None


def test_a_signal_while_waiting_leaves_the_lock_of_the_other(one: Shell, two: Shell) -> None:
    held = hold(two)
    with started(one, "apply", "--yes", "--lock-timeout", "600") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Waiting for the lock of main, held by bob@desk since 20")
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=WAIT)
    assert (process.returncode, talk.strip()) == (143, "Interrupted.")
    assert lock(one).read() == held


def test_waiting_ends_when_it_is_released(one: Shell, two: Shell, app: Watched) -> None:
    held = hold(two)
    with started(one, "apply", "--yes", "--lock-timeout", "600") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Waiting")
        assert app.keys == []
        assert lock(two).remove(held)
        out, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert "applied  mail version 1" in out


def test_one_that_was_killed_leaves_it_and_unlock_helps(one: Shell, two: Shell, app: Watched) -> None:
    reached, opened = held_up(app)
    with started(one, "apply", "--yes", PRESETCTL_HOLDER="eve/4711") as process:
        assert reached.wait(WAIT)
        process.kill()
        process.communicate(timeout=WAIT)
    opened.set()
    assert "main is locked by eve/4711 since 20" in two("apply", "--yes", code=5).err
    two("unlock", "--holder", "eve/4711")
    assert "No changes" in two("apply", "--yes").out, "what it wrote is there"


def test_a_lock_that_was_removed_under_way_is_told(one: Shell, two: Shell, app: Watched) -> None:
    def steal() -> None:
        held = lock(two).read()
        assert held is not None
        assert lock(two).remove(held)
        hold(two)

    app.on_write = steal
    ran = one("apply", "--yes")
    assert "Somebody removed the lock of main before this command was done" in ran.err
    assert "presetctl plan -w main" in ran.err
    left = lock(one).read()
    assert left is not None
    assert left.lock.holder == "bob@desk", "the other's lock is left alone"


def test_a_lock_that_cannot_be_released_is_told(one: Shell, app: Watched, tmp_path: Path) -> None:
    app.on_write = lambda: (tmp_path / "shared.git").rename(tmp_path / "moved.git")
    ran = one("apply", "--yes")
    assert "The lock of main was not released: the git remote origin can't be used" in ran.err
    assert "→ presetctl unlock -w main" in ran.err


@pytest.mark.parametrize(
    ("environment", "holder"),
    [
        ({"PRESETCTL_HOLDER": " release\x1b bot "}, "release\\u{1b} bot"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat", "GITHUB_RUN_ID": "4711"}, "octocat/4711"),
        ({"GITHUB_ACTOR": "octocat", "LOGNAME": "ada"}, f"ada@{socket.gethostname()}"),
    ],
)
def test_who_holds_it(
    one: Shell, two: Shell, app: Watched, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], holder: str
) -> None:
    for name in ("PRESETCTL_HOLDER", "GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found: list[Held | None] = []
    app.on_write = lambda: found.append(lock(two).read())
    one("apply", "--yes")
    assert [held.lock.holder for held in found if held] == [holder]


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
