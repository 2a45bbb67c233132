"""How files and workspace stand to each other, preset by preset."""

from __future__ import annotations

import pytest

from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, ActualState, ListedPreset, Status, Version
from presetctl.domain.values import Json
from presetctl.inventory import Row, Standing, counted, inventory
from tests.unit.memory import KINDS, preset

AS_DECLARED = Content("prompt", {"model": "m"})


def actual(status: Status, content: Content | None) -> ActualState:
    """A workspace with the preset ``a``, read if there is content."""
    version = None if content is None else Version("v", 3, content, "then")
    held = {} if content is None else {"a": ActualPreset("a", "id", status, version)}
    return ActualState({"a": ListedPreset("a", "id", status, "v")}, held)


def row(state: ActualState, *declared: str, not_kept: tuple[str, ...] = ()) -> Row:
    found = inventory({slug: preset(slug) for slug in declared}, state, KINDS, not_kept)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("status", "content", "standing"),
    [
        (Status.ACTIVE, AS_DECLARED, Standing.IN_SYNC),
        (Status.ACTIVE, Content("prompt", {"model": "m", "seed": None}), Standing.IN_SYNC),
        (Status.ACTIVE, Content("prompt", {"model": "other"}), Standing.PENDING),
        (Status.DISABLED, AS_DECLARED, Standing.IN_SYNC),
        (Status.UNKNOWN, AS_DECLARED, Standing.IN_SYNC),
        (Status.ARCHIVED, None, Standing.ARCHIVED),
        (Status.ACTIVE, None, Standing.PENDING),
    ],
)
def test_a_declared_preset(status: Status, content: Content | None, standing: Standing) -> None:
    found = row(actual(status, content), "a")
    assert (found.standing, found.status, found.preset) == (standing, status, preset("a"))
    assert (found.live is None) is (content is None)


@pytest.mark.parametrize(
    ("status", "standing"),
    [(Status.ACTIVE, Standing.UNMANAGED), (Status.DISABLED, Standing.UNMANAGED), (Status.ARCHIVED, Standing.ARCHIVED)],
)
def test_a_preset_that_no_file_declares(status: Status, standing: Standing) -> None:
    assert row(actual(status, None)) == Row("a", standing, status)


def test_a_preset_that_is_not_there_yet() -> None:
    assert row(ActualState({}, {}), "a") == Row("a", Standing.PENDING, preset=preset("a"))


def test_what_differs_is_named() -> None:
    config: dict[str, Json] = {"model": "other", "seed": 5}
    held = actual(Status.ACTIVE, Content("another", config))
    assert tuple(f.name for f in row(held, "a").fields) == ("config.model", "config.seed", "system_prompt")
    assert tuple(f.name for f in row(held, "a", not_kept=("seed",)).fields) == ("config.model", "system_prompt")


def test_every_preset_once_by_slug_and_counted() -> None:
    found = inventory({"b": preset("b"), "a": preset("a")}, actual(Status.ACTIVE, AS_DECLARED), KINDS)
    assert [each.slug for each in found] == ["a", "b"]
    assert {key: number for key, number in counted(found).items() if number} == {
        Standing.IN_SYNC: 1,
        Standing.PENDING: 1,
    }
