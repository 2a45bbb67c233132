"""``presetctl ci stale`` and ``ci pull-request``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from presetctl.domain.change import Action, Live
from presetctl.github.marker import PlanMark, StaleMark, marked, read_mark
from presetctl.report.markdown import length
from tests.acceptance.cli import Shell
from tests.gfm import foreign
from tests.github.plans import HEAD, changing, save, sealed
from tests.github.schemas import errors
from tests.github.standin import BOT, LOST, StandIn, Token
from tests.unit.report.examples import change, hostile_plan

RUN_LINE = "\n\n[Run 77](https://github.example/octo-org/presets/actions/runs/77)"
BRANCH = "presetctl/drift-production"
OPEN = ("ci", "pull-request", "--head", BRANCH, "--base", "main", "-w", "production")


@pytest.fixture
def number(hub: StandIn) -> int:
    return hub.open_pull(HEAD)


def test_one_comment_says_what_is_otherwise(shell: Shell, hub: StandIn, number: int) -> None:
    approved, now, later = changing("mail"), changing("other"), changing("third")
    hub.comment(number, "mallory", marked(StaleMark(workspace="production")))
    save(shell, approved, name="approved.json")
    words = ("ci", "stale", save(shell, now), "--approved", "approved.json", "--pull-request", str(number))
    assert "comment posted" in shell(*words).out
    body = hub.comments[-1]["body"]
    assert read_mark(body, StaleMark) == StaleMark(workspace="production")
    assert read_mark(body, PlanMark) is None, "it's no plan that counts as approved"
    assert "### Not applied to `production`" in body
    assert "- `mail is declared no longer`\n- `other is not in the plan`\n" in body
    assert "### Plan for `production`" in body, "what would be done now"
    assert "comment is as it should be" in shell(*words).out
    save(shell, later)
    assert "comment edited" in shell(*words).out
    assert [row["user"]["login"] for row in hub.comments] == ["mallory", BOT]


def test_what_does_no_harm_is_not_told(shell: Shell, hub: StandIn, number: int) -> None:
    """The base of a push is another than that of a pull request, and who wrote nothing may have moved."""
    calm = change("calm", Action.NO_OP)
    moved = replace(calm, before=Live(4, "v4", "sha256:" + "4" * 64))
    save(shell, sealed(replace(changing(), base="a" * 40), *changing().changes, calm), name="approved.json")
    now = sealed(replace(changing(after="x"), base="b" * 40), *changing(after="x").changes, moved)
    shell("ci", "stale", save(shell, now), "--approved", "approved.json", "--pull-request", str(number))
    body = hub.comments[0]["body"]
    assert "no longer holds:\n\n- `mail is declared otherwise by now`\n\n### Plan" in body
    assert errors("marker", json.loads(body.partition("\n")[0][15:-4])) == []


def test_a_lost_reply_makes_no_second_comment(shell: Shell, hub: StandIn, number: int) -> None:
    save(shell, changing("mail"), name="approved.json")
    hub.faults.append(LOST)
    words = ("ci", "stale", save(shell, changing("other")), "--approved", "approved.json", "--pull-request")
    shell(*words, str(number))
    assert len(hub.comments) == 1


def test_hostile_plans_stay_text_and_fit(shell: Shell, hub: StandIn, number: int) -> None:
    save(shell, changing("mail"), name="approved.json")
    plan = sealed(hostile_plan())
    words = ("ci", "stale", save(shell, plan), "--approved", "approved.json", "--pull-request", str(number))
    ran = shell(*words)
    assert foreign(hub.comments[0]["body"].removesuffix(RUN_LINE)) == []
    assert length(hub.comments[0]["body"]) <= 65_536
    assert "::" not in ran.out.replace("https://", "")


def test_plans_that_are_not_to_be_compared(shell: Shell, hub: StandIn, number: int) -> None:
    save(shell, changing(), name="approved.json")
    words = ("--approved", "approved.json", "--pull-request", str(number))
    other = shell("ci", "stale", save(shell, changing(workspace="staging")), *words, code=64)
    assert "one plan is for production, and the other for staging" in other.err
    both = save(shell, changing(), changing(workspace="staging"))
    assert "one plan is compared with one" in shell("ci", "stale", both, *words, code=64).err
    assert hub.comments == []


def test_two_plans_that_do_the_same_are_nothing_to_tell(shell: Shell, hub: StandIn, number: int) -> None:
    file = save(shell, changing("mail"))
    words = ("ci", "stale", file, "--approved", file, "--pull-request", str(number))
    assert "both plans do the same" in shell(*words, code=64).err
    assert hub.comments == []


def test_a_pull_request_is_opened_once(shell: Shell, hub: StandIn) -> None:
    assert "pull request opened" in shell(*OPEN).out
    assert "pull request is open" in shell(*OPEN).out
    (pull,) = hub.pulls
    assert (pull["head"]["ref"], pull["base"]["ref"]) == (BRANCH, "main")
    assert pull["title"] == "Take over what was changed in production"
    pull["state"] = "closed"
    assert "pull request opened" in shell(*OPEN).out


def test_a_lost_reply_opens_no_second_pull_request(shell: Shell, hub: StandIn) -> None:
    hub.faults.append(LOST)
    assert "pull request opened" in shell(*OPEN).out
    assert len(hub.pulls) == 1


def test_who_may_not_open_one_is_told_so(shell: Shell, hub: StandIn) -> None:
    hub.tokens = {token: Token(BOT, writes=False) for token in hub.tokens}
    assert "403" in shell(*OPEN, code=7).err
    assert "no workspace has such a name" in shell(*OPEN[:-1], "no name", code=64).err
