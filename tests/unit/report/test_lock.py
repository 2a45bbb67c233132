"""Locks in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from presetctl.domain.lock import LEASE, Lock
from presetctl.report.lock import holder_text, lock_text

SINCE = datetime(2026, 4, 20, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(-5, "just now"), (0, "just now"), (1, "1 second ago"), (119, "1 minute ago"), (3600, "1 hour ago")],
)
def test_who_since_when_and_what(seconds: int, age: str) -> None:
    lock = Lock("ada@build-7", SINCE, "0123456789abcdef", LEASE)
    expected = f"ada@build-7 since 2026-04-20 10:00:00 UTC ({age}), applying commit 0123456789ab"
    assert lock_text(lock, SINCE + timedelta(seconds=seconds)) == expected


def test_one_that_outlived_its_lease() -> None:
    text = lock_text(Lock("ada", SINCE, None, LEASE), SINCE + timedelta(days=2, hours=1))
    assert text == (
        "ada since 2026-04-20 10:00:00 UTC (2 days ago); that is longer than its lease of 1 hour, "
        "so it may have been left behind"
    )


def test_nothing_in_it_reaches_the_terminal_as_it_is() -> None:
    lock = Lock("a\x1b[2J\nb\u202e", None, "\x1b]0;x\x07")
    assert holder_text(lock) == "a\\u{1b}[2J\\nb\\u{202e}"
    assert lock_text(lock, SINCE) == "a\\u{1b}[2J\\nb\\u{202e}, applying commit \\u{1b}]0;x\\u{7}"
