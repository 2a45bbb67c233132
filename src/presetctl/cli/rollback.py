"""``presetctl rollback``."""

from __future__ import annotations

import re
from contextlib import nullcontext

import click

from presetctl import reconcile
from presetctl.adoption import Adopter
from presetctl.cli.adopt import write_adopted
from presetctl.cli.apply import carry_out, check_can_ask
from presetctl.cli.console import give, say
from presetctl.cli.declared import asking_past, check_valid, declared_preset
from presetctl.cli.locking import lock_timeout_option, locked
from presetctl.cli.recording import Recorder
from presetctl.cli.session import Session, no_such_version, workspace_option
from presetctl.domain.errors import UsageError
from presetctl.domain.preset import Content
from presetctl.domain.state import numbered
from presetctl.guard import Consent
from presetctl.load.git import head
from presetctl.load.tree import WorkTree
from presetctl.persistence import kept
from presetctl.ports import PresetReader
from presetctl.report.text import Style, plan_text
from presetctl.repository import Repository, Selection

_VERSION = re.compile(r"v?([0-9]{1,9})", re.ASCII)


@click.command("rollback")
@click.argument("slug")
@click.option("--to", "target", required=True, metavar="VERSION|COMMIT", help="A version number, or a commit.")
@workspace_option
@click.option("--apply", "applies", is_flag=True, help="Apply the edit right away, after asking.")
@click.option("--yes", is_flag=True, help="With --apply: don't ask.")
@click.option(
    "--allow-protected", multiple=True, metavar="NAME", help="Agree to change a protected preset or workspace."
)
@lock_timeout_option
@click.pass_context
def command(
    ctx: click.Context,
    slug: str,
    target: str,
    workspace: str | None,
    applies: bool,
    yes: bool,
    allow_protected: tuple[str, ...],
    lock_timeout: float,
) -> None:
    """Go back to what a preset was in an earlier version or commit.

    No workspace can make an old version live again. So the old content is written into the preset's files, as an edit
    that you can review and commit, and the plan is shown; applying it makes a new version with the old content.

    \b
    Examples:
      presetctl rollback email-copywriter --to 3
      presetctl rollback email-copywriter --to HEAD~2 --apply
    """
    if applies:
        check_can_ask(yes)
    session = Session.open(ctx)
    repository = session.repository()
    check_valid(repository)
    name = session.workspace(repository, workspace)
    declared_preset(repository, name, slug)
    lock = locked(session, repository, name, lock_timeout) if applies else nullcontext()
    with lock, session.connection(repository, name, writes=applies) as connection:
        content = _content(session, repository, name, slug, target, connection.reader)
        adopted = Adopter(WorkTree(session.root), session.schemas, repository, name).update(slug, content)
        write_adopted(session, adopted)
        edited = session.repository()
        ask_past = asking_past(session, edited, name)
        planned = reconcile.plan(
            edited, name, connection.reader, head(session.root), Selection([slug]), ask_past=ask_past
        )
        if applies:
            consent = Consent(protected=frozenset(allow_protected))
            recorder = Recorder.of(session, edited, name)
            ctx.exit(carry_out(edited, planned, connection, recorder, yes=yes, consent=consent, form="human"))
    give(plan_text(planned.plan, Style()))
    say("Nothing was applied. Review the edit, commit it, and apply.")


def _content(
    session: Session, repository: Repository, workspace: str, slug: str, target: str, reader: PresetReader
) -> Content:
    number = _VERSION.fullmatch(target)
    if number is not None:
        versions = numbered(reader.list_versions(slug))
        if int(number[1]) not in versions:
            provider = repository.settings(workspace).provider
            raise no_such_version(workspace, provider, slug, int(number[1]), versions)
        return versions[int(number[1])].content
    preset = session.required_base(target, workspace).presets.get(slug)
    if preset is None:
        raise UsageError(f"commit {target} declares no preset {slug}", hint=f"see `presetctl history {slug}`")
    return kept(repository.kinds.kind(preset.kind), preset.content)
