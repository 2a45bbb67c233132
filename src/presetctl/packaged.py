"""Where the schemas are that came with presetctl."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = "schemas"
PROJECT_SCHEMA: Final = "project.schema.json"
_PACKAGE: Final = Path(__file__).resolve().parent


def packaged_schemas(package: Path = _PACKAGE) -> Path:
    """The folder of derived schemas inside the package, or in a checkout beside ``src``."""
    inside = package / FOLDER
    return inside if inside.is_dir() else package.parent.parent / FOLDER
