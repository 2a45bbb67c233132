"""Which stored preset is which declared one, and what is read of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.errors import RemoteError
from presetctl.domain.preset import SLUG, Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import ListedPreset, Status
from presetctl.persistence import kind_name
from presetctl.providers.librechat.identity import Mark, preset_id
from presetctl.providers.librechat.presets import LibreChatReader
from presetctl.providers.librechat.shelf import Held, content_of, shelve
from tests.chats import KINDS, credentials, emulated, opened, replies

USER = "6920f0f0f0f0f0f0f0f0f0f0"


def row(own: str, *tags: str, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"_{own}",
        "presetId": own,
        "user": USER,
        "title": "T",
        "endpoint": "openAI",
        "tags": [*tags],
        **more,
    }


def ours(slug: str, **more: Any) -> dict[str, Any]:
    return row(preset_id(USER, slug), *Mark(slug).tags(), **more)


def test_an_id_is_the_same_at_every_time_and_on_every_machine() -> None:
    """Should this fail, every user loses every preset."""
    assert preset_id("6920f0f0f0f0f0f0f0f0f0f0", "code-helper") == "bff45920-cda1-536d-a30c-043143893ec7"
    ids = {preset_id(user, slug) for user in ("u", "u/a", "v") for slug in ("a", "a-a", "b")}
    assert len(ids) == 9


@given(
    st.from_regex(SLUG, fullmatch=True),
    st.text(min_size=1),
    st.none() | st.integers() | st.lists(st.text() | st.none() | st.sampled_from(["managed-by:presetctl", "slug:x"])),
)
def test_a_mark_is_read_as_it_was_made_whatever_others_put_there(slug: str, own: str, others: Any) -> None:
    for each in (own, preset_id(USER, slug)):
        made = Mark.made(slug, USER, each)
        tags = made.tags(others)
        assert Mark.of({"presetId": each, "tags": tags}, USER) == made
        assert made.tags(tags) == tags
        assert Mark.of({"presetId": f"{each}!", "tags": tags}, USER) is None


def test_what_is_not_managed_has_a_name_that_no_slug_can_be() -> None:
    rows = [
        row("0123abcd-1"), row("0123abcd-2"), row("Not hex", title="«Ünï» Ⅻ"), row("x" * 3000, title=None),
        row("y", title=5), row("z", title="A very " + "long " * 40), row("\ud800", title=["x"]), row("w", title="--"),
    ]  # fmt: skip
    shelf = shelve(rows, USER, {})
    names = list(shelf.presets)
    assert names[0] == "t@0123abcd"
    assert names[1].startswith("t@")
    assert len(names[1]) == len("t@") + 64
    assert names[2].startswith("n@")
    assert names[3].startswith("preset@")
    assert names[4].startswith("5@")
    assert names[7].startswith("preset@")
    assert [name for name in names if SLUG.fullmatch(name)] == []
    assert len(set(names)) == len(rows) == len(shelf.ids())
    assert not [held for held in shelf.presets.values() if held.managed]


def test_names_do_not_depend_on_the_order_of_the_list_except_for_ids_that_begin_alike() -> None:
    rows = [row(f"{number}{number}", title="T") for number in range(5)]
    assert set(shelve(rows, USER, {}).presets) == set(shelve(rows[::-1], USER, {}).presets)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_that_say_the_same_slug_the_one_that_is_expected_counts(order: int) -> None:
    adopted = row("mine", *Mark("a", "mine").tags())
    for declared, expected in (({"a": "mine"}, "mine"), ({"a": None}, preset_id(USER, "a"))):
        shelf = shelve([ours("a"), adopted][::order], USER, declared)
        held = shelf.get("a")
        assert held is not None
        assert (held.id, held.managed, len(shelf.presets)) == (expected, True, 2)


@pytest.mark.parametrize("order", [1, -1])
def test_one_with_the_mark_counts_more_than_one_with_the_id(order: int) -> None:
    rows = [row("mine"), ours("a")][::order]
    held = shelve(rows, USER, {"a": "mine"}).get("a")
    assert held is not None
    assert (held.id, held.managed) == (preset_id(USER, "a"), True)


def test_what_the_content_filter_hides_is_unreadable_and_no_drift() -> None:
    hidden: dict[str, Any] = {
        "_id": "1",
        "presetId": preset_id(USER, "a"),
        "user": USER,
        "title": "",
        "contentFilterBlocked": True,
    }
    held = shelve([hidden], USER, {"a": None}).get("a")
    assert held is not None
    actual = held.actual(KINDS.__getitem__)
    assert (actual.status, actual.version, actual.managed) == (Status.UNREADABLE, None, True)
    assert held.listed() == ListedPreset("a", held.id, Status.UNREADABLE, held.version_id, managed=True)
    assert shelve([hidden], USER, {}).get("a") is None


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"endpoint": "openAI"}, "openAI"),
        ({"endpoint": "azureAssistants", "endpointType": None}, "azureAssistants"),
        ({"endpoint": "openAI", "endpointType": "custom"}, "custom"),
        ({"endpoint": "Mine"}, "custom"),
        ({"endpoint": None}, "custom"),
        ({"endpoint": ["openAI"]}, "custom"),
        ({"endpoint": {}}, "custom"),
        ({}, "custom"),
    ],
)
def test_the_kind_of_a_stored_preset(document: dict[str, Any], kind: str) -> None:
    assert kind_name(document.get("endpoint"), document.get("endpointType")) == f"librechat/{kind}"
    assert isinstance(content_of(document, KINDS.__getitem__), Content)


def test_what_a_stored_preset_says_is_what_its_kind_knows() -> None:
    stored = ours("a", promptPrefix="P", top_p=1.0, topP=0.5, order=3, unknown=1, isArchived=False, temperature=None)
    content = content_of(stored, KINDS.__getitem__)
    assert content.system_prompt == "P"
    assert content.config == {
        "title": "T", "endpoint": "openAI", "top_p": 1.0, "topP": 0.5, "order": 3, "temperature": None,
    }  # fmt: skip
    assert content_of({**stored, "promptPrefix": 5}, KINDS.__getitem__).system_prompt is None


def version_of(**more: Any) -> str:
    return Held("a", ours("a", **more), managed=True).version_id


def test_a_version_is_a_content_and_not_a_time_nor_what_people_set_for_themselves() -> None:
    plain = version_of()
    same: list[dict[str, Any]] = [
        {"updatedAt": "2"},
        {"createdAt": "2"},
        {"__v": 2},
        {"order": 1},
        {"defaultPreset": True},
    ]
    assert {version_of(**more) for more in same} == {plain}
    others: list[dict[str, Any]] = [
        {"title": "U"},
        {"_id": "2"},
        {"top_p": None},
        {"tags": []},
        {"new": 1},
        {"stop": []},
    ]
    assert len({plain, *(version_of(**more) for more in others)}) == 1 + len(others)


def test_everything_is_read_with_one_request() -> None:
    with emulated() as (_, server), opened(server, credentials(server.person())) as it:
        reader: LibreChatReader = it.reader
        for slug in ("a", "b"):
            it.writer.write(Preset(slug, "librechat/openAI", Content(slug, {"title": slug}), Location("x")))
        it.wire.lines()
        found = reader.read_presets(["b", "c", "a"])
        assert [None if each is None else each.slug for each in found] == ["b", None, "a"]
        assert reader.read_presets([]) == []
        assert it.wire.lines() == ["GET presets"]
        (version,) = reader.list_versions("a")
        assert (version.number, version.content.system_prompt) == (None, "a")
        assert reader.list_versions("c") == []
        assert reader.identity().workspace_id == it.session.user


@pytest.mark.parametrize("bad", [{"title": "t"}, {"presetId": ""}, {"presetId": None}, {"presetId": 5}, 5, None])
def test_a_list_in_which_something_can_not_be_named_is_not_read(bad: Any) -> None:
    with emulated() as (_, server), opened(server, credentials(server.person())) as it:
        it.wire.play("GET presets", replies(200, [row("x"), bad]))
        with pytest.raises(RemoteError, match="a preset in the list has no presetId"):
            it.reader.list_presets()


def test_what_vanishes_right_after_it_was_stored_is_told_and_not_stored_again() -> None:
    with emulated() as (_, server):
        person = server.person()
        with opened(server, credentials(person)) as it:

            def vanishing(request: Any, send: Any) -> Any:
                reply = send()
                person.delete(json.loads(request.content)["presetId"])
                return reply

            it.wire.play("POST presets", vanishing)
            preset = Preset("a", "librechat/openAI", Content("x", {"title": "a"}), Location("x"), adopts="mine")
            with pytest.raises(RemoteError, match="a was not stored"):
                it.writer.write(preset)
            assert it.wire.writes() == ["save"]
