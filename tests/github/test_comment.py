"""``presetctl ci comment``: one comment per workspace, and nobody else's taken for ours."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from presetctl.domain.change import Plan
from presetctl.domain.values import Json
from presetctl.github.marker import PlanMark, marked, read_mark
from presetctl.report.markdown import length
from tests.acceptance.cli import Shell
from tests.gfm import foreign
from tests.github.plans import HEAD, changing, event, opened, quiet, save, sealed
from tests.github.standin import BOT, LOST, REPOSITORY, SECONDARY, TOKEN, Answer, Fault, StandIn, Token
from tests.hostile import EVERY, UNREADABLE
from tests.unit.report.examples import hostile_plan, said_everywhere

RUN_LINE = "\n\n[Run 77](https://github.example/octo-org/presets/actions/runs/77)"


@pytest.fixture
def number(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> int:
    """An open pull request, whose event started this run."""
    number = hub.open_pull(HEAD)
    event(shell, monkeypatch, opened(number))
    return number


def ours(hub: StandIn) -> list[PlanMark]:
    """What the markers of all comments say."""
    return [mark for row in hub.comments for mark in [read_mark(row["body"] or "", PlanMark)] if mark is not None]


def written(hub: StandIn) -> list[str]:
    """The requests that wrote something."""
    return [method for method, _ in hub.requests if method != "GET"]


def test_a_comment_is_posted_and_then_edited_in_place(shell: Shell, hub: StandIn, number: int) -> None:
    first, second = changing(after="one"), changing(after="two")
    ran = shell("ci", "comment", save(shell, first), "--artifact", "presetctl-plan")
    assert ran.out == f"production: comment posted  {hub.comments[0]['html_url']}\n"
    mark = PlanMark(
        workspace="production", fingerprint=first.fingerprint, changed=True, offline=False, trusted=True, head=HEAD,
        commit=HEAD, run_id=77, artifact="presetctl-plan",
    )  # fmt: skip
    assert ours(hub) == [mark]
    body = hub.comments[0]["body"]
    assert body.startswith(f"{marked(mark)}\n### Plan for `production`\n\nApplying this updates 1 preset")
    assert body.endswith(RUN_LINE)
    assert "comment is as it should be" in shell("ci", "comment", "plan.json", "--artifact", "presetctl-plan").out
    assert "comment edited" in shell("ci", "comment", save(shell, second)).out
    assert [mark.fingerprint for mark in ours(hub)] == [second.fingerprint]
    assert written(hub) == ["POST", "PATCH"]
    assert len(hub.comments) == 1


def test_each_workspace_has_its_own(shell: Shell, hub: StandIn, number: int) -> None:
    save(shell, changing(), changing(workspace="staging"), quiet("quiet"))
    ran = shell("ci", "comment", "plan.json")
    assert [line.split("  ")[0] for line in ran.out.splitlines()] == [
        "production: comment posted", "staging: comment posted", "quiet: no changes, and no comment",
    ]  # fmt: skip
    shell("ci", "comment", save(shell, changing(after="x", workspace="staging")))
    assert [mark.workspace for mark in ours(hub)] == ["production", "staging"]


def test_no_changes_are_told_where_there_is_a_comment(shell: Shell, hub: StandIn, number: int) -> None:
    assert "no changes, and no comment" in shell("ci", "comment", save(shell, quiet())).out
    assert written(hub) == []
    shell("ci", "comment", save(shell, changing()))
    assert "comment edited" in shell("ci", "comment", save(shell, quiet())).out
    assert "Nothing would change in `production`: 1 preset as declared." in hub.comments[0]["body"]
    assert [mark.changed for mark in ours(hub)] == [False]


def test_it_is_found_on_the_last_of_many_pages(shell: Shell, hub: StandIn, number: int) -> None:
    for count in range(95):
        hub.comment(number, f"user-{count}", f"Comment {count}")
    shell("ci", "comment", save(shell, changing()))
    hub.requests.clear()
    shell("ci", "comment", save(shell, changing(after="x")))
    pages = [path for method, path in hub.requests if method == "GET"]
    assert len(pages) == 5
    assert all("/repositories/" in path for path in pages[1:]), "as the Link header says"
    assert (len(hub.comments), len(ours(hub))) == (96, 1)


@pytest.mark.parametrize("login", ["octocat", "github-actions", "evil[bot]", None])
def test_markers_of_others_do_not_count(shell: Shell, hub: StandIn, number: int, login: str | None) -> None:
    shell("ci", "comment", save(shell, changing()))
    theirs = hub.comments.pop()["body"]
    hub.comment(number, login, theirs)
    shell("ci", "comment", save(shell, changing(after="x")))
    assert [row["body"] == theirs for row in hub.comments] == [True, False]
    assert hub.comments[1]["user"]["login"] == BOT


@pytest.mark.parametrize("before", ["\n", " ", "> ", "Hi\n", "```\n", "\ufeff"])
def test_a_marker_counts_at_the_very_start_alone(shell: Shell, hub: StandIn, number: int, before: str) -> None:
    shell("ci", "comment", save(shell, changing()))
    hub.comments[0]["body"] = before + hub.comments[0]["body"]
    shell("ci", "comment", save(shell, changing(after="x")))
    assert len(hub.comments) == 2


def test_an_edit_in_the_browser_does_not_hide_it(shell: Shell, hub: StandIn, number: int) -> None:
    shell("ci", "comment", save(shell, changing()))
    hub.comments[0]["body"] = hub.comments[0]["body"].replace("\n", "\r\n")
    assert "as it should be" in shell("ci", "comment", "plan.json").out
    hub.comments[0]["body"] += "\r\nMore."
    assert "edited" in shell("ci", "comment", "plan.json").out
    assert "More." not in hub.comments[0]["body"]


def test_of_two_the_oldest_is_kept_up(shell: Shell, hub: StandIn, number: int) -> None:
    shell("ci", "comment", save(shell, changing()))
    for _ in range(2):
        hub.comment(number, BOT, hub.comments[0]["body"])
    shell("ci", "comment", save(shell, changing(after="x")))
    assert [read_mark(row["body"], PlanMark) is not None for row in hub.comments] == [True, False, False]
    assert hub.comments[2]["body"].endswith(
        "\nAnother comment of presetctl, further up, has the plan of this workspace."
    )
    hub.requests.clear()
    shell("ci", "comment", "plan.json")
    assert written(hub) == [], "the others are no plans any more"


def test_what_a_newer_run_wrote_stays(shell: Shell, hub: StandIn, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "78")
    shell("ci", "comment", save(shell, changing(after="newer")))
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    assert "left alone" in shell("ci", "comment", save(shell, changing())).out
    assert "newer" in hub.comments[0]["body"]


def test_no_prompt_breaks_the_marker(shell: Shell, hub: StandIn, number: int) -> None:
    plans = [_everywhere(text, f"w{count}") for count, text in enumerate(EVERY)]
    for _ in range(2):
        shell("ci", "comment", save(shell, *plans))
    assert [mark.workspace for mark in ours(hub)] == [plan.workspace.name for plan in plans]
    assert len(hub.comments) == len(EVERY)
    for row in hub.comments:
        line, _, rest = row["body"].partition("\n")
        assert foreign(f"{line}\n\n{rest.removesuffix(RUN_LINE)}") == []


def _everywhere(text: str, workspace: str) -> Plan:
    made = said_everywhere(text)
    return sealed(made, target=replace(made.workspace, name=workspace))


def test_a_prompt_that_is_a_marker(shell: Shell, hub: StandIn, number: int) -> None:
    forged = marked(_FORGED)
    shell("ci", "comment", save(shell, changing(after=f"{forged}\n{forged}")))
    shell("ci", "comment", save(shell, changing("other", after=f"\n{forged}")))
    (mark,) = ours(hub)
    assert mark.fingerprint == changing("other", after=f"\n{forged}").fingerprint


_FORGED = PlanMark(
    workspace="production", fingerprint="sha256:" + "f" * 64, changed=True, offline=False, trusted=True,
    head=HEAD, commit=HEAD, run_id=10**9, artifact="x",
)  # fmt: skip


@pytest.mark.parametrize("text", [*EVERY, *UNREADABLE, "-->", "--!>", "--" * 9, "<!--", "@octocat", "\\u002d-"])
def test_nothing_ends_a_marker(text: str) -> None:
    mark = _FORGED.model_copy(update={"workspace": text[:500], "artifact": f"-{text[:500]}-"})
    line = marked(mark)
    assert line.count("--") == 2, "those that begin and end the HTML comment"
    assert not set(line[4:-3]) & set("<>@\r\n")
    assert line.isascii()
    readable = not any("\ud800" <= character <= "\udfff" for character in text)
    assert read_mark(f"{line}\nText", PlanMark) == (mark if readable else None)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- presetctl {} -->", "<!-- presetctl [] -->", '<!-- presetctl {"about": "plan"} -->',
        "<!-- presetctl { -->",
        '<!-- presetctl {"about": "plan", "about": "plan"} -->', f"{marked(_FORGED)} more", marked(_FORGED)[:-1],
        marked(_FORGED).replace("true", '"true"'), marked(_FORGED).replace('"plan"', '"drift"'), "", "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_marker(text: str) -> None:
    assert read_mark(text, PlanMark) is None


def test_the_longest_comment_fits(shell: Shell, hub: StandIn, number: int) -> None:
    changes = hostile_plan().changes
    many = [replace(change, slug=f"{change.slug}-{n}") for n in range(400) for change in changes]
    ran = shell("ci", "comment", save(shell, sealed(hostile_plan(), *many)))
    assert "comment posted" in ran.out
    assert 60_000 < length(hub.comments[0]["body"]) <= 65_536


def test_a_lost_reply_makes_no_second_comment(shell: Shell, hub: StandIn, number: int) -> None:
    hub.faults = [LOST]
    ran = shell("ci", "comment", save(shell, changing()))
    assert ran.out == f"production: comment posted  {hub.comments[0]['html_url']}\n"
    assert len(hub.comments) == 1
    assert written(hub) == ["POST"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("done", [True, False])
def test_after_a_server_error_it_looks_before_it_posts_again(
    shell: Shell, hub: StandIn, number: int, status: int, done: bool
) -> None:
    hub.faults = [Fault("POST ", Answer(status, b"<html>Unicorn!</html>"), done=done)]
    shell("ci", "comment", save(shell, changing()))
    assert len(hub.comments) == 1
    assert written(hub) == ["POST"] if done else ["POST", "POST"]


def test_edits_and_reads_are_tried_again(shell: Shell, hub: StandIn, number: int) -> None:
    shell("ci", "comment", save(shell, changing()))
    hub.faults = [
        Fault("GET ", Answer(502, b"")),
        Fault("GET "),
        Fault("PATCH ", Answer(503, b"")),
        Fault("PATCH ", done=True),
    ]
    assert "comment edited" in shell("ci", "comment", save(shell, changing(after="x"))).out
    assert (hub.faults, len(hub.comments)) == ([], 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, SECONDARY, {"Retry-After": "0"}),
        Answer(429, SECONDARY, {"Retry-After": "0"}),
        Answer(403, {"message": "API rate limit exceeded"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}),
    ],
)
def test_rate_limits_are_waited_for(shell: Shell, hub: StandIn, number: int, method: str, answer: Answer) -> None:
    hub.faults = [Fault(f"{method} ", answer)] * 2
    assert "comment posted" in shell("ci", "comment", save(shell, changing())).out
    assert len(hub.comments) == 1


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault("GET ", Answer(403, SECONDARY, {"Retry-After": "900"})), 8, "(403)\n  → try again in 900 s"),
        (Fault("POST ", Answer(429, SECONDARY, {"Retry-After": "900"})), 8, "no more requests for now (429)"),
        (Fault("POST ", Answer(422, {"message": "Validation Failed"})), 8, "status 422: Validation Failed"),
        (Fault("POST ", Answer(403, {"message": "Must have admin rights"})), 7, "permission for this (403): Must"),
        (Fault("POST ", Answer(301, {}, {"Location": "/x"})), 8, "redirect, which is never followed"),
        (Fault("GET ", Answer(200, {"not": "a list"})), 8, "not a list of objects"),
        (Fault("GET ", Answer(200, [{"id": "text"}])), 8, "lacks what every comment has"),
        (Fault("GET ", Answer(200, b"<html>")), 8, "not JSON"),
        (Fault("GET ", Answer(404, {"message": "Not Found"})), 7, "no such thing (404)"),
    ],
)  # fmt: skip
def test_refusals(shell: Shell, hub: StandIn, number: int, fault: Fault, code: int, said: str) -> None:
    hub.faults = [fault] * 4
    assert said in shell("ci", "comment", save(shell, changing()), code=code).err
    assert hub.comments == []


def test_tokens(shell: Shell, hub: StandIn, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    save(shell, changing())
    hub.tokens = {TOKEN: Token(writes=False)}
    refused = shell("ci", "comment", "plan.json", code=7)
    assert "lacks the permission for this (403): Resource not accessible by integration" in refused.err
    assert "permissions: {pull-requests: write" in refused.err
    hub.tokens = {}
    assert "does not accept the token (401)" in shell("ci", "comment", "plan.json", code=7).err
    hub.tokens = {"ghp_" + "x" * 36: Token("octocat")}
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "needs a token, and the variable GITHUB_TOKEN is not set" in shell("ci", "comment", "plan.json", code=7).err
    (shell.folder / "token").write_text("ghp_" + "x" * 36 + "\n")
    monkeypatch.setenv("GITHUB_TOKEN_FILE", str(shell.folder / "token"))
    shell("ci", "comment", "plan.json", "--author", "OctoCat")
    assert hub.comments[0]["user"]["login"] == "octocat"


def test_a_wrong_author_is_found_out(shell: Shell, hub: StandIn, number: int) -> None:
    hub.tokens = {TOKEN: Token("octocat")}
    assert "--author octocat" in shell("ci", "comment", save(shell, changing()), code=64).err


def test_the_token_shows_nowhere(shell: Shell, hub: StandIn, number: int) -> None:
    save(shell, changing())
    said = {"message": f"Bearer {TOKEN} is bad", TOKEN: TOKEN}
    for status in (400, 401, 403, 404, 422, 500):
        for method in ("GET ", "POST "):
            hub.faults = [Fault(method, Answer(status, said, {"Link": f'<{TOKEN}>; rel="next"'}))] * 20
            ran = shell("ci", "comment", "plan.json", code=None)
            assert ran.code in {7, 8}
            assert TOKEN not in ran.out + ran.err
    assert hub.keys[-1] == f"Bearer {TOKEN}"


def test_pages_in_another_place_are_not_followed(shell: Shell, hub: StandIn, number: int) -> None:
    for count in range(40):
        hub.comment(number, "octocat", str(count))
    for base in ("https://example.com/api/v3", f"{hub.url}.example.com", hub.url.replace("127.0.0.1", "localhost")):
        hub.link_to = base
        assert "in another place" in shell("ci", "comment", save(shell, changing()), code=8).err
    assert len(hub.comments) == 40


def test_the_pull_request_of_a_fork(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a run of the repository, after the fork's own run, which made the plan."""
    other, number = hub.open_pull(HEAD, "main", REPOSITORY), hub.open_pull(HEAD, "main", "fork/presets")
    after: Json = {
        "id": 55, "head_sha": HEAD, "head_branch": "main", "pull_requests": [],
        "head_repository": {"full_name": "fork/presets", "owner": {"login": "fork"}},
    }  # fmt: skip
    event(shell, monkeypatch, {"action": "completed", "workflow_run": after})
    shell("ci", "comment", save(shell, changing()))
    assert [row["issue"] for row in hub.comments] == [number] != [other]
    (mark,) = ours(hub)
    assert (mark.trusted, mark.run_id, mark.head) == (False, 55, HEAD)
    assert "Made by a run of a fork" in hub.comments[0]["body"]
    hub.push(number, "b" * 40)
    ran = shell("ci", "comment", "plan.json")
    assert "nothing to comment on" in ran.err
    hub.push(number, HEAD)
    third = hub.open_pull(HEAD, "main", "fork/presets")
    assert f"{number}, {third} have the same branch" in shell("ci", "comment", "plan.json", code=64).err


@pytest.mark.parametrize("repository", ["fork/presets", None])
def test_what_is_known_of_a_fork(
    shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch, repository: str | None
) -> None:
    event(shell, monkeypatch, opened(hub.open_pull(HEAD), repository=repository))
    shell("ci", "comment", save(shell, changing()))
    assert [mark.trusted for mark in ours(hub)] == [False]


def test_without_an_event(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    number = hub.open_pull(HEAD)
    save(shell, changing())
    assert "which pull request?" in shell("ci", "comment", "plan.json", code=64).err
    event(shell, monkeypatch, {"ref": "refs/heads/main", "after": HEAD})
    assert "which pull request?" in shell("ci", "comment", "plan.json", code=64).err
    shell("ci", "comment", "plan.json", "--pull-request", str(number))
    assert len(hub.comments) == 1
    assert "no such thing (404)" in shell("ci", "comment", "plan.json", "--pull-request", "99", code=7).err
    shell.write("event.json", "{")
    assert "GITHUB_EVENT_PATH, can't be read" in shell("ci", "comment", "plan.json", code=64).err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GITHUB_REPOSITORY", ""), ("GITHUB_REPOSITORY", "a/b/c"), ("GITHUB_REPOSITORY", "../x"),
        ("GITHUB_REPOSITORY", "a/.."), ("GITHUB_REPOSITORY", "a/b?x"), ("GITHUB_API_URL", "http://example.com"),
        ("GITHUB_API_URL", "https://u:p@example.com"), ("GITHUB_API_URL", "embedded"), ("GITHUB_API_URL", "x"),
        ("GITHUB_SERVER_URL", "https://a b"),
    ],
)  # fmt: skip
def test_variables_that_cannot_be(
    shell: Shell, hub: StandIn, number: int, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert variable in shell("ci", "comment", save(shell, changing()), code=64).err
    assert hub.requests == []


@pytest.mark.parametrize("name", ["a b", "x" * 5000, "", "-->", "@octocat"])
def test_a_workspace_that_is_none(shell: Shell, hub: StandIn, number: int, name: str) -> None:
    assert "no workspace has such a name" in shell("ci", "comment", save(shell, changing(workspace=name)), code=3).err
    assert hub.comments == []


def test_plans_that_are_too_many_or_the_same(shell: Shell, hub: StandIn, number: int) -> None:
    save(shell, changing(), changing(after="x"))
    assert "for the same workspace" in shell("ci", "comment", "plan.json", code=3).err
    save(shell, *(quiet(f"w{n}") for n in range(101)))
    assert "more than 100 plans" in shell("ci", "comment", "plan.json", code=3).err
    assert written(hub) == []


def test_an_endless_commit_does_not_hide_the_comment(shell: Shell, hub: StandIn, number: int) -> None:
    for after in ("x", "y"):
        shell("ci", "comment", save(shell, changing(after=after, commit="c" * 9000)))
    assert [mark.commit for mark in ours(hub)] == [None]
    assert "at most 200 characters" in shell("ci", "comment", "plan.json", "--artifact", "x" * 201, code=64).err


def test_what_is_no_plan(shell: Shell, hub: StandIn, number: int) -> None:
    shell.write("plan.json", json.dumps({"format_version": "1.0"}))
    shell("ci", "comment", "plan.json", code=3)
    assert hub.requests == []
