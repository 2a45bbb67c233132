"""Files that are removed: what is archived, what is not, and what both need."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.emulator.app import Emulator, Fault, KeyGrant, create_app
from presetctl.emulator.server import serve
from presetctl.emulator.switches import Switches
from tests.acceptance.cli import Ran, Shell
from tests.acceptance.commands import LEAVES
from tests.gits import Git, needs_git

pytestmark = needs_git

SCHEMAS = Path(__file__).parents[2] / "schemas"
PROMPT = "\n".join(f"  Rule {number}: be brief, and kind to whoever asks." for number in range(12))
PRESET = f"system_prompt: |\n{PROMPT}\nconfig: {{model: m, temperature: 0.7}}\n"
KEYS = (
    KeyGrant("key-live", "live"),
    KeyGrant("key-other", "other"),
    KeyGrant("key-manager", "headquarters", "management"),  # it opens every workspace, and is at home in another one
)


@dataclass
class World:
    """A project in git whose presets are all applied to a served workspace."""

    shell: Shell
    git: Git
    app: Emulator
    url: str

    def project(self, prune: str = "archive", settings: str = "", more: str = "") -> None:
        live = f"{{provider: openrouter, url: '{self.url}', prune: {prune}{settings}}}"
        self.git.write("presetctl.yaml", f"version: 1\nworkspaces: {{live: {live}{more}}}\n")

    def add(self, *slugs: str, text: str = PRESET, message: str = "add") -> str:
        for slug in slugs:
            self.git.write(f"presets/{slug}.yaml", text)
        return self.git.commit(message)

    def remove(self, *slugs: str, message: str = "remove") -> str:
        for slug in slugs:
            (self.git.folder / f"presets/{slug}.yaml").unlink()
        return self.git.commit(message)

    def status(self, slug: str) -> str:
        store, workspace = self.app._emulated.store, self.app.workspaces["live"]
        with store._database.reading() as connection:
            row = connection.execute(
                "SELECT status FROM presets WHERE workspace = ? AND slug = ?", (workspace, slug)
            ).fetchone()
        return str(row["status"]) if row else "none"

    def sent(self) -> list[str]:
        """What was sent that writes."""
        prefix = "/api/v1/presets/"
        return [f"{method} {path.removeprefix(prefix)}" for method, path in self.app.requests if method != "GET"]

    def plan(self, *words: str, code: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = self.shell("plan", "--format", "json", *words, code=code).json
        return document

    def actions(self, *words: str) -> dict[str, str]:
        return {change["slug"]: change["action"] for change in self.plan(*words)["changes"]}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "OPENROUTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-live")
    monkeypatch.setenv("OPENROUTER_MANAGEMENT_KEY", "key-manager")


def begun(shell: Shell, stack: ExitStack, tmp_path: Path, **switches: Any) -> World:
    app = stack.enter_context(create_app(keys=KEYS, switches=Switches(**switches)))
    world = World(shell, Git.init(tmp_path), app, stack.enter_context(serve(app)))
    world.project()
    world.add("a", "b", "c")
    shell("apply", "--yes")
    app.requests.clear()
    return world


@pytest.fixture
def world(shell: Shell, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield begun(shell, stack, tmp_path)


def test_a_removed_file_archives_its_preset(world: World) -> None:
    last = world.git("rev-parse", "HEAD")
    world.remove("b")
    plan = world.plan()
    Draft202012Validator(json.loads((SCHEMAS / "plan.schema.json").read_text())).validate(plan)
    change = plan["changes"][-1]
    assert (change["slug"], change["action"], change["after"], change["fields"]) == ("b", "archive", None, [])
    assert change["before"]["version"] == 1
    assert change["source"]["file"] == "presets/b.yaml"
    assert (plan["summary"]["archive"], plan["summary"]["orphaned"], plan["orphaned"]) == (1, 0, [])
    text = world.shell("plan").out
    assert "- archive b  version 1  openrouter/chat-completions  presets/b.yaml\n" in text
    assert f"declared last in commit {last[:12]}; archived, it can't be called" in text
    assert "Plan: 1 to archive, 2 unchanged." in text
    assert world.sent() == []
    applied = world.shell("apply", "--yes", "--format", "json").json
    Draft202012Validator(json.loads((SCHEMAS / "apply.schema.json").read_text())).validate(applied)
    assert [(o["slug"], o["action"], o["result"]) for o in applied["outcomes"]] == [("b", "archive", "applied")]
    assert world.sent() == ["DELETE b"]
    assert [world.status(slug) for slug in "abc"] == ["active", "archived", "active"]
    assert "No changes: 2 presets as declared.\n" in world.shell("plan").out


def test_without_prune_it_is_reported(world: World) -> None:
    world.project("report")
    world.remove("b")
    assert world.plan()["orphaned"] == ["b"]
    assert "Orphaned, declared by no file any more, and left alone: b." in world.shell("apply", "--yes").out
    assert "no file declares a preset b" in world.shell("plan", "b", code=64).err
    assert world.sent() == []


def test_what_git_never_knew_is_never_touched(world: World) -> None:
    world.app.dashboard_save("live", "theirs", {"model": "m"})
    world.remove("a", "b", "c", message="all")
    world.add("d")
    assert world.actions() == {"a": "archive", "b": "archive", "c": "archive", "d": "create"}
    assert world.plan()["unmanaged"] == ["theirs"]
    world.shell("apply", "--yes")
    assert world.sent() == ["POST d/chat/completions", "DELETE a", "DELETE b", "DELETE c"]
    assert world.status("theirs") == "active"


def test_a_slug_that_was_declared_before_the_workspace_was_there_is_not_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made a preset in another workspace by hand keeps it, also if a file of that name was removed long ago."""
    world.remove("b")
    world.project(more=f", other: {{provider: openrouter, url: '{world.url}', prune: archive}}")
    world.git.commit("another workspace")
    world.app.dashboard_save("other", "b", {"model": "m"})
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-other")
    ran = world.shell("plan", "-w", "other")
    assert "b is orphaned and not archived: no commit declares it for other" in ran.err
    assert "archive" not in ran.out


@pytest.mark.parametrize("named", [("b",), ("a", "b"), ()])
def test_only_what_is_selected_is_archived(world: World, named: tuple[str, ...]) -> None:
    world.remove("b", "c")
    assert world.actions("a") == {"a": "no_op"}
    expected = {"a": "no_op", "b": "archive", "c": "archive"}
    assert world.actions(*named) == {slug: expected[slug] for slug in named or expected}
    assert world.actions("--exclude", "b") == {"a": "no_op", "c": "archive"}
    assert world.actions("a", "b", "--exclude", "?") == {}
    assert "no file declares a preset d" in world.shell("plan", "d", code=64).err


def test_a_shallow_clone_archives_nothing(world: World, tmp_path: Path) -> None:
    world.remove("b")
    clone = tmp_path / "clone"
    world.git("clone", "-q", "--depth", "1", f"file://{tmp_path}", str(clone))
    shallow = Shell(clone, world.shell.capture)
    ran = shallow("apply", "--yes")
    assert "archive b" not in ran.out
    assert "none is archived: this clone is shallow" in ran.err
    assert "`git fetch --unshallow` brings it" in ran.err
    assert world.sent() == []
    Git(clone)("fetch", "-q", "--unshallow")
    shallow("apply", "--yes")
    assert world.sent() == ["DELETE b"]


@pytest.mark.parametrize("left_out", ["blob:none", "tree:0"])
def test_a_partial_clone_archives_nothing_and_fetches_nothing(world: World, tmp_path: Path, left_out: str) -> None:
    world.add("b", text=PRESET.replace("0.7", "0.3"), message="what no other file says")
    world.shell("apply", "--yes")
    world.app.requests.clear()
    world.remove("b")
    world.git("config", "uploadpack.allowFilter", "true")
    world.git("clone", "-q", f"--filter={left_out}", f"file://{tmp_path}", str(tmp_path / "clone"))
    partial, git = Shell(tmp_path / "clone", world.shell.capture), Git(tmp_path / "clone")
    said = "this clone is partial and lacks files of older commits; `git fetch --refetch --no-filter` brings them"
    assert f"Nothing is archived: {said}.\n" in partial("apply", "--yes").err
    assert f"! {said}\n" in partial("status").out
    assert "brings all files" in partial("plan", "--base", "HEAD~1", code=3).err
    assert world.sent() == []
    git("fetch", "-q", "--refetch", "--no-filter")
    assert partial("apply", "--yes", "--base", "HEAD~1").err == ""
    assert world.sent() == ["DELETE b"]


def test_a_sparse_checkout_archives_nothing_that_it_leaves_out(world: World) -> None:
    world.git.write("presets/more/d é.yaml", f"slug: d\n{PRESET}")
    world.git.commit("a folder for d")
    world.shell("apply", "--yes")
    world.app.requests.clear()
    world.git("sparse-checkout", "set", "--no-cone", "/*", "!/presets/more/")
    assert not (world.git.folder / "presets/more").exists()
    assert world.git("status", "--porcelain") == ""
    ran = world.shell("apply", "--yes")
    said = "this checkout is sparse, so files that seem removed may only be left out; `git sparse-checkout disable`"
    assert f"none is archived: {said} brings them.\n" in ran.err
    assert f"! {said} brings them\n" in world.shell("status").out
    assert world.sent() == []
    world.git("sparse-checkout", "disable")
    assert world.shell("apply", "--yes").err == ""
    world.git("sparse-checkout", "set", "--no-cone", "/*", "!/elsewhere/")
    world.remove("b")
    world.shell("apply", "--yes")
    assert world.sent() == ["DELETE b"], "what it leaves out is no file of the project"


def test_without_git_nothing_is_archived(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.remove("b")
    (world.git.folder / ".git").rename(world.git.folder.parent / "elsewhere")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(world.git.folder.parent))
    ran = world.shell("apply", "--yes")
    assert "Nothing is archived: " in ran.err
    assert "is not in a git repository" in ran.err
    assert world.sent() == []


def test_an_invalid_file_stops_everything(world: World) -> None:
    world.remove("b")
    world.git.write("presets/c.yaml", "config: {modle: m}\n")
    assert "not every file is valid" in world.shell("apply", "--yes", code=3).err
    assert world.sent() == []


def test_offline_nothing_is_archived_and_that_is_said(world: World) -> None:
    base = world.git("rev-parse", "HEAD")
    world.remove("b")
    ran = world.shell("plan", "--offline", "--base", base)
    assert "No file declares b any more. Offline nobody knows what live has of that" in ran.err
    assert "archive" not in ran.out
    world.project("report")
    assert world.shell("plan", "--offline", "--base", base).err == ""


def test_the_limit_of_archives(world: World) -> None:
    world.project(settings=", limits: {archives: 1}")
    world.remove("a", "b")
    assert "Apply to live would stop: 2 of 3 managed presets would be archived" in world.shell("plan").err
    for words in ([], ["--allow-archives", "1"], ["--allow-updates", "2"]):
        ran = world.shell("apply", "--yes", *words, code=4)
        assert "nothing was written: 2 of 3 managed presets would be archived, and the limit is 1" in ran.err
        assert "--allow-archives 2" in ran.err
    assert world.sent() == []
    world.shell("apply", "--yes", "--allow-archives", "2")
    assert world.sent() == ["DELETE a", "DELETE b"]


def test_there_is_no_consent_to_everything() -> None:
    options = {name for command in LEAVES.values() for option in command.params for name in option.opts}
    assert "--allow-archives" in options
    assert not [name for name in options if "force" in name or name.startswith(("--allow-all", "--no-limit"))]


def test_the_last_presets_are_not_archived_without_consent(world: World) -> None:
    world.remove("a", "b", "c")
    ran = world.shell("apply", "--yes", code=4)
    assert "3 of 3 managed presets would be archived, and no file declares any preset" in ran.err
    assert world.sent() == []
    world.shell("apply", "--yes", "--allow-archives", "3")
    assert len(world.sent()) == 3


def test_what_was_protected_stays_protected(world: World) -> None:
    world.add("b", text=f"protected: true\n{PRESET}", message="protect")
    world.remove("b")
    assert "b is protected" in world.shell("apply", "--yes", code=4).err
    assert world.sent() == []
    world.shell("apply", "--yes", "--allow-protected", "b")
    assert world.sent() == ["DELETE b"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "needs a management key to archive or restore presets, and the variable MANAGER is not set"),
        ("key-nobody-knows", "the key was not accepted (401)"),
    ],
)
def test_without_the_management_key_nothing_at_all_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, key: str | None, message: str
) -> None:
    world.project(settings=", management_key_env: MANAGER")
    world.remove("b")
    world.add("d")
    if key is not None:
        monkeypatch.setenv("MANAGER", key)
    assert world.actions()["b"] == "archive", "a plan needs no such key"
    ran = world.shell("apply", "--yes", code=7)
    assert message in ran.err
    assert "MANAGER" in ran.err
    assert world.sent() == []


def test_a_normal_key_may_not_archive(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key-live\n")
    monkeypatch.delenv("OPENROUTER_MANAGEMENT_KEY")
    monkeypatch.setenv("OPENROUTER_MANAGEMENT_KEY_FILE", str(tmp_path / "key"))
    world.remove("b")
    ran = world.shell("apply", "--yes", code=7)
    assert "the key lacks the permission for this (403)" in ran.out
    assert "archiving and restoring need a management key: see what OPENROUTER_MANAGEMENT_KEY holds" in ran.out
    assert world.status("b") == "active"


def test_the_management_key_acts_in_the_workspace_of_the_normal_one(world: World) -> None:
    """It's at home in another workspace, which has a preset of the same name."""
    world.app.dashboard_save("headquarters", "b", {"model": "m"})
    world.remove("b")
    world.shell("apply", "--yes")
    listed = world.app._emulated.store.preset(world.app.workspaces["headquarters"], "b")
    assert listed["status"] == "active"
    assert world.status("b") == "archived"


def test_a_workspace_that_cannot_archive(shell: Shell, tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = begun(shell, stack, tmp_path, archive="missing")
        world.remove("b", "c")
        ran = world.shell("apply", "--yes", code=8)
        assert "b is there, and the workspace answers 404 to archiving it: it doesn't support that" in ran.out
        assert "set `prune: report`" in ran.out
        assert "skipped  c" in ran.out
        assert [world.status(slug) for slug in "abc"] == ["active"] * 3
        world.add("d")
        assert "applied  d" in world.shell("apply", "--yes", code=6).out


@pytest.mark.parametrize("written", [True, False])
def test_a_reply_that_is_lost(world: World, written: bool) -> None:
    world.remove("b")
    world.app.faults.add(Fault(502, method="DELETE", written=written))
    assert "applied  b: archived" in world.shell("apply", "--yes").out
    assert world.sent() == ["DELETE b"] * (1 if written else 2)
    assert world.status("b") == "archived"


def test_a_workspace_that_never_answers_is_given_up(world: World) -> None:
    world.remove("b", "c")
    world.app.faults.add(Fault(502, method="DELETE", times=9))
    ran = world.shell("apply", "--yes", code=8)
    assert "unknown  b" in ran.out
    assert "skipped  c" in ran.out
    assert world.sent() == ["DELETE b"] * 3


def test_a_disabled_preset_is_not_archived_and_that_is_explained(world: World) -> None:
    world.remove("b")
    world.app.dashboard_set_status("live", "b", "disabled")
    ran = world.shell("apply", "--yes")
    assert "b is orphaned and not archived: it is disabled; enable it in the dashboard" in ran.err
    assert world.sent() == []


def test_a_saved_plan_archives(world: World) -> None:
    world.remove("b")
    world.shell("plan", "--out", "plan.json")
    assert "- archive b" in world.shell("show", "plan.json").out
    world.shell("apply", "plan.json", "--yes")
    assert world.sent() == ["DELETE b"]


def test_a_saved_plan_archives_nothing_that_moved(world: World) -> None:
    world.remove("b")
    world.shell("plan", "--out", "plan.json")
    world.app.dashboard_save("live", "b", {"model": "hotfix"})
    assert (
        "b was planned against version 1, and version 2 is live"
        in world.shell("apply", "plan.json", "--yes", code=5).err
    )
    world.app.dashboard_set_status("live", "b", "archived")
    assert "b is no more to be archived" in world.shell("apply", "plan.json", "--yes", code=5).err
    assert world.sent() == []


def test_a_saved_plan_archives_nothing_more(world: World) -> None:
    world.remove("b")
    world.shell("plan", "--out", "plan.json")
    world.remove("c")
    assert "no file declares a preset" not in world.shell("plan", "c").err
    assert "written: c is declared no longer" in world.shell("apply", "plan.json", "--yes", code=5).err
    assert world.sent() == []


def test_a_preset_that_takes_the_place_is_there_first(world: World) -> None:
    world.git("mv", "presets/a.yaml", "presets/z.yaml")
    world.app.faults.add(Fault(400, "no", method="POST"))
    ran = world.shell("apply", "--yes", code=8)
    assert "skipped  a: not tried, because not all went well before" in ran.out
    assert world.status("a") == "active"
    world.app.requests.clear()
    world.shell("apply", "--yes")
    assert world.sent() == ["POST z/chat/completions", "DELETE a"]


def renamed(plan: dict[str, Any]) -> dict[str, Any]:
    return {change["slug"]: change.get("renamed_from") for change in plan["changes"]}


@pytest.mark.parametrize("prune", ["archive", "report"])
def test_a_rename_is_suggested(world: World, prune: str) -> None:
    world.project(prune)
    world.git("mv", "presets/a.yaml", "presets/assistant.yaml")
    world.shell.replace("presets/assistant.yaml", "Rule 3: be brief", "Rule 3: be polite")
    plan = world.plan()
    Draft202012Validator(json.loads((SCHEMAS / "plan.schema.json").read_text())).validate(plan)
    found = renamed(plan)["assistant"]
    assert found["slug"] == "a"
    assert 85 <= found["similarity"] < 100
    text = world.shell("plan").out
    fate = "is archived once this one is there" if prune == "archive" else "stays live as it is"
    assert f"looks like the orphaned a renamed (similarity {found['similarity']} %)" in text
    assert f"begins at version 1, and a {fate}; what calls @preset/a has to be changed" in text


def test_a_rename_by_slug_alone_and_one_into_an_untracked_file(world: World) -> None:
    world.add("b", text=f"slug: bee\n{PRESET}".replace("Rule 3", "Rule three"), message="bee")
    world.add("c", text=(other := PRESET.replace("kind", "strict")), message="strict")
    world.remove("c")
    world.git.write("presets/sea.yaml", other)
    assert renamed(world.plan())["bee"]["slug"] == "b"
    assert renamed(world.plan())["sea"] == {"slug": "c", "similarity": 100}


def test_what_is_not_similar_is_no_rename(world: World) -> None:
    world.remove("a")
    world.add("new", text="system_prompt: Something else altogether.\nconfig: {model: x, top_p: 1}\n")
    assert renamed(world.plan()) == dict.fromkeys(("a", "b", "c", "new"))


@pytest.mark.parametrize("reads_before", [0, 1])
def test_a_list_that_fails_stops_everything(world: World, reads_before: int) -> None:
    """Also where it fails when it's read again, right before the first write."""
    world.remove("b")
    world.add("d")
    world.app.faults.add(Fault(500, method="GET", path_end="/presets", skip=reads_before, times=50))
    assert "the server failed (500)" in world.shell("apply", "--yes", code=8).err
    assert world.sent() == []


EMPTY = b'{"data": [], "total_count": 0}'


def test_a_list_that_comes_back_empty_stops_everything(world: World) -> None:
    world.remove("b")
    world.add("d")
    world.app.faults.add(Fault(200, method="GET", path_end="/presets", skip=1, body=EMPTY, times=9))
    ran = world.shell("apply", "--yes", code=4)
    assert "the list of live shrank from 3 to 0 presets between two reads; nothing was written" in ran.err
    assert world.sent() == []


def test_a_workspace_that_has_nothing_of_what_base_declares_is_another_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = world.git("rev-parse", "HEAD")
    world.add("d")
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-other")
    ran: Ran = world.shell("apply", "--yes", "--base", base, code=4)
    assert f"live has none of the 3 to create that commit {base[:12]} declared already" in ran.err
    assert "does the key open another workspace?" in ran.err
    assert "--allow-creates 3" in ran.err
    assert world.sent() == []
    world.shell("apply", "--yes", "--base", base, "--allow-creates", "3")
    assert len(world.sent()) == 4


def test_a_large_project_that_finds_nothing_of_its_own_asks_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a base, what the commit before declared tells; a project of that size that is new needs no consent."""
    world.add(*(f"p{number}" for number in range(10)), message="many")
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-other")
    assert "would stop" not in world.shell("plan").err, "the commit before declared only three, which is few"
    world.add("a", text=PRESET.replace("0.7", "0.3"), message="colder")
    assert "live has none of the 13 to create" in world.shell("apply", "--yes", code=4).err
    assert world.sent() == []
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-live")
    assert "would stop" not in world.shell("plan").err


def test_a_slug_that_an_archived_preset_has_is_explained(world: World) -> None:
    world.remove("b")
    world.shell("apply", "--yes")
    world.add("b", message="back again")
    assert world.actions()["b"] == "create", "nobody can see that it was archived"
    warning = "was declared before and removed since: if that archived it, its slug is taken, and has to be restored"
    assert f"    ! {warning} first (in the provider's dashboard, or with a management key" in world.shell("plan").out
    ran = world.shell("apply", "--yes", code=5)
    assert "b can't be created, although the workspace shows no such preset" in ran.out
    assert "its slug is most likely taken by an archived one, which no list shows" in ran.out
    assert "with a management key through POST /presets/b/restore" in ran.out


@pytest.fixture
def listing(shell: Shell, tmp_path: Path) -> Iterator[World]:
    """A workspace whose list shows what is archived."""
    with ExitStack() as stack:
        yield begun(shell, stack, tmp_path, archived_rows="listed")


@pytest.mark.parametrize(("text", "version"), [(PRESET, 1), (PRESET.replace("0.7", "0.3"), 2)])
def test_a_plan_that_would_restore_says_so(listing: World, text: str, version: int) -> None:
    listing.remove("b")
    listing.shell("apply", "--yes")
    assert listing.plan()["orphaned"] == [], "what is archived is done with"
    assert "archived" in listing.shell("list").out
    listing.add("b", text=text, message="back again")
    listing.app.requests.clear()
    change = next(it for it in listing.plan()["changes"] if it["slug"] == "b")
    assert (change["action"], change["before"]) == ("restore", None)
    assert change["warnings"] == ["archived in the workspace: it is restored, and written only if it differs"]
    text = listing.shell("plan").out
    assert "restore b  " in text
    assert "! archived in the workspace: it is restored, and written only if it differs\n" in text
    assert "Plan: 1 to restore, 2 unchanged." in text
    assert f"applied  b version {version}\n" in listing.shell("apply", "--yes").out
    assert listing.sent() == ["POST b/restore", *["POST b/chat/completions"] * (version - 1)]
    assert "No changes: 3 presets as declared.\n" in listing.shell("plan").out


def test_restoring_needs_the_management_key_before_anything_is_written(
    listing: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing.remove("b")
    listing.shell("apply", "--yes")
    listing.add("b", message="back again")
    listing.add("a", text=PRESET.replace("0.7", "0.3"), message="colder")
    monkeypatch.delenv("OPENROUTER_MANAGEMENT_KEY")
    listing.app.requests.clear()
    ran = listing.shell("apply", "--yes", code=7)
    assert "needs a management key to archive or restore presets" in ran.err
    assert listing.sent() == []


def test_the_embedded_workspace_needs_no_management_key(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENROUTER_MANAGEMENT_KEY")
    git = Git.init(tmp_path)
    git.write("presetctl.yaml", "version: 1\nworkspaces: {w: {provider: openrouter, url: embedded, prune: archive}}\n")
    git.write(".gitignore", ".presetctl/\n")
    for slug in "ab":
        git.write(f"presets/{slug}.yaml", PRESET)
    git.commit("start")
    shell("apply", "--yes")
    (tmp_path / "presets/b.yaml").unlink()
    assert "applied  b: archived" in shell("apply", "--yes").out
    assert "No changes: 1 preset as declared.\n" in shell("plan").out
