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


# --- Unions by type ---


@pytest.mark.parametrize("union", ["anyOf", "oneOf"])
@pytest.mark.parametrize(
    ("branches", "result"),
    [
        ([TEXT, {}], {"type": ["string", "null"]}),
        ([{"enum": ["a"]}, TEXT], TEXT),
        ([{"enum": ["a"]}, {"const": "b"}, {"enum": ["a", "c"]}], {"enum": ["a", "b", "c"]}),
        ([{"enum": ["a"]}, {"type": "null"}], {"type": ["string", "null"], "enum": ["a", None]}),
        ([{"type": "integer"}, {"type": "number"}], {"type": "number"}),
        ([{"type": "integer"}, {"type": "null"}], {"type": ["integer", "null"]}),
        ([TEXT], TEXT),
        ([TEXT, TEXT], TEXT),
        ([{}], {}),
        (
            [TEXT, {"type": "array", "items": TEXT, "maxItems": 4}, {}],
            {"type": ["string", "array", "null"], "items": TEXT, "maxItems": 4},
        ),
        (
            [{"enum": ["a"]}, {"type": "boolean"}],
            {"type": ["string", "boolean"], "allOf": [{"if": {"type": "string"}, "then": {"enum": ["a"]}}]},
        ),
        (
            [{"type": "string", "maxLength": 1}, {"type": "string", "pattern": "b"}],
            {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "string", "pattern": "b"}]},
        ),
        (
            [{"type": "array", "items": TEXT}, {"type": "array", "items": {"type": "number"}}],
            {"anyOf": [{"type": "array", "items": TEXT}, {"type": "array", "items": {"type": "number"}}]},
        ),
        ([{"maxLength": 1}, {"minimum": 2}], {"anyOf": [{"maxLength": 1}, {"minimum": 2}]}),
        (
            [{"type": "number", "minimum": 1}, {"type": "integer", "maximum": 0}, TEXT],
            {
                "type": ["number", "string"],
                "allOf": [
                    {
                        "if": {"type": "number"},
                        "then": {"anyOf": [{"type": "number", "minimum": 1}, {"type": "integer", "maximum": 0}]},
                    }
                ],
            },
        ),
        ([{"const": 1}, {"const": 1.5}, {"const": True}], {"type": ["number", "boolean"], "enum": [1, 1.5, True]}),
        ([{"items": TEXT}, {"enum": [["a"], {}]}], None),
        (
            [{"type": ["array", "null"], "items": TEXT}, {"type": "boolean"}],
            {"type": ["array", "null", "boolean"], "items": TEXT},
        ),
    ],
)
def test_unions_of_other_things_than_objects(union: str, branches: list[Any], result: Any) -> None:
    schema = derived({union: branches})
    if result is not None:
        assert schema == result


def test_nested_unions_are_one() -> None:
    schema = derived(
        {"anyOf": [ref("A"), {"type": "null"}]}, A={"oneOf": [ref("B"), TEXT]}, B={"anyOf": [{"type": "number"}]}
    )
    assert schema == {"type": ["number", "string", "null"]}


def test_a_union_that_names_itself() -> None:
    assert derived(ref("A"), A={"anyOf": [ref("A"), TEXT]})["$defs"] == {"A": TEXT}


def test_objects_and_other_types() -> None:
    schema = derived({"anyOf": [{"type": "number"}, {"type": "object", "properties": {"p50": {"type": "number"}}}, {}]})
    assert schema == {
        "type": ["number", "object", "null"],
        "properties": {"p50": {"type": "number"}},
        "additionalProperties": False,
    }
    assert errors(schema, {"p": 1}) == [" additionalProperties".strip()]
    assert errors(schema, "x") == [" type".strip()]


def test_a_branch_of_several_types_is_taken_apart() -> None:
    branch = {"type": ["object", "string", "null"], "properties": {"a": TEXT}, "enum": ["x", None, {"a": "b"}]}
    schema = derived({"anyOf": [branch, {"type": "number"}]})
    for value, valid in [("x", True), ("y", False), (None, True), (5, True), ({"a": "b"}, True), ({}, False)]:
        assert (errors(schema, value) == []) is valid


# --- Unions by tag ---


TOOLS = {"anyOf": [tagged("function", name=TEXT), ref("Search"), {**tagged("old"), "deprecated": True}]}
SEARCH = {
    "type": "object",
    "properties": {"type": {"enum": ["search", "search_2"]}, "n": {"type": "integer"}},
    "required": ["type"],
}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"type": "function", "name": "f"}, []),
        ({"type": "search_2", "n": 1}, []),
        ({"type": "function", "nam": "f"}, ["additionalProperties", "required"]),
        ({"type": "function", "name": 1}, ["name type"]),
        ({"type": "search", "n": "x"}, ["n type"]),
        ({"type": "serch"}, ["type enum"]),
        ({"type": 5, "name": "f"}, ["type enum"]),
        ({"name": "f"}, ["required"]),
        ("function", ["type"]),
        (None, ["type"]),
    ],
)
def test_errors_lie_in_the_branch_that_was_meant(value: Any, found: list[str]) -> None:
    assert errors(derived(TOOLS, Search=SEARCH), value) == found


def test_the_form_of_a_tagged_union() -> None:
    assert derived({"anyOf": [ref("A"), ref("B"), {"type": "null"}]}, A=tagged("a"), B=SEARCH)["allOf"] == [
        {
            "if": {"type": "object"},
            "then": {
                "properties": {"type": {"enum": ["a", "search", "search_2"]}},
                "required": ["type"],
                "allOf": [
                    {
                        "if": {"type": "object", "properties": {"type": {"const": "a"}}, "required": ["type"]},
                        "then": {"$ref": "#/$defs/A"},
                    },
                    {
                        "if": {
                            "type": "object",
                            "properties": {"type": {"enum": ["search", "search_2"]}},
                            "required": ["type"],
                        },
                        "then": {"$ref": "#/$defs/B"},
                    },
                ],
            },
        }
    ]


def test_the_tag_that_the_document_names_comes_first() -> None:
    one = {"properties": {"kind": {"enum": ["a"]}, "type": {"enum": ["x"]}}, "type": "object"}
    two = {"properties": {"kind": {"enum": ["b"]}, "type": {"enum": ["y"]}}, "type": "object"}
    named = derived({"oneOf": [one, two], "discriminator": {"propertyName": "kind"}})
    assert named["properties"] == {"kind": {"enum": ["a", "b"]}}
    assert derived({"oneOf": [one, two]})["properties"] == {"type": {"enum": ["x", "y"]}}
    wrong = derived({"oneOf": [one, two], "discriminator": {"propertyName": "lost"}})
    assert wrong["properties"] == {"type": {"enum": ["x", "y"]}}


def test_the_field_that_tells_most_branches_apart_is_the_tag() -> None:
    def branch(kind: dict[str, Any], name: str) -> dict[str, Any]:
        return {"type": "object", "properties": {"type": kind, "name": {"const": name}}, "required": ["name"]}

    schema = derived({"anyOf": [branch(TEXT, "a"), branch({"const": "t"}, "b")]})
    assert schema["properties"] == {"name": {"enum": ["a", "b"]}}


def test_a_branch_may_lack_the_tag() -> None:
    custom = {"type": "object", "properties": {"type": {"const": "custom"}, "name": TEXT}, "required": ["name"]}
    schema = derived({"anyOf": [custom, tagged("other")]})
    assert errors(schema, {"name": "n"}) == []
    assert errors(schema, {"type": "custom", "name": "n"}) == []
    assert errors(schema, {"nam": "n"}) == ["additionalProperties", "required"]
    assert errors(schema, {"type": "other"}) == []
    assert errors(schema, {"type": "mine"}) == ["type enum"]
    assert errors(schema, "x") == ["type"]


def test_several_branches_may_lack_the_tag() -> None:
    def optional(kind: str, role: str) -> dict[str, Any]:
        properties = {"type": {"const": kind}, "role": {"const": role}}
        return {"type": "object", "properties": properties, "required": ["role"]}

    schema = derived({"anyOf": [optional("message", "user"), optional("message", "system"), optional("note", "me")]})
    assert schema["properties"] == {"role": {"enum": ["user", "system", "me"]}}
    schema = derived(
        {
            "anyOf": [optional("message", "user"), optional("message", "system"), optional("note", "me")],
            "discriminator": {"propertyName": "type"},
        }
    )
    for value, found in [
        ({"role": "user"}, []),
        ({"role": "me"}, []),
        ({"type": "message", "role": "system"}, []),
        ({"type": "message", "role": "me"}, ["role enum"]),
        ({"type": "note", "role": "me"}, []),
        ({"type": "nite", "role": "me"}, ["type enum"]),
        ({"role": "you"}, ["role enum"]),
        ({}, ["required"]),
    ]:
        assert errors(schema, value) == found


def test_any_other_tag() -> None:
    anything = {"type": "object", "properties": {"type": TEXT}, "required": ["type"], "additionalProperties": True}
    schema = derived({"anyOf": [tagged("a"), anything, tagged("b", n=TEXT)]})
    assert schema["x-open-tag"] == {"property": "type", "known": ["a", "b"]}
    assert errors(schema, {"type": "new", "what": 1}) == []
    assert errors(schema, {"type": "b", "what": 1}) == ["additionalProperties", "required"]
    assert errors(schema, {"type": 5}) == ["type type"]
    assert errors(schema, {}) == ["required"]


def test_one_tag_for_several_branches() -> None:
    def message(role: dict[str, Any], **more: Any) -> dict[str, Any]:
        branch = tagged("message", **more)
        branch["properties"]["role"] = role
        branch["required"].append("role")
        return branch

    user, system = {"const": "user"}, {"anyOf": [{"const": "system"}, {"const": "tool"}]}
    schema = derived({"anyOf": [message(user, a=TEXT), message(system), tagged("call")]})
    assert errors(schema, {"type": "message", "role": "user", "a": 1}) == ["a type"]
    assert errors(schema, {"type": "message", "role": "tool", "a": "x"}) == ["additionalProperties"]
    assert errors(schema, {"type": "message", "role": "me"}) == ["role enum"]
    same = derived({"anyOf": [tagged("a", b=TEXT), tagged("a", c=TEXT), tagged("d")]})
    assert errors(same, {"type": "a", "c": "x"}) == []
    assert errors(same, {"type": "a"}) == ["anyOf"]


@pytest.mark.parametrize(
    "branches",
    [
        [{"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"b": TEXT}}],
        [{"type": "object", "properties": {"a": {"const": 1}}}, {"type": "object", "properties": {"a": {"const": 2}}}],
        [{"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"a": TEXT, "b": TEXT}}],
        [{"type": "object"}, {"type": "object", "additionalProperties": TEXT}],
        [tagged("a", x=TEXT), tagged("a", y=TEXT)],
        [
            {"type": "object", "properties": {"a": {"anyOf": [{"const": "x"}, {"type": "null"}]}}},
            {"type": "object", "properties": {"a": {"const": "y"}}, "required": ["a"]},
        ],
    ],
)
def test_objects_that_nothing_tells_apart(branches: list[Any]) -> None:
    assert list(derived({"anyOf": branches})) == ["anyOf"]


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
