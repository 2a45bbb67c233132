"""Which pull request is meant, and which one a commit of the main branch came from."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from presetctl.domain.errors import RemoteError, UsageError
from presetctl.domain.values import JsonObject
from presetctl.github.api import GitHub
from presetctl.github.event import Event

LAG_SECONDS, LAG_PAUSE_SECONDS = 60, 5
"""How long GitHub may take to find the pull request of a new commit, and how long is waited before the next try."""


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class _Repository(_Lenient):
    full_name: str


class _Head(_Lenient):
    sha: str
    repo: _Repository | None = None


class Pull(_Lenient):
    """A pull request as the API lists it; times are GitHub's own strings, which sort as times do."""

    number: int
    html_url: str = ""
    head: _Head
    merged_at: str | None = None
    merge_commit_sha: str | None = None


def pull_number(github: GitHub, event: Event) -> int | None:
    """The pull request of an event.

    After another workflow it's the open one with just that branch and commit; None where it has moved on since, or was
    closed. UsageError where the event is of no pull request, or several have that branch and commit.
    """
    if event.number is not None:
        return event.number
    if event.branch is None:
        raise UsageError("which pull request? The event that started this is of none", hint="say --pull-request N")
    rows = github.rows("/pulls", {"state": "open", "head": event.branch})
    found = [pull.number for pull in map(_pull, rows) if pull.head.sha == event.head]
    if len(found) > 1:
        numbers = ", ".join(map(str, found))
        raise UsageError(f"pull requests {numbers} have the same branch and commit", hint="say --pull-request N")
    return found[0] if found else None


def merged_pull(github: GitHub, commit: str, pushed: int | None = None) -> Pull | None:
    """The merged pull request that brought ``commit``: by squashing, by rebasing, or by a merge.

    For a while after a merge GitHub doesn't know it yet, so that it's asked again as long as what was ``pushed``
    (seconds since 1970) is new.
    """
    for _ in range(LAG_SECONDS // LAG_PAUSE_SECONDS):
        found = _merged(github, commit)
        if found is not None or pushed is None or not 0 <= time.time() - pushed < LAG_SECONDS:
            return found
        github.wait(LAG_PAUSE_SECONDS)
    return _merged(github, commit)


def _merged(github: GitHub, commit: str) -> Pull | None:
    pulls = [pull for pull in map(_pull, github.rows(f"/commits/{commit}/pulls")) if pull.merged_at is not None]
    return _nearest([pull for pull in pulls if pull.merge_commit_sha == commit] or pulls)


def open_pull(github: GitHub, number: int) -> Pull | None:
    """The open pull request of that number."""
    pulls = map(_pull, github.rows("/pulls", {"state": "open"}))
    return next((pull for pull in pulls if pull.number == number), None)


def _nearest(pulls: Sequence[Pull]) -> Pull | None:
    """The one that was merged last: what a commit passed on its way from branch to branch is older."""
    return max(pulls, key=lambda pull: pull.merged_at or "", default=None)


def _pull(row: JsonObject) -> Pull:
    try:
        return Pull.model_validate(row)
    except ValidationError:
        raise RemoteError("GitHub's reply lacks what every pull request has", hint="check GITHUB_API_URL") from None
