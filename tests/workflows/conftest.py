"""The command for shells of workflows, and a shell in an empty folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cli import Shell
from tests.workflows.ready import presetctl_ready


@pytest.fixture(scope="session")
def presetctl() -> Iterator[Path]:
    """A folder with the real command, which starts at once."""
    with presetctl_ready() as folder:
        yield folder


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)
