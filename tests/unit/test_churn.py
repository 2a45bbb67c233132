"""When a live version that lacks something is as good as it gets."""

from __future__ import annotations

import pytest

from presetctl.churn import only_lacks, shown_unkept, warning
from presetctl.domain.change import ABSENT, FieldChange
from presetctl.domain.preset import Content
from presetctl.domain.state import Version
from presetctl.domain.values import Path
from tests.unit.memory import KIND, Past

SEED: Path = ("config", "seed")
NOON = "2026-04-20T12:00:00Z"
AT_NOON = 1776686400.0


@pytest.mark.parametrize(
    ("fields", "lacks"),
    [
        ([FieldChange(SEED, ABSENT, 1)], True),
        ([FieldChange(SEED, None, 1)], True),
        ([FieldChange(SEED, [], [1])], True),
        ([FieldChange((*SEED, "deep"), ABSENT, 1)], True),
        ([FieldChange(SEED, 2, 1)], False),
        ([FieldChange(SEED, 1, ABSENT)], False),
        ([FieldChange(("config", "model"), ABSENT, "m")], False),
        ([FieldChange(SEED, ABSENT, 1), FieldChange(("system_prompt",), ABSENT, "p")], False),
        ([FieldChange(SEED, ABSENT, 1), FieldChange(("system_prompt",), "q", "p")], False),
    ],
)
def test_only_fields_of_unknown_persistence_may_be_lacking(fields: list[FieldChange], lacks: bool) -> None:
    assert only_lacks(fields, KIND) is lacks


def version(number: int, model: str = "m", created_at: str = NOON, **config: int | None) -> Version:
    return Version(f"v{number}", number, Content("p", {"model": model, **config}), created_at)


def shown(*versions: Version, since: float | None = AT_NOON, from_files: bool = False) -> bool:
    fields = [FieldChange(SEED, ABSENT, 1)]
    return shown_unkept("a", fields, KIND, versions[-1], versions, since, Past(from_files=from_files))


def test_a_version_that_was_written_after_the_files() -> None:
    assert shown(version(1))
    assert shown(version(1, "old"), version(2))
    assert shown(version(1, created_at="2026-04-20T14:00:00+02:00"))


@pytest.mark.parametrize("time", ["", "yesterday", "2026-04-20T12:00:00", "1776686400"])
def test_a_time_that_says_nothing(time: str) -> None:
    assert not shown(version(1, created_at=time))


def test_files_that_changed_later_or_nobody_knows_when() -> None:
    assert not shown(version(1), since=AT_NOON + 1)
    assert not shown(version(1), since=None)


def test_what_was_kept_once_is_kept() -> None:
    assert not shown(version(1, seed=5), version(2))
    assert shown(version(1, top_k=5), version(2, seed=None))


def test_a_version_that_may_come_from_files_without_the_field() -> None:
    """A commit from before a fast-forward may be older than the version that is live, and was never applied."""
    assert not shown(version(1), from_files=True)
    assert not shown(version(1, "old"), version(2), from_files=True)
    assert shown(version(1), version(2), from_files=True), "somebody wrote the same again, meaning to change something"


def test_the_warning_says_what_settles_it() -> None:
    fields = [FieldChange(path, ABSENT, 1) for path in (SEED, ("config", "plugins", 0, "id"))]
    text = warning(fields, version(12), "live")
    assert "version 12 " in text
    assert "lacks only `seed`, `plugins[0].id`" in text
    assert "`not_kept: [plugins, seed]` under live" in text
    assert "--retry" in text
