"""Changes and plans: plain, ordered data that is shown, saved, fingerprinted and applied."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from presetctl.domain.values import Json, Path, show_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from presetctl.domain.problem import Location


class Action(StrEnum):
    """What a change does to its preset."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    ARCHIVE = "archive"
    DELETE = "delete"
    RESTORE = "restore"
    NO_OP = "no_op"


REMOVES = frozenset({Action.ARCHIVE, Action.DELETE})
"""What takes a preset away: one way or the other, as the provider can."""


class Cause(StrEnum):
    """Who made the difference: the files since base (declared), somebody in the workspace (drift), or both."""

    DECLARED = "declared"
    DRIFT = "drift"
    BOTH = "both"


class Absent(Enum):
    """The one marker for "there is no value here", which is not the same as null, nor as any text."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: its value before and after; ABSENT where there is none. ``cause`` needs a base to be known."""

    path: Path
    before: Json | Absent = field(hash=False)
    after: Json | Absent = field(hash=False)
    cause: Cause | None = None

    @property
    def name(self) -> str:
        """The path as people write it: ``config.provider.sort``."""
        return show_path(self.path)


@dataclass(frozen=True, slots=True)
class Live:
    """The designated version that a change was planned against. ``version`` is None where none are counted."""

    version: int | None
    version_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Which orphaned preset a new one may be under another slug: a suggestion, and never more.

    ``similarity`` is git's, in percent.
    """

    slug: str
    similarity: int


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one preset.

    ``before`` is None where the workspace has no version of it. ``after`` is the digest of what is wanted, None where
    it goes: ``source`` is then the file that declared it last.
    """

    slug: str
    kind: str
    action: Action
    source: Location
    before: Live | None
    after: str | None
    fields: tuple[FieldChange, ...] = ()
    warnings: tuple[str, ...] = ()
    wipes: tuple[str, ...] = ()
    """Fields that only the dashboard can set and that a write would remove; needs consent."""
    already_live: tuple[FieldChange, ...] = ()
    """What the files changed since base, from base to desired, and the workspace holds already."""
    renamed_from: Rename | None = None

    @property
    def writes(self) -> bool:
        """Whether applying this change sends anything that writes."""
        return self.action is not Action.NO_OP

    @property
    def removes(self) -> bool:
        """Whether it takes its preset away."""
        return self.action in REMOVES


@dataclass(frozen=True, slots=True)
class Head:
    """Where the files stand in git; ``commit`` is None outside git or before the first commit."""

    commit: str | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The workspace that a plan is for; no secret in it."""

    name: str
    provider: str
    url: str
    workspace_id: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one workspace in the order in which they are applied.

    First what files declare, by slug; then what goes, by slug: a preset that takes an old one's place is there
    before that one goes.
    """

    workspace: Target
    head: Head
    changes: tuple[Change, ...]
    unmanaged: tuple[str, ...]
    fingerprint: str
    base: str | None = None
    """The commit that the files were compared with, where one was."""
    orphaned: tuple[str, ...] = ()
    """Presets left alone that a file declared once and none does now, as far as git's history was asked."""
    offline: bool = False
    """Whether no workspace was read, so that the changes are those since base."""
    chosen: tuple[str, ...] = ()
    """The presets that the plan is about; empty for all."""
    excluded: tuple[str, ...] = ()
    """Patterns of the presets that it leaves out."""
    objections: tuple[str, ...] = ()
    """Why apply would stop before it writes anything, each with the option that agrees. Not part of what is done."""

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(change for change in self.changes if change.writes)

    @property
    def removals(self) -> tuple[Change, ...]:
        """The changes that take a preset away."""
        return tuple(change for change in self.changes if change.removes)

    def count(self, action: Action) -> int:
        return sum(change.action is action for change in self.changes)

    @property
    def unreadable(self) -> int:
        """How many presets are left as they are because the workspace doesn't tell what they hold."""
        return 0 if self.offline else sum(c.action is Action.NO_OP and c.before is None for c in self.changes)

    @property
    def summary(self) -> Mapping[str, int]:
        """Number of changes by action, and of presets that no file declares."""
        found = Counter(change.action for change in self.changes)
        counts = {action.value: found[action] for action in Action}
        return counts | {"unmanaged": len(self.unmanaged), "orphaned": len(self.orphaned)}
