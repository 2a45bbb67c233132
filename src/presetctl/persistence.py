"""Request body ↔ persisted config and system prompt, per kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from presetctl.domain.kind import Evidence, Kept, Kind
from presetctl.domain.preset import Content
from presetctl.domain.values import Json, JsonObject, Path

# A request without any message is refused by the spec (chat: at least one); the text is never stored.
_FILLER: Json = [{"role": "user", "content": "preset"}]


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """Reads what a derived config schema says of storage (its ``x-presetctl`` annotation)."""
    notes = schema["x-presetctl"]
    return Kind(
        name=notes["kind"],
        operation=notes["operation"],
        system_prompt=notes["system_prompt"],
        config={field: Kept(entry["as"], Evidence(entry["evidence"])) for field, entry in notes["config"].items()},
        per_request=frozenset(notes["per_request"]),
        defaults={_steps(pointer): value for pointer, value in notes["defaults"].items()},
        opaque=frozenset(_steps(pointer) for pointer in notes["opaque"]),
        dashboard_only=frozenset(notes["dashboard_only"]),
    )


def _steps(pointer: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def kept(kind: Kind, content: Content, not_kept: Iterable[str] = ()) -> Content:
    """What a workspace should hold after ``content`` was written, less the fields known not to be kept.

    ``not_kept`` names config fields by their dotted path (``seed``, ``provider.zdr``).
    """
    config = {
        kind.config[field].name if field in kind.config else field: value for field, value in content.config.items()
    }
    return held_content(Content(content.system_prompt or None, config), not_kept)


def requested_config(kind: Kind, config: JsonObject) -> JsonObject:
    """A stored config with its fields as the request and the files name them."""
    names = {entry.name: field for field, entry in kind.config.items()}
    return {names.get(key, key): value for key, value in config.items()}


def requested_path(kind: Kind, path: Path) -> Path:
    """The path of a stored field (from the content's root), as the request and the files name it."""
    if path[:1] != ("config",) or len(path) < 2:
        return path
    names = {entry.name: field for field, entry in kind.config.items()}
    return ("config", names.get(str(path[1]), path[1]), *path[2:])


def held_content(content: Content, not_kept: Iterable[str] = ()) -> Content:
    """What a workspace holds, less the fields that are not compared."""
    config = content.config
    for dotted in not_kept:
        config = _without(config, dotted.split("."))
    return Content(content.system_prompt, config)


def _without(config: JsonObject, steps: list[str]) -> dict[str, Json]:
    first, *rest = steps
    result = dict(config)
    inner = result.get(first)
    if not rest:
        result.pop(first, None)
    elif isinstance(inner, Mapping):
        result[first] = _without(inner, rest)
    return result


def evidence(kind: Kind, path: Path) -> Evidence:
    """On what ground the stored field at ``path`` (from the content's root) is expected to be kept."""
    if path[0] == "system_prompt":
        return Evidence.DOCUMENTED
    entries = (entry.evidence for entry in kind.config.values() if path[:2] == ("config", entry.name))
    return next(entries, Evidence.UNKNOWN)


def request_body(kind: Kind, content: Content) -> dict[str, Json]:
    """The body to send for ``content``: config, and the system prompt where this kind of request carries it.

    Source: the provider's guide on presets names for each request the field that becomes the system prompt.
    """
    return {**content.config, **_PROMPT_CARRIERS[kind.system_prompt](content.system_prompt or None)}


def _in_messages(prompt: str | None) -> dict[str, Json]:
    return {"messages": _FILLER if prompt is None else [{"role": "system", "content": prompt}]}


def _in_system(prompt: str | None) -> dict[str, Json]:
    return {"messages": _FILLER} | ({} if prompt is None else {"system": prompt})


def _in_instructions(prompt: str | None) -> dict[str, Json]:
    return {} if prompt is None else {"instructions": prompt}


_PROMPT_CARRIERS: Mapping[str, Callable[[str | None], dict[str, Json]]] = {
    "messages": _in_messages,
    "system": _in_system,
    "instructions": _in_instructions,
}
