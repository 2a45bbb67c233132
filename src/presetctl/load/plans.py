"""Saved plans: what `plan --out` wrote and `apply` must find unchanged."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from presetctl.domain.change import Action
from presetctl.domain.errors import InputError, StaleError
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.plan import FORMAT_VERSION, PendingKey, SavedPlan

MAX_PLAN_BYTES = 256 * 1024 * 1024


class _Digest(BaseModel):
    digest: str


class _Change(BaseModel):
    slug: str
    kind: str
    action: Action
    before: _Digest | None
    after: _Digest

    def key(self) -> PendingKey:
        return self.kind, self.action.value, self.before.digest if self.before else None, self.after.digest


class _Workspace(BaseModel):
    name: str


class _Plan(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    format_version: str
    workspace: _Workspace
    changes: list[_Change]
    fingerprint: str


def load_plan(path: Path) -> SavedPlan:
    """Reads a saved plan. InputError where it isn't one, StaleError where another format of plans made it."""
    document = read_plan_file(path)
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, str) and version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise StaleError(
            f"{path} has the plan format {version[:20]}, this presetctl writes {FORMAT_VERSION}; nothing was written",
            hint="make a new plan",
        )
    try:
        plan = _Plan.model_validate(document)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise InputError(
            f"{path} is not a plan: `{place or 'the document'}` is missing or has another form",
            hint="`presetctl plan --out FILE` makes one",
        ) from None
    pending = {change.slug: change.key() for change in plan.changes if change.action is not Action.NO_OP}
    slugs = tuple(change.slug for change in plan.changes)
    return SavedPlan(plan.workspace.name, plan.fingerprint, pending, slugs)


def read_plan_file(path: Path) -> Any:
    """The JSON value in a file. InputError where it can't be read, is too large, or isn't strict JSON."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_PLAN_BYTES:
                raise InputError(f"{path} is not a plan: not a regular file of at most 256 MiB")
            return parse_json(stream.read(MAX_PLAN_BYTES), what="the plan")
    except OSError as error:
        raise InputError(f"the plan {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        reason = str(error) if isinstance(error, JsonError) else "its path is not one"
        raise InputError(f"{path} is not a plan: {reason}", hint="`presetctl plan --out FILE` makes one") from None
