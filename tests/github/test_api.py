"""GitHub's API: pages, limits, lost replies; and a token that shows nowhere."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from presetctl.domain.errors import AccessError, BusyError, RemoteError
from presetctl.domain.values import Json, JsonObject
from presetctl.github import api
from presetctl.github.api import SECONDARY_LIMIT_SECONDS, WRITE_ATTEMPTS, GitHub, next_page
from presetctl.github.place import Place
from presetctl.waiting import Pause
from tests.acceptance.cli import Shell
from tests.acceptance.commands import CALLED, LEAVES, ways
from tests.github.plans import HEAD, changing, event, opened, save
from tests.github.standin import LOST, REPOSITORY, SECONDARY, TOKEN, Answer, Fault, StandIn

COMMENT: JsonObject = {"body": "Hello."}
COMMENTS = "/issues/1/comments"


@pytest.fixture
def slept() -> list[float]:
    """The seconds that were waited for."""
    return []


@pytest.fixture
def github(hub: StandIn, slept: list[float]) -> Iterator[GitHub]:
    hub.open_pull(HEAD)
    github = GitHub(Place(REPOSITORY, hub.url), TOKEN, Pause(slept.append, jitter=lambda: 1.0))
    yield github
    github.close()


def nothing() -> None:
    """Nothing was found."""


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("", None),
        ('<https://h/a/x?page=2>; rel="next", <https://h/a/x?page=9>; rel="last"', "/x?page=2"),
        ('<https://h/a/x?page=1>; rel="prev", <https://h/a/x?page=3>; rel="next"', "/x?page=3"),
        ('<https://h/a/x?after=Y3Vyc29y,2&page=2>; rel=next', "/x?after=Y3Vyc29y,2&page=2"),
        ('<https://h/a/x>; rel="prev"', None),
        ('<https://h/a/x>; rel="nextish"', "/x"),
        ("<<<>>>; rel=", None),
    ],
)  # fmt: skip
def test_the_next_page(link: str, found: str | None) -> None:
    assert next_page(link, "https://h/a") == (None if "nextish" in link else found)


@pytest.mark.parametrize(
    "address",
    ["https://evil/a/x", "http://h/a/x", "https://h/b/x", "https://h/ab/x", "https://h/a", "//h/a/x", "/a/x",
     "https://h@evil/a/x", "https://h:444/a/x", "HTTPS://h/a/x"],
)  # fmt: skip
def test_a_next_page_elsewhere(address: str) -> None:
    with pytest.raises(RemoteError, match="in another place"):
        next_page(f'<{address}>; rel="next"', "https://h/a")


def test_a_list_that_does_not_end(github: GitHub, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_PAGES", 3)
    loop = Answer(200, [{"id": 1}], {"Link": f'<{hub.url}/repos/{REPOSITORY}{COMMENTS}>; rel="next"'})
    hub.faults = [Fault("GET ", loop)] * 9
    with pytest.raises(RemoteError, match="more than 3 pages"):
        list(github.rows(COMMENTS))


def test_what_is_sent(github: GitHub, hub: StandIn) -> None:
    github.create(COMMENTS, COMMENT, nothing)
    list(github.rows(COMMENTS))
    github.change("/issues/comments/1000", {"body": "Changed."})
    assert hub.comments[0]["body"] == "Changed."
    assert [method for method, _ in hub.requests] == ["POST", "GET", "PATCH"]
    assert "per_page=20" in hub.requests[1][1]
    assert set(hub.keys) == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("status", [403, 429])
def test_limits_are_waited_for_as_long_as_they_ask(
    github: GitHub, hub: StandIn, slept: list[float], status: int
) -> None:
    soon = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 100)}
    hub.faults = [Fault("", Answer(status, SECONDARY)), Fault("", Answer(status, {}, {"Retry-After": "90"}))]
    github.create(COMMENTS, COMMENT, nothing)
    hub.faults = [
        Fault("", Answer(status, {}, soon)),
        Fault("", Answer(status, {"message": "x"}, {"Retry-After": "7"})),
    ]
    list(github.rows(COMMENTS))
    assert slept[0] == SECONDARY_LIMIT_SECONDS
    assert slept[1] == 90
    assert 60 < slept[2] <= 100
    assert slept[3] == 7
    assert len(hub.comments) == 1


@pytest.mark.parametrize(
    "header", [{"Retry-After": "301"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"}]
)
def test_a_limit_that_asks_for_too_much(
    github: GitHub, hub: StandIn, slept: list[float], header: dict[str, str]
) -> None:
    hub.faults = [Fault("", Answer(403, SECONDARY, header))] * 3
    with pytest.raises(BusyError, match="no more requests for now"):
        github.create(COMMENTS, COMMENT, nothing)
    with pytest.raises(BusyError, match="no more requests for now"):
        list(github.rows(COMMENTS))
    assert (slept, hub.comments) == ([], [])


@pytest.mark.parametrize("method", ["create", "change", "rows"])
def test_limits_without_an_end(github: GitHub, hub: StandIn, slept: list[float], method: str) -> None:
    hub.comment(1, "octocat", "x")
    hub.faults = [Fault("", Answer(429, SECONDARY, {"Retry-After": "1"}))] * 9
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: github.create(COMMENTS, COMMENT, nothing),
        "change": lambda: github.change("/issues/comments/1000", COMMENT),
        "rows": lambda: list(github.rows(COMMENTS)),
    }
    with pytest.raises(BusyError):
        calls[method]()
    assert len(hub.requests) == WRITE_ATTEMPTS


@pytest.mark.parametrize("fault", [Fault("P"), Fault("P", Answer(502, b"<html>"))])
def test_what_nobody_knows_ends_some_time(github: GitHub, hub: StandIn, slept: list[float], fault: Fault) -> None:
    asked: list[int] = []

    def find() -> None:
        asked.append(len(hub.requests))

    hub.faults = [fault] * 99
    with pytest.raises(RemoteError):
        github.create(COMMENTS, COMMENT, find)
    assert asked == [1, 2, 3, 4], "it looks after each try"
    with pytest.raises(RemoteError):
        github.change("/issues/comments/1000", COMMENT)
    assert slept == [0.5, 1, 2, 4] * 2


@pytest.mark.parametrize(("asked", "waited"), [("90", [90.0, 90.0, 90.0]), ("400", [])])
def test_a_server_that_is_down_is_waited_for(
    github: GitHub, hub: StandIn, slept: list[float], asked: str, waited: list[float]
) -> None:
    hub.faults = [Fault("POST ", Answer(503, b"", {"Retry-After": asked}))] * 9
    with pytest.raises(RemoteError, match="status 503"):
        github.create(COMMENTS, COMMENT, nothing)
    assert slept == waited


def test_a_page_of_the_longest_comments(github: GitHub, hub: StandIn) -> None:
    for _ in range(41):
        hub.comment(1, "octocat", "\x01" * 65_536)
    assert len(list(github.rows(COMMENTS))) == 41


def test_what_was_made_is_found(github: GitHub, hub: StandIn) -> None:
    hub.faults = [LOST]
    assert github.create(COMMENTS, COMMENT, lambda: hub.comments[-1])["id"] == 1000
    assert len(hub.comments) == 1


def test_a_limit_that_is_none(github: GitHub, hub: StandIn, slept: list[float]) -> None:
    """A plain 403 is about permissions, whatever is left of the limits."""
    headers = {"X-RateLimit-Remaining": "10", "X-RateLimit-Reset": "x"}
    hub.faults = [Fault("", Answer(403, {"message": "Resource not accessible by integration"}, headers))]
    with pytest.raises(AccessError, match="lacks the permission"):
        github.create(COMMENTS, COMMENT, nothing)
    hub.faults = [Fault("", Answer(403, [], {"X-RateLimit-Remaining": "0"}))]
    list(github.rows(COMMENTS))
    assert slept == [SECONDARY_LIMIT_SECONDS], "no time is given"


OFFLINE = {"summary", "outputs"}


def prepare(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the commands need."""
    event(shell, monkeypatch, opened(hub.open_pull(HEAD)))
    hub.merge(1, HEAD)
    save(shell, changing())
    drift: Json = {
        "format_version": "1.0", "workspace": "live", "commit": HEAD, "drifts": [], "limits": [],
        "summary": {"presets": 1},
    }  # fmt: skip
    shell.write("mail", json.dumps(drift))
    monkeypatch.setenv("GITHUB_SHA", HEAD)
    for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(variable, str(shell.folder / variable))


def everything(shell: Shell) -> str:
    """All that the commands print, and all that they leave in files."""
    said = ""
    for words in (words for leaf in CALLED if leaf[0] == "ci" for words in ways(leaf, LEAVES[leaf])):
        try:
            ran = shell(*words, code=None)
            said += ran.out + ran.err
        except RuntimeError as error:  # only with PRESETCTL_DEBUG
            said += "".join(traceback.format_exception(error))
    return said + "".join(path.read_text() for path in Path(shell.folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("status", [0, 200, 403, 502])
def test_no_command_tells_the_token(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    prepare(shell, hub, monkeypatch)
    said = {"message": f"Bearer {TOKEN}", "id": TOKEN, TOKEN: [TOKEN], "html_url": TOKEN, "number": 1}
    headers = {"Link": f'<{hub.url}/{TOKEN}>; rel="next"', "X-RateLimit-Reset": TOKEN}
    if status:
        hub.faults = [Fault("", Answer(status, [said] if status == 200 else said, headers))] * 999
    printed = everything(shell)
    assert [form for form in (TOKEN, TOKEN[8:], TOKEN[::-1]) if form in printed] == []
    assert {f"Bearer {TOKEN}"} == set(hub.keys), "it was sent, all the same"


def test_no_traceback_tells_the_token(shell: Shell, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        assert TOKEN in request.headers["Authorization"]
        raise RuntimeError(f"a mistake with {request!r}, {request.headers!r}, {transport!r}")

    prepare(shell, hub, monkeypatch)
    monkeypatch.setenv("PRESETCTL_DEBUG", "1")
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", fail)
    printed = everything(shell)
    assert printed.count("RuntimeError: a mistake") >= len([leaf for leaf in CALLED if leaf[0] == "ci"]) - len(OFFLINE)
    assert TOKEN not in printed
