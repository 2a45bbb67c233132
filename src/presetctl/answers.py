"""A key of a config that its kind's schema doesn't know → what to write instead, where that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from presetctl.domain.kind import TITLE, Kind
from presetctl.domain.preset import MODEL_SPEC, MODEL_SPEC_FROM_PRESET
from presetctl.domain.values import Json, JsonObject, Path
from presetctl.finding import Finding, Remedy

SYSTEM_PROMPT = "system_prompt"


def answer(kind: Kind, key: str, config: JsonObject) -> Finding | None:
    """The finding for one key of a config, or None where nothing is known of it."""
    if key in kind.keys:
        own, says_nothing = kind.keys[key], config[key] is False
        name = "" if own == key else f", `{own}`"
        message = f"`{key}` has a key of its own{name}, beside `config:`"
        hint = "remove it" if says_nothing else "move it there"
        return _finding(key, "own-key", message, hint, Remedy(None if says_nothing else (own,)))
    if key in kind.managed:
        said = kind.body.get(key)
        message = f"`{key}` is not for files to say" + (f": {kind.name} says it" if said else "; it is set for you")
        return _finding(key, "managed-field", message, "remove it", Remedy(None) if config[key] == said else None)
    if key in kind.ignored:
        return _lost(kind, key, config, "ignored-field", f"`{key}` is stored but ignored in {kind.name}")
    if key in kind.not_kept:
        return _lost(kind, key, config, "not-kept-field", f"`{key}` is dropped when the preset is saved")
    return None


def answer_in_model_spec(path: Path, _holder: JsonObject) -> Finding | None:
    """The finding for a key under ``model_spec`` that another key of a preset's file says, or None."""
    key = str(path[-1])
    if len(path) > 1 or key not in MODEL_SPEC_FROM_PRESET:
        return None
    where, remedy = _SAID_BY[key]
    return _finding(
        key, "own-key", f"`{key}` of a model spec comes from {where}", "remove it, or move it there", remedy
    )


_SAID_BY: Mapping[str, tuple[str, Remedy | None]] = {
    "name": ("the slug", None),
    "label": (f"`{TITLE}:`, beside `{MODEL_SPEC}:`", Remedy((TITLE,))),
    "description": (f"`description:`, beside `{MODEL_SPEC}:`", Remedy(("description",))),
    "preset": ("`config:` and the system prompt", None),
}


def prompt_remedy(value: Json) -> Remedy | None:
    """What makes a text that stands in a config the system prompt; an empty one is none."""
    if not isinstance(value, str):
        return None
    return Remedy((SYSTEM_PROMPT,)) if value else Remedy(None)


def _lost(kind: Kind, key: str, config: JsonObject, rule: str, message: str) -> Finding:
    """The finding for a field that is stored in vain, or not at all."""
    value, here = config[key], kind.instead.get(key)
    if key == "tools" and kind.switches:
        return _tools(kind, value, rule, message)
    if here == SYSTEM_PROMPT:
        suggestion = "move the text to `system_prompt:` (or `system_prompt_file:`), beside `config:`"
        return _finding(key, rule, f"{message}: use `system_prompt`", suggestion, prompt_remedy(value))
    if here is None:
        return _finding(key, rule, message, "remove it", Remedy(None))
    if here in config:
        return _finding(key, rule, f"{message}: it is `{here}` here", f"remove it; `{here}` is there, too", None)
    return _finding(key, rule, f"{message}: it is `{here}` here", f"write `{here}`", Remedy(("config", here)))


def _tools(kind: Kind, value: Json, rule: str, message: str) -> Finding:
    """Tools do nothing for these endpoints, but some of them have a switch."""
    names = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    switch = next((kind.switches[name] for name in names if isinstance(name, str) and name in kind.switches), None)
    if switch is None:
        return _finding("tools", rule, message, "remove it", Remedy(None))
    message, suggestion = f"{message}: `{switch}: true` is what counts", f"write `{switch}: true`"
    return _finding("tools", rule, message, suggestion, Remedy(("config", switch), True))


def _finding(key: str, rule: str, message: str, suggestion: str, remedy: Remedy | None) -> Finding:
    return Finding((key,), rule, message, suggestion, at_key=True, remedy=remedy)
