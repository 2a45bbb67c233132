"""``presetctl list``."""

from __future__ import annotations

import sys

import click

from presetctl import reconcile
from presetctl.cli.console import give, style_for
from presetctl.cli.declared import check_valid
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.provider import capabilities
from presetctl.inventory import inventory
from presetctl.report.inventory import inventory_document, inventory_text
from presetctl.report.json import as_text


@click.command("list")
@workspace_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(ctx: click.Context, workspace: str | None, form: str) -> None:
    """List every preset of a workspace, and the declared ones that it doesn't have yet.

    In sync is what is live as the files say; pending what apply would change; unmanaged what no file declares. Only
    declared presets are read: of the others, kind, version and time are not known. `presetctl status` asks git too.

    \b
    Examples:
      presetctl list
      presetctl list -w production --format json
    """
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    check_valid(repository)
    with session.connection(repository, name) as connection:
        actual = reconcile.gather(repository, name, connection.reader)
    kinds, settings = repository.kinds_in_use(name), repository.settings(name)
    rows = inventory(repository.rendered.workspaces[name], actual, kinds, settings.not_kept)
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(inventory_document(rows, name)))
    else:
        give(inventory_text(rows, name, style, counted=capabilities(settings.provider).versions), style)
