"""``presetctl import``."""

from __future__ import annotations

import click

from presetctl import reconcile
from presetctl.adoption import Adopted, Adopter, live_content
from presetctl.cli.console import give, say
from presetctl.cli.declared import check_valid, declared_preset
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.domain.state import Status
from presetctl.load.atomic import write_atomically
from presetctl.load.tree import WorkTree
from presetctl.ports import PresetReader
from presetctl.report.safe import inert, one_line
from presetctl.repository import Repository

PARTLY, NONE = 6, 3


@click.command("import")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--all", "everything", is_flag=True, help="Import every preset that no file declares.")
@click.option("--update", is_flag=True, help="Bring what somebody changed in the workspace into the files of SLUG.")
@workspace_option
@click.pass_context
def command(ctx: click.Context, slugs: tuple[str, ...], everything: bool, update: bool, workspace: str | None) -> None:
    """Write files for presets that exist only in a workspace, or bring a remote edit into existing files.

    New files are in the kind that fits, long prompts in a file of their own, without what servers add by themselves.
    With --update only the bytes change that must: comments, order and quoting stay. Either way the files are tried
    out first: with them, nothing is left to plan for these presets, or nothing is written.

    \b
    Examples:
      presetctl import email-copywriter
      presetctl import --all -w production
      presetctl import --update email-copywriter
    """
    if bool(slugs) == everything or (update and everything):
        raise UsageError("name the presets, or say --all", hint="--update takes names only")
    session = Session.open(ctx)
    repository = session.repository()
    check_valid(repository)
    name = session.workspace(repository, workspace)
    adopter = Adopter(WorkTree(session.root), session.schemas, repository, name)
    with session.connection(repository, name) as connection:
        if update:
            adopted = [_update(adopter, repository, name, slug, connection.reader) for slug in slugs]
        else:
            adopted = [_adopt(adopter, repository, name, slugs, connection.reader)]
    for one in adopted:
        write_adopted(session, one)
    ctx.exit(_code(adopted))


def _adopt(
    adopter: Adopter, repository: Repository, workspace: str, slugs: tuple[str, ...], reader: PresetReader
) -> Adopted:
    declared = repository.rendered.workspaces[workspace]
    for slug in slugs:
        if slug in declared:
            raise UsageError(
                f"{slug} is declared in {declared[slug].source.file}", hint="--update brings an edit into it"
            )
    listed = reconcile.gather(repository, workspace, reader, ()).listed
    unmanaged = sorted(s for s, row in listed.items() if s not in declared and row.status is not Status.ARCHIVED)
    wanted = list(slugs) or unmanaged
    return adopter.adopt(wanted, reconcile.gather(repository, workspace, reader, wanted))


def _update(adopter: Adopter, repository: Repository, workspace: str, slug: str, reader: PresetReader) -> Adopted:
    declared_preset(repository, workspace, slug)
    return adopter.update(slug, live_content(slug, reconcile.gather(repository, workspace, reader, [slug])))


def write_adopted(session: Session, adopted: Adopted) -> None:
    """Writes the files, and tells what was written, what was refused, and what else they change."""
    for path, data in adopted.files.items():
        (session.root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(session.root / path, data)
        give(f"written  {inert(one_line(path))}")
    for slug, reason in adopted.refused.items():
        say(f"refused  {one_line(slug)}: {one_line(reason)}")
    for note in adopted.notes:
        say(f"{one_line(note)}.")
    for slug in adopted.others:
        say(f"This also changes {slug}, which has the same prompt file: see `presetctl plan {slug}`.")
    for workspace in adopted.touched:
        say(f"This also changes the preset in {workspace}: see `presetctl plan -w {workspace}`.")
    if not adopted.files and not adopted.refused:
        give("Nothing to import.")


def _code(adopted: list[Adopted]) -> int:
    refused, written = any(one.refused for one in adopted), any(one.files for one in adopted)
    return (PARTLY if written else NONE) if refused else 0
