"""Records of applies in git notes: added, merged and shared by clones of one bare repository."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from presetctl.domain.errors import AccessError, GitError, RemoteError
from presetctl.load.git import GitRepository
from presetctl.load.gitnotes import NOTES, Record, RecordedOutcome, add_record, recorded, share_records
from presetctl.load.gitremote import GitRemote
from tests.gits import Git, needs_git, shared

pytestmark = needs_git


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def clones(tmp_path: Path) -> list[Git]:
    return shared(tmp_path, "one", "two")


def repository(git: Git) -> GitRepository:
    return GitRepository.around(git.folder)


def remote(git: Git) -> GitRemote:
    return GitRemote.of(repository(git))


def line(workspace: str, time: str = "10:00:00", **more: object) -> str:
    outcome = {"slug": "mail", "action": "update", "result": "applied", "version": 2, "version_id": None, "digest": "d"}
    start = {"format_version": "1.0", "tool_version": "0.1", "workspace": workspace, "time": f"2026-04-20T{time}Z"}
    return json.dumps({**start, "fingerprint": "f", "outcomes": [outcome], **more})


def record(git: Git, text: str, commit: str = "HEAD") -> None:
    add_record(repository(git), git("rev-parse", commit), text)


def workspaces(git: Git, *, everywhere: bool = False) -> list[str]:
    return [found.workspace for found in recorded(repository(git), remote(git) if everywhere else None)]


def test_several_applies_of_one_commit_and_of_others(clones: list[Git]) -> None:
    git = clones[0]
    assert recorded(repository(git)) == ()
    first = git("rev-parse", "HEAD")
    record(git, line("production", "10:02:00"))
    record(git, line("staging", "10:01:00"))
    git.commit("Second")
    record(git, line("production", "10:00:00"))
    found = recorded(repository(git))
    assert [(item.commit, item.workspace) for item in found] == [
        (git("rev-parse", "HEAD"), "production"), (first, "staging"), (first, "production")
    ]  # fmt: skip
    assert found[1] == Record(
        commit=first,
        workspace="staging",
        time="2026-04-20T10:01:00Z",
        tool_version="0.1",
        fingerprint="f",
        outcomes=(
            RecordedOutcome(slug="mail", action="update", result="applied", version=2, version_id=None, digest="d"),
        ),
    )
    shown = git("notes", "--ref", NOTES, "show", first)
    assert [json.loads(text)["workspace"] for text in shown.splitlines()] == ["production", "staging"]


def test_nothing_of_the_user_changes(clones: list[Git]) -> None:
    git = clones[0]
    git.write("a.txt", "committed")
    git.commit("A file")
    git("notes", "add", "-m", "mine")
    git.write("a.txt", "edited")
    git.write("b.txt", "staged")
    git("add", "b.txt")
    git("config", "user.useConfigOnly", "true")
    git("config", "notes.mergeStrategy", "manual")

    def state() -> tuple[list[str], set[str], str]:
        refs = [ref for ref in git("for-each-ref").splitlines() if not ref.endswith(NOTES)]
        return refs, {path.name for path in (git.folder / ".git").iterdir()}, git("status", "--porcelain")

    before = state()
    record(git, line("production"))
    record(clones[1], line("staging"))
    share_records(repository(clones[1]), remote(clones[1]))
    share_records(repository(git), remote(git))
    assert state() == before
    assert git("notes", "show") == "mine"
    assert sorted(workspaces(git)) == ["production", "staging"]
    author = git("log", "-1", "--format=%an <%ae>", NOTES)
    assert author == "presetctl <presetctl@presetctl.invalid>"
    assert [ref for ref in git("ls-remote", "origin").splitlines() if "notes" in ref] == [
        f"{git('rev-parse', NOTES)}\t{NOTES}"
    ], "notes of others stay here"


def test_two_clones_record_the_same_commit(clones: list[Git]) -> None:
    for git, name in zip(clones, ("production", "staging"), strict=True):
        record(git, line(name))
        assert workspaces(git) == [name]
    for git in [*clones, clones[0]]:
        share_records(repository(git), remote(git))
    for git in clones:
        assert sorted(workspaces(git)) == ["production", "staging"]
    assert clones[0]("rev-parse", NOTES) == clones[1]("rev-parse", NOTES)
    record(clones[0], line("third", "11:00:00"))
    assert workspaces(clones[1], everywhere=True)[-1] != "third", "it's not shared yet"
    share_records(repository(clones[0]), remote(clones[0]))
    assert workspaces(clones[1])[-1] != "third"
    assert workspaces(clones[1], everywhere=True)[-1] == "third"
    assert workspaces(clones[1])[-1] != "third", "reading changes nothing here"


def test_many_at_once_lose_nothing(clones: list[Git]) -> None:
    """Also in one clone: two applies of two workspaces may run there side by side."""
    errors: list[Exception] = []

    def work(number: int) -> None:
        git = clones[number % 2]
        try:
            record(git, line(f"w{number}"))
            share_records(repository(git), remote(git))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for git in clones:
        assert sorted(workspaces(git, everywhere=True)) == [f"w{number}" for number in range(4)]
        assert "presetctl-" not in git("for-each-ref")


def test_what_could_not_be_pushed_goes_with_the_next(clones: list[Git], tmp_path: Path) -> None:
    git, bare = clones[0], tmp_path / "shared.git"
    hook = bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    record(git, line("first"))
    with pytest.raises(AccessError, match="refuses to change refs/notes/presetctl"):
        share_records(repository(git), remote(git))
    bare.rename(tmp_path / "moved.git")
    with pytest.raises(RemoteError):
        share_records(repository(git), remote(git))
    assert workspaces(git) == ["first"]
    (tmp_path / "moved.git").rename(bare)
    hook.unlink()
    record(git, line("second"))
    share_records(repository(git), remote(git))
    assert workspaces(clones[1], everywhere=True) == ["first", "second"]


def test_sharing_nothing_makes_nothing(clones: list[Git]) -> None:
    share_records(repository(clones[0]), remote(clones[0]))
    assert "notes" not in clones[0]("ls-remote", "origin")


def test_many_notes_lie_in_folders(clones: list[Git]) -> None:
    git = clones[0]
    git.write("note", line("w"))
    note, tree = git("hash-object", "-w", "note"), git("write-tree")
    names = [git("commit-tree", "-m", f"{number}", tree) for number in range(150)]
    batch = "".join(f"N {note} {name}\n" for name in names[:-1])
    stream = f"commit {NOTES}\ncommitter a <a@b> 1 +0000\ndata 0\n\n{batch}done\n"
    subprocess.run(["git", "fast-import", "--quiet", "--done"], cwd=git.folder, input=stream, text=True, check=True)
    record(git, line("last", "23:00:00"), names[-1])
    assert "/" in git("ls-tree", "-r", "--name-only", NOTES).splitlines()[0]
    found = recorded(repository(git))
    assert {item.commit for item in found} == set(names)
    assert found[-1].workspace == "last"


@pytest.mark.parametrize(
    "text",
    [
        "Looks good to me",
        "[]",
        "{}",
        '{"workspace": "x", "workspace": "y"}',
        "[" * 10_000,
        line("w", x=1).replace("10:00:00", "soon"),
        line("w", outcomes=[{"slug": "mail"}]),
        line("w" * 2000),
        line("w", fingerprint=1),
    ],
)
def test_what_is_no_record_is_left_out(clones: list[Git], text: str) -> None:
    record(clones[0], line("before"))
    record(clones[0], text)
    record(clones[0], line("after", "11:00:00"))
    assert workspaces(clones[0]) == ["before", "after"]


def test_an_archived_preset_has_no_digest(clones: list[Git]) -> None:
    outcome = {
        "slug": "a",
        "action": "archive",
        "result": "applied",
        "version": None,
        "version_id": None,
        "digest": None,
    }
    record(clones[0], line("w", outcomes=[outcome]))
    assert [found.outcomes[0].digest for found in recorded(repository(clones[0]))] == [None]


def test_a_record_cannot_name_another_commit_and_new_fields_are_no_matter(clones: list[Git]) -> None:
    record(clones[0], line("w", commit="0" * 40, added_later=[1]))
    assert [found.commit for found in recorded(repository(clones[0]))] == [clones[0]("rev-parse", "HEAD")]


def test_a_ref_that_holds_something_else(clones: list[Git]) -> None:
    git = clones[0]
    git.write("a.txt", "x")
    git.commit("A file")
    git("update-ref", NOTES, "HEAD")
    assert recorded(repository(git)) == ()
    record(git, line("w"))
    assert workspaces(git) == ["w"]


def test_a_commit_that_is_not_there(clones: list[Git]) -> None:
    with pytest.raises(GitError, match="`git notes` failed"):
        add_record(repository(clones[0]), "none", line("w"))
    assert "notes" not in clones[0]("for-each-ref")
