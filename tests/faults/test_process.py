"""What only a process of its own can show: how much memory a reply takes, and Ctrl-C while it waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.cli import Shell
from tests.faults.catalogue import FAULTS, Fault, refuses
from tests.faults.judge import COMMANDS, HANG_SECONDS, KEY, Bench, bench, named
from tests.faults.server import Act

MOST_BYTES = 150 * 1024 * 1024
MEASURE = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "presetctl", *sys.argv[1:]], timeout=60)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(done.returncode)
"""
"""Runs a command from a small process: a child's peak begins with that of the process that it was forked from."""
HEAVY = [fault for fault in FAULTS if fault.heavy]


def environment() -> dict[str, str]:
    return {**os.environ, "FAULTS_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}


def peak(folder: Path, words: Sequence[str]) -> tuple[int, int]:
    """The exit code of a command and the most memory that it had, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *words], cwd=folder, env=environment(), capture_output=True, text=True
    )
    return done.returncode, int(done.stdout.split()[-1])


def check_memory(prepared: Bench, fault: Fault, operation: str, words: Sequence[str], number: int | None) -> None:
    expected = fault.expected(operation, True)
    assert expected is not None
    prepared.server.inject(operation, fault.act, number, arrives=True)
    code, most = peak(prepared.shell.folder, words)
    assert prepared.server.played
    assert code in expected[0 if number else 1]
    assert most < MOST_BYTES


@pytest.mark.parametrize("fault", HEAVY, ids=named)
def test_a_reply_that_would_fill_the_memory(fault: Fault, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch, timeout=10) as prepared:
        check_memory(prepared, fault, "list", COMMANDS["plan"], 1)


@pytest.mark.torture
@pytest.mark.battery(f"memory: {len(HEAVY)} faults")
@pytest.mark.parametrize(
    ("operation", "command"),
    [("key", "plan"), ("list", "plan"), ("get", "plan"), ("versions", "history"), ("create", "apply")],
)
@pytest.mark.parametrize("fault", HEAVY, ids=named)
def test_replies_that_would_fill_the_memory(
    fault: Fault, operation: str, command: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(shell, monkeypatch, timeout=10) as prepared:
        check_memory(prepared, fault, operation, COMMANDS[command], None)


def interrupted(prepared: Bench, words: Sequence[str], times: int = 1) -> tuple[int, str]:
    """Runs a command, presses Ctrl-C when it has met the fault, and gives the exit code and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "presetctl", *words],
        cwd=prepared.shell.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while not prepared.server.played and process.poll() is None:
            time.sleep(0.05)
        for _ in range(times):
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=HANG_SECONDS)
    finally:
        process.kill()
    return process.returncode, said


SILENCE = next(fault.act for fault in FAULTS if fault.name == "silence")
WAIT = "Retry-After: 3000"


@pytest.mark.parametrize(
    ("operation", "act"),
    [("list", SILENCE), ("get", SILENCE), ("list", refuses("503 Busy", WAIT)), ("get", refuses("503 Busy", WAIT))],
    ids=["reading", "reading in threads", "waiting", "waiting in threads"],
)
def test_ctrl_c_while_planning(operation: str, act: Act, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout is an hour: it's Ctrl-C that ends the run."""
    with bench(shell, monkeypatch, timeout=3600) as prepared:
        prepared.server.inject(operation, act)
        code, said = interrupted(prepared, ("plan",))
        assert code == 130, said
        assert "Interrupted." in said
        assert "Traceback" not in said
        prepared.check_recovery()


@pytest.mark.parametrize(
    ("act", "times", "result"),
    [
        (refuses("429 Slow", WAIT), 1, "failed  a-mail"),
        (refuses("503 Busy", WAIT), 1, "unknown  a-mail"),
        (SILENCE, 2, "unknown  a-mail"),
    ],
    ids=["waiting", "waiting in doubt", "writing"],
)
def test_ctrl_c_while_applying(
    act: Act, times: int, result: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait ends with the first Ctrl-C, a request that is under way with the second one."""
    with bench(shell, monkeypatch, timeout=3600) as prepared:
        prepared.server.inject("create", act)
        code, said = interrupted(prepared, ("apply", "--yes"), times)
        assert code == 130, said
        assert result in said
        assert "skipped  b-new" in said
        assert "Traceback" not in said
        assert prepared.server.ledger == []
        prepared.check_recovery()
