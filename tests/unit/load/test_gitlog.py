"""What git's history says, asked of real repositories with settings that would change its answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from presetctl.domain.errors import InputError
from presetctl.load.git import GitRepository
from presetctl.load.gitlog import pull_request, read_log
from tests.gits import Git, needs_git


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Merge pull request #12 from ada/calm", 12),
        ("Calm the tone (#12)", 12),
        ('Revert "Calm the tone (#12)" (#13)', 13),
        ("Merged in calm (pull request #4)", 4),
        ("Calm the tone (#12) ", 12),
        ("Calm the tone, see #12", None),
        ("Fix (#12) at last", None),
        ("(#)", None),
        (f"(#{'1' * 30})", None),
        ("", None),
    ],
)
def test_pull_requests(subject: str, number: int | None) -> None:
    assert pull_request(subject) == number


pytestmark = needs_git


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    return Git.init(tmp_path)


def subjects(git: Git, *paths: str, limit: int = 100) -> list[str]:
    return [it.commit.subject for it in read_log(GitRepository.around(git.folder), paths, limit=limit).commits]


def test_other_branches(git: Git) -> None:
    git.write("a", "1")
    git.commit("one", 1)
    for branch in ("refs/heads/topic", "refs/remotes/origin/topic", "refs/elsewhere"):
        git("checkout", "-q", "--detach", "main")
        git.write("a", branch)
        git.commit(branch, 2)
        git("update-ref", branch, "HEAD")
    git("checkout", "-q", "main")
    around = GitRepository.around(git.folder)
    found = {it.commit.subject for it in read_log(around, ["a"], everywhere=True).commits}
    assert found == {"one", "refs/heads/topic", "refs/remotes/origin/topic"}
    assert subjects(git, "a") == ["one"]


def test_only_commits_that_touched_the_paths_newest_first(git: Git) -> None:
    git.write("a/one.yaml", "1")
    git.commit("one", 1)
    git.write("b", "1")
    git.commit("other", 2)
    git.write("a/one.yaml", "2")
    git.commit(":two: é", 3)
    log = read_log(GitRepository.around(git.folder), ["a"])
    assert [it.commit.subject for it in log.commits] == [":two: é", "one"]
    newest = log.commits[0]
    assert (newest.commit.time, newest.commit.author) == ("2026-04-20T10:03:00Z", "Test")
    assert newest.parents == (git("rev-parse", "HEAD~1"),)
    assert log.commits[1].parents == ()
    assert {path for path, _ in log.blobs} == {"a/one.yaml"}
    assert len(log.blobs) == 2
    assert not log.cut


def test_both_sides_of_a_merge_also_the_one_that_it_dropped(git: Git) -> None:
    git.write("a", "1")
    git.commit("start", 1)
    git("checkout", "-q", "-b", "topic")
    git.write("a", "2")
    git.commit("dropped", 2)
    git("checkout", "-q", "main")
    git.commit("empty", 3)
    git("merge", "-q", "-s", "ours", "-m", "merge", "topic", time=4)
    assert subjects(git, "a") == ["merge", "dropped", "start"]


def test_odd_names_and_links(git: Git) -> None:
    names = ["a b.yaml", "é.yaml", "new\nline.yaml", ":(top)x.yaml", "*.yaml"]
    for name in names:
        git.write(name, name)
    (git.folder / "link.yaml").symlink_to("a b.yaml")
    git.commit("all")
    log = read_log(GitRepository.around(git.folder), ["."])
    assert {path for path, _ in log.blobs} == set(names)
    git.write("b.yaml", "b")
    git.commit("b")
    assert subjects(git, "*.yaml") == ["all"], "a star is a star"


def test_what_was_removed_is_known_and_deletions_are_commits(git: Git) -> None:
    git.write("a", "1")
    git.commit("one")
    git("rm", "-q", "a")
    git.commit("gone")
    log = read_log(GitRepository.around(git.folder), ["a"])
    assert [it.commit.subject for it in log.commits] == ["gone", "one"]
    assert [path for path, _ in log.blobs] == ["a"]


def test_more_commits_than_are_looked_at(git: Git) -> None:
    for number in range(4):
        git.write("a", str(number))
        git.commit(str(number), number)
    assert subjects(git, "a", limit=3) == ["3", "2", "1"]
    around = GitRepository.around(git.folder)
    assert [read_log(around, ["a"], limit=limit).cut for limit in (3, 4)] == [True, False]


def test_the_persons_settings_change_nothing(git: Git) -> None:
    git.write("a/old.yaml", "1\n" * 20)
    git.commit("one", 1)
    git("mv", "a/old.yaml", "a/new.yaml")
    git.commit("two", 2)
    before = read_log(GitRepository.around(git.folder), ["a/new.yaml"])
    for setting in ("log.follow=true", "diff.renames=copies", "diff.relative=true", "log.showRoot=false"):
        git("config", *setting.split("="))
    git("config", "log.diffMerges", "off")
    git("config", "format.pretty", "oneline")
    assert read_log(GitRepository.around(git.folder), ["a/new.yaml"]) == before
    assert [it.commit.subject for it in before.commits] == ["two"]


def test_a_project_below_the_root(git: Git) -> None:
    git.write("deep/er/presets/a.yaml", "1")
    git.write("presets/b.yaml", "1")
    git.commit("one")
    log = read_log(GitRepository.around(git.folder / "deep/er"), ["presets"])
    assert [path for path, _ in log.blobs] == ["presets/a.yaml"]


def test_no_commit_yet(git: Git) -> None:
    with pytest.raises(InputError, match="no commit yet"):
        read_log(GitRepository.around(git.folder), ["a"])
