"""The files of a commit, from real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from presetctl.domain.errors import GitError, InputError
from presetctl.load.git import GitRepository
from presetctl.load.gittree import GitTree
from tests.gits import Git, needs_git

pytestmark = needs_git


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git.init(tmp_path / "a folder with späces")


def tree(git: Git, ref: str = "HEAD", folder: str = "") -> GitTree:
    repository = GitRepository.around(git.folder / folder)
    return GitTree(repository, repository.commit(ref))


def test_the_files_of_a_commit_whatever_the_work_tree_holds(git: Git) -> None:
    git.write("presets/ü 😀.yaml", "one")
    git.write("presets/sub/b.yaml", "two")
    git.write("presets/.hidden.yaml", "x")
    git.write("presets/.h/x.yaml", "x")
    git.write("other.yaml", "x")
    git.commit()
    git.write("presets/sub/b.yaml", "changed")
    git.write("presets/new.yaml", "new")
    found = tree(git)
    assert found.files("presets") == ["presets/sub/b.yaml", "presets/ü 😀.yaml"]
    assert found.files("./presets/sub/") == ["presets/sub/b.yaml"]
    assert found.files("nowhere") == []
    assert "other.yaml" in found.files(".")
    assert found.read("presets/sub/b.yaml", 100) == b"two"
    assert found.read("presets/ü 😀.yaml", 100) == b"one"
    assert git("status", "--porcelain"), "the work tree is as it was"


def test_an_older_commit(git: Git) -> None:
    git.write("a.yaml", "one")
    first = git.commit()
    git.write("a.yaml", "two")
    git.commit()
    assert tree(git, first).read("a.yaml", 10) == b"one"
    assert tree(git, "HEAD~1").read("a.yaml", 10) == b"one"
    assert tree(git).read("a.yaml", 10) == b"two"


def test_a_project_in_a_folder_of_its_repository(git: Git) -> None:
    git.write("project/presets/a.yaml", "inside")
    git.write("presets/a.yaml", "outside")
    git.commit()
    found = tree(git, folder="project")
    assert found.files("presets") == ["presets/a.yaml"]
    assert found.read("presets/a.yaml", 100) == b"inside"


@pytest.mark.parametrize("path", ["none.yaml", "presets", "../presets/a.yaml", "/etc/passwd", "out.yaml", "gone.yaml"])
def test_what_is_not_there_can_not_be_read(git: Git, path: str) -> None:
    git.write("project/presets/a.yaml", "x")
    git.write("presets/a.yaml", "x")
    (git.folder / "project/out.yaml").symlink_to("../presets/a.yaml")
    (git.folder / "project/gone.yaml").symlink_to("nowhere.yaml")
    git.commit()
    with pytest.raises(InputError, match="does not exist in commit"):
        tree(git, folder="project").read(path, 100)


def test_links_are_followed_inside(git: Git) -> None:
    git.write("prompts/p.md", "text")
    (git.folder / "presets").mkdir()
    (git.folder / "presets/p.md").symlink_to("../prompts/p.md")
    (git.folder / "presets/loop.md").symlink_to("loop.md")
    git.commit()
    assert tree(git).read("presets/p.md", 100) == b"text"
    with pytest.raises(InputError, match="in circles"):
        tree(git).read("presets/loop.md", 100)


def test_a_file_above_the_limit(git: Git) -> None:
    git.write("a.yaml", "x" * 11)
    git.commit()
    with pytest.raises(InputError, match="larger than 10 bytes"):
        tree(git).read("a.yaml", 10)


def test_a_lost_object(git: Git) -> None:
    git.write("a.yaml", "precious")
    git.commit()
    found = tree(git)
    blob = git("rev-parse", "HEAD:a.yaml")
    assert found.files("nowhere") == []  # the listing is read while the object is there
    (git.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match="lost the object"):
        found.read("a.yaml", 100)


def test_refs(git: Git) -> None:
    with pytest.raises(InputError, match="no commit yet"):
        GitRepository.around(git.folder).commit("HEAD")
    made = git.commit()
    git("tag", "v1")
    repository = GitRepository.around(git.folder)
    assert repository.commit("v1") == repository.commit("HEAD") == repository.commit(made[:8]) == made
    for ref in ("nothing", "--help", "--all", "HEAD:a", "v1^2"):
        with pytest.raises(InputError, match="git knows no commit"):
            repository.commit(ref)
    with pytest.raises(GitError, match="`git ls-tree` failed"):
        repository.run("ls-tree", "nothing")


def test_a_shallow_clone_says_how_to_get_the_rest(git: Git, tmp_path: Path) -> None:
    first = git.commit("one")
    git.commit("two", time=1)
    git("clone", "-q", "--depth", "1", f"file://{git.folder}", str(tmp_path / "clone"))
    clone = GitRepository.around(tmp_path / "clone")
    assert clone.shallow()
    with pytest.raises(InputError) as raised:
        clone.commit(first)
    assert "git fetch --unshallow" in raised.value.hint
    assert not GitRepository.around(git.folder).shallow()


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match="is not in a git repository") as raised:
        GitRepository.around(tmp_path)
    assert raised.value.hint == "`git init` makes one"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"git can't be used in .*: it is not installed"):
        GitRepository.around(tmp_path)


def test_somebody_elses_repository(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git.commit()
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(InputError, match="somebody else owns it") as raised:
        GitRepository.around(git.folder)
    assert "safe.directory" in raised.value.hint


def test_a_work_tree_of_its_own(git: Git, tmp_path: Path) -> None:
    git.write("a.yaml", "one")
    git.commit()
    git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
    assert tree(Git(tmp_path / "other")).read("a.yaml", 10) == b"one"
