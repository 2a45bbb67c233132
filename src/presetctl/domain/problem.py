"""A problem: one finding of validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from presetctl.domain.values import Json, Path


class Severity(StrEnum):
    """An error makes the input invalid (exit 3); a warning doesn't."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. ``line`` and ``column`` count from 1; columns count characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fix:
    """What puts a problem right in its file: what stands at ``path`` goes, and ``value`` is written at ``to``.

    Both start at the file's root; ``to`` may be the same place, and is None where nothing is written.
    """

    path: Path
    to: Path | None
    value: Json = field(default=None, hash=False)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, where, by which rule, and what to do about it.

    ``path`` is the JSON path inside the document (``config.tools[0].type``; empty for the whole file), ``rule`` a
    stable kebab-case name, ``suggestion`` what to write instead, or empty; ``fix`` is that as an edit, where it can be.
    """

    location: Location
    path: str
    rule: str
    message: str
    suggestion: str = ""
    severity: Severity = Severity.ERROR
    fix: Fix | None = field(default=None, compare=False)
