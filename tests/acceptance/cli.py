"""The command line as a person runs it: in a folder, with what it prints and the exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from presetctl.cli.main import run
from tests import caches


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs commands in one folder."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str, code: int | None = 0) -> Ran:
        with _inside(self.folder):
            caches.prepare()
            self.capture.readouterr()
            result = run(words)
        captured = self.capture.readouterr()
        ran = Ran(result, captured.out, caches.without_word(captured.err))
        assert code is None or result == code, (words, ran)
        return ran

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
