"""``presetctl promote``."""

from __future__ import annotations

import sys

import click

from presetctl import reconcile
from presetctl.cli.apply import carry_out, check_can_ask
from presetctl.cli.console import give, say, style_for
from presetctl.cli.declared import check_valid
from presetctl.cli.locking import lock_timeout_option, locked
from presetctl.cli.recording import Recorder
from presetctl.cli.session import Session
from presetctl.domain.errors import InputError, UsageError
from presetctl.domain.state import ActualState
from presetctl.guard import Consent
from presetctl.load.atomic import write_atomically
from presetctl.load.git import head
from presetctl.load.tree import WorkTree
from presetctl.promoter import Promoter
from presetctl.promotion import Promotions, idle
from presetctl.report.json import as_text
from presetctl.report.promotion import promotions_document, promotions_text
from presetctl.report.safe import one_line
from presetctl.repository import Repository, Selection

PARTLY, NONE = 6, 3
_NEXT = "Review the edit, commit it, and see `presetctl plan -w {}`."
_NOTHING_WRITTEN = "Nothing was written: --write makes this edit, --apply also applies it."


@click.command("promote")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--live", is_flag=True, help="Promote what FROM serves now instead of what it is declared to be.")
@click.option(
    "--include", multiple=True, metavar="FIELD", help="Promote FIELD though TO's override names it; repeat for more."
)
@click.option("--write", "writes", is_flag=True, help="Make the edit of the files.")
@click.option("--apply", "applies", is_flag=True, help="Make the edit, and apply it to TO after asking.")
@click.option("--yes", is_flag=True, help="With --apply: don't ask.")
@click.option("--allow-wipe", multiple=True, metavar="SLUG", help="With --apply: as for `presetctl apply`.")
@click.option("--allow-protected", multiple=True, metavar="NAME", help="With --apply: as for `presetctl apply`.")
@click.option(
    "--allow-updates", type=click.IntRange(0), default=0, metavar="N", help="With --apply: as for `presetctl apply`."
)
@lock_timeout_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    target: str,
    slugs: tuple[str, ...],
    live: bool,
    include: tuple[str, ...],
    writes: bool,
    applies: bool,
    yes: bool,
    allow_wipe: tuple[str, ...],
    allow_protected: tuple[str, ...],
    allow_updates: int,
    lock_timeout: float,
    form: str,
) -> None:
    """Show where workspace TO differs from FROM, and the edit of the files that makes its presets like FROM's.

    The edit goes into TO's `overrides` and changes no other workspace. A field that TO's override names already is
    meant to differ: it stays, and is listed; --include promotes it by name. Without --write or --apply nothing is
    changed anywhere. With --apply and --format json, the document is that of `presetctl apply`.

    \b
    Examples:
      presetctl promote staging production
      presetctl promote staging production email-copywriter --write
      presetctl promote staging production --include config.model --apply
      presetctl promote staging production --live
    """
    if applies:
        check_can_ask(yes)
    session = Session.open(ctx)
    repository = session.repository()
    for name in (source, target):
        repository.check_provider(name, slugs)
    if applies:
        session.workspace(repository, target)  # one that can be opened: not that of several users
    promoter = _promoter(session, repository, source, target, slugs, include, live)
    found = promoter.promote(sorted(Selection(slugs).of(repository.rendered.workspaces[target])))
    _check_served(found, slugs)
    edited = [promotion.slug for promotion in found.presets if promotion.files]
    for name in idle(include, found):
        say(f"--include {one_line(name)}: nothing that differs has this name.")
    if not (applies and edited):
        if writes:
            _write(session, found)
        _show(found, form, written=writes and bool(edited))
        if edited:
            say(_NEXT.format(target) if writes else _NOTHING_WRITTEN)
        ctx.exit(_code(found))
    _show_before_apply(found, form)
    consent = Consent(frozenset(allow_wipe), frozenset(allow_protected), allow_updates)
    with (
        locked(session, repository, target, lock_timeout),
        session.connection(repository, target, writes=True) as connection,
    ):
        _write(session, found)
        say(f"The files stay edited, whatever becomes of it: `presetctl apply -w {target}` applies them later, too.")
        again = session.repository()
        planned = reconcile.plan(again, target, connection.reader, head(session.root), Selection(edited))
        recorder = Recorder.of(session, again, target)
        code = carry_out(again, planned, connection, recorder, yes=yes, consent=consent, form=form)
    ctx.exit(code or _code(found))


def _promoter(
    session: Session,
    repository: Repository,
    source: str,
    target: str,
    slugs: tuple[str, ...],
    include: tuple[str, ...],
    live: bool,
) -> Promoter:
    publishing = [name for name in (source, target) if repository.settings(name).publishes]
    if source == target:
        raise UsageError(f"{source} can't be promoted to itself", hint="name two workspaces: FROM and TO")
    if len(publishing) == 1:
        raise UsageError(
            f"of {source} and {target} only {publishing[0]} publishes model specs, so their presets hold other things",
            hint=f"`presetctl diff {source}: {target}:` shows what differs",
        )
    check_valid(repository)
    actual = _live(session, repository, source, slugs) if live else None
    return Promoter(WorkTree(session.root), repository, source, target, include, actual)


def _live(session: Session, repository: Repository, source: str, slugs: tuple[str, ...]) -> ActualState:
    session.workspace(repository, source)
    chosen = Selection(slugs).of(repository.rendered.workspaces[source])
    with session.connection(repository, source) as connection:
        return reconcile.gather(repository, source, connection.reader, chosen.keys())


def _check_served(found: Promotions, slugs: tuple[str, ...]) -> None:
    """InputError where a named preset has nothing that could be promoted."""
    for slug in found.missing:
        if slug in slugs:
            raise InputError(f"{found.source} serves nothing of {slug}", hint="apply it there first")


def _show(found: Promotions, form: str, *, written: bool) -> None:
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(promotions_document(found, written)))
    else:
        give(promotions_text(found, style), style)


def _show_before_apply(found: Promotions, form: str) -> None:
    """As talk where the one document on stdout is that of the apply."""
    style = style_for(sys.stderr if form == "json" else sys.stdout)
    (say if form == "json" else give)(promotions_text(found, style), style)


def _write(session: Session, found: Promotions) -> None:
    for path, (_, after) in found.files.items():
        (session.root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(session.root / path, after)
        say(f"written  {path}")


def _code(found: Promotions) -> int:
    return (PARTLY if found.files else NONE) if found.refused else 0
