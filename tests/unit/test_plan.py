"""Planning is a function of states: these tables are its definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.change import Action, Cause, Change, FieldChange, Head, Live, Plan, Target
from presetctl.domain.errors import SafetyError
from presetctl.domain.history import LastDeclared
from presetctl.domain.preset import Content, Preset
from presetctl.domain.project import Limits
from presetctl.domain.state import ActualPreset, ActualState, BaseState, ListedPreset, Status, Version
from presetctl.guard import Consent, check
from presetctl.plan import (
    fingerprint,
    make_offline_plan,
    make_plan,
    moves,
    removal,
    with_orphans,
    with_returns,
    without_writing,
)
from tests.unit.memory import KINDS, preset

TARGET = Target("w", "openrouter", "https://x/api/v1", "ws")


def held(slug: str, content: Content | None, status: Status = Status.ACTIVE, number: int = 2) -> ActualPreset:
    version = None if content is None else Version(f"{slug}-{number}", number, content)
    return ActualPreset(slug, f"id-{slug}", status, version)


def plan(*desired: Preset, held: tuple[ActualPreset, ...] = (), hidden: tuple[str, ...] = (), **more: Any) -> Plan:
    listed = {p.slug: ListedPreset(p.slug, p.id, p.status, p.version.id if p.version else None) for p in held}
    listed |= {slug: ListedPreset(slug, f"id-{slug}", Status.ARCHIVED, None) for slug in hidden}
    actual = ActualState(listed, {p.slug: p for p in held})
    wanted = {p.slug: p for p in desired}
    return make_plan(TARGET, Head(), wanted, actual, **{"declared": wanted, "kinds": KINDS, **more})


CONTENT = preset("a").content


@pytest.mark.parametrize(
    ("actual", "action", "before", "fields", "warned"),
    [
        (None, Action.CREATE, None, 2, False),
        (held("a", CONTENT), Action.NO_OP, Live(2, "a-2", CONTENT.digest), 0, False),
        (held("a", Content("x", {"model": "m"})), Action.UPDATE, 2, 1, False),
        (held("a", None), Action.UPDATE, None, 2, False),
        (held("a", CONTENT, Status.DISABLED), Action.NO_OP, 2, 0, True),
        (held("a", Content("x", {}), Status.DISABLED), Action.UPDATE, 2, 2, True),
        (held("a", CONTENT, Status.UNKNOWN), Action.NO_OP, 2, 0, False),
    ],
)
def test_actions(actual: ActualPreset | None, action: Action, before: Any, fields: int, warned: bool) -> None:
    made = plan(preset("a"), held=(actual,) if actual else ())
    (change,) = made.changes
    assert change.action is action
    assert (change.slug, change.kind, change.source) == ("a", "k", preset("a").source)
    assert change.before == before if not isinstance(before, int) else change.before and change.before.version == before
    assert len(change.fields) == fields
    assert bool(change.warnings) is warned
    assert change.writes is (action is not Action.NO_OP)


def test_an_archived_preset_would_be_restored() -> None:
    (change,) = plan(preset("a"), hidden=("a",)).changes
    assert change.action is Action.RESTORE
    assert change.before is None
    assert change.warnings == ("archived in the workspace: it is restored, and written only if it differs",)


def test_a_disabled_preset_is_told() -> None:
    (change,) = plan(preset("a"), held=(held("a", CONTENT, Status.DISABLED),)).changes
    told = "disabled in the workspace: it serves no requests until someone enables it in the dashboard"
    assert change.warnings == (told,)


def test_what_no_file_declares_is_counted_and_left_alone() -> None:
    made = plan(preset("a"), held=(held("z", CONTENT), held("b", CONTENT)), declared={"a", "b"})
    assert made.unmanaged == ("z",)
    assert [c.slug for c in made.changes] == ["a"]
    assert made.summary == {
        "create": 1, "update": 0, "replace": 0, "archive": 0, "delete": 0, "restore": 0, "no_op": 0,
        "unmanaged": 1, "orphaned": 0,
    }  # fmt: skip


def test_what_a_file_declared_once_is_orphaned() -> None:
    made = plan(preset("a"), held=(held("z", CONTENT), held("b", CONTENT)))
    told = with_orphans(made, {"b"}.__contains__)
    assert (told.unmanaged, told.orphaned) == (("z",), ("b",))
    assert told.fingerprint == made.fingerprint


def test_fields_not_kept_are_not_compared() -> None:
    made = plan(preset("a", model="m", seed=1), held=(held("a", CONTENT),), not_kept=("seed",))
    assert made.pending == ()


def test_a_write_that_wipes_needs_consent_by_name() -> None:
    dashboard = Content("prompt", {"model": "old", "cache_enabled": True})
    made = plan(preset("a"), preset("b"), held=(held("a", dashboard), held("b", dashboard)))
    assert [c.wipes for c in made.changes] == [("cache_enabled",)] * 2
    assert "cache_enabled" in made.changes[0].warnings[0]
    with pytest.raises(SafetyError, match="writing a removes cache_enabled") as raised:
        check(made, Limits(), (), Consent())
    assert raised.value.hint == "to agree, add --allow-wipe a --allow-wipe b"
    with pytest.raises(SafetyError, match="writing b removes"):
        check(made, Limits(), (), Consent(wipe=frozenset({"a"})))
    check(made, Limits(), (), Consent(wipe=frozenset({"a", "b"})))


def test_only_the_dashboard_differs_is_no_change() -> None:
    made = plan(preset("a"), held=(held("a", Content("prompt", {"model": "m", "cache_enabled": True})),))
    assert made.pending == ()
    assert (made.changes[0].wipes, made.changes[0].warnings) == ((), ())
    check(made, Limits(), (), Consent())


def test_a_field_not_kept_that_the_files_took_away_is_not_said_to_be_live_already() -> None:
    base = BaseState("c" * 40, "said", {"a": preset("a", model="m", seed=1)})
    (change,) = plan(preset("a"), held=(held("a", CONTENT),), base=base).changes
    assert [field.path for field in change.already_live] == [("config", "seed")]
    (change,) = plan(preset("a"), held=(held("a", CONTENT),), base=base, not_kept=("seed",)).changes
    assert change.already_live == ()
    (change,) = plan(preset("a"), base=base).changes
    assert (change.action, change.already_live) == (Action.CREATE, ()), "nothing is live"


def test_how_many_are_compared_is_told_while_they_are() -> None:
    told = []

    def track(items: Iterable[Any], what: str, total: int) -> Iterable[Any]:
        told.append((what, total))
        return items

    plan(preset("b"), preset("a"), track=track)
    assert told == [("Comparing presets", 2)]


def test_changes_come_by_slug() -> None:
    assert [c.slug for c in plan(preset("b"), preset("a"), preset("a-1")).changes] == ["a", "a-1", "b"]


def test_the_fingerprint_is_about_what_happens_and_where() -> None:
    made = plan(preset("a"))
    assert made.fingerprint == plan(preset("a")).fingerprint
    assert made.fingerprint != plan(preset("a", model="other")).fingerprint
    assert made.fingerprint != plan(preset("a"), held=(held("a", Content("x", {})),)).fingerprint
    assert made.fingerprint == plan(preset("a"), preset("b"), held=(held("b", CONTENT),)).fingerprint
    read = plan(preset("a"), held=(held("a", Content("x", {})),)).fingerprint
    saved = "sha256:03ada257de3157e6d202a036b9d94b6c7bc78c7d723562349ab9e5b88dd42ab9"
    assert read == saved, "plans that were saved stay good as long as their format does"
    elsewhere = Target("w", "openrouter", "https://y/api/v1", "ws")
    assert made.fingerprint != fingerprint(elsewhere, made.changes)
    renamed = Target("other", "openrouter", "https://x/api/v1", "ws")
    assert made.fingerprint == fingerprint(renamed, made.changes)


def test_a_preset_that_is_back_may_find_its_slug_taken() -> None:
    made = with_returns(plan(preset("a"), preset("b"), held=(held("b", Content("x", {})),)), {"a", "b"}.__contains__)
    back, there = made.changes
    told = (
        "was declared before and removed since: if that archived it, its slug is taken, and has to be restored first "
        "(in the provider's dashboard, or with a management key through POST /presets/a/restore)"
    )
    assert back.warnings == (told,)
    assert there.warnings == ()


def test_what_would_be_archived_is_taken_for_what_a_commit_declares_unless_somebody_says_otherwise() -> None:
    last, live = LastDeclared("c" * 40, preset("a")), Version("a-3", 3, Content("x", {}))
    declared = "declared last in commit cccccccccccc; archived, it can't be called; its versions are kept"
    edited = "version 3 is what no commit declares: somebody edited it outside git"
    assert removal(last, live).warnings == (declared,)
    assert removal(last, live, is_edited=True).warnings == (declared, edited)
    assert removal(last, None, is_edited=True).warnings == (declared,)


def test_an_offline_plan_is_what_the_files_change() -> None:
    base = BaseState("c" * 40, "said", {"a": preset("a", model="old")})
    wanted = preset("a")
    made = make_offline_plan(TARGET, Head("h" * 40), {"a": wanted}, base, kinds=KINDS)
    field = FieldChange(("config", "model"), "old", "m", Cause.DECLARED)
    change = Change("a", "k", Action.UPDATE, wanted.source, None, wanted.content.digest, (field,))
    fresh = fingerprint(TARGET, (change,))
    assert made == Plan(TARGET, Head("h" * 40), (change,), (), fresh, "c" * 40, offline=True)


def test_what_is_not_written_after_all_says_why() -> None:
    dashboard = Content("old", {"model": "m", "cache_enabled": True})
    made = plan(preset("a"), held=(held("a", dashboard),))
    (change,) = without_writing(made, {"a": "the workspace doesn't keep it"}).changes
    assert (change.action, change.fields, change.wipes) == (Action.NO_OP, (), ())
    assert change.warnings == (*made.changes[0].warnings, "the workspace doesn't keep it")


@pytest.mark.parametrize(("then", "now"), [(None, "c"), ("c", None)])
def test_a_base_that_moved(then: str | None, now: str | None) -> None:
    made = plan(preset("a"))
    told = moves(replace(made, base=then), replace(made, base=now))
    assert told == [f"its base was {then or 'none'}, and is {now or 'none'}"]


CONFIGS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["model", "seed", "x"]), st.none() | st.integers(0, 2) | st.just([]), max_size=3
)


@given(CONFIGS, CONFIGS)
def test_every_update_names_a_field_and_every_no_op_none(wanted: dict[str, Any], stored: dict[str, Any]) -> None:
    desired = Preset("a", "k", Content("p", wanted), preset().source)
    (change,) = plan(desired, held=(held("a", Content("p", stored)),)).changes
    assert (change.action is Action.UPDATE) == bool(change.fields)
    assert change.action in {Action.UPDATE, Action.NO_OP}
