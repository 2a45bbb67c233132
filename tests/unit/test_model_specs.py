"""Presets as entries of LibreChat's modelSpecs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location, Severity
from presetctl.domain.values import Json, JsonObject
from presetctl.model_specs import in_list, in_order, model_specs, same_entries, without_endpoint
from presetctl.persistence import kind_of
from presetctl.specs.schemas import SchemaLibrary

LIBRARY = SchemaLibrary.packaged()
SCHEMA = LIBRARY.model_specs_schema()


@cache
def kind(name: str) -> Kind:
    return kind_of(LIBRARY.config_schema(name))


def preset(
    slug: str,
    config: JsonObject | None = None,
    *,
    endpoint: str = "openAI",
    prompt: Any = None,
    spec: JsonObject | None = None,
) -> Preset:
    content = Content(prompt, {"title": slug.title(), **(config or {})})
    source = Location(f"presets/{slug}.yaml")
    return Preset(slug, f"librechat/{endpoint}", content, source, model_spec=spec or {})


def told(*presets: Preset) -> list[tuple[str, str, str]]:
    found = model_specs(presets, kind, SCHEMA)
    return [(it.location.file.removeprefix("presets/"), it.path, it.severity) for it in found.problems]


def test_an_entry() -> None:
    made = Preset(
        "helper",
        "librechat/openAI",
        Content("You are …\n", {"title": "Helper", "temperature": 1, "model": "m", "greeting": "Hi"}),
        Location("presets/helper.yaml"),
        "Helps",
        model_spec={"iconURL": "openAI", "order": 2, "group": "G", "default": True},
    )
    (found,) = model_specs([made], kind, SCHEMA).entries
    assert list(found.items()) == [
        ("name", "helper"), ("label", "Helper"), ("description", "Helps"), ("group", "G"), ("order", 2),
        ("default", True), ("iconURL", "openAI"), ("preset", found["preset"]),
    ]  # fmt: skip
    held = found["preset"]
    assert isinstance(held, Mapping)
    assert list(held.items()) == [
        ("endpoint", "openAI"), ("model", "m"), ("greeting", "Hi"), ("temperature", 1), ("promptPrefix", "You are …\n"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "config", "expected"),
    [
        ("custom", {"endpoint": "Mistral"}, {"endpoint": "Mistral", "endpointType": "custom", "promptPrefix": "P"}),
        ("bedrock", {"model": "eu.anthropic.x"}, {"endpoint": "bedrock", "model": "eu.anthropic.x", "system": "P"}),
        ("agents", {"agent_id": "a"}, {"endpoint": "agents", "agent_id": "a", "instructions": "P"}),
        ("azureAssistants", {}, {"endpoint": "azureAssistants", "instructions": "P"}),
    ],
)
def test_the_endpoint_and_the_prompt_are_where_they_count(
    endpoint: str, config: dict[str, Json], expected: dict[str, Json]
) -> None:
    (found,) = model_specs([preset("a", config, endpoint=endpoint, prompt="P")], kind, SCHEMA).entries
    assert found == {"name": "a", "label": "A", "preset": expected}


def test_they_come_by_order_and_then_by_slug_and_not_every_preset_has_one() -> None:
    said: dict[str, Any] = {"e": {"order": 2}, "d": {"order": -1}, "c": {}, "b": {}, "a": {"order": 2.0}}
    presets = [preset(slug, spec=spec) for slug, spec in said.items()]
    hidden = Preset("x", "librechat/openAI", Content(None, {"title": "X"}), Location("f"), model_spec=None)
    found = model_specs([*presets, hidden], kind, SCHEMA)
    assert [each["name"] for each in found.entries] == ["d", "a", "e", "b", "c"]
    assert found == model_specs([hidden, *reversed(presets)], kind, SCHEMA)
    assert found.section() == {"modelSpecs": {"list": list(found.entries)}}
    assert found.errors == ()


def test_what_librechat_strips_is_left_out_and_told() -> None:
    found = model_specs([preset("a", {"spec": "x", "model": "m"})], kind, SCHEMA)
    assert found.entries[0]["preset"] == {"endpoint": "openAI", "model": "m"}
    (problem,) = found.problems
    assert (problem.path, problem.severity, problem.message) == (
        "config.spec",
        Severity.WARNING,
        "LibreChat strips `spec` from the preset of a model spec, so it is left out there",
    )


def test_nulls_that_a_preset_takes_and_an_entry_does_not() -> None:
    assert told(preset("a", {"greeting": None, "modelLabel": None})) == [("a.yaml", "config.greeting", Severity.ERROR)]


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (preset("a", prompt=5), "system_prompt"),
        (preset("a", {"title": 5}), "title"),
        (preset("a", spec={"order": "1"}), "model_spec.order"),
        (preset("a", {"stop": [1]}), "config.stop[0]"),
        (preset("a", {"endpoint": "custom"}, endpoint="custom"), "config.endpoint"),
    ],
)
def test_what_librechat_would_refuse_or_leave_out_is_an_error(made: Preset, path: str) -> None:
    assert told(made) == [("a.yaml", path, Severity.ERROR)]


def test_only_one_can_be_the_default() -> None:
    first, second, third = (
        preset(slug, spec={"default": is_it}) for slug, is_it in zip("abc", (True, False, True), strict=True)
    )
    assert told(first, second) == []
    assert told(third, second, first) == [("c.yaml", "model_spec.default", Severity.WARNING)]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, ("modelSpecs", "list")),
        ({}, ("modelSpecs", "list")),
        ({"version": "1"}, ("modelSpecs", "list")),
        ({"modelSpecs": None}, ("modelSpecs", "list")),
        ({"modelSpecs": {"list": []}, "list": []}, ("modelSpecs", "list")),
        ({"list": [], "enforce": True}, ("list",)),
        ({"modelSpecs": []}, None),
        ([], None),
        ("text", None),
    ],
)
def test_where_the_list_stands(document: Json, place: object) -> None:
    assert in_list(document) == place


def test_numbers_and_the_order_of_keys_make_no_difference() -> None:
    assert same_entries([{"a": 1, "b": True}], [{"b": True, "a": 1.0}])
    assert not same_entries([{"a": 1}], [{"a": True}])
    assert not same_entries([{"a": 1}, {"b": 1}], [{"b": 1}, {"a": 1}])


def test_odd_entries_get_an_order_too() -> None:
    assert list(in_order({"z": 1, "preset": "odd", "name": "a"})) == ["name", "z", "preset"]


@pytest.mark.parametrize(
    ("endpoints", "missing"),
    [
        ({"custom": [{"name": "Mistral"}, {"name": "OLLAMA"}]}, []),
        ({"custom": [{"name": "mistral"}, {"name": "ollama"}]}, ["m"]),
        ({"custom": [3, {}]}, ["m", "o"]),
        ({"custom": "odd"}, ["m", "o"]),
        ({}, ["m", "o"]),
        (None, ["m", "o"]),
    ],
)
def test_endpoints_that_librechat_does_not_have(endpoints: Json, missing: list[str]) -> None:
    presets = [preset("m", {"endpoint": "Mistral"}, endpoint="custom"), preset("n")]
    presets.append(preset("o", {"endpoint": "Ollama"}, endpoint="custom"))
    entries = model_specs(presets, kind, SCHEMA).entries
    assert without_endpoint(entries, {"endpoints": endpoints}) == missing
