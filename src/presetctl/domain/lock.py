"""Locks: who applies to a workspace right now, as the lock itself says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LEASE = timedelta(hours=1)
"""How long an apply may take before its lock looks left behind."""
UNKNOWN_HOLDER = "unknown"
"""The holder of a lock that can't be read."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock. ``since`` is in UTC; it, ``lease`` and ``commit`` are None where nothing is known of them."""

    holder: str
    since: datetime | None = None
    commit: str | None = None
    """The commit that is being applied."""
    lease: timedelta | None = None

    def outlived(self, now: datetime) -> bool:
        """Whether it's older than its lease. Each machine has its own clock, so this is a hint and no proof."""
        return self.since is not None and self.lease is not None and now - self.since > self.lease
