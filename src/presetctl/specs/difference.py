"""What came, went and changed between two reduced OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from presetctl.specs.openapi import operations

_UNIONS: Final = ("anyOf", "oneOf", "allOf")
_LISTS_OF_VALUES: Final = frozenset({"enum", "required", "branches"})
_Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One difference: of what (``ChatRequest.stop``, ``GET /presets``), + - or ~, and in a change, how."""

    what: str
    sign: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.sign} {self.what}" + (f": {self.detail}" if self.detail else "")


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """The differences from ``old`` to ``new``, by name; what came or went as a whole is one of them."""
    before, after = dict(_facts(old)), dict(_facts(new))
    came = [Difference(what, "+") for what in after if what not in before and not _inside(what, after, before)]
    went = [Difference(what, "-") for what in before if what not in after and not _inside(what, before, after)]
    both = [what for what in before if what in after]
    changed = [Difference(what, "~", detail) for what in both for detail in _changes(before[what], after[what])]
    return sorted([*came, *went, *changed])


def _inside(what: str, here: Mapping[str, _Facts], there: Mapping[str, _Facts]) -> bool:
    """Whether ``what`` is part of something that is missing there as well."""
    outer = here[what]["part of"]
    return outer is not None and outer not in there


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, _Facts]]:
    """What can be said of every operation, schema and property, by name."""
    for method, path, operation in operations(document):
        bodies = operation.get("requestBody", {}).get("content", {})
        facts = {"part of": None, "request": sorted(bodies), "responses": sorted(operation["responses"])}
        facts["parameters"] = sorted(_parameter_name(each) for each in operation.get("parameters", ()))
        yield f"{method} {path}", facts
        for kind, media in bodies.items():
            yield from _schema_facts(f"{method} {path} {kind}", media["schema"], f"{method} {path}")
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield from _schema_facts(name, schema, None)


def _parameter_name(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("$ref") or f"{parameter['in']} {parameter['name']}")


def _schema_facts(what: str, schema: Any, outer: str | None) -> Iterator[tuple[str, _Facts]]:
    """A schema, then its parts. Branches of unions are known by what they are, so that their order says nothing."""
    branches = {_label(branch): branch for union in _UNIONS for branch in schema.get(union, ())}
    parts = {"properties", "items", *_UNIONS}
    facts = {key: value for key, value in schema.items() if key not in parts and not _is_schema(key, value)}
    yield what, facts | {"part of": outer, "branches": sorted(branches)}
    for name, field in schema.get("properties", {}).items():
        yield from _schema_facts(f"{what}.{name}", field, what)
    if "items" in schema:
        yield from _schema_facts(f"{what}[]", schema["items"], what)
    if _is_schema("additionalProperties", schema.get("additionalProperties")):
        yield from _schema_facts(f"{what}.*", schema["additionalProperties"], what)
    for label, branch in branches.items():
        if "$ref" not in branch:
            yield from _schema_facts(f"{what}<{label}>", branch, what)


def _is_schema(key: str, value: Any) -> bool:
    return key == "additionalProperties" and isinstance(value, dict)


def _label(branch: Mapping[str, Any]) -> str:
    if "$ref" in branch:
        return str(branch["$ref"]).rsplit("/", 1)[-1]
    for tag in ("type", "id", "role"):
        values = branch.get("properties", {}).get(tag, {}).get("enum")
        if values:
            return "|".join(map(str, values))
    declared = branch.get("type", "any")
    return declared if isinstance(declared, str) else "|".join(declared)


def _changes(old: _Facts, new: _Facts) -> Iterator[str]:
    for key in sorted({*old, *new} - {"part of"}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key in _LISTS_OF_VALUES:
            yield f"{key} {_list_change(before or (), after or ())}"
        elif before is None or after is None:
            yield f"{key} {'+' if before is None else '-'}{_shown(before if after is None else after)}"
        else:
            yield f"{key} {_shown(before)} → {_shown(after)}"


def _list_change(old: Sequence[Any], new: Sequence[Any]) -> str:
    came = [f"+{_shown(value)}" for value in new if value not in old]
    went = [f"-{_shown(value)}" for value in old if value not in new]
    return " ".join([*came, *went]) or "in another order"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
