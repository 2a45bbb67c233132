"""A lock in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from presetctl.domain.lock import Lock
from presetctl.report.safe import one_line
from presetctl.report.text import many


def holder_text(lock: Lock) -> str:
    """The holder's name, as it is shown and typed."""
    return one_line(lock.holder)


def lock_text(lock: Lock, now: datetime) -> str:
    """Who holds a lock, since when, for which commit, and whether its lease is over. One line."""
    text = holder_text(lock)
    if lock.since is not None:
        text += f" since {lock.since:%Y-%m-%d %H:%M:%S} UTC ({_age(now - lock.since)})"
    if lock.commit:
        text += f", applying commit {one_line(lock.commit[:12])}"
    if lock.lease is not None and lock.outlived(now):
        text += f"; that is longer than its lease of {duration_text(lock.lease)}, so it may have been left behind"
    return text


def _age(age: timedelta) -> str:
    return "just now" if age < timedelta(seconds=1) else f"{duration_text(age)} ago"


def duration_text(duration: timedelta) -> str:
    """A length of time, rounded down to its largest unit."""
    seconds = int(duration.total_seconds())
    for noun, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return many(seconds // size, noun)
    return many(seconds, "second")
