"""Versions, commits, workspaces and files against each other, on a real repository and the emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, KeyGrant, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

pytestmark = needs_git
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/diff.schema.json").read_text())
MAIL = "presets/mail.yaml"
WORKSPACE = "{{provider: openrouter, url: '{url}', api_key_env: {name}_KEY{more}}}"


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app(keys=[KeyGrant("s-key", "staging"), KeyGrant("p-key", "production")]) as made:
        yield made


@pytest.fixture
def git(shell: Shell, app: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Git]:
    """Two workspaces, in which the first of two commits was applied; staging has an override."""
    monkeypatch.setenv("STAGING_KEY", "s-key")
    monkeypatch.setenv("PRODUCTION_KEY", "p-key")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    git = Git.init(shell.folder)
    with serve(app) as url:
        staging = WORKSPACE.format(url=url, name="STAGING", more=", not_kept: [seed]")
        production = WORKSPACE.format(url=url, name="PRODUCTION", more="")
        git.write(
            "presetctl.yaml",
            "version: 1\ndefault_workspace: production\n"
            f"workspaces:\n  staging: {staging}\n  production: {production}\n",
        )
        mail(git, 0.5, "Be kind.")
        git.write("presets/other.yaml", "config: {model: a/b}\n")
        git.commit("Start", 1)
        shell("apply", "--yes", "-w", "staging")
        shell("apply", "--yes", "-w", "production")
        mail(git, 0.7, "Be calm.")
        git.commit("Calm", 2)
        yield git


def mail(git: Git, temperature: float, prompt: str) -> None:
    git.write(
        MAIL,
        f"system_prompt: {prompt}\nconfig: {{model: a/b, temperature: {temperature}}}\n"
        "overrides: {staging: {config: {model: cheap}}}\n",
    )


def document(shell: Shell, *words: str) -> Any:
    found = shell("diff", *words, "--format", "json").json
    Draft202012Validator(SCHEMA).validate(found)
    return found


def differences(shell: Shell, *words: str) -> dict[str, list[str]]:
    """The fields that differ, by slug; for presets of one side which side that is."""
    presets = document(shell, *words)["presets"]
    return {
        (it["from"] or it["to"])["slug"]: [f["path"] for f in it["fields"]] or [it["result"]]
        for it in presets
        if it["result"] != "same"
    }


CHANGED = {"mail": ["config.temperature", "system_prompt"]}


def test_two_commits(shell: Shell, git: Git) -> None:
    shell("diff", "HEAD~1", "HEAD", code=0)
    ran = shell("diff", "HEAD~1", "HEAD", "--detailed-exitcode", code=2)
    first, last = git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD")
    assert (
        ran.out
        == f"""\
From commit {first[:12]}, for production
To   commit {last[:12]}, for production

~ mail  openrouter/chat-completions
    ~ config.temperature: 0.5 → 0.7
    ~ system_prompt:
        - Be [-kind-].
        + Be {{+calm+}}.

2 presets compared: 1 different, 1 the same.
"""
    )
    found = document(shell, "HEAD~1", "HEAD")
    assert found["from"] == {"origin": "commit", "workspace": "production", "commit": first, "version": None}
    assert found["summary"] == {"same": 1, "different": 1, "only_from": 0, "only_to": 0}
    same = shell("diff", "HEAD", ".", "--detailed-exitcode").out
    assert same.endswith("No differences: 2 presets compared.\n")
    assert not git("status", "--porcelain")


def test_every_mix(shell: Shell, git: Git, app: Emulator) -> None:
    shell("apply", "--yes")
    app.dashboard_save("production", "mail", {"model": "a/b", "temperature": 0.7, "stop": None}, "Be wild.")
    assert differences(shell, "v1", "v2", "mail") == CHANGED
    assert differences(shell, "v2", "v3", "mail") == {"mail": ["system_prompt"]}
    assert differences(shell, "v2", "HEAD", "mail") == {}
    assert differences(shell, "HEAD~1", "v1", "mail") == {}
    assert differences(shell, "production:mail@v1", "v2") == CHANGED
    assert differences(shell, "production:mail", "HEAD") == {"mail": ["system_prompt"]}
    assert differences(shell, "production:", "HEAD") == {"mail": ["system_prompt"]}
    assert differences(shell, "production:mail@v1", MAIL) == CHANGED
    assert differences(shell, MAIL, "v2") == {}
    assert differences(shell, ".", "HEAD~1") == CHANGED
    assert differences(shell, "staging:", "HEAD~1") == {}, "rendered for the workspace that is named"
    assert differences(shell, "staging:", "HEAD~1", "-w", "production") == {"mail": ["config.model"]}
    assert differences(shell, "staging:mail", "production:mail@v1") == {"mail": ["config.model"]}
    assert differences(shell, "staging:", "production:") == {
        "mail": ["config.model", "config.temperature", "system_prompt"]
    }
    assert differences(shell, "v1", "v1", "mail", "other") == {}
    assert differences(shell, "v1", "HEAD", "mail", "-w", "staging") == CHANGED
    assert {method for method, _ in app.requests[-40:]} == {"GET"}


def test_two_presets_with_different_slugs(shell: Shell, git: Git) -> None:
    out = shell("diff", "production:mail", "production:other").out
    assert "~ mail → other  version 1\n    - config.temperature: 0.5\n    - system_prompt: 1 line" in out


def test_presets_on_one_side(shell: Shell, git: Git, app: Emulator) -> None:
    app.dashboard_save("staging", "theirs", {"model": "x"})
    git("rm", "-q", "presets/other.yaml")
    git.write("presets/new.yaml", "kind: openrouter/messages\nconfig: {model: a/b}\n")
    mail(git, 0.5, "Be kind.")
    assert differences(shell, "staging:", ".") == {"new": ["only_to"], "other": ["only_from"], "theirs": ["only_from"]}
    out = shell("diff", "staging:", ".").out
    assert "+ new  openrouter/messages  only in the files, for staging\n" in out
    assert "- theirs  version 1  only in what is live in staging\n" in out
    assert out.endswith("4 presets compared: 2 only in the first, 1 only in the second, 1 the same.\n")
    assert differences(shell, "HEAD", ".", "new") == {"new": ["only_to"]}


def test_kinds_that_differ(shell: Shell, git: Git) -> None:
    git.write("presets/other.yaml", "kind: openrouter/messages\nconfig: {model: a/b, provider: {order: []}}\n")
    assert differences(shell, "HEAD", ".", "other") == {}
    git.write("presets/other.yaml", "kind: openrouter/messages\nconfig: {model: a/b, top_k: 5}\n")
    out = shell("diff", "HEAD", ".", "other").out
    assert "~ other  openrouter/chat-completions → openrouter/messages\n    + config.top_k: 5\n" in out


def test_what_a_workspace_does_not_keep_is_no_difference_to_it(shell: Shell, git: Git) -> None:
    git.write("presets/other.yaml", "config: {model: a/b, seed: 5}\n")
    assert differences(shell, "staging:other", ".") == {}
    assert differences(shell, "production:other", ".") == {"other": ["config.seed"]}
    assert differences(shell, "HEAD", ".", "other", "-w", "staging") == {"other": ["config.seed"]}


def test_a_word_that_could_be_two_things(shell: Shell, git: Git) -> None:
    git("tag", "v1", "HEAD~1")
    git("branch", "-q", "presets/mail.yaml", "HEAD~1")
    assert document(shell, "v1", ".", "mail")["from"]["origin"] == "version"
    assert document(shell, "v1~0", ".")["from"]["commit"] == git("rev-parse", "HEAD~1")
    assert document(shell, f"{MAIL}~0", MAIL)["from"]["commit"] == git("rev-parse", "HEAD~1")
    assert differences(shell, f"./{MAIL}", f"{shell.folder}/{MAIL}") == {}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("v9", "v1", "mail"), 64, "production has no version 9 of mail\n  → it has 1\n"),
        (("v1", ".", "nothing"), 64, "production has no version 1 of nothing\n  → it has none\n"),
        (("production:mail@v9", "."), 64, "production has no version 9 of mail"),
        (("nowhere", "."), 3, "git knows no commit nowhere\n"),
        (("staging", "."), 64, "the workspace is written staging: with a colon"),
        (("test:", "."), 64, "no workspace is named test\n  → presetctl.yaml has production, staging\n"),
        ((".", "production:", "-w", "test"), 64, "no workspace is named test"),
        (("HEAD", ".", "mial"), 64, "neither side has a preset mial\n  → did you mean mail?\n"),
        (("HEAD", ".", "zzz"), 64, "neither side has a preset zzz\n  → see `presetctl list`\n"),
        (("production:zzz", "staging:mailx"), 64, "neither side has a preset zzz or mailx"),
        (("v1", "HEAD"), 64, "v1 is a version of which preset?\n  → name it after A and B; v1~0 is the commit"),
        (("production:", "v2"), 64, "v2 is a version of which preset?"),
        (("production:mail", ".", "other"), 64, "mail is named already, and so is other"),
        (("HEAD", "presets/none.yaml"), 64, "presets/none.yaml is no preset file of this project"),
        (("HEAD", "./presets"), 64, "./presets is no preset file of this project"),
        (("HEAD", "../x.yaml"), 64, "../x.yaml is not inside the project"),
        (("HEAD", "presetctl.yaml"), 64, "presetctl.yaml is no preset file"),
        (("a:b@3", "."), 64, "a:b@3 names nothing to compare"),
        (("HEAD",), 64, "Missing argument 'B'"),
    ],
)
def test_what_does_not_exist(shell: Shell, git: Git, words: tuple[str, ...], code: int, said: str) -> None:
    assert said in shell("diff", *words, code=code).err
    assert shell("diff", *words, "--format", "json", code=code).json["error"]["code"] == code


def test_files_that_are_not_valid(shell: Shell, git: Git) -> None:
    git.write("presets/bad.yaml", "config: {modle: x}\n")
    assert "modle" in shell("diff", "HEAD", ".", code=3).err
    assert "modle" in shell("diff", "HEAD", "presets/bad.yaml", code=3).err
    assert "modle" in shell("diff", "HEAD", ".", "bad", code=3).err
    assert differences(shell, "HEAD~1", ".", "mail") == CHANGED
    assert differences(shell, "HEAD~1", "HEAD") == CHANGED


def test_a_commit_without_presets(shell: Shell, git: Git) -> None:
    git("checkout", "-q", "--orphan", "empty")
    git("rm", "-q", "-r", "--cached", ".")
    git("commit", "-q", "--allow-empty", "-m", "nothing", time=3)
    ran = shell("diff", "HEAD", ".")
    assert "declares no presets for production." in ran.err
    assert ran.out.endswith("2 presets compared: 2 only in the second.\n")


def test_without_git(shell: Shell, git: Git, tmp_path: Path) -> None:
    (git.folder / ".git").rename(tmp_path / "elsewhere")
    assert "is not in a git repository" in shell("diff", "HEAD", ".", code=3).err
    assert differences(shell, "production:", ".") == CHANGED
    assert differences(shell, "v1", ".", "mail") == CHANGED


def test_hostile_text_is_made_harmless(shell: Shell, git: Git, app: Emulator) -> None:
    app.dashboard_save("staging", "mail", {"model": "\x1b[2J", "##[x]": 1}, "::error::x\n\u202e")
    out = shell("diff", "staging:", "production:").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "##[" not in out
    assert "\\u{1b}[2J" in out or "\\u001b[2J" in out


def test_help_has_examples(shell: Shell) -> None:
    out = shell("diff", "--help").out
    assert "Examples:" in out
    assert "v3~0" in out
