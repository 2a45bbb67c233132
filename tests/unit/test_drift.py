"""Drift is a function of states: these tables are its definition."""

from __future__ import annotations

from dataclasses import replace

from presetctl.domain.change import ABSENT, Cause
from presetctl.domain.history import Commit
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualPreset, ActualState, BaseState, ListedPreset, Status, Version
from presetctl.drift import Comparer, Drift, DriftReport
from tests.unit.memory import KINDS, preset


def version(number: int, content: Content) -> Version:
    return Version(f"v{number}", number, content, f"2026-04-{number:02}", "user")


def drifts(held: Content | None, *presets: Preset, not_kept: tuple[str, ...] = ()) -> list[Drift]:
    live = {} if held is None else {"a": ActualPreset("a", "id", Status.ACTIVE, version(2, held))}
    base = BaseState("c0ffee", "named base", {p.slug: p for p in presets})
    return list(Comparer(KINDS, not_kept).drifts(base, ActualState({}, live)))


def test_what_is_as_declared_has_not_drifted() -> None:
    assert drifts(preset().content, preset()) == []
    assert drifts(Content("prompt", {"model": "m", "seed": None}), preset()) == []
    assert drifts(Content("prompt", {"model": "m"}), preset("a", model="m", seed=1), not_kept=("seed",)) == []


def test_fields_lead_from_declared_to_live() -> None:
    (found,) = drifts(Content("edited", {"seed": 3}), preset())
    assert [(f.name, f.before, f.after, f.cause) for f in found.fields] == [
        ("config.model", "m", ABSENT, Cause.DRIFT),
        ("config.seed", ABSENT, 3, Cause.DRIFT),
        ("system_prompt", "prompt", "edited", Cause.DRIFT),
    ]
    assert (found.slug, found.kind, found.file) == ("a", "k", "presets/a.yaml")
    assert found.live is not None
    assert found.live.number == 2


def test_a_preset_that_is_not_there_has_drifted() -> None:
    (found,) = drifts(None, preset())
    assert found.live is None
    assert not found.archived
    assert [f.after for f in found.fields] == [ABSENT, ABSENT]


def test_presets_come_by_slug_and_nobody_elses_count() -> None:
    assert [d.slug for d in drifts(Content("x", {}), preset("b"), preset("a"))] == ["a", "b"]


def test_the_versions_since_it_was_last_as_declared() -> None:
    declared = preset().content
    (found,) = drifts(Content("edited", {}), preset())
    first, edited, again, last = (
        version(1, declared), version(2, Content("x", {})), version(3, declared), version(4, Content("edited", {})),
    )  # fmt: skip
    comparer = Comparer(KINDS)
    assert comparer.with_versions(found, preset(), [first, edited, again, last]).versions == (last,)
    assert comparer.with_versions(found, preset(), [first, edited, last]).versions == (edited, last)
    assert comparer.with_versions(found, preset(), [edited, last]).versions == (edited, last)
    assert comparer.with_versions(found, preset(), []).versions == ()


def test_an_archived_preset_has_drifted() -> None:
    base = BaseState("c0ffee", "named base", {"a": preset()})
    listed = {"a": ListedPreset("a", "id", Status.ARCHIVED, None)}
    (found,) = Comparer(KINDS).drifts(base, ActualState(listed, {}))
    assert (found.live, found.archived, found.pending) == (None, True, False)


def test_what_was_never_applied_is_pending() -> None:
    (missing,) = drifts(None, preset())
    (edited,) = drifts(Content("edited", {}), preset())
    removed = Comparer(KINDS).with_versions(missing, preset(), [version(1, preset().content)])
    older = replace(edited, commit=Commit("c", "", "", ""))
    report = DriftReport("w", "c0ffee", 4, (missing, edited, removed, older))
    assert report.pending == (missing, older)
    assert report.drifted == (edited, removed)
