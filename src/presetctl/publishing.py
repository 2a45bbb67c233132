"""A workspace that publishes its presets as model specs: each preset as its entry, and the document that holds them.

The entries stand in what an admin lays over the server's configuration for one principal, a role for example. Only
the list is ever changed in it: entries that no file declares keep their places, and everything else is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from presetctl.domain.errors import RemoteError
from presetctl.domain.kind import TITLE, Kind
from presetctl.domain.preset import DESCRIPTION, MODEL_SPEC, Content, Preset
from presetctl.domain.problem import Problem
from presetctl.domain.state import DesiredState
from presetctl.domain.values import Json, JsonObject
from presetctl.finding import Schema
from presetctl.model_specs import LIST, SECTION, entry_place, in_order, model_specs, same_entries
from presetctl.persistence import kind_name, request_body, stored_content


def published(
    presets: DesiredState, kind_of: Callable[[str], Kind], schema: Schema
) -> tuple[dict[str, Preset], tuple[Problem, ...]]:
    """The presets with what their entries hold as content, and all that is wrong with those; not those without one."""
    found = model_specs(presets.values(), kind_of, schema)
    by_slug = {str(entry["name"]): entry for entry in found.entries}
    made = {
        slug: _published(preset, by_slug[slug], kind_of(preset.kind))
        for slug, preset in presets.items()
        if slug in by_slug
    }
    return made, found.problems


def _published(preset: Preset, entry: JsonObject, kind: Kind) -> Preset:
    """The preset with what its entry holds, but for what its kind says."""
    content = content_of(entry, kind)
    config = {key: value for key, value in content.config.items() if key not in kind.body}
    return replace(preset, content=Content(content.system_prompt, config), adopts=None, default=False)


def content_of(entry: JsonObject, kind: Kind) -> Content:
    """What an entry holds, as the content of a preset: what stands beside its `preset` is among the config."""
    held = entry.get("preset")
    said = {key: value for key, value in entry.items() if key not in {"name", "label", DESCRIPTION, "preset"}}
    beside: dict[str, Json] = {TITLE: entry.get("label"), DESCRIPTION: entry.get(DESCRIPTION), MODEL_SPEC: said or None}
    fields = held if isinstance(held, Mapping) else {}
    return stored_content(kind, {**fields, **{key: value for key, value in beside.items() if value is not None}})


def entry_of(slug: str, kind: Kind, content: Content) -> dict[str, Json]:
    """The entry that holds such a content: what ``content_of`` reads from it again."""
    body = request_body(kind, content)
    label, description, said = (body.pop(key, None) for key in (TITLE, DESCRIPTION, MODEL_SPEC))
    described = {} if description is None else {DESCRIPTION: description}
    more = said if isinstance(said, Mapping) else {}
    return in_order({"name": slug, "label": label, **described, **more, "preset": body})


def kind_of_entry(entry: JsonObject) -> str:
    """The name of the kind that an entry is of; one of an agent needs no endpoint."""
    held = entry.get("preset")
    fields = held if isinstance(held, Mapping) else {}
    endpoint = "agents" if "endpoint" not in fields and fields.get("agent_id") else fields.get("endpoint")
    return kind_name(endpoint, fields.get("endpointType"))


def entries_in(overrides: Json) -> tuple[JsonObject, ...]:
    """The entries in what is laid over the configuration; none where it has no list.

    RemoteError where it holds something else there: LibreChat stores anything, and nothing may be lost by a write.
    """
    held = _within(_within(overrides, SECTION), LIST)
    items = () if held is None else held
    if isinstance(items, str) or not isinstance(items, Sequence):
        raise _no_list()
    entries = tuple(item for item in items if isinstance(item, Mapping) and isinstance(item.get("name"), str))
    if len({entry["name"] for entry in entries}) < len(items):
        raise _no_list()
    return entries


def _within(value: Json, key: str) -> Json:
    """What a mapping has under a key; None where either is missing."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return value.get(key)
    raise _no_list()


def _no_list() -> RemoteError:
    return RemoteError(
        f"{SECTION}.{LIST} there is not a list of model specs, each with a name of its own",
        hint="put it right, or remove it, in the admin's configuration; LibreChat stores whatever it is sent",
    )


def with_entry(entries: Sequence[JsonObject], entry: JsonObject) -> list[JsonObject]:
    """The list with one entry in it, in its own place if it keeps it: before the first that comes after it."""
    place = entry_place(entry)
    for index, held in enumerate(entries):
        if held["name"] == entry["name"] and entry_place(held) == place:
            return [*entries[:index], entry, *entries[index + 1 :]]
    others = without_entry(entries, str(entry["name"]))
    at = next((index for index, held in enumerate(others) if entry_place(held) > place), len(others))
    return [*others[:at], entry, *others[at:]]


def without_entry(entries: Sequence[JsonObject], name: str) -> list[JsonObject]:
    """The list without one entry; the others keep their order."""
    return [held for held in entries if held["name"] != name]


def same_otherwise(before: Json, after: Json) -> bool:
    """Whether two states of what is laid over the configuration are the same but for the list."""
    return same_entries(_without_list(before), _without_list(after))


def _without_list(overrides: Json) -> Json:
    """Everything but the list; a section that has nothing else in it says no more than none."""
    if not isinstance(overrides, Mapping):
        return overrides or {}
    section = overrides.get(SECTION)
    if section is not None and not isinstance(section, Mapping):
        return overrides
    rest = {key: value for key, value in (section or {}).items() if key != LIST}
    return {key: value for key, value in overrides.items() if key != SECTION} | ({SECTION: rest} if rest else {})
