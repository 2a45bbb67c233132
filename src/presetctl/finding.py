"""A finding: what a check of one value has to say, before it's known in which file that stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from presetctl.domain.change import ABSENT, Absent
from presetctl.domain.problem import Severity
from presetctl.domain.values import Json, JsonObject, Path

Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What puts a finding right: its value goes away, and ``value`` is written at ``to``, a path in the preset.

    ``to`` is () for the same place, and None where nothing is written. Without ``value`` it's the one that was there.
    """

    to: Path | None
    value: Json | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem without a file: ``path`` starts at the checked value, ``at_key`` says that its key is what's wrong."""

    path: Path
    rule: str
    message: str
    suggestion: str = ""
    severity: Severity = Severity.ERROR
    at_key: bool = False
    remedy: Remedy | None = field(default=None, compare=False)


ExplainKey: TypeAlias = Callable[[Path, JsonObject], Finding | None]
"""A finding of its own for a key that a schema doesn't know, by its path and the mapping that it stands in."""
