"""Every fault once where a version can be made, and once on one of the reads; the whole matrix is in torture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli import Shell
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.judge import bench, try_fault

COMMANDS = {
    "plan": ("plan",),
    "apply": ("apply", "--yes", "--format", "json"),
    "history": ("history", "a-mail"),
}
READS = [("list", "plan"), ("get", "plan"), ("key", "plan"), ("versions", "history"), ("get", "apply")]
SLOW_READS = [fault.name for fault in FAULTS if fault.slow][:2]


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


WRITES = [(fault, arrives) for fault in FAULTS for arrives in (True, False) if fault.expected("create", arrives)]


@pytest.mark.parametrize(
    ("fault", "arrives"), WRITES, ids=[f"{fault.name}, {'arrived' if arrives else 'lost'}" for fault, arrives in WRITES]
)
def test_a_write(fault: Fault, arrives: bool, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, "create", COMMANDS["apply"], 1, arrives)


@pytest.mark.parametrize(
    ("fault", "operation", "command"),
    [(fault, *READS[number % len(READS)]) for number, fault in enumerate(FAULTS)],
    ids=[fault.name for fault in FAULTS],
)
def test_a_read(fault: Fault, operation: str, command: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, operation, COMMANDS[command], 1, False)
