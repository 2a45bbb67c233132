"""What people log in with: from where it comes, as it is, and never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from presetctl.domain.errors import AccessError, PresetctlError
from presetctl.domain.kind import Kind
from presetctl.domain.project import LibreChatWorkspace
from presetctl.emulator.librechat.app import Account, Settings, create_app
from presetctl.providers.keys import MAX_KEY_BYTES, read_words
from presetctl.providers.registry import EMBEDDED_EMAIL, EMBEDDED_PASSWORD, connect
from tests.chats import PASSWORD, served
from tests.unit.providers.server import ok, says, serving

SECRET = " pass word ü/😀 "


def read(environment: dict[str, str]) -> str:
    return read_words("the workspace chat", "SECRET", environment, "a password to log in with")


def refusal(environment: dict[str, str]) -> AccessError:
    with pytest.raises(AccessError) as raised:
        read(environment)
    error = raised.value
    assert not [
        text for text in (str(error), error.hint, repr(error.__cause__), repr(error.__context__)) if "pass w" in text
    ]
    return error


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_words_are_taken_as_they_are_but_for_one_line_break_at_the_end(tmp_path: Path, end: str) -> None:
    assert read({"SECRET": SECRET + end}) == SECRET
    (tmp_path / "secret").write_bytes((SECRET + end).encode())
    assert read({"SECRET_FILE": str(tmp_path / "secret")}) == SECRET
    assert read({"SECRET": SECRET, "SECRET_FILE": "/nowhere"}) == SECRET


@pytest.mark.parametrize("words", ["", " ", "\n", "\t", "\u3000"])
def test_without_words_it_says_what_to_set(tmp_path: Path, words: str) -> None:
    (tmp_path / "secret").write_text(words)
    for environment in ({}, {"SECRET": words}, {"SECRET_FILE": str(tmp_path / "secret")}):
        error = refusal(environment)
        assert error.message == "the workspace chat needs a password to log in with, and the variable SECRET is not set"
        assert error.hint == "set SECRET, or SECRET_FILE to the path of a file that holds it"


@pytest.mark.parametrize(
    "words", [b"pass word\n\n", b"pass\0word", b"pass\x1bword", b"pass word \xff", b"\xefpass word"]
)
def test_what_nobody_can_have_typed_is_refused(tmp_path: Path, words: bytes) -> None:
    (tmp_path / "secret").write_bytes(words)
    assert refusal({"SECRET_FILE": str(tmp_path / "secret")}).message == "SECRET holds characters that can't be typed"


def test_files_that_can_not_be_read_or_hold_too_much(tmp_path: Path) -> None:
    assert refusal({"SECRET_FILE": str(tmp_path / "none")}).message.startswith("the file that SECRET_FILE names can't")
    (tmp_path / "long").write_text("pass word" * MAX_KEY_BYTES)
    assert "more than 4,096 bytes" in refusal({"SECRET_FILE": str(tmp_path / "long")}).message


# --- workspaces


def no_kinds(name: str) -> Kind:
    raise AssertionError(name)


def never() -> httpx.BaseTransport:
    raise AssertionError("the embedded workspace was opened")


def workspace(url: str, **more: Any) -> LibreChatWorkspace:
    return LibreChatWorkspace(provider="librechat", url=url, **more)


def test_the_embedded_workspace_needs_no_account() -> None:
    with create_app(accounts=[Account(EMBEDDED_EMAIL, EMBEDDED_PASSWORD)], settings=Settings()) as app:
        connection = connect("local", workspace("embedded"), no_kinds, {}, lambda: httpx.WSGITransport(app))
        assert connection.reader.list_presets().rows == ()
        connection.close()
        assert app.requests == [("POST", "/api/auth/login"), ("GET", "/api/presets")]


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, "a mail address to log in with, and the variable LIBRECHAT_EMAIL is not set"),
        ({"LIBRECHAT_EMAIL": "me@example.com"}, "a password to log in with, and the variable LIBRECHAT_PASSWORD"),
    ],
)
def test_what_is_missing_is_named(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(AccessError, match=missing):
        connect("chat", workspace("http://127.0.0.1:9"), no_kinds, environment, never)


def test_a_workspace_is_opened_with_what_its_variables_hold() -> None:
    with served() as server:
        person = server.person()
        environment = {"MAIL": f" {person.email}\n", "SECRET": PASSWORD, "CHAT_TOKEN": f" {person.token}\n"}
        for more in ({"email_env": "MAIL", "password_env": "SECRET"}, {"token_env": "CHAT_TOKEN"}):
            connection = connect("chat", workspace(f"{server.base}/", **more), no_kinds, environment, never)
            assert connection.reader.identity().workspace_id == person.id
            assert connection.reader.list_presets().rows == ()
            connection.close()


@pytest.mark.parametrize("token", ["a token", "tökén", "a\nb", "x\u200b"])
def test_a_token_that_can_be_none_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(AccessError) as raised:
        connect("chat", workspace("http://127.0.0.1:9", token_env="T"), no_kinds, {"T": token}, never)
    assert raised.value.message == "the key in T has characters that no key has"


def test_a_page_in_place_of_an_answer_points_to_the_address() -> None:
    with serving(says(ok(b"<html>LibreChat</html>"))) as server:
        environment = {"LIBRECHAT_EMAIL": "me@example.com", "LIBRECHAT_PASSWORD": PASSWORD}
        connection = connect("chat", workspace(server.url), no_kinds, environment, never)
        with pytest.raises(PresetctlError) as raised:
            connection.reader.list_presets()
        connection.close()
    assert raised.value.exit_code == 8
    assert raised.value.hint == "check the workspace's url: it is the address of LibreChat itself, without /api"
