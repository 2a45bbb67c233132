"""What the three requests accept and refuse, field by field."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from presetctl.emulator.rules import REQUESTS
from tests.unit.emulator.conftest import error

CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "x"}]}
MESSAGES: dict[str, Any] = {"model": "m", "messages": []}
BODIES: dict[str, dict[str, Any]] = {"chat/completions": CHAT, "messages": MESSAGES, "responses": {}}


def faults(kind: str, **fields: Any) -> list[str]:
    return list(REQUESTS[kind].check("", {**BODIES[kind], **fields}))


def expected(kind: str, received: str) -> str:
    return f"Invalid input: expected {kind}, received {received}"


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("chat/completions", {}, f"messages: {expected('array', 'undefined')}"),
        ("chat/completions", {"messages": []}, "messages: Too small: expected array to have >=1 items"),
        ("chat/completions", {"messages": None}, f"messages: {expected('array', 'null')}"),
        (
            "messages",
            {},
            f"model: {expected('string', 'undefined')}; messages: {expected('array', 'undefined')}",
        ),
        ("messages", {"model": "m"}, f"messages: {expected('array', 'undefined')}"),
        ("responses", {"temperature": "warm"}, f"temperature: {expected('number', 'string')}"),
    ],
)
def test_a_refusal_names_field_and_reason(client: httpx.Client, kind: str, body: dict[str, Any], message: str) -> None:
    assert error(client.post(f"/presets/p/{kind}", json=body)) == (400, message)


def test_a_refusal_names_at_most_20_faults(client: httpx.Client) -> None:
    status, message = error(client.post("/presets/p/responses", json={"models": [1] * 1000}))
    assert (status, message.count(";")) == (400, 19)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (0, None),
        (2, None),
        (1.5, None),
        (None, None),
        (2.1, "Too big: expected number to be <=2"),
        (-0.1, "Too small: expected number to be >=0"),
        ("1", expected("number", "string")),
        (True, expected("number", "boolean")),
        ([], expected("number", "array")),
    ],
)
def test_chat_temperature(value: object, fault: str | None) -> None:
    assert faults("chat/completions", temperature=value) == ([] if fault is None else [f"temperature: {fault}"])


ACCEPTED: list[tuple[str, str, Any]] = [
    ("chat/completions", "stop", "END"),
    ("chat/completions", "stop", ["a", "b", "c", "d"]),
    ("chat/completions", "stop", None),
    ("chat/completions", "seed", 1.0),
    ("chat/completions", "logit_bias", {"50256": -100}),
    ("chat/completions", "image_config", {"aspect_ratio": "16:9", "n": 2, "list": [1]}),
    ("chat/completions", "tools", [{"type": "openrouter:web_search", "parameters": {"max_results": 3}}]),
    ("chat/completions", "tool_choice", {"type": "function", "function": {"name": "f"}}),
    ("chat/completions", "response_format", {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}),
    ("chat/completions", "service_tier", "ultrafast"),
    ("chat/completions", "plugins", [{"id": "web", "max_results": 3}, {"id": "brand-new"}]),
    ("chat/completions", "cache_control", {"type": "ephemeral", "ttl": "1h"}),
    ("chat/completions", "stop_server_tools_when", [{"type": "step_count_is", "step_count": 3}]),
    ("chat/completions", "reasoning", {"effort": None, "summary": "auto", "exclude": True}),
    ("chat/completions", "prediction", {"type": "content", "content": "x"}),
    (
        "chat/completions",
        "deferred_tools",
        {"profile": "portable", "protocol": "v1", "search": {"type": "bm25"}, "validation": "runtime"},
    ),
    ("chat/completions", "messages", [{"role": "assistant", "content": None}, {"role": "assistant"}]),
    ("chat/completions", "messages", [{"role": "tool", "content": "x", "tool_call_id": "1"}]),
    ("chat/completions", "messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
    ("chat/completions", "metadata", {str(number): "v" for number in range(16)}),
    ("messages", "tools", [{"name": "f", "input_schema": {"type": "object"}}, {"type": "web_search_20250305"}]),
    ("messages", "tool_choice", {"type": "tool", "name": "f"}),
    ("messages", "tool_choice", {"type": "auto", "disable_parallel_tool_use": True}),
    ("messages", "thinking", {"type": "enabled", "budget_tokens": 1024}),
    ("messages", "safeguards", [{"type": "x"}]),
    ("messages", "fallbacks", [{"model": "a"}]),
    ("messages", "service_tier", "anything"),
    ("responses", "stop", ["a"] * 9),
    ("responses", "previous_response_id", None),
    ("responses", "include", ["reasoning.encrypted_content"]),
    ("responses", "prompt", {"id": "p", "variables": {"a": 1}}),
    ("responses", "tool_choice", {"type": "allowed_tools", "mode": "auto", "tools": []}),
    ("responses", "max_tool_calls", 30),
]


@pytest.mark.parametrize(("kind", "field", "value"), ACCEPTED)
def test_accepted(kind: str, field: str, value: object) -> None:
    assert faults(kind, **{field: value}) == []


REFUSED: list[tuple[str, str, Any, str]] = [
    ("chat/completions", "model", None, f"model: {expected('string', 'null')}"),
    ("chat/completions", "models", "m", f"models: {expected('array', 'string')}"),
    ("chat/completions", "models", [1], f"models.0: {expected('string', 'number')}"),
    ("chat/completions", "top_p", 1.01, "top_p: Too big: expected number to be <=1"),
    ("chat/completions", "top_logprobs", 21, "top_logprobs: Too big: expected number to be <=20"),
    ("chat/completions", "presence_penalty", -3, "presence_penalty: Too small: expected number to be >=-2"),
    ("chat/completions", "seed", 1.5, f"seed: {expected('int', 'number')}"),
    ("chat/completions", "stop", list("abcde"), "stop: Invalid input"),
    ("chat/completions", "stream", "yes", f"stream: {expected('boolean', 'string')}"),
    ("chat/completions", "session_id", "x" * 257, "session_id: Too big: expected string to have <=256 characters"),
    ("chat/completions", "user", "x" * 257, "user: Too big: expected string to have <=256 characters"),
    (
        "chat/completions",
        "metadata",
        {str(number): "v" for number in range(17)},
        "metadata: Too big: expected object to have <=16 keys",
    ),
    (
        "chat/completions",
        "metadata",
        {"k" * 65: "v"},
        f"metadata.{'k' * 65}: Too big: expected string to have <=64 characters",
    ),
    ("chat/completions", "logit_bias", [], f"logit_bias: {expected('object', 'array')}"),
    (
        "chat/completions",
        "modalities",
        ["smell"],
        'modalities.0: Invalid option: expected one of "text"|"image"|"audio"',
    ),
    ("chat/completions", "tools", [{"function": {}}], f"tools.0.type: {expected('string', 'undefined')}"),
    ("chat/completions", "tools", [{"type": "function"}], f"tools.0.function: {expected('object', 'undefined')}"),
    (
        "chat/completions",
        "tools",
        [{"type": "function", "function": {}}],
        f"tools.0.function.name: {expected('string', 'undefined')}",
    ),
    ("chat/completions", "tools", ["x"], f"tools.0: {expected('object', 'string')}"),
    ("chat/completions", "tool_choice", "maybe", "tool_choice: Invalid input"),
    ("chat/completions", "reasoning", None, f"reasoning: {expected('object', 'null')}"),
    ("chat/completions", "plugins", [{}], f"plugins.0.id: {expected('string', 'undefined')}"),
    (
        "chat/completions",
        "stop_server_tools_when",
        [],
        "stop_server_tools_when: Too small: expected array to have >=1 items",
    ),
    (
        "chat/completions",
        "stop_server_tools_when",
        [{"type": "max_cost"}],
        f"stop_server_tools_when.0.max_cost_in_dollars: {expected('number', 'undefined')}",
    ),
    ("chat/completions", "messages", ["x"], f"messages.0: {expected('object', 'string')}"),
    ("chat/completions", "messages", [{"role": "user"}], f"messages.0.content: {expected('string', 'undefined')}"),
    (
        "chat/completions",
        "messages",
        [{"role": "poet", "content": "x"}],
        'messages.0.role: Invalid option: expected one of "system"|"user"|"developer"|"assistant"|"tool"',
    ),
    (
        "chat/completions",
        "messages",
        [{"role": "system", "content": [{"type": "image_url"}]}],
        "messages.0.content: Invalid input",
    ),
    ("messages", "max_tokens", None, f"max_tokens: {expected('number', 'null')}"),
    ("messages", "fallbacks", [{"model": "a"}] * 4, "fallbacks: Too big: expected array to have <=3 items"),
    ("messages", "speed", "warp", 'speed: Invalid option: expected one of "fast"|"standard"'),
    ("messages", "system", None, "system: Invalid input"),
    ("messages", "thinking", {"type": "enabled"}, f"thinking.budget_tokens: {expected('number', 'undefined')}"),
    ("messages", "tools", [{}], "tools.0: Invalid input"),
    ("responses", "store", True, "store: Invalid input: expected false"),
    ("responses", "store", 0, "store: Invalid input: expected false"),
    ("responses", "previous_response_id", "r", f"previous_response_id: {expected('null', 'string')}"),
    ("responses", "max_tool_calls", 31, "max_tool_calls: Too big: expected number to be <=30"),
    ("responses", "instructions", 5, f"instructions: {expected('string', 'number')}"),
    ("responses", "input", {}, "input: Invalid input"),
    ("responses", "cache_control", {"type": "eternal"}, 'cache_control.type: Invalid input: expected "ephemeral"'),
]


@pytest.mark.parametrize(("kind", "field", "value", "message"), REFUSED)
def test_refused(kind: str, field: str, value: object, message: str) -> None:
    assert faults(kind, **{field: value}) == [message]


@pytest.mark.parametrize("kind", sorted(REQUESTS))
@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (None, None),
        ({}, None),
        ({"sort": "price"}, None),
        ({"sort": {"by": "latency", "partition": "none"}}, None),
        ({"order": None, "only": ["xai"], "ignore": []}, None),
        ({"preferred_max_latency": 5, "preferred_min_throughput": {"p50": 5}}, None),
        ({"max_price": {"prompt": "0.5", "completion": 2}, "options": {"xai": {}}}, None),
        ({"quantizations": ["fp8"], "data_collection": "deny", "zdr": True}, None),
        ({"brand_new": 1}, 'provider: Unrecognized key: "brand_new"'),
        ({"sort": "cheapest"}, "provider.sort: Invalid input"),
        ({"data_collection": "maybe"}, 'provider.data_collection: Invalid option: expected one of "deny"|"allow"'),
        ({"zdr": "yes"}, f"provider.zdr: {expected('boolean', 'string')}"),
        ([], f"provider: {expected('object', 'array')}"),
    ],
)
def test_provider_is_closed(kind: str, provider: object, message: str | None) -> None:
    assert faults(kind, provider=provider) == ([] if message is None else [message])
