"""Where a change started, as far as git and GitHub tell: asked of real repositories and clones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from presetctl.load.base import Found, NoBase, find_base
from presetctl.load.git import Base, GitRepository
from tests.gits import Git, needs_git

pytestmark = needs_git
NO_COMMIT = "what GitHub says of this push, in GITHUB_EVENT_PATH, names no commit before it"


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git.init(tmp_path / "a folder with späces")


def found(git: Git, **environment: str) -> Found:
    return find_base(GitRepository.around(git.folder), environment)


def test_the_base_of_a_branch(git: Git) -> None:
    start = git.commit("one")
    assert found(git) == NoBase(), "there is no upstream"
    git("branch", "target")
    git("branch", "-q", "--set-upstream-to=target")
    assert found(git) == NoBase(), "nothing was committed since"
    git.commit("two", time=1)
    assert found(git) == Base(start, "merge base with the upstream branch")
    git("checkout", "-q", "--detach")
    assert found(git) == NoBase()


def test_the_base_of_a_pull_request(git: Git) -> None:
    start = git.commit("one")
    git("update-ref", "refs/remotes/origin/release", start)
    git.commit("two", time=1)
    assert found(git, GITHUB_BASE_REF="release") == Base(start, "merge base with origin/release")
    both = {"GITHUB_BASE_REF": "release", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "nowhere"}
    assert found(git, **both) == Base(start, "merge base with origin/release")
    git("checkout", "-q", start)
    assert found(git, GITHUB_BASE_REF="release") == NoBase(), "nothing was committed since"
    git("checkout", "-q", "--orphan", "alone")
    git.commit("three", time=2)
    assert found(git, GITHUB_BASE_REF="release") == NoBase("HEAD and origin/release have no commit in common here")


def test_the_target_of_a_pull_request_that_was_not_fetched(git: Git, tmp_path: Path) -> None:
    git.commit("one")
    assert found(git, GITHUB_BASE_REF="elsewhere") == NoBase(
        "origin/elsewhere is not in this clone: `git fetch` brings what is missing, and so does `fetch-depth: 0` of "
        "actions/checkout"
    )
    git("branch", "topic")
    git.commit("two", time=1)
    git("clone", "-q", "--depth", "1", "--branch", "topic", f"file://{git.folder}", str(tmp_path / "clone"))
    clone = Git(tmp_path / "clone")
    missing = found(clone, GITHUB_BASE_REF="main")
    assert isinstance(missing, NoBase)
    assert missing.why.startswith("origin/main is not in this clone: `git fetch --unshallow` brings")
    clone("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    cut = found(clone, GITHUB_BASE_REF="main")
    assert isinstance(cut, NoBase)
    assert cut.why.startswith("HEAD and origin/main have no commit in common here: `git fetch --unshallow` brings")


def pushed(git: Git, before: object) -> Found:
    event = git.folder.parent / "event.json"
    event.write_text(json.dumps({"ref": "refs/heads/main", "before": before}))
    return found(git, GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=str(event))


def test_the_base_of_a_push(git: Git) -> None:
    start = git.commit("one")
    git.commit("two", time=1)
    last = git.commit("three", time=2)
    assert pushed(git, start) == Base(start, "commit before this push")
    assert pushed(git, last) == NoBase(), "it brought nothing"
    git("branch", "-q", "target")
    git("branch", "-q", "--set-upstream-to=target")
    git.commit("four", time=3)
    assert pushed(git, start) == Base(start, "commit before this push"), "not what the upstream tells"
    git("checkout", "-q", "-b", "forced", start)
    git.commit("instead", time=4)
    assert pushed(git, last) == Base(last, "commit before this push"), "what a forced push left behind was applied"
    assert found(git, GITHUB_EVENT_NAME="schedule", GITHUB_EVENT_PATH="nowhere") == NoBase()
    assert found(git, GITHUB_EVENT_NAME="push") == NoBase()


@pytest.mark.parametrize("length", [40, 64])
def test_the_first_push_of_a_branch(git: Git, length: int) -> None:
    git.commit("one")
    assert pushed(git, "0" * length) == NoBase("this push made the branch or tag, so that there was nothing before it")


def test_a_push_in_a_shallow_clone(git: Git, tmp_path: Path) -> None:
    start = git.commit("one")
    git.commit("two", time=1)
    git("clone", "-q", "--depth", "1", f"file://{git.folder}", str(tmp_path / "clone"))
    clone = Git(tmp_path / "clone")
    assert pushed(clone, start) == NoBase(
        f"commit {start[:12]}, which was there before this push, is not in this clone: `git fetch --unshallow` brings "
        "what is missing, and so does `fetch-depth: 0` of actions/checkout"
    )
    clone("fetch", "-q", "--unshallow")
    assert pushed(clone, start) == Base(start, "commit before this push")


@pytest.mark.parametrize("before", [None, 7, "", "main", "HEAD~1", "--all", "A" * 40, f"{'a' * 40}\n", {"x": 1}])
def test_what_an_event_says_is_not_believed(git: Git, before: object) -> None:
    git.commit("one")
    assert pushed(git, before) == NoBase(NO_COMMIT)


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"before": 1, "before": 2}', "\x00"])
def test_an_event_that_is_none(git: Git, tmp_path: Path, text: str) -> None:
    git.commit("one")
    event = tmp_path / "event.json"
    event.write_text(text)
    missing = found(git, GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=str(event))
    assert isinstance(missing, NoBase)
    assert missing.why.startswith("what GitHub says of this push, in GITHUB_EVENT_PATH,")
    event.unlink()
    missing = found(git, GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=str(event))
    assert missing == NoBase("what GitHub says of this push, in GITHUB_EVENT_PATH, can't be read")
