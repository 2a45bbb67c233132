"""The rules of derivation for unions, each on a document made up for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.specs.support import derived, errors


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def tagged(value: str, **fields: Any) -> dict[str, Any]:
    """An object whose ``type`` is one text; all its fields are required."""
    properties = {"type": {"type": "string", "enum": [value]}, **fields}
    return {"type": "object", "properties": properties, "required": list(properties)}


TEXT = {"type": "string"}


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
