"""A reduced OpenAPI document → one closed JSON Schema per kind. Nothing is patched by hand afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from presetctl.domain.errors import InputError
from presetctl.specs import librechat
from presetctl.specs.accounting import Accounting, Fate, read_accounting
from presetctl.specs.annotations import defaults, opaque
from presetctl.specs.closing import DEFS, Closer
from presetctl.specs.editor import preset_schema
from presetctl.specs.merge import Components
from presetctl.specs.model_specs import entry_schema
from presetctl.specs.openapi import operations, read_document, reduce, request_schema
from presetctl.specs.overlay import Overlay, apply_overlay, read_overlay
from presetctl.specs.reading import Schema, dump_json

KINDS: Final = {
    "POST /presets/{slug}/chat/completions": "openrouter/chat-completions",
    "POST /presets/{slug}/messages": "openrouter/messages",
    "POST /presets/{slug}/responses": "openrouter/responses",
}
"""The operations whose body a preset is made from, and what a preset written in such a body is called."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def request_schemas(document: Mapping[str, Any], overlay: Overlay) -> dict[str, Schema]:
    """The closed schema of the whole request, by kind. InputError for what can't be derived."""
    changed = _prepared(document, overlay)
    return {kind: _request(changed, body) for kind, (_, body) in _bodies(changed).items()}


def config_schemas(document: Mapping[str, Any], overlay: Overlay, accounting: Accounting) -> dict[str, Schema]:
    """The closed schema of what a preset keeps of the request, by kind.

    InputError for what can't be derived, and for request fields that the persistence table doesn't know.
    """
    changed = _prepared(document, overlay)
    if missing := unaccounted(changed, accounting):
        names = ", ".join(f"{field} ({kind})" for kind, field in missing)
        raise InputError(
            f"the persistence table doesn't say what becomes of {names}",
            hint="add an entry with evidence `unknown`, unless the provider's documentation says more",
        )
    return {
        kind: _config(kind, operation, _request(changed, body), accounting)
        for kind, (operation, body) in _bodies(changed).items()
    }


def unaccounted(document: Mapping[str, Any], accounting: Accounting) -> list[tuple[str, str]]:
    """The request fields of a document that the persistence table doesn't know: kind and field."""
    components = Components(document)
    return [
        (kind, name)
        for kind, (_, body) in _bodies(document).items()
        for name in components.flat(body).get("properties", {})
        if name not in accounting.kinds.get(kind, {})
    ]


def derive_files(
    openapi_json: bytes,
    overlay: bytes,
    persistence: bytes,
    project_schema: Mapping[str, Any],
    exported: librechat.Sources | None = None,
) -> dict[str, bytes]:
    """Every derived file, as path below the schema folder and exact bytes.

    ``project_schema`` is the schema of presetctl.yaml, which no spec says anything about; ``exported`` is what
    LibreChat's kinds are derived from, where they are wanted. InputError as above.
    """
    document = read_document(openapi_json, "openapi.json")
    configs = config_schemas(document, read_overlay(overlay, "overlay.yaml"), read_accounting(persistence))
    others: dict[str, Schema] = {"preset.schema.json": preset_schema(configs)}
    if exported is not None:
        configs |= librechat.config_schemas(exported)
        others = _with_model_specs(configs, librechat.model_specs_schema(exported))
    files = {f"{kind}.schema.json": schema for kind, schema in configs.items()}
    files |= others | {"project.schema.json": dict(project_schema)}
    return {path: dump_json(schema) for path, schema in sorted(files.items())}


def _with_model_specs(configs: Mapping[str, Schema], section: Schema) -> dict[str, Schema]:
    return {
        "preset.schema.json": preset_schema(configs, entry_schema(section)),
        "model-specs.schema.json": section,
    }


def _prepared(document: Mapping[str, Any], overlay: Overlay) -> dict[str, Any]:
    """The document with the overlay's changes, reduced: neither may bring in prose or references to nowhere."""
    changed, _ = apply_overlay(document, overlay)
    return reduce(changed)


def _bodies(document: Mapping[str, Any]) -> dict[str, tuple[str, Schema]]:
    """Kind → operation and the schema of its body."""
    found = {}
    for method, path, operation in operations(document):
        name = f"{method} {path}"
        body = request_schema(document, operation)
        if name in KINDS and body is not None:
            found[KINDS[name]] = (name, body)
    if not found:
        hint = f"expected {' or '.join(KINDS)}"
        raise InputError("the document has none of the operations that make presets", hint=hint)
    return found


def _request(document: Mapping[str, Any], body: Schema) -> Schema:
    components = Components(document)
    flat = components.flat(body)
    closer = Closer(components)
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": closer.properties(flat),
        "required": list(flat.get("required", ())),
        "$defs": closer.defs,
    }
    return {"$schema": _DIALECT} | _pruned(schema)


def _config(kind: str, operation: str, request: Schema, accounting: Accounting) -> Schema:
    entries = {name: accounting.kinds[kind][name] for name in request["properties"]}
    kept = {name: entry for name, entry in entries.items() if entry.becomes is Fate.CONFIG}
    schema = _pruned(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: request["properties"][name] for name in kept},
            "required": [name for name in request.get("required", ()) if name in kept],
            "$defs": request.get("$defs", {}),
        }
    )
    notes = {
        "kind": kind,
        "operation": operation,
        "system_prompt": accounting.system_prompt(kind),
        "per_request": {n: str(e.evidence) for n, e in entries.items() if e.becomes is Fate.PER_REQUEST},
        "config": {name: {"as": entry.name, "evidence": str(entry.evidence)} for name, entry in kept.items()},
        "defaults": defaults(schema),
        "opaque": opaque(schema),
        "dashboard_only": sorted(accounting.dashboard_only),
    }
    return {"$schema": _DIALECT, "title": kind, "x-presetctl": notes} | schema


def _pruned(schema: Schema) -> Schema:
    """The schema with the ``$defs`` that it reaches, sorted, and without what is empty."""
    reached: set[str] = set()
    waiting = list(_references({key: value for key, value in schema.items() if key != "$defs"}))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(_references(schema["$defs"][name]))
    pruned = schema | {"$defs": {name: schema["$defs"][name] for name in sorted(reached)}}
    return {key: value for key, value in pruned.items() if value or key not in {"required", "$defs"}}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix(DEFS)
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
