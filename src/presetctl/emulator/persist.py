"""What a preset keeps of a request: its config and its system prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from presetctl.emulator.errors import bad_request
from presetctl.emulator.jsontext import Json, normalized
from presetctl.emulator.rules import REQUESTS, Fate
from presetctl.emulator.switches import Switches

_FAULTS_SHOWN = 20


@dataclass(frozen=True)
class Content:
    """What one version holds."""

    config: dict[str, Json]
    system_prompt: str | None


def content_of(kind: str, body: dict[str, Json], switches: Switches) -> Content:
    """What is stored of ``body``, a request of ``kind``. ApiError 400 with its faults if it breaks a rule."""
    faults = list(islice(REQUESTS[kind].check("", body), _FAULTS_SHOWN))
    if faults:
        raise bad_request("; ".join(faults))
    config = _stored(_config(kind, body, switches), switches)
    return Content(config, _PROMPTS[kind](body) or None)


def _config(kind: str, body: dict[str, Json], switches: Switches) -> dict[str, Json]:
    fates = {Fate.KEPT} if switches.unknown_fields == "drop" else {Fate.KEPT, Fate.UNDOCUMENTED}
    fields = REQUESTS[kind].fields
    return {name: value for name, value in body.items() if name in fields and fields[name].fate in fates}


def _stored(config: dict[str, Json], switches: Switches) -> dict[str, Json]:
    if switches.nulls == "drop":
        config = {name: value for name, value in config.items() if value is not None}
    if switches.server_defaults:
        config = _with_defaults(config)
    if switches.json_form == "normalized":
        config = {name: normalized(config[name]) for name in sorted(config)}
    return config


_DEFAULTS: Mapping[str, Json] = {"top_p": None, "seed": None, "stop": [], "models": []}
_PROVIDER_DEFAULTS: Mapping[str, Json] = {
    "sort": None,
    "order": [],
    "ignore": [],
    "allow_fallbacks": True,
    "require_parameters": False,
}


def _with_defaults(config: dict[str, Json]) -> dict[str, Json]:
    result = {**_DEFAULTS, **config}
    provider = result.get("provider")
    if isinstance(provider, dict):
        result["provider"] = {**_PROVIDER_DEFAULTS, **provider}
    return result


def _from_messages(body: dict[str, Json]) -> str:
    messages = body["messages"]
    prompts = [
        _text(message["content"])
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict) and message["role"] == "system"
    ]
    return "\n\n".join(prompts)


def _from_system(body: dict[str, Json]) -> str:
    return _text(body.get("system"))


def _from_instructions(body: dict[str, Json]) -> str:
    return _text(body.get("instructions"))


def _text(content: Json) -> str:
    if isinstance(content, list):
        return "".join(str(part["text"]) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


_PROMPTS: Mapping[str, Callable[[dict[str, Json]], str]] = {
    "chat/completions": _from_messages,
    "messages": _from_system,
    "responses": _from_instructions,
}
