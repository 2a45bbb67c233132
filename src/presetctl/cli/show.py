"""``presetctl show``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from presetctl.cli.console import give, style_for
from presetctl.cli.declared import declared_preset
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.load.dump_yaml import dump
from presetctl.load.plans import load_plans
from presetctl.persistence import kept
from presetctl.report.json import as_text
from presetctl.report.preset import preset_document, preset_fields, preset_text
from presetctl.report.text import plans_text


@click.command("show")
@click.argument("what", metavar="SLUG|PLANFILE")
@workspace_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(ctx: click.Context, what: str, workspace: str | None, form: str) -> None:
    """Show a preset as the files declare it for a workspace, or a saved plan.

    A preset is shown with defaults and overrides applied and prompt files read. A plan is shown from its file alone:
    it needs no project, no git and no key. Nothing is asked of any workspace.

    A word with a dot or a slash in it is the path of a plan file, since no slug has one: plan.json, ./plan.

    \b
    Examples:
      presetctl show email-copywriter
      presetctl show email-copywriter -w staging --format json
      presetctl show plan.json
    """
    if "." in what or "/" in what:
        _show_plans(Path(ctx.find_root().obj) / what, workspace, form)
    else:
        _show_preset(ctx, what, workspace, form)


def _show_plans(path: Path, workspace: str | None, form: str) -> None:
    if workspace is not None:
        raise UsageError("a saved plan names its workspace itself", hint="leave -w away")
    plans, document = load_plans(path)
    style = style_for(sys.stdout)
    give(as_text(document) if form == "json" else plans_text(plans, style), style)


def _show_preset(ctx: click.Context, slug: str, workspace: str | None, form: str) -> None:
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    if slug not in repository.rendered.workspaces[name] and (session.start / slug).is_file():
        raise UsageError(f"no file declares a preset {slug}", hint=f"the plan in that file is written ./{slug}")
    preset = declared_preset(repository, name, slug)
    style = style_for(sys.stdout)
    if form == "json":
        content = kept(repository.kinds.kind(preset.kind), preset.content, repository.settings(name).not_kept)
        give(as_text(preset_document(preset, name, content.digest)))
    else:
        give(preset_text(preset, name, dump(preset_fields(preset)), style), style)
