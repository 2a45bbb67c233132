"""The fields that LibreChat keeps of a preset, and what Mongoose makes of the values that it is sent for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from presetctl.emulator.jsontext import Json
from presetctl.emulator.librechat.numbers import js_number, js_text

Cast = Callable[[Json], Json]

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?Infinity")
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_BOOLEANS: dict[Json, bool] = {  # 1 and 0 are also True and False here
    "true": True, 1: True, "1": True, "yes": True, "false": False, 0: False, "0": False, "no": False,
}  # fmt: skip


class CastError(Exception):
    """A value that its field can't take."""


def truthy(value: Json) -> bool:
    """What JavaScript takes for true: also an empty list or object."""
    return isinstance(value, list | dict) or bool(value)


def text(value: Json) -> Json:
    """A string, or null; of an object with an id, the id."""
    if isinstance(value, dict) and isinstance(value.get("_id"), str) and value["_id"]:
        return value["_id"]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise CastError
    return js_text(value) if isinstance(value, int | float) else value


def number(value: Json) -> Json:
    """A number, or null; of an object with an id, the id. No range is ever checked."""
    if isinstance(value, dict) and "_id" in value:
        value = value["_id"]
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, list | dict):
        raise CastError
    return value


def _parsed(value: str) -> int | float | None:
    if not value:
        return None
    trimmed = value.strip() or "0"
    if _PREFIXED.fullmatch(trimmed):
        return js_number(str(int(trimmed, 0)))
    if not _DECIMAL.fullmatch(trimmed):
        raise CastError
    return js_number(trimmed)


def boolean(value: Json) -> Json:
    """A boolean, or null."""
    if value is None:
        return None
    if isinstance(value, list | dict) or value not in _BOOLEANS:
        raise CastError
    return _BOOLEANS[value]


def anything(value: Json) -> Json:
    """Whatever it is."""
    return value


def object_id(value: Json) -> Json:
    """The id of a document."""
    if not (isinstance(value, str) and _OBJECT_ID.fullmatch(value)):
        raise CastError
    return value


def list_of(cast: Cast) -> Cast:
    """A list, or null; what is no list becomes one."""

    def cast_list(value: Json) -> Json:
        if value is None:
            return None
        return [cast(item) for item in (value if isinstance(value, list) else [value])]

    return cast_list


def tools(value: Json) -> Json:
    """Names of tools. In a list, objects with a pluginKey become that; whatever is no name then is left out."""
    if not isinstance(value, list):
        return list_of(text)(value)
    names = [
        (truthy(item.get("pluginKey")) and item["pluginKey"]) if isinstance(item, dict) else item for item in value
    ]
    return [name for name in names if isinstance(name, str)]


def _code_workspace(value: Json) -> Json:
    if not truthy(value):
        return value
    if not isinstance(value, dict):
        raise CastError
    return {name: text(value[name]) for name in ("environmentId", "workspaceId") if name in value}


def _all(cast: Cast, names: str) -> dict[str, Cast]:
    return dict.fromkeys(names.split(), cast)


FIELDS: Mapping[str, Cast] = {
    **_all(
        text,
        "title endpoint endpointType model region chatGptLabel modelLabel promptPrefix promptCacheTtl thinkingLevel"
        " effort system imageDetail agent_id codeApprovalMode codeEnvironmentMode assistant_id instructions iconURL"
        " greeting spec reasoning_effort reasoning_summary reasoning_mode reasoning_context verbosity",
    ),
    **_all(
        number,
        "__v order temperature top_p topP topK maxOutputTokens maxTokens presence_penalty frequency_penalty"
        " thinkingBudget maxContextTokens max_tokens fileTokenLimit",
    ),
    **_all(
        boolean,
        "defaultPreset resendImages promptCache thinking resendFiles isArchived useResponsesApi web_search"
        " url_context disableStreaming",
    ),
    **_all(list_of(text), "file_ids stop tags"),
    "examples": list_of(anything),
    "tools": tools,
    "codeWorkspaces": list_of(_code_workspace),
    "_id": object_id,
}


def kept(sent: Mapping[str, Json]) -> dict[str, Json]:
    """What is stored of the fields in ``sent``; unknown ones are dropped. CastError if one doesn't fit."""
    return {name: cast(sent[name]) for name, cast in FIELDS.items() if name in sent}
