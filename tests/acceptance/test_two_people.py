"""Ada, Bob and a dashboard edit the same presets: one story, in which every command gives the right answer.

Ada and Bob have clones of one repository; the dashboard is calls to the served workspaces that no file knows of. Each
chapter starts where the one before it ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from presetctl.domain.lock import LEASE, Lock
from presetctl.emulator.app import KeyGrant, create_app
from presetctl.emulator.server import serve
from presetctl.load.git import GitRepository
from presetctl.load.gitlock import GitLock
from presetctl.load.gitremote import GitRemote
from tests.acceptance.cli import Ran, Shell
from tests.gits import Git, needs_git, shared

pytestmark = needs_git

KEYS = {
    "STAGING_KEY": KeyGrant("key-staging", "staging"),
    "PRODUCTION_KEY": KeyGrant("key-production", "production"),
    "MANAGER_KEY": KeyGrant("key-manager", "headquarters", "management"),
}
PROJECT = """\
version: 1
default_workspace: production
workspaces:
  staging: {{provider: openrouter, url: '{url}', api_key_env: STAGING_KEY, management_key_env: MANAGER_KEY}}
  production:
    provider: openrouter
    url: '{url}'
    api_key_env: PRODUCTION_KEY
    management_key_env: MANAGER_KEY
    prune: archive
    lock: git
"""
VOICE = "You write mail for a shop.\n" + "Say what is in stock, and what is not, and never promise a date.\n" * 12
FAQ = """\
# what people ask before they buy
system_prompt: |
  Answer from the catalogue. Say so when it has no answer.
  Name the page that you quote.
config:
  model: openai/gpt-5.4-mini   # cheap, and good enough
  temperature: 0.7

  top_p: 1
overrides:
  staging: {config: {model: openai/gpt-5.4}}
"""


@dataclass
class Person:
    """Somebody with a clone."""

    shell: Shell
    git: Git

    def __call__(self, *words: str, code: int = 0) -> Ran:
        return self.shell(*words, code=code)

    def json(self, *words: str, code: int = 0) -> Any:
        return self.shell(*words, "--format", "json", code=code).json

    def read(self, name: str) -> str:
        return (self.git.folder / name).read_text(encoding="utf-8")

    def commit(self, message: str) -> str:
        minutes = len(self.git("rev-list", "--all").splitlines())
        return self.git.commit(message, time=minutes)

    def merge(self, message: str, *words: str) -> str:
        self.git("merge", "-q", "-m", message, *words, time=len(self.git("rev-list", "--all").splitlines()))
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        self.git("push", "-q", "-u", "origin", "HEAD")

    def plan(self, *words: str) -> dict[str, Any]:
        """Every preset with what becomes of it."""
        return {change["slug"]: change["action"] for change in self.json("plan", *words)["changes"]}

    def causes(self, *words: str) -> dict[str, str | None]:
        """Every field that a plan changes with who changed it."""
        changes = self.json("plan", *words)["changes"]
        return {f"{it['slug']} {field['path']}": field["cause"] for it in changes for field in it["fields"]}

    def states(self, command: str, *words: str) -> dict[str, str]:
        return {row["slug"]: row["state"] for row in self.json(command, *words)["presets"]}

    def history(self, slug: str, *words: str) -> list[str | None]:
        """What each version comes from, oldest first."""
        versions = self.json("history", slug, *words)["versions"]
        return [it["commit"] and it["commit"]["subject"] for it in versions]


@dataclass
class Dashboard:
    """Whoever edits production without git."""

    calls: httpx.Client
    held: dict[str, dict[str, Any]] = field(default_factory=dict)

    def save(self, slug: str, prompt: str | None, **config: Any) -> None:
        """Saves a whole preset."""
        messages = [{"role": "system", "content": prompt}] if prompt else [{"role": "user", "content": "preset"}]
        reply = self.calls.post(f"/presets/{slug}/chat/completions", json={**config, "messages": messages})
        assert reply.status_code == 200, reply.text

    def edit(self, slug: str, **config: Any) -> None:
        """Changes some fields of what is live."""
        live = self.live(slug)
        self.save(slug, live["system_prompt"], **{**live["config"], **config})

    def live(self, slug: str) -> dict[str, Any]:
        version: dict[str, Any] = self.calls.get(f"/presets/{slug}").json()["data"]["designated_version"]
        return version

    def status(self, slug: str) -> int:
        return self.calls.get(f"/presets/{slug}").status_code


@dataclass
class Story:
    """Who and what is in it."""

    ada: Person
    bob: Person
    dashboard: Dashboard
    folder: Path
    url: str


@pytest.fixture
def story(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name, grant in KEYS.items():
        monkeypatch.setenv(name, grant.key)
    ada, bob = (Person(Shell(git.folder, capsys), git) for git in shared(tmp_path, "ada", "bob"))
    with create_app(keys=list(KEYS.values())) as app, serve(app) as url:
        headers = {"Authorization": "Bearer key-production"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as calls:
            yield Story(ada, bob, Dashboard(calls), tmp_path, url)


def test_the_whole_story(story: Story) -> None:
    ada_takes_over_what_is_there(story)
    a_pull_request_meets_an_edit_in_the_dashboard(story)
    an_edit_comes_into_the_files_and_both_branches_are_merged(story)
    everybody_can_tell_where_each_version_comes_from(story)
    staging_goes_first(story)
    a_file_is_renamed_and_another_removed(story)
    a_slug_is_taken(story)
    somebody_goes_back(story)
    an_apply_is_killed(story)


def ada_takes_over_what_is_there(story: Story) -> None:
    ada, dashboard = story.ada, story.dashboard
    provider = {"sort": "price", "order": [], "only": ["azure", "openai"]}
    dashboard.save("mail", VOICE, model="openai/gpt-5.4", temperature=0.5, provider=provider)
    dashboard.save("somebodys", None, model="x/y")
    ada.git.write("presetctl.yaml", PROJECT.format(url=story.url))
    ada.git.write(".gitignore", ".presetctl/\n*.json\n")
    assert ada.states("list") == {"mail": "unmanaged", "somebodys": "unmanaged"}
    assert ada("import", "mail").out == "written  presets/mail.yaml\nwritten  presets/prompts/mail.md\n"
    assert ada.read("presets/prompts/mail.md") == f"{VOICE}\n"
    assert yaml.safe_load(ada.read("presets/mail.yaml")) == {
        "system_prompt_file": "prompts/mail.md",
        "config": {
            "model": "openai/gpt-5.4",
            "temperature": 0.5,
            "provider": {"sort": "price", "only": ["azure", "openai"]},
        },
    }
    assert ada.plan() == {"mail": "no_op"}
    ada.git.write("presets/faq.yaml", FAQ.replace("  top_p: 1", "  top_p:   1"))
    assert "presets/faq.yaml" in ada("fmt", "--check", code=3).out
    ada("fmt")
    assert ada.read("presets/faq.yaml") == FAQ
    assert ada("validate").out == "2 files checked, all valid.\n"
    ada.commit("Take over mail, and begin with faq")
    ada.push()
    assert ada.plan() == {"faq": "create", "mail": "no_op"}
    assert ada("apply", "--yes").out.endswith("Live now: faq version 1.\n")
    assert ada.plan("-w", "staging") == {"faq": "create", "mail": "create"}
    ada("apply", "-w", "staging", "--yes")
    assert ada.states("status") == {"faq": "in_sync", "mail": "in_sync", "somebodys": "unmanaged"}
    assert "No drift: 2 presets as declared.\n" in ada("drift").out


def a_pull_request_meets_an_edit_in_the_dashboard(story: Story) -> None:
    bob, dashboard = story.bob, story.dashboard
    bob.git("pull", "-q")
    bob.git("checkout", "-q", "-b", "calmer", "--track", "origin/main")
    bob.shell.replace("presets/faq.yaml", "0.7", "0.4")
    bob.shell.replace("presets/mail.yaml", "0.5", "0.3")
    bob.commit("Calmer answers")
    dashboard.edit("faq", temperature=0.9, max_tokens=400)
    seen = {"faq config.temperature": "both", "faq config.max_tokens": "drift", "mail config.temperature": "declared"}
    base = bob.git("rev-parse", "origin/main")
    assert bob.causes("--base", "origin/main") == bob.causes() == seen
    ran = bob("plan")
    assert f"Compared with commit {base[:12]}, the merge base with the upstream branch.\n" in ran.err
    assert "- config.max_tokens: 400  (drift: changed in the workspace, would be overwritten)\n" in ran.out
    assert "~ config.temperature: 0.9 → 0.4  (changed here and in the workspace" in ran.out
    bob("plan", "--out", "plan.json")
    assert bob("show", "plan.json").out == ran.out
    offline = bob.causes("--offline", "--base", "origin/main")
    assert offline == {"faq config.temperature": "declared", "mail config.temperature": "declared"}
    assert bob.states("status") == {"faq": "drifted", "mail": "pending", "somebodys": "unmanaged"}
    drift = bob.json("drift", code=2)
    assert [(it["slug"], it["version"], [f["path"] for f in it["fields"]]) for it in drift["drifts"]] == [
        ("faq", 2, ["config.max_tokens", "config.temperature"])
    ]
    assert [(it["slug"], it["commit"]["subject"]) for it in drift["pending"]] == [
        ("mail", "Take over mail, and begin with faq")
    ]
    bob.push()


def an_edit_comes_into_the_files_and_both_branches_are_merged(story: Story) -> None:
    ada, bob = story.ada, story.bob
    ada.git("checkout", "-q", "-b", "voice")
    ada.git.write("presets/prompts/mail.md", f"{VOICE.replace('a shop', 'a book shop')}\n")
    ada.commit("Say which shop")
    assert ada("import", "--update", "faq").out == "written  presets/faq.yaml\n"
    expected = FAQ.replace("0.7", "0.9").replace("  top_p: 1\n", "  top_p: 1\n  max_tokens: 400\n")
    assert ada.read("presets/faq.yaml") == expected
    ada.commit("Keep what was tried with faq")
    assert ada.plan() == {"faq": "no_op", "mail": "update"}
    ada.git("checkout", "-q", "main")
    ada.merge("Merge pull request #11 from shop/voice", "--no-ff", "voice")
    ada.push()
    assert ada("apply", "--yes").out.endswith("Live now: mail version 2.\n")
    bob.git("fetch", "-q")
    bob.git("checkout", "-q", "calmer")
    bob.git("merge", "-q", "-m", "Up to date", "-X", "ours", "origin/main")
    assert bob.causes("--base", "origin/main") == {
        "faq config.temperature": "declared",
        "mail config.temperature": "declared",
    }
    bob.push()
    ada.git("fetch", "-q")
    ada.git("merge", "-q", "--squash", "origin/calmer")
    ada.commit("Calmer answers (#12)")
    ada.push()
    ada("plan", "--out", "plan.json")
    assert "applied  faq version 3\napplied  mail version 3\n" in ada("apply", "plan.json", "--yes").out
    assert "the plan no longer holds" in ada("apply", "plan.json", "--yes", code=5).err
    assert story.dashboard.live("mail")["config"]["temperature"] == 0.3
    assert story.dashboard.live("mail")["system_prompt"].startswith("You write mail for a book shop.")
    assert "No drift: 2 presets as declared." in ada("drift").out


def everybody_can_tell_where_each_version_comes_from(story: Story) -> None:
    ada, bob, dashboard = story.ada, story.bob, story.dashboard
    bob.git("checkout", "-q", "main")
    bob.git("pull", "-q")
    for person in (ada, bob):
        first = "Take over mail, and begin with faq"
        assert person.history("faq") == [first, "Keep what was tried with faq", "Calmer answers (#12)"]
        assert person.history("mail") == [first, "Say which shop", "Calmer answers (#12)"]
    dashboard.edit("mail", top_p=0.5)
    versions = bob.json("history", "mail")["versions"]
    assert [it["commit"] and it["commit"]["pull_request"] for it in versions] == [None, 11, 12, None]
    assert [field["path"] for field in versions[3]["fields"]] == ["config.top_p"]
    assert "edited outside git" in bob("history", "mail").out
    assert "drifted (config.top_p)" in bob("status").out
    changed = bob.json("diff", "v1", "v3", "mail")["presets"][0]["fields"]
    assert {it["path"] for it in changed} == {"config.temperature", "system_prompt"}
    changed = bob.json("diff", "HEAD", "production:mail")["presets"][0]["fields"]
    assert {it["path"] for it in changed} == {"config.top_p"}
    changed = bob.json("diff", "production:mail@v3", "staging:mail")["presets"][0]["fields"]
    assert {it["path"] for it in changed} == {"config.temperature", "system_prompt"}
    assert "No differences: 1 preset compared.\n" in bob("diff", "HEAD", "production:faq").out
    assert bob.causes("--base", "HEAD") == {"mail config.top_p": "drift"}
    assert bob("apply", "--base", "HEAD", "--yes").out.endswith("Live now: mail version 5.\n")
    assert bob.history("mail")[3:] == [None, "Calmer answers (#12)"]


def staging_goes_first(story: Story) -> None:
    bob = story.bob
    bob.git("checkout", "-q", "-b", "newer")
    bob.shell.replace("presets/faq.yaml", "{model: openai/gpt-5.4}", "{model: openai/gpt-5.4, temperature: 0.1}")
    bob.commit("Try colder answers in staging")
    assert bob.plan("-w", "production") == {"faq": "no_op", "mail": "no_op"}
    bob("apply", "-w", "staging", "--yes")
    body = bob("render", "faq", "-w", "staging").json
    assert (body["model"], body["temperature"]) == ("openai/gpt-5.4", 0.1)
    shown = yaml.safe_load(bob("show", "faq", "-w", "staging", "--format", "yaml").out)
    assert shown["config"] == {"model": "openai/gpt-5.4", "temperature": 0.1, "top_p": 1, "max_tokens": 400}
    promotion = bob.json("promote", "staging", "production", "faq")
    assert [(it["path"], it["verdict"]) for it in promotion["presets"][0]["fields"]] == [
        ("config.model", "promoted"),
        ("config.temperature", "promoted"),
    ]
    bob.shell.replace("presets/faq.yaml", "overrides:\n", "overrides:\n  production: {config: {model: x/kept}}\n")
    promotion = bob.json("promote", "staging", "production", "faq", "--write")
    assert {it["path"]: it["verdict"] for it in promotion["presets"][0]["fields"]} == {
        "config.model": "kept",
        "config.temperature": "promoted",
    }
    assert bob.json("show", "faq")["config"] == {"model": "x/kept", "temperature": 0.1, "top_p": 1, "max_tokens": 400}
    assert "# what people ask before they buy\n" in bob.read("presets/faq.yaml")
    both = bob.json("plan", "--all-workspaces")["plans"]
    assert {it["workspace"]["name"]: it["summary"]["update"] for it in both} == {"staging": 0, "production": 1}
    bob.git("checkout", "-q", "--", ".")
    bob.git("checkout", "-q", "main")


def a_file_is_renamed_and_another_removed(story: Story) -> None:
    ada, bob = story.ada, story.bob
    bob.git("mv", "presets/faq.yaml", "presets/questions.yaml")
    bob.shell.replace("presets/questions.yaml", "Name the page", "Name the book and the page")
    bob.commit("Call faq what it is")
    bob.push()
    ada.git("pull", "-q")
    wanted = {"faq": "archive", "mail": "no_op", "questions": "create"}
    assert ada.plan() == wanted
    assert ada.plan("-w", "staging") == {"mail": "no_op", "questions": "create"}, "staging only reports"
    assert ada.json("plan", "-w", "staging")["orphaned"] == ["faq"]
    renamed = {it["slug"]: it.get("renamed_from") for it in ada.json("plan")["changes"]}
    assert (renamed["questions"]["slug"], renamed["mail"], renamed["faq"]) == ("faq", None, None)
    assert f"looks like the orphaned faq renamed (similarity {renamed['questions']['similarity']} %)" in ada("plan").out
    assert ada.states("status", "-w", "staging")["faq"] == "orphaned"
    clone = story.folder / "shallow"
    Git(story.folder)("clone", "-q", "--depth", "1", f"file://{story.folder}/shared.git", str(clone))
    robot = Person(Shell(clone, ada.shell.capture), Git(clone))
    assert robot.plan() == {"mail": "no_op", "questions": "create"}
    said = robot("plan").err
    assert "none is archived: this clone is shallow" in said
    assert "`git fetch --unshallow` brings it" in said
    assert set(robot.states("status").values()) == {"in_sync", "pending", "unmanaged"}
    assert ada.plan("--exclude", "faq") == {"mail": "no_op", "questions": "create"}
    robot.git("fetch", "-q", "--unshallow")
    assert robot.plan() == wanted
    ran = robot("apply", "--yes")
    assert "applied  questions version 1\napplied  faq: archived\n" in ran.out
    assert story.dashboard.status("faq") == 404
    assert story.dashboard.status("somebodys") == 200
    assert ada.plan() == {"mail": "no_op", "questions": "no_op"}
    assert ada.states("list") == {"mail": "in_sync", "questions": "in_sync", "somebodys": "unmanaged"}


def a_slug_is_taken(story: Story) -> None:
    ada, dashboard = story.ada, story.dashboard
    ada.git.write("presets/faq.yaml", FAQ)
    ada.commit("Faq is back")
    assert "! was declared before and removed since: if that archived it, its slug is taken" in ada("plan").out
    ran = ada("apply", "--yes", code=5)
    assert "its slug is most likely taken by an archived one, which no list shows" in ran.out
    assert "POST /presets/faq/restore" in ran.out
    workspace = dashboard.calls.get("/key").json()["data"]["workspace_id"]
    headers = {"Authorization": "Bearer key-manager"}
    reply = dashboard.calls.post("/presets/faq/restore", json={"workspace_id": workspace}, headers=headers)
    assert reply.status_code == 200
    assert ada.plan()["faq"] == "update"
    assert ada("apply", "--yes").out.endswith("Live now: faq version 4.\n")
    ada.git("rm", "-q", "presets/faq.yaml")
    ada.commit("Faq was not missed")
    dashboard.edit("faq", top_p=0.1)
    assert "! version 5 is what no commit declares: somebody edited it outside git\n" in ada("plan").out
    assert ada("apply", "--yes").out.endswith("applied  faq: archived\n\nApply: 1 applied.\n")
    ada.push()


def somebody_goes_back(story: Story) -> None:
    bob = story.bob
    bob.git("pull", "-q")
    before = bob.read("presets/mail.yaml")
    ran = bob("rollback", "mail", "--to", "v1")
    assert "~ config.temperature: 0.3 → 0.5" in ran.out
    assert bob.read("presets/mail.yaml") == before.replace("0.3", "0.5")
    assert bob.read("presets/prompts/mail.md") == f"{VOICE}\n"
    assert "~ config.temperature: 0.3 → 0.5" in bob("diff", "HEAD", ".", "mail").out
    back = bob.commit("Go back to the first mail (#13)")
    assert bob("rollback", "mail", "--to", "v1", "--apply", "--yes").out.endswith("Live now: mail version 6.\n")
    assert bob.history("mail")[-1] == "Go back to the first mail (#13)"
    assert bob.json("drift")["commit"] == back
    bob.push()


def an_apply_is_killed(story: Story) -> None:
    ada, bob = story.ada, story.bob
    ada.git("pull", "-q")
    lock = GitLock(GitRemote.of(GitRepository.around(bob.git.folder)), "production")
    left = Lock("bob@desk", datetime.now(UTC).replace(microsecond=0), bob.git("rev-parse", "HEAD"), LEASE)
    assert lock.take(lock.prepare(left), 0, print) is None
    ada.shell.replace("presets/mail.yaml", "0.5", "0.45")
    ada.commit("A little calmer")
    ran = ada("apply", "--yes", code=5)
    assert "production is locked by bob@desk" in ran.err
    assert ada.plan()["mail"] == "update", "a plan needs no lock"
    assert "that is not who holds the lock" in ada("unlock", "--holder", "bob", code=4).err
    assert ada("unlock", "--holder", "bob@desk").out == "The lock of production is removed.\n"
    assert ada("apply", "--yes").out.endswith("Live now: mail version 7.\n")
    assert ada.history("mail")[-1] == "A little calmer"
    assert ada.states("status") == {"mail": "in_sync", "questions": "in_sync", "somebodys": "unmanaged"}
    assert bob.states("status")["mail"] == "drifted", "before Ada pushes, nobody else knows of her commit"
    ada.push()
    bob.git("pull", "-q")
    assert bob.states("status")["mail"] == "in_sync"
