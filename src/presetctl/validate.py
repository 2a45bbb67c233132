"""One value against one derived schema → findings.

jsonschema-rs says in microseconds that a value is valid, and most are. What it doesn't call valid, jsonschema looks at,
whose word counts: it says what is wrong, if anything is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from presetctl.domain.values import Json
from presetctl.finding import ExplainKey, Finding, Schema

if TYPE_CHECKING:
    from jsonschema_rs import Validator

    from presetctl.explain import Explainer

_JSON_SCHEMA = {"$ref": "https://json-schema.org/draft/2020-12/schema"}


class SchemaChecker:
    """Checks values against one schema. ``what`` names the schema's subject in messages; see ExplainKey for the rest.

    The schema is read when first needed: most commands see no value of most kinds.
    """

    def __init__(self, schema: Schema, what: str, explain: ExplainKey | None = None) -> None:
        self._schema = schema
        self._what = what
        self._explain = explain or (lambda *_: None)

    def findings(self, value: Json) -> list[Finding]:
        """Everything that is wrong with ``value``, in order of path."""
        return [] if self.surely_valid(value) else self._explainer.findings(value)

    def surely_valid(self, value: Json) -> bool:
        """Whether nothing at all is to be said of ``value``. What isn't sure needs a closer look."""
        try:
            return self._quick.is_valid(value)
        except ValueError:  # what no JSON can hold; also half of a surrogate pair
            return False

    @cached_property
    def _quick(self) -> Validator:
        from jsonschema_rs import Draft202012Validator

        return Draft202012Validator(
            dict(self._schema),
            validate_formats=False,
            keywords={"x-json-schema": _JsonSchema, "x-open-tag": _OpenTag},
        )

    @cached_property
    def _explainer(self) -> Explainer:
        from presetctl.explain import Explainer  # with jsonschema, for those who have something wrong

        return Explainer(self._schema, self._what, self._explain)


class _UnsureError(ValueError):
    """A closer look is needed."""


class _JsonSchema:
    """A user's own JSON Schema must be one. It is looked at and never executed: its patterns may be hostile."""

    def __init__(self, _: Any, wanted: bool, __: Any) -> None:
        from jsonschema_rs import Draft202012Validator

        self._wanted = wanted
        self._schemas = Draft202012Validator(_JSON_SCHEMA, validate_formats=False)

    def validate(self, value: Any) -> None:
        """Raises _UnsureError where it may be none."""
        if self._wanted and isinstance(value, Mapping) and not self._schemas.is_valid(value):
            raise _UnsureError


class _OpenTag:
    """A tag that may be anything, but could be a known one misspelt."""

    def __init__(self, _: Any, tag: Mapping[str, Any], __: Any) -> None:
        self._name, self._known = tag["property"], frozenset(tag["known"])

    def validate(self, value: Any) -> None:
        """Raises _UnsureError for a text that isn't known."""
        given = value.get(self._name) if isinstance(value, Mapping) else None
        if isinstance(given, str) and given not in self._known:
            raise _UnsureError
