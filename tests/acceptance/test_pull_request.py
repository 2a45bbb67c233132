"""The whole life of a pull request: GitHub on loopback, a bare git repository, and a workspace that people use.

Each job runs in a clone of its own, as on a runner, and knows only what GitHub's variables, the API and the artifacts
of other jobs tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from presetctl.emulator.access import KeyGrant
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.github.marker import PlanMark, read_mark
from tests.acceptance.cli import Shell
from tests.gfm import foreign
from tests.github.standin import REPOSITORY, TOKEN, Answer, Fault, StandIn, standing_in
from tests.gits import Git, needs_git, shared

pytestmark = needs_git

KEY, ARTIFACT, MAIL = "sk-or-v1-key-of-production", "presetctl-plan", "presets/mail.yaml"


KIND = "Write kind mails to @octocat, see GH-7 </details> and <!-- presetctl {} -->."


@dataclass
class Runner:
    """Where jobs run. ``artifacts`` are kept by run and name."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    hub: StandIn
    run: int = 100
    artifacts: dict[tuple[int, str], bytes] = field(default_factory=dict)

    def job(self, commit: str, name: str, event: Any, **variables: str) -> Shell:
        """A fresh clone with ``commit``, in a new run that ``event`` started."""
        self.run += 1
        folder = self.folder / f"run-{self.run}"
        Git(self.folder)("clone", "-q", "shared.git", folder.name)
        Git(folder)("checkout", "-q", commit)
        (self.folder / "event.json").write_text(json.dumps(event))
        for variable in ("GITHUB_BASE_REF", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            self.patch.delenv(variable, raising=False)
        about = {
            "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(self.folder / "event.json"), "GITHUB_SHA": commit,
            "GITHUB_RUN_ID": str(self.run), "GITHUB_OUTPUT": str(self.folder / f"outputs-{self.run}"),
            "GITHUB_STEP_SUMMARY": str(self.folder / f"summary-{self.run}"), **variables,
        }  # fmt: skip
        for variable, value in about.items():
            self.patch.setenv(variable, value)
        return Shell(folder, self.capture)

    def outputs(self) -> dict[str, str]:
        """What the last job put out."""
        lines = (self.folder / f"outputs-{self.run}").read_text().split("\n")[:-1]
        return {
            line.partition("<<")[0]: lines[number + 1] for number, line in enumerate(lines) if "<<presetctl-" in line
        }

    # the three workflows

    def pull_request(self, number: int) -> Shell:
        """Validates and plans the newest commit of a pull request, and comments."""
        head = self.hub.pull(number)["head"]
        job = self.job(
            head["sha"], "pull_request", {"pull_request": {"number": number, "head": head}}, GITHUB_BASE_REF="main"
        )
        job("fmt", "--check")
        job("validate", "--format", "github")
        job("plan", "--offline", "-w", "production", "--report", "markdown=offline.md")
        job("plan", "-w", "production", "--out", "plan.json")
        self.artifacts[self.run, ARTIFACT] = (job.folder / "plan.json").read_bytes()
        job("ci", "summary", "plan.json")
        job("ci", "outputs", "plan.json")
        job("ci", "comment", "plan.json", "--artifact", ARTIFACT)
        return job

    def apply(self, before: str, commit: str, code: int = 0) -> Shell:
        """Applies what a push to the main branch brought, if its pull request showed just that."""
        job = self.job(commit, "push", {"before": before, "after": commit})
        approved = job("ci", "approved", "-w", "production").json
        job.write("plan.json", self.artifacts[approved["run_id"], approved["artifact"]].decode())
        job("ci", "approved", "-w", "production", "--plan", "plan.json")
        ran = job("apply", "--compare", "plan.json", "--yes", "--format", "json", code=code)
        job.write("apply.json", ran.out)
        job("ci", "outputs", "plan.json", "--apply", "apply.json")
        return job

    def drift(self, commit: str, code: int) -> str:
        """Looks for drift, as a schedule does; gives what became of the issue."""
        job = self.job(commit, "schedule", {"schedule": "0 6 * * *"})
        job.write("drift.json", job("drift", "-w", "production", "--format", "json", code=code).out)
        return job("ci", "issue", "drift.json", "--label", "drift").out


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standing_in() as hub:
        for variable, value in {
            "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": hub.url, "GITHUB_TOKEN": TOKEN,
            "GITHUB_SERVER_URL": "https://github.example", "OPENROUTER_API_KEY": KEY,
        }.items():  # fmt: skip
            monkeypatch.setenv(variable, value)
        monkeypatch.setattr("presetctl.waiting.FIRST_PAUSE_SECONDS", 0.01)
        yield hub


@pytest.fixture
def app() -> Iterator[Emulator]:
    with create_app(keys=[KeyGrant(KEY, "production", "normal")]) as app:
        yield app


@pytest.fixture
def ann(app: Emulator, tmp_path: Path) -> Iterator[Git]:
    """The clone of somebody who writes presets; what is on the main branch is live."""
    with serve(app) as url:
        (ann,) = shared(tmp_path, "ann")
        ann.write("presetctl.yaml", f"version: 1\nworkspaces:\n  production: {{provider: openrouter, url: '{url}'}}\n")
        ann.write(MAIL, "system_prompt: Write mails.\nconfig:\n  model: a/b\n  temperature: 0.7\n")
        ann.commit("Start with mails", time=1)
        ann("push", "-q")
        app.dashboard_save("production", "mail", {"model": "a/b", "temperature": 0.7}, "Write mails.")
        yield ann


@pytest.fixture
def runner(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hub: StandIn) -> Runner:
    return Runner(tmp_path, capsys, monkeypatch, hub)


def pushed(ann: Git, branch: str, old: str, new: str, time: int) -> str:
    """Edits the preset on a branch and pushes it; gives the commit."""
    text = (ann.folder / MAIL).read_text()
    assert old in text
    ann.write(MAIL, text.replace(old, new))
    commit = ann.commit(f"{new}", time=time)
    ann("push", "-q", "origin", branch)
    return commit


def squashed(ann: Git, hub: StandIn, number: int, branch: str, time: int) -> tuple[str, str]:
    """Merges a pull request as one commit; gives the main branch's commit before and after."""
    ann("checkout", "-q", "main")
    before = ann("rev-parse", "HEAD")
    ann("merge", "-q", "--squash", branch)
    commit = ann.commit(f"Merged (#{number})", time=time)
    ann("push", "-q", "origin", "main")
    hub.merge(number, commit)
    return before, commit


def versions(app: Emulator) -> int:
    """How often a client wrote."""
    return sum(method == "POST" for method, _ in app.requests)


def mark(hub: StandIn, comment: int = 0) -> PlanMark:
    found = read_mark(hub.comments[comment]["body"], PlanMark)
    assert found is not None
    return found


def test_the_life_of_a_pull_request(runner: Runner, hub: StandIn, app: Emulator, ann: Git) -> None:
    # opened, validated, planned, commented
    ann("checkout", "-q", "-b", "warmer")
    number = hub.open_pull(pushed(ann, "warmer", "0.7", "0.9", time=2), "warmer")
    hub.comment(number, "octocat", "<!-- presetctl {} -->\nLooks good.")
    job = runner.pull_request(number)
    said = hub.comments[1]["body"]
    assert "Applying this updates 1 preset in `production`." in said
    assert "| `config.temperature` | `0.7` | `0.9` |" in said
    assert "since commit" in (job.folder / "offline.md").read_text()
    assert (runner.folder / f"summary-{runner.run}").read_text().startswith("### Plan for `production`")
    assert (runner.outputs()["changed"], runner.outputs()["changed-slugs"]) == ("true", '["mail"]')
    first = mark(hub, 1)
    assert (first.head, first.run_id, first.trusted) == (hub.pull(number)["head"]["sha"], runner.run, True)

    # pushed to again: the comment is edited
    hub.push(number, pushed(ann, "warmer", "Write mails.", KIND, time=3))
    runner.pull_request(number)
    assert len(hub.comments) == 2
    second = mark(hub, 1)
    assert (second.run_id, second.head) == (runner.run, hub.pull(number)["head"]["sha"])
    assert second.fingerprint != first.fingerprint == json.loads(runner.artifacts[101, ARTIFACT])["fingerprint"]
    report = hub.comments[1]["body"].replace("\n", "\n\n", 1).rpartition("\n\n[Run ")[0]
    assert foreign(report) == []
    assert versions(app) == 0, "nothing was applied yet"

    # approved and merged by squash, then applied by its fingerprint
    before, commit = squashed(ann, hub, number, "warmer", time=4)
    runner.apply(before, commit)
    assert versions(app) == 1
    assert runner.outputs()["failure-reason"] == ""
    assert runner.drift(commit, code=0) == "production: no drift, and no issue\n"

    # drifted in the dashboard: an issue
    app.dashboard_save("production", "mail", {"model": "a/b", "temperature": 0.1}, KIND)
    assert "issue opened" in runner.drift(commit, code=2)
    (issue,) = hub.issues
    assert (issue["title"], issue["state"]) == ("Drift in production", "open")
    assert "| `config.temperature` | `0.9` | `0.1` |" in issue["body"]
    assert "nothing changed" in runner.drift(commit, code=2)

    # imported, reviewed and merged: the workspace has it already, and the issue is closed
    ann("checkout", "-q", "-b", "accept")
    Shell(ann.folder, runner.capture)("import", "--update", "mail", "-w", "production")
    head = ann.commit("Accept what was tried out", time=5)
    ann("push", "-q", "origin", "accept")
    second_pull = hub.open_pull(head, "accept")
    runner.pull_request(second_pull)
    assert runner.outputs()["changed"] == "false"
    assert len(hub.comments) == 2, "no changes, and no comment"
    _, commit = squashed(ann, hub, second_pull, "accept", time=6)
    assert "issue closed" in runner.drift(commit, code=0)
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert versions(app) == 1


def test_a_workspace_that_moved_after_the_review(runner: Runner, hub: StandIn, app: Emulator, ann: Git) -> None:
    ann("checkout", "-q", "-b", "warmer")
    number = hub.open_pull(pushed(ann, "warmer", "0.7", "0.9", time=2), "warmer")
    runner.pull_request(number)
    app.dashboard_save("production", "mail", {"model": "c/d", "temperature": 0.7}, "Write mails.")
    job = runner.apply(*squashed(ann, hub, number, "warmer", time=3), code=5)
    assert (runner.outputs()["stale"], runner.outputs()["blocked"]) == ("true", "false")
    assert "nothing was written" in runner.outputs()["failure-reason"]
    assert versions(app) == 0
    job("plan", "-w", "production", "--out", "now.json")
    job("ci", "stale", "now.json", "--approved", "plan.json", "--pull-request", str(number))
    said = "no longer holds:\n\n- `mail was planned against version 1, and version 2 is live`\n\n### Plan"
    assert said in hub.comments[1]["body"]
    job("ci", "approved", "-w", "production", "--plan", "plan.json")  # it's still the plan that was approved


def test_a_push_after_the_plan_that_was_reviewed(runner: Runner, hub: StandIn, app: Emulator, ann: Git) -> None:
    ann("checkout", "-q", "-b", "warmer")
    number = hub.open_pull(pushed(ann, "warmer", "0.7", "0.9", time=2), "warmer")
    runner.pull_request(number)
    hub.push(number, pushed(ann, "warmer", "0.9", "1.9", time=3))
    _, commit = squashed(ann, hub, number, "warmer", time=4)
    job = runner.job(commit, "push", {})
    assert "which was merged" in job("ci", "approved", "-w", "production", code=5).err


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_other_ways_to_merge(runner: Runner, hub: StandIn, app: Emulator, ann: Git, way: str) -> None:
    ann("checkout", "-q", "-b", "warmer")
    pushed(ann, "warmer", "0.7", "0.8", time=2)
    number = hub.open_pull(pushed(ann, "warmer", "0.8", "0.9", time=3), "warmer")
    runner.pull_request(number)
    ann("checkout", "-q", "main")
    before = ann("rev-parse", "HEAD")
    ann.write("README.md", "Meanwhile.\n")
    ann.commit("Meanwhile", time=4)
    if way == "merge":
        ann("merge", "-q", "--no-ff", "-m", f"Merge pull request #{number}", "warmer", time=5)
    else:
        ann("rebase", "-q", "main", "warmer")
        ann("checkout", "-q", "main")
        ann("merge", "-q", "--ff-only", "warmer")
    ann("push", "-q", "origin", "main")
    commit = ann("rev-parse", "HEAD")
    hub.merge(number, commit, ann("rev-parse", "HEAD~1"))
    runner.apply(before, commit)
    assert versions(app) == 1


def test_github_is_having_a_bad_day(runner: Runner, hub: StandIn, app: Emulator, ann: Git) -> None:
    """Lost replies, server errors and limits in every job make neither a second comment nor a second version."""
    bad = [
        Fault("POST ", done=True), Fault("GET ", Answer(502, b"<html>")), Fault("PATCH ", done=True),
        Fault("GET ", Answer(403, {"message": "secondary rate limit"}, {"Retry-After": "0"})),
    ]  # fmt: skip
    ann("checkout", "-q", "-b", "warmer")
    number = hub.open_pull(pushed(ann, "warmer", "0.7", "0.9", time=2), "warmer")
    hub.faults = list(bad)
    runner.pull_request(number)
    hub.push(number, pushed(ann, "warmer", "Write", "Send", time=3))
    runner.pull_request(number)
    assert len(hub.comments) == 1
    hub.faults = list(bad)
    before, commit = squashed(ann, hub, number, "warmer", time=4)
    runner.apply(before, commit)
    app.dashboard_save("production", "mail", {"model": "x/y"}, "Other.")
    hub.faults = list(bad)
    assert "issue opened" in runner.drift(commit, code=2)
    assert (len(hub.issues), versions(app)) == (1, 1)
