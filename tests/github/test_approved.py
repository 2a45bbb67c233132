"""``presetctl ci approved``: from a commit of the main branch back to the plan that its pull request showed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from presetctl.domain.change import Plan
from presetctl.domain.values import Json
from presetctl.github.api import GitHub
from presetctl.github.event import find_event
from presetctl.github.marker import marked, read_mark
from presetctl.github.place import Place
from presetctl.github.pulls import LAG_SECONDS, merged_pull
from presetctl.waiting import Pause
from tests.acceptance.cli import Shell
from tests.github.plans import HEAD, changing, event, opened, save
from tests.github.schemas import errors
from tests.github.standin import BOT, REPOSITORY, TOKEN, Answer, Fault, StandIn
from tests.gits import Git, needs_git

MERGED, EARLIER = "d" * 40, "e" * 40


@pytest.fixture
def commented(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A pull request with a comment, not merged yet."""
    event(shell, monkeypatch, opened(hub.open_pull(HEAD)))
    plan = changing()
    shell("ci", "comment", save(shell, plan), "--artifact", "presetctl-plan")
    return plan


@pytest.mark.parametrize(
    ("merged", "brought", "asked"),
    [
        (MERGED, [], MERGED),  # squash
        (MERGED, [HEAD, EARLIER], MERGED),  # a merge commit
        (MERGED, [EARLIER], EARLIER),  # rebase: not the last of its commits
    ],
)
def test_each_way_to_merge(
    shell: Shell, hub: StandIn, commented: Plan, merged: str, brought: list[str], asked: str
) -> None:
    hub.merge(1, merged, *brought)
    found = shell("ci", "approved", "--commit", asked, "-w", "production").json
    assert found == {
        "format_version": found["format_version"], "tool_version": found["tool_version"], "commit": asked,
        "pull_request": 1, "url": "https://github.example/octo-org/presets/pull/1", "head_sha": HEAD,
        "workspace": "production", "changed": True, "fingerprint": commented.fingerprint, "run_id": 77,
        "artifact": "presetctl-plan",
    }  # fmt: skip
    assert errors("approved", found) == []
    assert shell("ci", "approved", "--commit", asked).json == found, "there is just one workspace"


def test_the_plan_itself_is_checked(shell: Shell, hub: StandIn, commented: Plan) -> None:
    hub.merge(1, MERGED)
    shell("ci", "approved", "--commit", MERGED, "--plan", "plan.json")
    for other in (changing(after="x"), changing(workspace="staging")):
        ran = shell("ci", "approved", "--commit", MERGED, "--plan", save(shell, other, name="other.json"), code=5)
        assert "the file does not hold the plan of production that pull request 1 shows" in ran.err
        assert ran.out == ""


def test_a_commit_of_several_pull_requests(shell: Shell, hub: StandIn, commented: Plan) -> None:
    """A branch that was merged into another one first."""
    second = hub.open_pull("f" * 40, "stacked")
    hub.merge(second, EARLIER, MERGED, at="2026-11-20T10:00:00Z")
    hub.merge(1, MERGED, EARLIER, at="2026-11-21T10:00:00Z")
    assert shell("ci", "approved", "--commit", MERGED).json["pull_request"] == 1
    hub.pull(1)["merge_commit_sha"] = None
    assert shell("ci", "approved", "--commit", MERGED).json["pull_request"] == 1, "the one that was merged last"


@pytest.mark.parametrize(("age", "pauses"), [(2, [5.0, 5.0]), (70, []), (-70, []), (None, [])])
def test_github_may_not_know_a_merge_yet(hub: StandIn, age: int | None, pauses: list[float]) -> None:
    hub.open_pull(HEAD)
    hub.merge(1, MERGED)
    hub.faults = [Fault("GET ", Answer(200, []))] * 2
    slept: list[float] = []
    github = GitHub(Place(REPOSITORY, hub.url), TOKEN, Pause(slept.append))
    found = merged_pull(github, MERGED, None if age is None else int(time.time()) - age)
    github.close()
    assert (found is not None, slept) == (bool(pauses), pauses)


def test_github_never_comes_to_know_it(hub: StandIn) -> None:
    hub.open_pull(HEAD)
    hub.commits[MERGED] = []
    slept: list[float] = []
    github = GitHub(Place(REPOSITORY, hub.url), TOKEN, Pause(slept.append))
    assert merged_pull(github, MERGED, int(time.time())) is None
    github.close()
    assert sum(slept) == LAG_SECONDS


def test_when_there_was_a_push(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    times: dict[str, Json] = {"push": 1_790_000_000, "other": "2026-11-21T10:00:00Z", "none": None}
    found = {}
    for name, value in times.items():
        event(shell, monkeypatch, {"repository": {"pushed_at": value}})
        found[name] = find_event(os.environ, REPOSITORY).pushed
    assert found == {"push": 1_790_000_000, "other": None, "none": None}


def test_there_is_no_approved_plan(shell: Shell, hub: StandIn, commented: Plan) -> None:
    ran = shell("ci", "approved", "--commit", HEAD, code=4)
    assert "came with no pull request" in ran.err, "it's open still"
    hub.merge(1, MERGED)
    assert (
        "no comment with a plan of staging" in shell("ci", "approved", "--commit", MERGED, "-w", "staging", code=4).err
    )
    comment = hub.comments.pop()
    assert "no comment with a plan\n" in shell("ci", "approved", "--commit", MERGED, code=4).err
    hub.comment(1, "octocat", comment["body"])
    assert "no comment with a plan\n" in shell("ci", "approved", "--commit", MERGED, code=4).err, "it's not ours"
    hub.comment(1, BOT, f"> {comment['body']}")
    assert "no comment with a plan\n" in shell("ci", "approved", "--commit", MERGED, code=4).err


def test_a_plan_of_another_commit_than_the_merged_one(shell: Shell, hub: StandIn, commented: Plan) -> None:
    hub.push(1, "b" * 40)
    hub.merge(1, MERGED)
    assert "not of commit bbbbbbbbbbbb, which was merged" in shell("ci", "approved", "--commit", MERGED, code=5).err


@pytest.mark.parametrize(
    ("key", "value", "said"), [("trusted", False, "by a run of a fork"), ("offline", True, "without")]
)
def test_a_plan_that_nobody_can_rely_on(
    shell: Shell, hub: StandIn, commented: Plan, key: str, value: bool, said: str
) -> None:
    from presetctl.github.marker import PlanMark

    hub.merge(1, MERGED)
    mark = read_mark(hub.comments[0]["body"], PlanMark)
    assert mark is not None
    hub.comments[0]["body"] = marked(mark.model_copy(update={key: value}))
    assert said in shell("ci", "approved", "--commit", MERGED, code=4).err


def test_several_workspaces(shell: Shell, hub: StandIn, commented: Plan) -> None:
    shell("ci", "comment", save(shell, changing(workspace="staging")))
    hub.merge(1, MERGED)
    assert "name one with -w" in shell("ci", "approved", "--commit", MERGED, code=64).err
    assert shell("ci", "approved", "--commit", MERGED, "-w", "staging").json["workspace"] == "staging"


def test_the_oldest_of_two_comments_counts(shell: Shell, hub: StandIn, commented: Plan) -> None:
    body = hub.comments[0]["body"]
    hub.comment(1, BOT, body.replace(commented.fingerprint, "sha256:" + "0" * 64))
    hub.merge(1, MERGED)
    assert shell("ci", "approved", "--commit", MERGED).json["fingerprint"] == commented.fingerprint


@needs_git
def test_the_commit_that_is_checked_out(
    shell: Shell, hub: StandIn, commented: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SHA", MERGED)
    hub.merge(1, MERGED)
    assert shell("ci", "approved").json["commit"] == MERGED
    commit = Git.init(shell.folder).commit("Merged (#1)")
    hub.merge(1, commit)
    assert shell("ci", "approved").json["commit"] == commit


@pytest.mark.parametrize("commit", ["main", "d" * 12, "D" * 40, "d" * 39 + "\n", "../" + "d" * 40])
def test_what_is_no_commit(shell: Shell, hub: StandIn, commit: str) -> None:
    assert "not the id of a commit" in shell("ci", "approved", "--commit", commit, code=64).err
    assert "which commit?" in shell("ci", "approved", code=64).err
    assert hub.requests == []


@pytest.mark.parametrize(
    "row", [{}, {"number": "1", "head": {"sha": HEAD}}, {"number": 1, "head": None}, {"number": True}]
)
def test_a_pull_request_that_is_none(shell: Shell, hub: StandIn, row: dict[str, Json]) -> None:
    hub.faults = [Fault("GET ", Answer(200, [row]))]
    assert "lacks what every pull request has" in shell("ci", "approved", "--commit", MERGED, code=8).err


def test_a_merge_queue(shell: Shell, hub: StandIn, commented: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-1-{EARLIER}"
    event(shell, monkeypatch, {"merge_group": {"head_ref": ref, "head_sha": MERGED}})
    monkeypatch.setenv("GITHUB_SHA", MERGED)
    assert shell("ci", "approved").json["fingerprint"] == commented.fingerprint
    hub.merge(1, MERGED)
    assert "came with no pull request" in shell("ci", "approved", code=4).err, "it's none that waits"
    assert shell("ci", "approved", "--commit", MERGED).json["pull_request"] == 1, "the queue doesn't count there"


def test_a_commit_that_github_does_not_know(shell: Shell, hub: StandIn) -> None:
    assert "No commit found for SHA" in shell("ci", "approved", "--commit", MERGED, code=8).err


def test_markers_have_a_schema(shell: Shell, hub: StandIn, commented: Plan) -> None:
    line = hub.comments[0]["body"].partition("\n")[0]
    document: Json = json.loads(line.removeprefix("<!-- presetctl ").removesuffix(" -->"))
    assert errors("marker", document) == []
    assert errors("marker", {"about": "plan"}) != []
    assert Path(shell.folder, "plan.json").exists()
