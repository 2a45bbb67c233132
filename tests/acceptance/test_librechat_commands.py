"""Every command on a workspace of LibreChat: what it says, and that it never speaks of what LibreChat hasn't."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from presetctl.emulator.librechat.app import Account, Settings, create_app
from presetctl.providers.registry import EMBEDDED_EMAIL, EMBEDDED_PASSWORD
from tests.acceptance.cli import Ran, Shell
from tests.gits import Git, needs_git

pytestmark = needs_git

ROOT = Path(__file__).parents[2]
PROJECT = """\
version: 1
default_workspace: chat
workspaces:
  chat: {provider: librechat, url: embedded, prune: delete, record: notes}
  other: {provider: librechat, url: embedded}
"""
ALONE = "version: 1\nworkspaces: {chat: {provider: librechat, url: embedded}}\n"
MAIL = """\
kind: librechat/openAI
title: Mail
system_prompt: Be kind.
config:
  model: gpt-4
  temperature: 0.7
  top_p: 0.9
"""
_NOT_OF_LIBRECHAT = re.compile(r"version|archive|dashboard|@preset|management|\bNone\b", re.IGNORECASE)


@dataclass
class World:
    """A project in git, and what is in its embedded workspaces."""

    shell: Shell
    git: Git

    def __call__(self, *words: str, code: int = 0) -> Ran:
        """Runs a command, whose words must not be about what only other providers have."""
        ran = self.shell(*words, code=code)
        said = "\n".join(re.sub(r"version: 1|tool_version|format_version", "", text) for text in (ran.out, ran.err))
        assert not (found := _NOT_OF_LIBRECHAT.search(said)), (words, found, said)
        return ran

    def document(self, schema: str, *words: str, code: int = 0) -> Any:
        """The JSON of a command, which must be as its schema says."""
        found = self.shell(*words, "--format", "json", code=code).json
        described = json.loads((ROOT / f"schemas/{schema}.schema.json").read_text(encoding="utf-8"))
        Draft202012Validator(described).validate(found)
        return found

    def database(self, workspace: str = "chat") -> Path:
        return self.shell.folder / ".presetctl" / f"{workspace}.sqlite3"

    def post(self, body: dict[str, Any], workspace: str = "chat") -> dict[str, Any]:
        """What somebody's own LibreChat sends."""
        self.database(workspace).parent.mkdir(exist_ok=True)
        account = Account(EMBEDDED_EMAIL, EMBEDDED_PASSWORD)
        with (
            create_app(self.database(workspace), accounts=[account], settings=Settings(login_max=0)) as app,
            httpx.Client(transport=httpx.WSGITransport(app), base_url="http://chat.invalid") as client,
        ):
            login = client.post("/api/auth/login", json={"email": account.email, "password": account.password})
            headers = {"Authorization": f"Bearer {login.json()['token']}"}
            stored: dict[str, Any] = client.post("/api/presets", json=body, headers=headers).json()
        return stored

    def held(self, workspace: str = "chat") -> dict[str, dict[str, Any]]:
        """Every stored preset by its title."""
        with sqlite3.connect(self.database(workspace)) as connection:
            rows = connection.execute("SELECT document FROM presets").fetchall()
        connection.close()
        return {document["title"]: document for (text,) in rows if (document := json.loads(text))}

    def edit(self, named: str, **fields: Any) -> None:
        """Changes a stored preset as its user does in the browser."""
        self.post({"presetId": self.held()[named]["presetId"], **fields})

    def hide(self, title: str) -> None:
        """Lets the server's content filter hide a preset: it then lists it without what it says."""
        hidden = self.held()[title] | {"title": "", "contentFilterBlocked": True}
        for name in ("promptPrefix", "model", "temperature", "top_p"):
            hidden.pop(name, None)
        with sqlite3.connect(self.database()) as connection:
            connection.execute(
                "UPDATE presets SET document = ? WHERE preset_id = ?", (json.dumps(hidden), hidden["presetId"])
            )
        connection.close()


@pytest.fixture
def world(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """The project with one preset, committed and applied to ``chat``."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    git = Git.init(shell.folder)
    git.write("presetctl.yaml", PROJECT)
    git.write(".gitignore", ".presetctl/\n")
    git.write("presets/mail.yaml", MAIL)
    git.commit("Write mail")
    world = World(shell, git)
    world("apply", "--yes")
    return world


def test_list_and_status_have_no_column_for_what_is_not_counted(world: World) -> None:
    for command in ("list", "status"):
        lines = world(command).out.splitlines()
        assert lines[2].split() == ["SLUG", "KIND", "SINCE", "STATE"]
        assert lines[3].startswith("mail  librechat/openAI  2")
        assert lines[3].endswith("  in sync")
        row = world.document("list", command)["presets"][0]
        assert row["version"] is None
        assert row["since"]


def test_a_plan_is_told_in_every_form_without_versions(world: World) -> None:
    world.shell.replace("presets/mail.yaml", "  top_p: 0.9\n", "")
    world("plan", "--out", "plan.json", "--report", "markdown=plan.md", "--report", "html=plan.html")
    document = world.document("plan", "plan")
    assert [(change["action"], change["before"]["version"]) for change in document["changes"]] == [("replace", None)]
    markdown = (world.shell.folder / "plan.md").read_text(encoding="utf-8")
    assert "| preset | action | fields |\n|---|---|---|\n| `mail` | replace | `config.top_p` |" in markdown
    html = (world.shell.folder / "plan.html").read_text(encoding="utf-8")
    assert ">Preset</th><th" in html
    assert "Version" not in html
    assert "version " not in html.split("</style>")[1]
    told = world("show", "plan.json").out
    assert told == world("plan").out
    assert "± replace mail  librechat/openAI  presets/mail.yaml" in told
    world("ci", "summary", "plan.json", code=64)  # outside GitHub; it has read the plan
    assert "applied  mail\n" in world("apply", "plan.json", "--yes", "--report", "markdown=applied.md").out
    applied = (world.shell.folder / "applied.md").read_text(encoding="utf-8")
    assert "| preset | action | result |" in applied
    assert "version" not in applied
    assert "top_p" not in world.held()["Mail"]


def test_an_apply_is_recorded(world: World) -> None:
    world.shell.replace("presets/mail.yaml", "0.7", "0.5")
    world.git.commit("Tune", time=1)
    assert "Recorded in refs/notes/presetctl" in world("apply", "--yes").err
    record = json.loads(world.git("notes", "--ref", "presetctl", "show", "HEAD"))
    assert [(it["slug"], it["version"]) for it in record["outcomes"]] == [("mail", None)]
    assert record["outcomes"][0]["version_id"]


def test_history_comes_from_commits(world: World) -> None:
    first = world.git("rev-parse", "HEAD")
    world.shell.replace("presets/mail.yaml", "  top_p: 0.9\n", "")
    world.git.commit("Let the model choose (#7)", time=1)
    world.git.write("presets/mail.yaml", (world.shell.folder / "presets/mail.yaml").read_text() + "description: D\n")
    third = world.git.commit("Say what it is for", time=2)
    world.shell.replace("presets/mail.yaml", "0.7", "0.5")
    last = world.git.commit("Calm down", time=3)
    told = world("history", "mail").out.splitlines()
    assert told == [
        "mail  workspace chat",
        "",
        f"{last[:12]} Calm down  2026-04-20T10:03:00Z  by Test",
        "    ~ config.temperature: 0.7 → 0.5",
        "",
        f"{world.git('rev-parse', 'HEAD~2')[:12]} Let the model choose (#7)  2026-04-20T10:01:00Z  by Test",
        "    - config.top_p: 0.9",
        "",
        f"{first[:12]} Write mail  2026-04-20T10:00:00Z  by Test  live",
        "",
        f"3 commits changed it. What is live comes from {first[:12]}.",
    ]
    assert third[:12] not in "\n".join(told)
    world("apply", "--yes")
    found = world.document("history", "history", "mail")["versions"]
    assert [(it["version"], it["live"], it["commit"]["id"]) for it in found][-1] == (None, True, last)
    assert [bool(it["version_id"]) for it in found] == [False, False, True]


def test_history_tells_of_edits_outside_git_and_of_what_is_not_live(world: World) -> None:
    world.edit("Mail", temperature=0.1, title="Post")
    told = world("history", "mail").out
    edited = '    ~ config.temperature: 0.7 → 0.1\n    ~ config.title: "Mail" → "Post"\n'
    assert re.search(rf"^edited outside git  2\S+  live\n{re.escape(edited)}", told, re.MULTILINE)
    assert told.endswith("1 commit changed it. What is live comes from no commit.\n")
    assert "edited" not in world("history", "mail", "--no-fields", "-w", "other").out
    assert world("history", "mail", "-w", "other").out.endswith("1 commit changed it. Nothing of that is live.\n")
    assert "chat has no preset nothing" in world("history", "nothing", code=64).err
    last = world.document("history", "history", "mail")["versions"][-1]
    assert (last["live"], last["commit"], len(last["fields"])) == (True, None, 2)


def test_history_without_git_is_what_is_live(world: World) -> None:
    (world.shell.folder / ".git").rename(world.shell.folder / "not-git")
    told = world("history", "mail").out
    assert "no commit found  2" in told
    assert told.endswith("0 commits changed it. What is live comes from no commit that is known.\n")


def test_rollback_takes_a_commit_and_no_number(world: World) -> None:
    world.shell.replace("presets/mail.yaml", "title: Mail\n", "title: Post\n")
    world.shell.replace("presets/mail.yaml", "0.7", "0.5")
    world.git.commit("Another one", time=1)
    world("apply", "--yes")
    for number in ("v1", "1"):
        ran = world.shell("rollback", "mail", "--to", number, code=64)
        assert "chat keeps no versions" in ran.err
        assert "presetctl history mail" in ran.err
    assert "~ config.temperature: 0.5 → 0.7" in world("rollback", "mail", "--to", "HEAD~1").out
    assert (world.shell.folder / "presets/mail.yaml").read_text() == MAIL
    assert "keeps no versions" in world.shell("diff", "v1", ".", "mail", code=64).err


def test_drift_is_told_and_brought_into_the_files(world: World) -> None:
    world.edit("Mail", title="Post", temperature=0.2)
    told = world("drift", code=2).out
    assert re.search(r"^~ mail  changed 2\S+  presets/mail.yaml$", told, re.MULTILINE)
    document = world.document("drift", "drift", code=2)
    drift = document["drifts"][0]
    assert (drift["version"], [it["version"] for it in drift["versions"]]) == (None, [None])
    assert "drifted (config.temperature, config.title)" in world("status").out
    (world.shell.folder / "drift.json").write_text(json.dumps(document), encoding="utf-8")
    assert "written  presets/mail.yaml" in world("import", "--update", "mail").out
    assert (world.shell.folder / "presets/mail.yaml").read_text() == MAIL.replace("Mail", "Post").replace("0.7", "0.2")
    assert "No changes" in world("plan").out


def test_another_endpoint_is_another_kind_in_the_file(world: World) -> None:
    world.git.write("presets/mail.yaml", "kind: librechat/anthropic\ntitle: Mail\nconfig: {model: c, topP: 0.5}\n")
    world.git.commit("Ask somebody else", time=1)
    assert "± replace mail" in world("plan").out
    world("apply", "--yes")
    assert "~ config.endpoint" in world("rollback", "mail", "--to", "HEAD~1").out
    said = yaml.safe_load((world.shell.folder / "presets/mail.yaml").read_text(encoding="utf-8"))
    assert said == yaml.safe_load(MAIL)
    custom = "kind: librechat/custom\ntitle: Mail\nconfig: {endpoint: Proxy, model: c}\n"
    for text in (custom, f"{custom}overrides: {{chat: {{config: {{endpoint: Other}}}}}}\n"):
        world.git.write("presets/mail.yaml", text)
        world("import", "--update", "mail")  # what is live is the one of Anthropic
        assert "No changes" in world("plan").out
        assert "endpoint" not in (world.shell.folder / "presets/mail.yaml").read_text()
    world.git.write("presets/mail.yaml", MAIL)
    world("apply", "--yes")
    world.edit("Mail", endpoint="Unknown")
    assert "`endpoint` is not for files to say" in world("import", "--update", "mail", code=3).err


def test_what_was_only_not_applied_is_no_drift(world: World) -> None:
    world.shell.replace("presets/mail.yaml", "0.7", "0.5")
    world.git.write("presets/new.yaml", MAIL.replace("Mail", "New"))
    world.git.commit("More", time=1)
    told = world("drift").out
    assert "pending: what is live is from commit" in told
    assert "pending: not in the workspace: never applied, or deleted there" in told


def test_what_a_filter_hides_is_no_drift_and_never_deleted(world: World) -> None:
    world.hide("Mail")
    for command in ("list", "status"):
        assert "unreadable (the server's content filter hides what it says)" in world(command).out
        found = world.document("list", command)
        assert found["presets"][0]["state"] == found["presets"][0]["status"] == "unreadable"
        assert found["summary"]["unreadable"] == 1
    told = world("drift").out
    assert "? mail  unreadable: the server's content filter hides what it says  presets/mail.yaml" in told
    assert told.endswith("No drift: 0 presets as declared.\n")
    found = world.document("drift", "drift")
    assert (found["drifts"], found["pending"], [it["slug"] for it in found["unreadable"]]) == ([], [], ["mail"])
    assert world("plan").out.endswith("No changes: 0 presets as declared, 1 unreadable.\n")
    assert "can't be read" in world("import", "--update", "mail", code=3).err
    assert "! what is live can't be read" in world("history", "mail").out
    assert "mail in chat can't be read" in world("diff", "chat:", ".").err
    assert "serves nothing of mail" in world("promote", "chat", "other", "mail", "--live", code=3).err
    (world.shell.folder / "presets/mail.yaml").unlink()
    world.git.commit("Remove it", time=1)
    planned = world("plan")
    assert "No changes" in planned.out
    assert "mail is orphaned and not deleted: its content can't be read" in planned.err
    assert "orphaned, unreadable" in world("status").out
    world("apply", "--yes")
    assert len(world.held()) == 1


def test_what_no_file_declares_any_more_is_deleted(world: World) -> None:
    world.post({"title": "My own", "endpoint": "openAI", "model": "gpt-4"})
    world.git("mv", "presets/mail.yaml", "presets/post.yaml")
    world.git.commit("Rename", time=1)
    told = world("plan").out
    assert "- delete mail" in told
    assert "deleted, it's gone but from git" in told
    assert "so this one is a new one, and mail is deleted once this one is there" in told
    assert told.endswith(
        "Plan: 1 to create, 1 to delete, 0 unchanged. 1 unmanaged preset in the workspace left alone.\n"
    )
    before = world.held()["Mail"]["presetId"]
    assert "applied  mail: deleted" in world("apply", "--yes").out
    assert {*world.held()} == {"Mail", "My own"}
    assert world.held()["Mail"]["presetId"] != before
    world.git("mv", "presets/post.yaml", "presets/mail.yaml")
    world.git.commit("And back", time=2)
    assert "! was declared before" not in world("plan").out


def test_nothing_is_deleted_without_the_whole_history(world: World) -> None:
    for number in range(7):
        world.git.write(f"presets/p{number}.yaml", MAIL.replace("Mail", f"P{number}"))
    world.git.commit("Seven", time=1)
    world("apply", "--yes")
    for number in range(7):
        (world.shell.folder / f"presets/p{number}.yaml").unlink()
    last = world.git.commit("None", time=2)
    limited = world.shell("apply", "--yes", code=4)
    assert "7 of 8 managed presets would be deleted, and the limit is 5" in limited.err
    (world.shell.folder / ".git/shallow").write_text(f"{last}\n")
    assert "Orphaned presets may be taken for unmanaged ones, and none is deleted" in world.shell("plan").err
    assert len(world.held()) == 8
    (world.shell.folder / ".git/shallow").unlink()
    world.shell("apply", "--yes", "--allow-archives", "7")
    assert {*world.held()} == {"Mail"}


def test_import_adopts_what_is_there_already(world: World) -> None:
    world.git.write("presetctl.yaml", ALONE)
    own = world.post(
        {
            "title": "My Helper", "endpoint": "openAI", "model": "gpt-4", "temperature": 0.5, "promptPrefix": "Help.",
            "order": 4,
        }
    )  # fmt: skip
    listed = world.document("list", "list")["presets"][1]
    assert listed["slug"] == f"my-helper@{own['presetId'][:8]}"
    assert listed["state"] == "unmanaged"
    assert "written  presets/my-helper.yaml" in world("import", listed["slug"]).out
    declared = yaml.safe_load((world.shell.folder / "presets/my-helper.yaml").read_text(encoding="utf-8"))
    assert declared == {
        "kind": "librechat/openAI", "title": "My Helper", "order": 4, "preset_id": own["presetId"],
        "system_prompt": "Help.", "config": {"model": "gpt-4", "temperature": 0.5},
    }  # fmt: skip
    assert "pending (there, to be adopted)" in world("list").out
    assert "pending (there, to be adopted)" in world("status").out
    told = world("plan").out
    assert "~ update my-helper" in told
    assert "adopted: from now on files manage it" in told
    world("apply", "--yes")
    assert {*world.held()} == {"Mail", "My Helper"}
    assert world.held()["My Helper"]["presetId"] == own["presetId"]
    assert "No changes: 2 presets as declared." in world("plan").out
    world.git.commit("Adopt", time=1)
    assert "in sync" in world("status", "my-helper").out
    world.shell.replace("presets/my-helper.yaml", f"preset_id: {own['presetId']}\n", "")
    assert "No changes: 2 presets as declared." in world("plan").out  # the mark has it


def test_what_is_adopted_and_was_edited_since_is_pending(world: World) -> None:
    own = world.post({"title": "Mine", "endpoint": "openAI", "model": "gpt-4"})
    world("import", f"mine@{own['presetId'][:8]}")
    world.git.commit("Adopt", time=1)
    world.edit("Mine", temperature=1)
    assert "pending: there without presetctl's mark: nothing was applied to it yet" in world("drift").out


def test_what_is_there_without_the_mark_is_left_alone(world: World) -> None:
    world.edit("Mail", tags=[], temperature=0.1)
    assert "unmanaged (there without presetctl's mark, so it is left alone)" in world("status").out
    told = world("plan").out
    assert f"`preset_id: {world.held()['Mail']['presetId']}` in its file adopts it" in told
    assert "0 to" not in told
    assert "No changes" in told


def test_import_leaves_out_what_no_file_can_say(world: World) -> None:
    world.post({"title": "Mail", "endpoint": "openAI", "model": "gpt-4", "instructions": "Nothing reads this."})
    world.post({"title": "Null", "endpoint": "openAI", "model": "gpt-4", "top_p": None, "defaultPreset": True})
    world.post({"title": "Proxy", "endpoint": "MyProxy", "model": "m", "temperature": 0.1})
    world.post({"title": "Hot", "endpoint": "openAI", "model": "m", "temperature": 99})
    world.post({"title": "Tools", "endpoint": "google", "model": "m", "tools": ["web_search"]})
    ran = world("import", "--all", code=6)
    assert "refused  hot@" in ran.err
    assert "`temperature` must be at most 2" in ran.err
    second = next(line.split("/")[1] for line in ran.out.splitlines() if line.startswith("written  presets/mail-"))
    assert f"{second.removesuffix('.yaml')}: `instructions` is stored but ignored in librechat/openAI" in ran.err
    assert "null: `top_p` is null, which makes the whole preset empty in use; the next apply takes it away." in ran.err
    assert "proxy: it has no `endpointType`; the next apply sets it to custom." in ran.err
    assert "tools: `tools` is stored but ignored" in ran.err
    assert "`web_search: true` is what counts" in ran.err
    null = yaml.safe_load((world.shell.folder / "presets/null.yaml").read_text(encoding="utf-8"))
    assert null["default_preset"] is True
    assert "order" not in null
    assert "preset_id" not in null
    assert list(null["overrides"]) == ["chat"]
    world("apply", "--yes", "--allow-updates", "4")
    assert world("plan").out.startswith(
        "Workspace chat (librechat, embedded)\n\nNo changes: 5 presets as declared. 1 unm"
    )
    assert "instructions" not in world.held()["Mail"]
    assert "top_p" not in world.held()["Null"]
    assert world.held()["Null"]["defaultPreset"] is True
    world.edit("Null", instructions="Nor this.")
    ran = world("import", "--update", "null")
    assert ran.out == "Nothing to import.\n"
    assert "null: `instructions` is stored but ignored" in ran.err


def test_the_default_preset_is_one(world: World) -> None:
    world.post({"title": "Old", "endpoint": "openAI", "model": "m", "defaultPreset": True})
    world.git.write("presets/mail.yaml", f"{MAIL}default_preset: true\n")
    assert "+ config.defaultPreset: true" in world("plan").out
    world("apply", "--yes")
    assert world.held()["Mail"]["defaultPreset"] is True
    assert "defaultPreset" not in world.held()["Old"]
    assert "No changes" in world("plan").out
    world("import", "--all")
    assert "default_preset" not in (world.shell.folder / "presets/old.yaml").read_text(encoding="utf-8")
    world.git.write("presets/other.yaml", f"{MAIL}default_preset: true\norder: 3\n")
    told = world("validate", code=3).out
    assert "`default_preset` has the same value in presets/mail.yaml" in told
    assert "`order` has no effect beside `default_preset`" in told


def test_promote_takes_titles_and_defaults_along(world: World) -> None:
    world.git.write("presets/mail.yaml", f"{MAIL}overrides:\n  chat:\n    title: Post\n    default_preset: true\n")
    told = world("promote", "chat", "other", "--write")
    assert "+ default_preset: true" in told.out
    assert '~ title: "Mail" → "Post"' in told.out
    declared = yaml.safe_load((world.shell.folder / "presets/mail.yaml").read_text(encoding="utf-8"))
    assert declared["overrides"]["other"] == declared["overrides"]["chat"] == {"title": "Post", "default_preset": True}
    assert "Nothing to promote" in world("promote", "chat", "other").out
    assert "Nothing to promote" in world("promote", "other", "chat").out
    world.git.write(
        "presets/mail.yaml",
        f"{MAIL}overrides:\n  chat: {{title: Post, default_preset: true}}\n"
        "  other: {title: null, default_preset: true}\n",
    )
    kept = world("promote", "chat", "other").out
    assert '= title: "mail" in other, "Post" in chat  (overrides.other, overrides.chat)' in kept
    world("promote", "chat", "other", "--include", "title", "--apply", "--yes")
    assert world.held("other")["Post"]["defaultPreset"] is True
    assert "No differences" in world("diff", "other:", ".", "-w", "other").out


def test_promote_leaves_alone_what_is_the_users_own(world: World) -> None:
    world.edit("Mail", order=7, temperature=0.3)
    told = world("promote", "chat", "other", "--live").out
    assert "config.temperature" in told
    assert "order" not in told
    assert "~ config.temperature" in world("diff", "chat:", ".", "mail").out


def test_one_of_several_users_has_what_others_have_not(world: World) -> None:
    users = "users: {alice: {email_env: A, password_env: A}, bob: {email_env: B, password_env: B}}"
    world.git.write(
        "presetctl.yaml", f"version: 1\nworkspaces:\n  chat: {{provider: librechat, url: embedded, {users}}}\n"
    )
    world("apply", "--yes")
    own = world.post({"title": "Mine", "endpoint": "openAI", "model": "gpt-4"}, "chat@alice")
    name = f"mine@{own['presetId'][:8]}"
    assert f"+ {name}  only in what is live in chat/alice" in world("diff", "chat/bob:", "chat/alice:").out
    assert f"- mail → {name}" not in world("diff", "chat/alice:mail", f"chat/alice:{name}").out
    assert "several users" in world("diff", "chat:", ".", code=64).err
    world("import", name, "-w", "chat/alice")
    declared = yaml.safe_load((world.shell.folder / "presets/mine.yaml").read_text(encoding="utf-8"))
    assert declared["overrides"] == {"chat": {"preset_id": own["presetId"]}}
    told = world("plan").out
    assert "~ update mine" in told
    assert "+ create mine" in told
    world("apply", "--yes")
    assert world.held("chat@alice")["Mine"]["presetId"] == own["presetId"]
    world.git.write(
        "presets/mine.yaml", (world.shell.folder / "presets/mine.yaml").read_text().replace("gpt-4", "gpt-5")
    )
    world("import", "--update", "mine", "-w", "chat/bob")
    assert world("plan").out.count("No changes: 2 presets as declared.") == 4  # in each plan, and in the end


def test_a_workspace_where_nothing_is_live_has_no_empty_columns(world: World) -> None:
    assert world("list", "-w", "other").out.splitlines()[2].split() == ["SLUG", "KIND", "STATE"]
    world.git.write("presetctl.yaml", ALONE.replace("{chat:", "{empty:"))
    (world.shell.folder / "presets/mail.yaml").unlink()
    assert world("list").out == "Workspace empty\n\nSLUG  KIND  SINCE  STATE\n\nNo presets.\n"


def test_a_preset_is_shown_with_its_own_keys(world: World) -> None:
    world.git.write("presets/mail.yaml", f"{MAIL}order: 2\npreset_id: abc\n")
    shown = yaml.safe_load(world("show", "mail", "--format", "yaml").out)
    assert (shown["order"], shown["preset_id"], shown["title"]) == (2, "abc", "Mail")
    assert {"order", "title", "preset_id"}.isdisjoint(shown["config"])
    assert "order: 2\n" in world("show", "mail").out
    assert world("render", "mail").json["order"] == 2
    world.git.write("presets/copy.yaml", f"{MAIL}preset_id: abc\n")
    assert "`preset_id` has the same value in presets/copy.yaml" in world("validate", code=3).out
