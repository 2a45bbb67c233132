"""``presetctl render``."""

from __future__ import annotations

from dataclasses import replace

import click

from presetctl.cli.console import give
from presetctl.cli.declared import declared_preset
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import InputError, UsageError
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Preset
from presetctl.domain.problem import Severity
from presetctl.domain.project import EMBEDDED, LibreChatWorkspace, Workspace
from presetctl.domain.values import show_path
from presetctl.kinds import Kinds
from presetctl.persistence import request_body
from presetctl.publishing import entry_of
from presetctl.report.json import as_text
from presetctl.report.preset import curl_text

_FORMATS = ("chat-completions", "messages", "responses")


@click.command("render")
@click.argument("slug", required=False)
@workspace_option
@click.option("--as", "request", type=click.Choice(_FORMATS), help="Another request format than the preset's own.")
@click.option("--curl", is_flag=True, help="A curl command instead of the body alone.")
@click.option("--modelspecs", is_flag=True, help="The section `modelSpecs` of librechat.yaml, of all presets.")
@click.option("--check", metavar="FILE", help="With --modelspecs: only compare FILE; exit with 3 if it differs.")
@click.option("--write", metavar="FILE", help="With --modelspecs: put it into FILE, and change nothing else there.")
@click.pass_context
def command(
    ctx: click.Context,
    slug: str | None,
    workspace: str | None,
    request: str | None,
    curl: bool,
    modelspecs: bool,
    check: str | None,
    write: str | None,
) -> None:
    """Print the request that apply sends for a preset: its body as JSON.

    Nothing is sent and no key is read. With --curl it's a whole command, in which the key is the workspace's variable;
    whoever runs it makes a new version. With --as it's the body in another request format, as far as that format has
    all fields of the preset.

    With --modelspecs it's what librechat.yaml says to give LibreChat's presets to every user, as YAML. FILE is a whole
    librechat.yaml, or just that section.

    \b
    Examples:
      presetctl render email-copywriter
      presetctl render email-copywriter -w production --curl
      presetctl render email-copywriter --as responses
      presetctl render --modelspecs
      presetctl render --modelspecs --check librechat.yaml      in CI
    """
    if modelspecs and slug is None and request is None and not curl:
        ctx.exit(_model_specs(Session.open(ctx), workspace, check, write))
    if slug is None or modelspecs or check is not None or write is not None:
        raise UsageError("render takes a preset's SLUG, or --modelspecs, with --check or --write where wanted")
    session = Session.open(ctx)
    repository = session.repository()
    name = session.workspace(repository, workspace)
    preset = declared_preset(repository, name, slug)
    if request is not None:
        preset = _translated(repository.kinds, preset, request)
    kind = repository.kinds.kind(preset.kind)
    if repository.settings(name).publishes:
        body = entry_of(slug, kind, preset.content)
    else:
        body = request_body(kind, preset.content)
    give(_curl(kind, preset, name, repository.settings(name)) if curl else as_text(body))


def _model_specs(session: Session, workspace: str | None, check: str | None, write: str | None) -> int:
    from presetctl.cli.model_specs import check_section, print_section, write_section

    if check is not None and write is not None:
        raise UsageError("--check compares and --write writes: one of the two")
    if check is not None:
        return check_section(session, workspace, check)
    if write is not None:
        write_section(session, workspace, write)
    else:
        print_section(session, workspace)
    return 0


def _translated(kinds: Kinds, preset: Preset, request: str) -> Preset:
    """The preset in another kind of the same provider. InputError where that kind doesn't take its config."""
    name = f"{preset.kind.split('/')[0]}/{request}"
    config, fields = preset.content.config, kinds.kind(name).config
    unknown = sorted(config.keys() - fields.keys())
    if unknown:
        raise InputError(
            f"{preset.slug} can't be written as {name}, which has no {', '.join(unknown)}",
            hint=f"`presetctl render {preset.slug}` prints it as {preset.kind}",
        )
    findings = [it for it in kinds.checker(name).findings(config) if it.severity is Severity.ERROR]
    if findings:
        said = "; ".join(f"{show_path(it.path) or 'config'}: {it.message}" for it in findings)
        raise InputError(f"{preset.slug} can't be written as {name}: {said}")
    return replace(preset, kind=name)


def _curl(kind: Kind, preset: Preset, workspace: str, settings: Workspace) -> str:
    if settings.url == EMBEDDED:
        raise UsageError(
            f"the workspace {workspace} is embedded and has no address that curl could reach",
            hint="name another workspace with -w, or put this one on a port with `presetctl serve`",
        )
    if isinstance(settings, LibreChatWorkspace):
        raise UsageError(
            f"{workspace} is a workspace of LibreChat, whose calls need a login first: no single curl command does it",
            hint=f"`presetctl render {preset.slug}` prints what would be sent",
        )
    path = kind.operation.removeprefix("POST ").replace("{slug}", preset.slug)
    return curl_text(f"{settings.url}{path}", settings.api_key_env, request_body(kind, preset.content))
