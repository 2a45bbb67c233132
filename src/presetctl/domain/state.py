"""States: what the files want (desired) and what a workspace holds (actual)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from presetctl.domain.preset import Content, Preset

DesiredState = Mapping[str, "Preset"]
"""By slug."""


class Status(StrEnum):
    """What a workspace says of a preset. Statuses that are not known yet are read as UNKNOWN.

    UNREADABLE is one that is there, and whose content the workspace doesn't tell.
    """

    ACTIVE = "active"
    DISABLED = "disabled"
    UNREADABLE = "unreadable"
    ARCHIVED = "archived"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Version:
    """A saved content of a preset; immutable where the provider keeps versions. Times are the remote's own strings.

    ``number`` counts from 1; None where the provider keeps no versions, and only what is live can be had.
    """

    id: str
    number: int | None
    content: Content
    created_at: str = ""
    creator: str | None = None

    @property
    def name(self) -> str:
        """``version 3``; where none are counted, there is only one, and this is what it is called."""
        return "what is live" if self.number is None else f"version {self.number}"


def numbered(versions: Iterable[Version]) -> dict[int, Version]:
    """Versions by their number; empty where none are counted."""
    return {version.number: version for version in versions if version.number is not None}


@dataclass(frozen=True, slots=True)
class ListedPreset:
    """One row of a workspace's list: everything but the content.

    ``managed`` is False where the workspace marks presets that are managed by files, and this one isn't.
    ``workspace_id`` is None where the row doesn't say.
    """

    slug: str
    id: str
    status: Status
    designated_version_id: str | None
    managed: bool = True
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A workspace's list. ``complete`` is False where the remote counts more presets than it listed."""

    rows: tuple[ListedPreset, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ActualPreset:
    """A preset in a workspace with its designated version, the one that the workspace serves."""

    slug: str
    id: str
    status: Status
    version: Version | None
    managed: bool = True
    """As in the list."""


@dataclass(frozen=True, slots=True)
class WorkspaceIdentity:
    """Which workspace a key opens; ``workspace_id`` is None where the remote doesn't say."""

    workspace_id: str | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class BaseState:
    """What the files wanted at another commit, and how that commit was found."""

    commit: str
    reason: str
    presets: DesiredState


@dataclass(frozen=True, slots=True)
class ActualState:
    """A workspace as read: every row of the list, and the presets whose content was needed, by slug."""

    listed: Mapping[str, ListedPreset]
    presets: Mapping[str, ActualPreset]
