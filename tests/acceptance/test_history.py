"""Versions, commits and edits outside git: history and status on real repositories, against the emulator."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

pytestmark = needs_git
ROOT = Path(__file__).parents[2]
MAIL = "presets/mail.yaml"


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app() as made:
        yield made


@pytest.fixture
def git(shell: Shell, app: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Git]:
    """A repository with a project and no commit yet."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    git = Git.init(shell.folder)
    with serve(app) as url:
        git.write("presetctl.yaml", f"version: 1\nworkspaces: {{main: {{provider: openrouter, url: '{url}'}}}}\n")
        yield git


def mail(git: Git, temperature: float, prompt: str = "Be kind.") -> None:
    git.write(MAIL, f"system_prompt_file: prompts/mail.md\nconfig: {{model: a/b, temperature: {temperature}}}\n")
    git.write("presets/prompts/mail.md", f"{prompt}\n")


def checked(shell: Shell, schema: str, *words: str) -> Any:
    document = shell(*words, "--format", "json").json
    described = json.loads((ROOT / f"schemas/{schema}.schema.json").read_text())
    Draft202012Validator(described).validate(document)
    return document


def commits(shell: Shell, slug: str = "mail") -> list[str | None]:
    """The commit of every version, oldest first."""
    versions = checked(shell, "history", "history", slug)["versions"]
    return [None if version["commit"] is None else version["commit"]["id"] for version in versions]


def states(shell: Shell, *slugs: str) -> dict[str, str]:
    return {row["slug"]: row["state"] for row in checked(shell, "list", "status", *slugs)["presets"]}


def test_versions_and_the_commits_that_they_come_from(shell: Shell, git: Git, app: Emulator) -> None:
    mail(git, 0.5)
    first = git.commit("Start", 1)
    shell("apply", "--yes")
    app.dashboard_save("default", "mail", {"model": "a/b", "temperature": 0.9}, "Be kind.")
    mail(git, 0.5, "Be calm.")
    second = git.commit("Calm the tone (#12)", 2)
    shell("apply", "--yes")
    assert commits(shell) == [first, None, second]
    out = shell("history", "mail").out
    assert out.startswith("mail  workspace main\n\nversion 3  ")
    assert f"  live\n    {second[:12]} Calm the tone (#12)\n    ~ config.temperature: 0.9 → 0.5\n" in out
    assert "        - Be [-kind-].\n        + Be {+calm+}.\n" in out
    assert "\n    edited outside git\n    ~ config.temperature: 0.5 → 0.9\n" in out
    assert out.endswith(f"\n    {first[:12]} Start\n\n3 versions: 2 from commits, 1 edited outside git.\n")
    assert "temperature" not in shell("history", "mail", "--no-fields").out


def test_pending_drifted_orphaned_and_unmanaged(shell: Shell, git: Git, app: Emulator) -> None:
    mail(git, 0.5)
    git.write("presets/edited.yaml", "config: {model: a/b}")
    git.write("presets/a-file.yaml", "slug: once\nconfig: {model: a/b}")
    git.write("presets/same.yaml", "config: {model: a/b}")
    first = git.commit("Start", 1)
    shell("apply", "--yes")
    mail(git, 0.7)
    git("rm", "-q", "presets/a-file.yaml")
    git.write("presets/edited.yaml", "config: {model: c/d}")
    git.write("presets/new.yaml", "config: {model: a/b}")
    git.commit("Change", 2)
    app.dashboard_save("default", "edited", {"model": "x/y"})
    app.dashboard_save("default", "theirs", {"model": "x/y"})
    app.dashboard_save("default", "a-file", {"model": "x/y"})
    expected = {"mail": "pending", "edited": "drifted", "once": "orphaned", "same": "in_sync", "new": "pending"}
    assert states(shell) == {**expected, "theirs": "unmanaged", "a-file": "unmanaged"}
    assert states(shell, "once", "mail") == {"mail": "pending", "once": "orphaned"}
    out = shell("status").out
    assert f"pending (config.temperature), live from {first[:12]} Start\n" in out
    assert "drifted (config.model)\n" in out
    assert out.endswith("7 presets: 1 in sync, 2 pending, 1 drifted, 1 orphaned, 2 unmanaged.\n")
    assert "neither declared nor in the workspace" in shell("status", "gone", code=64).err
    assert "not every file is valid" in broken(shell, "status")


def broken(shell: Shell, *words: str) -> str:
    """What a command says where a file isn't valid."""
    shell.write("presets/bad.yaml", "config: {modle: x}")
    return shell(*words, code=3).err


def test_a_preset_that_was_never_committed_is_pending(shell: Shell, git: Git, app: Emulator) -> None:
    git.commit("Start", 1)
    mail(git, 0.5)
    app.dashboard_save("default", "mail", {"model": "x/y"})
    assert states(shell) == {"mail": "pending"}
    assert commits(shell) == [None]


def test_a_merge_names_the_pull_request_of_the_commits_that_it_brings(shell: Shell, git: Git) -> None:
    mail(git, 0.5)
    git.commit("Start", 1)
    git("checkout", "-q", "-b", "topic")
    mail(git, 0.6)
    changed = git.commit("Warmer", 2)
    git("checkout", "-q", "main")
    git.write("presets/prompts/mail.md", "Be calm.\n")
    git.commit("Calm", 3)
    git("merge", "-q", "--no-ff", "-m", "Merge pull request #7 from topic", "topic", time=4)
    merge = git("rev-parse", "HEAD")
    shell("apply", "--yes")
    assert commits(shell) == [merge], "only the merge has both"
    git("checkout", "-q", "-b", "alone", "main")
    mail(git, 0.6, "Be brief.")
    brief = git.commit("Brief", 5)
    git("checkout", "-q", "main")
    git.write("presets/other.yaml", "config: {model: a/b}")
    git.commit("Other", 6)
    git("merge", "-q", "--no-ff", "-m", "Merge pull request #8 from alone", "alone", time=7)
    shell("apply", "--yes")
    assert commits(shell) == [merge, brief]
    found = checked(shell, "history", "history", "mail")["versions"][1]["commit"]
    assert (found["pull_request"], found["subject"]) == (8, "Brief")
    git("checkout", "-q", changed)
    shell.replace(MAIL, "0.6", "0.65")
    assert commits(shell) == [merge, brief], "other branches count too"
    assert f"{brief[:12]} #8 Brief (on another branch)\n" in shell("status").out


def test_a_squash_has_its_own_number(shell: Shell, git: Git) -> None:
    mail(git, 0.5)
    git.commit("Start", 1)
    git("checkout", "-q", "-b", "topic")
    mail(git, 0.6)
    git.commit("one", 2)
    mail(git, 0.7)
    git.commit("two", 3)
    git("checkout", "-q", "main")
    git("merge", "-q", "--squash", "topic")
    squashed = git.commit("Warmer (#9)", 4)
    shell("apply", "--yes")
    assert commits(shell) == [squashed]
    assert f"{squashed[:12]} Warmer (#9)\n" in shell("history", "mail").out


def test_renames_of_files_folders_and_prompts(shell: Shell, git: Git) -> None:
    mail(git, 0.5)
    first = git.commit("Start", 1)
    shell("apply", "--yes")
    (git.folder / "declared").mkdir()
    git("mv", MAIL, "declared/letters.yaml")
    git("mv", "presets/prompts", "texts")
    shell.replace("presetctl.yaml", "version: 1\n", "version: 1\npresets: declared\n")
    git.write(
        "declared/letters.yaml",
        "slug: mail\nsystem_prompt_file: ../texts/mail.md\nconfig: {model: a/b, temperature: 0.5}\n",
    )
    git.commit("Move", 2)
    assert states(shell) == {"mail": "in_sync"}
    git.write("texts/mail.md", "Be calm.\n")
    calm = git.commit("Calm", 3)
    shell("apply", "--yes")
    assert commits(shell) == [first, calm]


def test_a_revert_is_told_from_what_it_reverts(shell: Shell, git: Git, app: Emulator) -> None:
    mail(git, 0.5)
    first = git.commit("Start", 1)
    shell("apply", "--yes")
    mail(git, 0.6)
    second = git.commit("Warmer", 2)
    shell("apply", "--yes")
    app.dashboard_save("default", "mail", {"model": "a/b", "temperature": 0.5}, "Be kind.")
    assert commits(shell) == [first, second, first], "somebody went back by hand"
    mail(git, 0.5)
    third = git.commit('Revert "Warmer"', 3)
    assert commits(shell) == [first, second, third]
    assert states(shell) == {"mail": "in_sync"}


def test_what_a_workspace_does_not_keep_is_not_compared(shell: Shell, git: Git, app: Emulator) -> None:
    shell.replace("presetctl.yaml", "provider: openrouter,", "provider: openrouter, not_kept: [seed],")
    git.write(MAIL, "config: {model: a/b, seed: 1}\n")
    first = git.commit("Start", 1)
    app.dashboard_save("default", "mail", {"model": "a/b", "cache_enabled": True, "stop": None})
    assert commits(shell) == [first]
    app.dashboard_save("default", "mail", {"model": "a/b"})
    assert "- config.cache_enabled: true" in shell("history", "mail").out


def test_a_shallow_clone_says_so_and_claims_nothing(
    shell: Shell, git: Git, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    mail(git, 0.5)
    git.write("presets/once.yaml", "config: {model: a/b}\n")
    git.commit("Start", 1)
    shell("apply", "--yes")
    git("rm", "-q", "presets/once.yaml")
    mail(git, 0.6)
    git.commit("Warmer", 2)
    target = tmp_path_factory.mktemp("clones") / "shallow"
    git("clone", "-q", "--depth", "1", f"file://{git.folder}", str(target))
    clone = Shell(target, capsys)
    assert states(shell) == {"mail": "pending", "once": "orphaned"}
    assert states(clone) == {"mail": "pending", "once": "unmanaged"}
    assert commits(clone) == [None]
    for words in (("status",), ("history", "mail")):
        out = clone(*words).out
        assert "\n! this clone is shallow, so older commits are not known; `git fetch --unshallow` brings it\n" in out
        assert "outside git" not in out
    assert "no commit found" in clone("history", "mail").out
    Git(target)("fetch", "-q", "--unshallow")
    assert states(clone) == {"mail": "pending", "once": "orphaned"}


def test_without_git(shell: Shell, git: Git) -> None:
    mail(git, 0.5)
    shell("apply", "--yes")
    assert "no commit yet, so that nothing is known of commits" in shell("status").out
    shutil.rmtree(git.folder / ".git")
    mail(git, 0.6)
    assert states(shell) == {"mail": "pending"}
    assert "is not in a git repository, so that nothing is known of commits" in shell("status").out
    assert commits(shell) == [None]
    assert "1 version: 1 no commit found." in shell("history", "mail").out


def test_a_preset_that_no_file_declares_and_one_that_is_not_there(shell: Shell, git: Git, app: Emulator) -> None:
    git.commit("Start", 1)
    app.dashboard_save("default", "theirs", {"model": "x/y"})
    app.dashboard_save("default", "theirs", {"model": "x/z"})
    assert commits(shell, "theirs") == [None, None]
    assert 'config.model: "x/y" → "x/z"' in shell("history", "theirs").out
    assert "main has no preset gone" in shell("history", "gone", code=64).err


def test_a_project_in_a_folder_of_a_repository(
    shell: Shell, git: Git, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = git.folder / "the prompts é" / "in here"
    git.write(f"{folder}/presetctl.yaml", (git.folder / "presetctl.yaml").read_text())
    git.write(f"{folder}/{MAIL}", "config: {model: a/b}\n")
    (git.folder / "presetctl.yaml").unlink()
    first = git.commit("Start", 1)
    inside = Shell(folder, capsys)
    inside("apply", "--yes")
    assert commits(inside) == [first]
    git.write(f"{folder}/{MAIL}", "config: {model: c/d}\n")
    git.commit("Other", 2)
    assert states(inside) == {"mail": "pending"}


def test_a_preset_and_a_prompt_that_are_links(shell: Shell, git: Git, app: Emulator) -> None:
    git.write("shared/texts/mail.md", "Be kind.\n")
    git.write("shared/note.yaml", "config: {model: a/b}\n")
    git.write("shared/letter.yaml", "slug: mail\nsystem_prompt_file: prompt.md\nconfig: {model: a/b}\n")
    git.write("presets/other.yaml", "config: {model: a/b}\n")
    for link, target in {
        "presets/letter.yaml": "../shared/again.yaml",
        "presets/memo.yaml": "../shared/way.yaml",
        "shared/way.yaml": "note.yaml",
        "shared/again.yaml": "letter.yaml",
        "presets/prompt.md": "../shared/texts/mail.md",
        "presets/out.md": "../../outside",
        "presets/circle.md": "circle.md",
    }.items():
        (git.folder / link).symlink_to(target)
    first = git.commit("Start", 1)
    shell("apply", "--yes")
    shell.replace("shared/letter.yaml", "a/b", "c/d")
    second = git.commit("Another model", 2)
    shell("apply", "--yes")
    git.write("shared/texts/mail.md", "Be calm.\n")
    third = git.commit("Calm", 3)
    shell("apply", "--yes")
    app.dashboard_save("default", "mail", {"model": "x/y"})
    app.dashboard_save("default", "way", {"model": "x/y"})
    others = {"memo": "in_sync", "other": "in_sync", "way": "unmanaged"}
    assert commits(shell) == [first, second, third, None]
    assert states(shell) == {"mail": "drifted", **others}
    (git.folder / "presets/letter.yaml").unlink()
    git.commit("Remove", 4)
    assert states(shell) == {"mail": "orphaned", **others}


def test_a_prompt_elsewhere_that_is_a_link(shell: Shell, git: Git) -> None:
    git.write("shared/voice.md", "Be kind.\n")
    git.write(MAIL, "system_prompt_file: ../texts/mail.md\nconfig: {model: a/b}\n")
    (git.folder / "texts").mkdir()
    for link, target in {"texts/mail.md": "again.md", "texts/again.md": "../shared/voice.md"}.items():
        (git.folder / link).symlink_to(target)
    first = git.commit("Start", 1)
    shell("apply", "--yes")
    git.write("shared/voice.md", "Be calm.\n")
    second = git.commit("Calm", 2)
    assert states(shell) == {"mail": "pending"}
    shell("apply", "--yes")
    assert commits(shell) == [first, second]
    assert "No drift: 1 preset as declared." in shell("drift").out


@pytest.mark.parametrize("command", ["history", "status"])
def test_help_has_examples(shell: Shell, command: str) -> None:
    assert "Examples:" in shell(command, "--help").out
