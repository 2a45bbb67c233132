"""``presetctl init --github``: the few lines that a repository needs for GitHub Actions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from presetctl.cli.workflows import source_in
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = f"octo-org/presetctl@{COMMIT}"
FOLDER = ".github/workflows"
NAMES = ["presets-comment.yml", "presets-main.yml", "presets-watch.yml", "presets.yml"]


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / FOLDER).iterdir())


def test_a_new_project_gets_everything(shell: Shell) -> None:
    ran = shell("init", "--github", "--uses", SOURCE)
    assert "written  presets/example.yaml" in ran.out
    assert "written  .github/workflows/presets.yml" in ran.out
    assert "Environments: `production-plan` with the secret OPENROUTER_API_KEY" in ran.out
    assert written(shell.folder) == NAMES
    text = (shell.folder / FOLDER / "presets.yml").read_text()
    assert f"uses: octo-org/presetctl/.github/workflows/presets-pr.yml@{COMMIT}\n" in text
    assert "workspaces: '[\"production\"]'" in text


def test_a_project_that_is_there_gets_just_the_workflows(shell: Shell) -> None:
    remote = "{provider: openrouter, api_key_env: OUR_KEY}"
    shell.write(
        "presetctl.yaml",
        "version: 1\ndefault_workspace: local\nworkspaces:\n  local: {provider: openrouter, url: embedded}\n"
        f"  staging: {remote}\n  production: {remote}\n",
    )
    shell.write(f"{FOLDER}/presets.yml", "mine\n")
    ran = shell("init", "--github", "--uses", SOURCE)
    assert "kept     .github/workflows/presets.yml" in ran.out
    assert "a workspace staging, production whose key is in OUR_KEY" in ran.out
    assert (shell.folder / FOLDER / "presets.yml").read_text() == "mine\n"
    assert not (shell.folder / "presets").exists()
    main = (shell.folder / FOLDER / "presets-main.yml").read_text()
    assert 'workspaces: \'["staging", "production"]\'\n      api-key-env: OUR_KEY\n' in main
    assert "written" not in shell("init", "--github", "--uses", SOURCE).out


def test_workspaces_without_a_key_get_all_their_variables(shell: Shell) -> None:
    users = "users: {alice: {email_env: ALICE, password_env: ALICE_SECRET}, bob: {token_env: BOB}}"
    shell.write(
        "presetctl.yaml",
        "version: 1\nworkspaces:\n  chat: {provider: librechat, url: 'https://chat.example.com'}\n"
        f"  team: {{provider: librechat, url: 'https://chat.example.com', {users}}}\n",
    )
    ran = shell("init", "--github", "--uses", SOURCE)
    names = "LIBRECHAT_EMAIL, LIBRECHAT_PASSWORD, ALICE, ALICE_SECRET, BOB"
    wanted = f"with the secret PRESETCTL_VARIABLES, with a line `NAME=…` for each of {names}"
    assert ran.out.count(wanted) == 2
    for name in NAMES:
        text = (shell.folder / FOLDER / name).read_text()
        assert "OPENROUTER" not in text + ran.out
        if name != "presets-comment.yml":
            assert "    secrets:\n      PRESETCTL_VARIABLES: ${{ secrets.PRESETCTL_VARIABLES }}\n" in text
    shell.replace("presetctl.yaml", "workspaces:\n", "workspaces:\n  live: {provider: openrouter}\n")
    (shell.folder / FOLDER / "presets-main.yml").unlink()
    shell("init", "--github", "--uses", SOURCE)
    last = (shell.folder / FOLDER / "presets-main.yml").read_text().splitlines()[-3:]
    secrets = ["OPENROUTER_API_KEY", "OPENROUTER_MANAGEMENT_KEY", "PRESETCTL_VARIABLES"]
    assert [line.split(":")[0].strip() for line in last] == secrets


@needs_git
def test_a_project_below_the_root_of_its_repository(shell: Shell) -> None:
    Git.init(shell.folder)
    shell("init", "a/b", "--github", "--uses", SOURCE)
    assert written(shell.folder) == NAMES
    assert 'folder: "a/b"' in (shell.folder / FOLDER / "presets.yml").read_text()
    assert "folder:" not in (shell.folder / FOLDER / "presets-comment.yml").read_text(), "it has no files"
    assert 'folder: "a/b"' in (shell.folder / FOLDER / "presets-watch.yml").read_text()


def test_where_nobody_knows_the_source_it_is_to_be_filled_in(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presetctl.cli.workflows.installed_from", lambda: None)
    ran = shell("init", "--github")
    assert "put presetctl's repository and commit for OWNER/presetctl@COMMIT" in ran.out
    text = (shell.folder / FOLDER / "presets.yml").read_text()
    assert "uses: OWNER/presetctl/.github/workflows/presets-pr.yml@COMMIT\n" in text


def test_the_source_is_where_pip_got_presetctl_from() -> None:
    def noted(url: str, commit: str = COMMIT) -> str:
        return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}})

    assert source_in(noted("https://github.com/octo-org/presetctl")) == SOURCE
    assert source_in(noted("https://github.com/octo-org/presetctl.git")) == SOURCE
    assert source_in(noted("ssh://git@github.com/octo-org/presetctl.git")) == SOURCE
    for other in (
        "{}", "", "[]", json.dumps({"url": "file:///presetctl", "dir_info": {}}),
        noted("https://github.com.example/octo-org/presetctl"), noted("https://github.com/octo-org/presetctl", "main"),
    ):  # fmt: skip
        assert source_in(other) is None


def test_what_is_no_source_is_refused(shell: Shell) -> None:
    for word in ("octo-org/presetctl", "octo-org/presetctl@v1", f"octo org/presetctl@{COMMIT}", f"a/b@{COMMIT}\n"):
        assert "--uses takes OWNER/NAME@COMMIT" in shell("init", "--github", "--uses", word, code=64).err
    assert "add --github" in shell("init", "--uses", SOURCE, code=64).err
    assert list(shell.folder.iterdir()) == []
