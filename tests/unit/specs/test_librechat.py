"""From LibreChat's exported schemas to the schemas of its kinds."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.domain.errors import InputError
from presetctl.domain.kind import Evidence
from presetctl.persistence import kind_of
from presetctl.specs.librechat import Sources, config_schemas, read_exported, read_keeping
from tests.unit.specs.support import errors, librechat_sources

OVERLAY = b"overlay: 1.0.0\nactions: []\n"
TABLE: dict[str, Any] = {
    "kept": ["a", "prompt"],
    "newer": ["b"],
    "not_kept": ["gone"],
    "managed": ["title"],
    "endpoints": {"one": {"kinds": {"librechat/one": {"endpoint": "one"}}, "system_prompt": "prompt"}},
}


def exported(properties: dict[str, Any]) -> bytes:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return json.dumps({"$ref": "#/definitions/one", "definitions": {"one": schema}}).encode()


def small(properties: dict[str, Any], **table: Any) -> Sources:
    return Sources({"one": exported(properties)}, OVERLAY, json.dumps(TABLE | table).encode(), b"{}")


@cache
def derived() -> dict[str, Any]:
    return config_schemas(librechat_sources())


def test_every_endpoint_has_a_kind() -> None:
    names = "agents anthropic assistants azureAssistants azureOpenAI bedrock custom google openAI"
    assert list(derived()) == [f"librechat/{name}" for name in names.split()]
    for kind, schema in derived().items():
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
        assert (kind_of(schema).name, kind_of(schema).has_title) == (kind, True)


@pytest.mark.parametrize(
    ("kind", "prompt", "anthropic"),
    [
        ("openAI", "promptPrefix", "promptPrefix"),
        ("custom", "promptPrefix", "promptPrefix"),
        ("anthropic", "promptPrefix", "promptPrefix"),
        ("bedrock", "promptPrefix", "system"),
        ("assistants", "instructions", "instructions"),
        ("agents", "instructions", "instructions"),
    ],
)
def test_the_field_of_the_system_prompt(kind: str, prompt: str, anthropic: str) -> None:
    found = kind_of(derived()[f"librechat/{kind}"])
    assert found.prompt_field({"model": "m"}) == prompt
    assert found.prompt_field({"model": "eu.anthropic.claude-1"}) == anthropic
    assert not {prompt, anthropic} & found.config.keys()


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("openAI", {"model": "m", "temperature": 2, "max_tokens": 5, "verbosity": None, "stop": ["a"]}, []),
        ("openAI", {"temperature": 2.1}, ["temperature maximum"]),
        ("openAI", {"top_p": None}, ["top_p type"]),
        ("openAI", {"max_tokens": "5"}, ["max_tokens type"]),
        ("openAI", {"reasoning_effort": "huge"}, ["reasoning_effort enum"]),
        ("openAI", {"artifacts": "x"}, ["additionalProperties"]),
        ("anthropic", {"temperature": 1.5}, ["temperature maximum"]),
        ("anthropic", {"topK": 0, "thinkingBudget": 1}, ["thinkingBudget minimum", "topK minimum"]),
        ("google", {"examples": [{"input": {"content": "a"}, "output": {"content": "b"}}]}, []),
        ("google", {"maxOutputTokens": 65536}, ["maxOutputTokens maximum"]),
        ("bedrock", {"topK": 500, "region": "eu-west-1"}, []),
        ("bedrock", {"additionalModelRequestFields": {}}, ["additionalProperties"]),
        ("custom", {"model": "m"}, ["required"]),
        ("custom", {"model": "m", "endpoint": "Mistral"}, []),
        ("agents", {"agent_id": "a", "model": "m"}, ["additionalProperties"]),
        (
            "assistants",
            {"assistant_id": "a", "promptPrefix": "p", "append_current_datetime": True},
            ["additionalProperties"],
        ),
    ],
)
def test_what_the_schemas_take(kind: str, config: dict[str, Any], expected: list[str]) -> None:
    assert errors(derived()[f"librechat/{kind}"], config) == expected


def test_what_older_servers_dont_keep_is_not_taken_for_kept() -> None:
    fields = kind_of(derived()["librechat/openAI"]).config
    assert fields["reasoning_mode"].evidence is Evidence.UNKNOWN
    assert fields["reasoning_effort"].evidence is Evidence.OBSERVED


def test_a_union_with_nothing_and_null_is_types_and_values() -> None:
    text, null = {"type": "string", "enum": ["x"]}, {"type": "null"}
    properties = {
        "a": {"anyOf": [{"anyOf": [{"not": {}}, text]}, null]},
        "b": {"anyOf": [{"type": ["number", "string"]}, null]},
        "c": {"anyOf": [{"not": {}}, text]},
        "d": {"anyOf": [text, {"type": "number"}]},
    }
    assert read_exported(exported(properties), "one")["properties"] == {
        "a": {"type": ["string", "null"], "enum": ["x", None]},
        "b": {"type": ["number", "string", "null"]},
        "c": text,
        "d": {"anyOf": [text, {"type": "number"}]},
    }


def test_a_small_one() -> None:
    properties = {name: {"type": "string"} for name in ("a", "b", "gone", "prompt")}
    schema = config_schemas(small(properties))["librechat/one"]
    assert schema["properties"] == {"a": {"type": "string"}, "b": {"type": "string"}}
    kind = kind_of(schema)
    assert (kind.body, kind.operation) == ({"endpoint": "one"}, "POST /api/presets")
    assert (set(kind.ignored), set(kind.not_kept), set(kind.managed)) == (set(), {"gone"}, {"title"})
    assert kind_of(config_schemas(small({"b": {}}))["librechat/one"]).ignored == {"a"}


def test_a_field_that_the_table_doesnt_know() -> None:
    with pytest.raises(InputError, match=r"doesn't say what becomes of y \(one\), z \(one\)"):
        config_schemas(small({"z": {}, "a": {}, "y": {}}))


def test_an_endpoint_without_a_source() -> None:
    with pytest.raises(InputError, match="makes kinds from one, which is not among the sources"):
        config_schemas(replace(small({}), schemas={}))


@pytest.mark.parametrize("text", ["{}", '{"$ref": "#/definitions/x", "definitions": []}', '{"definitions": {"": {}}}'])
def test_a_source_that_is_not_an_exported_schema(text: str) -> None:
    with pytest.raises(InputError, match="one is not a schema as LibreChat exports it"):
        read_exported(text.encode(), "one")


ENDPOINT: dict[str, Any] = TABLE["endpoints"]["one"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kept": "a"}, "kept is not a list of names"),
        ({"kept": [1]}, "kept is not a list of names"),
        ({"kept": ["a", "gone"]}, "gone is in more than one of kept, newer, not_kept, managed"),
        ({"endpoints": []}, "endpoints is not a mapping"),
        ({"endpoints": {"one": []}}, "endpoints.one needs `kinds` and `system_prompt`"),
        ({"endpoints": {"one": {"kinds": {}}}}, "endpoints.one needs `kinds` and `system_prompt`"),
        ({"endpoints": {"one": {**ENDPOINT, "x": 1}}}, "endpoints.one needs `kinds`"),
        ({"endpoints": {"one": {**ENDPOINT, "kinds": None}}}, "endpoints.one is not a mapping"),
        ({"endpoints": {"one": {**ENDPOINT, "instead": {"a": 1}}}}, "endpoints.one.instead must hold texts"),
        ({"endpoints": {"one": {**ENDPOINT, "switches": []}}}, "endpoints.one.switches is not a mapping"),
    ],
)
def test_a_table_that_is_not_right(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_keeping(json.dumps(TABLE | change).encode())
    assert message in caught.value.message
