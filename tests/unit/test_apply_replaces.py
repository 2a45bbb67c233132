"""Applying where no versions are kept: what is deleted and made again, what is deleted, and what comes last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace

import pytest

from presetctl.apply import Applier, Conduct, OnError, exit_code
from presetctl.delivery import WRITE_ATTEMPTS
from presetctl.domain.change import Action, Change, Head, Plan, Target
from presetctl.domain.errors import (
    AccessError,
    AmbiguousError,
    BusyError,
    ConflictError,
    DamageError,
    NotFoundError,
    RemoteError,
)
from presetctl.domain.history import LastDeclared
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualPreset, ActualState, Status, Version
from presetctl.plan import make_plan, removal, with_removals
from presetctl.waiting import Pause
from tests.unit import memory as world
from tests.unit.memory import CHAT, KINDS, Memory, lose

OLD = Content("prompt", {"model": "m", "seed": 1})
HALFWAY = "deleted to be made again, and {}; the next plan will show, and apply makes it"


def preset(slug: str = "a", **config: object) -> Preset:
    return replace(world.preset(slug, **config), kind=CHAT.name)


@dataclass
class Chat(Memory):
    """A workspace that deletes. ``reads`` are called before each read."""

    counts: bool = False
    reads: list[Callable[[], object]] = field(default_factory=list)

    def read_presets(self, slugs: Sequence[str]) -> Sequence[ActualPreset | None]:
        if self.reads:
            self.reads.pop(0)()
        return super().read_presets(slugs)


def plan_of(memory: Memory, *presets: Preset, gone: Sequence[str] = ()) -> tuple[Plan, dict[str, Preset]]:
    desired = {p.slug: p for p in presets}
    listed = {row.slug: row for row in memory.list_presets().rows}
    actual = ActualState(listed, dict(memory.presets))
    made = make_plan(Target("w", "librechat", "u", None), Head(), desired, actual, declared=desired, kinds=KINDS)
    lives = [(slug, memory.presets[slug].version) for slug in gone]
    return with_removals(made, [removal(LastDeclared("c" * 40, preset(slug)), live) for slug, live in lives]), desired


def applied(
    memory: Memory,
    made: tuple[Plan, dict[str, Preset]],
    conduct: Conduct = Conduct(),
) -> list[Outcome]:
    memory.log.clear()
    return list(Applier(memory, memory, KINDS, conduct=conduct, pause=Pause(lambda _: None)).apply(*made))


def told(outcomes: Sequence[Outcome]) -> list[tuple[Result, int]]:
    return [(outcome.result, outcome.exit_code) for outcome in outcomes]


def with_more(**more: list[Callable[[], object]]) -> Chat:
    """A workspace with a preset that has a field too many."""
    memory = Chat(**more)  # type: ignore[arg-type]
    memory.put("a", OLD)
    return memory


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_a_field_is_taken_away_by_making_the_preset_again() -> None:
    memory = with_more()
    made = plan_of(memory, preset())
    assert made[0].changes[0].action is Action.REPLACE
    assert told(applied(memory, made)) == [(Result.APPLIED, 0)]
    assert memory.log == ["read a", "archive a", "read a", "write a"]
    assert plan_of(memory, preset())[0].pending == ()


def test_nothing_is_deleted_that_somebody_changed_since_the_plan() -> None:
    memory = with_more()
    made = plan_of(memory, preset())
    memory.put("a", Content("somebody else's", {}))
    outcomes = applied(memory, made)
    assert told(outcomes) == [(Result.CONFLICT, 5)]
    assert outcomes[0].message == "planned against the content of then, but another content is live"
    assert memory.log == ["read a"]


def test_a_new_preset_that_is_there_by_now_is_a_conflict() -> None:
    memory = Chat()
    made = plan_of(memory, preset())
    memory.put("a", OLD)
    assert applied(memory, made)[0].message == "planned as new, but the workspace has a preset by now"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_deletion_without_a_reply_is_looked_after(arrived: bool) -> None:
    memory = with_more(after_archive=[lose]) if arrived else with_more(before_archive=[lose])
    assert told(applied(memory, plan_of(memory, preset()))) == [(Result.APPLIED, 0)]
    assert memory.log.count("archive a") == (1 if arrived else 2)
    assert memory.log.count("write a") == 1


@pytest.mark.parametrize(
    "theirs",
    [
        lambda version: replace(version, id="marked, to be adopted"),
        lambda version: replace(version, content=Content(OLD.system_prompt, {**OLD.config, "order": 3})),
    ],
)
def test_what_a_deletion_does_first_and_what_is_the_workspaces_own_is_not_somebodys_edit(
    theirs: Callable[[Version], Version],
) -> None:
    memory = with_more()

    def moved() -> None:
        version = memory.presets["a"].version
        assert version is not None
        memory.presets["a"] = replace(memory.presets["a"], version=theirs(version))
        lose()

    memory.before_archive.append(moved)
    assert told(applied(memory, plan_of(memory, preset()))) == [(Result.APPLIED, 0)]
    assert memory.log.count("archive a") == 2


def test_a_deletion_that_never_arrives_leaves_the_preset() -> None:
    memory = with_more(before_archive=[lose] * WRITE_ATTEMPTS)
    outcomes = applied(memory, plan_of(memory, preset(), preset("b")))
    assert told(outcomes) == [(Result.UNKNOWN, 8), (Result.SKIPPED, 0)]
    assert memory.presets["a"].version == world.uncounted("a", OLD)


@pytest.mark.parametrize(("error", "code"), [(AmbiguousError("lost"), 6), (BusyError("not now"), 5)])
@pytest.mark.parametrize("held", [True, False])
def test_what_is_edited_while_the_deletion_is_under_way_stays(error: RemoteError, code: int, held: bool) -> None:
    memory = with_more()

    def edited() -> None:
        memory.put("a", Content("hotfix", {}))
        if not held:
            memory.presets["a"] = replace(memory.presets["a"], status=Status.UNREADABLE, version=None)
        raise error

    memory.before_archive.append(edited)
    outcomes = applied(memory, plan_of(memory, preset()))
    assert told(outcomes) == [(Result.CONFLICT, code)]
    assert outcomes[0].message == "to be made again, but another content is live by now"
    assert "write a" not in memory.log


def test_what_somebody_else_deleted_just_before_is_a_conflict() -> None:
    memory = with_more(before_archive=[raising(NotFoundError("a is not there"))])
    outcomes = applied(memory, plan_of(memory, preset()))
    assert told(outcomes) == [(Result.CONFLICT, 5)]
    assert outcomes[0].message == "to be made again, and gone by now: somebody else deleted it"


def test_what_is_still_there_after_its_deletion_is_not_written() -> None:
    memory = with_more()
    held = memory.presets["a"]
    memory.after_archive.append(lambda: memory.presets.__setitem__("a", held))
    outcomes = applied(memory, plan_of(memory, preset()))
    assert told(outcomes) == [(Result.CONFLICT, 6)]
    assert outcomes[0].message == "the workspace answers that it is deleted, and it is live all the same"
    assert "write a" not in memory.log


@pytest.mark.parametrize(
    ("error", "result", "why"),
    [
        (RemoteError("refused"), Result.FAILED, "that failed: refused"),
        (AccessError("expired"), Result.FAILED, "that failed: expired"),
        (ConflictError("in between"), Result.FAILED, "that failed: in between"),
        (AmbiguousError("lost"), Result.UNKNOWN, "nobody knows whether that worked: lost"),
    ],
)
def test_a_preset_that_is_deleted_and_not_made_again_is_told_of(error: RemoteError, result: Result, why: str) -> None:
    memory = with_more(before_write=[raising(error)] * WRITE_ATTEMPTS)
    outcomes = applied(memory, plan_of(memory, preset(), preset("b")))
    assert told(outcomes) == [(result, 6), (Result.SKIPPED, 0)]
    assert (outcomes[0].change.slug, outcomes[0].message) == ("a", HALFWAY.format(why))
    assert exit_code(outcomes) == 6
    again = plan_of(memory, preset(), preset("b"))
    assert [change.action for change in again[0].pending] == [Action.CREATE, Action.CREATE]
    memory.before_write.clear()
    assert told(applied(memory, again)) == [(Result.APPLIED, 0)] * 2


def test_a_preset_that_is_deleted_and_can_not_be_read_then_is_told_of() -> None:
    memory = with_more()
    memory.after_archive.append(lambda: memory.reads.append(raising(RemoteError("down"))))
    outcomes = applied(memory, plan_of(memory, preset()))
    assert told(outcomes) == [(Result.FAILED, 6)]
    assert outcomes[0].message == HALFWAY.format("that failed: down")


def test_somebody_else_makes_it_first() -> None:
    memory = with_more()

    def first() -> None:
        memory.put("a", Content("somebody else's", {}))
        lose()

    memory.before_write.append(first)
    outcomes = applied(memory, plan_of(memory, preset()))
    assert told(outcomes) == [(Result.FAILED, 6)]
    why = "that failed: the write was not confirmed, and what is live now is not what was sent"
    assert outcomes[0].message == HALFWAY.format(why)


def test_more_damage_than_was_asked_for_is_told_of_with_its_own_code() -> None:
    memory = with_more(after_archive=[raising(DamageError("with a 2 other presets are gone: b, c"))])
    outcomes = applied(memory, plan_of(memory, preset()))
    assert told(outcomes) == [(Result.FAILED, 6)]
    assert outcomes[0].message == "with a 2 other presets are gone: b, c"


def test_a_lost_reply_to_a_write_is_read() -> None:
    memory = with_more(before_write=[lose], after_write=[lose])
    made = plan_of(memory, preset(seed=2, model="m"))
    assert made[0].changes[0].action is Action.UPDATE
    assert told(applied(memory, made)) == [(Result.APPLIED, 0)]
    assert memory.log.count("write a") == 2


def test_what_is_the_workspaces_own_moves_nothing() -> None:
    memory = with_more()
    made = plan_of(memory, preset(seed=2, model="m"))
    memory.put("a", Content(OLD.system_prompt, {**OLD.config, "order": 3, "default": True}))
    assert told(applied(memory, made)) == [(Result.APPLIED, 0)]


def test_an_exclusive_field_alone_is_applied_and_not_called_unchanged() -> None:
    memory = Chat()
    memory.put("a", preset(model="m").content)
    made = plan_of(memory, preset(model="m", default=True))
    outcomes = applied(memory, made)
    assert told(outcomes) == [(Result.APPLIED, 0)]
    memory.put("a", preset(model="m", default=True, seed=1).content)
    made = plan_of(memory, preset(model="m", default=True, seed=2))

    class Lazy(Chat):
        def write(self, preset: Preset) -> ActualPreset:
            return self.presets["a"]

    assert told(applied(Lazy(presets=memory.presets), made)) == [(Result.NOT_PERSISTED, 6)]


def test_what_takes_something_from_another_preset_is_written_last_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, late, under_way = Chat(), preset("a", default=True), list[set[str]]()

    def watched(running: Mapping[Future[Outcome], Change], return_when: str) -> object:
        under_way.append({change.slug for change in running.values()})
        return wait(running, return_when=return_when)

    monkeypatch.setattr("presetctl.apply.wait", watched)
    outcomes = applied(memory, plan_of(memory, late, *map(preset, "bcd")), Conduct(parallelism=8))
    assert {outcome.result for outcome in outcomes} == {Result.APPLIED}
    assert under_way[0] == {"b", "c", "d"}
    assert [slugs for slugs in under_way if "a" in slugs] == [{"a"}]
    assert outcomes[-1].change.slug == "a"
    assert memory.log[-2:] == ["read a", "write a"]
    assert memory.log.count("write a") == 1


@pytest.mark.parametrize("on_error", OnError)
def test_after_a_failure_it_is_tried_only_where_one_goes_on(on_error: OnError) -> None:
    memory = Chat(before_write=[raising(RemoteError("refused"))])
    outcomes = applied(memory, plan_of(memory, preset("a", default=True), preset("b")), Conduct(on_error=on_error))
    last = Result.APPLIED if on_error is OnError.CONTINUE else Result.SKIPPED
    assert [(o.change.slug, o.result) for o in outcomes] == [("b", Result.FAILED), ("a", last)]


@pytest.mark.parametrize("on_error", OnError)
def test_what_comes_last_is_not_begun_after_an_interrupt(on_error: OnError, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    memory = Chat()
    made = plan_of(memory, preset("a", default=True), preset("b"))
    monkeypatch.setattr("presetctl.apply.wait", interrupted)
    outcomes = applied(memory, made, Conduct(on_error=on_error))
    assert [(o.change.slug, o.result) for o in outcomes] == [("b", Result.UNKNOWN), ("a", Result.SKIPPED)]
    assert outcomes[1].message == "not tried, because it was interrupted"
    assert "write a" not in memory.log


def test_what_goes_is_deleted_once_all_else_is_there() -> None:
    memory = with_more()
    memory.put("old", OLD)
    outcomes = applied(memory, plan_of(memory, preset(), gone=["old"]))
    assert [(o.change.action, o.result, o.message) for o in outcomes] == [
        (Action.REPLACE, Result.APPLIED, ""),
        (Action.DELETE, Result.APPLIED, "deleted"),
    ]
    assert memory.log[-3:] == ["read old", "archive old", "read old"]


def test_nothing_goes_after_a_failure() -> None:
    memory = with_more(before_write=[raising(RemoteError("refused"))])
    memory.put("old", OLD)
    outcomes = applied(memory, plan_of(memory, preset(), gone=["old"]), Conduct(on_error=OnError.CONTINUE))
    assert outcomes[1].message == "not tried, because not all went well before: nothing is deleted then"
    assert "old" in memory.presets


def test_the_previous_default_can_go_once_another_has_it() -> None:
    memory = Chat()
    memory.put("old", Content("prompt", {"model": "m", "default": True, "order": 0}))
    made = plan_of(memory, preset("new", default=True), gone=["old"])
    memory.after_write.append(lambda: memory.put("old", Content("prompt", {"model": "m"})))
    assert told(applied(memory, made)) == [(Result.APPLIED, 0)] * 2
    assert "old" not in memory.presets


def test_what_was_edited_is_not_deleted() -> None:
    memory = with_more()
    made = plan_of(memory, gone=["a"])
    memory.put("a", Content("hotfix", {}))
    outcomes = applied(memory, made)
    assert told(outcomes) == [(Result.CONFLICT, 5)]
    assert outcomes[0].message == "to be deleted with the content of then live, but another content is live by now"


def test_a_conflict_is_not_explained_with_archived_presets_where_there_are_none() -> None:
    memory = Chat(before_write=[raising(ConflictError("a is there", hint="plan again"))] * 2)
    (outcome,) = applied(memory, plan_of(memory, preset()))
    assert (outcome.result, outcome.message) == (Result.FAILED, "a is there (plan again)")
