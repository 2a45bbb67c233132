"""The rules of derivation, each on a document made up for it."""

from __future__ import annotations

from typing import Any

import pytest

from presetctl.domain.errors import InputError
from presetctl.specs.derive import request_schemas
from tests.unit.specs.support import NOTHING, derived, errors, small_document


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def tagged(value: str, **fields: Any) -> dict[str, Any]:
    """An object whose ``type`` is one text; all its fields are required."""
    properties = {"type": {"type": "string", "enum": [value]}, **fields}
    return {"type": "object", "properties": properties, "required": list(properties)}


TEXT = {"type": "string"}


# --- Closing ---


def test_objects_with_fields_are_closed_and_others_stay() -> None:
    assert derived({"type": "object", "properties": {"a": TEXT}}) == {
        "type": "object",
        "properties": {"a": TEXT},
        "additionalProperties": False,
    }
    assert derived({"type": "object"}) == {"type": "object"}
    assert derived({"type": "object", "properties": {}})["additionalProperties"] is False
    assert derived({"type": "object", "properties": {}, "additionalProperties": {}})["additionalProperties"] is True
    assert derived({"type": "object", "additionalProperties": TEXT})["additionalProperties"] == TEXT
    assert derived({"type": "object", "additionalProperties": True})["additionalProperties"] is True


def test_constraints_and_annotations_stay_and_the_rest_goes() -> None:
    kept = {"type": "number", "minimum": 1, "exclusiveMaximum": 5, "multipleOf": 1, "default": 2, "deprecated": True}
    assert derived({**kept, "format": "double", "readOnly": True, "x-internal": 1, "description": "d"}) == kept


def test_named_values_need_no_type_and_stand_once() -> None:
    assert derived({"type": "string", "enum": ["a", "b", "a"]}) == {"enum": ["a", "b"]}
    assert derived({"type": "boolean", "const": False}) == {"const": False}


def test_patterns_are_made_portable() -> None:
    assert derived({"type": "string", "pattern": r"^\d$"})["pattern"] == r"^[0-9](?![\s\S])"
    assert derived({"type": "object", "propertyNames": {"pattern": "^a$"}})["propertyNames"] == {
        "pattern": r"^a(?![\s\S])"
    }


def test_boolean_schemas() -> None:
    assert derived(True) == {}
    assert derived({"anyOf": [True, TEXT]}) == {"type": ["null", "string"]}
    assert derived({"allOf": [True, TEXT]}) == TEXT


@pytest.mark.parametrize("keyword", [{"not": {}}, {"patternProperties": {}}, {"nullable": True}, {"allOf": [False]}])
def test_keywords_that_are_not_understood(keyword: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"the schema keyword .*, which is not understood"):
        derived({"type": "object", **keyword})


# --- Names ---


def test_named_schemas_become_definitions() -> None:
    schema = derived({"type": "array", "items": ref("A")}, A=TEXT, Unused=TEXT)
    assert schema == {"type": "array", "items": {"$ref": "#/$defs/A"}, "$defs": {"A": TEXT}}


def test_annotations_stand_beside_the_reference() -> None:
    assert derived({**ref("A"), "default": "x"}, A=TEXT)["default"] == "x"


def test_constraints_beside_a_reference_are_merged() -> None:
    assert derived({**ref("A"), "maxLength": 3}, A=TEXT) == {"type": "string", "maxLength": 3}


def test_an_all_of_that_adds_nothing_is_the_schema_that_it_names() -> None:
    obj = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
    for other in ({}, {"type": "object"}, {"type": "object", "properties": {}}, ref("A"), {"deprecated": True}):
        schema = derived({"allOf": [ref("A"), other]}, A=obj)
        assert schema["$ref"] == "#/$defs/A"
    assert "$ref" not in derived({"allOf": [ref("A"), {"required": ["b"]}]}, A=obj)
    assert "$ref" not in derived({"allOf": [ref("A"), ref("B")]}, A=obj, B=obj)


def test_a_schema_may_contain_itself() -> None:
    node = {"type": "object", "properties": {"next": {"anyOf": [ref("Node"), {"type": "null"}]}}}
    schema = derived(ref("Node"), Node=node)
    assert errors(schema, {"next": {"next": None}}) == []
    assert errors(schema, {"next": {"nxt": None}}) == ["next additionalProperties"]


def test_a_schema_may_not_be_itself() -> None:
    for loop in (ref("A"), {"allOf": [ref("B")]}):
        with pytest.raises(InputError, match="is made of itself"):
            derived(ref("A"), A=loop, B=ref("A"))


@pytest.mark.parametrize("reference", ["#/components/parameters/P", "#/components/schemas/a~1b"])
def test_references_to_what_is_no_schema(reference: str) -> None:
    whole = small_document({"type": "object", "properties": {"x": {"$ref": reference}}}, **{"a/b": {}})
    whole["components"]["parameters"] = {"P": {"in": "query", "name": "p"}}
    with pytest.raises(InputError, match=f"the document has no schema {reference}"):
        request_schemas(whole, NOTHING)


# --- allOf ---


def test_all_of_objects_is_one_object() -> None:
    base = {"type": ["object", "null"], "properties": {"a": TEXT, "b": {"type": ["number", "null"]}}, "required": ["a"]}
    more = {"type": "object", "properties": {"b": {"type": "integer"}, "c": TEXT}, "required": ["a", "c"]}
    assert derived({"allOf": [ref("Base"), more]}, Base=base) == {
        "type": "object",
        "properties": {"a": TEXT, "b": {"type": "integer"}, "c": TEXT},
        "required": ["a", "c"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("one", "two", "both"),
    [
        ({"minimum": 1, "maximum": 9}, {"minimum": 3, "maximum": 5}, {"minimum": 3, "maximum": 5}),
        ({"enum": ["a", "b", "c"]}, {"enum": ["c", "b"]}, {"enum": ["b", "c"]}),
        ({"type": ["integer", "null"]}, {"type": ["number", "null"]}, {"type": ["integer", "null"]}),
        ({"type": "number"}, {"type": "integer"}, {"type": "integer"}),
        ({"const": 1}, {"const": 1}, {"const": 1}),
        ({"pattern": "a"}, {"pattern": "a"}, {"pattern": "a"}),
        ({"items": TEXT}, {"items": {"maxLength": 1}}, {"items": {"type": "string", "maxLength": 1}}),
        ({"additionalProperties": False}, {"additionalProperties": TEXT}, {"additionalProperties": False}),
        ({"additionalProperties": TEXT}, {"additionalProperties": False}, {"additionalProperties": False}),
        ({"additionalProperties": {}}, {"additionalProperties": TEXT}, {"additionalProperties": TEXT}),
        ({"additionalProperties": TEXT}, {"additionalProperties": True}, {"additionalProperties": TEXT}),
        (
            {"additionalProperties": TEXT},
            {"additionalProperties": {"maxLength": 1}},
            {"additionalProperties": {"type": "string", "maxLength": 1}},
        ),
        ({"default": 1}, {"default": 2}, {"default": 2}),
    ],
)
def test_what_both_say(one: Any, two: Any, both: Any) -> None:
    assert derived({"allOf": [one, two]}) == both


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"type": "string"}, {"type": "array"}),
        ({"enum": ["a"]}, {"enum": ["b"]}),
        ({"const": 1}, {"const": 2}),
        ({"pattern": "a"}, {"pattern": "b"}),
    ],
)
def test_contradictions(one: Any, two: Any) -> None:
    with pytest.raises(InputError, match="the branches of an allOf"):
        derived({"allOf": [one, two]})


def test_a_union_within_all_of() -> None:
    union = {"anyOf": [TEXT, {"type": "number"}]}
    assert derived({"allOf": [union, {"type": "string", "maxLength": 2}]}) == {"type": "string", "maxLength": 2}
    assert derived({"allOf": [union, {"deprecated": True}]}) == {"type": ["string", "number"], "deprecated": True}
    both = derived({"allOf": [union, {"oneOf": [{"type": "number"}, {"type": "null"}]}]})
    assert both == {"type": "number"}


def test_of_two_unions_of_objects_the_pairs_that_fit_remain() -> None:
    union = {"anyOf": [ref("A"), ref("B")]}
    schema = derived({"allOf": [union, union, {"deprecated": True}]}, A=tagged("a"), B=tagged("b", n=TEXT))
    schema_again = derived({"allOf": [union, {"anyOf": [ref("B"), ref("A")]}]}, A=tagged("a"), B=tagged("b", n=TEXT))
    for each in (schema, schema_again):
        assert errors(each, {"type": "b", "n": "x"}) == []
        assert errors(each, {"type": "b"}) == [" required".strip()]
        assert errors(each, {"type": "c"}) == ["type enum"]


def test_constraints_beside_a_union_go_into_its_branches() -> None:
    schema = derived({"type": "string", "oneOf": [{"enum": ["a"]}, {"enum": ["b"]}], "anyOf": [{"maxLength": 1}]})
    assert errors(schema, "a") == []
    assert errors(schema, "c") != []


# --- JSON Schemas of the user's own ---


def test_what_holds_a_json_schema_is_marked() -> None:
    free = {"type": "object", "additionalProperties": {}}
    function = {"type": "object", "properties": {"name": TEXT, "parameters": free, "schema": {"type": "object"}}}
    fields = derived(function)["properties"]
    assert fields["parameters"] == {"type": "object", "additionalProperties": True, "x-json-schema": True}
    assert fields["schema"] == {"type": "object", "x-json-schema": True}
    known = {"type": ["object", "null"], "properties": {"type": TEXT}, "additionalProperties": True}
    fields = derived({"type": "object", "properties": {"input_schema": ref("Free")}}, Free=known)["properties"]
    assert fields["input_schema"]["x-json-schema"] is True


def test_what_only_sounds_like_one_is_not() -> None:
    typed = {"type": "object", "properties": {"max_results": {"type": "integer"}}}
    free = {"type": "object"}
    server_tool = {"type": "object", "properties": {"type": TEXT, "parameters": free}}
    assert "x-json-schema" not in derived(server_tool)["properties"]["parameters"]
    settings = {"type": "object", "properties": {"name": TEXT, "parameters": typed, "schema": TEXT}}
    assert all("x-json-schema" not in field for field in derived(settings)["properties"].values())
