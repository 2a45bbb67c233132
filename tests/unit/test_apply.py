"""Applying: read, write once, compare; and what happens when something goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from presetctl.apply import ONE_BY_ONE, Applier, Conduct, OnError, exit_code
from presetctl.delivery import WRITE_ATTEMPTS
from presetctl.domain.change import Action, Head, Plan, Target
from presetctl.domain.errors import AccessError, AmbiguousError, BusyError, ConflictError, RemoteError
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualPreset, ActualState, Status, Version
from presetctl.plan import make_plan
from presetctl.waiting import Pause
from tests.unit.memory import KINDS, Memory, lose, preset

TARGET = Target("w", "openrouter", "embedded", None)


def planned(memory: Memory, *presets: Preset) -> tuple[Plan, dict[str, Preset]]:
    desired = {p.slug: p for p in presets}
    listed = {row.slug: row for row in memory.list_presets().rows}
    actual = ActualState(listed, dict(memory.presets))
    return make_plan(TARGET, Head(), desired, actual, declared=desired, kinds=KINDS), desired


def applied(memory: Memory, made: tuple[Plan, dict[str, Preset]], not_kept: tuple[str, ...] = ()) -> list[Outcome]:
    memory.log.clear()
    outcomes = list(Applier(memory, memory, KINDS, not_kept, pause=Pause(lambda _: None)).apply(*made))
    check_every_change_once(outcomes, made[0])
    return outcomes


def check_every_change_once(outcomes: list[Outcome], plan: Plan) -> None:
    """What is archived comes last. Each outcome tells of what is live by number and by id, or by neither."""
    made = sorted(plan.pending, key=lambda change: change.action is Action.ARCHIVE)
    assert [outcome.change for outcome in outcomes] == made
    for outcome in outcomes:
        live = outcome.result in {Result.APPLIED, Result.UNCHANGED, Result.NOT_PERSISTED} and outcome.version
        assert outcome.version_id == (f"{outcome.change.slug}-{outcome.version}" if live else None)


def results(outcomes: list[Outcome]) -> list[tuple[Result, int | None]]:
    return [(outcome.result, outcome.version) for outcome in outcomes]


def test_creates_and_then_has_nothing_to_do() -> None:
    memory = Memory()
    assert results(applied(memory, planned(memory, preset("a"), preset("b")))) == [(Result.APPLIED, 1)] * 2
    assert memory.log == ["read a", "write a", "read b", "write b"]
    assert applied(memory, planned(memory, preset("a"), preset("b"))) == []


def test_an_update_makes_the_next_version() -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 4)
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.APPLIED, 5)]
    assert exit_code(outcomes) == 0


def test_a_preset_without_any_version_gets_its_first() -> None:
    memory = Memory()
    memory.presets["a"] = ActualPreset("a", "id-a", Status.ACTIVE, None)
    made = planned(memory, preset("a"))
    assert made[0].changes[0].action is Action.UPDATE
    assert results(applied(memory, made)) == [(Result.APPLIED, 1)]


def test_nothing_is_written_over_a_version_that_the_plan_did_not_see() -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 1)
    made = planned(memory, preset("a"), preset("b"))
    memory.put("a", Content("somebody else's", {}), 2)
    outcomes = applied(memory, made)
    assert results(outcomes) == [(Result.CONFLICT, 2), (Result.SKIPPED, None)]
    assert memory.log == ["read a"]
    assert exit_code(outcomes) == 5


def test_the_same_version_with_other_content_is_a_conflict() -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 1)
    made = planned(memory, preset("a"))
    memory.put("a", Content("older", {}), 1)
    outcomes = applied(memory, made)
    assert results(outcomes) == [(Result.CONFLICT, 1)]
    assert outcomes[0].message == "planned against version 1, but version 1 is live"


@pytest.mark.parametrize("number", [None, 3])
def test_a_new_preset_that_is_there_by_now_is_a_conflict(number: int | None) -> None:
    memory = Memory()
    made = planned(memory, preset("a"))
    memory.put("a", Content("x", {}), number or 1)
    if number is None:
        memory.presets["a"] = ActualPreset("a", "id-a", Status.ACTIVE, None)
    outcomes = applied(memory, made)
    assert results(outcomes) == [(Result.CONFLICT, number)]
    there = "a preset" if number is None else "version 3"
    assert outcomes[0].message == f"planned as new, but the workspace has {there} by now"


@pytest.mark.parametrize("gone", [True, False])
def test_a_preset_that_is_gone_by_now_is_a_conflict(gone: bool) -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 1)
    made = planned(memory, preset("a"))
    if gone:
        del memory.presets["a"]
    else:
        memory.presets["a"] = ActualPreset("a", "id-a", Status.ACTIVE, None)
    outcomes = applied(memory, made)
    assert results(outcomes) == [(Result.CONFLICT, None)]
    assert outcomes[0].message == "planned against version 1, which is gone"


def test_a_lost_reply_is_read_and_not_written_again() -> None:
    memory = Memory(after_write=[lose])
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 1)]
    assert memory.log == ["read a", "write a", "read a"]


def test_a_write_that_did_not_arrive_is_sent_again() -> None:
    memory = Memory(before_write=[lose, lose])
    memory.put("a", Content("old", {}), 1)
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 2)]
    assert memory.log.count("write a") == 3


def test_a_write_that_never_arrives_is_given_up() -> None:
    memory = Memory(before_write=[lose] * WRITE_ATTEMPTS)
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.UNKNOWN, None)]
    assert outcomes[0].exit_code == 8
    told = "nobody knows whether it was stored: the connection broke; the next plan will show"
    assert outcomes[0].message == told
    assert memory.log.count("write a") == WRITE_ATTEMPTS


def test_a_lost_reply_and_somebody_elses_version_is_a_conflict() -> None:
    memory = Memory()

    def overtaken() -> None:
        memory.put("a", Content("somebody else's", {}), 1)
        lose()

    memory.before_write.append(overtaken)
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.CONFLICT, 1)]
    assert outcomes[0].message == "the write was not confirmed, and what is live now is not what was sent"
    assert exit_code(outcomes) == 6


def test_a_lost_reply_and_a_preset_that_vanished_is_a_conflict() -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 1)

    def removed() -> None:
        del memory.presets["a"]
        lose()

    memory.before_write.append(removed)
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.CONFLICT, None)]


def test_a_version_number_that_jumped_shows_another_writer() -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 1)
    memory.before_write.append(lambda: memory.put("a", Content("somebody else's", {}), 2))
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.CONFLICT, 3)]
    assert "version 3, not 2" in outcomes[0].message
    assert outcomes[0].exit_code == 6


def test_a_field_that_is_not_kept_is_named_and_the_rest_goes_on() -> None:
    memory = Memory(keeps=lambda content: Content(content.system_prompt, {"model": content.config["model"]}))
    outcomes = applied(memory, planned(memory, preset("a", model="m", seed=1), preset("b")))
    assert results(outcomes) == [(Result.NOT_PERSISTED, 1), (Result.APPLIED, 1)]
    assert outcomes[0].lost == ("config.seed",)
    assert [o.exit_code for o in outcomes] == [6, 0]
    assert exit_code(outcomes) == 6


def test_a_field_known_not_to_be_kept_is_not_missed() -> None:
    memory = Memory(keeps=lambda content: Content(content.system_prompt, {"model": content.config["model"]}))
    outcomes = applied(memory, planned(memory, preset("a", model="m", seed=1)), not_kept=("seed",))
    assert results(outcomes) == [(Result.APPLIED, 1)]


def test_a_server_that_makes_no_version_of_the_same_content_says_unchanged() -> None:
    memory = Memory()
    memory.put("a", Content("old", {}), 1)
    made = planned(memory, preset("a"))

    class Same(Memory):
        def write(self, preset: Preset) -> ActualPreset:
            return replace(memory.presets["a"], version=Version("a-1", 1, stored))

    stored = preset("a").content
    assert results(applied(Same(presets=memory.presets), made)) == [(Result.UNCHANGED, 1)]
    stored = Content("old", {})
    lossy = applied(Same(presets=memory.presets), made)
    assert results(lossy) == [(Result.NOT_PERSISTED, 1)]
    assert lossy[0].lost == ("config.model", "system_prompt")


def test_a_reply_without_a_version_is_not_success() -> None:
    class Mute(Memory):
        def write(self, preset: Preset) -> ActualPreset:
            return ActualPreset(preset.slug, "id", Status.ACTIVE, None)

    memory = Mute()
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.CONFLICT, None)]
    assert outcomes[0].message == "the reply names no version that would be live now"
    assert outcomes[0].exit_code == 6


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (AccessError("no permission", hint="use another key"), 7, "no permission (use another key)"),
        (RemoteError("refused"), 8, "refused"),
    ],
)
def test_an_error_ends_the_run_with_its_own_code(error: Exception, code: int, message: str) -> None:
    def fail() -> None:
        raise error

    memory = Memory(before_write=[fail])
    outcomes = applied(memory, planned(memory, preset("a"), preset("b")))
    assert results(outcomes) == [(Result.FAILED, None), (Result.SKIPPED, None)]
    assert outcomes[0].message == message
    assert exit_code(outcomes) == code


def test_a_failure_after_a_success_is_partial() -> None:
    def fail() -> None:
        raise RemoteError("refused")

    memory = Memory(before_write=[lambda: None, fail])
    outcomes = applied(memory, planned(memory, preset("a"), preset("b"), preset("c")))
    assert [o.result for o in outcomes] == [Result.APPLIED, Result.FAILED, Result.SKIPPED]
    assert exit_code(outcomes) == 6


def conducted(memory: Memory, conduct: Conduct, *slugs: str) -> Iterator[Outcome]:
    return Applier(memory, memory, KINDS, conduct=conduct).apply(*planned(memory, *map(preset, slugs)))


def fail() -> None:
    raise RemoteError("refused")


def test_on_error_continue_tries_everything() -> None:
    memory = Memory(before_write=[fail])
    outcomes = list(conducted(memory, Conduct(on_error=OnError.CONTINUE), "a", "b"))
    assert results(outcomes) == [(Result.FAILED, None), (Result.APPLIED, 1)]
    assert exit_code(outcomes) == 6


def test_several_presets_are_written_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=60)  # passes only when three writes are under way
    memory = Memory(before_write=[together.wait] * 6)
    outcomes = list(conducted(memory, Conduct(parallelism=3), *"abcdef"))
    assert {o.result for o in outcomes} == {Result.APPLIED}
    assert sorted(o.change.slug for o in outcomes) == list("abcdef")


def test_one_at_a_time_is_the_default_and_keeps_the_order() -> None:
    memory = Memory()
    assert [o.change.slug for o in conducted(memory, ONE_BY_ONE, *"cab")] == list("abc")
    assert [line for line in memory.log if line.startswith("write")] == ["write a", "write b", "write c"]


def test_after_a_failure_what_is_under_way_is_finished_and_nothing_begun() -> None:
    failed, together = threading.Event(), threading.Barrier(2, timeout=60)

    def refuse() -> None:
        together.wait()
        fail()

    def slow() -> None:
        together.wait()
        assert failed.wait(60)

    memory = Memory(before_write=[refuse, slow])
    outcomes = []
    for outcome in conducted(memory, Conduct(parallelism=2), "a", "b", "c"):
        outcomes.append(outcome)
        failed.set()
    assert sorted(o.result for o in outcomes) == [Result.APPLIED, Result.FAILED, Result.SKIPPED]
    assert outcomes[-1].message == "not tried, because a change before it failed"


def test_whoever_stops_it_gets_what_is_under_way_finished_and_nothing_begun() -> None:
    asked: list[bool] = []

    def stopping() -> bool:
        asked.append(True)
        return len(asked) > 1

    outcomes = list(conducted(Memory(), Conduct(stopping=stopping), "a", "b", "c"))
    assert [o.result for o in outcomes] == [Result.APPLIED, Result.SKIPPED, Result.SKIPPED]
    assert outcomes[1].message == "not tried, because it was interrupted"


def test_what_is_abandoned_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("presetctl.apply.wait", interrupted)
    outcomes = list(conducted(Memory(), ONE_BY_ONE, "a", "b"))
    assert [(o.change.slug, o.result, o.exit_code) for o in outcomes] == [
        ("a", Result.UNKNOWN, 6),
        ("b", Result.SKIPPED, 0),
    ]
    assert [o.message for o in outcomes] == [
        "interrupted while it was being applied; the next plan will show what became of it",
        "not tried, because it was interrupted",
    ]
    assert exit_code(outcomes) == 6


def archived(content: Content | None, number: int = 3) -> Memory:
    memory = Memory()
    if content is not None:
        memory.put("a", content, number, Status.ARCHIVED)
        memory.hidden["a"] = memory.presets.pop("a")
    else:
        memory.hidden["a"] = ActualPreset("a", "id-a", Status.ARCHIVED, None)
    return memory


def test_an_archived_preset_is_restored_and_not_written_if_it_is_as_declared() -> None:
    memory = archived(Content("prompt", {"model": "m"}))
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 3)]
    assert memory.log == ["read a", "restore a"]


def test_an_archived_preset_that_differs_is_restored_and_written() -> None:
    memory = archived(Content("old", {}))
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 4)]
    assert memory.log == ["read a", "restore a", "write a"]


def test_an_archived_preset_without_a_version_is_restored_and_written() -> None:
    memory = archived(None)
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 1)]
    assert memory.log == ["read a", "restore a", "write a"]


def test_somebody_else_writes_to_what_was_just_restored() -> None:
    memory = archived(Content("old", {}))
    memory.before_write.append(lambda: memory.put("a", Content("somebody else's", {}), 7))
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.CONFLICT, 8)]
    assert outcomes[0].message == "stored as version 8, not 4: somebody else wrote at the same time"


def test_what_was_restored_without_a_version_may_get_any_number() -> None:
    memory = archived(None)
    memory.before_write.append(lambda: memory.put("a", Content("hidden so far", {}), 4))
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 5)]


def test_a_new_preset_that_somebody_else_made_at_the_same_time_is_a_conflict() -> None:
    memory = Memory()
    memory.before_write.append(lambda: memory.put("a", Content("somebody else's", {}), 1))
    (outcome,) = applied(memory, planned(memory, preset("a")))
    assert (outcome.result, outcome.exit_code) == (Result.CONFLICT, 6)
    assert outcome.message == "stored as version 2, not 1: somebody else wrote at the same time"


def test_an_update_whose_reply_is_lost_is_the_next_version() -> None:
    memory = Memory(after_write=[lose])
    memory.put("a", Content("old", {}), 4)
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 5)]


def test_a_lost_reply_tells_what_is_kept_apart_from_what_is_known_not_to_be() -> None:
    memory = Memory(after_write=[lose], keeps=lambda content: Content(content.system_prompt, {"model": "m"}))
    made = planned(memory, preset("a", model="m", seed=1))
    assert results(applied(memory, made, not_kept=("seed",))) == [(Result.APPLIED, 1)]


def test_a_field_said_not_to_be_kept_may_be_kept_all_the_same() -> None:
    memory = Memory()
    outcomes = applied(memory, planned(memory, preset("a", model="m", seed=1)), not_kept=("seed",))
    assert results(outcomes) == [(Result.APPLIED, 1)]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_restore_whose_reply_is_lost_is_read(arrived: bool) -> None:
    class Lossy(Memory):
        def restore(self, slug: str) -> ActualPreset:
            if arrived:
                super().restore(slug)
            raise AmbiguousError("the connection broke")

    memory = Lossy(hidden=archived(Content("prompt", {"model": "m"})).hidden)
    expected = (Result.APPLIED, 3) if arrived else (Result.UNKNOWN, None)
    assert results(applied(memory, planned(memory, preset("a")))) == [expected]


@pytest.mark.parametrize(("error", "code"), [(AmbiguousError, 6), (BusyError, 5), (ConflictError, 5)])
def test_somebody_else_writes_while_ours_is_refused(error: type[RemoteError], code: int) -> None:
    """Only a doubt about our own write counts as something written."""
    memory = Memory()

    def overtaken() -> None:
        memory.put("a", Content("somebody else's", {}), 1)
        raise error("not now")

    memory.before_write.append(overtaken)
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.CONFLICT, 1)]
    assert outcomes[0].exit_code == code


def test_a_request_that_was_delivered_twice_is_told() -> None:
    memory = Memory()

    def twice() -> None:
        memory.put("a", Content("prompt", {"model": "m"}), 2)
        lose()

    memory.after_write.append(twice)
    outcomes = applied(memory, planned(memory, preset("a")))
    assert results(outcomes) == [(Result.CONFLICT, 2)]
    assert outcomes[0].message == "the write was not confirmed, and it is live as version 2, not 1"
    assert outcomes[0].exit_code == 6


def test_a_restore_that_did_not_arrive_is_sent_again() -> None:
    class Lossy(Memory):
        def restore(self, slug: str) -> ActualPreset:
            if "restore a" not in self.log:
                self.log.append("restore a")
                lose()
            return super().restore(slug)

    memory = Lossy(hidden=archived(Content("prompt", {"model": "m"})).hidden)
    assert results(applied(memory, planned(memory, preset("a")))) == [(Result.APPLIED, 3)]
    assert memory.log.count("restore a") == 2


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ([(Result.CONFLICT, 5), (Result.FAILED, 8)], 5),
        ([(Result.CONFLICT, 5), (Result.CONFLICT, 6)], 6),
        ([(Result.CONFLICT, 5), (Result.UNKNOWN, 8)], 8),
        ([(Result.CONFLICT, 5), (Result.UNCHANGED, 0)], 5),
        ([(Result.UNKNOWN, 8), (Result.APPLIED, 0)], 6),
    ],
)
def test_an_exit_code_never_says_that_nothing_was_written_where_something_may_be(
    ended: list[tuple[Result, int]], code: int
) -> None:
    (change,) = planned(Memory(), preset("a"))[0].changes
    assert exit_code(Outcome(change, result, exit_code=own) for result, own in ended) == code
