"""Every fault once where a version can be made, and once on one of the reads. The whole matrix is in torture."""

from __future__ import annotations

import pytest

from tests.acceptance.cli import Shell
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.judge import COMMANDS, WRITES, bench, named, try_fault
from tests.faults.server import Exchange

READS = [("list", "plan"), ("get", "plan"), ("key", "plan"), ("versions", "history"), ("get", "apply")]
QUICK_WRITES = [(fault, arrives) for fault, arrives in WRITES if arrives or not fault.slow]


@pytest.mark.parametrize(("fault", "arrives"), QUICK_WRITES, ids=named)
def test_a_write(fault: Fault, arrives: bool, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, "create", COMMANDS["apply"], 1, arrives)


@pytest.mark.parametrize(
    ("fault", "operation", "command"),
    [(fault, *READS[number % len(READS)]) for number, fault in enumerate(FAULTS)],
    ids=named,
)
def test_a_read(fault: Fault, operation: str, command: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch) as prepared:
        try_fault(prepared, fault, operation, COMMANDS[command], 1, False)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_stale_read_after_a_lost_reply(arrives: bool, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one read that would show the write still shows the old state: nothing may be sent again because of it."""
    with bench(shell, monkeypatch) as prepared:
        prepared.try_two_faults(next(fault for fault in FAULTS if fault.name == "stale read"), arrives, 0)


def test_nobody_listens(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(shell, monkeypatch) as prepared:
        prepared.server.stop_listening()
        ran = prepared.run("plan")
        assert ran.code == 8
        assert "can't be reached" in ran.err
        assert "nothing was sent" in ran.err
        prepared.check_recovery()


def test_nobody_listens_when_the_write_is_sent(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(exchange: Exchange) -> None:
        reply = exchange.reply().raw()
        exchange.server.stop_listening()  # first: else the write may come in between
        exchange.send(reply)

    with bench(shell, monkeypatch) as prepared:
        prepared.server.inject("get", leave, 3)
        ran = prepared.run(*COMMANDS["apply"])
        assert ran.code == 8
        assert "nothing was sent" in ran.out
        prepared.check_reports(ran)
        prepared.check_recovery()
