"""The quick verdict and the thorough one agree, on every kind, for documents drawn from its schema and then spoilt."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from presetctl.explain import Explainer
from presetctl.kinds import Kinds
from presetctl.specs.schemas import SchemaLibrary
from presetctl.validate import SchemaChecker
from tests.unit.specs.support import copied
from tests.unit.specs.test_second_opinion import places

LIBRARY = SchemaLibrary.packaged()
ENVELOPE = "a preset file"
SUBJECTS = [*LIBRARY.kinds(), ENVELOPE]
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, -0.0, 0.5, 2, 10**19 - 1, 1 - 10**19, 2**63, 2**53 + 1, 1e308, 5e-324, 1e15, "",
    "a\n", "ü", "\u2028", "x" * 300, "no", [], [[]], {}, {"": 1}, {"type": "object"}, {"type": "objekt"}, ["a", "a"],
]  # fmt: skip


@cache
def schema(subject: str) -> dict[str, Any]:
    if subject == ENVELOPE:
        return {key: value for key, value in LIBRARY.preset_schema().items() if key != "allOf"}
    return LIBRARY.config_schema(subject)


@cache
def checker(subject: str) -> SchemaChecker:
    kinds = Kinds(LIBRARY)
    return kinds.envelope if subject == ENVELOPE else kinds.checker(subject)


@cache
def others(subject: str) -> tuple[Any, Any, Explainer]:
    """Both libraries without keywords of ours, and what explains with them."""
    made = schema(subject)
    explainer = Explainer(made, subject, lambda *_: None)
    return jsonschema_rs.Draft202012Validator(made, validate_formats=False), Draft202012Validator(made), explainer


@cache
def words(subject: str) -> list[str]:
    found: set[str] = set()
    todo: list[Any] = [{key: value for key, value in schema(subject).items() if key != "x-presetctl"}]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            found.update(node.get("properties", {}))
            found.update(value for value in node.get("enum", ()) if isinstance(value, str))
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    return sorted(found)


def instance(draw: st.DrawFn, subject: str, part: dict[str, Any], depth: int = 0) -> Any:
    """A value that is mostly right by one part of a schema."""
    if "$ref" in part:
        return instance(draw, subject, schema(subject)["$defs"][part["$ref"].rpartition("/")[2]], depth)
    for union in ("anyOf", "oneOf"):
        if union in part:
            return instance(draw, subject, draw(st.sampled_from(part[union])), depth)
    if "const" in part:
        return part["const"]
    if "enum" in part:
        return draw(st.sampled_from(part["enum"]))
    kinds = part.get("type", ["object", "string"])
    match draw(st.sampled_from(kinds if isinstance(kinds, list) else [kinds])):
        case "object":
            known = part.get("properties", {})
            most = 4 if depth < 4 else 0
            keys = draw(st.lists(st.sampled_from(sorted(known)), max_size=most, unique=True)) if known else []
            keys = [*dict.fromkeys([*part.get("required", ()), *keys])]
            return {key: instance(draw, subject, known.get(key, {}), depth + 1) for key in keys}
        case "array":
            count = draw(st.integers(part.get("minItems", 0), 2)) if depth < 6 else 0
            return [instance(draw, subject, part.get("items", {}), depth + 1) for _ in range(count)]
        case "string":
            return draw(st.sampled_from(["a", "openai/gpt-5.4", "x" * max(1, part.get("minLength", 1))]))
        case "boolean":
            return draw(st.booleans())
        case "integer" | "number":
            low = part.get("minimum", -5)
            high = part.get("maximum", low + 5000)
            return draw(st.one_of(st.integers(math.ceil(low), math.floor(high)), st.floats(low, high)))
        case _:
            return None


@st.composite
def spoilt(draw: st.DrawFn, subject: str) -> Any:
    value = copied(instance(draw, subject, schema(subject)))
    scalars = st.one_of(st.sampled_from(ODD), st.sampled_from(words(subject)), st.integers(-(10**19), 10**19))
    for _ in range(draw(st.integers(0, 2))):
        container, key = draw(st.sampled_from([({"": value}, ""), *places(value)]))
        target = container[key]
        match draw(st.sampled_from(["replace", "add", "remove"])):
            case "add" if isinstance(target, dict):
                target[draw(st.sampled_from(words(subject)))] = copied(draw(scalars))
            case "add" if isinstance(target, list):
                target.append(copied(draw(scalars)))
            case "remove" if isinstance(container, dict) and "" not in container:
                del container[key]
            case _:
                container[key] = copied(draw(scalars))
    return value


@pytest.mark.parametrize("subject", SUBJECTS)
def test_both_agree(subject: str) -> None:
    quick, thorough, explainer = others(subject)
    seen = {True: 0, False: 0}

    @settings(max_examples=60, database=None)
    @given(spoilt(subject))
    def agree(value: Any) -> None:
        assert quick.is_valid(value) == thorough.is_valid(value)
        sure, findings = checker(subject).surely_valid(value), explainer.findings(value)
        assert not (sure and findings)
        assert sure or findings or not quick.is_valid(value) or "x-" in str(schema(subject)["$defs"])
        seen[sure] += 1

    agree()
    assert min(seen.values()) > 0


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_infinities_are_left_to_the_thorough_one(value: float) -> None:
    """The known difference: to one they are no numbers, to the other they are. No YAML of ours has any."""
    made = {"type": "object", "properties": {"a": {"type": "number"}}}
    check = SchemaChecker(made, "a thing")
    assert Draft202012Validator(made).is_valid({"a": value})
    assert not check.surely_valid({"a": value})
    assert check.findings({"a": value}) == []


@pytest.mark.parametrize("value", [{1: 2}, {"model": object()}])
def test_what_is_no_json_is_never_sure(value: Any) -> None:
    assert not checker("openrouter/chat-completions").surely_valid(value)


def test_a_schema_in_a_preset_is_looked_at() -> None:
    def given_schema(made: Any) -> dict[str, Any]:
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": made}}}

    check = checker("openrouter/chat-completions")
    assert check.surely_valid(given_schema({"type": "object", "properties": {"a": {"minimum": 1}}}))
    for wrong in ({"type": "objekt"}, {"properties": {"a": {"minimum": "1"}}}, {"required": "a"}):
        assert not check.surely_valid(given_schema(wrong))
        assert check.findings(given_schema(wrong))


def test_a_tag_that_is_not_known_is_looked_at_and_may_be_right() -> None:
    check = checker("openrouter/messages")
    assert check.surely_valid({"model": "m", "tools": [{"type": "openrouter:datetime"}]})
    assert not check.surely_valid({"model": "m", "tools": [{"type": "somebody:new"}]})
    assert check.findings({"model": "m", "tools": [{"type": "somebody:new"}]}) == []
    assert check.findings({"model": "m", "tools": [{"type": "openrouter:datetimes"}]})
