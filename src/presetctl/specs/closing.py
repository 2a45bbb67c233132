"""Schemas of an OpenAPI document → closed JSON Schemas, the named ones under ``$defs``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from presetctl.domain.errors import InputError
from presetctl.specs.merge import ANNOTATIONS, DROPPED, Components, allowed_values, constraints, distinct, types_of
from presetctl.specs.patterns import portable
from presetctl.specs.reading import Schema
from presetctl.specs.unions import Unions

DEFS: Final = "#/$defs/"
_COPIED: Final = frozenset(
    {
        *("type", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
        *("required", "default", "deprecated"),
    }
)
_USERS_SCHEMAS: Final = frozenset({"schema", "input_schema", "output_schema"})


class Closer:
    """Derives the schemas of one document. ``defs`` holds the named ones that were needed so far."""

    def __init__(self, components: Components) -> None:
        self.defs: dict[str, Schema] = {}
        self._components = components
        self._unions = Unions(components, self.derive)
        self._convert: Mapping[str, Callable[[Any], Any]] = {
            "enum": distinct,
            "pattern": portable,
            "items": self.derive,
            "propertyNames": self.derive,
            "additionalProperties": self._additional,
            **dict.fromkeys(_COPIED, lambda value: value),
        }

    def derive(self, schema: Mapping[str, Any]) -> Schema:
        """The derived form of one schema. InputError for keywords that aren't understood."""
        flat = self._components.flat(schema)
        if reference := self._same_as(schema, flat):
            named = self._components.flat({"$ref": reference})
            notes = {key: flat[key] for key in flat if key in ANNOTATIONS and flat[key] != named.get(key)}
            return {"$ref": DEFS + self._define(reference)} | notes
        return self._unions.derive(flat) if "anyOf" in flat else self._plain(flat)

    def properties(self, flat: Mapping[str, Any]) -> dict[str, Schema]:
        """The derived properties of a worked-out object; those that hold a user's JSON Schema are marked."""
        derived = {}
        for name, each in flat.get("properties", {}).items():
            derived[name] = self.derive(each)
            if self._is_users_schema(name, each, flat["properties"]):
                derived[name]["x-json-schema"] = True
        return derived

    def _same_as(self, schema: Mapping[str, Any], flat: Mapping[str, Any]) -> str | None:
        """The one reference in a schema that adds nothing to what it refers to."""
        references = {part["$ref"] for part in (schema, *schema.get("allOf", ())) if "$ref" in part}
        if len(references) != 1:
            return None
        reference = references.pop()
        named = self._components.flat({"$ref": reference})
        return reference if _constraining(named) == _constraining(flat) else None

    def _define(self, reference: str) -> str:
        name = self._components.name(reference)
        if name not in self.defs:
            self.defs[name] = {}  # a schema may contain itself
            self.defs[name] = self.derive(self._components.named(name))
        return name

    def _plain(self, flat: Mapping[str, Any]) -> Schema:
        derived: Schema = {}
        for key, value in _type_first(flat):
            if key == "properties":
                derived["properties"] = self.properties(flat)
            elif key in self._convert:
                derived[key] = self._convert[key](value)
            elif key not in DROPPED:
                raise InputError(
                    f"the document uses the schema keyword {key}, which is not understood",
                    hint="replace it in the overlay by something simpler",
                )
        if "properties" in flat and "additionalProperties" not in flat:
            derived["additionalProperties"] = False
        return derived

    def _additional(self, schema: Mapping[str, Any] | bool) -> Schema | bool:
        return schema if isinstance(schema, bool) else self.derive(schema) if schema else True

    def _is_users_schema(self, name: str, schema: Mapping[str, Any], siblings: Mapping[str, Any]) -> bool:
        """Whether a field holds a JSON Schema of the user's own: a free-form object of a name that says so.

        ``parameters`` are a schema next to the name of a function; without one they are the settings of a tool.
        """
        if name not in _USERS_SCHEMAS and not (name == "parameters" and "name" in siblings):
            return False
        flat = self._components.flat(schema)
        return "object" in types_of(flat) and is_open(flat)


def _constraining(flat: Mapping[str, Any]) -> Schema:
    kept = constraints(flat)
    return {key: value for key, value in flat.items() if key in kept}


def _type_first(flat: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The keywords, the type first. Where the values are named, it would only add an error to the same effect."""
    if "type" in flat and not allowed_values(flat):
        yield "type", flat["type"]
    yield from ((key, value) for key, value in flat.items() if key != "type")


def is_open(node: Mapping[str, Any]) -> bool:
    """Whether an object takes any key: a map, or one without a list of its fields."""
    return node.get("additionalProperties", "properties" not in node) is not False
