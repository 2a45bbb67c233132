"""``presetctl status``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from presetctl import reconcile
from presetctl.cli.console import give, style_for
from presetctl.cli.declared import asking_past, check_valid, renders
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.domain.provider import capabilities
from presetctl.history import with_history
from presetctl.inventory import Row
from presetctl.report.inventory import inventory_document, inventory_text
from presetctl.report.json import as_text


@click.command("status")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@workspace_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(ctx: click.Context, slugs: tuple[str, ...], workspace: str | None, form: str) -> None:
    """Say how presets stand, with the help of git's history.

    Pending means that what is live comes from an older commit, or that the workspace doesn't have it yet; drifted that
    it comes from no commit, so that somebody edited it outside git. Orphaned is what was declared once and is no
    longer; unmanaged what never was. Nothing is written anywhere.

    \b
    Examples:
      presetctl status
      presetctl status email-copywriter -w production
      presetctl status --format json
    """
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    check_valid(repository)
    with session.connection(repository, name) as connection:
        past = asking_past(session, repository, name)
        rows = _selected(reconcile.standings(repository, name, connection.reader, past), slugs)
    history, limits = renders(session, repository, name)
    if history is not None:
        rows = [with_history(row, history) for row in rows]
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(inventory_document(rows, name, limits)))
    else:
        counted = capabilities(repository.settings(name).provider).versions
        give(inventory_text(rows, name, style, limits, counted=counted), style)


def _selected(rows: Sequence[Row], slugs: Sequence[str]) -> list[Row]:
    known = {row.slug for row in rows}
    for slug in slugs:
        if slug not in known:
            raise UsageError(f"{slug} is neither declared nor in the workspace", hint="see `presetctl list`")
    return [row for row in rows if not slugs or row.slug in slugs]
