"""A few files at many commits, from real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from presetctl.domain.errors import InputError
from presetctl.load.git import GitRepository
from presetctl.load.snapshots import Snapshot, snapshots
from tests.gits import Git, needs_git

pytestmark = needs_git


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    return Git.init(tmp_path)


def contents(git: Git, *paths: str, folder: str = ".") -> list[dict[str, bytes]]:
    """What the files were at HEAD and at the commit before it."""
    around = GitRepository.around(git.folder / folder)
    commits = git("rev-list", "HEAD").split("\n")[:2]
    found = list(snapshots(around, commits, paths))
    assert [it.commit for it in found] == commits
    return [dict(it.contents) for it in found]


def test_each_file_at_each_commit(git: Git) -> None:
    git.write("a b.yaml", "1\n")
    git.commit("one")
    git.write("a b.yaml", "")
    git.write("é/ü.md", "2 missing\n")
    git.commit("two")
    assert contents(git, "é/ü.md", "a b.yaml", "gone") == [
        {"a b.yaml": b"", "é/ü.md": b"2 missing\n"},
        {"a b.yaml": b"1\n"},
    ]
    assert contents(git) == [{}, {}]


def test_links_are_followed_and_what_is_no_file_is_left_out(git: Git) -> None:
    git.commit("empty")
    git.write("folder/file", "text")
    for name, target in {"good": "folder/file", "bad": "gone", "me": "me", "out": "/etc/hostname"}.items():
        (git.folder / name).symlink_to(target)
    git.commit("links")
    names = ("good", "bad", "me", "out", "folder", "folder/file", "folder/file/below", "new\nline")
    assert contents(git, *names) == [{"folder/file": b"text", "good": b"text"}, {}]


def test_a_project_below_the_root(git: Git) -> None:
    git.commit("empty")
    git.write("deep/a", "1")
    git.write("a", "2")
    git.commit("files")
    assert contents(git, "a", folder="deep") == [{"a": b"1"}, {}]


def test_reading() -> None:
    snapshot = Snapshot("c" * 40, {"presets/b": b"12", "presets/a": b"", "c": b""})
    assert snapshot.files("presets") == ["presets/a", "presets/b"]
    assert snapshot.read("presets/b", 2) == b"12"
    with pytest.raises(InputError, match="larger than 1 bytes"):
        snapshot.read("presets/b", 1)
    with pytest.raises(InputError, match="gone does not exist in commit cccccccccccc"):
        snapshot.read("gone", 1)
