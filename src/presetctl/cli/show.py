"""``presetctl show``."""

from __future__ import annotations

import sys

import click

from presetctl.cli.console import give, style_for
from presetctl.cli.declared import declared_preset
from presetctl.cli.session import Session, workspace_option
from presetctl.load.dump_yaml import dump
from presetctl.persistence import kept
from presetctl.report.json import as_text
from presetctl.report.preset import preset_document, preset_fields, preset_text


@click.command("show")
@click.argument("slug")
@workspace_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(ctx: click.Context, slug: str, workspace: str | None, form: str) -> None:
    """Show a preset as the files declare it for a workspace: defaults and overrides applied, prompt files read.

    Nothing is asked of the workspace.

    \b
    Examples:
      presetctl show email-copywriter
      presetctl show email-copywriter -w staging --format json
    """
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    preset = declared_preset(repository, name, slug)
    style = style_for(sys.stdout)
    if form == "json":
        content = kept(repository.kinds.kind(preset.kind), preset.content, repository.settings(name).not_kept)
        give(as_text(preset_document(preset, name, content.digest)))
    else:
        give(preset_text(preset, name, dump(preset_fields(preset)), style), style)
