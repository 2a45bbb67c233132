"""Limits and protections."""

from __future__ import annotations

from dataclasses import replace

import pytest

from presetctl.domain.change import Action, Head, Plan, Target
from presetctl.domain.errors import SafetyError
from presetctl.domain.history import LastDeclared
from presetctl.domain.preset import Content
from presetctl.domain.project import Limits
from presetctl.domain.state import ActualPreset, ActualState, ListedPreset, Status, Version
from presetctl.guard import Consent, Objection, Surroundings, check, objections
from presetctl.plan import make_plan, removal, with_removals
from tests.unit.memory import KINDS, preset


def plan(live: int, updates: int, creates: int = 0) -> Plan:
    """A plan over ``live`` presets in the workspace, of which some differ, and some new ones."""
    presets = {f"p{n}": preset(f"p{n}") for n in range(live + creates)}
    held = {}
    for number, slug in enumerate(list(presets)[:live]):
        content = Content("other", {}) if number < updates else presets[slug].content
        held[slug] = ActualPreset(slug, slug, Status.ACTIVE, Version(slug, 1, content))
    listed = {slug: ListedPreset(slug, slug, Status.ACTIVE, slug) for slug in held}
    target = Target("production", "openrouter", "embedded", None)
    return make_plan(target, Head(), presets, ActualState(listed, held), declared=presets, kinds=KINDS)


@pytest.mark.parametrize(
    ("live", "updates", "limits", "stopped"),
    [
        (10, 3, Limits(), False),
        (10, 4, Limits(), True),
        (9, 9, Limits(), False),
        (10, 10, Limits(updates="100%"), False),
        (10, 1, Limits(updates="0%"), True),
        (10, 0, Limits(updates="0%"), False),
        (10, 5, Limits(updates=5), False),
        (10, 6, Limits(updates=5), True),
        (3, 2, Limits(updates=1, minimum=2), True),
        (3, 2, Limits(updates=1, minimum=4), False),
    ],
)
def test_how_much_may_be_overwritten(live: int, updates: int, limits: Limits, stopped: bool) -> None:
    found = list(objections(plan(live, updates), limits, (), Consent()))
    assert bool(found) is stopped
    if stopped:
        assert found[0].message.startswith(f"{updates} of {live} live presets would be overwritten")
        assert list(objections(plan(live, updates), limits, (), Consent(updates=updates))) == []
        assert list(objections(plan(live, updates), limits, (), Consent(updates=updates - 1))) != []


def test_new_presets_are_not_limited() -> None:
    assert list(objections(plan(10, 0, creates=50), Limits(), (), Consent())) == []


@pytest.mark.parametrize(
    ("protected", "agreed", "stopped"),
    [
        ({"p0"}, set(), True),
        ({"p0"}, {"p0"}, False),
        ({"p1"}, set(), False),
        ({"production"}, set(), True),
        ({"production"}, {"production"}, False),
        ({"production", "p0"}, {"production"}, True),
        ({"elsewhere"}, set(), False),
    ],
)
def test_protection(protected: set[str], agreed: set[str], stopped: bool) -> None:
    made = plan(2, 1)
    consent = Consent(protected=frozenset(agreed))
    assert bool(list(objections(made, Limits(), protected, consent))) is stopped


def test_what_is_protected_and_not_touched_needs_no_consent() -> None:
    check(plan(2, 0), Limits(), {"production", "p0"}, Consent())


def test_all_objections_are_told_at_once() -> None:
    with pytest.raises(SafetyError, match="p0 is protected; 4 of 10 live") as raised:
        check(plan(10, 4), Limits(), {"p0"}, Consent())
    assert raised.value.hint == "to agree, add --allow-protected p0 --allow-updates 4"
    assert raised.value.exit_code == 4


def pruning(archives: int, live: int = 0) -> Plan:
    """A plan that archives some presets; ``live`` others are as declared."""
    lasts = [LastDeclared("c" * 40, preset(f"old-{number}")) for number in range(archives)]
    version = Version("v", 1, Content("x", {}))
    return with_removals(plan(live, 0), [removal(last, version) for last in lasts])


@pytest.mark.parametrize(
    ("archives", "live", "limits", "stopped"),
    [
        (5, 1, Limits(), False),
        (6, 1, Limits(), True),
        (6, 500, Limits(), True),
        (1, 1, Limits(archives=0), True),
        (2, 18, Limits(archives="10%"), False),
        (3, 18, Limits(archives="10%"), True),
        (0, 0, Limits(archives=0), False),
    ],
)
def test_how_much_may_be_archived(archives: int, live: int, limits: Limits, stopped: bool) -> None:
    made, around = pruning(archives, live), Surroundings(declared=live, listed=live)
    found = list(objections(made, limits, (), Consent(), around))
    assert bool(found) is stopped
    if stopped:
        assert found[0].message == (
            f"{archives} of {archives + live} managed presets would be archived, and the limit is {limits.archives}"
        )
        assert found[0].agree == f"--allow-archives {archives}"
        assert list(objections(made, limits, (), Consent(archives=archives), around)) == []
        assert list(objections(made, limits, (), Consent(archives=archives - 1, updates=99), around)) != []


def test_what_wiping_takes_is_named() -> None:
    made = plan(1, 1)
    wiping = replace(made, changes=(replace(made.changes[0], wipes=("cache_enabled", "x")),))
    (found,) = objections(wiping, Limits(), (), Consent())
    assert found.message == "writing p0 removes cache_enabled, x, which only the dashboard can set"


@pytest.mark.parametrize(("vanished", "stopped"), [(10, False), (11, True)])
def test_what_may_be_missing_is_a_share_of_what_was_there(vanished: int, stopped: bool) -> None:
    around = Surroundings(200, 90, tuple(f"p{number}" for number in range(vanished)), "c" * 40)
    assert bool(list(objections(plan(0, 0, 20), Limits(archives="10%"), (), Consent(), around))) is stopped


def test_the_last_preset_is_not_archived_without_consent() -> None:
    (found,) = objections(pruning(1), Limits(archives=5), (), Consent(), Surroundings())
    assert found == Objection(
        "1 of 1 managed presets would be archived, and no file declares any preset", "--allow-archives 1"
    )


def test_what_is_archived_is_not_overwritten() -> None:
    assert list(objections(pruning(4, 10), Limits(updates=0), (), Consent(), Surroundings(10, 10))) == []
    nine = plan(9, 4)
    both = with_removals(nine, [change for change in pruning(4).changes if change.action is Action.ARCHIVE])
    assert list(objections(both, Limits(), (), Consent(), Surroundings(9, 9))) == [], (
        "they don't make nine live ones ten"
    )


@pytest.mark.parametrize(
    ("listed", "vanished", "stopped"),
    [(0, 0, False), (0, 1, True), (1, 5, False), (1, 6, True), (100, 5, False), (100, 6, True)],
)
def test_a_workspace_that_lost_its_presets_is_most_likely_another_one(
    listed: int, vanished: int, stopped: bool
) -> None:
    around = Surroundings(200, listed, tuple(f"p{number}" for number in range(vanished)), "c" * 40)
    made = plan(0, 0, creates=20)
    found = list(objections(made, Limits(), (), Consent(), around))
    assert bool(found) is stopped
    if stopped:
        told = f"production has none of the {vanished} to create that commit cccccccccccc declared already"
        assert found[0].message.startswith(told)
        assert ("does the key open another workspace?" in found[0].message) is (listed == 0)
        assert found[0].agree == f"--allow-creates {vanished}"
        assert list(objections(made, Limits(), (), Consent(creates=vanished), around)) == []
        assert list(objections(made, Limits(), (), Consent(creates=vanished - 1), around)) != []


@pytest.mark.parametrize(
    ("provider", "vanished", "stopped"), [("openrouter", 1, True), ("librechat", 1, False), ("librechat", 2, True)]
)
def test_one_may_be_missing_where_presets_are_deleted_to_be_made_again(
    provider: str, vanished: int, stopped: bool
) -> None:
    made = plan(0, 0, creates=2)
    made = replace(made, workspace=replace(made.workspace, provider=provider))
    around = Surroundings(2, 0, tuple(f"p{number}" for number in range(vanished)), "c" * 40)
    assert bool(list(objections(made, Limits(), (), Consent(), around))) is stopped
