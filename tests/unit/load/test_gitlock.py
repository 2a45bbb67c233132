"""Locks on a git remote: made, read, waited for and removed, in clones of one bare repository."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from presetctl.domain.lock import LEASE, UNKNOWN_HOLDER, Lock
from presetctl.load import gitlock
from presetctl.load.git import GitRepository
from presetctl.load.gitlock import GitLock, Held
from presetctl.load.gitremote import GitRemote
from tests.gits import Git, needs_git, shared

pytestmark = needs_git
SINCE = datetime(2026, 4, 20, 10, 0, 0, tzinfo=UTC)
ADA = Lock("ada@build-7", SINCE, "a" * 40, LEASE)


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def clones(tmp_path: Path) -> list[Git]:
    return shared(tmp_path, "one", "two")


def lock(git: Git, workspace: str = "production") -> GitLock:
    return GitLock(GitRemote.of(GitRepository.around(git.folder)), workspace)


def unexpected(other: Held) -> None:
    raise AssertionError(other)


def test_one_holds_it_and_the_other_reads_who(clones: list[Git]) -> None:
    one, two = map(lock, clones)
    mine = one.prepare(ADA)
    assert one.read() is None, "nothing is seen of a lock that is only prepared"
    assert one.take(mine, 0, unexpected) is None
    assert two.read() == mine == Held(mine.object, ADA)
    theirs = two.prepare(Lock("bob", SINCE))
    told: list[Held] = []
    assert two.take(theirs, 0, told.append) == mine
    assert not told, "nobody waits"
    assert not two.remove(theirs)
    assert lock(clones[1], "staging").take(theirs, 0, unexpected) is None, "another workspace has its own"
    assert one.remove(mine)
    assert not one.remove(mine)
    assert one.read() is None
    assert lock(clones[0], "staging").read() == Held(theirs.object, Lock(UNKNOWN_HOLDER)), "no lease, no lock of ours"


def test_two_locks_of_one_moment_are_two(clones: list[Git]) -> None:
    assert len({lock(clones[0]).prepare(ADA).object for _ in range(3)}) == 3


def test_no_name_of_a_person_is_needed(clones: list[Git], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", "not a date")
    clones[0]("config", "user.useConfigOnly", "true")
    clones[0]("config", "commit.gpgSign", "true")
    made = lock(clones[0]).prepare(ADA)
    written = clones[0]("cat-file", "commit", made.object)
    assert "\nauthor presetctl <presetctl@presetctl.invalid> " in written
    said = json.loads(written.partition("\n\n")[2])
    assert said.pop("token")
    assert said == {
        "holder": "ada@build-7",
        "since": "2026-04-20T10:00:00Z",
        "commit": "a" * 40,
        "lease_seconds": 3600,
    }


def test_waiting_until_it_is_free(clones: list[Git], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlock, "PAUSES", (0.01,))
    one, two = map(lock, clones)
    mine, theirs = one.prepare(ADA), two.prepare(Lock("bob", SINCE, None, LEASE))
    assert one.take(mine, 0, unexpected) is None
    told: list[Held] = []

    def waiting(other: Held) -> None:
        told.append(other)
        threading.Thread(target=one.remove, args=[mine]).start()

    assert two.take(theirs, 600, waiting) is None
    assert told == [mine]
    assert one.read() == theirs
    assert one.take(mine, 0.2, told.append) == theirs, "it's given up in the end"
    assert told == [mine, theirs]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "not JSON",
        "[]",
        '{"holder": "x"}',
        '{"holder": "", "since": "2026-04-20T10:00:00Z", "lease_seconds": 3600}',
        '{"holder": "x", "since": "2026-13-20T10:00:00Z", "lease_seconds": 3600}',
        '{"holder": "x", "since": "yesterday", "lease_seconds": 3600}',
        '{"holder": "x", "since": "2026-04-20T10:00:00Z", "lease_seconds": -1}',
        '{"holder": "x", "since": "2026-04-20T10:00:00Z", "lease_seconds": ' + "9" * 5000 + "}",
        "[" * 20_000,
        "x" * 100_000,
    ],
)
def test_what_cannot_be_read_is_a_lock_all_the_same(clones: list[Git], message: str) -> None:
    (clones[0].folder / "message").write_text(message)
    made = clones[0]("commit-tree", "-F", "message", "HEAD^{tree}")
    clones[0]("push", "-q", "origin", f"{made}:refs/presetctl/locks/production")
    held = lock(clones[1]).read()
    assert held == Held(made, Lock(UNKNOWN_HOLDER))
    assert lock(clones[1]).remove(held)


def test_a_ref_to_something_else(clones: list[Git]) -> None:
    clones[0].write("a.txt", "x")
    blob = clones[0]("hash-object", "-w", "a.txt")
    clones[0]("push", "-q", "origin", f"{blob}:refs/presetctl/locks/production")
    held = lock(clones[1]).read()
    assert held == Held(blob, Lock(UNKNOWN_HOLDER))
    assert lock(clones[1]).remove(held)


@pytest.mark.parametrize(("seconds", "outlived"), [(0, False), (3600, False), (3601, True), (-60, False)])
def test_a_lease(seconds: int, outlived: bool) -> None:
    now = SINCE + timedelta(seconds=seconds)
    assert ADA.outlived(now) is outlived
    assert not Lock("x", SINCE).outlived(now)
    assert not Lock("x", None, None, LEASE).outlived(now)
