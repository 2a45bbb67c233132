"""What becomes of presets that no file declares any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from presetctl.domain.change import Action, Head, Plan, Rename, Target
from presetctl.domain.history import LastDeclared
from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, ActualState, Status
from presetctl.plan import make_plan, moves
from presetctl.pruning import Pruned, Pruner
from tests.unit.memory import KINDS, Memory, Past, preset

COMMIT = "c" * 40
LASTS = {slug: LastDeclared(COMMIT, preset(slug)) for slug in ("old", "older")}
HISTORY = Past(orphans=("old", "older"), lasts=LASTS, from_files=True)


def workspace(*slugs: str) -> Memory:
    memory = Memory()
    for slug in slugs:
        memory.put(slug, Content("live", {}), 3)
    return memory


def made(memory: Memory, *declared: str) -> Plan:
    desired = {slug: preset(slug) for slug in declared}
    listed = {row.slug: row for row in memory.list_presets().rows}
    target = Target("production", "openrouter", "embedded", None)
    return make_plan(target, Head(), desired, ActualState(listed, memory.presets), declared=declared, kinds=KINDS)


def pruned(
    memory: Memory,
    *declared: str,
    past: Past = HISTORY,
    archives: bool = True,
    selected: Collection[str] = ("old", "older", "theirs", "new"),
) -> Pruned:
    plan = made(memory, *declared)
    pruner = Pruner(memory, archives, lambda slug: slug in selected)
    return pruner.prune(plan, {slug: preset(slug) for slug in declared}, past)


def archived(found: Pruned) -> list[str]:
    return [change.slug for change in found.plan.changes if change.action is Action.ARCHIVE]


def test_orphaned_presets_are_archived_after_everything_else() -> None:
    memory = workspace("old", "older", "theirs")
    found = pruned(memory, "zzz")
    assert [change.slug for change in found.plan.changes] == ["zzz", "old", "older"]
    assert (found.plan.orphaned, found.plan.unmanaged) == ((), ("theirs",))
    assert (found.plan.summary["archive"], found.plan.summary["orphaned"]) == (2, 0)
    assert list(found.removed) == ["old", "older"]
    change = found.plan.changes[1]
    assert (change.kind, change.source, change.after, change.fields) == ("k", preset("old").source, None, ())
    assert change.before is not None
    assert change.before.version == 3
    assert change.before.digest == Content("live", {}).digest
    assert change.warnings == (
        "declared last in commit cccccccccccc; archived, it can't be called; its versions are kept",
    )
    assert memory.log == ["read old", "read older"]


def test_what_somebody_edited_outside_git_is_archived_with_a_word_on_that() -> None:
    past = replace(HISTORY, from_files=False)
    (change,) = pruned(workspace("old"), past=past).plan.changes
    assert change.warnings[1:] == ("version 3 is what no commit declares: somebody edited it outside git",)
    memory = Memory(presets={"old": ActualPreset("old", "id", Status.ACTIVE, None)})
    assert len(pruned(memory, past=past).plan.changes[0].warnings) == 1


def test_the_fingerprint_knows_what_is_archived() -> None:
    memory = workspace("old", "older")
    prints = {pruned(memory, selected=names).plan.fingerprint for names in ((), ("old",), ("old", "older"))}
    memory.put("old", Content("edited", {}), 4)
    assert len(prints | {pruned(memory).plan.fingerprint}) == 4


def test_where_they_are_only_reported_nothing_is_read() -> None:
    memory = workspace("old", "theirs")
    found = pruned(memory, archives=False)
    assert (archived(found), found.plan.orphaned, found.notes) == ([], ("old",), ())
    assert memory.log == []


@pytest.mark.parametrize(("archives", "middle"), [(True, ", and none is archived"), (False, "")])
def test_nothing_is_archived_where_history_has_gaps(archives: bool, middle: str) -> None:
    past = replace(HISTORY, gaps=("this clone is shallow",))
    found = pruned(workspace("old"), past=past, archives=archives)
    assert (archived(found), found.plan.orphaned) == ([], ("old",))
    assert found.notes == (f"Orphaned presets may be taken for unmanaged ones{middle}: this clone is shallow.",)


@pytest.mark.parametrize(("archives", "notes"), [(True, ("Nothing is archived: no git.",)), (False, ())])
def test_nothing_is_archived_without_history(archives: bool, notes: tuple[str, ...]) -> None:
    found = pruned(workspace("old"), past=Past(has_history=False, gaps=("no git",)), archives=archives)
    assert (archived(found), found.plan.orphaned, found.plan.unmanaged) == ([], (), ("old",))
    assert found.notes == notes


def test_what_is_not_selected_is_left_alone() -> None:
    found = pruned(workspace("old", "older"), selected=("older",))
    assert (archived(found), found.plan.orphaned) == (["older"], ("old",))


def test_what_no_commit_validly_declares_for_the_workspace_is_left_alone_and_said() -> None:
    found = pruned(workspace("old"), past=Past(orphans=["old"]))
    assert (archived(found), found.plan.orphaned, dict(found.removed)) == ([], ("old",), {})
    assert found.notes == (
        "old is orphaned and not archived: no commit declares it for production in a way that is valid today.",
    )


def test_a_disabled_preset_is_left_alone_and_said() -> None:
    memory = workspace("old")
    memory.put("old", Content("x", {}), 1, Status.DISABLED)
    found = pruned(memory)
    assert archived(found) == []
    assert "old is orphaned and not archived: it is disabled" in found.notes[0]


def test_what_somebody_archives_meanwhile_needs_nothing() -> None:
    memory = workspace("old", "older")
    plan = made(memory)
    del memory.presets["old"]
    memory.put("older", Content("x", {}), 1, Status.ARCHIVED)
    found = Pruner(memory, True, lambda _: True).prune(plan, {}, HISTORY)
    assert (archived(found), found.notes) == ([], ())


def test_a_preset_without_a_version_is_archived_too() -> None:
    memory = Memory(presets={"old": ActualPreset("old", "id", Status.ACTIVE, None)})
    assert [change.before for change in pruned(memory).plan.changes] == [None]


def test_archived_rows_are_neither_orphaned_nor_unmanaged() -> None:
    memory = Memory()
    memory.hidden["old"] = ActualPreset("old", "id", Status.ARCHIVED, None)
    plan = pruned(memory).plan
    assert (plan.changes, plan.orphaned, plan.unmanaged) == ((), (), ())


@pytest.mark.parametrize(
    ("archives", "fate"), [(True, "old is archived once this one is there"), (False, "old stays live as it is")]
)
def test_what_looks_like_a_rename_is_told(archives: bool, fate: str) -> None:
    plan = pruned(workspace("old"), "new", archives=archives).plan
    assert plan.changes[0].renamed_from == Rename("old", 92)
    (warning,) = plan.changes[0].warnings
    assert warning == (
        "looks like the orphaned old renamed (similarity 92 %): no preset can be, so this one begins at version 1, and "
        f"{fate}; what calls @preset/old has to be changed"
    )


def test_nothing_is_a_rename_where_nothing_is_new_or_nothing_is_gone() -> None:
    assert pruned(workspace("old", "there"), "there").plan.changes[0].renamed_from is None
    assert pruned(workspace("theirs"), "new").plan.changes[0].renamed_from is None
    assert pruned(workspace("old"), "new", past=Past(orphans=["old"])).plan.changes[0].renamed_from is None


def test_how_archives_move_between_two_plans() -> None:
    memory = workspace("old", "older")
    both, one, none = (pruned(memory, selected=names).plan for names in (("old", "older"), ("old",), ()))
    assert moves(both, one) == ["older is no more to be archived"]
    assert moves(none, one) == ["old is not in the plan"]
    declared = made(memory, "old")
    assert moves(declared, one) == ["old is declared no longer"]
    assert moves(one, declared) == ["old is declared otherwise by now"]
    memory.put("old", Content("edited", {}), 4)
    assert moves(one, pruned(memory, selected=("old",)).plan) == [
        "old was planned against version 3, and version 4 is live"
    ]
