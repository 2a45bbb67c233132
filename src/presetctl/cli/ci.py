"""``presetctl ci``: what a workflow on GitHub tells people and later steps. The plans are made by other commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from presetctl.cli.ci_files import outputs, path_of, summary
from presetctl.cli.console import give, say
from presetctl.domain.errors import UsageError
from presetctl.github.api import GitHub
from presetctl.github.approval import approval_document, check_plan, find_approval
from presetctl.github.comments import WORKFLOW_AUTHOR, Deed, PullRequest, Told
from presetctl.github.event import find_event
from presetctl.github.issues import Issues, Reported, Step
from presetctl.github.place import commit_id, find_place
from presetctl.github.proposal import propose
from presetctl.github.pulls import pull_number
from presetctl.github.stale import tell_stale
from presetctl.load.git import head
from presetctl.load.plans import load_plans
from presetctl.load.results import load_drift
from presetctl.providers.keys import read_secret
from presetctl.report.json import as_text
from presetctl.report.safe import one_line

TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable

MAX_ARTIFACT = 200

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DEEDS = {
    Deed.POSTED: "comment posted",
    Deed.EDITED: "comment edited",
    Deed.UNCHANGED: "comment is as it should be",
    Deed.NOT_NEEDED: "no changes, and no comment",
    Deed.NEWER: "comment left alone: a newer run wrote it",
}
_STEPS = {
    Step.OPENED: "issue opened",
    Step.REOPENED: "issue opened again",
    Step.UPDATED: "issue updated",
    Step.CLOSED: "issue closed: no drift any more",
    Step.UNCHANGED: "issue left alone: nothing changed",
    Step.NOT_NEEDED: "no drift, and no issue",
}


@click.group("ci")
def command() -> None:
    """Tell a pull request, an issue or a workflow on GitHub what plan, apply and drift found.

    The repository comes from GITHUB_REPOSITORY, the API's address from GITHUB_API_URL, and the token from GITHUB_TOKEN,
    or from the file that GITHUB_TOKEN_FILE names. On GitHub Actions only the token has to be handed in.

    \b
    Examples:
      presetctl plan --out plan.json && presetctl ci comment plan.json
      presetctl ci summary plan.json
      presetctl ci outputs plan.json
      presetctl drift --format json > drift.json; presetctl ci issue drift.json
      presetctl ci approved -w production
      presetctl ci stale plan.json --approved approved.json --pull-request 12
      presetctl ci pull-request --head presetctl/drift-production --base main -w production
    """


command.add_command(summary)
command.add_command(outputs)


def author_option(command: _Command) -> _Command:
    """``--author``."""
    return click.option(
        "--author", default=WORKFLOW_AUTHOR, show_default=True, metavar="LOGIN",
        help="Whose token it is. What others wrote is never taken for ours.",
    )(command)  # fmt: skip


@command.command("comment")
@click.argument("planfile")
@click.option(
    "--pull-request", "number", type=click.IntRange(1), metavar="N",
    help="The pull request; without it that of the event, also after another workflow (workflow_run).",
)  # fmt: skip
@click.option("--artifact", metavar="NAME", help="The artifact of this run with PLANFILE, for `ci approved`.")
@author_option
@click.pass_context
def comment(ctx: click.Context, planfile: str, number: int | None, artifact: str | None, author: str) -> None:
    """Show the plans in PLANFILE on a pull request: one comment for each workspace, edited in place.

    PLANFILE is what `presetctl plan --out` saved, or a document with several plans. The comment is found again by a
    hidden marker at its very start and by its author. Where there are no changes, a comment that is there says so, and
    none is posted. A comment of a newer run is left alone. Of several comments for one workspace the oldest is kept up;
    the others then point to it.

    Needs `permissions: {pull-requests: write}`.

    \b
    Examples:
      presetctl ci comment plan.json
      presetctl ci comment plan.json --artifact presetctl-plan --pull-request 12
    """
    if artifact is not None and len(artifact) > MAX_ARTIFACT:
        raise UsageError(f"--artifact takes at most {MAX_ARTIFACT} characters")
    plans, _ = load_plans(path_of(ctx, planfile))
    with _github() as github:
        event = find_event(os.environ, github.place.repository)
        number = pull_number(github, event) if number is None else number
        if number is None:
            say("No open pull request has this commit as its newest one any more; nothing to comment on.")
            return
        pull = PullRequest(github, number, author)
        for told in pull.tell_all(plans, event, artifact):
            give(_told(told))


def _told(told: Told) -> str:
    return one_line(f"{told.workspace}: {_DEEDS[told.deed]}{f'  {told.url}' if told.url else ''}")


@command.command("issue")
@click.argument("driftfile")
@click.option("--label", "labels", multiple=True, metavar="NAME", help="A label for a new issue; repeat for several.")
@author_option
@click.pass_context
def issue(ctx: click.Context, driftfile: str, labels: tuple[str, ...], author: str) -> None:
    """Keep one issue for each workspace about its drift.

    DRIFTFILE is what `presetctl drift --format json` printed. The issue is opened where there is drift, edited when the
    drift changes, closed when there is none any more, and opened again when drift comes back. Where somebody closed it,
    it stays closed as long as the drift is the same.

    Needs `permissions: {issues: write}`.

    \b
    Examples:
      presetctl drift -w production --format json > drift.json; presetctl ci issue drift.json
      presetctl ci issue drift.json --label drift
    """
    report = load_drift(path_of(ctx, driftfile))
    with _github() as github:
        give(_reported(report.workspace, Issues(github, author, labels).tell(report)))


def _reported(workspace: str, done: Reported) -> str:
    return one_line(f"{workspace}: {_STEPS[done.step]}{f'  {done.url}' if done.url else ''}")


@command.command("approved")
@click.option("-w", "--workspace", metavar="NAME", help="The workspace, where the pull request has plans of several.")
@click.option("--commit", metavar="SHA", help="The commit; without it HEAD of the checkout, or else GITHUB_SHA.")
@click.option("--plan", "planfile", metavar="PLANFILE", help="Also check that this file holds the approved plan.")
@author_option
@click.pass_context
def approved(ctx: click.Context, workspace: str | None, commit: str | None, planfile: str | None, author: str) -> None:
    """Print, as JSON, the plan that was shown in the pull request which a commit came from.

    Merges, squash merges and rebase merges are followed back to their pull request; in a merge queue, where nothing is
    merged yet, it is the one that the queue tries. Its comment tells the fingerprint,
    the run and its artifact, so that the plan can be fetched and given to `presetctl apply --compare`.

    Exit code 4: there is no such plan (no pull request, no comment, made by a fork or without the workspace). Exit
    code 5: the comment's plan is of another commit than the one that was merged, or PLANFILE holds another plan.

    Needs `permissions: {pull-requests: read, contents: read}`.

    \b
    Examples:
      presetctl ci approved -w production
      presetctl ci approved -w production --commit "$GITHUB_SHA" --plan plan.json
    """
    folder = Path(ctx.find_root().obj)
    sha = commit or head(folder).commit or os.environ.get("GITHUB_SHA")
    if not sha:
        raise UsageError("which commit? None is checked out, and GITHUB_SHA is not set", hint="say --commit SHA")
    with _github() as github:
        event = find_event(os.environ, github.place.repository)
        found = find_approval(
            github, commit_id(sha), author, workspace, replace(event, queued=None) if commit else event
        )
    if planfile is not None:
        check_plan(found, load_plans(path_of(ctx, planfile))[0])
    give(as_text(approval_document(found)))


@command.command("stale")
@click.argument("planfile")
@click.option("--approved", "approvedfile", required=True, metavar="PLANFILE", help="The plan that was approved.")
@click.option("--pull-request", "number", type=click.IntRange(1), required=True, metavar="N", help="Where it was.")
@author_option
@click.pass_context
def stale(ctx: click.Context, planfile: str, approvedfile: str, number: int, author: str) -> None:
    """Say on a pull request that its plan no longer holds, and what would be done now instead.

    PLANFILE is the new plan. The comment is one for each workspace, edited in place; `ci approved` never takes it for
    the plan of the pull request.

    Needs `permissions: {pull-requests: write}`.

    \b
    Examples:
      presetctl ci stale plan.json --approved approved.json --pull-request 12
    """
    before, now = (load_plans(path_of(ctx, file))[0] for file in (approvedfile, planfile))
    if len(before) != 1 or len(now) != 1:
        raise UsageError("one plan is compared with one", hint="`presetctl plan --out FILE` saves one")
    with _github() as github:
        give(_told(tell_stale(github, number, author, before[0], now[0])))


@command.command("pull-request")
@click.option("--head", "branch", required=True, metavar="BRANCH", help="The branch with the change.")
@click.option("--base", required=True, metavar="BRANCH", help="The branch that it's for.")
@click.option("-w", "--workspace", required=True, metavar="NAME", help="The workspace that the change comes from.")
def pull_request(branch: str, base: str, workspace: str) -> None:
    """Open a pull request with what `presetctl import --update` brought into the files.

    Where one is open from that branch already, it is left alone.

    Needs `permissions: {pull-requests: write}`, and that the settings of the repository let workflows open some.

    \b
    Examples:
      presetctl ci pull-request --head presetctl/drift-production --base main -w production
    """
    with _github() as github:
        proposed = propose(github, branch, base, workspace)
        give(one_line(f"{workspace}: pull request {'opened' if proposed.new else 'is open'}  {proposed.url}"))


@contextmanager
def _github() -> Iterator[GitHub]:
    place = find_place(os.environ)
    github = GitHub(place, read_secret("GitHub's API", TOKEN, os.environ, what="a token"))
    try:
        yield github
    finally:
        github.close()
