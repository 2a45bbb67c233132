"""Holding a workspace's lock for as long as a command reads and writes there."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from presetctl.cli.console import say
from presetctl.cli.session import Session
from presetctl.domain.errors import PresetctlError, StaleError
from presetctl.domain.lock import LEASE, Lock
from presetctl.domain.project import declared_name
from presetctl.load.git import GitRepository, head
from presetctl.load.gitlock import GitLock, Held
from presetctl.load.gitremote import GitRemote
from presetctl.report.lock import lock_text
from presetctl.report.safe import inert, one_line
from presetctl.repository import Repository

_Command = TypeVar("_Command", bound=Callable[..., Any])


def lock_timeout_option(command: _Command) -> _Command:
    """``--lock-timeout``."""
    return click.option(
        "--lock-timeout", type=click.FloatRange(0, 86400), default=0, metavar="SECONDS",
        help="Wait so long for the lock of a workspace with `lock: git`; not at all without.",
    )(command)  # fmt: skip


def lock_of(session: Session, workspace: str) -> GitLock:
    """Where a workspace's lock is. InputError where there is no git, or no remote."""
    return GitLock(GitRemote.of(GitRepository.around(session.root)), declared_name(workspace))


def holder_name(environment: Mapping[str, str]) -> str:
    """Who we are to others: what PRESETCTL_HOLDER says, the run on GitHub Actions, or the user and the machine."""
    named = environment.get("PRESETCTL_HOLDER", "").strip()
    actor, run = environment.get("GITHUB_ACTOR"), environment.get("GITHUB_RUN_ID")
    if not named and environment.get("GITHUB_ACTIONS") == "true" and actor and run:
        named = f"{actor}/{run}"
    return one_line(named or f"{_user()}@{socket.gethostname()}")[:200]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have
        return str(os.getuid())


@contextmanager
def locked(session: Session, repository: Repository, workspace: str, seconds: float) -> Iterator[None]:
    """Holds the workspace's lock, where it is to have one; waits so many seconds for it.

    StaleError, before anything is read, where somebody else holds it.
    """
    if repository.settings(workspace).lock is None:
        yield
        return
    lock = lock_of(session, workspace)
    now = datetime.now(UTC).replace(microsecond=0)
    mine = lock.prepare(Lock(holder_name(os.environ), now, head(session.root).commit, LEASE))
    taken = False
    try:
        _take(lock, mine, seconds)
        taken = True
        yield
    except BaseException as error:
        if taken or not isinstance(error, PresetctlError):  # Ctrl-C may come when the remote has it and we don't know
            _give_back(lock, mine, taken)
        raise
    _give_back(lock, mine, taken)


def _take(lock: GitLock, mine: Held, seconds: float) -> None:
    def waiting(other: Held) -> None:
        say(inert(f"Waiting for the lock of {lock.workspace}, held by {_shown(other)}."))

    other = lock.take(mine, seconds, waiting)
    if other is not None:
        raise StaleError(
            f"{lock.workspace} is locked by {_shown(other)}; nothing was written",
            hint=f"wait, also with --lock-timeout SECONDS; if nobody applies there any more: "
            f"presetctl unlock -w {lock.workspace}",
        )


def _shown(held: Held) -> str:
    return lock_text(held.lock, datetime.now(UTC))


def _give_back(lock: GitLock, mine: Held, taken: bool) -> None:
    """Removes our lock and no other. What goes wrong is told, since nothing that was written changes by it."""
    try:
        with _undisturbed():
            there = lock.remove(mine)
    except PresetctlError as error:
        why = inert(one_line(error.message))
        say(f"The lock of {lock.workspace} was not released: {why}\n  → presetctl unlock -w {lock.workspace}")
        return
    if taken and not there:
        say(
            f"Somebody removed the lock of {lock.workspace} before this command was done, so another may have written "
            f"at the same time.\n  → presetctl plan -w {lock.workspace}"
        )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """While this is open, Ctrl-C and SIGTERM do nothing: it ends soon, and what it does is what they would ask for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
