"""Unions → schemas whose errors lie in the branch that was meant.

A union is sorted by JSON type first. What is left of it between objects is decided by a tag: a field that says which
branch is meant, such as ``type``. Both are written with the plain keywords type, enum, if and then, which every
validator and editor knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from presetctl.specs.merge import ANNOTATIONS, Components, allowed_values, constraints, distinct, json_type, types_of
from presetctl.specs.reading import Schema
from presetctl.specs.tags import Tag, choose_tag

_SCALARS: Final = ("string", "number", "integer", "boolean")
_OF_ONE_TYPE: Final = frozenset(
    {
        *("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "items", "minItems", "maxItems", "uniqueItems", "properties", "required"),
        *("additionalProperties", "propertyNames", "minProperties", "maxProperties", "x-json-schema"),
    }
)
"""Keywords that say nothing about values of other types than their own."""


@dataclass(frozen=True)
class Branch:
    """One branch of a union: as written, which is what gets derived, and worked out, which is what decides."""

    source: Schema = field(hash=False)
    flat: Schema = field(hash=False)


class Unions:
    """Derives the unions of one document; ``derive`` derives everything else."""

    def __init__(self, components: Components, derive: Callable[[Mapping[str, Any]], Schema]) -> None:
        self._components = components
        self._derive = derive

    def derive(self, union: Mapping[str, Any]) -> Schema:
        """The schema of a worked-out union (``anyOf`` and annotations).

        A branch that says nothing, next to others, means null: so do generators write "or null" that don't know how.
        """
        branches = self._branches(union, frozenset())
        if len(branches) > 1:
            branches = [branch if constraints(branch.flat) else _NULL for branch in branches]
        notes = {key: union[key] for key in union if key in ANNOTATIONS}
        return self._by_type(distinct(branches, _flat), union.get("discriminator", {}).get("propertyName")) | notes

    def _branches(self, union: Mapping[str, Any], seen: frozenset[str]) -> list[Branch]:
        """The branches, those of unions among them in their place. One that leads back to itself adds nothing."""
        found: list[Branch] = []
        for source, flat in self._components.branches(union):
            name = source.get("$ref", "")
            if "anyOf" not in flat:
                found.append(Branch(source, flat))
            elif name not in seen:
                found.extend(self._branches(flat, seen | ({name} if name else set())))
        return found

    def _by_type(self, branches: Sequence[Branch], hint: str | None) -> Schema:
        if len(branches) == 1:
            return self._derive(branches[0].source)
        if any(not types_of(branch.flat) for branch in branches):
            return self._any_of(branches)
        groups: dict[str, list[Branch]] = {}
        for branch in branches:
            for kind in types_of(branch.flat):
                group = "number" if kind == "integer" else kind
                groups.setdefault(group, []).append(_of_type(branch, kind))
        derived = {kind: self._one_type(kind, group, hint) for kind, group in groups.items()}
        return next(iter(derived.values())) if len(derived) == 1 else _mixed(derived)

    def _one_type(self, kind: str, branches: Sequence[Branch], hint: str | None) -> Schema:
        if kind == "null":
            return {"type": "null"}
        if kind in _SCALARS:
            branches = _scalars(branches)
        if len(branches) == 1:
            return self._derive(branches[0].source)
        return self._tagged(branches, frozenset(), hint) if kind == "object" else self._any_of(branches)

    def _any_of(self, branches: Sequence[Branch]) -> Schema:
        return {"anyOf": [self._derive(branch.source) for branch in branches]}

    def _tagged(self, branches: Sequence[Branch], used: frozenset[str], hint: str | None = None) -> Schema:
        if len(branches) == 1:
            return self._derive(branches[0].source)
        tag = choose_tag([branch.flat for branch in branches], self._components, used, hint)
        if not tag:
            return self._any_of(branches)
        return self._by_tag(branches, tag, used | {tag.name})

    def _by_tag(self, branches: Sequence[Branch], tag: Tag, used: frozenset[str]) -> Schema:
        def then(members: Sequence[int]) -> Schema:
            return self._tagged([branches[index] for index in members], used)

        node: Schema = {"type": "object", "properties": {tag.name: {"enum": list(tag.known)}}}
        groups = tag.groups()
        rules = [
            {"if": _tag_is(tag.name, _one_of(values), or_absent=members == tag.optional), "then": then(members)}
            for values, members in groups
        ]
        if tag.any_value:
            node["properties"] = {tag.name: {"type": "string"}}
            others = {"type": "string", "not": {"enum": list(tag.known)}}
            rules.append({"if": _tag_is(tag.name, others), "then": then(tag.any_value)})
            node["x-open-tag"] = {"property": tag.name, "known": list(tag.known)}
        if not tag.optional:
            node["required"] = [tag.name]
        elif tag.optional not in [members for _, members in groups]:
            absent = {"type": "object", "not": {"required": [tag.name]}}
            rules.append({"if": absent, "then": then(tag.optional)})
        return node | {"allOf": rules}


def _flat(branch: Branch) -> Schema:
    return branch.flat


_NULL: Final = Branch({"type": "null"}, {"type": "null"})


def _of_type(branch: Branch, kind: str) -> Branch:
    """The part of a branch that allows values of one type."""
    if types_of(branch.flat) == (kind,):
        return branch
    flat = branch.flat | {"type": kind}
    if "enum" in flat:
        flat["enum"] = [value for value in flat["enum"] if json_type(value) == kind]
    return Branch(flat, flat)


def _scalars(branches: Sequence[Branch]) -> Sequence[Branch]:
    """The widest of them if one allows every value of its type, one enum if all of them are enums, else all."""
    wide = [branch for branch in branches if constraints(branch.flat) == {"type"}]
    if wide:
        return [next((branch for branch in wide if branch.flat["type"] == "number"), wide[0])]
    values = [allowed_values(branch.flat) for branch in branches]
    if len(branches) == 1 or not all(values):
        return branches
    flat = {"enum": [value for each in values for value in each]}
    return [Branch(flat, flat)]


def _mixed(derived: Mapping[str, Schema]) -> Schema:
    """One schema for several types: what concerns one of them only stands side by side, the rest behind an if."""
    kinds = [str(node["type"]) if kind == "number" and "type" in node else kind for kind, node in derived.items()]
    node: Schema = {"type": kinds}
    if _all_enums(derived):
        return node | {"enum": [value for each in derived.values() for value in allowed_values(each) or (None,)]}
    rules = []
    for kind, each in zip(kinds, derived.values(), strict=True):
        body = {key: value for key, value in each.items() if key != "type"}
        if set(body) <= (_OF_ONE_TYPE | ANNOTATIONS) - set(node):
            node |= body
        else:
            rules.append({"if": {"type": kind}, "then": body})
    return node | ({"allOf": rules} if rules else {})


def _all_enums(derived: Mapping[str, Schema]) -> bool:
    return all(kind == "null" or set(node) in ({"enum"}, {"const"}) for kind, node in derived.items())


def _tag_is(name: str, condition: Schema, *, or_absent: bool = False) -> Schema:
    test: Schema = {"type": "object", "properties": {name: condition}}
    return test if or_absent else test | {"required": [name]}


def _one_of(values: Sequence[str]) -> Schema:
    return {"const": values[0]} if len(values) == 1 else {"enum": list(values)}
