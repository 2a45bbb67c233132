"""OpenRouter's API: lenient reading, refusals in the user's terms, and writes whose fate is not known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from presetctl.domain.errors import (
    AccessError,
    AmbiguousError,
    BusyError,
    ConflictError,
    NotFoundError,
    PresetctlError,
    RemoteError,
)
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import ActualPreset, ListedPreset, Listing, Status, Version, WorkspaceIdentity
from presetctl.providers import openrouter
from presetctl.providers.http import HttpJson
from presetctl.providers.openrouter import LIST_READINGS, PAGE_SIZE, OpenRouterReader, OpenRouterWriter
from presetctl.waiting import Pause

Answer = Callable[[httpx.Request], httpx.Response]

KINDS = {
    name: Kind(name, f"POST /presets/{{slug}}/{name}", prompt, {})
    for name, prompt in {"chat/completions": "messages", "messages": "system", "responses": "instructions"}.items()
}


def http(answer: Answer) -> HttpJson:
    transport = httpx.MockTransport(answer)
    pause = Pause(sleep=lambda _: None, jitter=lambda: 0.0)
    return HttpJson("http://x.invalid/api/v1", {}, timeout=5, transport=lambda: transport, pause=pause)


def says(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return lambda _: httpx.Response(status, content=json.dumps(body), headers=headers)


def reader(answer: Answer) -> OpenRouterReader:
    return OpenRouterReader(http(answer))


def writer(answer: Answer) -> OpenRouterWriter:
    return OpenRouterWriter(http(answer), KINDS.__getitem__)


def version(**more: Any) -> dict[str, Any]:
    return {"id": "v-3", "version": 3, "system_prompt": "P", "config": {"model": "m"}, "created_at": "then", **more}


def preset(**more: Any) -> dict[str, Any]:
    return {
        "id": "p-1",
        "slug": "a",
        "status": "active",
        "designated_version_id": "v-3",
        "designated_version": version(),
        **more,
    }


ACTUAL = ActualPreset("a", "p-1", Status.ACTIVE, Version("v-3", 3, Content("P", {"model": "m"}), "then"))


def declared(kind: str = "chat/completions", prompt: str | None = "P") -> Preset:
    return Preset("a", kind, Content(prompt, {"model": "m", "temperature": 1.0}), Location("presets/a.yaml"))


def test_a_preset() -> None:
    assert reader(says({"data": preset()})).read_preset("a") == ACTUAL


def held(prompt: str | None = "P", name: str = "v-3", created: str = "then", creator: str | None = None) -> Version:
    return Version(name, 3, Content(prompt, {"model": "m"}), created, creator)


@pytest.mark.parametrize(
    ("more", "status", "found"),
    [
        ({"status": "disabled"}, "disabled", held()),
        ({"status": "archived"}, "archived", held()),
        ({"status": "paused_for_review"}, "unknown", held()),
        ({"new": {"x": [1]}, "name": None}, "active", held()),
        ({"designated_version": None, "designated_version_id": None}, "active", None),
        ({"designated_version": version(system_prompt=None)}, "active", held(None)),
        ({"designated_version": version(system_prompt="")}, "active", held(None)),
        ({"designated_version": version(version=3.0, id=7)}, "active", held(name="7")),
        ({"designated_version": version(version="3")}, "active", held()),
        ({"designated_version": version(created_at=1776, creator_id=5)}, "active", held(created="1776", creator="5")),
        ({"designated_version": version(created_at=None, new=1)}, "active", held(created="")),
    ],
)
def test_replies_are_read_leniently(more: dict[str, Any], status: str, found: Version | None) -> None:
    read = reader(says({"data": preset(**more), "more": 1})).read_preset("a")
    assert read == ActualPreset("a", "p-1", Status(status), found)


def test_a_config_is_kept_as_it_is() -> None:
    config = {"model": "m", "temperature": 1.0, "top_p": 1, "x": None, "y": [], "z": {"b": 1, "a": [True]}}
    found = reader(says({"data": preset(designated_version=version(config=config))})).read_preset("a")
    assert found is not None
    assert found.version is not None
    assert repr(found.version.content.config) == repr(config)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "`data` is missing"),
        ([], "`the reply` has another form than expected"),
        (None, "`the reply` has another form than expected"),
        ({"data": []}, "`data` has another form"),
        ({"data": {"slug": "a"}}, "`data.id` is missing"),
        ({"data": {"id": "p-1"}}, "`data.slug` is missing"),
        ({"data": preset(id=None)}, "`data.id` has another form"),
        ({"data": preset(id=True)}, "`data.id` has another form"),
        ({"data": preset(designated_version={"id": "v"})}, "`data.designated_version.version` is missing"),
        ({"data": preset(designated_version=version(version=1.5))}, "designated_version.version` has another form"),
        ({"data": preset(designated_version=version(version=True))}, "designated_version.version` has another form"),
        ({"data": preset(designated_version=version(version="9" * 5_000))}, "version.version` has another form"),
        ({"data": preset(designated_version=[])}, "`data.designated_version` has another form"),
        ({"data": preset(status=None)}, "`data.status` has another form"),
        ({"data": preset(workspace_id=[])}, "`data.workspace_id` has another form"),
        ({"data": preset(designated_version=version(config=[]))}, "designated_version.config` has another form"),
    ],
)
def test_what_is_needed_and_missing_is_named(body: Any, named: str) -> None:
    with pytest.raises(RemoteError) as raised:
        reader(says(body)).read_preset("a")
    assert named in raised.value.message
    assert raised.value.message.startswith("GET /presets/a: ")
    assert "base address" in raised.value.hint


def test_a_reply_about_another_preset() -> None:
    with pytest.raises(RemoteError, match="the reply is about another preset, not a"):
        reader(says({"data": preset(slug="A")})).read_preset("a")


def test_a_preset_that_is_not_there() -> None:
    assert reader(says({"error": {"message": "no"}}, 404)).read_preset("a") is None


def test_several_presets_come_in_the_order_asked_for() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        slug = request.url.path.rpartition("/")[2]
        return httpx.Response(404, json={}) if slug == "p-5" else httpx.Response(200, json={"data": preset(slug=slug)})

    slugs = [f"p-{number}" for number in (*range(30), 3)]
    found = reader(answer).read_presets(slugs)
    assert [p and p.slug for p in found] == [None if slug == "p-5" else slug for slug in slugs]
    assert reader(answer).read_presets([]) == []


def test_one_that_fails_fails_all() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403 if request.url.path.endswith("p-7") else 200, json={"data": preset(slug="p")})

    with pytest.raises(PresetctlError):
        reader(answer).read_presets([f"p-{number}" for number in range(20)])


REFUSALS = [
    (400, RemoteError, "refused (400)"),
    (401, AccessError, "the key was not accepted (401)"),
    (402, RemoteError, "refused (402)"),
    (403, AccessError, "the key lacks the permission for this (403)"),
    (404, NotFoundError, "not found (404)"),
    (405, RemoteError, "refused (405)"),
    (409, ConflictError, "conflict (409)"),
    (413, RemoteError, "refused (413)"),
    (418, RemoteError, "refused (418)"),
    (429, BusyError, "too many requests (429)"),
]
FAILURES = [(status, RemoteError, f"the server failed ({status})") for status in (500, 501, 502, 503, 504, 520, 524)]


@pytest.mark.parametrize(
    ("status", "kind", "message"), [*REFUSALS, *FAILURES, (204, RemoteError, ""), (202, RemoteError, "refused (202)")]
)
def test_a_read_that_is_refused(status: int, kind: type[PresetctlError], message: str) -> None:
    with pytest.raises(PresetctlError) as raised:
        reader(says({"error": {"code": status, "message": "because"}}, status)).list_presets()
    assert type(raised.value) is kind
    assert raised.value.message.startswith("GET /presets: ")
    assert message in raised.value.message
    assert raised.value.message.endswith("because") or status == 204


@pytest.mark.parametrize(("status", "kind", "message"), REFUSALS)
def test_a_write_that_is_refused(status: int, kind: type[PresetctlError], message: str) -> None:
    with pytest.raises(PresetctlError) as raised:
        writer(says({"error": {"message": "because"}}, status)).write(declared())
    assert type(raised.value) is kind
    assert raised.value.message == f"POST /presets/a/chat/completions: {message}: because"


@pytest.mark.parametrize("status", [202, 206, 408, 425, *(status for status, _, _ in FAILURES), 599])
@pytest.mark.parametrize("body", [b'{"error": {"message": "because"}}', b"<html>Bad gateway</html>", b""])
def test_a_write_of_which_nobody_knows_whether_it_was_stored(status: int, body: bytes) -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(status, content=body)

    with pytest.raises(AmbiguousError, match="POST /presets/a/chat/completions"):
        writer(answer).write(declared())
    assert len(calls) == 1


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": preset(slug="b")}, {"error": {"message": "failed"}}, []])
def test_a_success_that_says_nothing_of_the_preset_is_ambiguous(status: int, body: Any) -> None:
    with pytest.raises(AmbiguousError):
        writer(says(body, status)).write(declared())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "x" * 999}}, ": " + "x" * 300),
        ({"error": {"message": ""}}, ""),
        ({"error": {"message": 5}}, ""),
        ({"error": "no"}, ""),
        ({"error": None}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_what_the_server_says_is_repeated_in_short(body: Any, said: str) -> None:
    with pytest.raises(AccessError) as raised:
        reader(says(body, 401)).identity()
    assert raised.value.message == f"GET /key: the key was not accepted (401){said}"
    assert "api_key_env" in raised.value.hint


def test_how_long_to_wait_is_repeated() -> None:
    with pytest.raises(RemoteError, match=r"too many requests \(429\): slow; it asks to wait 90 s"):
        reader(says({"error": {"message": "slow"}}, 429, {"Retry-After": "90"})).identity()


@pytest.mark.parametrize(("status", "kind"), [(429, BusyError), (503, AmbiguousError), (425, AmbiguousError)])
def test_a_write_says_how_long_the_server_asks_to_wait(status: int, kind: type[RemoteError]) -> None:
    with pytest.raises(RemoteError) as raised:
        writer(says({}, status, {"Retry-After": "3600"})).write(declared())
    assert type(raised.value) is kind
    assert raised.value.retry_after == 3600
    assert raised.value.message.endswith("; it asks to wait 3600 s")


@pytest.mark.parametrize(
    ("data", "identity"),
    [
        ({"workspace_id": "w", "label": "l", "limit": None}, WorkspaceIdentity("w", "l")),
        ({"workspace_id": 7, "label": 8}, WorkspaceIdentity("7", "8")),
        ({"workspace_id": None}, WorkspaceIdentity(None)),
        ({}, WorkspaceIdentity(None)),
    ],
)
def test_which_workspace_a_key_opens(data: dict[str, Any], identity: WorkspaceIdentity) -> None:
    assert reader(says({"data": data})).identity() == identity


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": number, "slug": f"p-{number}", "status": "active", "designated_version_id": 5} for number in numbers]


class Pages:
    """A list that gives the pages one after the other, the last one for ever, and counts how often it's asked."""

    def __init__(self, *pages: tuple[list[dict[str, Any]], float]) -> None:
        self._pages = pages
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        data, total = self._pages[min(len(self.asked), len(self._pages) - 1)]
        self.asked.append((request.url.params["offset"], request.url.params["limit"]))
        return httpx.Response(200, json={"data": data, "total_count": total, "more": True})


def test_rows_of_the_list() -> None:
    pages = Pages(([*rows(1), {"id": "x", "slug": "y"}, {"id": "z", "slug": "z", "status": "new"}], 3.0))
    assert reader(pages).list_presets() == Listing(
        (
            ListedPreset("p-1", "1", Status.ACTIVE, "5"),
            ListedPreset("y", "x", Status.ACTIVE, None),
            ListedPreset("z", "z", Status.UNKNOWN, None),
        )
    )
    assert pages.asked == [("0", str(PAGE_SIZE))]


def test_an_empty_list() -> None:
    assert reader(Pages(([], 0))).list_presets() == Listing(())


def test_pages_are_read_to_the_end() -> None:
    pages = Pages((rows(1, 2), 5), (rows(3, 4), 5), (rows(5), 5))
    assert [row.slug for row in reader(pages).list_presets().rows] == [f"p-{n}" for n in range(1, 6)]
    assert [offset for offset, _ in pages.asked] == ["0", "2", "4"]


@pytest.mark.parametrize(
    "pages",
    [
        [(rows(1, 2), 3), ([], 3)],
        [(rows(1, 2), 3), (rows(2, 3), 4)],
        [(rows(1, 2), 4), (rows(2, 1), 4)],
        [(rows(1, 2), 9), (rows(3), 9), (rows(3), 9)],
        [([], 5)],
        [(rows(1, 2), 10**9)],
    ],
    ids=["short", "grown", "shifted", "stuck", "empty", "never ends"],
)
def test_a_list_with_rows_missing_is_not_taken_for_whole(pages: list[tuple[list[dict[str, Any]], float]]) -> None:
    server = Pages(*pages)
    assert not reader(server).list_presets().complete
    assert len(server.asked) <= 5 * LIST_READINGS


def test_a_list_that_moved_is_read_again() -> None:
    server = Pages((rows(1, 2), 3), (rows(2), 3), (rows(3, 1), 3), (rows(2), 3))
    listing = reader(server).list_presets()
    assert sorted(row.slug for row in listing.rows) == ["p-1", "p-2", "p-3"]
    assert listing.complete


def test_a_list_that_shrinks_while_it_is_read() -> None:
    pages = Pages((rows(1, 2), 4), (rows(3), 3))
    assert len(reader(pages).list_presets().rows) == 3


def test_a_list_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openrouter, "MAX_PRESETS", 500)

    def endless(request: httpx.Request) -> httpx.Response:
        first = int(request.url.params["offset"])
        return httpx.Response(200, json={"data": rows(*range(first, first + 100)), "total_count": first + 10**6})

    with pytest.raises(RemoteError, match="more than 500 presets; the list does not seem to end"):
        reader(endless).list_presets()


def test_a_history_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openrouter, "MAX_VERSIONS", 500)

    def endless(request: httpx.Request) -> httpx.Response:
        first = int(request.url.params["offset"])
        data = [version(id=number, version=number) for number in range(first, first + 100)]
        return httpx.Response(200, json={"data": data, "total_count": first + 10**6})

    with pytest.raises(RemoteError, match="more than 500 versions; the list does not seem to end"):
        reader(endless).list_versions("a")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"data": []}, "`total_count` is missing"),
        ({"total_count": 0}, "`data` is missing"),
        ({"data": [{"slug": "a"}], "total_count": 1}, "`data.0.id` is missing"),
        ({"data": {}, "total_count": 1}, "`data` has another form"),
    ],
)
def test_a_list_that_lacks_what_is_needed(body: Any, named: str) -> None:
    with pytest.raises(RemoteError, match=f"GET /presets: {named}"):
        reader(says(body)).list_presets()


@pytest.mark.parametrize(
    ("kind", "prompt", "body"),
    [
        ("chat/completions", "P", {"messages": [{"role": "system", "content": "P"}]}),
        ("messages", "P", {"messages": [{"role": "user", "content": "preset"}], "system": "P"}),
        ("responses", "P", {"instructions": "P"}),
        ("responses", None, {}),
    ],
)
def test_a_write_is_one_request_of_its_kind(kind: str, prompt: str | None, body: dict[str, Any]) -> None:
    calls: list[tuple[str, str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(201, json={"data": preset()})

    assert writer(answer).write(declared(kind, prompt)) == ACTUAL
    assert calls == [("POST", f"/api/v1/presets/a/{kind}", {"model": "m", "temperature": 1.0, **body})]


def test_restore() -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(f"{request.method} {request.url.path} {request.content.decode()}")
        return httpx.Response(200, json={"data": preset()})

    assert writer(answer).restore("a") == ACTUAL
    assert calls == ["POST /api/v1/presets/a/restore {}"]


def test_a_workspace_that_cannot_restore() -> None:
    with pytest.raises(NotFoundError, match="a is archived, and this workspace doesn't know how") as raised:
        writer(says({}, 404)).restore("a")
    assert "dashboard" in raised.value.hint


def test_a_restore_that_is_refused_or_not_known() -> None:
    with pytest.raises(AccessError, match=r"POST /presets/a/restore: the key lacks"):
        writer(says({}, 403)).restore("a")
    with pytest.raises(AmbiguousError):
        writer(says({}, 503)).restore("a")
