"""Outcomes: what became of each change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from presetctl.domain.change import Change


class Result(StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    NOT_PERSISTED = "not_persisted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Sent, and nobody knows what became of it: the next plan will show."""
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A change, what became of it, and the version that is live now where that is known.

    ``lost`` names the fields that were sent and not kept; ``message`` says why, in the user's terms; ``exit_code`` is
    the code that this outcome alone would end the run with.
    """

    change: Change
    result: Result
    version: int | None = None
    lost: tuple[str, ...] = ()
    message: str = ""
    exit_code: int = 0
    version_id: str | None = None
