"""``presetctl render --modelspecs``: the section of librechat.yaml that gives presets to every user."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from presetctl.bounded import read_bounded
from presetctl.cli.console import give, say, style_for
from presetctl.cli.declared import check_valid
from presetctl.cli.session import Session
from presetctl.domain.errors import InputError, UsageError
from presetctl.domain.preset import Preset
from presetctl.domain.provider import LIBRECHAT
from presetctl.domain.values import Json
from presetctl.domain.values import Path as JsonPath
from presetctl.load.atomic import write_atomically
from presetctl.load.dump_yaml import dump, dump_in_ascii
from presetctl.load.edit_yaml import Edit, edit
from presetctl.load.strict_yaml import MAX_BYTES, parse
from presetctl.model_specs import SECTION, WHOLE, ModelSpecs, in_list, model_specs, same_entries, without_endpoint
from presetctl.report.model_specs import entries_of, section_difference, undeclared
from presetctl.report.preset import is_harmless
from presetctl.report.safe import inert, one_line
from presetctl.report.text import problems_text
from presetctl.repository import Repository

DIFFERS = 3


def print_section(session: Session, workspace: str | None) -> None:
    """Prints the section."""
    found = _declared(session, workspace).section()
    text = dump(found)
    give((text if is_harmless(text) else dump_in_ascii(found)).removesuffix("\n"))


def write_section(session: Session, workspace: str | None, file: str) -> None:
    """Puts the list of the presets' entries into a file, and leaves every other byte of it as it is."""
    found, held = _declared(session, workspace), _Held.read(session, file)
    _tell_endpoints(found, held)
    if held.entries is not None and same_entries(held.entries, list(found.entries)):
        give(f"up to date  {inert(one_line(file))}")
        return
    write_atomically(held.path, edit(held.data, file, [Edit(held.place, list(found.entries))]))
    for name in undeclared(entries_of(held.entries), found.entries):
        give(f"removed  {inert(one_line(name))}, which no preset declares")
    give(f"written  {inert(one_line(file))}")


def check_section(session: Session, workspace: str | None, file: str) -> int:
    """Compares a file's list with what the presets make. The exit code: 3 where they differ."""
    found, held = _declared(session, workspace), _Held.read(session, file)
    _tell_endpoints(found, held)
    if held.entries is not None and same_entries(held.entries, list(found.entries)):
        give(f"{inert(one_line(file))} has the model specs of the presets.")
        return 0
    style = style_for(sys.stdout)
    give(section_difference(file, entries_of(held.entries), found.entries, dump, style), style)
    return DIFFERS


@dataclass(frozen=True)
class _Held:
    """A whole librechat.yaml, or just its section; ``entries`` is None where it has no list."""

    path: Path
    data: bytes
    value: Json
    place: JsonPath
    entries: Json

    @classmethod
    def read(cls, session: Session, file: str) -> _Held:
        """InputError for what can't be read, or is neither."""
        path = session.start / file
        data = _bytes(path, file)
        value = parse(data, file)
        place = in_list(value)
        if place is None:
            hint = "expected a whole librechat.yaml, or its section from `modelSpecs:` on"
            raise InputError(f"{file} has no place for modelSpecs", hint=hint)
        entries = value
        for step in place:
            entries = entries.get(str(step)) if isinstance(entries, Mapping) else None
        return cls(path, data, value, place, entries)


def _bytes(path: Path, file: str) -> bytes:
    try:
        return read_bounded(path, MAX_BYTES)
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{file} can't be read: it {error}") from error


def _declared(session: Session, workspace: str | None) -> ModelSpecs:
    """The entries of all presets. InputError where a file isn't valid, or LibreChat would not take an entry."""
    repository = session.repository()
    check_valid(repository)
    state = _presets(repository, workspace)
    made = model_specs(state.values(), repository.kinds.kind, session.schemas.model_specs_schema())
    if made.errors:
        raise InputError("not every preset can be in modelSpecs", problems=made.problems)
    if made.problems:
        style = style_for(sys.stderr)
        say(problems_text(made.problems, style), style)
    return made


def _presets(repository: Repository, workspace: str | None) -> Mapping[str, Preset]:
    """Those of the workspace that is named, or that can only be meant; without any, those of all files."""
    project = repository.project.project
    able = [name for name, settings in project.workspaces.items() if settings.provider == LIBRECHAT]
    if workspace is not None and repository.settings(workspace).provider != LIBRECHAT:
        raise UsageError(
            f"{workspace} is a workspace of {repository.settings(workspace).provider}; modelSpecs are LibreChat's",
            hint=f"name one of {', '.join(able)}" if able else "leave -w out",
        )
    chosen = workspace or (default if (default := project.default_name()) in able else None)
    if chosen is None and len(able) > 1:
        raise UsageError("which workspace?", hint=f"name one of {', '.join(able)} with -w")
    if not able:
        return repository.rendered.unplaced
    return repository.rendered.workspaces[project.targets_of(chosen or able[0])[0]]  # its users have the same ones


def _tell_endpoints(found: ModelSpecs, held: _Held) -> None:
    """Says which endpoints a whole librechat.yaml lacks: LibreChat leaves such entries out."""
    if not isinstance(held.value, Mapping) or held.place != WHOLE or held.value.keys() <= {SECTION}:
        return
    for name in without_endpoint(found.entries, held.value):
        say(f"LibreChat leaves {name} out: its endpoint is not among endpoints.custom there.")
