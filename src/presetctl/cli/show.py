"""``presetctl show``."""

from __future__ import annotations

from pathlib import Path

import click

from presetctl.cli.declared import declared_preset
from presetctl.cli.reports import PLAN_FORMATS, Report, format_options, give_reports, plan_renderer
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.change import Plan
from presetctl.domain.errors import UsageError
from presetctl.domain.values import Json
from presetctl.load.dump_yaml import dump
from presetctl.load.plans import load_plans
from presetctl.persistence import kept
from presetctl.report.json import as_text
from presetctl.report.preset import preset_document, preset_fields, preset_text
from presetctl.report.text import Style

PRESET_FORMATS = ("human", "json")


@click.command("show")
@click.argument("what", metavar="SLUG|PLANFILE")
@workspace_option
@format_options(*PLAN_FORMATS)
@click.pass_context
def command(ctx: click.Context, what: str, workspace: str | None, form: str, reports: tuple[Report, ...]) -> None:
    """Show a preset as the files declare it for a workspace, or a saved plan.

    A preset is shown with defaults and overrides applied and prompt files read. A plan is shown from its file alone:
    it needs no project, no git and no key. Nothing is asked of any workspace. Markdown and HTML are for plans.

    A word with a dot or a slash in it is the path of a plan file, since no slug has one: plan.json, ./plan.

    \b
    Examples:
      presetctl show email-copywriter
      presetctl show email-copywriter -w staging --format json
      presetctl show plan.json
      presetctl show plan.json --format markdown
    """
    if "." in what or "/" in what:
        folder = Path(ctx.find_root().obj)
        plans, document = _plans(folder / what, workspace)
        give_reports(plan_renderer(plans, document), form, reports, folder)
    else:
        _show_preset(ctx, what, workspace, form, reports)


def _plans(path: Path, workspace: str | None) -> tuple[list[Plan], Json]:
    if workspace is not None:
        raise UsageError("a saved plan names its workspace itself", hint="leave -w away")
    return load_plans(path)


def _show_preset(ctx: click.Context, slug: str, workspace: str | None, form: str, reports: tuple[Report, ...]) -> None:
    if any(asked not in PRESET_FORMATS for asked in (form, *(report.form for report in reports))):
        raise UsageError("only plans have this format", hint=f"a preset is shown as {' or '.join(PRESET_FORMATS)}")
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    if slug not in repository.rendered.workspaces[name] and (session.start / slug).is_file():
        raise UsageError(f"no file declares a preset {slug}", hint=f"the plan in that file is written ./{slug}")
    preset = declared_preset(repository, name, slug)

    def render(form: str, style: Style) -> str:
        if form == "json":
            content = kept(repository.kinds.kind(preset.kind), preset.content, repository.settings(name).not_kept)
            return as_text(preset_document(preset, name, content.digest))
        return preset_text(preset, name, dump(preset_fields(preset)), style)

    give_reports(render, form, reports, session.start)
