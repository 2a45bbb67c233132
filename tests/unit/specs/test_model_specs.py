"""From LibreChat's exported schema of modelSpecs to that of the section and of a preset's part in it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.domain.errors import InputError
from presetctl.specs.librechat import model_specs_schema
from presetctl.specs.model_specs import entry_schema, section_schema
from presetctl.specs.overlay import Overlay
from presetctl.specs.schemas import SchemaLibrary
from tests.unit.specs.support import SCHEMAS, errors, librechat_sources

NULL, TEXT = {"type": "null"}, {"type": "string"}


@cache
def derived() -> dict[str, Any]:
    return model_specs_schema(librechat_sources())


def spec(**more: Any) -> dict[str, Any]:
    return {"list": [{"name": "a", "label": "A", "preset": {"endpoint": "openAI"}, **more}]}


def exported(preset: dict[str, Any], **more: Any) -> bytes:
    item = {"type": "object", "properties": {"name": TEXT, "preset": {"type": "object", "properties": preset}} | more}
    section = {"type": "object", "properties": {"list": {"type": "array", "items": item, "default": []}}}
    return json.dumps({"$ref": "#/definitions/modelSpecs", "definitions": {"modelSpecs": section}}).encode()


def test_it_is_the_shipped_one() -> None:
    Draft202012Validator.check_schema(derived())
    assert SchemaLibrary.at(SCHEMAS).model_specs_schema() == derived()


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"list": []}, []),
        ({"enforce": True, "prioritize": False, "addedEndpoints": ["openAI", "Mistral"]}, []),
        (spec(group="g", order=1, groupIcon="https://example.com/a.png", artifacts=True, skills=["x"]), []),
        (spec(preset={"endpoint": "Mistral", "endpointType": "custom", "max_tokens": "5", "verbosity": None}), []),
        (spec(preset={"endpoint": None, "agent_id": "a"}), []),
        ({"lst": []}, ["additionalProperties"]),
        ({"list": [{"name": "a"}]}, ["list[0] required", "list[0] required"]),
        (spec(name=1), ["list[0].name type"]),
        (spec(extra=1), ["list[0] additionalProperties"]),
        (spec(preset={"spec": "x"}), ["list[0].preset additionalProperties"]),
        (spec(preset={"top_p": None}), ["list[0].preset.top_p type"]),
        (spec(preset={"endpointType": "other"}), ["list[0].preset.endpointType enum"]),
        (spec(subagents={"agent_ids": [str(n) for n in range(11)]}), ["list[0].subagents.agent_ids maxItems"]),
    ],
    ids=str,
)
def test_what_it_takes(section: dict[str, Any], expected: list[str]) -> None:
    assert errors(derived(), section) == expected


def test_a_presets_part_is_all_that_the_rest_of_its_file_does_not_say() -> None:
    part = entry_schema(derived())
    assert not {"name", "label", "description", "preset"} & part["properties"].keys()
    assert errors(part, {"group": "g", "order": 1, "default": True, "iconURL": "google"}) == []
    assert SchemaLibrary.at(SCHEMAS).preset_schema()["$defs"]["model_spec"] == part


def test_unions_are_as_plain_as_can_be() -> None:
    text, number = {"type": "string", "enum": ["x"]}, {"type": "number"}
    unions = {
        "any_text": {"anyOf": [TEXT, text]},
        "or_null": {"anyOf": [{"anyOf": [{"not": {}}, text]}, NULL]},
        "any_or_null": {"anyOf": [{"anyOf": [text, TEXT]}, NULL]},
        "several": {"anyOf": [number, {"type": "array", "items": {"anyOf": [TEXT, text]}}]},
        "several_or_null": {"anyOf": [number, {"type": "boolean"}, NULL]},
    }
    made = section_schema(exported(unions), Overlay())
    assert made["properties"]["list"]["items"]["properties"]["preset"]["properties"] == {
        "any_text": TEXT,
        "or_null": {"type": ["string", "null"], "enum": ["x", None]},
        "any_or_null": {"type": ["string", "null"]},
        "several": {"anyOf": [number, {"type": "array", "items": TEXT}]},
        "several_or_null": {"anyOf": [number, {"type": "boolean"}, NULL]},
    }
    assert "default" not in made["properties"]["list"]


def test_a_field_called_default_is_no_default_value() -> None:
    flag = {"type": "boolean", "default": True}
    assert section_schema(exported({}, default=flag), Overlay())["properties"]["list"]["items"]["properties"][
        "default"
    ] == {"type": "boolean"}


@pytest.mark.parametrize("data", [b"{}", b'{"definitions": {"modelSpecs": {"properties": {"list": []}}}}'])
def test_what_is_no_such_export(data: bytes) -> None:
    with pytest.raises(InputError, match="modelSpecs is not a schema as LibreChat exports it"):
        section_schema(data, Overlay())
