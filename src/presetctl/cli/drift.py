"""``presetctl drift``."""

from __future__ import annotations

import sys

import click

from presetctl import reconcile
from presetctl.cli.console import give, style_for
from presetctl.cli.session import Session, workspace_option
from presetctl.report.drift import drift_document, drift_text
from presetctl.report.json import as_text

DRIFTED = 2


@click.command("drift")
@workspace_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(ctx: click.Context, workspace: str | None, form: str) -> None:
    """Show what a workspace holds otherwise than the last commit declares: edits in a dashboard, for example.

    What isn't committed doesn't count. Each preset is shown with the versions that were made since it was last as
    declared: by whom and when, as far as the workspace tells. Exit code 2 when there is any drift. A commit that
    was not applied yet looks the same from here: `presetctl plan` tells more.

    \b
    Examples:
      presetctl drift
      presetctl drift -w production --format json
    """
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    base = session.required_base("HEAD", name)
    with session.connection(repository, name) as connection:
        found = reconcile.find_drift(repository, name, connection.reader, base)
    style, presets = style_for(sys.stdout), len(base.presets)
    if form == "json":
        give(as_text(drift_document(found, name, base.commit, presets)))
    else:
        give(drift_text(found, name, base.commit, presets, style), style)
    ctx.exit(DRIFTED if found else 0)
