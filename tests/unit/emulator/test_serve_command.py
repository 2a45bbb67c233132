from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import httpx
import pytest

from presetctl.cli.serve import command
from presetctl.domain.errors import InputError, PresetctlError, UsageError
from presetctl.emulator.access import workspace_id
from presetctl.emulator.app import Emulator

_MAIN = "from presetctl.cli.serve import command; command()"


def run(*arguments: str) -> None:
    command.main(list(arguments), standalone_mode=False)


@contextmanager
def served(*arguments: str, name: str = "OpenRouter") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the URL that it says it serves."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _MAIN, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            line = process.stdout.readline().split()
            assert line[:4] == ["Serving", name, "presets", "at"]
            yield process, line[4]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "presets.db"
    arguments = ("--db", str(file), "--key", "k=team", "--unknown-fields", "drop")
    headers = {"Authorization": "Bearer k"}
    with served(*arguments) as (process, url), httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        body = {"model": "m", "max_output_tokens": 5}
        saved = client.post("/presets/p/responses", json=body).json()["data"]
        assert saved["designated_version"]["config"] == {"model": "m"}
        process.send_signal(number)
        output, talk = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "")
    assert talk == f"Workspace team: {workspace_id('team')}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["presets.db"]


def test_it_serves_librechat(tmp_path: Path) -> None:
    file = tmp_path / "librechat.db"
    arguments = ("--provider", "librechat", "--db", str(file), "--user", "ann@example.com=secret-123")
    with served(*arguments, name="LibreChat") as (process, url), httpx.Client(base_url=url, trust_env=False) as client:
        login = client.post("/api/auth/login", json={"email": "ann@example.com", "password": "secret-123"}).json()
        client.headers["Authorization"] = f"Bearer {login['token']}"
        assert client.post("/api/presets", json={"presetId": "p", "title": "T"}).json()["title"] == "T"
        process.send_signal(signal.SIGTERM)
        output, talk = process.communicate(timeout=20)
    assert (process.returncode, output, talk) == (0, "", "User ann@example.com\n")
    with pytest.raises(InputError, match="another program"):
        run("--port", "0", "--db", str(file))


def test_it_holds_every_answer_back() -> None:
    with served("--latency", "150") as (_, url), httpx.Client(base_url=url, trust_env=False) as client:
        for status in (200, 404):
            begin = time.monotonic()
            reply = client.get("/presets" if status == 200 else "/nothing", headers={"Authorization": "Bearer k"})
            assert reply.status_code == status
            assert time.monotonic() - begin >= 0.15


@pytest.mark.parametrize(
    "arguments",
    [
        ("--provider", "librechat", "--key", "k=team"),
        ("--provider", "librechat", "--server-defaults"),
        ("--user", "ann@example.com=secret-123"),
        ("--login-max", "7"),
    ],
)
def test_an_option_of_the_other_provider_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="means nothing with --provider"):
        run("--port", "0", *arguments)


@pytest.mark.parametrize("user", ["SECRET", "SECRET=long-enough", "a@b.c=SECRET", "a@b.c=SECRET:2fa"])
def test_bad_users_are_refused_without_repeating_them(user: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        run("--port", "0", "--provider", "librechat", "--user", user)
    assert "SECRET" not in caught.value.format_message()


def test_signals_are_handled_only_while_it_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def serve_until_a_signal(_app: Emulator, _host: str, _port: int, base: str) -> Iterator[str]:
        signal.raise_signal(signal.SIGTERM)
        yield f"http://127.0.0.1:1{base}"

    monkeypatch.setattr("presetctl.emulator.server.serve", serve_until_a_signal)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run("--port", "0")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert capsys.readouterr().out == "Serving OpenRouter presets at http://127.0.0.1:1/api/v1\n"


def test_a_port_in_use_is_exit_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PresetctlError, match="in use by another program") as caught:
            run("--port", str(port))
    assert (caught.value.exit_code, "--port 0" in caught.value.hint) == (1, True)


def test_an_address_of_another_machine_is_exit_1() -> None:
    with pytest.raises(PresetctlError, match=r"can't listen on 192\.0\.2\.1") as caught:
        run("--port", "0", "--host", "192.0.2.1", "--allow-remote")
    assert caught.value.exit_code == 1


def test_a_bad_database_is_exit_3(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database. " * 50)
    with pytest.raises(InputError, match="can't be used") as caught:
        run("--port", "0", "--db", str(file))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_an_address_that_others_can_reach_needs_consent(host: str) -> None:
    with pytest.raises(UsageError, match="--host"):
        run("--port", "0", "--host", host)


@pytest.mark.parametrize("keys", [["SECRET"], ["SECRET=a:admin"], ["SECRET=a", "SECRET=b"]])
def test_bad_keys_are_refused_without_repeating_them(keys: list[str]) -> None:
    with pytest.raises(click.BadParameter) as caught:
        run("--port", "0", *(word for key in keys for word in ("--key", key)))
    assert "SECRET" not in caught.value.format_message()
    assert "--key" in caught.value.format_message()


def test_help_has_examples_and_every_switch(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    shown = capsys.readouterr().out
    assert "presetctl serve --port 0 --db presets.db" in shown
    for option in ("--unknown-fields", "--server-defaults", "--identical-post", "--archive", "--post-to-archived"):
        assert option in shown
