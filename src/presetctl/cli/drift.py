"""``presetctl drift``."""

from __future__ import annotations

import sys

import click

from presetctl import reconcile
from presetctl.cli.console import give, style_for
from presetctl.cli.declared import asking_past, renders
from presetctl.cli.session import Session, workspace_option
from presetctl.drift import DriftReport
from presetctl.history import with_origin
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
    declared: by whom and when, as far as the workspace tells. Exit code 2 when there is any drift.

    Pending is no drift: what is live comes from another commit, and the last one was not applied since; or the
    workspace has no trace of the preset. Nor are fields that the workspace was shown not to keep. Where history can't
    tell, in a shallow clone for example, it counts as drift.

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
        found = reconcile.find_drift(repository, name, connection.reader, base, asking_past(session, repository, name))
    history, limits = renders(session, repository, name)
    if history is not None:
        found = [with_origin(drift, history) for drift in found]
    report = DriftReport(name, base.commit, len(base.presets), tuple(found), limits)
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(drift_document(report)))
    else:
        give(drift_text(report, style), style)
    ctx.exit(DRIFTED if report.drifted else 0)
