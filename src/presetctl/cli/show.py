"""``presetctl show``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from presetctl.cli.declared import declared_preset
from presetctl.cli.reports import PLAN_FORMATS, Report, format_options, give_reports, plan_renderer
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.change import Plan
from presetctl.domain.errors import UsageError
from presetctl.domain.values import Json
from presetctl.load.dump_yaml import dump, dump_in_ascii
from presetctl.load.plans import load_plans
from presetctl.persistence import kept
from presetctl.report.json import as_text
from presetctl.report.preset import is_harmless, preset_document, preset_fields, preset_file, preset_text
from presetctl.report.text import Style

PRESET_FORMATS = ("human", "json", "yaml")


@click.command("show")
@click.argument("what", metavar="SLUG|PLANFILE")
@workspace_option
@format_options(*dict.fromkeys((*PLAN_FORMATS, *PRESET_FORMATS)))
@click.pass_context
def command(ctx: click.Context, what: str, workspace: str | None, form: str, reports: tuple[Report, ...]) -> None:
    """Show a preset as the files declare it for a workspace, or a saved plan.

    A preset is shown with defaults and overrides applied and prompt files read. A plan is shown from its file alone:
    it needs no project, no git and no key. Nothing is asked of any workspace. Markdown and HTML are for plans; YAML is
    for presets: one file that declares the same by itself.

    A word with a dot or a slash in it is the path of a plan file, since no slug has one: plan.json, ./plan.

    \b
    Examples:
      presetctl show email-copywriter
      presetctl show email-copywriter -w staging --format yaml
      presetctl show plan.json
      presetctl show plan.json --format markdown
    """
    if "." in what or "/" in what:
        folder = Path(ctx.find_root().obj)
        _check_formats(PLAN_FORMATS, form, reports, "a plan")
        plans, document = _plans(folder / what, workspace)
        give_reports(plan_renderer(plans, document), form, reports, folder)
    else:
        _show_preset(ctx, what, workspace, form, reports)


def _plans(path: Path, workspace: str | None) -> tuple[list[Plan], Json]:
    if workspace is not None:
        raise UsageError("a saved plan names its workspace itself", hint="leave -w away")
    return load_plans(path)


def _check_formats(formats: Sequence[str], form: str, reports: tuple[Report, ...], what: str) -> None:
    for asked in (form, *(report.form for report in reports)):
        if asked not in formats:
            raise UsageError(f"{what} has no format {asked}", hint=f"it is shown as {', '.join(formats)}")


def _show_preset(ctx: click.Context, slug: str, workspace: str | None, form: str, reports: tuple[Report, ...]) -> None:
    _check_formats(PRESET_FORMATS, form, reports, "a preset")
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
        if form == "yaml":
            return _yaml(preset_file(preset))
        return preset_text(preset, name, dump(preset_fields(preset)), style)

    give_reports(render, form, reports, session.start)


def _yaml(value: Json) -> str:
    text = dump(value)
    return (text if is_harmless(text) else dump_in_ascii(value)).removesuffix("\n")
