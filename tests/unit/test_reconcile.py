"""One use case each: load, plan and apply, with a workspace in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from presetctl import reconcile
from presetctl.domain.change import Action, Cause, Head
from presetctl.domain.errors import AccessError, InputError, RemoteError, SafetyError, StaleError, UsageError
from presetctl.domain.history import LastDeclared
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import ActualPreset, BaseState, ListedPreset, Listing, Status, Version, WorkspaceIdentity
from presetctl.guard import Consent
from presetctl.inventory import Standing
from presetctl.load.git import Base
from presetctl.ports import no_past
from presetctl.reconcile import Planned
from presetctl.repository import Repository, Selection, load, load_base
from tests.keys import LETTERS, drawn
from tests.unit.memory import Memory, Past
from tests.unit.trees import PROJECT, MemoryTree, SmallSchemas, repository

HEAD = Head("c" * 40)
FILES = {"mail": "system_prompt: P\nconfig: {model: m}", "mail-draft": "config: {model: m}", "b": "config: {model: m}"}


def planned(
    memory: Memory, *slugs: str, exclude: Sequence[str] = (), files: Repository | None = None, workspace: str = "one"
) -> Planned:
    found = files or repository(FILES)
    return reconcile.plan(found, workspace, memory, HEAD, Selection(slugs, exclude))


def actions(made: Planned) -> dict[str, str]:
    return {change.slug: change.action.value for change in made.plan.changes}


def test_everything_is_planned_where_nothing_is_named() -> None:
    memory = Memory()
    memory.put("mail", Content("P", {"model": "m"}), 4)
    memory.put("b", Content(None, {"model": "old"}))
    memory.put("theirs", Content("x", {}))
    made = planned(memory)
    assert actions(made) == {"b": "update", "mail": "no_op", "mail-draft": "create"}
    assert made.plan.unmanaged == ("theirs",)
    assert made.plan.head == HEAD
    assert sorted(made.desired) == ["b", "mail", "mail-draft"]


def test_only_what_is_listed_is_read_and_nothing_is_written() -> None:
    memory = Memory()
    memory.put("mail", Content("P", {"model": "m"}))
    memory.put("theirs", Content("x", {}))
    planned(memory)
    assert memory.log == ["read mail"]


@pytest.mark.parametrize(
    ("slugs", "exclude", "chosen"),
    [
        (["mail"], [], ["mail"]),
        (["mail", "b"], [], ["b", "mail"]),
        (["mail", "mail"], [], ["mail"]),
        ([], ["*-draft"], ["b", "mail"]),
        ([], ["mail*"], ["b"]),
        ([], ["mail", "?"], ["mail-draft"]),
        (["mail", "b"], ["b"], ["mail"]),
        ([], ["*"], []),
        ([], ["MAIL"], ["b", "mail", "mail-draft"]),
    ],
)
def test_selection(slugs: list[str], exclude: list[str], chosen: list[str]) -> None:
    memory = Memory()
    memory.put("theirs", Content("x", {}))
    made = planned(memory, *slugs, exclude=exclude)
    assert list(actions(made)) == chosen
    assert made.plan.unmanaged == ("theirs",)


@pytest.mark.parametrize(
    ("slug", "hint"),
    [("mial", "did you mean mail?"), ("zzz", "see `presetctl validate`"), ("Mail", "did you mean mail?")],
)
def test_a_slug_that_no_file_declares(slug: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"no file declares a preset {slug}") as raised:
        planned(Memory(), slug)
    assert raised.value.hint == hint


def test_a_workspace_that_the_project_does_not_have() -> None:
    with pytest.raises(UsageError, match="no workspace is named three") as raised:
        planned(Memory(), workspace="three")
    assert raised.value.hint == "presetctl.yaml has one, two"


def test_nothing_is_read_when_a_file_is_not_valid() -> None:
    memory = Memory()
    files = repository({"a": "config: {modle: m}", "b": "config: {model: m}", "c": "x: ["})
    assert not files.valid
    with pytest.raises(InputError, match="nothing was planned") as raised:
        planned(memory, "b", files=files)
    assert [(str(p.location), p.rule) for p in raised.value.problems] == [
        ("presets/a.yaml:1:10", "unknown-field"),
        ("presets/c.yaml:1:5", "yaml-syntax"),
    ]
    assert memory.log == []


def test_some_of_the_files() -> None:
    tree = MemoryTree({"presetctl.yaml": PROJECT, "presets/a.yaml": "config: {model: m}", "presets/b.yaml": "["})
    found = load(tree, SmallSchemas(), ["presets/a.yaml"])
    assert found.valid
    assert (found.files, list(found.rendered.workspaces["one"])) == (("presets/a.yaml",), ["a"])
    assert not load(tree, SmallSchemas(), ["presets/gone.yaml"]).valid
    assert load(tree, SmallSchemas()).files == ("presets/a.yaml", "presets/b.yaml")


class Elsewhere(Memory):
    """A workspace whose key says another workspace, or none."""

    found: str | None = "elsewhere"

    def identity(self) -> WorkspaceIdentity:
        self.log.append("identity")
        return WorkspaceIdentity(self.found)


BOUND = PROJECT.replace("two: {", "two: {workspace_id: here, ")


def test_a_key_of_the_right_workspace() -> None:
    made = planned(Memory(), files=repository(FILES, BOUND), workspace="two")
    assert made.plan.workspace.workspace_id == "here"
    assert planned(Elsewhere(), files=repository(FILES, BOUND)).plan.workspace.workspace_id is None


@pytest.mark.parametrize(("found", "named"), [("elsewhere", "elsewhere"), (None, "the remote does not say which")])
def test_a_key_of_another_workspace_is_refused(found: str | None, named: str) -> None:
    memory = Elsewhere()
    memory.found = found
    with pytest.raises(AccessError, match=named) as raised:
        planned(memory, files=repository(FILES, BOUND), workspace="two")
    assert raised.value.exit_code == 7
    assert "two is here; nothing was read or written there" in raised.value.message
    assert memory.log == ["identity"]


def test_a_listed_preset_that_is_gone() -> None:
    memory = Memory()
    memory.put("b", Content("x", {}))
    memory.hidden["mail"] = replace(memory.presets["b"], slug="mail")
    with pytest.raises(StaleError, match="mail was listed and is gone by now; nothing was written"):
        planned(memory)


def test_what_an_incomplete_list_leaves_out_is_read() -> None:
    memory = Memory(unlisted={"mail", "another"})
    memory.put("mail", Content("x", {}), 4)
    made = planned(memory, "mail")
    assert actions(made) == {"mail": "update"}
    memory = Memory(unlisted={"another"})
    assert actions(planned(memory, "mail")) == {"mail": "create"}


def test_an_archived_row_hides_no_live_one() -> None:
    class Twice(Memory):
        def list_presets(self) -> Listing:
            row = ListedPreset("mail", "old", Status.ARCHIVED, None)
            return Listing((*super().list_presets().rows, row))

    memory = Twice()
    memory.put("mail", Content("x", {}), 4)
    assert actions(planned(memory, "mail")) == {"mail": "update"}


def test_an_archived_preset_is_not_read() -> None:
    memory = Memory()
    memory.hidden["mail"] = ActualPreset("mail", "id", Status.ARCHIVED, None)
    made = planned(memory, "mail")
    assert actions(made) == {"mail": "restore"}
    assert memory.log == []


def test_what_a_workspace_is_known_not_to_keep_is_not_compared() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "m", "seed": 5}))
    assert actions(planned(memory, "b")) == {"b": "update"}
    assert actions(planned(memory, "b", workspace="two")) == {"b": "no_op"}


def test_a_saved_plan_that_still_holds() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "old"}))
    reconcile.check_unmoved(planned(memory), planned(memory).plan)
    reconcile.check_unmoved(planned(memory), planned(memory).plan, only_fingerprint=True)


def moved(now: Planned, before: Planned, *, only_fingerprint: bool = False) -> str:
    with pytest.raises(StaleError, match="the plan no longer holds, nothing was written: ") as raised:
        reconcile.check_unmoved(now, before.plan, only_fingerprint=only_fingerprint)
    return str(raised.value).split(": ", 1)[1]


@pytest.mark.parametrize("only_fingerprint", [False, True])
def test_a_saved_plan_that_moved_says_what_moved_and_how(only_fingerprint: bool) -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "old"}))
    before = planned(memory)
    memory.put("b", Content(None, {"model": "newer"}), 2)
    memory.put("mail", Content("P", {"model": "m"}))
    files = repository({"new": FILES["b"], **{k: v for k, v in FILES.items() if k != "mail-draft"}})
    assert moved(planned(memory, files=files), before, only_fingerprint=only_fingerprint) == (
        "b was planned against version 1, and version 2 is live; mail was planned against nothing, and version 1 is "
        "live; mail-draft is declared no longer; new is not in the plan"
    )


def test_other_files_and_another_address_move_a_plan_too() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "old"}))
    edited = repository({**FILES, "b": "config: {model: edited}"})
    assert moved(planned(memory, files=edited), planned(memory)) == "b is declared otherwise by now"
    elsewhere = repository(
        FILES, PROJECT.replace("one: {provider: openrouter, url: embedded}", "one: {provider: openrouter}")
    )
    assert moved(planned(memory, files=elsewhere), planned(memory)) == "it was for embedded (workspace id not set)"


def test_what_is_not_pending_moves_the_plan_itself_and_not_its_fingerprint() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "m"}), 1)
    before = planned(memory)
    memory.put("b", Content(None, {"model": "m"}), 2)
    assert moved(planned(memory), before) == "b was planned against version 1, and version 2 is live"
    reconcile.check_unmoved(planned(memory), before.plan, only_fingerprint=True)
    against = reconcile.plan(repository(FILES), "one", memory, HEAD, Selection(), base({"b": FILES["b"]}))
    assert moved(against, planned(memory)) == "its base was none, and is c0ffee"


def test_a_new_version_with_the_same_content_moves_a_plan_too() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "old"}), 1)
    before = planned(memory)
    memory.put("b", Content(None, {"model": "old"}), 2)
    moved(planned(memory), before, only_fingerprint=True)


def test_a_preset_that_is_to_be_handled_otherwise_moves_a_plan() -> None:
    memory = lacking_temperature()
    now, before = planned_with(Past(), memory), planned_with(Past(), memory, retry=True)
    assert moved(now, before) == "b was to update, and is to no_op now"


def test_many_moves_are_cut_short() -> None:
    files = repository({f"p{number}": FILES["b"] for number in range(12)})
    assert moved(planned(Memory(), files=files), planned(Memory(), files=repository({}))).endswith(
        "; p7 is not in the plan, and 2 more"
    )


def test_the_selection_of_a_saved_plan() -> None:
    files, made = repository(FILES), planned(Memory(), "b", "mail", exclude=["mail"])
    assert files.selection(made.plan) == Selection(("b", "mail"), ("mail",))
    with pytest.raises(StaleError, match="no file declares mail any more"):
        repository({"b": FILES["b"]}).selection(made.plan)


def test_apply_and_then_there_is_nothing_to_do() -> None:
    memory, files = Memory(), repository({**FILES, "s": "kind: openrouter/b\nconfig: {model: m, only_b: 1}"})
    memory.put("b", Content(None, {"model": "old"}), 4)
    made = planned(memory, files=files)
    outcomes = list(reconcile.apply(files, made, memory, memory))
    assert [(o.change.slug, o.result, o.version) for o in outcomes] == [
        ("b", Result.APPLIED, 5),
        ("mail", Result.APPLIED, 1),
        ("mail-draft", Result.APPLIED, 1),
        ("s", Result.APPLIED, 1),
    ]
    again = planned(memory, files=files)
    assert set(actions(again).values()) == {Action.NO_OP.value}
    memory.log.clear()
    assert list(reconcile.apply(files, again, memory, memory)) == []
    assert memory.log == []


def test_only_what_was_selected_is_applied() -> None:
    memory, files = Memory(), repository(FILES)
    outcomes = list(reconcile.apply(files, planned(memory, "b", files=files), memory, memory))
    assert [o.change.slug for o in outcomes] == ["b"]
    assert list(memory.presets) == ["b"]


def test_what_only_the_dashboard_can_set_is_not_wiped_without_consent() -> None:
    memory, files = Memory(), repository(FILES)
    memory.put("b", Content(None, {"model": "old", "cache_enabled": True}))
    made = planned(memory, files=files)
    memory.log.clear()
    with pytest.raises(SafetyError, match="writing b removes cache_enabled") as raised:
        reconcile.apply(files, made, memory, memory)
    assert raised.value.hint == "to agree, add --allow-wipe b"
    with pytest.raises(SafetyError):
        reconcile.apply(files, made, memory, memory, Consent(wipe=frozenset({"mail"})))
    assert memory.log == []
    outcomes = list(reconcile.apply(files, made, memory, memory, Consent(wipe=frozenset({"b"}))))
    assert {o.result for o in outcomes} == {Result.APPLIED}


def test_a_preset_that_is_as_declared_keeps_what_the_dashboard_set() -> None:
    memory, files = Memory(), repository(FILES)
    memory.put("b", Content(None, {"model": "m", "cache_enabled": True}))
    made = planned(memory, "b", files=files)
    assert actions(made) == {"b": "no_op"}
    assert list(reconcile.apply(files, made, memory, memory)) == []


def base(files: dict[str, str], project: str = PROJECT, workspace: str = "one") -> BaseState:
    contents = {f"presets/{name}.yaml": text for name, text in files.items()}
    tree = MemoryTree({"presetctl.yaml": project, **contents})
    return load_base(tree, SmallSchemas(), workspace, Base("c0ffee", "named base"))


def test_the_files_of_another_commit() -> None:
    found = base({"mail": "config: {model: old}", "broken": "config: {x: 1}"})
    assert (found.commit, found.reason, sorted(found.presets)) == ("c0ffee", "named base", ["mail"])
    assert base({"mail": "config: {model: m}"}, project="broken").presets == {}
    assert base({"mail": "config: {model: m}"}, workspace="new").presets == {}


def test_what_looks_like_a_key_is_a_problem_of_the_present_and_not_of_the_past() -> None:
    key = f"sk-or-v1-{drawn(LETTERS, 64)}"
    project, preset = PROJECT + f"defaults: {{system_prompt: '{key}'}}\n", {"mail": f"config: {{model: {key}}}"}
    assert base(preset, project).presets["mail"].content == Content(key, {"model": key})
    assert repository(preset).problems[0].rule == "secret"
    with pytest.raises(InputError, match=r"presetctl\.yaml is not valid") as raised:
        repository(FILES, project)
    assert [(str(p.location), p.rule) for p in raised.value.problems] == [("presetctl.yaml:6:28", "secret")]


def test_a_plan_against_a_base_says_who_changed_what() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "edited"}))
    before = base({"b": "config: {model: m}"})
    made = reconcile.plan(repository(FILES), "one", memory, HEAD, Selection(["b"]), before)
    assert made.plan.base == "c0ffee"
    assert [field.cause for field in made.plan.changes[0].fields] == [Cause.DRIFT]


def test_what_changed_and_is_live_already_is_told() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "m"}))
    made = reconcile.plan(repository(FILES), "one", memory, HEAD, Selection(["b"]), base({"b": "config: {model: old}"}))
    assert actions(made) == {"b": "no_op"}
    assert [field.name for field in made.plan.changes[0].already_live] == ["config.model"]


def test_a_plan_without_a_workspace() -> None:
    before = base({"b": "config: {model: old}", "mail": FILES["mail"]})
    made = reconcile.plan_offline(repository(FILES), "one", before, HEAD, Selection())
    assert actions(made) == {"b": "update", "mail": "no_op", "mail-draft": "create"}
    assert made.plan.offline
    assert {change.before for change in made.plan.changes} == {None}
    with pytest.raises(InputError, match="not every file is valid"):
        reconcile.plan_offline(repository({"x": "config: {x: 1}"}), "one", before, HEAD, Selection())


def test_drift_from_a_base() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "edited"}), 4)
    found = reconcile.find_drift(repository(FILES), "one", memory, base({"b": "config: {model: m}", "new": FILES["b"]}))
    assert [(drift.slug, drift.live and drift.live.number, len(drift.versions)) for drift in found] == [
        ("b", 4, 1),
        ("new", None, 0),
    ]


def test_named_presets_are_gathered_declared_or_not() -> None:
    memory = Memory()
    memory.put("theirs", Content("x", {}))
    memory.put("b", Content("x", {}))
    files = repository(FILES)
    assert sorted(reconcile.gather(files, "one", memory).presets) == ["b"]
    assert sorted(reconcile.gather(files, "one", memory, ["theirs"]).presets) == ["theirs"]
    assert sorted(reconcile.gather(files, "one", memory, ()).listed) == ["b", "theirs"]


def test_what_is_live_already_stands_beside_what_is_not() -> None:
    memory = Memory()
    memory.put("b", Content(None, {"model": "m", "temperature": 1}))
    files = repository({"b": "config: {model: m, temperature: 2}"})
    made = reconcile.plan(files, "one", memory, HEAD, Selection(), base({"b": "config: {model: old, temperature: 1}"}))
    (change,) = made.plan.changes
    assert [(field.name, field.cause) for field in change.fields] == [("config.temperature", Cause.DECLARED)]
    assert [field.name for field in change.already_live] == ["config.model"]


def planned_with(past: Past | None, memory: Memory, *, retry: bool = False) -> Planned:
    """A plan of a preset whose temperature nobody knows the fate of."""
    files = repository({"b": "config: {model: m, temperature: 1}"})
    return reconcile.plan(files, "one", memory, HEAD, Selection(), ask_past=lambda: past, retry=retry)


def lacking_temperature() -> Memory:
    memory = Memory()
    live = Version("b-1", 1, Content(None, {"model": "m"}), "2026-04-20T10:00:00Z")
    memory.presets["b"] = ActualPreset("b", "id-b", Status.ACTIVE, live)
    return memory


def test_what_the_workspace_was_shown_not_to_keep_is_not_written_again() -> None:
    memory = lacking_temperature()
    made = planned_with(Past(), memory)
    assert actions(made) == {"b": "no_op"}
    assert "lacks only `temperature`" in made.plan.changes[0].warnings[0]
    assert made.plan.fingerprint == planned(memory, files=repository({"b": "config: {model: m}"})).plan.fingerprint
    assert actions(planned_with(Past(), memory, retry=True)) == {"b": "update"}
    assert actions(planned_with(None, memory)) == {"b": "update"}, "nothing is known"
    memory.presets["b"] = replace(memory.presets["b"], version=Version("b-1", 1, Content(None, {"model": "m"}), "?"))
    assert actions(planned_with(Past(), memory)) == {"b": "update"}


def test_what_the_workspace_was_shown_not_to_keep_is_no_drift() -> None:
    memory, files = lacking_temperature(), {"b": "config: {model: m, temperature: 1}"}
    (found,) = reconcile.find_drift(repository(files), "one", memory, base(files), Past)
    assert found.unkept
    (found,) = reconcile.find_drift(repository(files), "one", memory, base(files))
    assert not found.unkept, "nothing is known"
    memory.put("b", Content(None, {"model": "m"}))
    (found,) = reconcile.find_drift(repository(files), "one", memory, base(files), Past)
    assert not found.unkept, "nobody knows when it was written"


def test_what_the_workspace_was_shown_not_to_keep_is_in_sync() -> None:
    memory, repo = lacking_temperature(), repository({"b": "config: {model: m, temperature: 1}"})
    states = [row.standing for past in (Past, no_past) for row in reconcile.standings(repo, "one", memory, past)]
    assert states == [Standing.IN_SYNC, Standing.PENDING]
    memory.put("b", Content(None, {"model": "other"}))
    assert [row.standing for row in reconcile.standings(repo, "one", memory, Past)] == [Standing.PENDING]
    assert [row.standing for row in reconcile.standings(repo, "one", Memory(), Past)] == [Standing.PENDING]


def test_orphaned_presets_are_told_from_unmanaged_ones_where_history_can_be_asked() -> None:
    memory = lacking_temperature()
    for slug in ("gone", "theirs"):
        memory.put(slug, Content("x", {}))
    made = planned_with(Past(orphans=["gone"], gaps=["this clone is shallow"]), memory)
    assert (made.plan.orphaned, made.plan.unmanaged) == (("gone",), ("theirs",))
    assert made.notes == ("Orphaned presets may be taken for unmanaged ones: this clone is shallow.",)
    for past in (None, Past(has_history=False, gaps=["no git"])):
        made = planned_with(past, memory)
        assert (made.plan.orphaned, made.plan.unmanaged, made.notes) == ((), ("gone", "theirs"), ())


PRUNING = PROJECT.replace("one: {", "one: {prune: archive, ").replace(
    "url: embedded}\n", "url: 'http://localhost:1'}\n", 1
)
LASTS = {
    slug: LastDeclared(
        "c" * 40, Preset(slug, "k", Content(None, {}), Location(f"presets/{slug}.yaml"), None, slug == "safe")
    )
    for slug in ("gone", "safe")
}
HISTORY = Past(orphans=("gone", "safe"), lasts=LASTS)


def pruned(
    memory: Memory,
    *slugs: str,
    past: Past | None = HISTORY,
    files: Repository | None = None,
    base: BaseState | None = None,
) -> Planned:
    found = files or repository(FILES, PRUNING)
    return reconcile.plan(found, "one", memory, HEAD, Selection(slugs), base, ask_past=lambda: past)


def with_gone(*slugs: str) -> Memory:
    memory = Memory()
    for slug in slugs or ("gone",):
        memory.put(slug, Content("x", {}))
    return memory


def test_what_was_removed_is_archived_where_the_workspace_says_so() -> None:
    memory, files = with_gone(), repository(FILES, PRUNING)
    made = pruned(memory)
    assert actions(made) == {"b": "create", "gone": "archive", "mail": "create", "mail-draft": "create"}
    assert actions(pruned(memory, files=repository(FILES)))["b"] == "create"
    assert "gone" not in actions(pruned(memory, files=repository(FILES)))
    memory.log.clear()
    outcomes = list(reconcile.apply(files, made, memory, memory))
    assert [o.change.slug for o in outcomes] == ["b", "mail", "mail-draft", "gone"]
    assert memory.log[0] == "prepare archiving"
    assert "gone" not in memory.presets


def test_a_removed_preset_can_be_named() -> None:
    memory = with_gone("gone", "safe")
    assert actions(pruned(memory, "gone")) == {"gone": "archive"}
    assert actions(pruned(memory, "b")) == {"b": "create"}
    assert actions(pruned(Memory(), "gone")) == {}, "it is archived already"
    for past, slug in ((HISTORY, "theirs"), (None, "gone")):
        with pytest.raises(UsageError, match=f"no file declares a preset {slug}"):
            pruned(memory, slug, past=past)
    with pytest.raises(UsageError, match="no file declares a preset gone"):
        pruned(memory, "gone", files=repository(FILES))


def test_a_preset_that_is_declared_for_another_workspace_is_not_removed() -> None:
    files = repository(FILES, PRUNING)
    elsewhere = {"one": {}, "two": files.rendered.workspaces["one"]}
    moved = replace(files, rendered=replace(files.rendered, workspaces=elsewhere))
    memory = with_gone("mail")
    made = pruned(memory, files=moved, past=Past(orphans=["mail"], lasts={"mail": LASTS["gone"]}))
    assert (actions(made), made.plan.orphaned, made.plan.unmanaged) == ({}, (), ())
    with pytest.raises(UsageError, match="no file declares a preset mail"):
        pruned(memory, "mail", files=moved, past=Past(orphans=["mail"]))


def test_a_saved_plan_names_what_it_archives() -> None:
    files, memory = repository(FILES, PRUNING), with_gone()
    named = pruned(memory, "gone", "b")
    assert files.selection(named.plan) == Selection(("gone", "b"))
    reconcile.check_unmoved(pruned(memory, "gone", "b"), named.plan)
    with pytest.raises(StaleError, match="no file declares b any more"):
        repository({"mail": FILES["mail"]}, PRUNING).selection(named.plan)


def test_what_was_protected_when_it_was_declared_last_is_protected() -> None:
    files, memory = repository(FILES, PRUNING), with_gone("gone", "safe")
    made = pruned(memory, "gone", "safe")
    assert reconcile.protected(files, made) == {"safe"}
    with pytest.raises(SafetyError, match="safe is protected"):
        reconcile.apply(files, made, memory, memory)
    memory.log.clear()
    reconcile.apply(files, made, memory, memory, Consent(protected=frozenset({"safe"})))
    assert memory.log == ["prepare archiving"], "nothing is written before the first outcome is asked for"


class NoManager(Memory):
    """A workspace whose management key is missing."""

    def prepare_archiving(self) -> None:
        raise AccessError("no key")


def test_without_a_key_for_it_nothing_at_all_is_written() -> None:
    files, memory = repository(FILES, PRUNING), NoManager(presets=with_gone().presets)
    made = pruned(memory)
    memory.log.clear()
    with pytest.raises(AccessError, match="no key"):
        reconcile.apply(files, made, memory, memory)
    memory = NoManager(hidden={"mail": ActualPreset("mail", "id", Status.ARCHIVED, None)})
    made = pruned(memory, "mail")
    assert actions(made) == {"mail": "restore"}
    with pytest.raises(AccessError, match="no key"):
        reconcile.apply(files, made, memory, memory)
    assert memory.log == []
    made = pruned(memory, "b")
    assert [o.result for o in reconcile.apply(files, made, memory, memory)] == [Result.APPLIED]


@pytest.mark.parametrize(
    ("vanish", "stopped"), [(range(0), False), (range(5), False), (range(6), True), (range(20), True)]
)
def test_a_list_that_shrinks_between_two_reads_stops_what_would_archive(vanish: range, stopped: bool) -> None:
    files, memory = repository(FILES, PRUNING), with_gone("gone", *(f"theirs-{number}" for number in range(20)))
    made = pruned(memory)
    for number in vanish:
        del memory.presets[f"theirs-{number}"]
    memory.log.clear()
    if stopped:
        with pytest.raises(SafetyError, match=f"shrank from 21 to {21 - len(vanish)} presets between two reads"):
            reconcile.apply(files, made, memory, memory)
        assert memory.log == ["prepare archiving"]
    else:
        assert list(reconcile.apply(files, made, memory, memory))[-1].change.slug == "gone"


def test_an_empty_list_stops_what_would_archive_however_few_there_were() -> None:
    files, memory = repository(FILES, PRUNING), with_gone()
    made = pruned(memory)
    memory.presets.clear()
    memory.hidden["x"] = ActualPreset("x", "id", Status.ARCHIVED, None)
    with pytest.raises(SafetyError, match="shrank from 1 to 0"):
        reconcile.apply(files, made, memory, memory)


def test_a_list_that_fails_ends_the_plan() -> None:
    class Failing(Memory):
        def list_presets(self) -> Listing:
            raise RemoteError("the server failed (500)")

    with pytest.raises(RemoteError):
        pruned(Failing())


DECLARED = BaseState("c" * 40, "commit before HEAD", dict.fromkeys(FILES, LASTS["gone"].preset))
MINIMUM = PRUNING.replace("prune: archive", "prune: archive, limits: {minimum: 3}")


def stops(made: Planned, project: str = PRUNING) -> list[str]:
    return [objection.agree for objection in reconcile.objections(repository(FILES, project), made)]


def test_a_workspace_without_any_preset_that_base_declares_already() -> None:
    assert stops(pruned(Memory(), base=DECLARED)) == ["--allow-creates 3"]
    assert stops(pruned(Memory(), "b", base=DECLARED)) == ["--allow-creates 1"]
    assert stops(pruned(with_gone("mail"), "b", base=DECLARED)) == [], "one that is missing may be"
    assert stops(pruned(Memory(), base=replace(DECLARED, presets={}))) == [], "they are new"
    embedded = repository(FILES)
    assert reconcile.objections(embedded, pruned(Memory(), files=embedded, base=DECLARED)) == []


def test_without_a_base_the_commit_before_tells_where_it_is_many() -> None:
    past = replace(HISTORY, before=DECLARED)
    few, many = repository(FILES, PRUNING), repository(FILES, MINIMUM)
    assert stops(pruned(Memory(), past=past, files=few)) == []
    assert stops(pruned(Memory(), past=past, files=many), MINIMUM) == ["--allow-creates 3"]
    assert stops(pruned(with_gone("theirs"), past=past, files=many), MINIMUM) == ["--allow-creates 3"]
    assert stops(pruned(with_gone("mail"), past=past, files=many), MINIMUM) == []
    for other in (None, Past(), replace(past, before=replace(DECLARED, presets={"b": LASTS["gone"].preset}))):
        assert stops(pruned(Memory(), past=other, files=many), MINIMUM) == []


def test_without_a_base_one_preset_that_is_there_says_enough() -> None:
    project = MINIMUM.replace("minimum: 3", "minimum: 2, archives: 1")
    past, files = replace(HISTORY, before=DECLARED), repository(FILES, project)
    assert stops(pruned(with_gone("mail"), past=past, files=files), project) == []
    assert stops(pruned(with_gone("mail"), past=past, files=files, base=DECLARED), project) == ["--allow-creates 2"]


def test_history_is_not_read_where_little_is_missing() -> None:
    def unread() -> Past:
        raise AssertionError("git was asked")

    files = repository(FILES, PRUNING.replace("prune: archive", "prune: report"))
    assert len(reconcile.plan(files, "one", Memory(), HEAD, Selection(), ask_past=unread).plan.pending) == 3


def test_a_preset_that_is_back_may_find_its_slug_taken() -> None:
    past = replace(HISTORY, removed=["mail", "b", "gone"])

    def warned(memory: Memory, project: str = PRUNING, past: Past | None = past) -> list[str]:
        changes = pruned(memory, past=past, files=repository(FILES, project)).plan.changes
        return [change.slug for change in changes if any("its slug is taken" in it for it in change.warnings)]

    assert warned(Memory()) == ["b", "mail"]
    assert warned(with_gone("mail")) == ["b"]
    assert warned(Memory(), past=None) == []
    assert warned(Memory(), PROJECT) == [], "nothing is archived there by itself"
    hidden = Memory(hidden={"mail": ActualPreset("mail", "id", Status.ARCHIVED, None)})
    assert warned(hidden) == ["b"], "that it is archived can be seen there"


def test_offline_it_is_said_that_nothing_is_archived() -> None:
    before = base({**FILES, "old": "config: {model: m}"})
    files = repository(FILES, PRUNING)
    (note,) = reconcile.plan_offline(files, "one", before, HEAD, Selection()).notes
    assert note.startswith("No file declares old any more. Offline nobody knows what one has of that")
    assert reconcile.plan_offline(files, "one", before, HEAD, Selection(["mail"])).notes == ()
    assert reconcile.plan_offline(repository(FILES), "one", before, HEAD, Selection()).notes == ()


def test_a_preset_of_another_provider_is_not_said_to_be_undeclared() -> None:
    files = repository({"a": "kind: librechat/small\nconfig: {model: m}", "b": "config: {model: m}"})
    with pytest.raises(
        UsageError, match="a is declared as librechat/small, which one, a workspace of openrouter, "
    ) as told:
        reconcile.plan(files, "one", Memory(), HEAD, Selection(["b", "a"]))
    assert told.value.hint == "workspaces that can: none of this project"
