"""The life of pull requests, as our workflows live it: their YAML and shell, git, the workspace, GitHub on loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from presetctl.emulator.access import KeyGrant
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests.github.standin import REPOSITORY, TOKEN, StandIn, standing_in
from tests.gits import Git, shared
from tests.workflows.runner import ROOT, Event, Run, Runner, carried_out

_MISSING = next((program for program in ("git", "bash", "jq") if shutil.which(program) is None), "")
pytestmark = pytest.mark.skipif(bool(_MISSING) and not os.environ.get("CI"), reason=f"{_MISSING} is not installed")

KEY, READING = "canary-key-0123456789", "canary-read-9876543210"
LIVE = '["live"]'
PRESET = "presets/mail.yaml"
TEXT = "system_prompt: |\n  Answer.\n  ::error::owned\n  ##[error]owned\nconfig: {model: m, temperature: %s}\n"


@dataclass
class World:
    """A repository with presets, its pull requests, the workspace, and a machine that runs our workflows."""

    git: Git
    app: Emulator
    url: str
    hub: StandIn
    run: Runner

    def push(self, temperature: str, message: str = "Change the temperature") -> str:
        """A commit on the branch that is checked out, pushed."""
        self.git.write(PRESET, TEXT % temperature)
        commit = self.git.commit(message)
        self.git("push", "-q", "-f", "origin", "HEAD")
        return commit

    def opened(self, temperature: str, branch: str, repository: str = REPOSITORY) -> tuple[int, str]:
        """A new pull request; gives its number and newest commit."""
        self.git("switch", "-q", "-c", branch, "main")
        commit = self.push(temperature)
        return self.hub.open_pull(commit, branch, repository), commit

    def checked(self, number: int, commit: str) -> Run:
        """What runs on the pull request. It checks out how it would be merged, here the commit itself."""
        pull = self.hub.pull(number)
        payload = {"pull_request": {"number": number, "head": pull["head"]}}
        event = Event("pull_request", commit, f"refs/pull/{number}/merge", payload, base_ref="main")
        return self.run("presets-pr.yml", event, workspaces=LIVE, environment="{0}-plan")

    def merged(self, number: int, branch: str) -> str:
        """Squashes the pull request; gives the new commit of main."""
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "--squash", branch)
        commit = self.git.commit(f"Change (#{number})")
        self.git("push", "-q", "origin", "main")
        self.hub.merge(number, commit)
        return commit

    def pushed(self, before: str, after: str) -> Run:
        """What runs after a push to main."""
        self.hub.commits.setdefault(after, [])
        return self.run("presets-apply.yml", Event("push", after, payload={"before": before}), workspaces=LIVE)

    def watched(self, workflow: str = "presets-drift.yml") -> Run:
        return self.run(workflow, Event("schedule", self.git("rev-parse", "main")), workspaces=LIVE)

    def live(self) -> tuple[int, Any]:
        """The live version of the preset and its temperature."""
        reply = httpx.get(f"{self.url}/presets/mail", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False)
        version = reply.json()["data"]["designated_version"]
        return version["version"], version["config"].get("temperature")


@pytest.fixture
def world(tmp_path: Path, presetctl: Path) -> Iterator[World]:
    with ExitStack() as stack:
        app = stack.enter_context(create_app(keys=[KeyGrant(KEY, "default"), KeyGrant(READING, "default", "read")]))
        url = stack.enter_context(serve(app))
        hub = stack.enter_context(standing_in())
        (git,) = shared(tmp_path, "clone")
        git.write("presetctl.yaml", f"version: 1\nworkspaces:\n  live: {{provider: openrouter, url: '{url}'}}\n")
        git.write(PRESET, TEXT % "0.1")
        git.commit("Presets")
        git("push", "-q", "origin", "main")
        variables = {"GITHUB_API_URL": hub.url, "GITHUB_SERVER_URL": "https://github.example"}
        secrets = {name: {"OPENROUTER_API_KEY": key} for name, key in (("live", KEY), ("live-plan", READING))}
        runner = Runner(presetctl, tmp_path / "runs", tmp_path / "shared.git", variables, TOKEN, REPOSITORY, secrets)
        yield World(git, app, url, hub, runner)


def harmless(run: Run) -> Run:
    """Nothing in the log of a run is taken for a command, and no key is there."""
    assert [line for line in carried_out(run.log) if "owned" in line] == []
    assert KEY not in run.log
    assert READING not in run.log
    assert TOKEN not in run.log
    return run


def test_a_pull_request_from_opening_to_drift(world: World) -> None:
    first = world.git("rev-parse", "main")
    begun = harmless(world.pushed("0" * 40, first))
    assert not begun.failed, begun.log
    assert begun.environments == ["live-plan", "live"], "without an approved plan the reviewers see this one"
    assert world.live() == (1, 0.1)

    number, commit = world.opened("0.2", "warmer")
    run = harmless(world.checked(number, commit))
    assert run.results == {"validate": "success", "plan live": "success", "compare": "skipped", "summary": "success"}, (
        run.log
    )
    (comment,) = world.hub.comments
    assert "0.1" in comment["body"]
    assert "0.2" in comment["body"]
    assert "Plan for `live`" in run.summaries["summary"]
    outputs = run.steps["plan live"][0].outputs
    assert outputs["changed"] == "true"
    assert outputs["changed-slugs"] == '["mail"]'
    assert outputs["failure-reason"] == ""

    commit = world.push("0.3")
    world.hub.push(number, commit)
    harmless(world.checked(number, commit))
    assert len(world.hub.comments) == 1, "edited in place"
    assert "0.3" in comment["body"]
    assert "0.2" not in comment["body"]

    after = world.merged(number, "warmer")
    applied = harmless(world.pushed(first, after))
    assert not applied.failed, applied.log
    assert world.live() == (2, 0.3)
    assert "| live | 1 |" in applied.summaries["summary"]
    assert {name for _, name in world.run.artifacts} >= {
        "presets-plan-live",
        "presets-apply-live",
        "presets-applied-live",
    }
    again = harmless(world.pushed(first, after))
    assert again.results["apply"] == "skipped", "there is nothing to review"

    world.app.dashboard_save("default", "mail", {"model": "m", "temperature": 0.9}, system_prompt="Answer.")
    assert not harmless(world.watched()).failed
    (issue,) = world.hub.issues
    assert issue["state"] == "open"
    brought = harmless(world.watched("presets-import.yml"))
    assert not brought.failed, brought.log
    world.git("fetch", "-q", "origin")
    assert "temperature: 0.9" in world.git("show", f"origin/presetctl/drift-live:{PRESET}")
    proposed = world.hub.pulls[-1]
    assert proposed["title"] == "Take over what was changed in live"
    harmless(world.watched("presets-import.yml"))
    assert world.hub.pulls[-1] is proposed, "it's open already"

    world.git("merge", "-q", "origin/presetctl/drift-live")
    world.git("push", "-q", "origin", "main")
    assert not harmless(world.watched()).failed
    assert issue["state"] == "closed"


def test_what_moved_since_the_pull_request_is_told_and_not_applied(world: World) -> None:
    first = world.git("rev-parse", "main")
    assert not world.pushed("0" * 40, first).failed
    number, commit = world.opened("0.2", "warmer")
    assert not world.checked(number, commit).failed
    world.app.dashboard_save("default", "mail", {"model": "m", "temperature": 0.9}, system_prompt="Answer.")

    queue = {"merge_group": {"head_ref": f"refs/heads/gh-readonly-queue/main/pr-{number}-{first}", "base_sha": first}}
    event = Event("merge_group", commit, queue["merge_group"]["head_ref"], queue)
    queued = harmless(world.run("presets-pr.yml", event, workspaces=LIVE))
    assert queued.results["compare live"] == "failure"
    assert "was planned against version 1, and version 2 is live" in queued.log

    after = world.merged(number, "warmer")
    run = harmless(world.pushed(first, after))
    assert run.results["plan live"] == "failure"
    assert run.results["changed"] == "success"
    assert run.results["apply"] == "skipped"
    assert run.results["summary"] == "failure"
    assert world.live() == (2, 0.9)
    outputs = run.steps["plan live"][2].outputs
    assert outputs["stale"] == "true"
    assert "was planned against version 1, and version 2 is live" in outputs["failure-reason"]
    assert "Not applied to `live`" in world.hub.comments[-1]["body"]
    assert len(world.hub.comments) == 2

    words = "--on-error  continue\n--allow-updates 40"
    by_hand = world.run("presets-apply.yml", Event("workflow_dispatch", after), workspaces=LIVE, arguments=words)
    assert not harmless(by_hand).failed, "the reviewers of the environment saw the new plan"
    assert world.live() == (3, 0.2)


def test_what_moves_while_the_reviewers_think_is_told_and_not_applied(world: World) -> None:
    first = world.git("rev-parse", "main")
    assert not world.pushed("0" * 40, first).failed
    number, commit = world.opened("0.2", "warmer")
    assert not world.checked(number, commit).failed
    after = world.merged(number, "warmer")
    world.run.meanwhile["apply"] = lambda: world.app.dashboard_save("default", "mail", {"model": "other"})
    run = harmless(world.pushed(first, after))
    assert (run.results["plan live"], run.results["apply live"]) == ("success", "failure")
    assert world.live() == (2, None)
    assert "Not applied to `live`" in world.hub.comments[-1]["body"]
    assert "- `mail was planned against version 1, and version 2 is live`" in world.hub.comments[-1]["body"]


def test_a_fork_gets_a_comment_and_nothing_else(world: World) -> None:
    first = world.git("rev-parse", "main")
    assert not world.pushed("0" * 40, first).failed
    number, commit = world.opened("0.2", "patch", "mallory/presets")
    run = harmless(world.checked(number, commit))
    assert run.results == {"validate": "success", "plan": "skipped", "compare": "skipped", "summary": "success"}
    assert run.environments == [], "no key was there"
    assert world.hub.comments == []

    head = world.hub.pull(number)["head"]
    finished = {
        "id": run.id, "event": "pull_request", "conclusion": "success", "head_sha": commit, "head_branch": head["ref"],
        "head_repository": head["repo"],
    }  # fmt: skip
    told = world.run(
        "presets-fork.yml", Event("workflow_run", first, payload={"workflow_run": finished}), workspaces=LIVE
    )
    assert not harmless(told).failed, told.log
    (comment,) = world.hub.comments
    assert "Made by a run of a fork" in comment["body"]

    left = world.run.artifacts[run.id, "presets-fork"]
    shutil.copy(left / "0.json", left / "1.json")
    (left / "0.json").unlink()
    (left / "0.json").symlink_to("1.json")
    again = Event("workflow_run", first, payload={"workflow_run": finished})
    assert world.run("presets-fork.yml", again, workspaces=LIVE).log == "", "links and further files are passed over"
    assert len(world.hub.comments) == 1

    after = world.merged(number, "patch")
    applied = harmless(world.pushed(first, after))
    assert "made by a run of a fork" in applied.log
    assert applied.environments == ["live-plan", "live"], "its reviewers look at a plan that was made with the key"
    assert world.live() == (2, 0.2)


def test_this_repository_uses_them_for_its_own_presets(tmp_path: Path, presetctl: Path) -> None:
    """On workspaces inside presetctl, which begin anew in each job."""
    (git,) = shared(tmp_path, "clone")
    for name in ("presetctl.yaml", "presets"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, git.folder / name)
    commit = git.commit("Presets")
    git("push", "-q", "origin", "main")
    with standing_in() as hub:
        hub.commits[commit] = []
        runner = Runner(
            presetctl, tmp_path / "runs", tmp_path / "shared.git", {"GITHUB_API_URL": hub.url}, TOKEN, REPOSITORY
        )
        run = harmless(runner.caller("presets-main.yml", Event("push", commit, payload={"before": "0" * 40})))
        assert not run.failed, run.log
        assert [name for name in run.results if name.startswith("apply")] == ["apply local", "apply staging"]
        assert run.environments == []
        files = (ROOT / "presets").rglob("*.yaml")
        number = sum("kind: librechat/" not in file.read_text() for file in files)
        for workspace in ("local", "staging"):
            assert f"| {workspace} | {number} | 0 | 0 | 0 | 0 | 0 | 0 |" in run.summaries["summary"]
        assert not harmless(runner.caller("presets-watch.yml", Event("schedule", commit))).failed
        assert hub.issues == []
