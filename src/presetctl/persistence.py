"""Request body ↔ persisted config and system prompt, per kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from presetctl.domain.kind import Evidence, Kept, Kind
from presetctl.domain.preset import BESIDE, Content
from presetctl.domain.provider import LIBRECHAT
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
        system_prompt_of_models=notes.get("system_prompt_of_models", {}),
        body=notes.get("body", {}),
        ignored=frozenset(notes.get("ignored", ())),
        not_kept=frozenset(notes.get("not_kept", ())),
        managed=frozenset(notes.get("managed", ())),
        instead=notes.get("instead", {}),
        switches=notes.get("switches", {}),
        not_null=frozenset(notes.get("not_null", ())),
        left_alone=frozenset(notes.get("left_alone", ())),
        exclusive=notes.get("exclusive", ""),
    )


def _steps(pointer: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def kept(kind: Kind, content: Content, not_kept: Iterable[str] = ()) -> Content:
    """What a workspace should hold after ``content`` was written, less the fields known not to be kept.

    ``not_kept`` names config fields by their dotted path (``seed``, ``provider.zdr``).
    """
    fields = tuple(not_kept)
    return content.derive(kept_name(kind.name, fields), lambda whole: _kept(kind, whole, fields))


def kept_name(kind: str, not_kept: Iterable[str] = ()) -> str:
    """The name of that, for Content.derive()."""
    return " ".join(["kept", kind, *not_kept])


def _kept(kind: Kind, content: Content, not_kept: Sequence[str]) -> Content:
    if not kind.body and not not_kept and content.system_prompt != "" and not _renames(kind, content.config):
        return content
    config = {
        kind.config[field].name if field in kind.config else field: value for field, value in content.config.items()
    }
    return held_content(Content(content.system_prompt or None, {**kind.body, **config}), not_kept)


def requested_config(kind: Kind, config: JsonObject) -> JsonObject:
    """A stored config with its fields as the request and the files name them, less what the kind says by itself."""
    names = {entry.name: field for field, entry in kind.config.items()}
    said = {key for key, value in kind.body.items() if config.get(key) == value}
    return {names.get(key, key): value for key, value in config.items() if key not in said}


def requested_path(kind: Kind, path: Path) -> Path:
    """The path of a stored field (from the content's root), as the request and the files name it."""
    if path[:1] != ("config",) or len(path) < 2:
        return path
    if len(path) == 2 and path[1] in kind.keys:
        return (kind.keys[str(path[1])],)
    if path[1] in BESIDE and kind.has_title:
        return path[1:]
    names = {entry.name: field for field, entry in kind.config.items()}
    return ("config", names.get(str(path[1]), path[1]), *path[2:])


def _renames(kind: Kind, config: JsonObject) -> bool:
    """Whether some field of a config is stored under another name."""
    return any(field in kind.config and kind.config[field].name != field for field in config)


def held_content(content: Content, not_kept: Iterable[str] = ()) -> Content:
    """What a workspace holds, less the fields that are not compared."""
    fields = tuple(not_kept)
    return _held(content, fields) if fields else content


def _held(content: Content, not_kept: Iterable[str]) -> Content:
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
        return Evidence.OBSERVED if kind.body else Evidence.DOCUMENTED
    if path[1:] and path[1] in {*kind.body, *kind.managed, *BESIDE}:
        return Evidence.OBSERVED
    entries = (entry.evidence for entry in kind.config.values() if path[:2] == ("config", entry.name))
    return next(entries, Evidence.UNKNOWN)


def request_body(kind: Kind, content: Content) -> dict[str, Json]:
    """The body to send for ``content``: config, and the system prompt where this kind of request carries it.

    Source: OpenRouter's guide on presets names for each request the field that becomes the system prompt. A kind with
    a body of its own is stored as it is sent, so no message has to go with it.
    """
    prompt = content.system_prompt or None
    if kind.body:
        said = {} if prompt is None else {kind.prompt_field(content.config): prompt}
        return {**kind.body, **content.config, **said}
    return {**content.config, **_PROMPT_CARRIERS[kind.system_prompt](prompt)}


def stored_content(kind: Kind, stored: JsonObject) -> Content:
    """What is stored under the names of the request, prompt among config, as the content that it is."""
    name = kind.prompt_field(stored)
    prompt = stored.get(name)
    return Content(prompt if isinstance(prompt, str) else None, {k: v for k, v in stored.items() if k != name})


_LIBRECHATS_OWN = frozenset(
    {"openAI", "azureOpenAI", "anthropic", "google", "bedrock", "assistants", "azureAssistants", "agents"}
)


def kind_name(endpoint: Json, endpoint_type: Json) -> str:
    """The kind of what LibreChat stores for an endpoint: a custom one for all that are not its own.

    Source: its list of endpoints. Others are named in librechat.yaml, and their type is ``custom``.
    """
    is_own = isinstance(endpoint, str) and endpoint in _LIBRECHATS_OWN and not endpoint_type
    return f"{LIBRECHAT}/{endpoint if is_own else 'custom'}"


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
