"""What becomes of every request field once a preset is stored, and on what evidence: persistence.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from presetctl.domain.errors import InputError
from presetctl.domain.kind import Evidence
from presetctl.specs.reading import read_mapping


class Fate(StrEnum):
    """What a request field becomes."""

    CONFIG = "config"
    SYSTEM_PROMPT = "system_prompt"
    PER_REQUEST = "per_request"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request field. ``name`` is its name in the stored config, empty if it isn't stored there."""

    becomes: Fate
    evidence: Evidence
    name: str = ""


@dataclass(frozen=True)
class Accounting:
    """The fields of every kind's request, and the stored fields that no request can carry."""

    kinds: Mapping[str, Mapping[str, Entry]] = field(hash=False)
    dashboard_only: Mapping[str, Evidence] = field(hash=False)

    def system_prompt(self, kind: str) -> str:
        """The field of that kind's request that becomes the system prompt. InputError unless there is exactly one."""
        names = [name for name, entry in self.kinds.get(kind, {}).items() if entry.becomes is Fate.SYSTEM_PROMPT]
        if len(names) != 1:
            raise InputError(f"the persistence table must name one field of {kind} that becomes the system prompt")
        return names[0]


def read_accounting(data: bytes, name: str = "persistence.yaml") -> Accounting:
    """Reads the table. InputError names the entry that is not right."""
    table = read_mapping(data, name)
    kinds = _mapping(table.get("kinds"), f"{name}: kinds")
    dashboard_only = _mapping(table.get("dashboard_only", {}), f"{name}: dashboard_only")
    return Accounting(
        {kind: _entries(fields, f"{name}: kinds.{kind}") for kind, fields in kinds.items()},
        {key: _evidence(value, f"{name}: dashboard_only.{key}") for key, value in dashboard_only.items()},
    )


def _entries(fields: Any, where: str) -> dict[str, Entry]:
    return {name: _entry(value, f"{where}.{name}") for name, value in _mapping(fields, where).items()}


def _entry(value: Any, where: str) -> Entry:
    entry = _mapping(value, where)
    if entry.get("becomes") not in list(Fate):
        raise InputError(f"{where}: `becomes` must be one of {', '.join(Fate)}")
    fate, name = Fate(entry["becomes"]), entry.get("as", "")
    if set(entry) - {"becomes", "as", "evidence"} or (fate is Fate.CONFIG) != bool(name) or not isinstance(name, str):
        raise InputError(f"{where}: a field that becomes config, and only that, says `as` which name it is stored")
    return Entry(fate, _evidence(entry.get("evidence"), where), name)


def _evidence(value: Any, where: str) -> Evidence:
    if value not in list(Evidence):
        raise InputError(f"{where}: `evidence` must be one of {', '.join(Evidence)}")
    return Evidence(value)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where} is not a mapping")
    return value
