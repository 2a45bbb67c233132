"""One LibreChat workspace for several users: the same presets for each, one login after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from presetctl.emulator.librechat.app import Account, LibreChat, Settings, create_app
from presetctl.emulator.server import serve
from presetctl.providers.librechat.identity import preset_id
from tests.acceptance.cli import Shell
from tests.chats import Server

USERS = ("alice", "bob")
PRESET = "kind: librechat/openAI\ntitle: House style\nsystem_prompt: Be brief.\nconfig: {model: gpt-4, top_p: 0.5}\n"


@contextmanager
def served(login_max: int = 0) -> Iterator[tuple[LibreChat, str]]:
    accounts = [Account(f"{name}@example.com", f"{name} has a secret") for name in USERS]
    app = create_app(accounts=accounts, settings=Settings(login_max=login_max))
    with app, serve(app, base="") as url:
        yield app, url


@pytest.fixture
def chat(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[LibreChat]:
    with served() as (app, url):
        project(shell, url)
        environment(monkeypatch)
        yield app


def project(shell: Shell, url: str, more: str = "") -> None:
    users = ", ".join(f"{name}: {{email_env: {name.upper()}, password_env: {name.upper()}_SECRET}}" for name in USERS)
    shell.write(
        "presetctl.yaml",
        f"""\
version: 1
workspaces:
  chat: {{provider: librechat, url: "{url}", users: {{{users}}}{more}}}
""",
    )
    shell.write("presets/style.yaml", PRESET)


def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in USERS:
        monkeypatch.setenv(name.upper(), f"{name}@example.com")
        monkeypatch.setenv(f"{name.upper()}_SECRET", f"{name} has a secret")


def test_every_user_gets_the_same_presets(shell: Shell, chat: LibreChat) -> None:
    planned = shell("plan", "--detailed-exitcode", code=2)
    assert planned.out.count("+ create style") == 2
    assert planned.out.endswith(
        "chat/alice  Plan: 1 to create, 0 unchanged.\nchat/bob    Plan: 1 to create, 0 unchanged.\n"
    )
    shell("apply", "--yes")
    assert shell("plan").out.count("No changes: 1 preset as declared.") == 4
    rows = [shell("list", "-w", f"chat/{name}", "--format", "json").json["presets"] for name in USERS]
    assert [[row["slug"], row["state"]] for (row,) in rows] == [["style", "in_sync"]] * 2
    assert {path for _, path in chat.requests} == {"/api/auth/login", "/api/presets"}


def test_one_of_the_users_alone(shell: Shell, chat: LibreChat) -> None:
    shell("apply", "--yes", "-w", "chat/bob")
    assert "1 to create" in shell("plan", "-w", "chat/alice").out
    assert "No changes" in shell("plan", "-w", "chat/bob").out
    document = shell("plan", "--format", "json", "-w", "chat").json
    assert [plan["workspace"]["name"] for plan in document["plans"]] == ["chat/alice", "chat/bob"]
    saved = shell("plan", "-w", "chat/alice", "--out", "plan.json")
    assert saved.code == 0
    shell("apply", "plan.json", "--yes")
    assert shell("plan").out.count("No changes: 1 preset as declared.") == 4
    assert {path for _, path in chat.requests} == {"/api/auth/login", "/api/presets"}


def test_commands_that_are_for_one_of_them_say_so(shell: Shell, chat: LibreChat) -> None:
    assert not chat.requests
    for words in (("status",), ("list", "-w", "chat"), ("drift",), ("apply", "--yes", "--format", "json")):
        ran = shell(*words, code=64)
        assert "chat/alice, chat/bob" in ran.err + ran.out
    assert "presetctl.yaml has chat/alice, chat/bob" in shell("plan", "-w", "chat/carol", code=64).err
    assert not chat.requests


@pytest.mark.parametrize(("options", "applied"), [((), 0), (("--on-error", "continue"), 1)])
def test_one_who_cannot_log_in(
    shell: Shell, chat: LibreChat, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], applied: int
) -> None:
    monkeypatch.setenv("ALICE_SECRET", "not what it is")
    ran = shell("apply", "--yes", *options, code=7)
    assert "the login was refused: Incorrect password." in ran.err
    assert "see what ALICE and ALICE_SECRET hold" in ran.err
    assert "not what it is" not in ran.err + ran.out
    assert sum(request == ("POST", "/api/presets") for request in chat.requests) == applied


def test_the_first_failure_gives_the_exit_code(shell: Shell, chat: LibreChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICE_SECRET", "not what it is")
    with closing(Server("http://chat", lambda: httpx.WSGITransport(chat))) as server:
        person = server.person()
        login = {"email": "bob@example.com", "password": "bob has a secret"}
        bob = person.client.post("/api/auth/login", json=login).json()["user"]["id"]
        person.save(presetId=preset_id(bob, "style"))
    ran = shell("apply", "--yes", "--on-error", "continue", code=7)
    assert "style was not stored, although the server answers 201 (Created)" in ran.out


def test_a_change_that_fails_for_one_is_not_tried_for_the_others(
    shell: Shell, chat: LibreChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("apply", "--yes")
    shell.replace("presets/style.yaml", "0.5", "0.6")
    project_limits = "limits: {updates: 0, minimum: 1}"
    shell.replace("presetctl.yaml", "users:", f"{project_limits}, users:")
    assert "1 of 1 live presets would be overwritten" in shell("apply", "--yes", code=4).err
    ran = shell("apply", "--yes", "--allow-updates", "1")
    assert ran.out.count("applied  style") == 2
    assert len(chat.requests) > 0


def test_a_protected_workspace_is_agreed_to_by_its_name(shell: Shell, chat: LibreChat) -> None:
    shell.replace("presetctl.yaml", "users:", "protected: true, users:")
    assert "chat/alice is protected" in shell("apply", "--yes", code=4).err
    shell("apply", "--yes", "--allow-protected", "chat")
    assert chat.requests


def test_logins_wait_for_the_limiter_and_never_run_into_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    with served(login_max=1) as (app, url):
        project(shell, url, ", login_wait: 0")
        ran = shell("apply", "--yes", code=8)
        assert "the server lets nobody log in from here for " in ran.err
        assert "a longer login_wait" in ran.err
        assert [path for _, path in app.requests].count("/api/auth/login") == 1, "the second was not even tried"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("users: {a: {email_env: A}}", "`a` needs both email_env and password_env"),
        ("users: {a: {}}", "`a` needs email_env and password_env, or token_env"),
        (
            "users: {a: {email_env: A, password_env: B, token_env: T}}",
            "`a` needs email_env and password_env, or token_env",
        ),
        (
            "users: {a: {token_env: T}}, token_env: U",
            "has users, each with variables of their own: move token_env there",
        ),
        ("users: {a: {tokn_env: T}}", "did you mean `token_env`?"),
    ],
)
def test_settings_that_do_not_fit(shell: Shell, settings: str, message: str) -> None:
    shell.write(
        "presetctl.yaml", f"version: 1\nworkspaces: {{chat: {{provider: librechat, url: embedded, {settings}}}}}\n"
    )
    assert message in shell("validate", code=3).err
