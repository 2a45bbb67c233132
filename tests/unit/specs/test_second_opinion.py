"""jsonschema and jsonschema_rs give the same verdict on right documents and on all that can be made from them."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.specs.support import (
    CHAT,
    MESSAGES,
    RESPONSES,
    config_validator,
    configs,
    copied,
    request_validator,
    requests,
)
from tests.unit.specs.test_requests import RIGHT, TALK, WRONG

FORMS = [("published", CHAT), ("published", MESSAGES), ("published", RESPONSES), ("earlier", CHAT)]

SEEDS: dict[str, list[Any]] = {
    CHAT: [{"messages": TALK, **body} for body in [*RIGHT, *(body for body, _ in WRONG)]],
    MESSAGES: [
        {"model": "m", "messages": TALK, **body}
        for body in (
            {"tools": [{"name": "f", "input_schema": {"type": "object"}}]},
            {"tools": [{"type": "openrouter:web_search", "parameters": {"max_results": 1}}]},
            {"thinking": {"type": "enabled", "budget_tokens": 5}, "fallbacks": [{"model": "x"}]},
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}], "system": "s"},
        )
    ],
    RESPONSES: [
        {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}], "input": TALK},
        {"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}]},
        {"text": {"format": {"type": "json_schema", "name": "n", "schema": {}}, "verbosity": "low"}},
        {"tools": [{"type": "file_search", "vector_store_ids": ["a"], "filters": {"type": "eq"}}]},
        {"reasoning": {"effort": "high"}, "tool_choice": {"type": "function", "name": "f"}, "stop": "x"},
    ],
}


@cache
def rust_validators(edition: str, kind: str) -> tuple[Any, Any]:
    return (
        jsonschema_rs.Draft202012Validator(requests(edition)[kind]),
        jsonschema_rs.Draft202012Validator(configs(edition)[kind]),
    )


def assert_same(edition: str, kind: str, value: Any) -> None:
    request, config = rust_validators(edition, kind)
    assert request.is_valid(value) == request_validator(edition, kind).is_valid(value)
    assert config.is_valid(value) == config_validator(edition, kind).is_valid(value)


@cache
def names(edition: str, kind: str) -> list[str]:
    """Every word that the schema knows: keys and values to put where they may or may not belong."""
    found: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            found.update(node.get("properties", {}))
            found.update(value for value in node.get("enum", ()) if isinstance(value, str))
            for each in node.values():
                collect(each)
        elif isinstance(node, list):
            for each in node:
                collect(each)

    collect({key: value for key, value in requests(edition)[kind].items() if key != "x-presetctl"})
    return sorted(found)


def places(value: Any) -> list[tuple[Any, Any]]:
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += [(value, key), *places(each)]
    return found


@st.composite
def mutated(draw: st.DrawFn, edition: str, kind: str) -> Any:
    """A seed after one to three changes: a value replaced, a key added, an entry removed or doubled."""
    value = copied(draw(st.sampled_from(SEEDS[kind])))
    words = st.sampled_from(names(edition, kind))
    scalars = st.one_of(words, st.none(), st.booleans(), st.integers(-5, 300), st.floats(-3, 3), st.text(max_size=5))
    values = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=4
    )
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from([({"": value}, ""), *places(value)]))
        match draw(st.sampled_from(["replace", "add", "remove", "double"])):
            case "replace":
                container[key] = draw(values)
            case "add" if isinstance(container[key], dict):
                container[key][draw(words)] = draw(values)
            case "add" | "double" if isinstance(container[key], list):
                container[key] += [*container[key][:1], draw(values)]
            case "remove" if isinstance(container, dict) and "" not in container:
                del container[key]
            case _:
                pass
    return value


@pytest.mark.parametrize(("edition", "kind"), FORMS)
def test_seeds(edition: str, kind: str) -> None:
    for seed in SEEDS[kind]:
        assert_same(edition, kind, seed)


@pytest.mark.parametrize(("edition", "kind"), FORMS)
def test_mutations(edition: str, kind: str) -> None:
    @settings(max_examples=150, database=None)
    @given(mutated(edition, kind))
    def same(value: Any) -> None:
        assert_same(edition, kind, value)

    same()


def test_every_word_in_every_tag() -> None:
    for edition, kind in FORMS:
        for word in names(edition, kind):
            for field, tag in [("tools", "type"), ("plugins", "id")]:
                assert_same(edition, kind, {"model": "m", "messages": TALK, field: [{tag: word}]})
