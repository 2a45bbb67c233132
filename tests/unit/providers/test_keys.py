"""Where the key comes from, and that it never shows."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from presetctl.domain.errors import AccessError
from presetctl.providers.keys import MAX_KEY_BYTES, read_key

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


@pytest.mark.parametrize("size", [MAX_KEY_BYTES + 1, 100 * 1024 * 1024])
def test_a_file_that_is_too_large(tmp_path: Path, size: int) -> None:
    with (tmp_path / "key").open("wb") as file:
        file.truncate(size)
    assert "has more than 4,096 bytes" in refusal({"KEY_FILE": str(tmp_path / "key")}).message


def test_a_device_that_never_ends() -> None:
    assert "has more than 4,096 bytes" in refusal({"KEY_FILE": "/dev/zero"}).message


def test_a_name_that_is_none() -> None:
    assert refusal({"KEY_FILE": "a\0b"}).message == "KEY_FILE does not name a file: it has a NUL character in it"


class InMemory(KeyringBackend):
    """A keyring with the entries it is given."""

    priority = 1.0
    entries: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))


class Locked(InMemory):
    """A keyring whose error tells too much."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"can't decrypt {SECRET}")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemory]:
    before, backend = keyring.get_keyring(), InMemory()
    monkeypatch.setattr(InMemory, "entries", {})
    keyring.set_keyring(backend)
    keyring.set_password("presetctl", "me", f" {SECRET}\n")
    keyring.set_password("https://a/b", "me", SECRET)
    yield backend
    keyring.set_keyring(before)


def from_keyring(entry: str, environment: dict[str, str] | None = None) -> str:
    return read_key("production", "KEY", environment or {}, entry)


def refused_keyring(entry: str) -> AccessError:
    with pytest.raises(AccessError) as raised:
        from_keyring(entry)
    error = raised.value
    assert not any("secret" in text for text in [str(error), error.hint, repr(error.__cause__)])
    assert error.__suppress_context__ or error.__context__ is None
    return error


@pytest.mark.parametrize("entry", ["presetctl/me", "https://a/b/me"])
def test_a_key_from_the_keyring(backend: InMemory, entry: str) -> None:
    assert from_keyring(entry) == SECRET


def test_the_variable_and_the_file_go_before_the_keyring(backend: InMemory, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file")
    assert from_keyring("presetctl/me", {"KEY": "from-variable"}) == "from-variable"
    assert from_keyring("presetctl/me", {"KEY_FILE": str(tmp_path / "key")}) == "from-file"


def test_a_keyring_without_the_entry(backend: InMemory) -> None:
    error = refused_keyring("presetctl/you")
    assert error.message == "the workspace production needs a key, and the keyring has none for presetctl/you"
    assert error.hint == "`keyring set presetctl you` asks for it and keeps it"


def test_an_entry_with_something_else(backend: InMemory) -> None:
    keyring.set_password("presetctl", "me", "secret key")
    assert "the key in the keyring's entry presetctl/me has characters" in refused_keyring("presetctl/me").message


@pytest.mark.parametrize(("broken", "name"), [(NoKeyring, "NoKeyringError"), (Locked, "RuntimeError")])
def test_a_keyring_that_cannot_be_read(backend: InMemory, broken: type[KeyringBackend], name: str) -> None:
    keyring.set_keyring(broken())
    assert refused_keyring("presetctl/me").message == f"the keyring of this machine can't be read ({name})"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert refused_keyring("presetctl/me").hint == "pip install 'presetctl[keyring]'"
    assert read_key("production", "KEY", {"KEY": SECRET}, "presetctl/me") == SECRET
