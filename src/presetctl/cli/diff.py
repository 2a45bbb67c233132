"""``presetctl diff``."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping

import click

from presetctl.cli.console import give, style_for
from presetctl.cli.session import Session, workspace_option
from presetctl.cli.sides import InWorkspace, OfVersion, Side, SideReader, parse_side
from presetctl.comparison import Comparison, Held, compare
from presetctl.domain.errors import UsageError
from presetctl.domain.kind import Kind
from presetctl.nearest import nearest
from presetctl.report.comparison import comparison_document, comparison_text
from presetctl.report.json import as_text
from presetctl.repository import Repository

DIFFERENT = 2


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@workspace_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str,
    slugs: tuple[str, ...],
    workspace: str | None,
    form: str,
    detailed_exitcode: bool,
) -> None:
    """Show, field by field, how presets differ between A and B. Each of them is one of these:

    \b
      v3                  version 3 of SLUG
      HEAD~2, main, …     the files of a commit
      staging:            what is live in a workspace
      staging:slug        one preset of it
      staging:slug@v4     a version of that
      .                   the files as they are saved now
      presets/slug.yaml   one of them

    The word that could be two things is the first of these that fits: ./, ../ or / in front is a path, a colon a
    workspace, .yaml or .yml at the end a file, v and a number a version, and everything else a commit. With ~0 behind
    it, any name is a commit: v3~0 is what the tag v3 names.

    Versions are those in the workspace -w, and files are rendered for it. Without -w it's the workspace that the other
    side names, or else the default one. What means nothing is not shown: see `presetctl plan`.

    \b
    Examples:
      presetctl diff v3 v5 email-copywriter
      presetctl diff HEAD~2 . -w production
      presetctl diff staging: production:
      presetctl diff production:email-copywriter@v4 presets/email-copywriter.yaml
    """
    session = Session.open(ctx)
    repository = session.repository()
    sides = parse_side(before), parse_side(after)
    reader = SideReader(session, repository, _workspace(session, repository, workspace, sides))
    pair = _pair(sides, (reader.slug(sides[0]), reader.slug(sides[1])), slugs)
    chosen = (None, None) if pair is None else ([one for one, _ in pair], [other for _, other in pair])
    first, old = reader.read(sides[0], chosen[0])
    second, new = reader.read(sides[1], chosen[1])
    pairs = [(slug, slug) for slug in old.keys() | new.keys()] if pair is None else pair
    _check_known(pairs, old, new, repository.rendered.workspaces[reader.workspace])
    comparison = Comparison(
        first, second, compare(old, new, pairs, lambda slug: _kind(repository, first.workspace, slug))
    )
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(comparison_document(comparison)))
    else:
        give(comparison_text(comparison, style), style)
    ctx.exit(DIFFERENT if detailed_exitcode and comparison.differs else 0)


def _workspace(session: Session, repository: Repository, named: str | None, sides: tuple[Side, Side]) -> str:
    """The workspace of versions and renders."""
    mentioned = dict.fromkeys(side.name for side in sides if isinstance(side, InWorkspace))
    for name in mentioned:
        session.workspace(repository, name)  # UsageError where there is none of that name, or it has several users
    return session.workspace(repository, named or next(iter(mentioned), None))


def _pair(
    sides: tuple[Side, Side], own: tuple[str | None, str | None], slugs: tuple[str, ...]
) -> list[tuple[str, str]] | None:
    """The slugs to compare, on each side; None where it's all of both."""
    for slug in own:
        if slug is not None and slugs and set(slugs) != {slug}:
            raise UsageError(f"{slug} is named already, and so is {', '.join(slugs)}", hint="leave the latter away")
    if slugs:
        return [(slug, slug) for slug in dict.fromkeys(slugs)]
    one, other = own[0] or own[1], own[1] or own[0]
    if one is not None and other is not None:
        return [(one, other)]
    for side in sides:
        if isinstance(side, OfVersion):
            raise UsageError(
                f"v{side.number} is a version of which preset?",
                hint=f"name it after A and B; v{side.number}~0 is the commit of that name",
            )
    return None


def _check_known(
    pairs: Collection[tuple[str, str]], old: Mapping[str, Held], new: Mapping[str, Held], declared: Collection[str]
) -> None:
    for one, other in pairs:
        if one not in old and other not in new:
            near = nearest(one, declared)
            hint = f"did you mean {near}?" if near and near != one else "see `presetctl list`"
            names = one if one == other else f"{one} or {other}"
            raise UsageError(f"neither side has a preset {names}", hint=hint)


def _kind(repository: Repository, workspace: str, slug: str) -> Kind:
    """The kind of a preset that is stored on both sides: as declared, or else the project's default one."""
    preset = repository.rendered.workspaces[workspace].get(slug)
    return repository.kinds.kind(repository.project.project.defaults.kind if preset is None else preset.kind)
