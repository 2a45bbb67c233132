"""Deleting in LibreChat, where a request without a proper id deletes everything: what leaves, and what never does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presetctl.domain.errors import (
    AmbiguousError,
    ConflictError,
    DamageError,
    NotFoundError,
    PresetctlError,
    RemoteError,
)
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.providers.librechat.identity import Mark, preset_id
from presetctl.providers.librechat.presets import _deletion
from presetctl.providers.librechat.session import Token
from presetctl.providers.librechat.shelf import Held
from tests.chats import Opened, Passage, Person, Server, credentials, emulated, lost_after, opened, replies
from tests.unit.providers.test_librechat_session import token_of

USER = "6920f0f0f0f0f0f0f0f0f0f0"
OWN = preset_id(USER, "a")
DELETE = "POST presets/delete"

MALFORMED: list[Any] = [
    None, "", " ", "  \t", "\t", "\n", "\r\n", f"{OWN}\n", f"\n{OWN}", "\x00", f"{OWN}\x00", "\u200b", f"{OWN}\u200b",
    "\u00a0", "\u2028", "\ufeff", "\x7f", "\x1b[2J", "\u202e", "\ud800", [], [OWN], ["", OWN], [[]], {}, {"$ne": None},
    {"$gt": ""}, {"$regex": ".*"}, {"a": 1}, {"_id": OWN}, 0, 1, -1, 1.5, 10**30, True, False,
]  # fmt: skip
"""What no preset may be deleted by."""


def marked(own: Any, slug: str = "a") -> dict[str, Any]:
    """A stored preset with every mark that one could think of for this id."""
    tags = [*Mark.made(slug, USER, str(own)).tags(), f"adopted:{own}", f"adopted:{json.dumps(own)}", "adopted:"]
    return {"_id": "1", "presetId": own, "title": "t", "endpoint": "openAI", "tags": tags, "user": USER}


@dataclass
class Line:
    """A session on a server that lists ``rows`` and remembers what it's asked."""

    it: Opened
    rows: list[Any]
    asked: list[httpx.Request]

    def deletions(self) -> list[Any]:
        return [json.loads(request.content) for request in self.asked if request.url.path.endswith("/delete")]

    def writes(self) -> list[str]:
        return [request.url.path for request in self.asked if request.method != "GET"]


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    rows, asked = list[Any](), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "GET":
            return httpx.Response(200, content=json.dumps(rows).encode())
        return httpx.Response(201, json={"acknowledged": True, "deletedCount": 1})

    server = Server("http://recorder.invalid", lambda: httpx.MockTransport(answer))
    with opened(server, Token(token_of({"id": USER}), "T"), {"a": None}) as it:
        yield Line(it, rows, asked)


def lists(line: Line, *rows: Any) -> Line:
    line.rows[:] = rows
    line.asked.clear()
    return line


@pytest.mark.parametrize("own", MALFORMED, ids=repr)
def test_nothing_leaves_for_a_malformed_id(line: Line, own: Any) -> None:
    document = marked(own)
    for held in (Held("a", document, managed=True), Held("a", document, managed=False)):
        with pytest.raises(ConflictError, match="does not have presetctl's mark, so it is not deleted"):
            _deletion(held, USER)
    for slug in ("a", "b"):
        with pytest.raises(PresetctlError):
            lists(line, document).it.writer.remove(slug)
        assert line.writes() == []


@pytest.mark.parametrize("own", [own for own in MALFORMED if isinstance(own, str)], ids=repr)
def test_nor_for_one_that_a_file_adopts(line: Line, own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line.it.reader, "declared", {"a": own})
    with pytest.raises(PresetctlError):
        lists(line, {**marked(own), "tags": []}).it.writer.remove("a")
    assert line.writes() == []


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in marked(OWN).items() if key != name}


def tagged(*tags: Any, own: str = OWN) -> dict[str, Any]:
    return {**marked(own), "tags": list(tags)}


@pytest.mark.parametrize(
    "document",
    [
        without("presetId"),
        without("tags"),
        tagged(),
        tagged("managed-by:presetctl"),
        tagged("slug:a"),
        tagged("managed-by:presetctl", "slug:"),
        tagged("managed-by:presetctl", "slug:A"),
        tagged("managed-by:presetctl", "slug:a\n"),
        tagged("managed-by:presetctl", "slug:../a"),
        tagged("managed-by:presetctl", "slug:a", "slug:b"),
        tagged("managed-by:presetctl", "slug:a", "slug:a"),
        tagged("managed-by:presetctl ", "slug:a"),
        tagged("Managed-By:presetctl", "slug:a"),
        tagged("managed-by:presetctl,slug:a"),
        tagged(["managed-by:presetctl", "slug:a"]),
        tagged("managed-by:presetctl", "slug:b"),
        tagged("managed-by:presetctl", "slug:a", own=preset_id(USER, "b")),
        tagged("managed-by:presetctl", "slug:a", own=preset_id("somebody else", "a")),
        tagged("managed-by:presetctl", "slug:a", own="copied"),
        tagged("managed-by:presetctl", "slug:a", "adopted:", own="copied"),
        tagged("managed-by:presetctl", "slug:a", "adopted:original", own="copied"),
        tagged("managed-by:presetctl", "slug:a", "adopted:cop", own="copied"),
        {**marked(OWN), "tags": "managed-by:presetctl slug:a"},
        {**marked(OWN), "tags": {"managed-by:presetctl": 1, "slug:a": 1}},
        {**marked(OWN), "tags": None},
        {**marked(OWN), "tags": 5},
        {**without("tags"), "contentFilterBlocked": True},
    ],
    ids=repr,
)
def test_nothing_leaves_for_a_preset_that_is_not_ours(line: Line, document: dict[str, Any]) -> None:
    for managed in (True, False):
        with pytest.raises(ConflictError):
            _deletion(Held("a", document, managed), USER)
    with pytest.raises(PresetctlError):
        lists(line, document).it.writer.remove("a")
    assert line.writes() == []


@pytest.mark.parametrize("rows", [[5], [None], ["a"], [[]], [marked(OWN), 5], [marked(OWN), {"title": "t"}]], ids=repr)
def test_nothing_leaves_where_the_list_makes_no_sense(line: Line, rows: list[Any]) -> None:
    with pytest.raises(RemoteError):
        lists(line, *rows).it.writer.remove("a")
    assert line.writes() == []


@pytest.mark.parametrize("body", [{}, {"presets": []}, "text", "[]", None, 5, True])
def test_nothing_leaves_where_there_is_no_list(line: Line, body: Any) -> None:
    line.it.wire.play("GET presets", replies(200, body))
    with pytest.raises(RemoteError):
        lists(line).it.writer.remove("a")
    assert line.writes() == []


@pytest.mark.parametrize("own", [OWN, "an id", "/odd?id=ü", "x" * 5000, "0", "null", "undefined", "[object Object]"])
def test_what_leaves_is_one_id_and_nothing_else(line: Line, own: str) -> None:
    lists(line, marked(own)).it.writer.remove("a")  # the list stays as it is: whoever asked looks again
    assert line.deletions() == [{"presetId": own}]
    (request,) = [request for request in line.asked if request.method == "POST"]
    assert request.headers["Content-Type"] == "application/json"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([OWN, "x", "", " "]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
TAGS = st.lists(
    st.sampled_from(["managed-by:presetctl", "slug:a", "slug:b", "adopted:x", "adopted:", "adopted: ", "mine"]) | ANY
)
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"presetId": ANY, "tags": TAGS | ANY, "title": ANY}) | ANY, max_size=3
)


@given(ROWS, st.sampled_from(["a", "b", "", "x"]))
@settings(max_examples=300)
def test_whatever_is_listed_only_a_marked_preset_is_deleted_by_its_own_id(line: Line, rows: Any, slug: str) -> None:
    with suppress(PresetctlError):
        lists(line, *rows).it.writer.remove(slug)
    for body in line.deletions():
        assert list(body) == ["presetId"]
        own = body["presetId"]
        assert isinstance(own, str)
        assert own.strip()
        (row,) = [row for row in rows if isinstance(row, dict) and row.get("presetId") == own]
        assert {"managed-by:presetctl", f"slug:{slug}"} <= {tag for tag in row["tags"] if isinstance(tag, str)}
        assert own == preset_id(USER, slug) or f"adopted:{own}" in row["tags"]


# --- on the emulator: counted before and after


@dataclass
class World:
    person: Person
    it: Opened


@pytest.fixture
def world() -> Iterator[World]:
    with emulated() as (_, server):
        person = server.person()
        with opened(server, credentials(person)) as it:
            it.writer.write(Preset("a", "librechat/openAI", Content(None, {"title": "a"}), Location("a.yaml")))
            for title in ("theirs", "more"):
                person.save(presetId=f"id-{title}", title=title)
            it.wire.lines()
            yield World(person, it)


def titles(world: World) -> set[str]:
    return {preset["title"] for preset in world.person.presets()}


def answering(body: Any, *, deletes: bool = True) -> Passage:
    """The request takes effect, or doesn't, and the reply is another one."""

    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        if deletes:
            send().read()
        return replies(201, body)(request, send)

    return passage


def test_one_preset_is_deleted_between_two_looks_at_the_list(world: World) -> None:
    world.it.writer.remove("a")
    assert world.it.wire.lines() == ["GET presets", DELETE, "GET presets"]
    assert titles(world) == {"theirs", "more"}


def test_what_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError, match="b is not there"):
        world.it.writer.remove("b")
    assert world.it.wire.lines() == ["GET presets"]


@pytest.mark.parametrize("count", [0, None, "1", True, 1.0, -1, [], {}])
def test_a_count_that_is_not_one_is_no_success_where_it_is_still_there(world: World, count: Any) -> None:
    world.it.wire.play(DELETE, answering({"acknowledged": True, "deletedCount": count}, deletes=False))
    with pytest.raises(RemoteError) as raised:
        world.it.writer.remove("a")
    assert raised.value.message == (
        "POST /api/presets/delete: a was not deleted, although the server answers 201 (Created)"
    )
    assert titles(world) == {"a", "theirs", "more"}


@pytest.mark.parametrize("body", [{"deletedCount": 0}, {"acknowledged": True}, [], None, "[]"])
def test_what_is_gone_is_gone_whatever_was_counted(world: World, body: Any) -> None:
    world.it.wire.play(DELETE, answering(body))
    world.it.writer.remove("a")
    assert titles(world) == {"theirs", "more"}


@pytest.mark.parametrize("others", [["theirs"], ["theirs", "more"]])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_more_than_one_that_is_gone_is_told_loudly(world: World, others: list[str], count: int) -> None:
    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        for title in others:
            world.person.delete(f"id-{title}")
        return answering({"deletedCount": count})(request, send)

    world.it.wire.play(DELETE, passage)
    with pytest.raises(DamageError) as raised:
        world.it.writer.remove("a")
    assert raised.value.exit_code == 6
    assert all(f"{title}@" in raised.value.message or f"id-{title}" in raised.value.message for title in others)
    assert "look before anything else is written" in raised.value.hint


def test_a_count_of_two_is_told_loudly_even_where_the_list_lacks_but_one(world: World) -> None:
    world.it.wire.play(DELETE, answering({"deletedCount": 2}))
    with pytest.raises(DamageError, match="with a 1 other presets are gone: made since the list was read"):
        world.it.writer.remove("a")


def test_a_reply_that_is_lost_leaves_a_doubt(world: World) -> None:
    world.it.wire.play(DELETE, lost_after)
    with pytest.raises(AmbiguousError):
        world.it.writer.remove("a")
    assert titles(world) == {"theirs", "more"}


def test_nothing_can_be_restored(world: World) -> None:
    world.it.writer.prepare_archiving()
    with pytest.raises(NotFoundError, match="a can't be restored: LibreChat deletes for good"):
        world.it.writer.restore("a")
    assert world.it.wire.lines() == []
