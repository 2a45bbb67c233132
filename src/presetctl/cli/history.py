"""``presetctl history``."""

from __future__ import annotations

import sys

import click

from presetctl import reconcile
from presetctl.cli.console import give, style_for
from presetctl.cli.declared import renders
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.domain.history import VersionHistory, VersionRecord
from presetctl.domain.kind import Kind
from presetctl.domain.provider import capabilities
from presetctl.domain.state import Status
from presetctl.history import version_records
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

    Where a workspace keeps no versions (LibreChat's don't), it is every commit that made the preset another one, and
    which of them is live, by what it declares.

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
    if capabilities(repository.settings(name).provider).versions:
        history = _of_versions(session, repository, name, slug)
    else:
        history = _of_commits(session, repository, name, slug)
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(history_document(history)))
    else:
        give(history_text(history, style, fields=fields), style)


def _of_versions(session: Session, repository: Repository, workspace: str, slug: str) -> VersionHistory:
    """Every version, with the commit that it comes from. UsageError where there is no such preset."""
    with session.connection(repository, workspace) as connection:
        actual = reconcile.gather(repository, workspace, connection.reader, [slug])
        if slug not in actual.listed:
            raise _no_such_preset(workspace, slug)
        versions = connection.reader.list_versions(slug)
    held = actual.presets.get(slug)
    live = held.version.id if held is not None and held.version is not None else None
    found, limits = renders(session, repository, workspace)
    commits = [None] * len(versions) if found is None else found.trace(slug, versions)
    return VersionHistory(
        slug, workspace, version_records(versions, commits, live, _kind(repository, workspace, slug)), limits
    )


def _of_commits(session: Session, repository: Repository, workspace: str, slug: str) -> VersionHistory:
    """What commits declared, and what is live. UsageError where no commit did and the workspace hasn't it either."""
    with session.connection(repository, workspace) as connection:
        held = reconcile.gather(repository, workspace, connection.reader, [slug]).presets.get(slug)
    live = None if held is None else held.version
    found, limits = renders(session, repository, workspace)
    if found is not None:
        records = found.records(slug, live)
    else:
        records = () if live is None else (VersionRecord(live, True, None),)
    if held is None and not records:
        raise _no_such_preset(workspace, slug)
    if held is not None and held.status is Status.UNREADABLE:
        limits = (*limits, "what is live can't be read, since the server's content filter hides it")
    return VersionHistory(slug, workspace, records, limits, counted=False)


def _no_such_preset(workspace: str, slug: str) -> UsageError:
    return UsageError(f"{workspace} has no preset {slug}", hint="see `presetctl list`")


def _kind(repository: Repository, workspace: str, slug: str) -> Kind:
    preset = repository.rendered.workspaces[workspace].get(slug)
    return repository.kinds.kind(repository.project.project.defaults.kind if preset is None else preset.kind)
