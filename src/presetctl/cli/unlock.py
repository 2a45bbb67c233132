"""``presetctl unlock``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from presetctl.cli.console import give, say
from presetctl.cli.locking import lock_of
from presetctl.cli.session import Session, workspace_option
from presetctl.domain.errors import SafetyError, StaleError, UsageError
from presetctl.report.lock import holder_text, lock_text
from presetctl.report.safe import inert


@click.command("unlock")
@workspace_option
@click.option("--holder", metavar="NAME", help="The holder, instead of typing the name.")
@click.pass_context
def command(ctx: click.Context, workspace: str | None, holder: str | None) -> None:
    """Remove the lock that an apply left behind on the git remote.

    The holder is shown, and the lock removed when you type that name, or gave it with --holder. Ask the holder first:
    an apply that is still at work is not stopped by this. Only the lock that was shown is removed, not one that
    somebody took meanwhile.

    \b
    Examples:
      presetctl unlock
      presetctl unlock -w production --holder ada@build-7
    """
    session = Session.open(ctx)
    name = session.targets(session.repository(), workspace)[0]
    lock = lock_of(session, name)
    held = lock.read()
    if held is None:
        give(f"{name} is not locked.")
        return
    say(inert(f"{name} is locked by {lock_text(held.lock, datetime.now(UTC))}."))
    _check_holder(holder_text(held.lock), holder)
    if not lock.remove(held):
        raise StaleError(
            f"the lock of {name} was released or taken by another just now; nothing was removed",
            hint=f"see who holds it now: presetctl unlock -w {name}",
        )
    give(f"The lock of {name} is removed.")


def _check_holder(real: str, named: str | None) -> None:
    if named is None and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask on; the lock is still there",
            hint="name the holder that is shown: --holder NAME",
        )
    named = click.prompt("Type the holder's name to remove the lock", err=True) if named is None else named
    if named != real:
        raise SafetyError("that is not who holds the lock; it is still there", hint="give the name as it is shown")
