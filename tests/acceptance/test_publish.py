"""``publish: modelSpecs``: presets that an administrator gives to a role, planned and applied like any others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml

from presetctl.emulator.librechat.app import Account, LibreChat, Settings, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell
from tests.gits import Git, needs_git

ADMIN, ANN = Account("root@example.com", "correct horse"), Account("ann@example.com", "battery staple")
MAIL = """\
kind: librechat/openAI
title: Mail
description: Writes mails
model_spec: {group: Office, order: 2, default: true}
system_prompt: You write mails.
config: {model: gpt-5, temperature: 0.5}
"""
CODE = "kind: librechat/anthropic\nconfig: {model: c, topK: 3}\n"
THEIRS: dict[str, Any] = {"name": "their-own", "label": "Theirs", "preset": {"endpoint": "google"}}


@dataclass
class Server:
    app: LibreChat
    url: str

    def call(self, method: str, path: str, body: Any = None, account: Account = ADMIN) -> Any:
        login = {"email": account.email, "password": account.password}
        with httpx.Client(base_url=self.url, trust_env=False) as client:
            token = client.post("/api/auth/login", json=login).json()["token"]
            return client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"}).json()

    def lay(self, overrides: dict[str, Any]) -> None:
        self.call("PUT", "/api/admin/config/role/USER", {"overrides": overrides})

    def overrides(self) -> Any:
        return self.call("GET", "/api/admin/config/role/USER")["config"]["overrides"]

    def seen(self) -> list[Any]:
        """What a user is given."""
        found: list[Any] = self.call("GET", "/api/config", account=ANN)["modelSpecs"]["list"]
        return found


@pytest.fixture
def server(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    app = create_app(accounts=[ADMIN, ANN], settings=Settings(login_max=0))
    with app, serve(app, base="") as url:
        project(shell, url)
        shell.write("presets/mail.yaml", MAIL)
        shell.write("presets/code.yaml", CODE)
        login(monkeypatch, ADMIN)
        yield Server(app, url)


def login(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    monkeypatch.setenv("LIBRECHAT_EMAIL", account.email)
    monkeypatch.setenv("LIBRECHAT_PASSWORD", account.password)


def project(shell: Shell, url: str, more: str = "") -> None:
    settings = f'provider: librechat, url: "{url}", publish: modelSpecs{more}'
    shell.write("presetctl.yaml", f"version: 1\nworkspaces:\n  all: {{{settings}}}\n")


def test_everybody_gets_what_is_applied(shell: Shell, server: Server) -> None:
    planned = shell("plan", "--detailed-exitcode", code=2).out
    assert '+ config.model_spec: {"group": "Office", "order": 2, "default": true}' in planned
    assert '+ config.description: "Writes mails"' in planned
    assert "Plan: 2 to create, 0 unchanged." in planned
    shell("apply", "--yes")
    assert "No changes: 2 presets as declared." in shell("plan").out
    rendered = yaml.safe_load(shell("render", "--modelspecs").out)["modelSpecs"]["list"]
    assert server.overrides() == {"modelSpecs": {"list": rendered}}
    assert [(spec["name"], spec["label"], spec.get("group")) for spec in server.seen()] == [
        ("mail", "Mail", "Office"), ("code", "code", None),
    ]  # fmt: skip
    assert "promptPrefix" not in server.seen()[0]["preset"]
    assert server.call("GET", "/api/presets") == []


def test_a_field_that_goes_is_an_update(shell: Shell, server: Server) -> None:
    shell("apply", "--yes")
    shell.replace("presets/mail.yaml", ", order: 2", "")
    shell.replace("presets/mail.yaml", ", temperature: 0.5", "")
    planned = shell("plan").out
    assert "~ update mail" in planned
    assert "- config.model_spec.order: 2" in planned
    assert "- config.temperature: 0.5" in planned
    assert "1 applied" in shell("apply", "--yes").out
    assert "No changes" in shell("plan").out
    (mail,) = (spec for spec in server.overrides()["modelSpecs"]["list"] if spec["name"] == "mail")
    assert ("order" in mail, "temperature" in mail["preset"]) == (False, False)


def test_what_others_put_there_stays(shell: Shell, server: Server) -> None:
    around = {"interface": {"customWelcome": "Hi"}, "modelSpecs": {"enforce": True, "list": [THEIRS]}}
    server.lay(around)
    assert "1 unmanaged preset in the workspace left alone" in shell("plan").out
    shell("apply", "--yes")
    held = server.overrides()
    assert THEIRS in held["modelSpecs"]["list"]
    assert len(held["modelSpecs"]["list"]) == 3
    assert held | {"modelSpecs": held["modelSpecs"] | {"list": [THEIRS]}} == around


def test_a_file_of_the_server_may_have_the_same_list(shell: Shell, server: Server) -> None:
    shell("apply", "--yes")
    shell.write("librechat.yaml", yaml.safe_dump({"version": "1.3.5", **server.overrides()}))
    shell("render", "--modelspecs", "--check", "librechat.yaml")


@needs_git
def test_edits_of_an_administrator_are_drift(shell: Shell, server: Server) -> None:
    shell("apply", "--yes")
    repository = Git.init(shell.folder)
    repository.commit("presets")
    assert "No drift: 2 presets as declared." in shell("drift").out
    held = server.overrides()
    held["modelSpecs"]["list"][0]["group"] = "Elsewhere"
    server.lay(held)
    drifted = shell("drift", code=2).out
    assert 'config.model_spec.group: "Office" → "Elsewhere"' in drifted
    planned = shell("plan").out
    assert '~ config.model_spec.group: "Elsewhere" → "Office"' in planned
    shell("import", "--update", "mail")
    assert "group: Elsewhere" in (shell.folder / "presets/mail.yaml").read_text(encoding="utf-8")
    assert "No changes" in shell("plan").out


@needs_git
def test_what_goes_is_taken_off_the_list(shell: Shell, server: Server) -> None:
    project(shell, server.url, ", prune: delete")
    server.lay({"modelSpecs": {"list": [THEIRS]}})
    shell("apply", "--yes")
    repository = Git.init(shell.folder)
    repository.commit("presets")
    (shell.folder / "presets/code.yaml").unlink()
    assert "- delete code" in shell("plan").out
    assert "code: deleted" in shell("apply", "--yes").out
    assert [spec["name"] for spec in server.overrides()["modelSpecs"]["list"]] == ["mail", "their-own"]


def test_what_others_published_can_be_taken_over(shell: Shell, server: Server) -> None:
    theirs = THEIRS | {"description": "Of others", "group": "G", "preset": {"endpoint": "google", "promptPrefix": "P"}}
    server.lay({"modelSpecs": {"list": [theirs]}})
    shell("import", "their-own")
    assert yaml.safe_load((shell.folder / "presets/their-own.yaml").read_text(encoding="utf-8")) == {
        "kind": "librechat/google",
        "title": "Theirs",
        "description": "Of others",
        "model_spec": {"group": "G"},
        "system_prompt": "P",
        "config": {},
    }
    assert "Plan: 2 to create, 1 unchanged." in shell("plan").out


def test_the_cache_tells_publishing_from_keeping(shell: Shell, server: Server) -> None:
    published = shell("plan", "--format", "json").json["changes"]
    assert shell("plan", "--format", "json").json["changes"] == published
    project(shell, server.url)
    shell.replace("presetctl.yaml", ", publish: modelSpecs", "")
    (code, mail) = shell("plan", "--format", "json").json["changes"]
    assert (code["slug"], mail["slug"]) == ("code", "mail")
    assert "config.model_spec" not in {field["path"] for field in mail["fields"]}
    project(shell, server.url)
    assert shell("plan", "--format", "json").json["changes"] == published


def test_it_is_not_promoted_to_or_from_presets_of_an_account(shell: Shell, server: Server) -> None:
    shell.replace("presetctl.yaml", "  all:", f'  own: {{provider: librechat, url: "{server.url}"}}\n  all:')
    assert "only all publishes model specs" in shell("promote", "own", "all", code=64).err


def test_a_saved_plan_that_was_overtaken_writes_nothing(shell: Shell, server: Server) -> None:
    shell("apply", "--yes")
    shell.replace("presets/mail.yaml", "gpt-5", "gpt-6")
    shell("plan", "--out", "plan.json")
    held = server.overrides()
    held["modelSpecs"]["list"][0]["preset"]["model"] = "gpt-4"
    server.lay(held)
    assert "the plan no longer holds, nothing was written" in shell("apply", "plan.json", "--yes", code=5).err
    assert server.overrides() == held


def test_a_preset_that_wants_no_entry_is_in_no_plan(shell: Shell, server: Server) -> None:
    shell.replace("presets/code.yaml", "config:", "model_spec: false\nconfig:")
    assert "Plan: 1 to create, 0 unchanged." in shell("plan").out


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("custom\nconfig: {endpoint: custom}", "LibreChat leaves out a model spec whose endpoint is `custom`", 3),
        ("openAI\nconfig: {model: m, spec: s}", "LibreChat strips `spec` from the preset of a model spec", 0),
    ],
)
def test_what_no_entry_can_hold_is_found_before_anything_is_sent(
    shell: Shell, server: Server, text: str, said: str, code: int
) -> None:
    shell.write("presets/code.yaml", f"kind: librechat/{text}\n")
    assert said in shell("validate", code=code).out
    shell("plan", code=code)


def test_an_account_that_may_not(shell: Shell, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    login(monkeypatch, ANN)
    refused = shell("plan", code=7).err
    assert "publishing model specs needs the account of an administrator" in refused


def test_what_is_sent_is_rendered_as_the_entry(shell: Shell, server: Server) -> None:
    assert shell("render", "mail").json == {
        "name": "mail",
        "label": "Mail",
        "description": "Writes mails",
        "group": "Office",
        "order": 2,
        "default": True,
        "preset": {"endpoint": "openAI", "model": "gpt-5", "temperature": 0.5, "promptPrefix": "You write mails."},
    }
    shown = yaml.safe_load(shell("show", "mail", "--format", "yaml").out)
    assert shown == yaml.safe_load(MAIL) | {"slug": "mail"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", publish_to: USER", "publish_to"),
        (", publish_to: team/x", "publish_to"),
        (", users: {a: {token_env: A}}", "publishes model specs, which one account does for all"),
    ],
)
def test_settings_that_do_not_fit(shell: Shell, server: Server, more: str, said: str) -> None:
    project(shell, server.url, more)
    assert said in shell("validate", code=3).err
