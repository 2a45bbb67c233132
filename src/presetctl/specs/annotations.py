"""Where the defaults and the free parts of a derived config schema lie: parts of its ``x-presetctl`` note."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from presetctl.specs.closing import DEFS, is_open
from presetctl.specs.merge import types_of
from presetctl.specs.reading import Schema


def defaults(schema: Schema) -> dict[str, Any]:
    """The default of every field that is reached through mappings, by JSON pointer.

    Branches of a union that name different defaults for one field have none.
    """
    found: dict[str, list[Any]] = {}
    for pointer, node in _fields(schema):
        if "default" in node and node["default"] not in found.setdefault(pointer, []):
            found[pointer].append(node["default"])
    return {pointer: values[0] for pointer, values in sorted(found.items()) if len(values) == 1}


def opaque(schema: Schema) -> list[str]:
    """The JSON pointers of what users fill freely, reached through mappings: their JSON Schemas, and maps."""
    found = {pointer for pointer, node in _fields(schema) if pointer and _is_free(schema, node)}
    return sorted(pointer for pointer in found if not any(pointer.startswith(f"{outer}/") for outer in found))


def _is_free(root: Schema, node: Schema) -> bool:
    """Whether a node is a map, a JSON Schema, or an object of nothing but maps (settings by provider)."""
    if _is_map(node):
        return True
    fields = [inner for each in node.get("properties", {}).values() for inner in _alternatives(root, each)]
    return bool(fields) and all(_is_map(each) for each in fields)


def _is_map(node: Schema) -> bool:
    return "object" in types_of(node) and "allOf" not in node and (is_open(node) or "x-json-schema" in node)


def _fields(root: Schema) -> Iterator[tuple[str, Schema]]:
    """Every node that describes a field of a mapping, by pointer; a field of a union has several."""
    yield from _below(root, root, "", frozenset())


def _below(root: Schema, node: Schema, pointer: str, seen: frozenset[str]) -> Iterator[tuple[str, Schema]]:
    for each in _alternatives(root, node):
        yield pointer, each
        for name, field in each.get("properties", {}).items():
            inner = seen | {field["$ref"]} if "$ref" in field else seen
            if "$ref" not in field or field["$ref"] not in seen:
                yield from _below(root, field, f"{pointer}/{_escaped(name)}", inner)


def _alternatives(root: Schema, node: Mapping[str, Any]) -> Iterator[Schema]:
    """The node and the branches that it may continue in."""
    if "$ref" in node:
        target = root["$defs"][node["$ref"].removeprefix(DEFS)]
        yield from _alternatives(root, target | {key: node[key] for key in node if key != "$ref"})
        return
    yield dict(node)
    branches = [*node.get("anyOf", ()), *(rule["then"] for rule in node.get("allOf", ()))]
    for branch in branches:
        yield from _alternatives(root, branch)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
