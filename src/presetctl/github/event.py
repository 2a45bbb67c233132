"""What GitHub says of the event that started a workflow run: of which pull request, and who may have made the plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from presetctl.bounded import read_bounded
from presetctl.domain.errors import UsageError
from presetctl.domain.strict_json import parse_json

_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([1-9][0-9]{0,9})-[0-9a-f]{40,64}")
MAX_EVENT_BYTES = 32 * 1024 * 1024
"""An event may have 25 MB, as GitHub documents it."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is known of the change that a plan is for.

    ``number`` is the pull request, ``head`` its newest commit. After another workflow (``workflow_run``) the number is
    to be found by ``branch`` and ``head``, and ``run`` is that other run. ``fork`` says that files and plan come from
    somebody who may not write to the repository.
    """

    number: int | None = None
    head: str | None = None
    run: int | None = None
    branch: str | None = None
    """``OWNER:BRANCH``."""
    fork: bool = False
    queued: int | None = None
    """The pull request that a merge queue tries, with what is before it in the queue."""
    pushed: int | None = None
    """When there was a push: seconds since 1970."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class _Owner(_Model):
    login: str


class _Repository(_Model):
    full_name: str
    owner: _Owner


class _Head(_Model):
    sha: str
    repo: _Repository | None = None


class _PullRequest(_Model):
    number: int
    head: _Head


class _Run(_Model):
    id: int
    head_sha: str
    head_branch: str | None = None
    head_repository: _Repository | None = None


class _Group(_Model):
    head_ref: str


class _Pushed(_Model):
    pushed_at: int | str | None = None  # a number in the event of a push, a text in all others


class _Event(_Model):
    repository: _Pushed | None = None
    merge_group: _Group | None = None
    pull_request: _PullRequest | None = None
    workflow_run: _Run | None = None


def find_event(environment: Mapping[str, str], repository: str) -> Event:
    """What GITHUB_EVENT_PATH says; an empty event where the variable isn't set.

    UsageError where what it names can't be read.
    """
    path = environment.get("GITHUB_EVENT_PATH", "")
    if not path:
        return Event()
    try:
        said = _Event.model_validate(parse_json(read_bounded(Path(path), MAX_EVENT_BYTES), what="the event"))
    except (OSError, ValueError, ValidationError):
        raise UsageError("what GitHub says of the event, in GITHUB_EVENT_PATH, can't be read") from None
    if said.merge_group is not None:
        queued = _QUEUED.fullmatch(said.merge_group.head_ref)
        return Event(queued=int(queued[1]) if queued else None)
    if said.workflow_run is not None:
        return _after(said.workflow_run, repository)
    if said.pull_request is not None:
        head = said.pull_request.head
        return Event(said.pull_request.number, head.sha, fork=_is_fork(head.repo, repository))
    pushed = None if said.repository is None else said.repository.pushed_at
    return Event(pushed=pushed if isinstance(pushed, int) else None)


def _after(run: _Run, repository: str) -> Event:
    known = run.head_repository is not None and run.head_branch is not None
    branch = f"{run.head_repository.owner.login}:{run.head_branch}" if known and run.head_repository else None
    return Event(head=run.head_sha, run=run.id, branch=branch, fork=_is_fork(run.head_repository, repository))


def _is_fork(head: _Repository | None, repository: str) -> bool:
    """A head whose repository is gone counts as one: nobody can tell any more."""
    return head is None or head.full_name.lower() != repository.lower()
