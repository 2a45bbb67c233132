"""What git says of the files, asked of real repositories, also of hostile and broken ones."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from presetctl.domain.change import Head
from presetctl.load import git
from presetctl.load.git import head
from tests.gits import needs_git

pytestmark = needs_git

IDENTITY = {
    **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_DATE": "2026-04-20T10:00:00Z" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def run(folder: Path, *words: str) -> str:
    environment = {**os.environ, **IDENTITY}
    done = subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "repository"
    (folder / "presets").mkdir(parents=True)
    run(folder, "init", "-q", "-b", "main")
    (folder / "presets/a.yaml").write_text("config: {model: m}\n")
    (folder / ".gitignore").write_text(".presetctl/\n")
    commit(folder)
    return folder


def commit(folder: Path) -> str:
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "one")
    return run(folder, "rev-parse", "HEAD")


def test_a_clean_work_tree(repository: Path) -> None:
    made = run(repository, "rev-parse", "HEAD")
    assert len(made) == 40
    assert head(repository) == Head(made, dirty=False)
    assert head(repository / "presets") == Head(made, dirty=False)


@pytest.mark.parametrize("change", ["modified", "untracked", "deleted", "staged"])
def test_a_dirty_work_tree(repository: Path, change: str) -> None:
    preset = repository / "presets/a.yaml"
    if change == "untracked":
        (repository / "presets/b ü.yaml").touch()
    elif change == "deleted":
        preset.unlink()
    else:
        preset.write_text("config: {model: n}\n")
    if change == "staged":
        run(repository, "add", "-A")
    assert head(repository).dirty


def test_what_is_ignored_is_not_dirty(repository: Path) -> None:
    (repository / ".presetctl").mkdir()
    (repository / ".presetctl/local.sqlite3").touch()
    assert not head(repository).dirty


def test_a_project_in_a_subfolder_is_dirty_by_its_own_files_only(repository: Path) -> None:
    (repository / "elsewhere.txt").touch()
    assert head(repository).dirty
    assert not head(repository / "presets").dirty


def test_a_detached_head_and_a_work_tree_of_its_own(repository: Path) -> None:
    made = run(repository, "rev-parse", "HEAD")
    run(repository, "worktree", "add", "-q", "--detach", "../other", made)
    assert head(repository.parent / "other") == Head(made)


def test_where_git_cannot_say_what_differs_something_does(repository: Path) -> None:
    made = run(repository, "rev-parse", "HEAD")
    (repository / ".git/index").write_bytes(b"damaged")
    assert head(repository) == Head(made, dirty=True)


def test_names_that_look_like_what_git_says_of_branches(repository: Path) -> None:
    made = run(repository, "rev-parse", "HEAD")
    (repository / "# branch.oid (initial)").touch()
    assert head(repository) == Head(made, dirty=True)
    (repository / "# branch.oid (initial)").unlink()
    run(repository, "mv", "presets/a.yaml", "# branch.oid (initial)")
    assert head(repository) == Head(made, dirty=True)


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert head(tmp_path) == Head()


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert head(tmp_path / "gone") == Head()


def test_before_the_first_commit(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    (tmp_path / "a").touch()
    assert head(tmp_path) == Head()


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert head(repository) == Head()


def test_a_git_that_hangs(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.2)
    assert head(repository) == Head()


def test_where_git_cannot_say_what_differs_it_is_taken_to(repository: Path) -> None:
    made = run(repository, "rev-parse", "HEAD")
    (repository / ".git/index").write_bytes(b"not an index")
    assert head(repository) == Head(made, dirty=True)


def test_a_hostile_configuration_runs_nothing(repository: Path, tmp_path: Path) -> None:
    marker, script = tmp_path / "marker", tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
    script.chmod(0o755)
    hooks = repository / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).write_bytes(script.read_bytes())
        (hooks / name).chmod(0o755)
    for setting in ("core.fsmonitor", "core.pager", "pager.status", "core.editor", "diff.external", "core.sshCommand"):
        run(repository, "config", setting, str(script))
    run(repository, "config", "core.hooksPath", str(hooks))
    (repository / "presets/a.yaml").write_text("config: {model: n}\n")
    assert head(repository).dirty
    assert not marker.exists()


def test_reading_leaves_the_index_alone(repository: Path) -> None:
    preset = repository / "presets/a.yaml"
    os.utime(preset, (1, 1))
    before = (repository / ".git/index").read_bytes()
    assert not head(repository).dirty
    assert (repository / ".git/index").read_bytes() == before


def test_a_file_name_with_a_line_feed(repository: Path) -> None:
    (repository / "presets/a\nb.yaml").touch()
    assert head(repository).dirty
