"""Documents to derive from, and small ones made up."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from presetctl.specs import librechat
from presetctl.specs.accounting import Accounting, read_accounting
from presetctl.specs.derive import config_schemas, request_schemas
from presetctl.specs.openapi import read_document
from presetctl.specs.overlay import Overlay, read_overlay

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
OPENROUTER = SCHEMAS / "openrouter"
PUBLISHED = OPENROUTER / "openapi.json"
EARLIER = Path(__file__).parent / "data" / "earlier.json"
"""An earlier edition of one operation, whose unions overlap; reduced to names, types, enums and bounds."""
EDITIONS = {"published": PUBLISHED, "earlier": EARLIER}

CHAT = "openrouter/chat-completions"
MESSAGES = "openrouter/messages"
RESPONSES = "openrouter/responses"
PROVIDERS = ("openrouter", "librechat")
NOTHING = Overlay()


@cache
def document(edition: str) -> dict[str, Any]:
    return read_document(EDITIONS[edition].read_bytes(), edition)


@cache
def overlay() -> Overlay:
    return read_overlay((OPENROUTER / "overlay.yaml").read_bytes(), "overlay.yaml")


@cache
def accounting() -> Accounting:
    return read_accounting((OPENROUTER / "persistence.yaml").read_bytes())


def librechat_sources() -> librechat.Sources:
    folder = SCHEMAS / "librechat"
    exported = {path.stem: path.read_bytes() for path in (folder / "source").glob("*.json")}
    model_specs = exported.pop("modelSpecs")
    return librechat.Sources(
        exported, (folder / "overlay.yaml").read_bytes(), (folder / "persistence.yaml").read_bytes(), model_specs
    )


@cache
def requests(edition: str) -> dict[str, Any]:
    return request_schemas(document(edition), overlay())


@cache
def configs(edition: str) -> dict[str, Any]:
    return config_schemas(document(edition), overlay(), accounting())


@cache
def request_validator(edition: str, kind: str) -> Draft202012Validator:
    return Draft202012Validator(requests(edition)[kind])


@cache
def config_validator(edition: str, kind: str) -> Draft202012Validator:
    return Draft202012Validator(configs(edition)[kind])


def small_document(body: Any, **components: Any) -> dict[str, Any]:
    """A document with the chat operation and nothing else."""
    content = {"application/json": {"schema": body}}
    operation = {"requestBody": {"content": content}, "responses": {"200": {"description": "", "content": content}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/presets/{slug}/chat/completions": {"post": operation}},
        "components": {"schemas": components},
    }


def derived(field: Any, **components: Any) -> dict[str, Any]:
    """What the schema of one field derives to, with the $defs that it reaches."""
    body = {"type": "object", "properties": {"x": field}}
    schema = request_schemas(small_document(body, **components), NOTHING)[CHAT]
    Draft202012Validator.check_schema(schema)
    defs = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {**schema["properties"]["x"], **defs}


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    """Where and by which keyword a value is refused, sorted: ``tools[0].type enum``."""
    found = Draft202012Validator(schema).iter_errors(value)
    return sorted(f"{error.json_path.removeprefix('$').removeprefix('.')} {error.validator}".strip() for error in found)


def copied(value: Any) -> Any:
    return json.loads(json.dumps(value))
