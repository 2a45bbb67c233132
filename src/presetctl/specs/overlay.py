"""OpenAPI Overlay 1.0: changes to a document, kept apart from it. https://spec.openapis.org/overlay/v1.0.0.html"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from presetctl.domain.errors import InputError
from presetctl.specs.reading import read_mapping

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_$][A-Za-z0-9_$-]*)
      | \[(?P<index>[0-9]+)\]
      | \[(?:'(?P<single>[^'\\]*)'|"(?P<double>[^"\\]*)")\]
      | (?P<any>\.\*|\[\*\])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Every:
    """The step of a path that goes to every child."""


ANY: Final = Every()
Step: TypeAlias = str | int | Every
_Place: TypeAlias = tuple[Any, Any]
"""A container and the key or index of one of its children."""


@dataclass(frozen=True)
class Action:
    """One change: where, and what to merge in there, or that it goes away."""

    target: str
    steps: tuple[Step, ...]
    update: Any = field(default=None, hash=False)
    remove: bool = False


@dataclass(frozen=True)
class Overlay:
    """A list of changes, in the order in which they are made."""

    actions: tuple[Action, ...] = ()


def read_overlay(data: bytes, name: str) -> Overlay:
    """Reads an overlay document. InputError names the action that isn't understood."""
    document = read_mapping(data, name)
    if not str(document.get("overlay", "")).startswith("1."):
        raise InputError(f"{name} is not an OpenAPI Overlay 1 document: it has no `overlay: 1.0.0`")
    actions = document.get("actions")
    if not isinstance(actions, list):
        raise InputError(f"{name} has no list `actions`")
    return Overlay(tuple(_action(each, f"{name}: actions[{index}]") for index, each in enumerate(actions)))


def apply_overlay(document: Mapping[str, Any], overlay: Overlay) -> tuple[dict[str, Any], list[str]]:
    """The document after all changes, and the targets that matched nothing in it. ``document`` stays as it was."""
    root = {"$": copy.deepcopy(dict(document))}
    unmatched = []
    for action in overlay.actions:
        places = list(_places((root, "$"), action.steps))
        if not places:
            unmatched.append(action.target)
        for container, key in reversed(places):  # from the back, so that indices still hold after a removal
            if action.remove:
                del container[key]
            else:
                container[key] = _updated(container[key], action.update)
    return root["$"], unmatched


def _action(action: Any, where: str) -> Action:
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        raise InputError(f"{where} has no target")
    remove = action.get("remove", False)
    if set(action) - {"target", "description", "update", "remove"} or not isinstance(remove, bool):
        raise InputError(f"{where} has keys that an overlay action doesn't have")
    if remove == ("update" in action):
        raise InputError(f"{where} must have either `update` or `remove: true`")
    steps = tuple(_steps(action["target"], where))
    if remove and not steps:
        raise InputError(f"{where} would remove the whole document")
    return Action(action["target"], steps, copy.deepcopy(action.get("update")), remove)


def _steps(target: str, where: str) -> Iterator[Step]:
    """A JSONPath of the plain kind: ``$``, ``.name``, ``['name']``, ``[0]``, ``.*`` and ``[*]``."""
    position = 1
    while position < len(target) and target[0] == "$":
        found = _STEP.match(target, position)
        if not found:
            break
        position = found.end()
        if found["index"] is not None:
            yield int(found["index"])
        elif found["any"] is not None:
            yield ANY
        else:
            yield next(text for text in found.group("name", "single", "double") if text is not None)
    if position < len(target) or target[:1] != "$":
        hint = "understood are $, .name, ['name'], [0], .* and [*]"
        raise InputError(f"{where}: the target {target} is not understood", hint=hint)


def _places(place: _Place, steps: tuple[Step, ...]) -> Iterator[_Place]:
    if not steps:
        yield place
        return
    value, step = place[0][place[1]], steps[0]
    for key in _children(value, step):
        yield from _places((value, key), steps[1:])


def _children(value: Any, step: Step) -> list[Any]:
    if isinstance(step, Every):
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        return list(keys)
    if isinstance(step, int):
        return [step] if isinstance(value, list) and step < len(value) else []
    return [step] if isinstance(value, dict) and step in value else []


def _updated(value: Any, update: Any) -> Any:
    """What the target becomes: an object is merged into, a list gets one more entry.

    So says Overlay 1.0.0, Action Object, ``update``; nested lists are concatenated. Anything else is replaced.
    """
    if isinstance(value, list):
        return [*value, copy.deepcopy(update)]
    return _merged(value, update)


def _merged(value: Any, update: Any) -> Any:
    if isinstance(value, dict) and isinstance(update, dict):
        return value | {key: _merged(value.get(key), each) for key, each in update.items()}
    if isinstance(value, list) and isinstance(update, list):
        return value + copy.deepcopy(update)
    return copy.deepcopy(update)
