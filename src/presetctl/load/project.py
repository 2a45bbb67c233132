"""presetctl.yaml → the project, or every problem in it with its position."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from presetctl.domain.document import Document
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Problem
from presetctl.domain.project import WORKSPACES, Defaults, Limits, Project
from presetctl.domain.values import Path, show_path
from presetctl.load.documents import load_document
from presetctl.ports import FileTree

PROJECT_FILE = "presetctl.yaml"

_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "a text",
    "tuple_type": "a list",
}
_ABOUT_PROVIDER = frozenset({"union_tag_invalid", "union_tag_not_found"})


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


def load_project(tree: FileTree) -> LoadedProject:
    """Reads and checks presetctl.yaml. InputError carries every problem."""
    try:
        document = load_document(tree, PROJECT_FILE)
    except InputError as error:
        if not error.problems:
            raise
        raise InputError(f"{PROJECT_FILE} is not valid", problems=error.problems) from error
    value = {} if document.value is None else document.value
    problems = [prompt for prompt in document.prompts.values() if isinstance(prompt, Problem)]
    try:
        project = Project.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
        problems += [_problem(document, cast("dict[str, Any]", detail)) for detail in details]
        project = None
    if project is None or problems:
        raise InputError(f"{PROJECT_FILE} is not valid", problems=sorted(problems))
    return LoadedProject(project, document)


def _problem(document: Document, detail: dict[str, Any]) -> Problem:
    """One finding of pydantic in the user's terms."""
    path, model = _place(detail)
    kind, key = detail["type"], _key(path)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, list(model.model_fields), n=1)
        return Problem(
            document.locate(path, True),
            show_path(path),
            "unknown-field",
            f"`{key}` is not a setting here",
            f"did you mean `{near[0]}`?" if near else "",
        )
    if kind in {"missing", "union_tag_not_found"}:
        return Problem(document.locate(path, True), show_path(path), "required", f"`{key}` is missing")
    rule = "wrong-type" if kind.endswith("_type") else "invalid-value"
    return Problem(document.locate(path, "[key]" in detail["loc"]), show_path(path), rule, _message(detail, key))


def _place(detail: dict[str, Any]) -> tuple[Path, type[BaseModel]]:
    """The path of a finding in the file, and the model whose field is meant there."""
    path: Path = tuple(step for step in detail["loc"] if step != "[key]")
    model: type[BaseModel] = Defaults if path[:1] == ("defaults",) else Project
    if path[:1] == ("workspaces",) and len(path) > 2:  # pydantic says, too, which of the models it took
        model, path = WORKSPACES[str(path[2])], (*path[:2], *path[3:])
        model = Limits if path[2:3] == ("limits",) and len(path) > 3 else model
    return (*path, "provider") if detail["type"] in _ABOUT_PROVIDER else path, model


def _key(path: Path) -> str:
    """The last step as people write it: ``timeout``, or ``not_kept[0]`` for an item of a list."""
    return show_path(path[-2:]) if path and isinstance(path[-1], int) else str(path[-1]) if path else ""


def _message(detail: dict[str, Any], key: str) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case kind if kind in _TYPES:
            return f"`{key or PROJECT_FILE}` must be {_TYPES[kind]}"
        case "too_short" | "string_too_short":
            return f"`{key}` must not be empty"
        case "value_error":
            return f"`{key}` {context['error']}" if key else str(context["error"])
        case "literal_error":
            return f"`{key}` must be {context['expected']}"
        case "union_tag_invalid":
            return f"`{key}` must be {' or '.join(repr(name) for name in WORKSPACES)}"
        case "string_pattern_mismatch":
            return f"`{key}` is not a valid name (it must match {context['pattern']})"
        case _:
            return f"`{key}`: {str(detail['msg']).removeprefix('Input ')}"
