"""Every fault on every operation: once, later, and with every call; and on the read that follows a lost reply."""

from __future__ import annotations

import pytest

from tests.acceptance.cli import Shell
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.judge import COMMANDS, WRITES, bench, named, try_fault

READS = [
    ("list", "plan"), ("list", "apply"), ("get", "plan"), ("get", "apply"), ("key", "plan"), ("key", "apply"),
    ("versions", "history"),
]  # fmt: skip
OPERATIONS = {"create", *(operation for operation, _ in READS)}
CHECKING = 3
"""The read of an apply just before its first write: two came before it, to plan."""

pytestmark = [pytest.mark.torture, pytest.mark.battery(f"faults: {len(FAULTS)} × {len(OPERATIONS)} operations")]


@pytest.mark.parametrize("number", [1, 2, None], ids=["first", "second", "every"])
@pytest.mark.parametrize(("fault", "arrives"), WRITES, ids=named)
def test_a_write(
    fault: Fault, arrives: bool, number: int | None, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, "create", COMMANDS["apply"], number, arrives, partial=number == 2)


@pytest.mark.parametrize("number", [1, None], ids=["first", "every"])
@pytest.mark.parametrize(("operation", "command"), READS)
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_read(
    fault: Fault, operation: str, command: str, number: int | None, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, operation, COMMANDS[command], number, False)


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_the_read_before_a_write(fault: Fault, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, "get", COMMANDS["apply"], CHECKING, False)


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_the_read_after_a_lost_reply(
    fault: Fault, arrives: bool, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the read fails too, nobody knows; a preset that is not there any more is somebody else's doing.
    failed = {"404": 6}.get(fault.name, 8)
    with bench(shell, monkeypatch) as prepared:
        prepared.try_two_faults(fault, arrives, failed)
