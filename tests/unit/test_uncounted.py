"""A provider that counts no versions, takes no field away and deletes: what plans, limits and reports make of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from presetctl import churn
from presetctl.domain.change import ABSENT, Action, Cause, Change, FieldChange, Head, Plan, Rename, Target
from presetctl.domain.history import Commit, LastDeclared, VersionHistory, VersionRecord
from presetctl.domain.preset import Content, Preset
from presetctl.domain.project import Limits
from presetctl.domain.state import ActualPreset, ActualState, BaseState, ListedPreset, Status, Version
from presetctl.domain.values import Json
from presetctl.drift import Comparer, Drift, DriftReport
from presetctl.guard import Consent, Surroundings, objections
from presetctl.inventory import Row, Standing, inventory
from presetctl.load.results import load_drift
from presetctl.plan import (
    make_offline_plan,
    make_plan,
    moves,
    removal,
    with_orphans,
    with_removals,
    with_renames,
    with_returns,
)
from presetctl.pruning import Pruner
from presetctl.report.drift import drift_document, drift_text
from presetctl.report.drift_markdown import drift_markdown
from presetctl.report.gfm import grid
from presetctl.report.history import history_text
from presetctl.report.inventory import inventory_text
from presetctl.report.json import as_text
from presetctl.report.summary import sentence
from presetctl.report.text import Style, summary_line
from tests.unit.memory import CHAT, KINDS, Memory, Past, preset

TARGET = Target("chat", "librechat", "embedded", None)
FIELDS: dict[str, Json] = {"endpoint": "e", "model": "m"}
LIVE = Content("prompt", FIELDS)
ADOPTED = "own-id"
HIDDEN = "its content can't be read, since the server's content filter hides it"
FILTERED = "unreadable (the server's content filter hides what it says)"
LEFT_ALONE = "unmanaged (there without presetctl's mark, so it is left alone)"


def declared(slug: str = "a", adopts: str | None = None, **config: Json) -> Preset:
    return replace(preset(slug), kind=CHAT.name, content=Content("prompt", {**FIELDS, **config}), adopts=adopts)


def held(content: Content | None = LIVE, status: Status = Status.ACTIVE, *, managed: bool = True) -> ActualPreset:
    version = None if content is None else Version("v", None, content, "2026-04-20T10:00:00Z")
    return ActualPreset("a", ADOPTED, status, version, managed)


def state(*presets: ActualPreset) -> ActualState:
    rows = {p.slug: ListedPreset(p.slug, p.id, p.status, "v", p.managed) for p in presets}
    return ActualState(rows, {p.slug: p for p in presets})


def planned(actual: ActualPreset, wanted: Preset | None = None, base: BaseState | None = None) -> Change:
    desired = {"a": wanted or declared()}
    (change,) = make_plan(TARGET, Head(), desired, state(actual), declared=desired, kinds=KINDS, base=base).changes
    return change


# --- Plans ---


@pytest.mark.parametrize(
    ("live", "action"),
    [
        (FIELDS, Action.NO_OP),
        ({**FIELDS, "order": 5}, Action.NO_OP),
        ({**FIELDS, "model": "n"}, Action.UPDATE),
        ({"endpoint": "e"}, Action.UPDATE),
        ({"model": "m"}, Action.UPDATE),
        ({**FIELDS, "seed": 1}, Action.REPLACE),
        ({**FIELDS, "deep": {"kept": 1, "gone": 2}}, Action.UPDATE),
        ({**FIELDS, "endpoint": "other"}, Action.REPLACE),
        ({**FIELDS, "endpointType": "custom"}, Action.REPLACE),
    ],
)
def test_what_a_write_can_not_take_away_is_replaced(live: dict[str, Json], action: Action) -> None:
    more: dict[str, Any] = {"deep": {"kept": 1}} if "deep" in live else {}
    change = planned(held(Content("prompt", live)), declared(**more))
    assert change.action is action
    assert ("no write can take a field away" in "".join(change.warnings)) is (action is Action.REPLACE)


def test_a_prompt_that_goes_takes_a_replacement() -> None:
    change = planned(held(), replace(declared(), content=Content(None, FIELDS)))
    assert change.action is Action.REPLACE
    assert change.fields[0].after is ABSENT


@pytest.mark.parametrize(("said", "same"), [({}, True), ({"order": 5}, False)])
def test_a_plan_is_about_what_is_the_workspaces_own_only_where_a_file_declares_it(
    said: dict[str, Any], same: bool
) -> None:
    wanted = declared(model="n", **said)
    lives = [Content("prompt", FIELDS | order) for order in ({"order": 3}, {"order": 4}, {})]
    plans = [plan_of(planned(held(live), wanted)) for live in lives]
    digests = {plan.changes[0].before and plan.changes[0].before.digest for plan in plans}
    assert digests == ({LIVE.digest} if same else {live.digest for live in lives})
    assert (moves(plans[0], plans[1]) == []) is same


def test_offline_what_goes_is_replaced_too() -> None:
    base = BaseState("c" * 40, "named base", {"a": declared(seed=1)})
    (change,) = make_offline_plan(TARGET, Head(), {"a": declared()}, base, KINDS).changes
    assert change.action is Action.REPLACE


def test_every_null_that_empties_the_preset_is_told() -> None:
    kinds = {CHAT.name: replace(CHAT, not_null=frozenset({"model", "seed", "top_k"}))}
    live = held(Content("prompt", {**FIELDS, "top_k": None, "seed": None, "stop": None}))
    desired = {"a": declared()}
    (change,) = make_plan(TARGET, Head(), desired, state(live), declared=desired, kinds=kinds).changes
    assert change.action is Action.REPLACE
    assert change.warnings == (
        "no write can take a field away here, so it is deleted and made again under the same id",
        "`seed` is null, which makes the whole preset empty in use",
        "`top_k` is null, which makes the whole preset empty in use",
    )


def test_what_has_no_mark_is_left_alone_or_adopted() -> None:
    alone = planned(held(Content("x", {}), managed=False))
    assert (alone.action, alone.fields) == (Action.NO_OP, ())
    assert f"`preset_id: {ADOPTED}` in its file adopts it" in alone.warnings[0]
    for content, action in ((LIVE, Action.UPDATE), (Content("prompt", {**FIELDS, "seed": 1}), Action.REPLACE)):
        base = BaseState("c" * 40, "named base", {"a": declared()})
        change = planned(held(content, managed=False), declared(adopts=ADOPTED), base)
        assert change.action is action
        assert change.fields[-1] == FieldChange(("tags",), ABSENT, "managed-by:presetctl", Cause.DECLARED)
        assert "adopted: from now on files manage it" in change.warnings


def test_what_has_no_mark_and_is_disabled_is_told_both() -> None:
    told = planned(held(status=Status.DISABLED, managed=False)).warnings
    assert told[0].startswith("disabled in the workspace")
    assert told[1].startswith("is there without presetctl's mark")


def test_what_can_not_be_read_is_left_alone() -> None:
    change = planned(held(None, Status.UNREADABLE))
    assert (change.action, change.fields, change.before) == (Action.NO_OP, (), None)
    assert change.warnings == (f"{HIDDEN}, so it is left alone: delete it there to have it made again",)
    plan = plan_of(change)
    assert summary_line(plan) == "No changes: 0 presets as declared, 1 unreadable."
    assert (
        "".join(it.text for it in sentence(plan))
        == "Nothing would change in chat: 0 presets as declared, 1 unreadable."
    )
    more = replace(plan, changes=(change, planned(held(EDITED))))
    assert summary_line(more) == "Plan: 1 to update, 0 unchanged, 1 unreadable."
    assert "".join(it.text for it in sentence(more)) == "Applying this updates 1 preset in chat, 1 unreadable."


def plan_of(*changes: Change) -> Plan:
    made = make_plan(TARGET, Head(), {}, state(), declared=(), kinds=KINDS)
    return replace(made, changes=changes)


def test_what_goes_is_deleted() -> None:
    last = LastDeclared("c" * 40, declared("old"))
    edited = removal(last, held().version, is_edited=True)
    assert edited.action is Action.DELETE
    assert edited.warnings == (
        "declared last in commit cccccccccccc; deleted, it's gone but from git",
        "what is live is what no commit declares: somebody edited it outside git",
    )
    plan = with_removals(plan_of(), [edited])
    assert [found.message for found in objections(plan, Limits(), (), Consent())] == [
        "1 of 1 managed presets would be deleted, and no file declares any preset"
    ]
    around = Surroundings(declared=1, listed=1)
    (found,) = objections(plan, Limits(archives=0), (), Consent(), around)
    assert (found.message, found.agree) == (
        "1 of 2 managed presets would be deleted, and the limit is 0", "--allow-archives 1",
    )  # fmt: skip
    assert moves(plan, plan_of()) == ["old is no more to be deleted"]


def test_a_plan_that_is_out_of_date_tells_contents_by_their_digests() -> None:
    then, now = Content("prompt", {"model": "then"}), Content("prompt", {"model": "now"})
    plans = [plan_of(planned(live)) for live in (held(then), held(now), ActualPreset("b", "id", Status.ACTIVE, None))]
    one, other = (content.digest.removeprefix("sha256:")[:12] for content in (then, now))
    assert len(one) == 12
    assert moves(plans[0], plans[1]) == [f"a was planned against content {one}, and content {other} is live"]
    assert moves(plans[0], plans[2]) == [f"a was planned against content {one}, and nothing is live"]


def test_a_slug_that_was_deleted_is_free() -> None:
    desired = {"a": declared()}
    made = make_plan(TARGET, Head(), desired, state(), declared=desired, kinds=KINDS)
    assert with_returns(made, lambda _: True) == made


def test_a_new_preset_that_looks_like_one_that_goes() -> None:
    desired = {"new": declared("new")}
    made = make_plan(TARGET, Head(), desired, state(), declared=desired, kinds=KINDS)
    going = with_removals(made, [removal(LastDeclared("c" * 40, declared("old")), held().version)])
    (word,) = with_renames(going, {"new": Rename("old", 90)}).changes[0].warnings
    assert word.endswith("no preset can be, so this one is a new one, and old is deleted once this one is there")
    (word,) = with_renames(made, {"new": Rename("old", 90)}).changes[0].warnings
    assert word.endswith("so this one is a new one, and old stays live as it is")


@pytest.mark.parametrize(
    ("gaps", "status", "said"),
    [
        ((), Status.UNREADABLE, f"old is orphaned and not deleted: {HIDDEN}; delete it there."),
        (("a gap",), Status.ACTIVE, "Orphaned presets may be taken for unmanaged ones, and none is deleted: a gap."),
    ],
)  # fmt: skip
def test_what_is_not_deleted(gaps: tuple[str, ...], status: Status, said: str) -> None:
    memory = Memory(counts=False)
    memory.put("old", LIVE, status=status)
    plan = make_plan(TARGET, Head(), {}, state(*memory.presets.values()), declared=(), kinds=KINDS)
    past = Past(gaps, orphans=("old",), lasts={"old": LastDeclared("c" * 40, declared("old"))})
    found = Pruner(memory, archives=True, selected=lambda _: True).prune(plan, {}, past)
    assert (found.notes, found.plan.removals) == ((said,), ())
    without = Pruner(memory, archives=True, selected=lambda _: True).prune(
        plan, {}, Past(("no git",), has_history=False)
    )
    assert without.notes == ("Nothing is deleted: no git.",)
    assert with_orphans(plan, lambda _: True).orphaned == ("old",)


def test_what_is_not_kept_is_said_of_what_is_live() -> None:
    (change,) = make_plan(
        TARGET, Head(), {"a": declared(seed=1)}, state(held()), declared=("a",), kinds=KINDS
    ).changes  # fmt: skip
    assert churn.warning(change.fields, Version("v", None, LIVE), "chat").startswith("what is live was written after")


# --- Inventories and drift ---


@pytest.mark.parametrize(
    ("actual", "adopts", "standing", "said"),
    [
        (held(), None, Standing.IN_SYNC, "in sync"),
        (held(None, Status.UNREADABLE), None, Standing.UNREADABLE, FILTERED),
        (held(managed=False), None, Standing.UNMANAGED, LEFT_ALONE),
        (held(managed=False), ADOPTED, Standing.PENDING, "pending (there, to be adopted)"),
    ],
)  # fmt: skip
def test_a_row_says_how_a_preset_stands(
    actual: ActualPreset, adopts: str | None, standing: Standing, said: str
) -> None:
    (row,) = inventory({"a": declared(adopts=adopts)}, state(actual), KINDS)
    assert row.standing is standing
    text = inventory_text([row], "chat", Style(), counted=False)
    assert text.splitlines()[3].endswith(f"  {said}")
    assert "VERSION" not in text


def test_what_no_file_declares_may_be_unreadable() -> None:
    row = Row("a", Standing.UNMANAGED, Status.UNREADABLE)
    assert "unmanaged, unreadable" in inventory_text([row], "chat", Style())


def drifts(actual: ActualPreset | None, **more: Any) -> DriftReport:
    base = BaseState("c" * 40, "named base", {"a": declared()})
    comparer = Comparer(KINDS)
    found = comparer.drifts(base, state() if actual is None else state(actual))
    dated = [
        comparer.with_versions(drift, declared(), [actual.version] if actual and actual.version else [])
        for drift in found
    ]
    return DriftReport("chat", "c" * 40, 1, tuple(replace(drift, **more) for drift in dated))


EDITED = Content("prompt", {**FIELDS, "model": "n"})


def test_drift_is_told_by_when_it_was_changed(tmp_path: Path) -> None:
    report = drifts(held(EDITED))
    assert "~ a  changed 2026-04-20T10:00:00Z  presets/a.yaml\n" in drift_text(report, Style())
    markdown = drift_markdown(report)
    assert (
        "| preset | live | fields |\n|---|---|---|\n| `a` | changed `2026-04-20T10:00:00Z` | `config.model` |"
        in markdown
    )
    assert "<summary><code>a</code></summary>" in markdown
    assert "version" not in markdown
    path = tmp_path / "drift.json"
    path.write_text(as_text(drift_document(report)), encoding="utf-8")
    (again,) = load_drift(path).drifted
    assert again.live is not None
    assert (again.live.number, again.live.created_at) == (None, "2026-04-20T10:00:00Z")
    path.write_text(json.dumps({**drift_document(report), "drifts": [  # as one that is gone is told
        {"slug": "a", "kind": CHAT.name, "file": "f", "version": None, "fields": [], "archived": True, "versions": []},
    ]}), encoding="utf-8")  # fmt: skip
    assert load_drift(path).found[0].live is None


def test_drift_without_a_time_is_told_all_the_same() -> None:
    bare = replace(held(EDITED), version=Version("v", None, EDITED))
    report = drifts(bare)
    assert "~ a  changed  presets/a.yaml\n" in drift_text(report, Style())
    assert "| `a` | changed | `config.model` |" in drift_markdown(report)


def test_what_is_not_drift() -> None:
    hidden = drifts(held(None, Status.UNREADABLE))
    assert ([it.slug for it in hidden.unreadable], hidden.drifted, hidden.pending) == (["a"], (), ())
    assert drift_text(hidden, Style()).endswith("No drift: 0 presets as declared.")
    assert drift_document(hidden)["unreadable"] == [{"slug": "a", "kind": CHAT.name, "file": "presets/a.yaml"}]
    unmarked = drifts(held(EDITED, managed=False))
    assert "a  pending: there without presetctl's mark: nothing was applied to it yet" in drift_text(unmarked, Style())
    missing = drift_text(drifts(None), Style())
    assert "a  pending: not in the workspace: never applied, or deleted there" in missing
    commit = Commit("d" * 40, "t", "Test", "Older")
    older = drift_text(drifts(held(EDITED), commit=commit), Style())
    assert "pending: what is live is from commit dddddddddddd Older; not applied yet" in older
    unkept = drift_text(drifts(held(EDITED), unkept=True), Style())
    assert "= a  what is live lacks only config.model" in unkept


def test_a_preset_that_is_gone_had_the_mark() -> None:
    gone = Drift("a", CHAT.name, "f", None, (), archived=True)
    assert not gone.pending


# --- Reports ---


def test_columns_with_nothing_in_them_are_left_out() -> None:
    assert grid(("a", "b", "c"), [("1", "", ""), ("2", "", "3")]) == "| a | c |\n|---|---|\n| 1 |  |\n| 2 | 3 |"


@pytest.mark.parametrize(
    ("records", "limits", "said"),
    [
        ((), (), "0 commits changed it. Nothing of that is live."),
        ((), ("a limit",), "0 commits changed it. Nothing of that is known to be live."),
        ((None,), (), "0 commits changed it. What is live comes from no commit."),
        ((None,), ("a limit",), "0 commits changed it. What is live comes from no commit that is known."),
        (("e" * 40,), (), "1 commit changed it. What is live comes from eeeeeeeeeeee."),
    ],
)
def test_the_end_of_a_history_of_commits(records: tuple[str | None, ...], limits: tuple[str, ...], said: str) -> None:
    commits = [None if id_ is None else Commit(id_, "t", "Test", "Subject") for id_ in records]
    made = tuple(VersionRecord(Version("v", None, LIVE, "t"), True, commit) for commit in commits)
    text = history_text(VersionHistory("a", "chat", made, limits, counted=False), Style())
    assert text.splitlines()[-1] == said
    assert "version" not in text
