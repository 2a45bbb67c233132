"""What came with presetctl: where its schemas are, and whether its own files are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

FOLDER: Final = "schemas"
PROJECT_SCHEMA: Final = "project.schema.json"
_PACKAGE: Final = Path(__file__).resolve().parent


def packaged_schemas(package: Path = _PACKAGE) -> Path:
    """The folder of derived schemas inside the package, or in a checkout beside ``src``."""
    inside = package / FOLDER
    return inside if inside.is_dir() else package.parent.parent / FOLDER


def digest_of(files: Iterable[Path]) -> str:
    """Of some of presetctl's own files. One that isn't there counts for nothing.

    The version of a checkout says nothing of its code; of an installation without its sources it says it all.
    """
    made = hashlib.sha256()
    for file in files:
        with suppress(OSError):
            made.update(file.read_bytes())
    return made.hexdigest()
