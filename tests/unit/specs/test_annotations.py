from __future__ import annotations

from typing import Any

from presetctl.specs.annotations import defaults, opaque
from tests.unit.specs.support import derived

TEXT = {"type": "string"}


def obj(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


def tagged(value: str, **fields: Any) -> dict[str, Any]:
    return {**obj(type={"enum": [value]}, **fields), "required": ["type"]}


def test_defaults_are_found_through_mappings_only() -> None:
    schema = derived(
        obj(
            a={**TEXT, "default": "x"},
            b={"$ref": "#/components/schemas/B"},
            c={"type": "array", "items": obj(d={"default": 1})},
            e={"anyOf": [obj(f={"type": "boolean", "default": False}), {"type": "null"}]},
            **{"g/~h": {"$ref": "#/components/schemas/N", "default": 5}},
        ),
        B=obj(i={"type": "integer", "default": None}),
        N={"type": "number", "minimum": 1, "default": 4},
    )
    assert defaults(schema) == {"/a": "x", "/b/i": None, "/e/f": False, "/g~1~0h": 5}


def test_branches_that_disagree_have_no_default() -> None:
    same, other = {"type": "integer", "default": 1}, {"type": "integer", "default": 2}
    assert defaults(derived({"anyOf": [tagged("a", n=same), tagged("b", n=same)]})) == {"/n": 1}
    assert defaults(derived({"anyOf": [tagged("a", n=same), tagged("b", n=other)]})) == {}


def test_what_is_opaque() -> None:
    schema = derived(
        obj(
            free={"type": "object"},
            map={"type": ["object", "null"], "additionalProperties": {"type": "object"}},
            open={**obj(known={"type": "object"}), "additionalProperties": True},
            closed=obj(a=TEXT, inner={"type": "object"}),
            empty=obj(),
            by_provider=obj(one={"type": "object"}, two={"type": "object"}),
            function=obj(name=TEXT, parameters={"type": "object"}),
            list={"type": "array", "items": {"type": "object"}},
            either={"anyOf": [TEXT, {"type": "object"}]},
            form={"anyOf": [tagged("a", schema={"type": "object"}), tagged("b")]},
        )
    )
    assert opaque(schema) == [
        "/by_provider",
        "/closed/inner",
        "/either",
        "/form/schema",
        "/free",
        "/function/parameters",
        "/map",
        "/open",
    ]


def test_schemas_that_contain_themselves() -> None:
    node = obj(next={"$ref": "#/components/schemas/Node"}, n={"type": "integer", "default": 1}, m={"type": "object"})
    schema = derived(obj(a={"$ref": "#/components/schemas/Node"}), Node=node)
    assert defaults(schema) == {"/a/n": 1}
    assert opaque(schema) == ["/a/m"]
