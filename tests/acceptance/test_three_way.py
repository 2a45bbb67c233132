"""Two people and a dashboard edit the same presets: every plan says who changed what."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

pytestmark = needs_git

PRESET = "system_prompt: Be brief.\nconfig: {model: m, temperature: 0.7, top_p: 1}\n"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app() as app:
        yield app


@pytest.fixture
def git(tmp_path: Path, app: Emulator, shell: Shell) -> Iterator[Git]:
    """A project on branch `change` that started from `main`, which is applied."""
    git = Git.init(tmp_path)
    with serve(app) as url:
        git.write("presetctl.yaml", f"version: 1\nworkspaces: {{live: {{provider: openrouter, url: '{url}'}}}}\n")
        git.write("presets/a.yaml", PRESET)
        git.write(".gitignore", ".presetctl/\n")
        git.commit("start")
        shell("apply", "--yes")
        git("checkout", "-q", "-b", "change")
        yield git


def causes(shell: Shell, *words: str) -> dict[str, Any]:
    plan = shell("plan", "--format", "json", *words).json
    return {f["path"]: f["cause"] for change in plan["changes"] for f in change["fields"]}


def dashboard(app: Emulator, **config: object) -> None:
    app.dashboard_save("default", "a", {"model": "m", "temperature": 0.7, "top_p": 1, **config}, "Be brief.")


def test_each_field_says_who_changed_it(shell: Shell, app: Emulator, git: Git) -> None:
    git.write("presets/a.yaml", "system_prompt: Be brief.\nconfig: {model: m, temperature: 0.3, top_p: 0.5}\n")
    git.commit("colder", time=1)
    dashboard(app, temperature=0.9, max_tokens=100)
    assert causes(shell) == dict.fromkeys(["config.temperature", "config.top_p", "config.max_tokens"])
    assert causes(shell, "--base", "main") == {
        "config.max_tokens": "drift",
        "config.temperature": "both",
        "config.top_p": "declared",
    }
    text = shell("plan", "--base", "main").out
    assert f"Base: commit {git('rev-parse', 'main')[:12]}." in text
    assert "- config.max_tokens: 100  (drift: changed in the workspace, would be overwritten)" in text
    assert "~ config.temperature: 0.9 → 0.3  (changed here and in the workspace" in text
    assert "~ config.top_p: 1 → 0.5\n" in text
    assert not git("status", "--porcelain")


def test_the_base_is_found_from_the_upstream_and_said(shell: Shell, git: Git) -> None:
    git("branch", "-q", "--set-upstream-to=main")
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.commit("colder", time=1)
    ran = shell("plan")
    assert f"Compared with commit {git('rev-parse', 'main')[:12]}, the merge base with the upstream branch." in ran.err
    assert causes(shell) == {"config.temperature": "declared"}


@pytest.fixture
def pushed(shell: Shell, git: Git, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the environment that of a push, before which the branch was at a commit."""

    def push(before: str) -> None:
        shell.write(".git/event.json", json.dumps({"ref": "refs/heads/main", "before": before}))
        monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(git.folder / ".git/event.json"))

    return push


def test_the_base_of_a_push_is_what_was_there_before(
    shell: Shell, git: Git, app: Emulator, pushed: Callable[[str], None]
) -> None:
    start = git("rev-parse", "HEAD")
    for number, cold in enumerate(("0.5", "0.3"), 1):
        git.write("presets/a.yaml", PRESET.replace("0.7", cold))
        git.commit("colder", time=number)
    dashboard(app, max_tokens=100)
    pushed(start)
    assert causes(shell) == {"config.max_tokens": "drift", "config.temperature": "declared"}
    named = f"Compared with commit {start[:12]}, the commit before this push.\n"
    assert shell("plan").err == named
    ran = shell("apply", "--yes")
    assert ran.err == named
    assert f"Base: commit {start[:12]}." in ran.out
    assert "(drift: changed in the workspace" in ran.out


def test_a_push_before_which_there_was_nothing_here(
    shell: Shell, git: Git, app: Emulator, pushed: Callable[[str], None]
) -> None:
    pushed("0" * 40)
    dashboard(app, max_tokens=100)
    said = "There is no base to compare with: this push made the branch or tag, so that there was nothing before it. "
    assert shell("plan").err == f"{said}--base names one.\n"
    assert causes(shell) == {"config.max_tokens": None}
    assert "needs a base" in shell("plan", "--offline", code=64).err
    start = git("rev-parse", "HEAD")
    git.commit("more", time=1)
    git("clone", "-q", "--depth", "1", f"file://{git.folder}", str(git.folder / ".clone"))
    pushed(start)
    err = shell("-C", ".clone", "plan").err
    assert f"commit {start[:12]}, which was there before this push, is not in this clone: `git fetch --unsh" in err
    assert shell("-C", ".clone", "plan", "--base", "HEAD").err == ""


def test_what_is_already_live_says_so(shell: Shell, app: Emulator, git: Git) -> None:
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.commit("colder", time=1)
    dashboard(app, temperature=0.3)
    ran = shell("plan", "--base", "main")
    assert "= config.temperature: already live as declared" in ran.out
    assert "No changes" in ran.out
    assert shell("plan", "--base", "main", "--format", "json").json["changes"][0]["already_live"] == [
        "config.temperature"
    ]


def test_a_plan_without_any_workspace(shell: Shell, app: Emulator, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY")
    app.requests.clear()
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.write("presets/b.yaml", PRESET)
    git.commit("more", time=1)
    ran = shell("plan", "--base", "main", "--offline")
    assert "no workspace was read" in ran.out
    assert "~ update a  openrouter/chat-completions" in ran.out
    assert "+ create b  openrouter/chat-completions" in ran.out
    plan = shell("plan", "--base", "main", "--offline", "--format", "json").json
    assert plan["offline"] is True
    assert [change["before"] for change in plan["changes"]] == [None, None]
    assert app.requests == []
    assert "needs a base" in shell("plan", "--offline", code=64).err


def test_files_prompts_overrides_and_defaults_are_those_of_the_base(shell: Shell, git: Git) -> None:
    git.write("presets/p.md", "old prompt")
    git.write("presets/b.yaml", "system_prompt_file: p.md\nconfig: {model: m}\n")
    git.commit("b", time=1)
    git.write("presets/p.md", "new prompt")
    project = (git.folder / "presetctl.yaml").read_text()
    git.write("presetctl.yaml", f"{project}defaults: {{config: {{seed: 7}}}}\n")
    git.write("presets/a.yaml", f"{PRESET}overrides: {{live: {{config: {{top_p: null}}}}}}\n")
    plan = shell("plan", "--base", "HEAD", "--offline", "--format", "json").json
    assert {c["slug"]: [f["path"] for f in c["fields"]] for c in plan["changes"]} == {
        "a": ["config.seed", "config.top_p"],
        "b": ["config.seed", "system_prompt"],
    }


@pytest.mark.parametrize("broken", ["presetctl.yaml", "presets/a.yaml"])
def test_what_was_not_valid_at_the_base_was_not_declared_there(shell: Shell, git: Git, broken: str) -> None:
    good = (git.folder / broken).read_text()
    git.write(broken, "not: valid")
    git.commit("broken", time=1)
    git.write(broken, good)
    plan = shell("plan", "--base", "HEAD", "--offline", "--format", "json").json
    assert [change["action"] for change in plan["changes"]] == ["create"]


def test_a_saved_plan_with_a_base_shows_the_same(shell: Shell, app: Emulator, git: Git) -> None:
    git.write("presets/gone.yaml", PRESET)
    git.commit("one more", time=1)
    shell("apply", "--yes")
    git("rm", "-q", "presets/gone.yaml")
    git.write("presets/a.yaml", "system_prompt: Be calm.\nconfig: {model: m, temperature: 0.3, top_p: 0.5}\n")
    git.commit("colder", time=2)
    dashboard(app, temperature=0.3, max_tokens=100)
    planned = shell("plan", "--base", "main", "--out", "plan.json").out
    assert "already live" in planned
    assert "(drift: " in planned
    assert "Orphaned" in planned
    assert shell("show", "plan.json").out == planned
    offline = shell("plan", "--base", "main", "--offline", "--out", "offline.json").out
    assert shell("show", "offline.json").out == offline


def test_a_base_that_is_not_there(shell: Shell, git: Git) -> None:
    assert "git knows no commit nowhere" in shell("plan", "--base", "nowhere", code=3).err


def test_a_base_outside_git(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(shell.folder.parent))
    shell("init")
    assert "is not in a git repository" in shell("plan", "--base", "main", code=3).err
    shell("plan")


def test_apply_says_it_too_and_a_saved_plan_keeps_its_base(shell: Shell, app: Emulator, git: Git) -> None:
    dashboard(app, temperature=0.9)
    git.write("presets/a.yaml", PRESET.replace("top_p: 1", "top_p: 0.5"))
    git.commit("narrower", time=1)
    shell("plan", "--base", "main", "--out", "plan.json")
    head = git("rev-parse", "HEAD")
    assert f"its base was {git('rev-parse', 'main')}, and is {head}" in (
        shell("apply", "plan.json", "--yes", "--base", "HEAD", code=5).err
    )
    ran = shell("apply", "plan.json", "--yes")
    assert "(drift: changed in the workspace" in ran.out
    assert "applied  a version 3" in ran.out
    dashboard(app, temperature=0.9, top_p=0.5)
    assert "(drift: changed in the workspace" in shell("apply", "--base", "HEAD", "--yes").out


def test_drift(shell: Shell, app: Emulator, git: Git) -> None:
    assert "No drift: 1 preset as declared." in shell("drift").out
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.1"))
    assert "No drift" in shell("drift").out, "what isn't committed doesn't count"
    dashboard(app, temperature=0.8)
    dashboard(app, temperature=0.9)
    ran = shell("drift", code=2)
    assert f"against commit {git('rev-parse', 'HEAD')[:12]}" in ran.out
    assert "~ a  version 3, " in ran.out
    assert "~ config.temperature: 0.7 → 0.9\n" in ran.out
    assert "versions made before it, also not as declared:\n      version 2, " in ran.out
    assert "Drift: 1 of 1 preset not as declared." in ran.out
    document = shell("drift", "--format", "json", code=2).json
    assert document["summary"] == {"presets": 1, "drifted": 1, "pending": 0, "unkept": 0, "unreadable": 0}
    assert [v["version"] for v in document["drifts"][0]["versions"]] == [2, 3]
    check_drift(document)


def check_drift(document: object) -> None:
    schema = json.loads((Path(__file__).parents[2] / "schemas/drift.schema.json").read_text())
    Draft202012Validator(schema).validate(document)


def test_what_was_not_applied_yet_is_no_drift(shell: Shell, git: Git, app: Emulator) -> None:
    first = git("rev-parse", "HEAD")
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.write("presets/b.yaml", PRESET)
    git.commit("colder, and b", time=1)
    out = shell("drift").out
    assert f"… a  pending: version 1 is live, from commit {first[:12]} start; not applied yet  presets/a.yaml" in out
    assert "… b  pending: not in the workspace, and no version of it: never applied, or removed for good  pr" in out
    assert out.endswith(
        "No drift: 0 presets as declared. 2 presets pending: `presetctl plan` shows what apply would change.\n"
    )
    document = shell("drift", "--format", "json").json
    check_drift(document)
    assert document["format_version"] == "1.3"
    assert document["drifts"] == []
    assert [(p["slug"], p["version"], p["commit"] and p["commit"]["id"]) for p in document["pending"]] == [
        ("a", 1, first),
        ("b", None, None),
    ]
    dashboard(app, temperature=0.9)
    out = shell("drift", code=2).out
    assert "~ a  version 2, " in out
    assert out.endswith(
        "Drift: 1 of 2 presets not as declared. 1 preset pending: `presetctl plan` shows what apply would change.\n"
    )


def test_going_back_by_hand_is_drift_and_a_revert_is_pending(shell: Shell, git: Git, app: Emulator) -> None:
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.commit("colder", time=1)
    shell("apply", "--yes")
    git("revert", "--no-edit", "HEAD", time=2)
    assert "… a  pending: version 2 is live" in shell("drift").out
    shell("apply", "--yes")
    assert "No drift: 1 preset as declared.\n" in shell("drift").out
    dashboard(app, temperature=0.3)
    assert "~ a  version 4, " in shell("drift", code=2).out, "the revert was applied, and then somebody undid it"


def test_what_was_applied_from_another_branch_is_pending(shell: Shell, git: Git) -> None:
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.commit("colder", time=1)
    git("checkout", "-q", "-b", "other", "main")
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.4"))
    git.commit("other", time=2)
    shell("apply", "--yes")
    git("checkout", "-q", "change")
    assert " other (on another branch); not applied yet" in shell("drift").out


def test_drift_in_a_shallow_clone_says_what_it_can_not_tell(shell: Shell, git: Git) -> None:
    git.write("presets/a.yaml", PRESET.replace("0.7", "0.3"))
    git.commit("colder", time=1)
    git("clone", "-q", "--depth", "1", f"file://{git.folder}", str(git.folder / ".clone"))
    out = shell("-C", ".clone", "drift", code=2).out
    assert "! drift may be a commit that was not applied yet: this clone is shallow" in out
    assert "~ a  version 1, " in out
    document = shell("-C", ".clone", "drift", "--format", "json", code=2).json
    check_drift(document)
    assert len(document["limits"]) == 1


def test_many_versions_are_counted(shell: Shell, app: Emulator, git: Git) -> None:
    for number in range(14):
        dashboard(app, max_tokens=number + 1)
    assert "and 3 older versions" in shell("drift", code=2).out


def test_drift_needs_git(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(shell.folder.parent))
    shell("init")
    assert "is not in a git repository" in shell("drift", code=3).err


def test_orphaned_presets_are_told_from_unmanaged_ones(shell: Shell, app: Emulator, git: Git) -> None:
    git.write("presets/file.yaml", "slug: b\nconfig: {model: m}\n")
    git.commit("b", time=1)
    shell("apply", "--yes")
    app.dashboard_save("default", "never-ours", {"model": "m"})
    (git.folder / "presets/file.yaml").unlink()
    git.commit("no b", time=2)
    ran = shell("plan")
    assert "1 unmanaged preset in the workspace left alone." in ran.out
    assert "Orphaned, declared by no file any more, and left alone: b." in ran.out
    plan = shell("plan", "--format", "json").json
    assert plan["orphaned"] == ["b"]
    assert (plan["summary"]["unmanaged"], plan["summary"]["orphaned"]) == (1, 1)
    schema = json.loads((Path(__file__).parents[2] / "schemas/plan.schema.json").read_text())
    Draft202012Validator(schema).validate(plan)


def test_a_shallow_clone_can_not_tell_orphaned_from_unmanaged(shell: Shell, app: Emulator, git: Git) -> None:
    app.dashboard_save("default", "other", {"model": "m"})
    git.commit("two", time=1)
    git("clone", "-q", "--depth", "1", f"file://{git.folder}", str(git.folder / ".clone"))
    ran = shell("-C", ".clone", "plan")
    assert "Orphaned presets may be taken for unmanaged ones: this clone is shallow" in ran.err
    assert "git fetch --unshallow" in ran.err
    assert "1 unmanaged preset" in ran.out
