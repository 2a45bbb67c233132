"""Archiving: last, once, only what is as planned, and looked at afterwards. And slugs that archived presets keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from presetctl.apply import Applier, Conduct, OnError, exit_code
from presetctl.delivery import WRITE_ATTEMPTS
from presetctl.domain.change import Plan
from presetctl.domain.errors import AmbiguousError, BusyError, ConflictError, NotFoundError, RemoteError
from presetctl.domain.history import LastDeclared
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualPreset, Status, Version
from presetctl.plan import removal, with_removals
from tests.unit.memory import KINDS, Memory, lose, preset
from tests.unit.test_apply import applied, check_every_change_once, planned, results

OLD = LastDeclared("c" * 40, preset("old"))


def pruning(memory: Memory, *presets: Preset, also: tuple[str, ...] = ()) -> tuple[Plan, dict[str, Preset]]:
    """A plan that archives `old`, and what else is named, after it has made ``presets``."""
    made, desired = planned(memory, *presets)
    lasts = [replace(OLD, preset=preset(slug)) for slug in ("old", *also)]
    return with_removals(made, [removal(last, memory.presets[last.preset.slug].version) for last in lasts]), desired


def with_old(**more: object) -> Memory:
    memory = Memory(**more)  # type: ignore[arg-type]
    memory.put("old", Content("x", {}), 3)
    return memory


def test_an_orphaned_preset_is_archived_last() -> None:
    memory = with_old()
    outcomes = applied(memory, pruning(memory, preset("z")))
    assert results(outcomes) == [(Result.APPLIED, 1), (Result.APPLIED, None)]
    assert [o.message for o in outcomes] == ["", "archived"]
    assert memory.log == ["read z", "write z", "read old", "archive old", "read old"]
    assert "old" not in memory.presets


@pytest.mark.parametrize("on_error", OnError)
def test_nothing_is_archived_where_something_failed_before(on_error: OnError) -> None:
    def fail() -> None:
        raise RemoteError("no")

    memory = with_old(before_write=[fail])
    plan, desired = pruning(memory, preset("a"))
    outcomes = list(Applier(memory, memory, KINDS, conduct=Conduct(on_error=on_error)).apply(plan, desired))
    assert results(outcomes) == [(Result.FAILED, None), (Result.SKIPPED, None)]
    assert outcomes[1].message == "not tried, because not all went well before: nothing is archived then"
    check_every_change_once(outcomes, plan)
    assert "old" in memory.presets


def test_nothing_is_archived_where_something_was_not_kept() -> None:
    memory = with_old(keeps=lambda content: Content(None, {}))
    outcomes = applied(memory, pruning(memory, preset("a")))
    assert [o.result for o in outcomes] == [Result.NOT_PERSISTED, Result.SKIPPED]


@pytest.mark.parametrize(
    ("moved", "message", "version"),
    [
        (Version("old-4", 4, Content("edited", {})), "to be archived with version 3 live, but version 4 is live", 4),
        (Version("old-3", 3, Content("edited", {})), "to be archived with version 3 live, but version 3 is live", 3),
        (None, "to be archived with version 3 live, but none is live by now", None),
    ],
)
def test_what_was_edited_since_the_plan_is_not_archived(
    moved: Version | None, message: str, version: int | None
) -> None:
    memory = with_old()
    plan = pruning(memory)
    memory.presets["old"] = replace(memory.presets["old"], version=moved)
    outcomes = applied(memory, plan)
    assert results(outcomes) == [(Result.CONFLICT, version)]
    assert message in outcomes[0].message
    assert exit_code(outcomes) == 5
    assert memory.log == ["read old"]


def test_a_preset_without_a_version_is_archived_and_not_once_it_has_one() -> None:
    memory = with_old()
    memory.presets["old"] = without = replace(memory.presets["old"], version=None)
    plan = pruning(memory)
    memory.put("old", Content("x", {}), 1)
    outcomes = applied(memory, plan)
    assert "to be archived with no version live, but version 1 is live by now" in outcomes[0].message
    memory.presets["old"] = without
    assert results(applied(memory, plan)) == [(Result.APPLIED, None)]


def test_what_is_disabled_by_now_is_not_archived() -> None:
    memory = with_old()
    plan = pruning(memory)
    memory.presets["old"] = replace(memory.presets["old"], status=Status.DISABLED)
    outcomes = applied(memory, plan)
    assert results(outcomes) == [(Result.CONFLICT, None)]
    assert outcomes[0].message == "disabled by now, and a disabled preset can't be archived"
    assert outcomes[0].exit_code == 5


def test_what_is_disabled_while_the_archive_is_under_way_is_not_archived() -> None:
    memory = with_old()

    def disabled() -> None:
        memory.presets["old"] = replace(memory.presets["old"], status=Status.DISABLED, version=None)
        lose()

    memory.before_archive.append(disabled)
    (outcome,) = applied(memory, pruning(memory))
    assert (outcome.result, outcome.exit_code) == (Result.CONFLICT, 6)


@pytest.mark.parametrize("shown", [True, False])
def test_what_is_archived_already_needs_nothing(shown: bool) -> None:
    memory = with_old()
    plan = pruning(memory)
    memory.presets["old"] = replace(memory.presets["old"], status=Status.ARCHIVED)
    if not shown:
        del memory.presets["old"]
    outcomes = applied(memory, plan)
    assert results(outcomes) == [(Result.UNCHANGED, None)]
    assert outcomes[0].message == "archived already, or gone"
    assert exit_code(outcomes) == 0
    assert memory.log == ["read old"]


def test_a_lost_reply_to_archiving_is_read() -> None:
    memory = with_old(after_archive=[lose])
    assert results(applied(memory, pruning(memory))) == [(Result.APPLIED, None)]
    assert memory.log.count("archive old") == 1


def test_an_archive_that_did_not_arrive_is_asked_for_again() -> None:
    memory = with_old(before_archive=[lose, lose])
    assert results(applied(memory, pruning(memory))) == [(Result.APPLIED, None)]
    assert memory.log.count("archive old") == 3


def test_an_archive_that_never_arrives_is_given_up_and_the_next_one_not_begun() -> None:
    memory = with_old(before_archive=[lose] * WRITE_ATTEMPTS)
    memory.put("older", Content("x", {}))
    outcomes = applied(memory, pruning(memory, also=("older",)))
    assert results(outcomes) == [(Result.UNKNOWN, None), (Result.SKIPPED, None)]
    assert "older" in memory.presets


@pytest.mark.parametrize(("error", "code"), [(AmbiguousError, 6), (BusyError, 5)])
def test_what_is_edited_while_the_archive_is_under_way_stays(error: type[RemoteError], code: int) -> None:
    memory = with_old()

    def edited() -> None:
        memory.put("old", Content("hotfix", {}), 4)
        raise error("not now")

    memory.before_archive.append(edited)
    outcomes = applied(memory, pruning(memory))
    assert results(outcomes) == [(Result.CONFLICT, 4)]
    assert outcomes[0].exit_code == code
    assert memory.log.count("archive old") == 1


@pytest.mark.parametrize(("times", "result"), [(1, Result.APPLIED), (2, Result.NOT_PERSISTED)])
def test_what_is_said_to_be_archived_and_still_there_is_looked_at_twice(times: int, result: Result) -> None:
    memory = with_old()
    held, left = memory.presets["old"], [times]

    class Stale(Memory):
        def read_presets(self, slugs: Sequence[str]) -> Sequence[ActualPreset | None]:
            if "archive old" in self.log and left[0] and slugs == ["old"]:
                left[0] -= 1
                return [held]
            return super().read_presets(slugs)

    outcomes = applied(stale := Stale(presets=memory.presets), pruning(memory))
    assert [o.result for o in outcomes] == [result]
    assert stale.log.count("archive old") == 1
    assert outcomes[0].exit_code == exit_code(outcomes) == (6 if result is Result.NOT_PERSISTED else 0)
    still = "the workspace answers that it is archived, and it is live all the same"
    assert outcomes[0].message == (still if result is Result.NOT_PERSISTED else "archived")


@pytest.mark.parametrize("there", [True, False])
def test_404_to_archiving_means_that_the_preset_is_not_there_or_that_archiving_is_not(there: bool) -> None:
    memory = with_old()

    def unknown() -> None:
        if not there:
            del memory.presets["old"]
        raise NotFoundError("not found (404)")

    memory.before_archive.append(unknown)
    outcomes = applied(memory, pruning(memory))
    assert [o.result for o in outcomes] == [Result.FAILED if there else Result.UNCHANGED]
    assert exit_code(outcomes) == (8 if there else 0)
    assert outcomes[0].message == (
        "old is there, and the workspace answers 404 to archiving it: it doesn't support that, or the management key "
        "doesn't open it (archive it in the provider's dashboard, or set `prune: report` for the workspace)"
        if there
        else "archived already, or gone"
    )


@pytest.mark.parametrize(("live", "explained"), [(False, True), (True, False)])
def test_a_slug_that_cannot_be_had_is_explained(live: bool, explained: bool) -> None:
    def taken() -> None:
        raise ConflictError("conflict (409)", hint="look")

    memory = Memory(before_write=[taken, taken])
    if live:
        memory.put("a", Content("old", {}))
    (outcome,) = applied(memory, planned(memory, preset("a")))
    assert outcome.result is Result.FAILED
    assert ("its slug is most likely taken by an archived one" in outcome.message) is explained
    hint = "plan again; or give this preset another slug)"
    assert ("POST /presets/a/restore" in outcome.message and outcome.message.endswith(hint)) is explained
