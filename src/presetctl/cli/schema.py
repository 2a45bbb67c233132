"""``presetctl schema``: from a request spec to the schemas that presets are checked against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from presetctl.bounded import read_bounded
from presetctl.cli.console import give
from presetctl.cli.session import Session
from presetctl.domain.errors import InputError
from presetctl.domain.kind import Evidence, provider_of
from presetctl.domain.preset import MODEL_SPEC
from presetctl.domain.problem import Problem
from presetctl.load.atomic import write_atomically
from presetctl.load.project import load_project
from presetctl.load.project_model import project_schema
from presetctl.load.tree import WorkTree
from presetctl.packaged import FOLDER
from presetctl.report.safe import visible
from presetctl.report.text import Style, many, problems_text
from presetctl.repository import load
from presetctl.specs import librechat
from presetctl.specs.accounting import Accounting, Entry, Fate, read_accounting
from presetctl.specs.derive import config_schemas, derive_files, unaccounted
from presetctl.specs.difference import difference
from presetctl.specs.editor import preset_schema
from presetctl.specs.model_specs import NAME as MODEL_SPECS
from presetctl.specs.openapi import read_document, reduce
from presetctl.specs.overlay import read_overlay
from presetctl.specs.reading import MAX_BYTES, dump_json
from presetctl.specs.schemas import SchemaLibrary

OPENAPI, OVERLAY, PERSISTENCE = "openrouter/openapi.json", "openrouter/overlay.yaml", "openrouter/persistence.yaml"
LIBRECHAT = "librechat"
EXPORTED = "librechat/source"
WOULD_DIFFER = 3
FETCH_SECONDS = 120
SAFE_SCHEME = "https://"


@click.group("schema")
def command() -> None:
    """Update and derive the schemas that presets are checked against.

    \b
    Examples:
      presetctl schema update openapi.yaml
      presetctl schema update https://openrouter.ai/openapi.json
      presetctl schema derive --check
    """


@command.command("update")
@click.argument("spec")
@click.pass_context
def update(ctx: click.Context, spec: str) -> None:
    """Take in a newer OpenAPI 3.1 document: SPEC is a file or an https address, YAML or JSON.

    Its /presets operations and all that they reach are written to schemas/openrouter/openapi.json, without prose.
    What came, went and changed is printed, and which presets of this project would no longer be valid.

    \b
    Examples:
      presetctl schema update openapi.yaml
      presetctl schema update https://openrouter.ai/openapi.json
    """
    session = Session.open(ctx)
    reduced = reduce(read_document(_read_spec(session.start, spec), spec))
    sources = Sources.of(session.root)
    for entry in (entries := difference(read_document(sources.openapi, OPENAPI), reduced)):
        give(visible(str(entry)))
    accounting = read_accounting(sources.persistence)
    missing = unaccounted(reduced, accounting)
    broken = _broken(session, reduced, sources, _accounted(accounting, missing))
    for name, data in {
        OPENAPI: dump_json(reduced), OVERLAY: sources.overlay, PERSISTENCE: sources.persistence,
    }.items():  # fmt: skip
        _write_changed(session.root / FOLDER / name, data)
    give(f"{FOLDER}/{OPENAPI}: {len(entries)} differences" if entries else f"{FOLDER}/{OPENAPI}: no difference")
    for kind, name in missing:
        give(f"{FOLDER}/{PERSISTENCE} does not say what becomes of `{visible(name)}` ({kind}): add it there")
    if broken:
        give(f"\n{problems_text(broken, Style())}")
    files = len({problem.location.file for problem in broken})
    give(
        f"{many(files, 'file')} of this project would no longer be valid."
        if files
        else "Every preset stays as valid as it is."
    )
    give("Next: presetctl schema derive")


@command.command("derive")
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 if a file would differ.")
@click.pass_context
def derive(ctx: click.Context, check: bool) -> None:
    """Derive the schemas of kinds, preset files and presetctl.yaml from schemas/openrouter/ and schemas/librechat/.

    The kinds are those of the providers in presetctl.yaml, and of those that the project has sources of. A project
    without a spec of its own gets the schemas of this presetctl, for its editors.

    \b
    Examples:
      presetctl schema derive
      presetctl schema derive --check      in CI
    """
    session = Session.open(ctx)
    folder = session.root / FOLDER
    sources = Sources.of(session.root)
    wanted = {settings.provider for settings in load_project(WorkTree(session.root)).project.workspaces.values()}
    exported = sources.librechat if sources.own_librechat or LIBRECHAT in wanted else None
    files = derive_files(sources.openapi, sources.overlay, sources.persistence, project_schema(), exported)
    stale = [name for name, data in files.items() if _content(folder / name) != data]
    gone = [name for kind in SchemaLibrary.at(folder).kinds() if (name := f"{kind}.schema.json") not in files]
    for name in stale:
        if not check:
            _write_changed(folder / name, files[name])
        give(f"{'differs  ' if check else 'written  '}{FOLDER}/{name}")
    for name in gone:
        if not check:
            (folder / name).unlink()
        give(f"{'no longer derived  ' if check else 'removed  '}{FOLDER}/{name}")
    if not stale and not gone:
        give(f"{len(files)} schemas are up to date.")
    ctx.exit(WOULD_DIFFER if check and (stale or gone) else 0)


@dataclass(frozen=True)
class Sources:
    """What schemas are derived from: a project's own files, each where it has one, else those of presetctl."""

    openapi: bytes
    overlay: bytes
    persistence: bytes
    librechat: librechat.Sources
    own_librechat: bool
    """Whether the project itself has something that LibreChat's kinds are derived from."""

    @classmethod
    def of(cls, root: Path) -> Sources:
        """The sources of the project in ``root``."""
        packaged, own = SchemaLibrary.packaged().folder, root / FOLDER

        def read(name: str) -> bytes:
            data = _content(own / name)
            return (packaged / name).read_bytes() if data is None else data

        names = sorted(path.name for path in (packaged / EXPORTED).glob("*.json"))
        exported = {name.removesuffix(".json"): read(f"{EXPORTED}/{name}") for name in names}
        model_specs = exported.pop(MODEL_SPECS)
        overlay, persistence = (f"{LIBRECHAT}/{Path(name).name}" for name in (OVERLAY, PERSISTENCE))
        return cls(
            read(OPENAPI),
            read(OVERLAY),
            read(PERSISTENCE),
            librechat.Sources(exported, read(overlay), read(persistence), model_specs),
            any((own / name).exists() for name in (EXPORTED, overlay, persistence)),
        )


@dataclass(frozen=True)
class _Derived:
    """Schemas that were derived and not written."""

    configs: Mapping[str, dict[str, Any]]
    library: SchemaLibrary

    def kinds(self) -> Sequence[str]:
        return tuple(self.configs)

    def config_schema(self, kind: str) -> Mapping[str, Any]:
        return self.configs[kind]

    def preset_schema(self) -> Mapping[str, Any]:
        return preset_schema(self.configs, self.library.preset_schema().get("$defs", {}).get(MODEL_SPEC))

    def model_specs_schema(self) -> Mapping[str, Any]:
        return self.library.model_specs_schema()


def _broken(session: Session, reduced: dict[str, Any], sources: Sources, accounting: Accounting) -> list[Problem]:
    """The problems that presets would have with the new spec and don't have now."""
    same = {kind: dict(session.schemas.config_schema(kind)) for kind in session.schemas.kinds()}
    others = {kind: schema for kind, schema in same.items() if provider_of(kind) == LIBRECHAT}
    configs = others | config_schemas(reduced, read_overlay(sources.overlay, OVERLAY), accounting)
    derived = _Derived(configs, session.schemas)
    tree = WorkTree(session.root)
    before = set(load(tree, session.schemas).problems)
    return [problem for problem in load(tree, derived).problems if problem not in before]


def _accounted(accounting: Accounting, missing: Sequence[tuple[str, str]]) -> Accounting:
    """The table with every missing field taken for config of unknown persistence."""
    kinds = {kind: dict(fields) for kind, fields in accounting.kinds.items()}
    for kind, name in missing:
        kinds.setdefault(kind, {})[name] = Entry(Fate.CONFIG, Evidence.UNKNOWN, name)
    return replace(accounting, kinds=kinds)


def _read_spec(folder: Path, spec: str) -> bytes:
    if spec.startswith(SAFE_SCHEME):
        from presetctl.providers.http import fetch

        return fetch(spec, timeout=FETCH_SECONDS, limit=MAX_BYTES)
    if "://" in spec:
        raise InputError(f"{spec}: only files and https addresses are read")
    path = folder / spec
    data = None if path.is_dir() else _content(path)
    if data is None:
        raise InputError(f"{spec} is not a file")
    return data


def _content(path: Path) -> bytes | None:
    try:
        return read_bounded(path, MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} can't be read: it {error}") from error


def _write_changed(path: Path, data: bytes) -> None:
    if _content(path) != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
