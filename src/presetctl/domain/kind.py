"""A kind: the request spec that a preset is written in, and what a workspace keeps of such a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from presetctl.domain.values import Json, JsonObject, Path


TITLE = "title"
DEFAULT_PRESET = "default_preset"
ORDER = "order"
PRESET_ID = "preset_id"
"""The key of a preset file that says which stored preset is to be managed as this one."""

KEYS: Mapping[str, str] = {"title": TITLE, "defaultPreset": DEFAULT_PRESET, "order": ORDER}
"""Stored fields that files say in a key of their own, beside config, and that key."""


def provider_of(kind: str) -> str:
    """The provider whose workspaces can hold presets of a kind: what stands before the slash of its name."""
    return kind.partition("/")[0]


class Evidence(StrEnum):
    """On what ground it is said what becomes of a request field."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Kept:
    """A request field that becomes part of the persisted config, under ``name``."""

    name: str
    evidence: Evidence


@dataclass(frozen=True)
class Kind:
    """What a request of one kind turns into once it is stored. Made from the annotations of a derived schema."""

    name: str
    operation: str
    """Method and path of the request, as in the provider's spec: ``POST /presets/{slug}/messages``."""
    system_prompt: str
    """The request field that becomes the system prompt."""
    config: Mapping[str, Kept] = field(hash=False)
    per_request: frozenset[str] = frozenset()
    """Request fields that no preset keeps."""
    defaults: Mapping[Path, Json] = field(default_factory=dict, hash=False)
    """Values that a server may add by itself, by their path inside config: they mean the same as nothing."""
    opaque: frozenset[Path] = frozenset()
    """Paths inside config below which every null and every empty list means something."""
    dashboard_only: frozenset[str] = frozenset()
    """Stored fields that no request can carry; a write would remove them."""
    system_prompt_of_models: Mapping[str, str] = field(default_factory=dict, hash=False)
    """For models whose name has a certain word, the field that becomes the system prompt instead."""
    body: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Fields with the same value in every request of this kind; they are stored beside config."""
    ignored: frozenset[str] = frozenset()
    """Fields that are stored and have no effect."""
    not_kept: frozenset[str] = frozenset()
    """Fields that are accepted and dropped."""
    managed: frozenset[str] = frozenset()
    """Stored fields that presetctl or the server sets."""
    instead: Mapping[str, str] = field(default_factory=dict, hash=False)
    """For a field that people write, the one that counts here; ``system_prompt`` is the key beside config."""
    switches: Mapping[str, str] = field(default_factory=dict, hash=False)
    """For a tool's name in ``tools``, the config field that switches it on."""

    not_null: frozenset[str] = frozenset()
    """Stored fields in which a null makes the whole preset unusable."""
    left_alone: frozenset[str] = frozenset()
    """Stored fields that count only where a file declares them; otherwise they are the user's own."""
    exclusive: str = ""
    """A stored field that only one preset of a workspace can have: one that gets it takes it from another."""
    replaced_whole: bool = False
    """Whether a write replaces all of a preset, so that it takes fields away, whatever else its provider does."""

    @property
    def provider(self) -> str:
        return provider_of(self.name)

    @property
    def has_title(self) -> bool:
        """Whether a workspace keeps a title beside config, which files say in a key of its own."""
        return TITLE in self.managed

    @property
    def keys(self) -> Mapping[str, str]:
        """The stored fields of this kind that files say in a key of their own beside config, each with that key."""
        return {name: key for name, key in KEYS.items() if name in self.managed}

    @property
    def prompt_fields(self) -> frozenset[str]:
        """Every field that is the system prompt of some preset of this kind."""
        return frozenset({self.system_prompt, *self.system_prompt_of_models.values()})

    def prompt_field(self, config: JsonObject) -> str:
        """The field that becomes the system prompt of a preset with this config."""
        model = str(config.get("model") or "").lower()
        words = (name for word, name in self.system_prompt_of_models.items() if word in model)
        return next(words, self.system_prompt)
