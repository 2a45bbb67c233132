"""A kind: the request spec that a preset is written in, and what a workspace keeps of such a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from presetctl.domain.values import Json, Path


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
