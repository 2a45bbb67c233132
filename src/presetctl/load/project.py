"""presetctl.yaml → the project, or every problem in it with its position."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path as FilePath

from presetctl import __version__
from presetctl.domain.document import Document
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Problem
from presetctl.domain.project import Project, project_of
from presetctl.domain.values import Json
from presetctl.load.documents import locator, parse_document, prompt_files, read_preset
from presetctl.packaged import PROJECT_SCHEMA, digest_of, packaged_schemas
from presetctl.ports import NO_CACHE, Cache, FileTree

PROJECT_FILE = "presetctl.yaml"

SPACE = "projects"
_DECIDING = (
    "documents.py", "project.py", "project_check.py", "project_model.py", "project_rules.py", "project_settings.py",
    "strict_yaml.py", "yaml_complaints.py", "yaml_scalars.py", "../domain/document.py", "../domain/preset.py",
    "../domain/project.py", "../secrets.py", "../validate.py",
)  # fmt: skip
"""The modules that decide."""


@dataclass(frozen=True)
class LoadedProject:
    """The project, and the document that it was read from."""

    project: Project
    document: Document


def find_project(start: FilePath) -> FilePath:
    """The nearest folder from ``start`` upwards that has a presetctl.yaml. InputError where there is none."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).exists():
            return folder
    raise InputError(
        f"no {PROJECT_FILE} in {start} or any folder above it",
        hint="`presetctl init` makes one here; -C FOLDER runs in another folder",
    )


def load_project(tree: FileTree, cache: Cache = NO_CACHE) -> LoadedProject:
    """Reads and checks presetctl.yaml. InputError carries every problem.

    One that was found right before is known by ``cache``, so that it needn't be parsed and checked.
    """
    data = read_preset(tree, PROJECT_FILE)
    key = _key(data)
    project, value = _known(cache.get(SPACE, [key]).get(key))
    if project is not None and not list(prompt_files(value)):
        return LoadedProject(project, Document(PROJECT_FILE, value, locator(data, PROJECT_FILE)))
    document = _parsed(tree, data)
    problems = [prompt for prompt in document.prompts.values() if isinstance(prompt, Problem)]
    if project is None:
        project, found = _checked(document)
        problems += found
        if project is not None and not problems and not document.secrets:
            cache.put(SPACE, {key: json.dumps([asdict(project), document.value]).encode()})
    if project is None or problems:
        raise InputError(f"{PROJECT_FILE} is not valid", problems=sorted([*problems, *document.secrets]))
    return LoadedProject(project, document)


def _checked(document: Document) -> tuple[Project | None, list[Problem]]:
    """The settings, None where they can't be told, and what is wrong with them."""
    from presetctl.load.project_settings import sure_project

    project = sure_project(document.value)
    if project is not None:
        return project, []
    from presetctl.load.project_check import checked_project  # and with it pydantic

    return checked_project(document)


def _parsed(tree: FileTree, data: bytes) -> Document:
    try:
        return parse_document(tree, PROJECT_FILE, data)
    except InputError as error:
        raise InputError(f"{PROJECT_FILE} is not valid", problems=error.problems) from error


def _key(data: bytes) -> str:
    """Of everything that decides which settings a file stands for."""
    own = [*(FilePath(__file__).parent / module for module in _DECIDING), packaged_schemas() / PROJECT_SCHEMA]
    return hashlib.sha256(f"{__version__} {digest_of(own)}\n".encode() + data).hexdigest()


def _known(data: bytes | None) -> tuple[Project | None, Json]:
    """The settings and the value of the file, where they are known."""
    try:
        settings, value = (None, None) if data is None else json.loads(data)
        return None if settings is None else project_of(settings), value
    except (ValueError, TypeError, KeyError, AttributeError):  # of another presetctl
        return None, None
