"""What the nested values of a request may hold, as far as the API checks them. Only ``provider`` is closed."""

from __future__ import annotations

from collections.abc import Iterator

from presetctl.emulator.checks import (
    array,
    boolean,
    either,
    mapping,
    nullable,
    number,
    one_of,
    shape,
    tagged,
    text,
)
from presetctl.emulator.jsontext import Json

_STRING = text()
_NUMBER = number()
_NULL_BOOLEAN = nullable(boolean)


TYPED = shape({"type": _STRING}, {"type": "string"})
"""Any object that says its type."""

CACHE_CONTROL = shape({"type": one_of("ephemeral"), "ttl": one_of("5m", "1h")}, {"type": "string"})

DEFERRED_TOOLS = shape(
    {"profile": one_of("portable"), "protocol": one_of("v1"), "search": TYPED, "validation": one_of("runtime")},
    {"profile": "string", "protocol": "string", "search": "object", "validation": "string"},
)

PLUGIN = shape({"id": _STRING, "enabled": boolean}, {"id": "string"})

_STOP_LIMITS = {
    "step_count_is": ("step_count", number(whole=True), "number"),
    "has_tool_call": ("tool_name", _STRING, "string"),
    "max_tokens_used": ("max_tokens", number(whole=True), "number"),
    "max_cost": ("max_cost_in_dollars", _NUMBER, "number"),
    "finish_reason_is": ("reason", _STRING, "string"),
}

STOP_CONDITION = tagged(
    "type",
    {name: shape({field: check}, {field: expected}) for name, (field, check, expected) in _STOP_LIMITS.items()},
)

IMAGE_CONFIG = mapping(either(_STRING, _NUMBER, array()))

PROMPT_CACHE_OPTIONS = nullable(shape({"mode": one_of("explicit"), "ttl": nullable(_STRING)}, {"mode": "string"}))

SERVICE_TIER = nullable(one_of("auto", "default", "fast", "flex", "priority", "scale", "ultrafast"))

REASONING = shape(
    {
        "effort": nullable(one_of("max", "xhigh", "high", "medium", "low", "minimal", "none")),
        "enabled": _NULL_BOOLEAN,
        "max_tokens": nullable(number(whole=True)),
        "summary": nullable(one_of("auto", "concise", "detailed")),
    }
)

THINKING = tagged(
    "type",
    {
        "enabled": shape({"budget_tokens": number(whole=True)}, {"budget_tokens": "number"}),
        "disabled": TYPED,
        "adaptive": TYPED,
    },
)

RESPONSE_FORMAT = tagged(
    "type",
    {
        "text": TYPED,
        "json_object": TYPED,
        "json_schema": shape({"json_schema": shape({"name": _STRING}, {"name": "string"})}, {"json_schema": "object"}),
        "grammar": shape({"grammar": _STRING}, {"grammar": "string"}),
        "python": TYPED,
    },
)

_NAMED = shape({"name": _STRING}, {"name": "string"})
_FUNCTION_TOOL = shape({"type": _STRING, "function": _NAMED}, {"type": "string", "function": "object"})


def chat_tool(path: str, value: Json) -> Iterator[str]:
    """A function tool with its function, or any other tool by its type."""
    is_function = isinstance(value, dict) and value.get("type") == "function"
    return (_FUNCTION_TOOL if is_function else TYPED)(path, value)


MESSAGES_TOOL = either(
    shape({"name": _STRING, "input_schema": shape({})}, {"name": "string", "input_schema": "object"}), TYPED
)

_TEXT_PART = shape({"type": one_of("text"), "text": _STRING}, {"type": "string", "text": "string"})
_PROMPT_TEXT = either(_STRING, array(_TEXT_PART))
_CONTENT = either(_STRING, array(TYPED))

TEXT_BLOCK = _TEXT_PART
"""One block of a system prompt that is given as a list."""

CHAT_MESSAGES = array(
    tagged(
        "role",
        {
            "system": shape({"content": _PROMPT_TEXT}, {"content": "string"}),
            "user": shape({"content": _CONTENT}, {"content": "string"}),
            "developer": shape({"content": _PROMPT_TEXT}, {"content": "string"}),
            "assistant": shape({"content": nullable(_CONTENT)}),
            "tool": shape(
                {"content": _CONTENT, "tool_call_id": _STRING}, {"content": "string", "tool_call_id": "string"}
            ),
        },
    ),
    fewest=1,
)

MESSAGES_MESSAGE = shape(
    {"role": one_of("user", "assistant", "system"), "content": _CONTENT}, {"role": "string", "content": "string"}
)

INPUT_ITEM = shape({"type": _STRING})

PROVIDER_SORT = one_of("price", "throughput", "latency", "exacto")
_CUTOFF = nullable(either(number(), shape({name: nullable(number()) for name in ("p50", "p75", "p90", "p99")})))
_NAMES = nullable(array(_STRING))

PROVIDER = shape(
    {
        "allow_fallbacks": _NULL_BOOLEAN,
        "data_collection": nullable(one_of("deny", "allow")),
        "enforce_distillable_text": _NULL_BOOLEAN,
        "ignore": _NAMES,
        "max_price": mapping(either(_STRING, _NUMBER)),
        "only": _NAMES,
        "options": shape({}),
        "order": _NAMES,
        "preferred_max_latency": _CUTOFF,
        "preferred_min_throughput": _CUTOFF,
        "quantizations": nullable(
            array(
                one_of(
                    *("int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown")
                )
            )
        ),
        "require_parameters": _NULL_BOOLEAN,
        "sort": nullable(
            either(
                PROVIDER_SORT,
                shape({"by": nullable(PROVIDER_SORT), "partition": nullable(one_of("model", "none"))}),
            )
        ),
        "zdr": _NULL_BOOLEAN,
    },
    closed=True,
)
