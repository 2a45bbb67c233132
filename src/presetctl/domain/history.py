"""History: the commits that a preset's content comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from presetctl.domain.change import FieldChange
    from presetctl.domain.preset import Preset
    from presetctl.domain.state import Version


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as its maker described it. ``time`` is the committer's, ``subject`` the message's first line."""

    id: str
    time: str
    author: str
    subject: str
    pull_request: int | None = None
    """The pull request that it came from, where the subject names one."""
    elsewhere: bool = False
    """Whether it's on another branch only, and not in the history of what is checked out."""


@dataclass(frozen=True, slots=True)
class LastDeclared:
    """A preset as the newest commit that declares it does, and that commit's id."""

    commit: str
    preset: Preset


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One version of a preset. ``commit`` is the one whose files declare the same content; None where none does.

    Where no versions are kept, it's what the files of a commit declared, or what is live and none declares.
    """

    version: Version
    live: bool
    commit: Commit | None
    fields: tuple[FieldChange, ...] = ()
    """What it changed against the version before it; nothing for the first."""


@dataclass(frozen=True, slots=True)
class VersionHistory:
    """Every version of one preset in one workspace, oldest first; where it keeps none, what commits declared.

    ``counted`` says which of the two it is.
    """

    slug: str
    workspace: str
    records: tuple[VersionRecord, ...]
    limits: tuple[str, ...] = ()
    """Why commits may be missing: no git, a shallow clone, a history that is too long."""
    counted: bool = True
