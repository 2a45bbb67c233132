"""Where the key comes from, and that it never shows."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import httpx
import pytest

from presetctl.domain.errors import AccessError
from presetctl.domain.project import OpenRouterWorkspace
from presetctl.providers.registry import EMBEDDED_KEY, MAX_KEY_BYTES, connect, read_key

SECRET = "sk-or-v1-secret"


def refusal(environment: dict[str, str]) -> AccessError:
    with pytest.raises(AccessError) as raised:
        read_key("production", "KEY", environment)
    error = raised.value
    shown = [str(error), error.hint, repr(error.__cause__), repr(error.__context__)]
    assert not any("secret" in text for text in shown)
    return error


@pytest.mark.parametrize("key", [SECRET, f" {SECRET}\n", f"{SECRET}\r\n"])
def test_a_key_from_the_variable(key: str) -> None:
    assert read_key("production", "KEY", {"KEY": key}) == SECRET


@pytest.mark.parametrize("text", [SECRET, f"{SECRET}\n", f"\n {SECRET}\r\n\n"])
def test_a_key_from_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    assert read_key("production", "KEY", {"KEY_FILE": str(tmp_path / "key")}) == SECRET
    assert read_key("production", "KEY", {"KEY": "", "KEY_FILE": str(tmp_path / "key")}) == SECRET


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    assert read_key("production", "KEY", {"KEY": SECRET, "KEY_FILE": str(tmp_path / "gone")}) == SECRET


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}, {"KEY": " \n"}, {"OTHER": SECRET}, {"KEY_FILE": ""}])
def test_no_key(environment: dict[str, str]) -> None:
    error = refusal(environment)
    assert error.exit_code == 7
    assert error.message == "the workspace production needs a key, and the variable KEY is not set"
    assert error.hint == "set KEY, or KEY_FILE to the path of a file with the key"


@pytest.mark.parametrize(
    "key",
    ["secret key", "secret\nkey", "secret\0", "secret\u200b", "sécret", "\ufeffsecret", "“secret”", "secret\ud83d"],
)
def test_characters_that_no_key_has(key: str) -> None:
    error = refusal({"KEY": key})
    assert error.message == "the key in KEY has characters that no key has"


@pytest.mark.parametrize("data", [b"secret\xff", b"\xef\xbb\xbfsecret", b"secret\nsecret", bytes(MAX_KEY_BYTES)])
def test_a_file_with_something_else(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    assert "characters that no key has" in refusal({"KEY_FILE": str(tmp_path / "key")}).message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for name, reason in {"gone": "No such file or directory", ".": "Is a directory"}.items():
        error = refusal({"KEY_FILE": str(tmp_path / name)})
        assert error.message == f"the file that KEY_FILE names can't be read: {reason}"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    assert "needs a key" in refusal({"KEY_FILE": str(tmp_path / "key")}).message


def test_a_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    found: list[AccessError] = []
    reader = threading.Thread(target=lambda: found.append(refusal({"KEY_FILE": str(tmp_path / "fifo")})), daemon=True)
    reader.start()
    reader.join(5)
    assert "needs a key" in found[0].message


def test_a_pipe_to_which_nothing_is_written_yet(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    writer = os.open(tmp_path / "fifo", os.O_RDWR)
    try:
        assert "needs a key" in refusal({"KEY_FILE": str(tmp_path / "fifo")}).message
    finally:
        os.close(writer)


def test_the_embedded_workspace_needs_no_key() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": [], "total_count": 0})

    settings = OpenRouterWorkspace(provider="openrouter", url="embedded")
    connection = connect("local", settings, {}, {}, lambda: httpx.MockTransport(answer))
    assert connection.reader.list_presets().rows == ()
    connection.close()
    assert seen[0].url.host.endswith(".invalid")
    assert seen[0].headers["Authorization"] == f"Bearer {EMBEDDED_KEY}"


def test_a_remote_workspace_gets_its_key_and_never_the_way_to_the_embedded_one() -> None:
    def never() -> httpx.BaseTransport:
        raise AssertionError("the embedded workspace was opened")

    settings = OpenRouterWorkspace(provider="openrouter", url="http://127.0.0.1:9/api/v1", api_key_env="KEY")
    with pytest.raises(AccessError):
        connect("production", settings, {}, {}, never)
    connect("production", settings, {}, {"KEY": SECRET}, never).close()
