"""On a terminal, long work says what is done of it; here everything takes long."""

from __future__ import annotations

import io
import re
import time

import pytest

from presetctl.cli import progress
from tests.acceptance.cli import Shell

PROJECT = "version: 1\nworkspaces: {local: {provider: openrouter, url: embedded}}\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr(progress.Progress.__init__, "__defaults__", (made, {}, time.monotonic))
    monkeypatch.setattr(progress, "FIRST_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    return made


def test_what_is_read_compared_and_written_is_told(shell: Shell, terminal: Terminal) -> None:
    shell.write("presetctl.yaml", PROJECT)
    for number in range(12):
        shell.write(f"presets/p{number}.yaml", "config: {model: m}\n")
    shell("apply", "--yes")
    shell("plan")
    told = set(re.findall(r"\r(\w+ \w+|\w+): 12 of 12\x1b\[K", terminal.getvalue()))
    assert told == {"Reading files", "Reading presets", "Comparing presets", "Applying"}
    assert terminal.getvalue().endswith("\r\x1b[K"), "the line is taken away"
