"""GitHub on loopback, and a workflow run that knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cli import Shell
from tests.github.standin import REPOSITORY, TOKEN, StandIn, standing_in


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """GitHub, as the variables of the test say."""
    with standing_in() as hub:
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_API_URL", hub.url)
        monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_RUN_ID", "77")
        yield hub


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in an empty folder, in which nothing waits for long."""
    monkeypatch.setattr("presetctl.waiting.FIRST_PAUSE_SECONDS", 0.01)
    return Shell(tmp_path, capsys)
