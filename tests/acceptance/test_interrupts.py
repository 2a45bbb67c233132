"""Ctrl-C and SIGTERM while an apply is under way: real processes, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
WAIT = 60


@dataclass
class Gate:
    """The emulator, which answers one request (the write of `b`) only once the gate is opened. Done it is at once."""

    app: Emulator
    held: tuple[str, str] = ("POST", "/presets/b/chat/completions")
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = self.app(environ, start_response)
        if environ["REQUEST_METHOD"] == self.held[0] and environ["PATH_INFO"].endswith(self.held[1]):
            self.reached.set()
            self.opened.wait(WAIT)
        return reply


@pytest.fixture
def gate(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")
    with create_app() as app:
        gate = Gate(app)
        with serve(gate) as url:
            shell.write("presetctl.yaml", f"version: 1\nworkspaces: {{live: {{provider: openrouter, url: '{url}'}}}}\n")
            for slug in "abc":
                shell.write(f"presets/{slug}.yaml", "config: {model: m}\n")
            yield gate
            gate.opened.set()


def started(shell: Shell, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "presetctl", *words]
    return subprocess.Popen(
        command, cwd=shell.folder, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the process says, up to the line with these words."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_what_is_under_way_is_finished_and_nothing_else_begun(
    shell: Shell, gate: Gate, number: signal.Signals, code: int
) -> None:
    with started(shell, "apply", "--yes") as process:
        assert gate.reached.wait(WAIT)
        process.send_signal(number)
        read_until(process, "Stopping: what is under way is finished first.")
        gate.opened.set()
        out, _ = process.communicate(timeout=WAIT)
    assert process.returncode == code
    assert "applied  a version 1" in out
    assert "applied  b version 1" in out
    assert "skipped  c: not tried, because it was interrupted" in out
    assert "Apply: 2 applied, 1 skipped." in out
    assert "1 to create, 2 unchanged" in shell("plan").out


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_the_second_signal_abandons_it(shell: Shell, gate: Gate, number: signal.Signals, code: int) -> None:
    with started(shell, "apply", "--yes", "--format", "json") as process:
        assert gate.reached.wait(WAIT)
        process.send_signal(number)
        read_until(process, "Stopping")
        process.send_signal(number)
        out, _ = process.communicate(timeout=WAIT)
    assert process.returncode == code
    results = {outcome["slug"]: outcome["result"] for outcome in json.loads(out)["outcomes"]}
    assert results == {"a": "applied", "b": "unknown", "c": "skipped"}
    gate.opened.set()
    assert "1 to create, 2 unchanged" in shell("plan").out


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_before_anything_is_written(shell: Shell, gate: Gate, number: signal.Signals, code: int) -> None:
    gate.held = ("GET", "/presets")
    with started(shell, "apply", "--yes") as process:
        assert gate.reached.wait(WAIT)
        process.send_signal(number)
        _, talk = process.communicate(timeout=WAIT)
    assert process.returncode == code
    assert "Interrupted." in talk
    assert {method for method, _ in gate.app.requests} == {"GET"}
