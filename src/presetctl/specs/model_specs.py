"""What LibreChat exports of the schema of ``modelSpecs`` → the schema of that section, and of a preset's part in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from presetctl.domain.errors import InputError
from presetctl.domain.preset import MODEL_SPEC_FROM_PRESET
from presetctl.specs.overlay import Overlay, apply_overlay
from presetctl.specs.reading import Schema, read_mapping

NAME: Final = "modelSpecs"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def section_schema(data: bytes, overlay: Overlay) -> Schema:
    """The closed schema of the section ``modelSpecs`` of librechat.yaml. InputError for what isn't its export."""
    definitions = read_mapping(data, NAME).get("definitions")
    exported = definitions.get(NAME) if isinstance(definitions, dict) else None
    if not isinstance(exported, dict) or not _has_presets(exported):
        raise InputError(f"{NAME} is not a schema as LibreChat exports it: it has no list of specs with a preset")
    changed: Schema = apply_overlay({NAME: _plain(exported)}, overlay)[0][NAME]
    return {"$schema": _DIALECT, "title": f"{NAME} of librechat.yaml"} | changed


def entry_schema(section: Schema) -> Schema:
    """The schema of what a preset's file says of its entry in the section, beside what is known of the preset."""
    fields = section["properties"]["list"]["items"]["properties"]
    own = {name: value for name, value in fields.items() if name not in MODEL_SPEC_FROM_PRESET}
    return {"type": "object", "additionalProperties": False, "properties": own}


def _has_presets(exported: Mapping[str, Any]) -> bool:
    value: Any = exported
    for step in ("properties", "list", "items", "properties", "preset", "properties"):
        value = value.get(step) if isinstance(value, dict) else None
    return isinstance(value, dict)


def _plain(value: Any) -> Any:
    """The schema with unions of a schema, of nothing and of null as types and values; without default values."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "anyOf" in value:
        return _union([_plain(each) for each in value["anyOf"] if each != {"not": {}}])
    if "properties" in value:
        inner = {name: _plain(each) for name, each in value["properties"].items()}
        return {key: _plain(each) for key, each in value.items() if key != "default"} | {"properties": inner}
    return {key: _plain(each) for key, each in value.items() if key != "default"}


def _union(branches: list[Schema]) -> Schema:
    """One of the branches; where any text is good, those that name some texts say nothing more."""
    if {"type": "string"} in branches:
        branches = [each for each in branches if each == {"type": "string"} or each.get("type") != "string"]
    others = [each for each in branches if each != {"type": "null"}]
    if len(others) != 1 or "type" not in others[0]:
        return {"anyOf": branches}
    (plain,) = others
    if len(others) == len(branches):
        return plain
    types = [plain["type"]] if isinstance(plain["type"], str) else plain["type"]
    values = {"enum": [*plain["enum"], None]} if "enum" in plain else {}
    return plain | {"type": [*types, "null"]} | values
