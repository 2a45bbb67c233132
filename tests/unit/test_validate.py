"""Findings against one schema, in the user's terms."""

from __future__ import annotations

from typing import Any

import pytest

from presetctl.domain.problem import Severity
from presetctl.finding import Finding
from presetctl.validate import SchemaChecker


def schema(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


def only(value: Any, properties: dict[str, Any], **more: Any) -> Finding:
    findings = SchemaChecker(schema(properties, **more), "a thing").findings(value)
    assert len(findings) == 1, findings
    return findings[0]


@pytest.mark.parametrize(
    ("value", "rule", "message", "suggestion"),
    [
        ({"temprature": 1}, "unknown-field", "`temprature` is not a field of a thing", "did you mean `temperature`?"),
        ({"zzz": 1}, "unknown-field", "`zzz` is not a field of a thing", ""),
        ({"z" * 60: 1}, "unknown-field", f"`{'z' * 39}…` is not a field of a thing", ""),
        ({"temperature": "hot"}, "wrong-type", '`temperature` must be a number or null, not "hot"', ""),
        ({"temperature": "0.5"}, "wrong-type", None, "write 0.5 without quotes"),
        ({"temperature": []}, "wrong-type", "`temperature` must be a number or null, not a list", ""),
        ({"temperature": {}}, "wrong-type", "`temperature` must be a number or null, not a mapping", ""),
        ({"temperature": 3}, "maximum", "`temperature` must be at most 2", ""),
        ({"flag": "no"}, "wrong-type", '`flag` must be true or false, not "no"', "write false"),
        ({"flag": "maybe"}, "wrong-type", None, ""),
        ({"name": 5}, "wrong-type", "`name` must be a text, not 5", 'write "5" in quotes'),
        ({"name": None}, "wrong-type", "`name` must be a text, not null", ""),
        ({"name": ""}, "minLength", "`name` must not be empty", ""),
        ({"name": "x" * 9}, "maxLength", "`name` must have at most 8 characters", ""),
        ({"list": []}, "minItems", "`list` must have at least 2 items", ""),
        ({"sort": "pricy"}, "not-allowed", '`sort` can\'t be "pricy"', "did you mean `price`?"),
        ({"sort": "x"}, "not-allowed", '`sort` must be "price" or "latency", not "x"', ""),
        ({"sort": 1}, "not-allowed", '`sort` must be "price" or "latency", not 1', ""),
        ({"store": True}, "not-allowed", "`store` must be false, not true", ""),
        ({"nested": {}}, "required", "`id` is missing", ""),
        ({"keys": {"toolong": 1}}, "invalid-key", None, ""),
        ({"odd": [1, 1]}, "uniqueItems", "`odd` breaks the rule uniqueItems of the request spec", ""),
    ],
)
def test_messages(value: Any, rule: str, message: str | None, suggestion: str) -> None:
    finding = only(
        value,
        {
            "temperature": {"type": ["number", "null"], "maximum": 2},
            "flag": {"type": "boolean"},
            "name": {"type": "string", "minLength": 1, "maxLength": 8},
            "list": {"type": "array", "minItems": 2},
            "sort": {"enum": ["price", "latency"]},
            "store": {"const": False},
            "nested": {"type": "object", "required": ["id"]},
            "keys": {"type": "object", "propertyNames": {"maxLength": 3}},
            "odd": {"uniqueItems": True},
        },
    )
    assert finding.rule == rule
    assert finding.suggestion == suggestion
    assert message is None or finding.message == message
    assert finding.severity is Severity.ERROR


def test_many_options_are_not_listed() -> None:
    finding = only({"a": "zz"}, {"a": {"enum": [str(n) for n in range(20)]}})
    assert finding.message == '`a` can\'t be "zz"'


def test_paths_lead_to_the_place() -> None:
    inner = schema({"type": {"const": "x"}})
    finding = only({"tools": [{"type": "x"}, {"typ": "x"}]}, {"tools": {"type": "array", "items": inner}})
    assert finding.path == ("tools", 1, "typ")
    assert finding.at_key
    assert finding.message == "`typ` is not a field of `tools[1]`"
    assert finding.suggestion == "did you mean `type`?"


def test_a_whole_value_of_the_wrong_type() -> None:
    (finding,) = SchemaChecker({"type": "object"}, "a thing").findings([])
    assert finding.message == "`this value` must be a mapping, not a list"


UNION = {
    "anyOf": [
        {"type": "string"},
        schema({"by": {"enum": ["price"]}, "partition": {"type": "string"}}, required=["by"]),
        {"type": "array", "items": {"type": "number"}},
    ]
}


@pytest.mark.parametrize(
    ("value", "path", "rule"),
    [
        ({"by": "prize"}, ("u", "by"), "not-allowed"),
        ({"by": "price", "part": "x"}, ("u", "part"), "unknown-field"),
        ({}, ("u", "by"), "required"),
        ([1, "x"], ("u", 1), "wrong-type"),
        (5, ("u",), "wrong-type"),
    ],
)
def test_a_union_reports_the_branch_that_was_meant(value: Any, path: tuple[str | int, ...], rule: str) -> None:
    finding = only({"u": value}, {"u": UNION})
    assert (finding.path, finding.rule) == (path, rule)


def test_a_union_of_types_names_them_all() -> None:
    finding = only({"u": 5}, {"u": UNION})
    assert finding.message == "`u` must be a text, a mapping or a list, not 5"


def test_a_value_that_fits_two_forms() -> None:
    assert only({"u": 1}, {"u": {"oneOf": [{"type": "integer"}, {"type": "number"}]}}).rule == "union"


@pytest.mark.parametrize(
    ("value", "path", "reason", "suggestion"),
    [
        ({"type": "strin"}, ("s", "type"), '"strin" is not a type', "did you mean `string`?"),
        ({"type": "x"}, ("s", "type"), '"x" is not a type; the types are array, boolean', ""),
        ({"type": 5}, ("s", "type"), "5 is not a type; the types are array, boolean", ""),
        ({"type": []}, ("s", "type"), "a list is not a type; the types are array, boolean", ""),
        (
            {"properties": {"a": {"minimum": "x"}}},
            ("s", "properties", "a", "minimum"),
            "'x' is not of type 'number'",
            "",
        ),
    ],
)
def test_a_users_json_schema_must_be_one(value: Any, path: tuple[str | int, ...], reason: str, suggestion: str) -> None:
    finding = only({"s": value}, {"s": {"type": "object", "x-json-schema": True}})
    assert finding.rule == "json-schema"
    assert finding.path == path
    assert f"is not valid in a JSON Schema: {reason}" in finding.message
    assert finding.suggestion == suggestion


def test_a_users_json_schema_is_never_executed() -> None:
    hostile = {"type": "string", "pattern": "^(a+)+$", "const": "a" * 40 + "!"}
    checker = SchemaChecker(schema({"s": {"type": ["object", "null"], "x-json-schema": True}}), "a thing")
    assert checker.findings({"s": hostile}) == []
    assert checker.findings({"s": None}) == []
    assert SchemaChecker({"x-json-schema": False}, "a thing").findings({"type": 5}) == []


def test_an_open_tag_warns_of_a_near_miss() -> None:
    open_tag = {"x-open-tag": {"property": "type", "known": ["openrouter:web_search", "custom"]}}
    finding = only({"t": {"type": "openrouter:web_serch"}}, {"t": open_tag})
    assert finding.severity is Severity.WARNING
    assert finding.path == ("t", "type")
    assert finding.suggestion == "did you mean `openrouter:web_search`?"
    checker = SchemaChecker(schema({"t": open_tag}), "a thing")
    harmless: list[Any] = [{"type": "something-else"}, {"type": "custom"}, {}, {"type": 5}, [], "x"]
    for fine in harmless:
        assert checker.findings({"t": fine}) == []


def test_the_caller_may_explain_a_key() -> None:
    own = Finding(("messages",), "per-request-field", "not kept")
    checker = SchemaChecker(schema({}), "a thing", lambda path, _: own if path == ("messages",) else None)
    assert {finding.rule for finding in checker.findings({"messages": [], "other": 1})} == {
        "per-request-field",
        "unknown-field",
    }


def test_an_unknown_schema_rule_does_not_break() -> None:
    assert only({"a": "x"}, {"a": {"pattern": r"^y(?![\s\S])"}}).message == "`a` must match ^y$"


def test_what_is_no_mapping_is_no_json_schema_either() -> None:
    finding = only({"made": 5, "other": "x"}, {"made": {"x-json-schema": True}, "other": {"type": "integer"}})
    assert finding.path == ("other",)
