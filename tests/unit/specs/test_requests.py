"""Requests that are right and requests that are wrong, against what is derived from both editions of the spec."""

from __future__ import annotations

from typing import Any

import pytest

from presetctl.domain.errors import InputError
from presetctl.specs.derive import request_schemas
from tests.unit.specs.support import (
    CHAT,
    EDITIONS,
    MESSAGES,
    NOTHING,
    RESPONSES,
    config_validator,
    configs,
    document,
    errors,
    overlay,
    request_validator,
    requests,
    small_document,
)

TALK = [{"role": "user", "content": "hi"}]


def said(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}]}


RIGHT: list[dict[str, Any]] = [
    {},
    {"stop": "END"},
    {"stop": ["END"]},
    {"stop": None},
    {"provider": {"sort": "price"}},
    {"provider": {"sort": {"by": "price", "partition": None}}},
    {"provider": {"sort": None}},
    {"provider": {"only": ["xAI"]}},
    {"provider": {"only": ["a provider of tomorrow"]}},
    {"provider": {"only": None}},
    {"provider": {"preferred_max_latency": 5}},
    {"provider": {"preferred_max_latency": {"p50": 5}}},
    {"provider": {"preferred_max_latency": None}},
    {"provider": {"options": {"openai": {"anything": [1]}, "anthropic/2": {}}}},
    {"image_config": {"aspect_ratio": "16:9"}},
    {"image_config": {"n": 2, "more": ["x", {}]}},
    said("hello"),
    said(None),
    said([{"type": "text", "text": "hello"}]),
    {"temperature": 0},
    {"temperature": 2.0},
    {"temperature": None},
    {"frequency_penalty": -2, "presence_penalty": 2},
    {"top_p": 1, "top_logprobs": 20, "seed": None},
    {"stop": ["a", "b", "c", "d"]},
    {"session_id": "x" * 256, "user": "u" * 256},
    {"metadata": {f"key{n}": "v" * 512 for n in range(16)}},
    {"metadata": {"k" * 64: ""}},
    {"service_tier": "ultrafast"},
    {"service_tier": None},
    {"response_format": {"type": "json_object"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "answer-1", "schema": {"type": "object"}}}},
    {"tool_choice": "required"},
    {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    {"tool_choice": {"type": "openrouter:web_search"}},
    {"tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "x": 1}}}]},
    {"tools": [{"type": "openrouter:web_search", "parameters": {"max_results": 3}}, {"type": "web_search"}]},
    {"tools": [{"type": "openrouter:advisor", "parameters": {"model": "a/b"}}]},
    {"plugins": [{"id": "web", "max_results": 3}, {"id": "moderation"}, {"id": "jev-router", "models": ["a"]}]},
    {"plugins": [{"id": "alignment", "rules": [{"rule": "be kind", "watch": ["content"]}], "threshold": 0.01}]},
    {"plugins": [{"id": "armor", "classifier_context": {"v": 1, "auto_mode": {"allow": ["x"]}, "new": 1}}]},
    {"plugins": [{"id": "file-parser", "pdf": {"engine": "pdf-text"}}]},
    {"reasoning": {"effort": "high", "summary": "auto"}},
    {"deferred_tools": {"profile": "portable", "protocol": "v1", "search": {"type": "bm25"}, "validation": "runtime"}},
    {"logit_bias": {"50256": -100}},
    {"models": ["a/b", "c/d"], "modalities": ["text", "image"], "stream": False},
    {"stop_server_tools_when": [{"type": "step_count_is", "step_count": 3}]},
]

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"temprature": 1}, "additionalProperties"),
    ({"temperature": 3}, "temperature maximum"),
    ({"temperature": -0.1}, "temperature minimum"),
    ({"temperature": "0.5"}, "temperature type"),
    ({"frequency_penalty": 2.1}, "frequency_penalty maximum"),
    ({"presence_penalty": -3}, "presence_penalty minimum"),
    ({"top_p": 1.01}, "top_p maximum"),
    ({"top_p": -1}, "top_p minimum"),
    ({"top_logprobs": 21}, "top_logprobs maximum"),
    ({"top_logprobs": -1}, "top_logprobs minimum"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop maxItems"),
    ({"stop": 5}, "stop type"),
    ({"stop": [5]}, "stop[0] type"),
    ({"session_id": "x" * 257}, "session_id maxLength"),
    ({"user": "u" * 257}, "user maxLength"),
    ({"metadata": {f"key{n}": "v" for n in range(17)}}, "metadata maxProperties"),
    ({"metadata": {"k" * 65: "v"}}, "metadata maxLength"),
    ({"metadata": {"key": "v" * 513}}, "metadata.key maxLength"),
    ({"metadata": {"key": 5}}, "metadata.key type"),
    ({"provider": {"sort": "prise"}}, "provider.sort enum"),
    ({"provider": {"sort": {"buy": "price"}}}, "provider.sort additionalProperties"),
    ({"provider": {"sort": 5}}, "provider.sort type"),
    ({"provider": {"onyl": ["xAI"]}}, "provider additionalProperties"),
    ({"provider": {"only": "xAI"}}, "provider.only type"),
    ({"provider": {"preferred_max_latency": {"p51": 5}}}, "provider.preferred_max_latency additionalProperties"),
    ({"provider": {"options": {"opnai": {}}}}, "provider.options additionalProperties"),
    ({"provider": {"options": {"openai": 1}}}, "provider.options.openai type"),
    ({"image_config": "16:9"}, "image_config type"),
    ({"image_config": {"a": {}}}, "image_config.a type"),
    (said(5), "messages[1].content type"),
    (said([{"type": "text", "text": "x", "txt": 1}]), "messages[1].content[0] additionalProperties"),
    ({"messages": [{"role": "sistem", "content": "x"}]}, "messages[0].role enum"),
    ({"messages": [{"content": "x"}]}, "messages[0] required"),
    ({"tools": [{"type": "openrouter:web_serch"}]}, "tools[0].type enum"),
    ({"tools": [{"type": 5}]}, "tools[0].type enum"),
    ({"tools": [{"function": {"name": "f"}}]}, "tools[0] required"),
    ({"tools": [{"type": "function"}]}, "tools[0] required"),
    ({"tools": [{"type": "function", "function": {"name": "x" * 65}}]}, "tools[0].function.name maxLength"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name pattern"),
    ({"tools": [{"type": "function", "function": {"name": "a\n"}}]}, "tools[0].function.name pattern"),
    ({"tools": [{"type": "function", "function": {"name": "f", "nam": 1}}]}, "tools[0].function additionalProperties"),
    ({"tools": [{"type": "web_search", "parameters": {"max": 1}}]}, "tools[0].parameters additionalProperties"),
    ({"tools": [{"type": "openrouter:web_search", "parameter": {}}]}, "tools[0] additionalProperties"),
    ({"tools": ["openrouter:web_search"]}, "tools[0] type"),
    ({"tool_choice": "always"}, "tool_choice enum"),
    ({"tool_choice": {"type": "function"}}, "tool_choice required"),
    ({"plugins": [{"id": "wep"}]}, "plugins[0].id enum"),
    ({"plugins": [{"id": "web", "max": 1}]}, "plugins[0] additionalProperties"),
    ({"plugins": [{"id": "auto-router", "cost_quality_tradeoff": 11}]}, "plugins[0].cost_quality_tradeoff maximum"),
    ({"plugins": [{"id": "fusion", "analysis_models": ["m"] * 9}]}, "plugins[0].analysis_models maxItems"),
    ({"plugins": [{"id": "fusion", "max_tool_calls": 17}]}, "plugins[0].max_tool_calls maximum"),
    ({"plugins": [{"id": "pareto-router", "min_coding_score": 2}]}, "plugins[0].min_coding_score maximum"),
    ({"plugins": [{"id": "file-parser", "pdf": {"engine": "word"}}]}, "plugins[0].pdf.engine enum"),
    ({"response_format": {"type": "json_shema"}}, "response_format.type enum"),
    ({"response_format": {"type": "json_schema"}}, "response_format required"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "an answer"}}},
        "response_format.json_schema.name pattern",
    ),
    ({"reasoning": {"effort": "hihg"}}, "reasoning.effort enum"),
    ({"service_tier": "slow"}, "service_tier enum"),
    ({"modalities": ["smell"]}, "modalities[0] enum"),
    ({"deferred_tools": {"profile": "portable", "protocol": "v1", "search": {"type": "bm26"}, "validation": "runtime"}},
     "deferred_tools.search.type enum"),
]  # fmt: skip


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("request_", RIGHT, ids=str)
def test_right_requests(edition: str, request_: dict[str, Any]) -> None:
    whole = {"messages": TALK, **request_}
    assert errors(requests(edition)[CHAT], whole) == []


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize(("request_", "found"), WRONG, ids=str)
def test_wrong_requests(edition: str, request_: dict[str, Any], found: str) -> None:
    assert errors(requests(edition)[CHAT], {"messages": TALK, **request_}) == [found]


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_empty_request_is_wrong(edition: str) -> None:
    assert errors(requests(edition)[CHAT], {}) == ["required"]
    assert errors(configs(edition)[CHAT], {}) == []


@pytest.mark.parametrize(
    "body",
    [
        {"max_tokens": 10, "temperature": 5, "system": "s", "fallbacks": [{"model": "m"}] * 3, "stop_sequences": ["x"]},
        {"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "fallbacks": None},
        {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {}}, "more": 1}}]},
        {"tools": [{"type": "custom", "name": "f", "input_schema": {}}, {"type": "of tomorrow", "any": [1]}]},
        {"thinking": {"type": "enabled", "budget_tokens": 1}, "safeguards": [{"type": "dangerous", "any": 1}]},
        {"tool_choice": {"type": "tool", "name": "f"}, "output_config": {"effort": None}, "speed": "fast"},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
    ],
    ids=str,
)
def test_right_messages(body: dict[str, Any]) -> None:
    assert errors(requests("published")[MESSAGES], {"model": "m", "messages": TALK, **body}) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"fallbacks": [{"model": "m"}] * 4}, ["fallbacks maxItems"]),
        ({"user": "u" * 257}, ["user maxLength"]),
        ({"tools": [{"name": "f", "inputschema": {}}]}, ["tools[0] additionalProperties", "tools[0] required"]),
        ({"tools": [{"type": "bash_20250124", "name": "sh"}]}, ["tools[0].name enum"]),
        ({"tools": [{"name": "f", "input_schema": {"required": "a"}}]}, ["tools[0].input_schema.required type"]),
        ({"thinking": {"type": "on"}}, ["thinking.type enum"]),
        ({"thinking": {"type": "enabled"}}, ["thinking required"]),
        (
            {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "some"}]}},
            ["context_management.edits[0].keep enum"],
        ),
    ],
    ids=str,
)
def test_wrong_messages(body: dict[str, Any], found: list[str]) -> None:
    assert errors(requests("published")[MESSAGES], {"model": "m", "messages": TALK, **body}) == found


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": "hi", "instructions": "be kind", "stop": "x", "max_tool_calls": 30},
        {"input": [{"role": "user", "content": "hi"}, {"type": "message", "role": "assistant", "content": "x"}]},
        {"tools": [{"type": "function", "name": "f", "parameters": None}, {"type": "openrouter:web_search"}]},
        {"tools": [{"type": "function", "name": "f", "parameters": {"x": 1}, "defer_loading": True}]},
        {"tool_choice": {"type": "web_search_preview"}, "text": {"verbosity": "xhigh", "format": {"type": "text"}}},
        {"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}, "store": False},
        {"reasoning": {"enabled": True, "effort": "low", "max_tokens": None}, "metadata": None},
        {"reasoning": None, "stop": ["a", "b", "c", "d"], "service_tier": "ultrafast"},
    ],
    ids=str,
)
def test_right_responses(body: dict[str, Any]) -> None:
    assert errors(requests("published")[RESPONSES], body) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"stop": ["x"] * 5}, ["stop maxItems"]),
        ({"max_tool_calls": 31}, ["max_tool_calls maximum"]),
        ({"metadata": {"k" * 65: "v"}}, ["metadata maxLength"]),
        ({"text": {"verbosity": "loud"}}, ["text.verbosity enum"]),
        ({"text": {"verbositi": "low"}}, ["text additionalProperties"]),
        ({"reasoning": {"efort": "low"}}, ["reasoning additionalProperties"]),
        ({"reasoning": "low"}, ["reasoning type"]),
        ({"tools": [{"type": "function", "name": "f"}]}, ["tools[0] required"]),
        ({"tools": [{"type": "openrouter:web_serch"}]}, ["tools[0].type enum"]),
        ({"store": True}, ["store const"]),
        ({"input": [{"type": "message", "role": "boss", "content": "x"}]}, ["input[0].role enum"]),
    ],
    ids=str,
)
def test_wrong_responses(body: dict[str, Any], found: list[str]) -> None:
    assert errors(requests("published")[RESPONSES], body) == found


def test_config_has_neither_per_request_fields_nor_the_prompt() -> None:
    for kind, names in {
        CHAT: ("messages", "stream", "stream_options", "user", "metadata", "session_id", "trace", "debug"),
        MESSAGES: ("messages", "system", "stream", "user"),
        RESPONSES: ("input", "instructions", "prompt", "store", "previous_response_id", "background"),
    }.items():
        for name in names:
            assert name in requests("published")[kind]["properties"]
            assert name not in configs("published")[kind]["properties"]
    assert configs("published")[MESSAGES]["required"] == ["model"]
    assert "required" not in configs("published")[CHAT]
    assert config_validator("published", MESSAGES).is_valid({"model": "m"})
    assert request_validator("published", RESPONSES).is_valid({"model": "m"})


def test_a_document_with_one_operation_gives_one_kind() -> None:
    assert list(requests("earlier")) == [CHAT]
    assert list(requests("published")) == [CHAT, MESSAGES, RESPONSES]


def test_a_body_that_is_a_component() -> None:
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a": {}}}}}}
    whole = small_document({})
    whole["paths"]["/presets/{slug}/chat/completions"]["post"]["requestBody"] = {"$ref": "#/components/requestBodies/B"}
    whole["components"] = {"requestBodies": {"B": body}}
    assert list(request_schemas(whole, NOTHING)[CHAT]["properties"]) == ["a"]


def test_a_document_without_these_operations() -> None:
    whole = {
        "openapi": "3.1.0",
        "paths": {"/presets": {"post": {"responses": {}}}, "/presets/{slug}/messages": {"post": {}}},
    }
    with pytest.raises(InputError, match="none of the operations that make presets"):
        request_schemas(whole, overlay())


def test_what_was_handed_over_stays_as_it_was() -> None:
    before = repr(document("published"))
    request_schemas(document("published"), overlay())
    assert repr(document("published")) == before
