"""The schema of a preset file, for editors: the envelope, and by kind the schema of its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from presetctl.domain.kind import DEFAULT_PRESET, KEYS, ORDER, PRESET_ID, TITLE
from presetctl.domain.preset import DEFAULT_KIND, MODEL_SPEC
from presetctl.specs.patterns import END
from presetctl.specs.reading import Schema

_MAX_SLUG: Final = 100
_SLUG: Final = "^[a-z0-9]+(?:-[a-z0-9]+)*" + END
_PROMPTS: Final = ("system_prompt", "system_prompt_file")
_ONE_PROMPT: Final = {
    "not": {
        "type": "object",
        "properties": {key: {"type": "string"} for key in _PROMPTS},
        "required": list(_PROMPTS),
    }
}
"""Not both; null may remove the one while the other is set."""


def preset_schema(configs: Mapping[str, Schema], model_spec: Schema | None = None) -> Schema:
    """The schema of a preset file of the kinds in ``configs``. It refers to their files, relative to itself.

    What a kind requires is not required here: defaults in presetctl.yaml may supply it. ``model_spec`` is the schema of
    the key of that name, for kinds that have it.
    """
    envelope = _envelope(configs)
    return envelope if model_spec is None else _with_model_spec(envelope, model_spec)


def _envelope(configs: Mapping[str, Schema]) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "presetctl preset",
        "description": "One preset: its slug is the name of the file unless `slug` says otherwise.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "kind": {
                "description": f"The request spec that `config` is written in; {DEFAULT_KIND} unless said otherwise.",
                "enum": list(configs),
            },
            "slug": {
                "description": "The preset's name in a workspace: small letters and digits, parted by single hyphens.",
                "type": "string",
                "pattern": _SLUG,
                "maxLength": _MAX_SLUG,
            },
            **_content(["string", "null"], "string", "object", "boolean"),
            **_listing(),
            "overrides": {
                "description": "By workspace, what differs there: a JSON Merge Patch, in which null removes.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        **_content(["string", "null"], ["string", "null"], ["object", "null"], ["boolean", "null"]),
                        **_listing(nothing=True),
                    },
                },
            },
        },
        "allOf": [
            _ONE_PROMPT | {"properties": {"overrides": {"additionalProperties": _ONE_PROMPT}}},
            *(_rule(kind, schema) for kind, schema in configs.items()),
        ],
    }


def _with_model_spec(envelope: Schema, schema: Schema) -> Schema:
    """The envelope with a key for what only modelSpecs have of a preset; its own rules are among those of the kinds."""
    said = "What the entry in LibreChat's modelSpecs says beside the preset, such as group; false for no entry."
    override = envelope["properties"]["overrides"]["additionalProperties"]
    overrides = envelope["properties"]["overrides"] | {
        "additionalProperties": override
        | {"properties": override["properties"] | _model_spec(said, ["object", "boolean", "null"])}
    }
    properties = envelope["properties"] | _model_spec(said, ["object", "boolean"]) | {"overrides": overrides}
    names: Schema = {"propertyNames": {"enum": list(schema["properties"])}}
    rule: Schema = {
        "properties": {
            MODEL_SPEC: {"if": {"type": "object"}, "then": {"$ref": f"#/$defs/{MODEL_SPEC}"}},
            "overrides": {"additionalProperties": {"properties": {MODEL_SPEC: names}}},
        }
    }
    return envelope | {
        "properties": properties,
        "allOf": [*envelope["allOf"], rule],
        "$defs": {MODEL_SPEC: schema},
    }


def _model_spec(said: str, types: list[str]) -> dict[str, Any]:
    return {MODEL_SPEC: {"description": said, "type": types}}


def _content(
    text: str | list[str], title: str | list[str], mapping: str | list[str], flag: str | list[str]
) -> dict[str, Any]:
    return {
        "title": {
            "description": "What LibreChat lists the preset under; its slug unless said otherwise. Not for OpenRouter.",
            "type": title,
            "minLength": 1,
        },
        "description": {"description": "What the preset is for, for people; workspaces don't keep it.", "type": text},
        "system_prompt": {"description": "The system prompt itself.", "type": text, "minLength": 1},
        "system_prompt_file": {
            "description": "A text file in the repository that holds the system prompt.",
            "type": text,
            "minLength": 1,
        },
        "protected": {
            "description": "Whether changing it needs its name: typed, or in --allow-protected.",
            "type": flag,
        },
        "config": {"description": "The request fields that the preset keeps, such as model.", "type": mapping},
    }


def _listing(*, nothing: bool = False) -> dict[str, Any]:
    """How LibreChat lists a preset, and which one it is there; ``nothing`` where null may take a key away."""
    return {
        PRESET_ID: {
            "description": "The presetId of a preset in LibreChat that apply is to adopt, instead of making one.",
            "type": ["string", "null"] if nothing else "string",
            "minLength": 1,
        },
        DEFAULT_PRESET: {
            "description": "Makes it the user's default preset in LibreChat; one preset of a workspace can be that.",
            "enum": [True, None] if nothing else [True],
        },
        ORDER: {
            "description": "Where LibreChat lists the preset: lowest first. A default preset is first anyway.",
            "type": ["number", "null"] if nothing else "number",
        },
    }


def _rule(kind: str, schema: Schema) -> Schema:
    file = f"{kind}.schema.json"
    fields = list(schema["properties"])
    config: Schema = {"$ref": file}
    if "required" in schema:
        config = {
            "additionalProperties": False,
            "properties": {name: {"$ref": f"{file}#/properties/{name}"} for name in fields},
        }
    is_listed = TITLE in schema.get("x-presetctl", {}).get("managed", ())
    titled: Schema = {} if is_listed else dict.fromkeys((*KEYS.values(), PRESET_ID, MODEL_SPEC), False)
    override = {"properties": {"config": {"propertyNames": {"enum": fields}}, **titled}}
    meant: Schema = {"properties": {"kind": {"const": kind}}}
    return {
        "if": meant if kind == DEFAULT_KIND else meant | {"required": ["kind"]},
        "then": {"properties": {"config": config, "overrides": {"additionalProperties": override}, **titled}},
    }
