from __future__ import annotations

from typing import Any

import pytest

from presetctl.specs.difference import Difference, difference
from tests.unit.specs.support import EDITIONS, copied, document, small_document


def between(old: Any, new: Any, **components: Any) -> list[str]:
    before = small_document({"$ref": "#/components/schemas/A"}, A=old)
    after = small_document({"$ref": "#/components/schemas/A"}, A=new, **components)
    return [str(each) for each in difference(before, after)]


def obj(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


TEXT = {"type": "string"}


@pytest.mark.parametrize("edition", EDITIONS)
def test_nothing(edition: str) -> None:
    assert difference(document(edition), copied(document(edition))) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (obj(), obj(a=obj(b=TEXT)), ["+ A.a"]),
        (obj(a=obj(b=TEXT)), obj(), ["- A.a"]),
        (obj(a=TEXT), obj(a={"type": "number"}), ['~ A.a: type "string" → "number"']),
        (obj(a={"enum": ["x", "y"]}), obj(a={"enum": ["y", "z"]}), ['~ A.a: enum +"z" -"x"']),
        (obj(a={"enum": ["x", "y"]}), obj(a={"enum": ["y", "x"]}), ["~ A.a: enum in another order"]),
        (obj(a=TEXT), obj(a={**TEXT, "maxLength": 5}), ["~ A.a: maxLength +5"]),
        (obj(a={**TEXT, "maxLength": 5}), obj(a=TEXT), ["~ A.a: maxLength -5"]),
        (obj(a={**TEXT, "maxLength": 5}), obj(a={**TEXT, "maxLength": 6}), ["~ A.a: maxLength 5 → 6"]),
        (obj(a=TEXT), {**obj(a=TEXT), "required": ["a"]}, ['~ A: required +"a"']),
        (obj(), {**obj(), "additionalProperties": False}, ["~ A: additionalProperties +false"]),
        (obj(), {**obj(), "additionalProperties": TEXT}, ["+ A.*"]),
        ({"items": TEXT}, {"items": {"type": "number"}}, ['~ A[]: type "string" → "number"']),
        (
            {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
            {"anyOf": [{"type": "array", "maxItems": 4, "items": TEXT}, TEXT, {}]},
            ["+ A<any>", '~ A: branches +"any"', "~ A<array>: maxItems +4"],
        ),
        (
            {"oneOf": [obj(type={"enum": ["a", "b"]})]},
            {
                "oneOf": [
                    obj(type={"enum": ["a", "b"]}, n=TEXT),
                    {"$ref": "#/components/schemas/A"},
                    {"type": ["x", "y"]},
                ]
            },
            ["+ A<a|b>.n", "+ A<x|y>", '~ A: branches +"A" +"x|y"'],
        ),
    ],
)
def test_schemas(old: Any, new: Any, found: list[str]) -> None:
    assert sorted(between(old, new)) == sorted(found)


def test_components() -> None:
    assert between(TEXT, TEXT, New=obj(a=TEXT)) == ["+ New"]


def test_operations() -> None:
    old = small_document(obj(a=TEXT))
    new = copied(old)
    path = new["paths"].pop("/presets/{slug}/chat/completions")
    path["post"]["parameters"] = [{"in": "query", "name": "q"}, {"$ref": "#/components/parameters/P"}]
    new["paths"]["/presets/{slug}/messages"] = path
    assert [str(each) for each in difference(old, new)] == [
        "- POST /presets/{slug}/chat/completions",
        "+ POST /presets/{slug}/messages",
    ]
    changed = copied(old)
    operation = changed["paths"]["/presets/{slug}/chat/completions"]["post"]
    operation["parameters"] = [{"in": "query", "name": "q"}]
    operation["responses"]["404"] = {"description": ""}
    operation["requestBody"]["content"]["application/json"]["schema"]["properties"]["b"] = TEXT
    assert [str(each) for each in difference(old, changed)] == [
        '~ POST /presets/{slug}/chat/completions: parameters [] → ["query q"]',
        '~ POST /presets/{slug}/chat/completions: responses ["200"] → ["200", "404"]',
        "+ POST /presets/{slug}/chat/completions application/json.b",
    ]


def test_the_order_is_stable() -> None:
    found = difference(document("earlier"), document("published"))
    assert found == sorted(found)
    assert Difference("GET /presets", "+") in found
    assert Difference("ChatRequest.min_p", "+") in found
    assert Difference("ChatRequest.service_tier", "~", 'type +["string", "null"]') in found
    assert difference(document("published"), document("earlier"))[0].sign in {"+", "-", "~"}


def test_schemas_of_other_media_types() -> None:
    old, new = small_document(TEXT), small_document(TEXT)
    content = new["paths"]["/presets/{slug}/chat/completions"]["post"]["requestBody"]["content"]
    content["text/plain"] = {"schema": TEXT}
    assert [str(each) for each in difference(old, new)] == [
        '~ POST /presets/{slug}/chat/completions: request ["application/json"] → ["application/json", "text/plain"]',
        "+ POST /presets/{slug}/chat/completions text/plain",
    ]
