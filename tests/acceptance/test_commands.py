"""The list of all commands that other tests go through."""

from __future__ import annotations

from presetctl.cli.main import COMMANDS
from tests.acceptance.commands import CALLED, LEAVES, SERVES_UNTIL_STOPPED, ways


def test_every_command_is_called() -> None:
    assert {words[0] for words in CALLED} | set(SERVES_UNTIL_STOPPED) == set(COMMANDS)
    assert all(len(list(ways(words, command))) >= 3 for words, command in LEAVES.items())
