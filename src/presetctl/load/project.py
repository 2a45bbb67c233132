"""presetctl.yaml → the project, or every problem in it with its position."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path as FilePath

from presetctl import __version__
from presetctl.domain.document import Document
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Problem
from presetctl.domain.project import Project, project_of
from presetctl.domain.values import Json
from presetctl.load.documents import load_document
from presetctl.ports import NO_CACHE, Cache, FileTree

PROJECT_FILE = "presetctl.yaml"

SPACE = "projects"


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

    One that was found right before is known by ``cache``, so that it needn't be checked.
    """
    try:
        document = load_document(tree, PROJECT_FILE)
    except InputError as error:
        if not error.problems:
            raise
        raise InputError(f"{PROJECT_FILE} is not valid", problems=error.problems) from error
    problems = [prompt for prompt in document.prompts.values() if isinstance(prompt, Problem)]
    key = _key(document.value)
    project = None if problems else _known(cache.get(SPACE, [key]).get(key))
    if project is None:
        from presetctl.load.project_check import checked_project  # and with it pydantic

        project, found = checked_project(document)
        problems += found
        if project is not None and not problems and not document.secrets:
            cache.put(SPACE, {key: json.dumps(asdict(project)).encode()})
    if project is None or problems:
        raise InputError(f"{PROJECT_FILE} is not valid", problems=sorted(problems))
    return LoadedProject(project, document)


def _key(value: Json) -> str:
    """Of everything that decides which settings a file stands for."""
    sources = hashlib.sha256(json.dumps([__version__, value]).encode())
    for module in ("project.py", "project_check.py", "project_model.py", "../domain/project.py"):
        with suppress(OSError):  # an installation without its sources: then the version says it all
            sources.update((FilePath(__file__).parent / module).read_bytes())
    return sources.hexdigest()


def _known(data: bytes | None) -> Project | None:
    try:
        return None if data is None else project_of(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError):  # of another presetctl
        return None
