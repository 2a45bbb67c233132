"""``presetctl plan``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from presetctl import reconcile
from presetctl.cli.console import give, say, style_for
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.load.atomic import write_atomically
from presetctl.load.git import head
from presetctl.reconcile import Selection
from presetctl.report.json import as_text, plan_document
from presetctl.report.text import plan_text

CHANGES = 2


@click.command("plan")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@workspace_option
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out presets whose slug matches.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.option("--out", metavar="FILE", help="Save the plan as JSON, for `presetctl apply FILE`.")
@click.option("--base", metavar="REF", help="Say of each field who changed it since this commit.")
@click.option("--offline", is_flag=True, help="Compare with the base alone; no workspace is read and no key needed.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.pass_context
def command(
    ctx: click.Context,
    slugs: tuple[str, ...],
    workspace: str | None,
    exclude: tuple[str, ...],
    form: str,
    out: str | None,
    base: str | None,
    offline: bool,
    detailed_exitcode: bool,
) -> None:
    """Show, field by field, what apply would change in a workspace. Nothing is ever written there.

    With a base, each field change says who made it: the files since then, or somebody in the workspace (drift). In a
    pull request on GitHub Actions, and on a branch with an upstream, the base is found without --base.

    \b
    Examples:
      presetctl plan
      presetctl plan -w production email-copywriter
      presetctl plan --exclude 'draft-*' --out plan.json
      presetctl plan --base main
      presetctl plan --base main --offline      for a pull request from a fork: needs no key
    """
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    compared, selection = session.base(base, name), Selection(slugs, exclude)
    if compared is not None and base is None:
        say(f"Compared with commit {compared.commit[:12]}, the {compared.reason}.")
    if offline:
        if compared is None:
            raise UsageError("--offline needs a base to compare with", hint="name it with --base")
        planned = reconcile.plan_offline(repository, name, compared, head(session.root), selection)
    else:
        with session.connection(repository, name) as connection:
            planned = reconcile.plan(repository, name, connection.reader, head(session.root), selection, compared)
    document = as_text(plan_document(planned.plan))
    if out is not None:
        write_atomically(session.start / Path(out), f"{document}\n".encode())
        say(f"The plan is saved in {out}.")
    for objection in () if offline else reconcile.objections(repository, planned):
        say(f"Apply would stop: {objection.message} ({objection.agree} agrees).")
    style = style_for(sys.stdout)
    give(document if form == "json" else plan_text(planned.plan, style), style)
    ctx.exit(CHANGES if detailed_exitcode and planned.plan.pending else 0)
