"""The plan that was approved with a pull request: from a commit of the main branch back to the comment with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from presetctl.domain.change import Plan
from presetctl.domain.errors import SafetyError, StaleError, UsageError
from presetctl.domain.values import Json
from presetctl.github.api import GitHub
from presetctl.github.comments import Comment, PullRequest
from presetctl.github.event import Event
from presetctl.github.marker import PlanMark
from presetctl.github.pulls import Pull, merged_pull, open_pull
from presetctl.report.json import header

_PLAN_AGAIN = "look at a new plan, and apply that"


@dataclass(frozen=True, slots=True)
class Approval:
    """A merged pull request, and what its comment says of the plan."""

    commit: str
    pull: Pull
    mark: PlanMark


def find_approval(github: GitHub, commit: str, author: str, workspace: str | None, event: Event) -> Approval:
    """The plan that was last shown in the pull request which ``commit`` came from, or that a merge queue tries.

    SafetyError (4) where there is none that can be trusted: no pull request, no comment, a plan by a fork or without
    the workspace. StaleError (5) where the comment is not of the commit that was merged. UsageError where there are
    several workspaces, and none is named.
    """
    queued = event.queued
    pull = merged_pull(github, commit, event.pushed) if queued is None else open_pull(github, queued)
    if pull is None:
        raise SafetyError(f"commit {commit[:12]} came with no pull request", hint=_PLAN_AGAIN)
    mark = _chosen(pull, PullRequest(github, pull.number, author).comments(workspace), workspace)
    _check(pull, mark)
    return Approval(commit, pull, mark)


def _chosen(pull: Pull, comments: Sequence[Comment], workspace: str | None) -> PlanMark:
    marks = {comment.mark.workspace: comment.mark for comment in reversed(comments)}  # the oldest one is kept up
    if not marks:
        where = f" of {workspace}" if workspace is not None else ""
        raise SafetyError(f"pull request {pull.number} has no comment with a plan{where}", hint=_PLAN_AGAIN)
    if len(marks) > 1:
        raise UsageError(f"pull request {pull.number} has plans of several workspaces", hint="name one with -w")
    return next(iter(marks.values()))


def _check(pull: Pull, mark: PlanMark) -> None:
    if not mark.trusted or mark.offline:
        why = "without the workspace" if mark.trusted else "by a run of a fork"
        raise SafetyError(f"the plan in pull request {pull.number} was made {why}", hint=_PLAN_AGAIN)
    if mark.head != pull.head.sha:
        raise StaleError(
            f"the plan in pull request {pull.number} is not of commit {pull.head.sha[:12]}, which was merged",
            hint=_PLAN_AGAIN,
        )


def check_plan(approval: Approval, plans: Sequence[Plan]) -> None:
    """StaleError where the plan of the approved workspace is not among ``plans``."""
    mark = approval.mark
    if not any((p.workspace.name, p.fingerprint) == (mark.workspace, mark.fingerprint) for p in plans):
        raise StaleError(
            f"the file does not hold the plan of {mark.workspace} that pull request {approval.pull.number} shows",
            hint="fetch the artifact of the run that the comment names",
        )


def approval_document(approval: Approval) -> dict[str, Json]:
    """An approval as JSON."""
    mark, pull = approval.mark, approval.pull
    return {
        **header(),
        "commit": approval.commit,
        "pull_request": pull.number,
        "url": pull.html_url,
        "head_sha": pull.head.sha,
        "workspace": mark.workspace,
        "changed": mark.changed,
        "fingerprint": mark.fingerprint,
        "run_id": mark.run_id,
        "artifact": mark.artifact,
    }
