"""A shell in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli import Shell


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)
