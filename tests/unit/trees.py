"""A repository in memory, and small schemas to check it against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from presetctl.domain.errors import InputError
from presetctl.repository import Repository, load
from presetctl.specs.schemas import SchemaLibrary


@dataclass
class MemoryTree:
    """Files by path."""

    contents: Mapping[str, str]

    def files(self, folder: str) -> Iterable[str]:
        return sorted(path for path in self.contents if path.startswith(f"{folder}/"))

    def read(self, path: str, limit: int) -> bytes:
        if path not in self.contents:
            raise InputError(f"{path} doesn't exist", hint="make it")
        return self.contents[path].encode()[: limit + 1]


def config_schema(kind: str, prompt: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    notes = {
        "kind": kind,
        "operation": "POST /presets/{slug}/x",
        "system_prompt": prompt,
        "per_request": {"stream": "documented", "messages": "documented"},
        "config": {name: {"as": name, "evidence": "unknown"} for name in properties},
        "defaults": {},
        "opaque": [],
        "dashboard_only": ["cache_enabled"],
    }
    return {"type": "object", "additionalProperties": False, "properties": properties, "x-presetctl": notes, **more}


_LIBRECHAT = {
    "system_prompt_of_models": {"anthropic": "system"},
    "body": {"endpoint": "small"},
    "per_request": {},
    "dashboard_only": [],
    "ignored": ["instructions", "max_tokens", "tools", "top_p"],
    "not_kept": ["safetySettings", "stop_sequences", "top_k"],
    "managed": ["endpoint", "presetId", "title"],
    "instead": {"instructions": "system_prompt", "top_k": "topK"},
    "switches": {"web_search": "web_search"},
}
_TEXT = {"type": "string", "minLength": 1}
_MODEL_SPEC: dict[str, Any] = {
    "group": _TEXT,
    "order": {"type": "number"},
    "default": {"type": "boolean"},
    "subagents": {"type": "object", "additionalProperties": False, "properties": {"enabled": {"type": "boolean"}}},
}
_OVERRIDE: dict[str, Any] = {
    "title": {"type": ["string", "null"]},
    "description": {"type": ["string", "null"]},
    "system_prompt": {"type": ["string", "null"]},
}
_OVERRIDE |= {"model_spec": {"type": ["object", "boolean", "null"]}}
_OVERRIDE |= {"protected": {"type": ["boolean", "null"]}}
_OVERRIDE |= {"system_prompt_file": {"type": ["string", "null"]}, "config": {"type": ["object", "null"]}}


@dataclass
class SmallSchemas:
    """Two kinds of one provider, `openrouter/chat-completions` and `openrouter/b`, and `librechat/small`."""

    made: dict[str, int] = field(default_factory=dict)

    def kinds(self) -> Sequence[str]:
        return ("openrouter/chat-completions", "openrouter/b", "librechat/small")

    def config_schema(self, kind: str) -> Mapping[str, Any]:
        number = {"type": ["number", "null"], "maximum": 2}
        if kind == "librechat/small":
            schema = config_schema(
                kind, "promptPrefix", {"model": _TEXT, "topK": number, "web_search": {"type": "boolean"}}
            )
            schema["x-presetctl"] |= _LIBRECHAT
            return schema
        if kind == "openrouter/b":
            return config_schema(kind, "system", {"model": _TEXT, "only_b": number}, required=["model"])
        provider = {"type": "object", "additionalProperties": False, "properties": {"sort": {"enum": ["price"]}}}
        tools = {"type": "array", "items": {"type": "object", "required": ["type"]}}
        properties = {"model": _TEXT, "temperature": number, "provider": provider, "tools": tools}
        return config_schema(kind, "messages", properties)

    def model_specs_schema(self) -> Mapping[str, Any]:
        return SchemaLibrary.packaged().model_specs_schema()

    def preset_schema(self) -> Mapping[str, Any]:
        override = {"type": "object", "additionalProperties": False, "properties": _OVERRIDE}
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "kind": {"enum": list(self.kinds())},
                "slug": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                **_OVERRIDE,
                "model_spec": {"type": ["object", "boolean"]},
                "config": {"type": "object"},
                "protected": {"type": "boolean"},
                "overrides": {"type": "object", "additionalProperties": override},
            },
            "allOf": [{"if": {}, "then": {"$ref": "elsewhere.json"}}],
            "$defs": {"model_spec": {"type": "object", "additionalProperties": False, "properties": _MODEL_SPEC}},
        }


PROJECT = """\
version: 1
default_workspace: one
workspaces:
  one: {provider: openrouter, url: embedded}
  two: {provider: openrouter, url: embedded, not_kept: [seed]}
"""


def repository(files: Mapping[str, str], project: str = PROJECT) -> Repository:
    """The repository that these files make; the names of presets are given without folder and suffix."""
    contents = {name if name.endswith(".md") else f"presets/{name}.yaml": text for name, text in files.items()}
    return load(MemoryTree({"presetctl.yaml": project, **contents}), SmallSchemas())
