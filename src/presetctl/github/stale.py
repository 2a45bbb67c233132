"""A comment on a pull request whose plan no longer holds: what is otherwise, and what would be done now."""

from __future__ import annotations

from presetctl.domain.change import Plan
from presetctl.domain.errors import UsageError
from presetctl.domain.values import JsonObject
from presetctl.github.api import GitHub
from presetctl.github.comments import Deed, Told, Written, check_author, written
from presetctl.github.marker import StaleMark, read_mark
from presetctl.github.text import stale_text


def tell_stale(github: GitHub, number: int, author: str, approved: Plan, now: Plan) -> Told:
    """Says on pull request ``number`` how ``now`` differs from ``approved``; a comment that says so is edited.

    UsageError where the plans are of two workspaces, or do the same.
    """
    workspace = approved.workspace.name
    if now.workspace.name != workspace:
        raise UsageError(f"one plan is for {workspace}, and the other for {now.workspace.name}")
    if approved.fingerprint == now.fingerprint:
        raise UsageError("both plans do the same", hint="there is nothing to say")
    mark = StaleMark(workspace=workspace)
    body = stale_text(approved, now, mark, github.place)
    path = f"/issues/{number}/comments"

    def find() -> JsonObject | None:
        return next((row for row in github.rows(path) if _is(written(row, Written), author, mark)), None)

    found = find()
    if found is None:
        made = written(github.create(path, {"body": body}, find), Written)
        check_author(made, author)
        return Told(workspace, Deed.POSTED, made.html_url)
    there = written(found, Written)
    if there.body == body:
        return Told(workspace, Deed.UNCHANGED)
    edited = written(github.change(f"/issues/comments/{there.id}", {"body": body}), Written)
    return Told(workspace, Deed.EDITED, edited.html_url)


def _is(row: Written, author: str, mark: StaleMark) -> bool:
    return row.is_by(author) and read_mark((row.body or "").replace("\r\n", "\n"), StaleMark) == mark
