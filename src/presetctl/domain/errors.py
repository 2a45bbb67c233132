"""The errors of presetctl and their exit codes.

::

    PresetctlError            1   unexpected
    ├── InputError            3   files that are not valid; carries the problems
    ├── GitError              3   git fails, or can't give what its history should have
    ├── SafetyError           4   stopped by a limit or a protection, nothing written
    ├── StaleError            5   the plan or the remote moved, nothing written
    ├── AccessError           7   authentication or permission
    ├── RemoteError           8   remote unavailable, rate limited, or not understood
    │   ├── NotFoundError         the remote says that there is no such thing
    │   ├── BusyError             the remote did nothing and asks to come again later
    │   ├── ConflictError     5   the remote says that something else got in between
    │   ├── DamageError      6    more was changed than was asked for
    │   └── AmbiguousError        a write whose result is unknown: read before anything else
    └── UsageError           64   the command's words are off

An error says what happened and, where there is something to do about it, ``hint`` says what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from presetctl.domain.problem import Problem


class PresetctlError(Exception):
    """Base of all errors that presetctl raises on purpose."""

    exit_code: ClassVar[int] = 1
    name: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(PresetctlError):
    """Files that are not valid. ``problems`` holds every finding, in order of file and position."""

    exit_code = 3
    name = "invalid_input"

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class GitError(PresetctlError):
    """Git failed, or lacks files that a commit has: what was declared there isn't known then."""

    exit_code = 3
    name = "git"


class SafetyError(PresetctlError):
    """Stopped by a safety limit or a protection; nothing was written."""

    exit_code = 4
    name = "stopped"


class StaleError(PresetctlError):
    """What was planned against is no longer there; nothing was written."""

    exit_code = 5
    name = "stale"


class AccessError(PresetctlError):
    """A key is missing, refused, lacks a permission, or belongs to another workspace."""

    exit_code = 7
    name = "access"


class RemoteError(PresetctlError):
    """The workspace could not be reached, is overloaded, or gave an answer that makes no sense.

    ``retry_after`` is the seconds that it asks to wait before the next try, where it said so.
    """

    exit_code = 8
    name = "remote"

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class NotFoundError(RemoteError):
    """The workspace says that there is no such thing."""

    name = "not_found"


class BusyError(RemoteError):
    """The workspace takes no more requests for now; what was asked was not done."""

    name = "busy"


class ConflictError(RemoteError):
    """The workspace says that something else got in between; nothing was written."""

    exit_code = 5
    name = "conflict"


class DamageError(RemoteError):
    """More was changed there than was asked for."""

    exit_code = 6
    name = "damage"


class AmbiguousError(RemoteError):
    """A write was sent and nobody knows whether it took effect."""

    name = "ambiguous"


class UsageError(PresetctlError):
    """The words of the command don't fit together."""

    exit_code = 64
    name = "usage"
