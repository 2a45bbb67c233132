"""Which key opens which workspace, and what it may do there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from uuid import UUID, uuid5

from presetctl.emulator.errors import ApiError, bad_request, not_found

Role = Literal["normal", "management", "read"]

DEFAULT_WORKSPACE = "default"
_NAMESPACE = UUID("8f1c2f0e-6a53-5b0c-9a64-3d1b7e0c5a11")
_KEY = re.compile(r"[!-~]{1,512}")
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_GRANTED: dict[str, Role] = {"management": "management", "read": "read"}
_FORM = "expected KEY=WORKSPACE, KEY=WORKSPACE:management or KEY=WORKSPACE:read"


def workspace_id(name: str) -> str:
    """The id of the workspace called ``name``: the same in every database and on every machine."""
    return str(uuid5(_NAMESPACE, name))


@dataclass(frozen=True)
class KeyGrant:
    """What one key opens. ``repr`` leaves the key out.

    ValueError if a part is not acceptable; its message never repeats what was given.
    """

    key: str = field(repr=False)
    workspace: str
    role: Role = "normal"

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError("a key is 1 to 512 visible ASCII characters")
        if not _WORKSPACE.fullmatch(self.workspace):
            raise ValueError("a workspace name is letters, digits, '.', '_' and '-', at most 100 of them")
        if self.role not in get_args(Role):
            raise ValueError(_FORM)

    @classmethod
    def parse(cls, text: str) -> KeyGrant:
        """Reads ``KEY=WORKSPACE[:management|:read]``; ValueError if it's anything else."""
        key, equals, target = text.rpartition("=")
        workspace, colon, role = target.partition(":")
        found = _GRANTED.get(role) if colon else "normal"
        if not equals or found is None:
            raise ValueError(_FORM)
        return cls(key, workspace, found)


@dataclass(frozen=True)
class Caller:
    """Who sends a request: the workspace that the key opens and what the key may do."""

    workspace: str
    role: Role
    may_write: bool
    may_archive: bool


class Access:
    """The keys of one emulator. Without any, every key opens the default workspace and may do everything."""

    def __init__(self, grants: Sequence[KeyGrant]) -> None:
        self._callers = {grant.key: _caller(grant) for grant in grants}
        if len(self._callers) < len(grants):
            raise ValueError("one key is given twice")
        names = {grant.workspace for grant in grants} or {DEFAULT_WORKSPACE}
        self.workspaces = {name: workspace_id(name) for name in sorted(names)}

    def caller(self, authorization: str | None) -> Caller:
        """Who the Authorization header says is calling. ApiError 401 for none and for an unknown key."""
        scheme, _, key = (authorization or "").strip().partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise ApiError(401, "Missing Authentication header")
        if not self._callers:
            return Caller(workspace_id(DEFAULT_WORKSPACE), "normal", may_write=True, may_archive=True)
        if key not in self._callers:
            raise ApiError(401, "Invalid API key")
        return self._callers[key]

    def named(self, wanted: str) -> str:
        """The workspace with the id ``wanted``. ApiError 400 if it's not an id, 404 if there is none."""
        try:
            normal = str(UUID(wanted))
        except ValueError:
            raise bad_request("workspace_id: Invalid UUID") from None
        if normal not in self.workspaces.values():
            raise not_found("Workspace not found")
        return normal


def _caller(grant: KeyGrant) -> Caller:
    return Caller(
        workspace_id(grant.workspace),
        grant.role,
        may_write=grant.role != "read",
        may_archive=grant.role == "management",
    )
