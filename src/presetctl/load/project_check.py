"""presetctl.yaml against its models: the settings, and every problem with its position."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ValidationError

from presetctl.domain import project as plain
from presetctl.domain.document import Document
from presetctl.domain.problem import Problem
from presetctl.domain.project import WORKSPACE_NAME
from presetctl.domain.values import Path, show_path
from presetctl.load.project_model import PRINCIPAL, VARIABLE_NAME, WORKSPACES, Defaults, Limits, Project
from presetctl.nearest import nearest

_FILE = "presetctl.yaml"
_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "a text",
    "tuple_type": "a list",
}
_PATTERNS = {
    WORKSPACE_NAME: "is not a valid name: at most 64 letters, digits, `-` and `_`, the first a letter or digit",
    VARIABLE_NAME: "must be the name of an environment variable, never what it holds: letters, digits and `_`",
    PRINCIPAL: "must be role/NAME, group/ID or user/ID",
}
_ABOUT_PROVIDER = frozenset({"union_tag_invalid", "union_tag_not_found"})


def checked_project(document: Document) -> tuple[plain.Project | None, list[Problem]]:
    """The settings in presetctl.yaml as read, None where they can't be told, and what is wrong with them."""
    value = {} if document.value is None else document.value
    try:
        return plain.project_of(Project.model_validate(value).model_dump()), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
        return None, [_problem(document, cast("dict[str, Any]", detail)) for detail in details]


def _problem(document: Document, detail: dict[str, Any]) -> Problem:
    """One finding of pydantic in the user's terms."""
    path, model = _place(detail)
    kind, key = detail["type"], _key(path)
    if kind == "extra_forbidden":
        near = nearest(key, model.model_fields)
        return Problem(
            document.locate(path, True),
            show_path(path),
            "unknown-field",
            f"`{key}` is not a setting here",
            f"did you mean `{near}`?" if near else "",
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
            return f"`{key or _FILE}` must be {_TYPES[kind]}"
        case "too_short" | "string_too_short":
            return f"`{key}` must not be empty"
        case "value_error":
            return f"`{key}` {context['error']}" if key else str(context["error"])
        case "literal_error":
            return f"`{key}` must be {context['expected']}"
        case "union_tag_invalid":
            return f"`{key}` must be {' or '.join(repr(name) for name in WORKSPACES)}"
        case "string_pattern_mismatch":
            return f"`{key}` {_PATTERNS[context['pattern']]}"
        case _:
            return f"`{key}`: {str(detail['msg']).removeprefix('Input ')}"
