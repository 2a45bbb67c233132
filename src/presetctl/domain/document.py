"""A preset file as read: its value, where everything in it stands, and the prompts that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from presetctl.domain.problem import Location, Problem
from presetctl.domain.values import Json, Path

MAX_BYTES: Final = 1024 * 1024
"""Of a YAML file; more is not read."""

Locate: TypeAlias = Callable[[Path, bool], Location]
"""Path, and whether the key is meant rather than the value, to the place in the file; the nearest that exists."""


@dataclass(frozen=True)
class Document:
    """One YAML file. ``prompts`` holds the text of every prompt file that it names, or the problem with it.

    ``secrets`` are what looks like a key in the file, or in one of its prompt files.
    """

    file: str
    value: Json = field(hash=False)
    locate: Locate = field(hash=False, compare=False)
    prompts: Mapping[str, str | Problem] = field(default_factory=dict, hash=False)
    secrets: tuple[Problem, ...] = ()
