"""One comment per workspace on a pull request: found again by marker and author, and edited in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from presetctl.domain.change import Plan
from presetctl.domain.errors import InputError, RemoteError, UsageError
from presetctl.domain.project import TARGET_NAME
from presetctl.domain.values import JsonObject
from presetctl.github.api import GitHub
from presetctl.github.event import Event
from presetctl.github.marker import PlanMark, read_mark
from presetctl.github.place import is_commit
from presetctl.github.text import comment_text, superseded_text

_WORKSPACE = re.compile(TARGET_NAME)

WORKFLOW_AUTHOR = "github-actions[bot]"
"""The author of what is written with the token of a workflow run."""


MAX_COMMENTS = 100
"""How many comments one file may make: it may come from a fork."""


class Deed(StrEnum):
    """What becomes of a comment."""

    POSTED = "posted"
    EDITED = "edited"
    UNCHANGED = "unchanged"
    NOT_NEEDED = "not needed"
    NEWER = "left alone"


@dataclass(frozen=True, slots=True)
class Comment:
    """One of our own comments."""

    id: int
    body: str
    mark: PlanMark


@dataclass(frozen=True, slots=True)
class Told:
    """What was done for one workspace; ``url`` is where it stands, if anywhere."""

    workspace: str
    deed: Deed
    url: str = ""


class _User(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)

    login: str


class Written(BaseModel):
    """A comment or an issue as the API gives it. The author of what a removed account wrote is null."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)

    id: int
    user: _User | None = None
    body: str | None = None
    html_url: str = ""

    def is_by(self, author: str) -> bool:
        return self.user is not None and self.user.login.lower() == author.lower()


_Written = TypeVar("_Written", bound=Written)


def written(row: JsonObject, kind: type[_Written]) -> _Written:
    """A row of the API as ``kind``. RemoteError where it isn't one."""
    try:
        return kind.model_validate(row)
    except ValidationError:
        raise RemoteError("GitHub's reply lacks what every comment has", hint="check GITHUB_API_URL") from None


def check_author(made: Written, author: str) -> None:
    """UsageError where what was made is by somebody else: the next run would not find it."""
    if not made.is_by(author):
        name = made.user.login if made.user is not None else "somebody else"
        raise UsageError(
            f"this was written by {name}, and not by {author}: the next run would not find it",
            hint=f"say whose token it is: --author {name}",
        )


def decide(found: Sequence[Comment], wanted: PlanMark, body: str) -> Deed:
    """What is to be done, where ``found`` are the comments of this workspace, oldest first.

    Nothing is posted about no changes; a comment that is there is edited to say so. What a newer run wrote stays.
    """
    if not found:
        return Deed.POSTED if wanted.changed else Deed.NOT_NEEDED
    first = found[0]
    if first.mark.run_id is not None and wanted.run_id is not None and first.mark.run_id > wanted.run_id:
        return Deed.NEWER
    return Deed.UNCHANGED if first.body == body else Deed.EDITED


@dataclass(frozen=True)
class PullRequest:
    """The comments of ``author`` on one pull request, which are read once."""

    github: GitHub
    number: int
    author: str

    def comments(self, workspace: str | None = None) -> list[Comment]:
        """Ours with a plan, oldest first: of ``workspace``, or of all."""
        return [comment for comment in self._comments if workspace in (None, comment.mark.workspace)]

    @cached_property
    def _comments(self) -> list[Comment]:
        rows = [written(row, Written) for row in self.github.rows(f"/issues/{self.number}/comments")]
        found = [made for row in rows if row.is_by(self.author) for made in [_comment(row)] if made is not None]
        return sorted(found, key=lambda comment: comment.id)

    def tell_all(self, plans: Sequence[Plan], event: Event, artifact: str | None) -> Iterator[Told]:
        """Shows plans, each in the comment of its workspace. InputError where that can't be, before any is written."""
        place = self.github.place
        run = place.run if event.run is None else event.run
        marks = [plan_mark(plan, event, run, artifact) for plan in plans]
        if len({mark.workspace for mark in marks}) < len(marks):
            raise InputError("two of the plans are for the same workspace", hint="give one for each")
        if len(marks) > MAX_COMMENTS:
            raise InputError(f"more than {MAX_COMMENTS} plans are too many comments", hint="show them one by one")
        for plan, mark in zip(plans, marks, strict=True):
            yield self._tell(mark, comment_text(plan, mark, place))

    def _tell(self, mark: PlanMark, body: str) -> Told:
        found = self.comments(mark.workspace)
        deed = decide(found, mark, body)
        for other in found[1:]:
            self._edit(other.id, superseded_text(mark.workspace))
        match deed:
            case Deed.POSTED:
                return Told(mark.workspace, deed, self._post(body, mark).html_url)
            case Deed.EDITED:
                return Told(mark.workspace, deed, self._edit(found[0].id, body).html_url)
            case _:
                return Told(mark.workspace, deed)

    def _is(self, row: Written, mark: PlanMark) -> bool:
        return row.is_by(self.author) and read_mark(row.body or "", PlanMark) == mark

    def _edit(self, comment: int, body: str) -> Written:
        return written(self.github.change(f"/issues/comments/{comment}", {"body": body}), Written)

    def _post(self, body: str, mark: PlanMark) -> Written:
        def find() -> JsonObject | None:
            rows = self.github.rows(f"/issues/{self.number}/comments")
            return next((row for row in rows if self._is(written(row, Written), mark)), None)

        made = written(self.github.create(f"/issues/{self.number}/comments", {"body": body}, find), Written)
        check_author(made, self.author)
        return made


def plan_mark(plan: Plan, event: Event, run: int | None, artifact: str | None) -> PlanMark:
    """The marker of the comment with ``plan``, which may come from anywhere. InputError where it's of no workspace."""
    if not _WORKSPACE.fullmatch(plan.workspace.name):
        raise InputError("the plan is not of a workspace: no workspace has such a name", hint="make a new plan")
    commit = plan.head.commit if is_commit(plan.head.commit or "") else None
    return PlanMark(
        workspace=plan.workspace.name,
        fingerprint=plan.fingerprint,
        changed=bool(plan.pending),
        offline=plan.offline,
        trusted=not event.fork,
        head=event.head or commit,
        commit=commit,
        run_id=run,
        artifact=artifact,
    )


def _comment(row: Written) -> Comment | None:
    body = (row.body or "").replace("\r\n", "\n")
    mark = read_mark(body, PlanMark)
    return None if mark is None else Comment(row.id, body, mark)
