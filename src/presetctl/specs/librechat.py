"""What LibreChat exports of its endpoints' schemas → one closed JSON Schema per kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from presetctl.domain.errors import InputError
from presetctl.domain.kind import Evidence
from presetctl.specs.annotations import defaults, opaque
from presetctl.specs.closing import Closer
from presetctl.specs.merge import Components
from presetctl.specs.model_specs import section_schema
from presetctl.specs.overlay import Overlay, apply_overlay, read_overlay
from presetctl.specs.reading import Schema, read_mapping

OPERATION: Final = "POST /api/presets"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LISTS: Final = ("kept", "newer", "not_kept", "managed")
_PREFIX: Final = "#/definitions/"


@dataclass(frozen=True)
class Endpoint:
    """One exported schema: what is made from it, and what its fields mean to people."""

    kinds: Mapping[str, Mapping[str, str]] = field(hash=False)
    """Kind → the fields of its body that say the endpoint."""
    system_prompt: str
    system_prompt_of_models: Mapping[str, str] = field(default_factory=dict, hash=False)
    instead: Mapping[str, str] = field(default_factory=dict, hash=False)
    switches: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Keeping:
    """What LibreChat does with the fields of a preset: persistence.yaml."""

    kept: Mapping[str, Evidence] = field(hash=False)
    not_kept: frozenset[str]
    managed: frozenset[str]
    endpoints: Mapping[str, Endpoint] = field(hash=False)


@dataclass(frozen=True)
class Sources:
    """The bytes that LibreChat's kinds are derived from; ``schemas`` by the name of the file, without its ending.

    ``model_specs`` is the schema of a section of librechat.yaml.
    """

    schemas: Mapping[str, bytes]
    overlay: bytes
    persistence: bytes
    model_specs: bytes


def model_specs_schema(sources: Sources) -> Schema:
    """The closed schema of ``modelSpecs`` in librechat.yaml. InputError for what can't be derived."""
    return section_schema(sources.model_specs, read_overlay(sources.overlay, "librechat/overlay.yaml"))


def config_schemas(sources: Sources) -> dict[str, Schema]:
    """The closed schema of what a preset keeps, by kind.

    InputError for what can't be derived, and for fields that the persistence table doesn't know.
    """
    keeping = read_keeping(sources.persistence)
    document = {name: read_exported(data, name) for name, data in sorted(sources.schemas.items())}
    _check_known(document, keeping)
    overlay = read_overlay(sources.overlay, "librechat/overlay.yaml")
    derived: dict[str, Schema] = {}
    for name, endpoint in keeping.endpoints.items():
        if name not in document:
            raise InputError(f"the persistence table makes kinds from {name}, which is not among the sources")
        for kind, body in endpoint.kinds.items():
            derived[kind] = _config(kind, body, document[name], overlay, keeping, endpoint)
    return dict(sorted(derived.items()))


def read_keeping(data: bytes, name: str = "librechat/persistence.yaml") -> Keeping:
    """Reads the table. InputError names the entry that is not right."""
    table = read_mapping(data, name)
    lists = {key: _names(table, key, name) for key in _LISTS}
    twice = sorted(each for each, times in Counter(chain(*lists.values())).items() if times > 1)
    if twice:
        raise InputError(f"{name}: {', '.join(twice)} is in more than one of {', '.join(_LISTS)}")
    kept = dict.fromkeys(lists["kept"], Evidence.OBSERVED) | dict.fromkeys(lists["newer"], Evidence.UNKNOWN)
    endpoints = table.get("endpoints")
    if not isinstance(endpoints, dict):
        raise InputError(f"{name}: endpoints is not a mapping")
    made = {key: _endpoint(value, f"{name}: endpoints.{key}") for key, value in endpoints.items()}
    return Keeping(kept, lists["not_kept"], lists["managed"], made)


def read_exported(data: bytes, name: str) -> Schema:
    """The object schema in an exported file, with its ways of saying "or null" written as types and values."""
    document = read_mapping(data, name)
    reference, definitions = str(document.get("$ref", "")), document.get("definitions", {})
    schema = definitions.get(reference.removeprefix(_PREFIX)) if isinstance(definitions, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise InputError(f"{name} is not a schema as LibreChat exports it: it refers to no object in `definitions`")
    properties = {key: _plain(value) for key, value in schema["properties"].items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _plain(value: Schema) -> Schema:
    """A union of a schema, of nothing (``not: {}``) and of null → the schema, with null among its types and values."""
    branches = [_plain(each) for each in value.get("anyOf", ()) if each != {"not": {}}]
    null = [each for each in branches if each == {"type": "null"}]
    others = [each for each in branches if each != {"type": "null"}]
    if len(others) != 1:
        return value
    plain = others[0]
    if not null:
        return plain
    types = [plain["type"]] if isinstance(plain["type"], str) else plain["type"]
    values = {"enum": [*plain["enum"], None]} if "enum" in plain else {}
    return plain | {"type": [*types, "null"]} | values


def _check_known(document: Mapping[str, Schema], keeping: Keeping) -> None:
    known = {*keeping.kept, *keeping.not_kept, *keeping.managed}
    missing = [f"{key} ({name})" for name, schema in document.items() for key in schema["properties"].keys() - known]
    if missing:
        raise InputError(
            f"librechat/persistence.yaml doesn't say what becomes of {', '.join(sorted(missing))}",
            hint="add it to kept or not_kept: send it to a server and read it back",
        )


def _config(
    kind: str, body: Mapping[str, str], exported: Schema, overlay: Overlay, keeping: Keeping, endpoint: Endpoint
) -> Schema:
    name = kind.partition("/")[2]
    changed: Schema = apply_overlay({name: exported}, overlay)[0][name]
    prompts = {endpoint.system_prompt, *endpoint.system_prompt_of_models.values()}
    left_out = keeping.not_kept | prompts
    flat = {"properties": {key: value for key, value in changed["properties"].items() if key not in left_out}}
    schema: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": Closer(Components({})).properties(flat),
        **({"required": changed["required"]} if "required" in changed else {}),
    }
    fields = schema["properties"]
    notes = {
        "kind": kind,
        "operation": OPERATION,
        "system_prompt": endpoint.system_prompt,
        "system_prompt_of_models": dict(endpoint.system_prompt_of_models),
        "body": dict(body),
        "per_request": {},
        "config": {key: {"as": key, "evidence": str(keeping.kept.get(key, Evidence.OBSERVED))} for key in fields},
        "defaults": defaults(schema),
        "opaque": opaque(schema),
        "dashboard_only": [],
        "ignored": sorted(keeping.kept.keys() - fields.keys() - prompts),
        "not_kept": sorted(keeping.not_kept),
        "managed": sorted(keeping.managed - fields.keys()),
        "instead": dict(endpoint.instead),
        "switches": dict(endpoint.switches),
        "not_null": sorted(key for key, value in exported["properties"].items() if key in fields and not _null(value)),
        "left_alone": ["defaultPreset", "order"],
        "exclusive": "defaultPreset",
    }
    return {"$schema": _DIALECT, "title": kind, "x-presetctl": notes} | schema


def _null(schema: Schema) -> bool:
    """Whether null is among what a schema allows."""
    return "null" in schema.get("type", ()) or None in schema.get("enum", ())


def _names(table: Mapping[str, Any], key: str, where: str) -> frozenset[str]:
    found = table.get(key)
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InputError(f"{where}: {key} is not a list of names")
    return frozenset(found)


def _endpoint(value: Any, where: str) -> Endpoint:
    entry = value if isinstance(value, dict) else {}
    optional = ("system_prompt_of_models", "instead", "switches")
    if not isinstance(entry.get("system_prompt"), str) or set(entry) - {"kinds", "system_prompt", *optional}:
        raise InputError(f"{where} needs `kinds` and `system_prompt`, and may have {', '.join(optional)}")
    kinds = {kind: _texts(body, f"{where}.kinds.{kind}") for kind, body in _mapping(entry.get("kinds"), where).items()}
    texts: Sequence[Mapping[str, str]] = [_texts(entry.get(key, {}), f"{where}.{key}") for key in optional]
    return Endpoint(kinds, entry["system_prompt"], *texts)


def _texts(value: Any, where: str) -> dict[str, str]:
    found = _mapping(value, where)
    if not all(isinstance(text, str) for text in found.values()):
        raise InputError(f"{where} must hold texts")
    return found


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where} is not a mapping")
    return value
