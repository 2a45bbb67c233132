"""Kinds with their schemas: what checks a config of each, and what its fields turn into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol

from presetctl.answers import answer, answer_in_model_spec, prompt_remedy
from presetctl.domain.errors import InputError
from presetctl.domain.kind import Kind, provider_of
from presetctl.domain.preset import DEFAULT_KIND, MODEL_SPEC
from presetctl.domain.values import Json, JsonObject, Path
from presetctl.finding import Finding, Remedy, Schema
from presetctl.nearest import nearest
from presetctl.persistence import kind_of
from presetctl.validate import SchemaChecker

_SHOWN_CHARACTERS = 60


class Schemas(Protocol):
    """The derived schemas that presets are checked against."""

    def kinds(self) -> Sequence[str]:
        """The names of all kinds."""

    def config_schema(self, kind: str) -> Schema:
        """The schema of one kind's config."""

    def preset_schema(self) -> Schema:
        """The schema of a preset file."""

    def model_specs_schema(self) -> Schema:
        """The schema of LibreChat's modelSpecs. InputError where there is none."""


class Kinds:
    """Schemas by kind, each checker and each kind's rules made when first needed."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._names = tuple(schemas.kinds())
        self._kinds: dict[str, Kind] = {}
        self._checkers: dict[str, SchemaChecker] = {}
        self._digests: dict[str, str] = {}
        whole = schemas.preset_schema()
        envelope = {key: value for key, value in whole.items() if key != "allOf"}
        self.envelope = SchemaChecker(envelope, "a preset file", self._explain_envelope)
        self._model_spec: Schema = whole.get("$defs", {}).get(MODEL_SPEC, {})
        self.model_spec = SchemaChecker(self._model_spec, MODEL_SPEC, answer_in_model_spec)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def unknown(self, name: Json) -> Finding:
        """What to say of a kind that there isn't, at its place in a preset file."""
        if not isinstance(name, str):
            return Finding(("kind",), "wrong-type", "`kind` must be a text", f"such as {DEFAULT_KIND}")
        provider, shown = provider_of(name), name[:_SHOWN_CHARACTERS]
        siblings = [kind for kind in self._names if provider_of(kind) == provider]
        if siblings:
            begins_so = (kind for kind in siblings if kind.startswith(name))
            near = next(begins_so, None) or _nearest(name, siblings, len(provider) + 1)
            message, others = f"`{shown}` is not a kind of {provider}", f"there are {', '.join(siblings)}"
        else:
            near = _nearest(name, self._names)
            providers = sorted({provider_of(kind) for kind in self._names})
            message = f"`{shown}` is not a kind; kinds begin with {' or '.join(f'{each}/' for each in providers)}"
            others = f"such as {DEFAULT_KIND}"
        return Finding(("kind",), "not-allowed", message, f"did you mean `{near}`?" if near else others)

    def model_specs_schema(self) -> Schema:
        """The schema of LibreChat's modelSpecs. InputError where there is none."""
        return self._schemas.model_specs_schema()

    def kind(self, name: str) -> Kind:
        """The rules of one kind."""
        if name not in self._kinds:
            self._kinds[name] = kind_of(self._schemas.config_schema(name))
        return self._kinds[name]

    @cached_property
    def envelope_digest(self) -> str:
        """The digest of what decides on preset files of every kind: their schema, and which kinds there are."""
        try:
            model_specs = self._schemas.model_specs_schema()
        except InputError:  # a project with schemas of its own may have none
            model_specs = {}
        return _digest([self._names, self._schemas.preset_schema(), model_specs])

    def digest(self, name: str) -> str:
        """The digest of what decides on configs of one kind."""
        if name not in self._digests:
            self._digests[name] = _digest(self._schemas.config_schema(name))
        return self._digests[name]

    def checker(self, name: str) -> SchemaChecker:
        """The checker for configs of one kind."""
        if name not in self._checkers:
            kind = self.kind(name)
            self._checkers[name] = SchemaChecker(
                self._schemas.config_schema(name), name, lambda path, holder: self._explain_config(kind, path, holder)
            )
        return self._checkers[name]

    def _explain_config(self, kind: Kind, path: Path, holder: JsonObject) -> Finding | None:
        """A field that the request has and the preset hasn't, or that another kind has."""
        key = str(path[-1])
        if len(path) > 1:
            return None
        known = answer(kind, key, holder)
        if known is not None:
            return known
        if key in kind.per_request or key == "messages":
            hint = "remove it here and send it with the requests"
            if key == kind.system_prompt:
                hint = "remove it; the text of its system message goes under `system_prompt:`, beside `config:`"
            return _at_key(path, "per-request-field", f"`{key}` belongs to each request; presets don't keep it", hint)
        if key in {kind.system_prompt, "system", "instructions"}:
            hint = "write the text under `system_prompt:` (or `system_prompt_file:`), beside `config:`"
            message = f"`{key}` is the system prompt, which has a key of its own"
            return _at_key(path, "system-prompt", message, hint, prompt_remedy(holder[key]))
        if key in kind.dashboard_only:
            message = f"`{key}` can only be set in the provider's dashboard; no request carries it"
            return _at_key(path, "dashboard-only-field", message, "remove it")
        siblings = [name for name in self._names if name != kind.name and provider_of(name) == kind.provider]
        others = [name for name in siblings if key in self.kind(name).config]
        if others and nearest(key, kind.config, 0.85) is None:
            message = f"`{key}` is a field of {' and '.join(others)}, not of {kind.name}"
            return _at_key(path, "unknown-field", message, "")
        return None

    def _explain_envelope(self, path: Path, holder: JsonObject) -> Finding | None:
        key = str(path[-1])
        if len(path) > 1:
            return None
        if any(key in self.kind(name).prompt_fields for name in self._names if self.kind(name).body):
            message, hint = f"`{key}` is the system prompt, which has a key of its own", "write it as `system_prompt:`"
            return _at_key(path, "system-prompt", message, hint, prompt_remedy(holder[key]))
        if any(key in self.kind(name).config for name in self._names):
            message, hint = f"`{key}` stands beside config instead of in it", "move it under `config:`"
            return _at_key(path, "unknown-field", message, hint, Remedy(("config", key)))
        if key in self._model_spec.get("properties", ()):
            message, hint = f"`{key}` stands beside {MODEL_SPEC} instead of in it", f"move it under `{MODEL_SPEC}:`"
            return _at_key(path, "unknown-field", message, hint, Remedy((MODEL_SPEC, key)))
        return None


def _digest(schema: object) -> str:
    """Of a schema as it is written: the canonical form of so large a value takes its time."""
    return hashlib.sha256(json.dumps(schema).encode()).hexdigest()


def _nearest(name: str, kinds: Iterable[str], start: int = 0) -> str | None:
    """The kind that is most like a name from the character at ``start`` on, if one is like it."""
    by_rest = {kind[start:]: kind for kind in kinds}
    rest = nearest(name[start:_SHOWN_CHARACTERS], by_rest)
    return None if rest is None else by_rest[rest]


def _at_key(path: Path, rule: str, message: str, suggestion: str, remedy: Remedy | None = None) -> Finding:
    return Finding(path, rule, message, suggestion, at_key=True, remedy=remedy)
