"""The derived schemas as they are read at run time. Nothing is derived here."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

from presetctl.bounded import read_bounded
from presetctl.domain.errors import InputError
from presetctl.domain.kind import TITLE, provider_of
from presetctl.domain.preset import MODEL_SPEC
from presetctl.packaged import FOLDER, PROJECT_SCHEMA, packaged_schemas

Schema: TypeAlias = dict[str, Any]

SUFFIX: Final = ".schema.json"
MAX_SCHEMA_BYTES: Final = 8 * 1024 * 1024
SPEC: Final = Path("openrouter", "openapi.json")
MODEL_SPECS: Final = "model-specs.schema.json"
_FOR_EDITORS: Final = ("preset.schema.json", PROJECT_SCHEMA)


@dataclass(frozen=True)
class SchemaLibrary:
    """A folder of derived schemas. Each file is read once, when it is first needed."""

    folder: Path
    _read: dict[str, Schema] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def at(cls, folder: Path) -> SchemaLibrary:
        """The schemas in that folder."""
        return cls(folder)

    @classmethod
    def packaged(cls) -> SchemaLibrary:
        """The schemas that came with presetctl."""
        return cls(packaged_schemas())

    @classmethod
    def for_project(cls, folder: Path) -> SchemaLibrary:
        """The schemas of a project that has a spec of its own to derive from; else the packaged ones."""
        own = folder / FOLDER
        return cls(own) if (own / SPEC).is_file() else cls.packaged()

    def kinds(self) -> tuple[str, ...]:
        """The names of all kinds: what lies in a provider's folder."""
        return self._kinds

    @cached_property
    def _kinds(self) -> tuple[str, ...]:
        paths = (path.relative_to(self.folder).as_posix() for path in self.folder.glob(f"*/*{SUFFIX}"))
        return tuple(sorted(path.removesuffix(SUFFIX) for path in paths))

    def config_schema(self, kind: str) -> Schema:
        """The schema of one kind's config. InputError for an unknown kind or a damaged file."""
        if kind not in self.kinds():
            known = ", ".join(self.kinds())
            hint = f"kinds with a schema: {known}" if known else f"there are no schemas in {self.folder}"
            raise InputError(f"there is no kind {kind}", hint=hint)
        return self._schema(kind + SUFFIX)

    def preset_schema(self) -> Schema:
        """The schema of a preset file. InputError for a damaged file."""
        return self._schema(_FOR_EDITORS[0])

    def model_specs_schema(self) -> Schema:
        """The schema of ``modelSpecs`` in librechat.yaml. InputError for a damaged file, or where there is none."""
        return self._schema(MODEL_SPECS)

    def files(self, providers: Collection[str]) -> dict[str, bytes]:
        """What editors need for the kinds of those providers: path below a schema folder and content.

        InputError for a file that can't be read.
        """
        from presetctl.specs.editor import preset_schema  # not for those who only check
        from presetctl.specs.reading import dump_json

        kinds = [kind for kind in self.kinds() if provider_of(kind) in providers]
        files = {name: self._bytes(name) for name in [*_FOR_EDITORS, *(kind + SUFFIX for kind in kinds)]}
        if len(kinds) < len(self.kinds()):  # it refers to the files of its kinds, which an editor must find
            configs = {kind: self.config_schema(kind) for kind in kinds}
            model_spec = self.preset_schema().get("$defs", {}).get(MODEL_SPEC)
            keeps = any(TITLE in schema["x-presetctl"].get("managed", ()) for schema in configs.values())
            files[_FOR_EDITORS[0]] = dump_json(preset_schema(configs, model_spec if keeps else None))
        return dict(sorted(files.items()))

    def _schema(self, name: str) -> Schema:
        if name not in self._read:
            try:
                schema = json.loads(self._bytes(name))
            except (ValueError, RecursionError) as error:
                raise self._damaged(name, str(error)) from error
            if not isinstance(schema, dict):
                raise self._damaged(name, "not a JSON object")
            self._read[name] = schema
        return self._read[name]

    def _bytes(self, name: str) -> bytes:
        try:
            return read_bounded(self.folder / name, MAX_SCHEMA_BYTES)
        except OSError as error:
            raise self._damaged(name, error.strerror or "can't be read") from error
        except ValueError as error:
            raise self._damaged(name, str(error)) from error

    def _damaged(self, name: str, reason: str) -> InputError:
        message = f"the schema {self.folder / name} is damaged: {reason}"
        return InputError(message, hint="`presetctl schema derive` writes the schemas of a project anew")
