"""``presetctl history``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from presetctl import reconcile
from presetctl.cli.console import give, style_for
from presetctl.cli.declared import renders
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.domain.history import VersionHistory
from presetctl.domain.kind import Kind
from presetctl.domain.state import Version
from presetctl.history import version_records
from presetctl.ports import PresetReader
from presetctl.report.history import history_document, history_text
from presetctl.report.json import as_text
from presetctl.repository import Repository


@click.command("history")
@click.argument("slug")
@workspace_option
@click.option("--fields/--no-fields", default=True, show_default=True, help="What each version changed.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(ctx: click.Context, slug: str, workspace: str | None, fields: bool, form: str) -> None:
    """Show every version of a preset with the commit that it comes from, and what it changed.

    A version comes from the oldest commit whose files mean the same content, not looking behind the commit of the
    version before it; other branches count where this one has none. One that no commit declares was edited outside
    git. Times and creators are the workspace's own words; a pull request is known where the commit's subject, or that
    of the merge that brought it in, names it.

    \b
    Examples:
      presetctl history email-copywriter
      presetctl history email-copywriter -w production --no-fields
      presetctl history email-copywriter --format json
    """
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    with session.connection(repository, name) as connection:
        versions, live = _versions(repository, name, connection.reader, slug)
    found, limits = renders(session, repository, name)
    commits = [None] * len(versions) if found is None else found.trace(slug, versions)
    records = version_records(versions, commits, live, _kind(repository, name, slug))
    history = VersionHistory(slug, name, records, limits)
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(history_document(history)))
    else:
        give(history_text(history, style, fields=fields), style)


def _versions(
    repository: Repository, workspace: str, reader: PresetReader, slug: str
) -> tuple[Sequence[Version], str | None]:
    """Every version, oldest first, and the id of the one that is live. UsageError where there is no such preset."""
    actual = reconcile.gather(repository, workspace, reader, [slug])
    if slug not in actual.listed:
        raise UsageError(f"{workspace} has no preset {slug}", hint="see `presetctl list`")
    held = actual.presets.get(slug)
    live = held.version.id if held is not None and held.version is not None else None
    return reader.list_versions(slug), live


def _kind(repository: Repository, workspace: str, slug: str) -> Kind:
    preset = repository.rendered.workspaces[workspace].get(slug)
    return repository.kinds.kind(repository.project.project.defaults.kind if preset is None else preset.kind)
