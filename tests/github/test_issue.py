"""``presetctl ci issue``: one issue per workspace, which says what there is."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from presetctl.domain.values import Json, show_path
from presetctl.github.issues import Issue, Step, decide
from presetctl.github.marker import DriftMark, read_mark
from presetctl.report.markdown import length
from tests.acceptance.cli import Shell
from tests.gfm import foreign
from tests.github.standin import BOT, TOKEN, Answer, Fault, StandIn, Token
from tests.hostile import EVERY

COMMIT = "c" * 40
RUN_LINE = "\n\n[Run 77](https://github.example/octo-org/presets/actions/runs/77)"


def drift(slug: str = "mail", after: Json = "new", **more: Json) -> dict[str, Json]:
    """One preset that somebody changed."""
    return {
        "slug": slug, "kind": "openrouter/chat-completions", "file": f"presets/{slug}.yaml", "version": 2,
        "fields": [{"path": "config.model", "cause": "drift", "before": "old", "after": after}], "archived": False,
        "versions": [{"version": 2, "version_id": "v2", "created_at": "2026-11-21", "creator": "user_1"}], **more,
    }  # fmt: skip


def report_document(
    *drifts: Json, workspace: str = "production", commit: str = COMMIT, **more: Json
) -> dict[str, Json]:
    """What `presetctl drift --format json` would print."""
    counts: Json = {"presets": 7, "drifted": len(drifts), "pending": 0}
    return {
        "format_version": "1.2", "tool_version": "1", "workspace": workspace, "commit": commit, "drifts": drifts,
        "pending": [], "unkept": [], "limits": [], "summary": counts, **more,
    }  # fmt: skip


def report(shell: Shell, *drifts: Json, workspace: str = "production", commit: str = COMMIT, **more: Json) -> str:
    """Writes it into a file; gives the file's name."""
    shell.write("drift.json", json.dumps(report_document(*drifts, workspace=workspace, commit=commit, **more)))
    return "drift.json"


def state(hub: StandIn) -> list[tuple[str, str | None]]:
    return [(row["state"], row["state_reason"]) for row in hub.issues]


def written(hub: StandIn) -> Sequence[str]:
    return [method for method, _ in hub.requests if method != "GET"]


def test_the_life_of_an_issue(shell: Shell, hub: StandIn) -> None:
    assert shell("ci", "issue", report(shell)).out == "production: no drift, and no issue\n"
    ran = shell("ci", "issue", report(shell, drift()), "--label", "drift", "--label", "presets")
    (row,) = hub.issues
    assert ran.out == f"production: issue opened  {row['html_url']}\n"
    assert (row["title"], [label["name"] for label in row["labels"]]) == ("Drift in production", ["drift", "presets"])
    assert row["body"].partition("\n")[2].startswith("### Drift in `production`\n\n1 of 7 presets not as commit `ccccc")
    assert "| `mail` | version 2, `2026-11-21` | `user_1` | `config.model` |" in row["body"]
    assert foreign(row["body"].replace("\n", "\n\n", 1).removesuffix(RUN_LINE)) == []
    hub.requests.clear()
    assert "nothing changed" in shell("ci", "issue", report(shell, drift(), commit="d" * 40)).out
    assert written(hub) == []
    assert "issue updated" in shell("ci", "issue", report(shell, drift(), drift("other"))).out
    assert "`other`" in row["body"]
    assert "issue closed" in shell("ci", "issue", report(shell)).out
    assert state(hub) == [("closed", "completed")]
    assert "No drift:" in row["body"]
    assert "nothing changed" in shell("ci", "issue", report(shell)).out
    assert "opened again" in shell("ci", "issue", report(shell, drift())).out
    assert (len(hub.issues), row["state"]) == (1, "open")


def test_one_that_somebody_closed_stays_closed_as_long_as_the_drift_is_the_same(shell: Shell, hub: StandIn) -> None:
    shell("ci", "issue", report(shell, drift()))
    hub.issues[0].update(state="closed", state_reason="not_planned")
    assert "nothing changed" in shell("ci", "issue", report(shell, drift())).out
    assert state(hub) == [("closed", "not_planned")]
    assert "opened again" in shell("ci", "issue", report(shell, drift(after="else"))).out
    assert hub.issues[0]["state"] == "open"


def test_each_workspace_has_its_own_among_many(shell: Shell, hub: StandIn) -> None:
    for _ in range(70):
        hub.issue(BOT, "Something else")
    hub.open_pull("a" * 40)
    for workspace in ("production", "staging", "production"):
        shell("ci", "issue", report(shell, drift(), workspace=workspace))
    marks = [read_mark(row["body"], DriftMark) for row in hub.issues[70:]]
    assert [mark.workspace for mark in marks if mark] == ["production", "staging"]


@pytest.mark.parametrize("login", ["octocat", "github-actions"])
def test_markers_of_others_do_not_count(shell: Shell, hub: StandIn, login: str) -> None:
    shell("ci", "issue", report(shell, drift()))
    theirs = hub.issues.pop()
    hub.issue(login, theirs["body"])
    assert "issue opened" in shell("ci", "issue", report(shell, drift())).out
    assert len(hub.issues) == 2


def test_an_issue_that_is_open_while_its_marker_says_otherwise(shell: Shell, hub: StandIn) -> None:
    """Somebody opened it again."""
    shell("ci", "issue", report(shell, drift()))
    shell("ci", "issue", report(shell))
    hub.issues[0]["state"] = "open"
    assert "issue closed" in shell("ci", "issue", report(shell)).out


def test_decisions() -> None:
    mark = {digest: DriftMark(workspace="w", digest=digest) for digest in ("", "a", "b")}

    def step(is_open: bool | None, was: str, now: str) -> Step:
        return decide(None if is_open is None else Issue(1, is_open, mark[was]), mark[now])

    assert [step(None, "", now) for now in ("", "a")] == [Step.NOT_NEEDED, Step.OPENED]
    assert [step(True, "a", now) for now in ("", "a", "b")] == [Step.CLOSED, Step.UNCHANGED, Step.UPDATED]
    assert [step(False, "a", now) for now in ("", "a", "b")] == [Step.UNCHANGED, Step.UNCHANGED, Step.REOPENED]
    assert [step(False, "", now) for now in ("", "a")] == [Step.UNCHANGED, Step.REOPENED]


@pytest.mark.parametrize(
    "fault", [Fault("POST ", done=True), Fault("POST ", Answer(502, b""), done=True), Fault("POST ")]
)
def test_a_lost_reply_makes_no_second_issue(shell: Shell, hub: StandIn, fault: Fault) -> None:
    hub.faults = [fault]
    assert "issue opened" in shell("ci", "issue", report(shell, drift())).out
    assert len(hub.issues) == 1


def test_issues_that_are_turned_off(shell: Shell, hub: StandIn) -> None:
    hub.issues_off = True
    assert "turned off in this repository (410)" in shell("ci", "issue", report(shell, drift()), code=8).err


def test_a_token_of_somebody_else(shell: Shell, hub: StandIn) -> None:
    hub.tokens = {TOKEN: Token("octocat")}
    assert "--author octocat" in shell("ci", "issue", report(shell, drift()), code=64).err
    hub.issues.clear()
    for _ in range(2):
        shell("ci", "issue", report(shell, drift()), "--author", "octocat")
    assert len(hub.issues) == 1


def test_hostile_drift(shell: Shell, hub: StandIn) -> None:
    shell("ci", "issue", report(shell, *(_hostile(text) for text in EVERY), limits=EVERY))
    (row,) = hub.issues
    assert row["title"] == "Drift in production"
    assert foreign(row["body"].replace("\n", "\n\n", 1).removesuffix(RUN_LINE)) == []
    assert read_mark(row["body"], DriftMark) is not None


def _hostile(text: str) -> dict[str, Json]:
    old: dict[str, Json] = {"version": 1, "version_id": text, "created_at": text, "creator": text}
    path = show_path(("config", text))
    return drift(
        text, kind=text, file=text, fields=[{"path": path, "cause": "drift", "before": text, "after": f"{text} x"}],
        versions=[old, {**old, "version": 2}],
    )  # fmt: skip


@pytest.mark.parametrize(("number", "size"), [(3, 40_000), (200, 400), (1500, 10)])
def test_the_longest_issue_fits(shell: Shell, hub: StandIn, number: int, size: int) -> None:
    shell("ci", "issue", report(shell, *(drift(f"slug-{n}", "x " * size) for n in range(number))))
    assert 1_000 < length(hub.issues[0]["body"]) <= 65_536
    assert "### Drift in `production`" in hub.issues[0]["body"]


def test_presets_that_are_gone(shell: Shell, hub: StandIn) -> None:
    shell("ci", "issue", report(shell, drift("a", archived=True, version=None), drift("b", version=None)))
    assert "| `a` | archived |" in hub.issues[0]["body"]
    assert "In the workspace: not there any more." in hub.issues[0]["body"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is not a report of drift of format 1: `format_version` is missing"),
        ("{", "is not a report of drift: the drift is not valid JSON"),
        (
            '{"format_version": "1.0", "error": {"code": 7, "message": "no key"}}',
            "holds no drift, but an error: no key",
        ),
        ('{"format_version": "1.0", "error": []}', "`error` is missing or has another form"),
        ('{"format_version": "2.0"}', "`format_version` is missing or has another form"),
    ],
)
def test_what_is_no_drift(shell: Shell, hub: StandIn, text: str, said: str) -> None:
    shell.write("drift.json", text)
    assert said in shell("ci", "issue", "drift.json", code=3).err
    assert hub.requests == []


def test_a_workspace_that_is_none(shell: Shell, hub: StandIn) -> None:
    assert "`workspace`" in shell("ci", "issue", report(shell, workspace="a\nb"), code=3).err
