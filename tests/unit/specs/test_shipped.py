"""The schemas that are in the repository and come with the package."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from presetctl.domain.preset import SLUG
from presetctl.persistence import kind_of
from presetctl.specs.derive import derive_files
from presetctl.specs.editor import preset_schema
from presetctl.specs.schemas import SchemaLibrary
from tests.unit.specs.support import (
    CHAT,
    EARLIER,
    MESSAGES,
    OPENROUTER,
    PROVIDERS,
    RESPONSES,
    SCHEMAS,
    configs,
    errors,
    librechat_sources,
)

BASE = "file:///schemas/"


def files(spec: bytes, *, librechat: bool = False) -> dict[str, bytes]:
    overlay, table = (OPENROUTER / "overlay.yaml").read_bytes(), (OPENROUTER / "persistence.yaml").read_bytes()
    project = json.loads((SCHEMAS / "project.schema.json").read_bytes())
    return derive_files(spec, overlay, table, project, librechat_sources() if librechat else None)


def test_they_are_what_is_derived() -> None:
    for path, data in files((OPENROUTER / "openapi.json").read_bytes(), librechat=True).items():
        assert (SCHEMAS / path).read_bytes() == data, path


def test_deriving_twice_gives_the_same_bytes() -> None:
    spec = EARLIER.read_bytes()
    assert files(spec) == files(spec)
    turned = json.dumps(json.loads(spec), sort_keys=True).encode()
    assert files(turned) == files(spec)
    assert list(files(spec)) == ["openrouter/chat-completions.schema.json", "preset.schema.json", "project.schema.json"]


@pytest.mark.parametrize("edition", ["published", "earlier"])
def test_they_are_json_schemas(edition: str) -> None:
    for kind, schema in configs(edition).items():
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == kind
        assert list(schema)[:3] == ["$schema", "title", "x-presetctl"]
        assert kind_of(schema).name == kind


@pytest.mark.parametrize("edition", ["published", "earlier"])
def test_they_need_nothing_from_elsewhere_and_define_nothing_unused(edition: str) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return found.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    for schema in configs(edition).values():
        assert references(schema) == {f"#/$defs/{name}" for name in schema["$defs"]}


def test_where_a_json_schema_is_checked_for_being_one() -> None:
    def marked(node: Any, path: str = "") -> set[str]:
        if isinstance(node, dict):
            found = {path} if node.get("x-json-schema") is True else set()
            return found.union(*(marked(each, f"{path}/{key}") for key, each in node.items()))
        if isinstance(node, list):
            return set().union(*(marked(each, f"{path}/*") for each in node))
        return set()

    ends = {kind: {path.rsplit("/", 3)[-3] + "/" + path.rsplit("/")[-1] for path in marked(schema)}
            for kind, schema in configs("published").items()}  # fmt: skip
    assert ends == {
        CHAT: {"function/parameters", "ChatJsonSchemaConfig/schema"},
        MESSAGES: {"then/input_schema", "format/schema"},
        RESPONSES: {
            "then/parameters",
            "FormatJsonSchemaConfig/schema",
            "NamespaceFunctionTool/parameters",
            "NamespaceFunctionTool/output_schema",
        },
    }


def test_near_misses_of_open_tags_can_be_told() -> None:
    node = configs("published")[MESSAGES]["properties"]["tools"]["items"]
    assert node["x-open-tag"]["property"] == "type"
    assert "openrouter:web_search" in node["x-open-tag"]["known"]


# --- The schema of a preset file ---


def preset_validator(schema: dict[str, Any] | None = None) -> Draft202012Validator:
    library = SchemaLibrary.at(SCHEMAS)
    resources = [(BASE + path, json.loads(data)) for path, data in library.files(PROVIDERS).items()]
    registry: Registry[Any] = Registry().with_contents(resources, default_specification=DRAFT202012)
    return Draft202012Validator(
        {**(schema or library.preset_schema()), "$id": BASE + "preset.schema.json"}, registry=registry
    )


def found(value: Any) -> list[str]:
    return sorted(
        f"{error.json_path.removeprefix('$').removeprefix('.')} {error.validator or ''}".strip()
        for error in preset_validator().iter_errors(value)
    )


def test_the_schema_of_a_preset_file_is_one() -> None:
    Draft202012Validator.check_schema(SchemaLibrary.at(SCHEMAS).preset_schema())


@pytest.mark.parametrize(
    "preset",
    [
        {},
        {"config": {"model": "m", "temperature": 1}, "description": "d", "system_prompt": "s"},
        {"kind": CHAT, "slug": "a-1", "system_prompt_file": "prompts/a.md"},
        {"kind": MESSAGES, "config": {"max_tokens": 5}},
        {"kind": RESPONSES, "config": {"max_output_tokens": 5}},
        {"overrides": {"staging": {"config": {"model": None, "provider": {"sort": None}}, "system_prompt": None}}},
        {"overrides": {"staging": {"config": None, "description": None, "system_prompt_file": "x"}}},
        {"system_prompt": "s", "overrides": {"staging": {"system_prompt": None, "system_prompt_file": "x"}}},
        {
            "kind": "librechat/openAI",
            "title": "T",
            "config": {"model": "m", "top_p": 1},
            "overrides": {"s": {"title": "U"}},
        },
        {"kind": "librechat/custom", "config": {"model": "m"}, "overrides": {"s": {"config": {"endpoint": "E"}}}},
        {
            "kind": "librechat/google",
            "model_spec": {"group": "g", "order": 1.5, "iconURL": "google", "skills": ["a"]},
            "overrides": {"s": {"model_spec": {"order": None}}, "t": {"model_spec": False}},
        },
        {"kind": "librechat/google", "model_spec": False, "overrides": {"s": {"model_spec": None}}},
    ],
    ids=str,
)
def test_right_presets(preset: dict[str, Any]) -> None:
    assert found(preset) == []


@pytest.mark.parametrize(
    ("preset", "problems"),
    [
        ({"confg": {}}, ["additionalProperties"]),
        ({"kind": "openrouter/chat"}, ["kind enum"]),
        ({"config": {"temprature": 1}}, ["config additionalProperties"]),
        ({"config": {"temperature": 3}}, ["config.temperature maximum"]),
        ({"config": {"max_output_tokens": 5}}, ["config additionalProperties"]),
        ({"config": None}, ["config type", "config type"]),
        ({"kind": MESSAGES, "config": {"max_token": 5}}, ["config additionalProperties"]),
        ({"kind": MESSAGES, "config": {"max_tokens": "5"}}, ["config.max_tokens type"]),
        ({"kind": MESSAGES, "config": {"provider": {"onyl": []}}}, ["config.provider additionalProperties"]),
        ({"slug": "a--b"}, ["slug pattern"]),
        ({"slug": "ab\n"}, ["slug pattern"]),
        ({"slug": "a" * 101}, ["slug maxLength"]),
        ({"system_prompt": ""}, ["system_prompt minLength"]),
        ({"system_prompt": "a", "system_prompt_file": "b"}, ["not"]),
        ({"overrides": {"s": {"system_prompt": "a", "system_prompt_file": "b"}}}, ["overrides.s not"]),
        ({"overrides": {"s": {"confg": {}}}}, ["overrides.s additionalProperties"]),
        ({"overrides": {"s": {"config": {"temprature": 1}}}}, ["overrides.s.config enum"]),
        ({"overrides": {"s": {"slug": "x"}}}, ["overrides.s additionalProperties"]),
        ({"overrides": {"s": None}}, ["overrides.s type"]),
        ({"title": "T"}, [""]),
        ({"overrides": {"s": {"title": "T"}}}, ["overrides.s"]),
        ({"kind": "librechat/openAI", "title": ""}, ["title minLength"]),
        ({"kind": "librechat/openAI", "config": {"topP": 1}}, ["config additionalProperties"]),
        ({"kind": "librechat/anthropic", "config": {"topP": 2}}, ["config.topP maximum"]),
        ({"overrides": []}, ["overrides type"]),
        ({"model_spec": False}, [""]),
        ({"overrides": {"s": {"model_spec": {}}}}, ["overrides.s"]),
        ({"kind": "librechat/google", "model_spec": None}, ["model_spec type"]),
        ({"kind": "librechat/google", "model_spec": {"label": "L"}}, ["model_spec additionalProperties"]),
        ({"kind": "librechat/google", "model_spec": {"order": "1"}}, ["model_spec.order type"]),
        (
            {"kind": "librechat/google", "overrides": {"s": {"model_spec": {"ordr": 1}}}},
            ["overrides.s.model_spec enum"],
        ),
    ],
    ids=str,
)
def test_wrong_presets(preset: dict[str, Any], problems: list[str]) -> None:
    assert found(preset) == problems


def test_the_envelope_stands_by_itself() -> None:
    envelope = {key: value for key, value in SchemaLibrary.at(SCHEMAS).preset_schema().items() if key != "allOf"}
    assert errors(envelope, {"config": {"anything": 1}, "kind": CHAT}) == []
    assert errors(envelope, {"model": "m"}) == ["additionalProperties"]


def test_its_slug_is_the_slug_of_the_domain() -> None:
    slug = SchemaLibrary.at(SCHEMAS).preset_schema()["properties"]["slug"]
    for text in ("a", "a-b", "a1-2", "", "-a", "a-", "a--b", "A", "ä", "a_b", "a\n", "a.b"):
        assert (errors(slug, text) == []) == bool(SLUG.fullmatch(text))


def test_a_kind_without_required_fields_is_referred_to_as_a_whole() -> None:
    rules = preset_schema({CHAT: {"properties": {"a": {}}}, MESSAGES: {"properties": {"b": {}}, "required": ["b"]}})[
        "allOf"
    ]
    assert rules[1]["then"]["properties"]["config"] == {"$ref": f"{CHAT}.schema.json"}
    assert rules[2]["then"]["properties"]["config"]["properties"] == {
        "b": {"$ref": f"{MESSAGES}.schema.json#/properties/b"}
    }
    assert "required" not in rules[1]["if"]
    assert rules[2]["if"]["required"] == ["kind"]
