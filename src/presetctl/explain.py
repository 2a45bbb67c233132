"""What is wrong with a value, in the user's terms. The only import of jsonschema, which takes longer than a check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from presetctl.domain.problem import Severity
from presetctl.domain.values import Json, Path, show_path
from presetctl.finding import ExplainKey, Finding, Remedy, Schema
from presetctl.nearest import nearest

_Error = Any  # ValidationError, whose attributes are typed as perhaps not set yet; those of a finished one are

_TYPES = {
    "array": ["a list"],
    "boolean": ["true", "false"],
    "integer": ["a whole number"],
    "null": ["null"],
    "number": ["a number"],
    "object": ["a mapping"],
    "string": ["a text"],
}
_BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} fields",
    "maxProperties": "must have at most {} fields",
    "pattern": "must match {}",
    "not": "must not be combined like this",
}
_BOUNDS_OF_ONE = {
    "minLength": "must not be empty",
    "minItems": "must not be an empty list",
    "minProperties": "must not be empty",
}
_YAML_1_1_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_SHOWN_CHARACTERS = 40
_LISTED_OPTIONS = 12
_SHORT_WORD = 5
_NO_FORMATS = FormatChecker(formats=())


class Explainer:
    """Finds what is wrong with values by one schema. ``what`` names the schema's subject in messages.

    ``explain`` may give a finding of its own for a key that the schema doesn't know, by its path and the mapping that
    it stands in.
    """

    def __init__(self, schema: Schema, what: str, explain: ExplainKey) -> None:
        self._validator = _Validator(schema)
        self._what = what
        self._explain = explain

    def findings(self, value: Json) -> list[Finding]:
        """Everything that is wrong with ``value``, in order of path."""
        found = [finding for error in self._validator.iter_errors(value) for finding in self._from(error, ())]
        return sorted(set(found), key=lambda finding: (show_path(finding.path), finding.rule, finding.message))

    def _from(self, error: _Error, base: Path) -> Iterator[Finding]:
        path = (*base, *error.path)
        match error.validator:
            case "additionalProperties":
                yield from (self._unknown(error, path, key) for key in _unknown_keys(error))
            case "anyOf" | "oneOf":
                yield from self._nearest_branch(error, path)
            case "required":
                missing = _missing_keys(error)
                yield from (Finding((*path, key), "required", f"`{key}` is missing") for key in missing)
            case _:
                yield _plain(error, path)

    def _unknown(self, error: _Error, path: Path, key: str) -> Finding:
        explained = self._explain((*path, key), error.instance)
        if explained is not None:
            return explained
        near = _near(key, error.schema.get("properties", ()))
        inside = f"`{show_path(path)}`" if path else self._what
        return Finding((*path, key), "unknown-field", f"`{_short(key)}` is not a field of {inside}", near, at_key=True)

    def _nearest_branch(self, error: _Error, path: Path) -> Iterator[Finding]:
        """The findings of the branch that was meant: of the right type, errors deepest down, then fewest of them."""
        branches: dict[int, list[_Error]] = {}
        for inner in error.context or ():
            branches.setdefault(int(inner.schema_path[0]), []).append(inner)
        fitting = [errors for errors in branches.values() if not any(_is_root_type(inner) for inner in errors)]
        if fitting:
            for inner in max(fitting, key=lambda errors: (min(len(e.path) for e in errors), -len(errors))):
                yield from self._from(inner, path)
        elif branches:
            wanted = [
                kind for inner in error.context if _is_root_type(inner) for kind in _listed(inner.validator_value)
            ]
            yield _wrong_type(path, error.instance, list(dict.fromkeys(wanted)))
        else:
            yield Finding(path, "union", f"`{_field(path)}` fits more than one form; make it one of them")


def _is_root_type(error: _Error) -> bool:
    return error.validator == "type" and not error.path


def _unknown_keys(error: _Error) -> list[str]:
    return [key for key in error.instance if key not in error.schema.get("properties", {})]


def _missing_keys(error: _Error) -> list[str]:
    return [key for key in error.validator_value if key not in error.instance]


def _plain(error: _Error, path: Path) -> Finding:
    field, limit = _field(path), error.validator_value
    if "propertyNames" in error.schema_path:
        bound = _bound(str(error.validator), limit)
        return Finding(path, "invalid-key", f"`{_short(str(error.instance))}`, a key of `{field}`, {bound}")
    match error.validator:
        case "type":
            return _wrong_type(path, error.instance, _listed(limit))
        case "enum":
            return _not_allowed(path, error.instance, limit)
        case "const":
            return _not_allowed(path, error.instance, [limit])
        case "x-json-schema":
            return _no_json_schema(path, error)
        case "x-open-tag":
            value, near = _short(error.instance), str(limit)
            message = f"`{value}` is not a type that the request spec names; it is sent as it is"
            return Finding(path, "unknown-type", message, f"did you mean `{near}`?", Severity.WARNING)
        case _:
            return Finding(path, str(error.validator), f"`{field}` {_bound(str(error.validator), limit)}")


def _bound(validator: str, limit: Any) -> str:
    if validator == "pattern":
        limit = str(limit).replace(r"(?![\s\S])", "$")  # how derived patterns say "the very end" in every dialect
    wording = _BOUNDS_OF_ONE.get(validator) if limit == 1 else None
    return wording or _BOUNDS.get(validator, f"breaks the rule {validator} of the request spec").format(limit)


def _no_json_schema(path: Path, error: _Error) -> Finding:
    value, near = error.instance, ""
    if path[-1:] == ("type",) and error.validator_value == "anyOf":
        near = _near(value, _TYPES) if isinstance(value, str) else ""
        reason = f"{_shown(value)} is not a type" + ("" if near else f"; the types are {', '.join(_TYPES)}")
    else:
        reason = _short(error.message, 100)
    return Finding(path, "json-schema", f"`{_field(path)}` is not valid in a JSON Schema: {reason}", near)


def _wrong_type(path: Path, value: Json, wanted: Sequence[str]) -> Finding:
    suggestion, remedy = "", None
    if isinstance(value, str):
        if "boolean" in wanted and value.lower() in _YAML_1_1_BOOLEANS:
            suggestion = f"write {_YAML_1_1_BOOLEANS[value.lower()]}"
            remedy = Remedy((), _YAML_1_1_BOOLEANS[value.lower()] == "true")
        elif {"integer", "number"} & set(wanted) and _is_number(value):
            suggestion = f"write {value} without quotes"
            remedy = Remedy((), int(value)) if _INTEGER.fullmatch(value) else None
    elif "string" in wanted and isinstance(value, int | float):
        suggestion = f'write "{json.dumps(value)}" in quotes'
        remedy = Remedy((), json.dumps(value))
    names = [name for kind in wanted for name in _TYPES[kind]]
    message = f"`{_field(path)}` must be {_options(names)}, not {_shown(value)}"
    return Finding(path, "wrong-type", message, suggestion, remedy=remedy)


def _not_allowed(path: Path, value: Json, allowed: Sequence[Json]) -> Finding:
    near = _near(value, [item for item in allowed if isinstance(item, str)]) if isinstance(value, str) else ""
    if near or len(allowed) > _LISTED_OPTIONS:
        message = f"`{_field(path)}` can't be {_shown(value)}"
    else:
        message = f"`{_field(path)}` must be {_options([_shown(item) for item in allowed])}, not {_shown(value)}"
    return Finding(path, "not-allowed", message, near)


def _near(word: str, known: Iterable[str]) -> str:
    cutoff = 0.6 if len(word) <= _SHORT_WORD else 0.7
    near = nearest(word, known, cutoff)
    return f"did you mean `{near}`?" if near else ""


def _field(path: Path) -> str:
    return show_path(path) or "this value"


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _options(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _shown(value: Json) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str, limit: int = _SHOWN_CHARACTERS) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_json_schema(_: Any, wanted: bool, value: Any, __: Schema) -> Iterator[ValidationError]:
    """A user's own JSON Schema must be one. It is looked at and never executed: its patterns may be hostile."""
    if not wanted or not isinstance(value, Mapping):
        return
    try:
        Draft202012Validator.check_schema(value, format_checker=_NO_FORMATS)
    except SchemaError as error:
        yield ValidationError(error.message, path=error.path, validator_value=error.validator, instance=error.instance)


def _check_open_tag(_: Any, tag: Mapping[str, Any], value: Any, __: Schema) -> Iterator[ValidationError]:
    """A tag that may be anything, but looks like a known one misspelt."""
    given = value.get(tag["property"]) if isinstance(value, Mapping) else None
    if not isinstance(given, str) or given in tag["known"]:
        return
    near = nearest(given, tag["known"], 0.85)
    if near:
        yield ValidationError("", path=[tag["property"]], validator_value=near, instance=given)


_Validator = extend(Draft202012Validator, {"x-json-schema": _check_json_schema, "x-open-tag": _check_open_tag})
