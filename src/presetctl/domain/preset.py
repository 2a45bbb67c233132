"""A preset: one declared unit, and its content, the part that a workspace keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from presetctl.domain.values import Json, JsonObject, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from presetctl.domain.problem import Location

DEFAULT_KIND = "openrouter/chat-completions"

DESCRIPTION = "description"
MODEL_SPEC = "model_spec"
"""The key of a preset file for what only LibreChat's modelSpecs have of a preset."""
BESIDE = (DESCRIPTION, MODEL_SPEC)
"""Keys of a preset file that the content of a published preset has among its config."""
MODEL_SPEC_FROM_PRESET = frozenset({"name", "label", "description", "preset"})
"""What the rest of a preset's file says of its entry in modelSpecs."""

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
"""Use with ``fullmatch``. The provider documents only "URL-safe"; this is the part of it that is safe everywhere."""


@dataclass(frozen=True, eq=False)
class Content:
    """System prompt and config: what decides whether two presets are the same."""

    system_prompt: str | None
    config: JsonObject = field(hash=False)

    def as_json(self) -> dict[str, Json]:
        """One JSON object, the root of every field path: ``system_prompt`` and ``config``."""
        return {"system_prompt": self.system_prompt, "config": self.config}

    @cached_property
    def digest(self) -> str:
        """Digest of the canonical form; key order and the spelling of numbers don't matter."""
        return digest(self.as_json())

    def derive(self, name: str, make: Callable[[Content], Content]) -> Content:
        """What ``make`` makes of it. ``name`` says what that is: one name for one function of the content."""
        return make(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Content):
            return NotImplemented
        return (self.system_prompt, self.config) == (other.system_prompt, other.config)

    def __hash__(self) -> int:
        return hash(self.system_prompt)


SAME = "="
"""In place of a digest: the content's own."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


class RememberedContent(Content):
    """A content of which so far only the digest is known; ``read`` gets the rest where somebody looks into it.

    ``derived`` has the digests of what can be made of it, by name (see Content.derive()), SAME for its own. Whoever
    makes one answers for the digests.
    """

    _read: Callable[[], Content]
    _derived: Mapping[str, str]

    def __init__(self, digest: str, read: Callable[[], Content], derived: Mapping[str, str] = _NOTHING) -> None:
        object.__setattr__(self, "digest", digest)
        object.__setattr__(self, "_read", read)
        object.__setattr__(self, "_derived", derived)

    def __getattr__(self, name: str) -> Any:
        """Reads what isn't there yet."""
        if name not in {"system_prompt", "config"}:
            raise AttributeError(name)
        content = self._read()
        for field_name in ("system_prompt", "config"):
            object.__setattr__(self, field_name, getattr(content, field_name))
        return getattr(content, name)

    def derive(self, name: str, make: Callable[[Content], Content]) -> Content:
        """The same with a digest that is known, made only where somebody looks into it; else just made."""
        known = self._derived.get(name)
        if known is None:
            return make(self)
        return self if known == SAME else RememberedContent(known, lambda: make(self))


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset as the files declare it for one workspace, overrides and defaults applied."""

    slug: str
    kind: str
    content: Content
    source: Location
    description: str | None = None
    protected: bool = False
    """Whether changing it needs its name typed or given to --allow-protected."""
    model_spec: JsonObject | None = field(default_factory=dict, hash=False)
    """What its entry in LibreChat's modelSpecs says beside it, None for no entry there. The presets API has neither."""
    adopts: str | None = None
    """The id of the stored preset that is to be managed as this one, where a workspace tells the two apart."""
    default: bool = False
    """Whether it is to be its user's default preset, which only one of a workspace can be."""
