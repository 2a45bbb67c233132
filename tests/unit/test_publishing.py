"""Presets as model specs that a workspace publishes: to and fro, and in the document that holds them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.diff import field_changes
from presetctl.domain.errors import RemoteError
from presetctl.domain.kind import Evidence, Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.values import Json, JsonObject
from presetctl.persistence import evidence, kept, kind_of, requested_path
from presetctl.publishing import (
    content_of,
    entries_in,
    entry_of,
    kind_of_entry,
    published,
    same_otherwise,
    with_entry,
    without_entry,
)
from presetctl.specs.schemas import SchemaLibrary

LIBRARY = SchemaLibrary.packaged()
SCHEMA = LIBRARY.model_specs_schema()


@cache
def kind(name: str) -> Kind:
    return kind_of(LIBRARY.config_schema(name))


OPENAI = kind("librechat/openAI")


def preset(slug: str = "a", spec: JsonObject | None = None, **more: Any) -> Preset:
    content = Content(more.pop("prompt", "P"), {"title": "A", **more.pop("config", {"model": "m"})})
    return Preset(slug, "librechat/openAI", content, Location(f"presets/{slug}.yaml"), model_spec=spec, **more)


def one(made: Preset) -> Preset:
    presets, problems = published({made.slug: made}, kind, SCHEMA)
    assert problems == ()
    return presets[made.slug]


def named(*names: str, **orders: float) -> list[JsonObject]:
    return [{"name": name, **({"order": orders[name]} if name in orders else {})} for name in names]


def names(entries: list[JsonObject]) -> list[Json]:
    return [entry["name"] for entry in entries]


# --- To and fro ---


def test_what_is_published_is_what_its_entry_holds() -> None:
    made = one(preset(spec={"group": "G", "order": 1}, description="D"))
    assert made.content == Content(
        "P", {"model": "m", "title": "A", "description": "D", "model_spec": {"group": "G", "order": 1}}
    )
    assert one(preset(spec={})).content == Content("P", {"model": "m", "title": "A"})


def test_a_preset_without_an_entry_is_not_published() -> None:
    assert published({"a": preset(spec=None)}, kind, SCHEMA) == ({}, ())


def test_what_is_wrong_with_an_entry_is_told() -> None:
    presets, problems = published({"a": preset(spec={}, config={"greeting": None, "spec": "s"})}, kind, SCHEMA)
    assert sorted(problem.path for problem in problems) == ["config.greeting", "config.spec"]
    assert "spec" not in presets["a"].content.config


@pytest.mark.parametrize(
    ("name", "entry", "content"),
    [
        (
            "librechat/bedrock",
            {"preset": {"endpoint": "bedrock", "model": "anthropic.x", "system": "S"}, "label": "L"},
            Content("S", {"endpoint": "bedrock", "model": "anthropic.x", "title": "L"}),
        ),
        (
            "librechat/custom",
            {"preset": {"endpoint": "Own", "endpointType": "custom"}, "label": "L"},
            Content(None, {"endpoint": "Own", "endpointType": "custom", "title": "L"}),
        ),
        (
            "librechat/agents",
            {"preset": {"endpoint": "agents", "agent_id": "x", "instructions": "I"}, "label": "L", "new": {"k": [1]}},
            Content("I", {"endpoint": "agents", "agent_id": "x", "title": "L", "model_spec": {"new": {"k": [1]}}}),
        ),
    ],
)
def test_an_entry_and_its_content(name: str, entry: JsonObject, content: Content) -> None:
    assert content_of({"name": "a", **entry}, kind(name)) == content
    assert entry_of("a", kind(name), content) == {"name": "a", **entry}
    assert kind_of_entry(entry) == name


def test_odd_entries_have_a_content_too() -> None:
    assert content_of({"name": "a"}, OPENAI) == Content(None, {})
    assert content_of({"name": "a", "preset": 3, "label": 5}, OPENAI) == Content(None, {"title": 5})


def test_an_entry_of_an_unknown_endpoint_differs_in_it() -> None:
    held = content_of({"name": "a", "label": "A", "preset": {"endpoint": "google", "model": "m"}}, OPENAI)
    wanted = kept(OPENAI, one(preset(spec={}, prompt=None)).content)
    assert [(change.path, change.before) for change in field_changes(held, wanted, OPENAI)] == [
        (("config", "endpoint"), "google")
    ]


@pytest.mark.parametrize(
    ("preset_", "expected"),
    [
        ({"endpoint": "openAI"}, "openAI"),
        ({"endpoint": "google", "endpointType": "custom"}, "custom"),
        ({"endpoint": "Own"}, "custom"),
        ({"endpoint": ["odd"]}, "custom"),
        ({"agent_id": "x"}, "agents"),
        ({"agent_id": "x", "endpoint": None}, "custom"),
        ({}, "custom"),
        (None, "custom"),
    ],
)
def test_the_kind_of_an_entry(preset_: Json, expected: str) -> None:
    assert kind_of_entry({"preset": preset_}) == f"librechat/{expected}"


def test_differences_are_told_by_the_keys_of_the_file() -> None:
    before = content_of(entry_of("a", OPENAI, one(preset(spec={"group": "G", "order": 1})).content), OPENAI)
    after = one(preset(spec={"group": "H"}, description="D", prompt="Q")).content
    changes = field_changes(before, kept(OPENAI, after), OPENAI)
    assert {requested_path(OPENAI, change.path) for change in changes} == {
        ("description",), ("model_spec", "group"), ("model_spec", "order"), ("system_prompt",),
    }  # fmt: skip
    assert {evidence(OPENAI, change.path) for change in changes} == {Evidence.OBSERVED}


# --- The document ---


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (None, []),
        ({}, []),
        ({"modelSpecs": None}, []),
        ({"modelSpecs": {}}, []),
        ({"modelSpecs": {"list": None}}, []),
        ({"modelSpecs": {"list": []}}, []),
        ({"modelSpecs": {"list": named("b", "a")}}, ["b", "a"]),
    ],
)
def test_the_entries_that_are_there(overrides: Json, expected: list[str]) -> None:
    assert names(list(entries_in(overrides))) == expected


@pytest.mark.parametrize(
    "overrides",
    [
        "odd",
        [],
        {"modelSpecs": "odd"},
        {"modelSpecs": []},
        {"modelSpecs": {"list": "not-a-list"}},
        {"modelSpecs": {"list": {"name": "a"}}},
        {"modelSpecs": {"list": [3]}},
        {"modelSpecs": {"list": [{"label": "A"}]}},
        {"modelSpecs": {"list": [{"name": 1}]}},
        {"modelSpecs": {"list": named("a", "a")}},
    ],
    ids=str,
)
def test_what_is_no_list_is_never_written_over(overrides: Json) -> None:
    with pytest.raises(RemoteError, match=r"modelSpecs\.list there is not a list of model specs"):
        entries_in(overrides)


def test_an_entry_keeps_its_place() -> None:
    held = named("z", "b", "x", b=3)
    changed: JsonObject = {"name": "b", "order": 3.0, "label": "B"}
    assert with_entry(held, changed) == [held[0], changed, held[2]]


@pytest.mark.parametrize(
    ("held", "entry", "expected"),
    [
        ([], {"name": "a"}, "a"),
        (named("a", "c"), {"name": "b"}, "abc"),
        (named("a", "c"), {"name": "b", "order": 1}, "bac"),
        (named("a", "c", a=1, c=2), {"name": "b", "order": 1}, "abc"),
        (named("a", "c", a=1, c=2), {"name": "b"}, "acb"),
        (named("a", "b", "c", a=1, b=2, c=3), {"name": "b", "order": 4}, "acb"),
        (named("z", "y", "x"), {"name": "b"}, "bzyx"),
    ],
)
def test_a_new_entry_comes_before_the_first_that_it_goes_before(
    held: list[JsonObject], entry: JsonObject, expected: str
) -> None:
    assert "".join(map(str, names(with_entry(held, entry)))) == expected


def test_without_an_entry() -> None:
    assert names(without_entry(named("a", "b", "c"), "b")) == ["a", "c"]
    assert names(without_entry(named("a"), "b")) == ["a"]


@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.none() | st.integers(0, 3)), unique_by=lambda pair: pair[0]),
    st.sampled_from("abcdefg"),
    st.none() | st.integers(0, 3),
)
def test_the_others_keep_their_order_whatever_comes(
    pairs: list[tuple[str, int | None]], name: str, order: int | None
) -> None:
    held: list[JsonObject] = [{"name": each, **({} if at is None else {"order": at})} for each, at in pairs]
    entry: JsonObject = {"name": name, **({} if order is None else {"order": order})}
    made = with_entry(held, entry)
    assert without_entry(made, name) == without_entry(held, name)
    assert [each for each in made if each["name"] == name] == [entry]
    assert with_entry(made, entry) == made


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (None, {"modelSpecs": {"list": [1]}}, True),
        ({}, {"modelSpecs": {"list": [1]}}, True),
        ({"a": 1}, {"modelSpecs": {"list": [1]}, "a": 1.0}, True),
        ({"modelSpecs": {"list": [1]}}, {"modelSpecs": {"list": [2]}}, True),
        ({"modelSpecs": {"enforce": True}}, {"modelSpecs": {"enforce": True, "list": []}}, True),
        ({"modelSpecs": {"enforce": True}}, {"modelSpecs": {"list": []}}, False),
        ({"modelSpecs": None}, {"modelSpecs": {"list": []}}, True),
        ({"a": {}}, {}, False),
        ({"a": 1}, {"a": True}, False),
        ("odd", {}, False),
        ({"modelSpecs": "odd"}, {"modelSpecs": {"list": []}}, False),
    ],
)
def test_what_else_is_there(before: Json, after: Json, same: bool) -> None:
    assert same_otherwise(before, after) is same
