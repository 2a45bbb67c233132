"""A pull request that brings into the files what somebody changed in a workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from presetctl.domain.errors import RemoteError, UsageError
from presetctl.domain.project import WORKSPACE_NAME
from presetctl.domain.values import JsonObject
from presetctl.github.api import GitHub

_BODY = """\
Somebody changed `{workspace}` outside git. This brings it into the files, byte for byte as they were otherwise.

Merge it to accept the change. To undo the change, close this and apply the files again.

Workflows don't start by themselves on a pull request that a workflow opened: close it and open it again."""


class _Pull(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)

    html_url: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """The pull request, and whether it was opened just now."""

    url: str
    new: bool


def propose(github: GitHub, branch: str, base: str, workspace: str) -> Proposed:
    """Opens a pull request from ``branch`` into ``base``, unless one from there is open. UsageError: no workspace."""
    if not re.fullmatch(WORKSPACE_NAME, workspace):
        raise UsageError("no workspace has such a name", hint="name it as presetctl.yaml does")
    owner = github.place.repository.partition("/")[0]

    def find() -> JsonObject | None:
        return next(github.rows("/pulls", {"state": "open", "head": f"{owner}:{branch}"}), None)

    found = find()
    if found is not None:
        return Proposed(_url(found), new=False)
    title = f"Take over what was changed in {workspace}"
    body = _BODY.format(workspace=workspace)
    made = github.create("/pulls", {"title": title, "head": branch, "base": base, "body": body}, find)
    return Proposed(_url(made), new=True)


def _url(row: JsonObject) -> str:
    try:
        return _Pull.model_validate(row).html_url
    except ValidationError:
        raise RemoteError("GitHub's reply lacks what every pull request has", hint="check GITHUB_API_URL") from None
