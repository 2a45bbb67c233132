"""An OpenAPI document → the part of it that presets need: names, types, enums and bounds, no prose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from presetctl.domain.errors import InputError
from presetctl.specs.reading import Schema, read_mapping

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ROOT: Final = "/presets"
_JSON: Final = "application/json"
_NESTED_SCHEMA: Final = frozenset(
    {"items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains"}
)
_SCHEMA_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMA_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_PROSE: Final = frozenset({"description", "title", "summary", "example", "examples", "externalDocs", "xml", "$comment"})


def read_document(data: bytes, name: str) -> dict[str, Any]:
    """Reads an OpenAPI 3.1 document, JSON or YAML. ``name`` is what messages call it.

    InputError for anything else; see ``read_mapping`` for the limits.
    """
    document = read_mapping(data, name)
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1"):
        found = f"`openapi: {version}`" if version is not None else "no `openapi` key"
        raise InputError(f"{name} is not an OpenAPI 3.1 document: it has {found}", hint="3.1 is the version understood")
    if not isinstance(document.get("paths"), dict):
        raise InputError(f"{name} has no `paths`, so no operation to derive from")
    return document


def reduce(document: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps the /presets operations and every component that they reach, without prose; keys sorted.

    InputError if there is no such operation, or a reference leads nowhere or out of the document.
    """
    paths = {path: _path_item(item) for path, item in sorted(document["paths"].items()) if _is_ours(path)}
    if not paths:
        raise InputError(f"the document has no operation under {_ROOT}", hint="is it the spec of the right service?")
    info = document.get("info") if isinstance(document.get("info"), dict) else {}
    return {
        "openapi": document["openapi"],
        "info": {key: str((info or {}).get(key, "")) for key in ("title", "version")},
        "paths": paths,
        "components": _reached_components(document, paths),
    }


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every operation of a document: method (upper case), path, and the operation itself, in a stable order."""
    for path, item in sorted(document["paths"].items()):
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def request_schema(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Schema | None:
    """The schema of an operation's JSON body, or None if it takes none."""
    body = operation.get("requestBody", {})
    if "$ref" in body:
        section, name = _target(document, body["$ref"])
        body = document["components"][section][name]
    schema: Schema | None = body.get("content", {}).get(_JSON, {}).get("schema")
    return schema


def _is_ours(path: str) -> bool:
    return path == _ROOT or path.startswith(_ROOT + "/")


def _path_item(item: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        method: _operation(item[method]) for method in METHODS if isinstance(item.get(method), dict)
    }
    if "parameters" in item:
        kept["parameters"] = [_parameter(each) for each in item["parameters"]]
    return dict(sorted(kept.items()))


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if "operationId" in operation:
        kept["operationId"] = operation["operationId"]
    if operation.get("parameters"):
        kept["parameters"] = [_parameter(each) for each in operation["parameters"]]
    if "requestBody" in operation:
        kept["requestBody"] = _body(operation["requestBody"])
    kept["responses"] = {status: _response(each) for status, each in sorted(operation.get("responses", {}).items())}
    return kept


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in parameter:
        return {"$ref": parameter["$ref"]}
    kept = {key: parameter[key] for key in ("in", "name", "required", "style", "explode") if key in parameter}
    return kept | ({"schema": strip(parameter["schema"])} if "schema" in parameter else _content(parameter))


def _body(body: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in body:
        return {"$ref": body["$ref"]}
    return _content(body) | ({"required": body["required"]} if "required" in body else {})


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        return {"$ref": response["$ref"]}
    return _content(response) | {"description": ""}  # OpenAPI requires one


def _content(holder: Mapping[str, Any]) -> dict[str, Any]:
    content = holder.get("content", {})
    kept = {kind: {"schema": strip(media.get("schema", {}))} for kind, media in sorted(content.items())}
    return {"content": kept} if kept else {}


def strip(schema: Any) -> Schema:
    """A schema without prose, examples and extensions. What users of the API see stays: property names and values."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return {
        key: _strip_keyword(key, value)
        for key, value in sorted(schema.items())
        if key not in _PROSE and not key.startswith("x-")
    }


def _strip_keyword(key: str, value: Any) -> Any:
    if key in _NESTED_SCHEMA:
        return value if key == "additionalProperties" and isinstance(value, bool) else strip(value)
    if key in _SCHEMA_LISTS:
        return [strip(each) for each in value]
    if key in _SCHEMA_MAPS:
        return {name: strip(each) for name, each in sorted(value.items())}
    if key == "discriminator":
        return {"propertyName": value["propertyName"]}
    return value


_SECTIONS: Final = {"schemas": strip, "parameters": _parameter, "requestBodies": _body, "responses": _response}


def _reached_components(document: Mapping[str, Any], paths: Any) -> dict[str, dict[str, Any]]:
    reached: dict[str, dict[str, Any]] = {}
    waiting = sorted(set(_references(paths)))
    while waiting:
        section, name = _target(document, waiting.pop())
        if name in reached.setdefault(section, {}):
            continue
        reached[section][name] = _SECTIONS[section](document["components"][section][name])
        waiting.extend(sorted(set(_references(reached[section][name]))))
    return {section: dict(sorted(found.items())) for section, found in sorted(reached.items())}


def _references(value: Any, *, names: bool = False) -> Iterator[str]:
    """Every $ref below ``value``. Where keys are ``names`` of properties, none of them is a keyword."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for key, each in value.items():
            if names or key not in {"default", "enum", "const"}:
                yield from _references(each, names=not names and key in _SCHEMA_MAPS)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _target(document: Mapping[str, Any], reference: str) -> tuple[str, str]:
    match reference.split("/"):
        case ["#", "components", section, escaped] if section in _SECTIONS:
            name = escaped.replace("~1", "/").replace("~0", "~")
            if isinstance(document.get("components", {}).get(section, {}).get(name), dict):
                return section, name
            raise InputError(f"the document has no {reference}, which it refers to")
    raise InputError(
        f"the reference {reference} leads out of the document's components",
        hint="bundle the document into one file first",
    )
