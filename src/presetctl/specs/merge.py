"""References and allOf, worked out: what one place of a document really says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from presetctl.domain.errors import InputError
from presetctl.domain.values import Json, canonical_json
from presetctl.specs.reading import Schema

ANNOTATIONS: Final = frozenset({"default", "deprecated"})
"""Keywords that constrain nothing and are kept."""
DROPPED: Final = frozenset(
    {"format", "discriminator", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "$comment"}
)
"""Keywords that constrain nothing and are left out. ``discriminator`` is looked at before."""

_REFERENCE: Final = re.compile(r"#/components/schemas/([A-Za-z0-9._-]+)")
_UNIONS: Final = ("anyOf", "oneOf")


def constraints(schema: Mapping[str, Any]) -> set[str]:
    """The keywords of a schema that say anything about values."""
    return {key for key in schema if key not in ANNOTATIONS and key not in DROPPED}


def types_of(flat: Mapping[str, Any]) -> tuple[str, ...]:
    """The JSON types that a worked-out schema allows; () where it doesn't say."""
    declared = flat.get("type")
    if declared is not None:
        return (declared,) if isinstance(declared, str) else tuple(declared)
    if values := allowed_values(flat):
        return tuple(dict.fromkeys(json_type(value) for value in values))
    return ("object",) if "properties" in flat else ("array",) if "items" in flat else ()


def allowed_values(flat: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values that enum or const name; () where they name none."""
    if "const" in flat:
        return (flat["const"],)
    return tuple(flat.get("enum", ()))


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def distinct(values: Iterable[Any], json: Callable[[Any], Json] = lambda value: value) -> list[Any]:
    """The values without repetitions, by their JSON. To Python, true is the same as 1; in JSON it isn't."""
    found: dict[bytes, Any] = {}
    for value in values:
        found.setdefault(canonical_json(json(value)), value)
    return list(found.values())


class ContradictionError(InputError):
    """Nothing satisfies all branches of an allOf. In a union, such a branch is left out."""


class Components:
    """The named schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})

    def name(self, reference: str) -> str:
        """The name that a $ref refers to. InputError if there is no such schema, or OpenAPI allows no such name."""
        found = _REFERENCE.fullmatch(reference)
        if not found or found[1] not in self._schemas:
            raise InputError(f"the document has no schema {reference}, which it refers to")
        return found[1]

    def named(self, name: str) -> Schema:
        """The schema of that name, as written."""
        return self._schemas[name]

    def branches(self, union: Mapping[str, Any]) -> Iterator[tuple[Schema, Schema]]:
        """The branches of a worked-out union, as written and worked out, without those that allow nothing."""
        for source in union["anyOf"]:
            try:
                flat = self.flat(source)
                for name in flat.get("required", ()):
                    self.flat(flat.get("properties", {}).get(name, {}))
            except ContradictionError:
                continue
            yield source, flat

    def flat(self, schema: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> Schema:
        """The schema with $ref and allOf at its top level worked out; below, it is as it was written.

        A union comes out as ``anyOf`` without other constraints beside it. InputError for what contradicts itself.
        """
        rest = {key: value for key, value in schema.items() if key not in {"$ref", "allOf"}}
        parts = [self.flat(each, seen) for each in schema.get("allOf", ())]
        if "$ref" in schema:
            name = self.name(schema["$ref"])
            if name in seen:
                raise InputError(f"the schema {name} of the document is made of itself")
            parts.insert(0, self.flat(self._schemas[name], seen | {name}))
        return merged([*parts, _one_union(rest)])


def merged(parts: Iterable[Mapping[str, Any]]) -> Schema:
    """One schema that says what all ``parts`` say, which have no $ref and no allOf at their top level."""
    result: Schema = {}
    for part in parts:
        result = _both(result, part)
    return result


def _one_union(schema: Schema) -> Schema:
    """Writes oneOf as anyOf: branches of specs in the wild overlap. Constraints beside a union go into its branches."""
    unions = [schema[key] for key in _UNIONS if key in schema]
    rest = {key: value for key, value in schema.items() if key not in _UNIONS}
    if not unions:
        return rest
    kept = {key: value for key, value in rest.items() if key in ANNOTATIONS | {"discriminator"}}
    beside = {key: value for key, value in rest.items() if key not in kept}
    if constraints(beside):
        unions = [[_and(branch, beside) for branch in unions[0]], *unions[1:]]
    first, *others = unions
    for other in others:
        first = [_and(one, two) for one in first for two in other]
    return kept | {"anyOf": list(first)}


def _and(one: Any, two: Any) -> Any:
    return one if one == two else {"allOf": [one, two]}


def _both(one: Mapping[str, Any], two: Mapping[str, Any]) -> Schema:
    if "anyOf" in one and "anyOf" in two:
        return _one_union({**one, **two, "oneOf": one["anyOf"]})
    if "anyOf" in one or "anyOf" in two:
        return _one_union({**one, **two})
    result = dict(one)
    for key, value in two.items():
        result[key] = _MERGE.get(key, _later)(result[key], value) if key in result else value
    if "enum" in result and not result["enum"]:
        raise ContradictionError(f"the branches of an allOf in the document have no value in common: {one} and {two}")
    return result


def _later(_: Any, two: Any) -> Any:
    return two


def _same(one: Any, two: Any) -> Any:
    if canonical_json(one) != canonical_json(two):
        raise ContradictionError(f"the branches of an allOf in the document contradict each other: {one} and {two}")
    return one


def _types(one: Any, two: Any) -> Any:
    first, second = types_of({"type": one}), types_of({"type": two})
    common = [kind for kind in first if kind in second or (kind == "integer" and "number" in second)]
    common += [kind for kind in second if kind == "integer" and "number" in first and kind not in first]
    if not common:
        raise ContradictionError(f"the branches of an allOf in the document contradict each other: {one} and {two}")
    return common[0] if len(common) == 1 else common


def _common(one: list[Any], two: list[Any]) -> list[Any]:
    allowed = {canonical_json(value) for value in two}
    return [value for value in one if canonical_json(value) in allowed]


def _union(one: list[Any], two: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*one, *two]))


def _properties(one: Schema, two: Schema) -> Schema:
    return {**one, **{name: _and(one[name], each) if name in one else each for name, each in two.items()}}


def _additional(one: Any, two: Any) -> Any:
    """Each part was closed against its own fields only, so the whole is closed against those of all of them."""
    if one is False or two is False:
        return False
    return two if one in (True, {}) else one if two in (True, {}) else _and(one, two)


_MERGE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "type": _types,
    "enum": _common,
    "const": _same,
    "pattern": _same,
    "required": _union,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _and,
    "propertyNames": _and,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
