"""The rules of the three requests: what each field may hold, and whether a preset keeps it.

``Fate`` states the evidence: KEPT is documented or was seen live, UNDOCUMENTED is config-like but described nowhere,
TRANSIENT belongs to one request (or becomes the system prompt) and is never part of a config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from presetctl.emulator.checks import (
    Check,
    anything,
    array,
    boolean,
    either,
    mapping,
    nullable,
    number,
    one_of,
    only_null,
    shape,
    tagged,
    text,
)
from presetctl.emulator.parts import (
    CACHE_CONTROL,
    CHAT_MESSAGES,
    DEFERRED_TOOLS,
    IMAGE_CONFIG,
    INPUT_ITEM,
    MESSAGES_MESSAGE,
    MESSAGES_TOOL,
    PLUGIN,
    PROMPT_CACHE_OPTIONS,
    PROVIDER,
    REASONING,
    RESPONSE_FORMAT,
    SERVICE_TIER,
    STOP_CONDITION,
    TEXT_BLOCK,
    THINKING,
    TYPED,
    chat_tool,
)


class Fate(Enum):
    """What becomes of a request field in the stored config."""

    KEPT = "kept"
    UNDOCUMENTED = "undocumented"
    TRANSIENT = "transient"


@dataclass(frozen=True)
class Rule:
    """One field of a request: what it may hold and what becomes of it."""

    check: Check
    fate: Fate


@dataclass(frozen=True)
class RequestKind:
    """One kind of request: its fields, and the check of a whole body. Unknown fields are accepted."""

    fields: Mapping[str, Rule]
    check: Check


def _request(fields: Mapping[str, Rule], required: Mapping[str, str]) -> RequestKind:
    return RequestKind(fields, shape({name: rule.check for name, rule in fields.items()}, required))


_STRING = text()
_NULL_STRING = nullable(_STRING)
_NULL_NUMBER = nullable(number())
_NULL_INTEGER = nullable(number(whole=True))
_NULL_BOOLEAN = nullable(boolean)
_INTEGER = number(whole=True)
_OBJECT = shape({})
_NULL_OBJECT = nullable(_OBJECT)


def _all(fate: Fate, checks: Mapping[str, Check]) -> dict[str, Rule]:
    return {name: Rule(check, fate) for name, check in checks.items()}


# In all three requests.
_COMMON = {
    **_all(
        Fate.KEPT,
        {"model": _STRING, "models": array(_STRING), "provider": nullable(PROVIDER)},
    ),
    **_all(
        Fate.UNDOCUMENTED,
        {
            "cache_control": CACHE_CONTROL,
            "deferred_tools": DEFERRED_TOOLS,
            "plugins": array(PLUGIN),
            "route": nullable(one_of("fallback", "sort")),
            "stop_server_tools_when": array(STOP_CONDITION, fewest=1),
        },
    ),
    **_all(
        Fate.TRANSIENT,
        {
            "session_id": text(longest=256),
            "stream": boolean,
            "trace": _OBJECT,
            "user": text(longest=256),
        },
    ),
}

_PAIRS = mapping(text(longest=512), most=16, key_check=text(longest=64))
_STOP = nullable(either(_STRING, array(_STRING, most=4)))
_PENALTY = nullable(number(-2, 2))
_TOP_LOGPROBS = nullable(number(0, 20, whole=True))

_CHAT = {
    **_COMMON,
    **_all(
        Fate.KEPT,
        {
            "max_tokens": _NULL_INTEGER,
            "reasoning": REASONING,
            "temperature": nullable(number(0, 2)),
            "tool_choice": either(one_of("none", "auto", "required"), TYPED),
            "tools": array(chat_tool),
            "top_p": nullable(number(0, 1)),
        },
    ),
    **_all(
        Fate.UNDOCUMENTED,
        {
            "frequency_penalty": _PENALTY,
            "image_config": IMAGE_CONFIG,
            "logit_bias": nullable(mapping(number())),
            "logprobs": _NULL_BOOLEAN,
            "max_completion_tokens": _NULL_INTEGER,
            "min_p": _NULL_NUMBER,
            "modalities": array(one_of("text", "image", "audio")),
            "parallel_tool_calls": _NULL_BOOLEAN,
            "prediction": nullable(shape({"type": one_of("content")}, {"type": "string", "content": "string"})),
            "presence_penalty": _PENALTY,
            "prompt_cache_key": _NULL_STRING,
            "prompt_cache_options": PROMPT_CACHE_OPTIONS,
            "reasoning_effort": nullable(one_of("max", "xhigh", "high", "medium", "low", "minimal", "none")),
            "repetition_penalty": _NULL_NUMBER,
            "response_format": RESPONSE_FORMAT,
            "seed": _NULL_INTEGER,
            "service_tier": SERVICE_TIER,
            "stop": _STOP,
            "top_a": _NULL_NUMBER,
            "top_k": _NULL_INTEGER,
            "top_logprobs": _TOP_LOGPROBS,
        },
    ),
    **_all(
        Fate.TRANSIENT,
        {"debug": _OBJECT, "messages": CHAT_MESSAGES, "metadata": _PAIRS, "stream_options": _NULL_OBJECT},
    ),
}

_MESSAGES = {
    **_COMMON,
    **_all(
        Fate.KEPT,
        {
            "max_tokens": _INTEGER,
            "temperature": number(),
            "tools": array(MESSAGES_TOOL),
            "top_p": number(),
        },
    ),
    **_all(
        Fate.UNDOCUMENTED,
        {
            "context_management": nullable(shape({"edits": array(TYPED)})),
            "fallbacks": nullable(array(shape({"model": _STRING}, {"model": "string"}), most=3)),
            "output_config": shape(
                {"effort": nullable(one_of("low", "medium", "high", "xhigh", "max")), "format": nullable(TYPED)}
            ),
            "safeguards": nullable(array(TYPED)),
            "service_tier": _STRING,
            "speed": nullable(one_of("fast", "standard")),
            "stop_sequences": array(_STRING),
            "thinking": THINKING,
            "tool_choice": tagged(
                "type",
                {"auto": TYPED, "any": TYPED, "none": TYPED, "tool": shape({"name": _STRING}, {"name": "string"})},
            ),
            "top_k": _INTEGER,
        },
    ),
    **_all(
        Fate.TRANSIENT,
        {
            "messages": nullable(array(MESSAGES_MESSAGE)),
            "metadata": shape({"user_id": _NULL_STRING}),
            "system": either(_STRING, array(TEXT_BLOCK)),
        },
    ),
}

_RESPONSES = {
    **_COMMON,
    **_all(
        Fate.KEPT,
        {"temperature": _NULL_NUMBER, "tools": array(TYPED), "top_p": _NULL_NUMBER},
    ),
    **_all(
        Fate.UNDOCUMENTED,
        {
            "frequency_penalty": _NULL_NUMBER,
            "image_config": IMAGE_CONFIG,
            "max_output_tokens": _NULL_INTEGER,
            "max_tool_calls": nullable(number(high=30, whole=True)),
            "modalities": array(one_of("text", "image")),
            "parallel_tool_calls": _NULL_BOOLEAN,
            "presence_penalty": _NULL_NUMBER,
            "prompt_cache_key": _NULL_STRING,
            "prompt_cache_options": PROMPT_CACHE_OPTIONS,
            "reasoning": nullable(REASONING),
            "service_tier": SERVICE_TIER,
            "stop": nullable(either(_STRING, array(_STRING))),
            "text": shape(
                {
                    "format": tagged("type", {"text": TYPED, "json_object": TYPED, "json_schema": TYPED}),
                    "verbosity": nullable(one_of("low", "medium", "high", "xhigh", "max")),
                }
            ),
            "tool_choice": either(one_of("none", "auto", "required"), TYPED),
            "top_k": _INTEGER,
            "top_logprobs": _NULL_INTEGER,
            "truncation": nullable(one_of("auto", "disabled")),
        },
    ),
    **_all(
        Fate.TRANSIENT,
        {
            "background": _NULL_BOOLEAN,
            "debug": _OBJECT,
            "include": nullable(array(_STRING)),
            "input": either(_STRING, array(INPUT_ITEM)),
            "instructions": _NULL_STRING,
            "metadata": nullable(_PAIRS),
            "previous_response_id": only_null,
            "prompt": nullable(shape({"id": _STRING, "variables": anything}, {"id": "string"})),
            "safety_identifier": _NULL_STRING,
            "store": one_of(False),
        },
    ),
}

REQUESTS: Mapping[str, RequestKind] = {
    "chat/completions": _request(_CHAT, {"messages": "array"}),
    "messages": _request(_MESSAGES, {"model": "string", "messages": "array"}),
    "responses": _request(_RESPONSES, {}),
}
