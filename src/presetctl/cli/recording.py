"""Keeping a record of an apply as a git note of the commit that was applied, where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from presetctl.cli.console import say
from presetctl.cli.session import Session
from presetctl.domain.change import Head, Plan
from presetctl.domain.errors import InputError, PresetctlError
from presetctl.domain.outcome import Outcome
from presetctl.load.git import GitRepository
from presetctl.load.gitnotes import NOTES, add_record, share_records
from presetctl.load.gitremote import GitRemote
from presetctl.report.json import as_text, record_document
from presetctl.report.safe import inert, one_line
from presetctl.repository import Repository

_Command = TypeVar("_Command", bound=Callable[..., Any])


def record_option(command: _Command) -> _Command:
    """``--record``."""
    return click.option(
        "--record", type=click.Choice(["notes", "none"]),
        help="Keep a record as a git note of the commit, or don't, whatever the workspace is set to.",
    )(command)  # fmt: skip


@dataclass(frozen=True)
class Recorder:
    """Records what became of plans; does nothing where no record is wanted.

    Nothing that goes wrong here changes the exit code: the presets are written, and what is missing is told.
    """

    session: Session
    wanted: bool

    @classmethod
    def of(cls, session: Session, repository: Repository, workspace: str, option: str | None = None) -> Recorder:
        """As the option says, else as the workspace is set."""
        return cls(session, (option or repository.settings(workspace).record) == "notes")

    def __call__(self, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        """Adds the record to the note of the commit, and takes it to the git remote."""
        if not self.wanted or not outcomes:
            return
        reason = _not_a_commit(plan.head)
        try:
            if not reason:
                self._record(str(plan.head.commit), as_text(record_document(plan, outcomes, datetime.now(UTC)), None))
        except PresetctlError as error:
            reason = error.message
        if reason:
            say(f"No record was kept: {inert(one_line(reason))}.")

    def _record(self, commit: str, line: str) -> None:
        repository = GitRepository.around(self.session.root)
        add_record(repository, commit, line)
        try:
            remote = GitRemote.of(repository)
            share_records(repository, remote)
        except PresetctlError as error:
            why = "there is no git remote to take it to" if isinstance(error, InputError) else error.message
            say(f"Recorded in {NOTES}, in this clone only: {inert(one_line(why))}. The next record takes it along.")
        else:
            say(f"Recorded in {NOTES}, here and on {one_line(remote.name)}.")


def _not_a_commit(head: Head) -> str:
    """Why what was applied is no commit; empty where it is one."""
    if head.commit is None:
        return "what was applied is in no commit"
    return f"the files differ from commit {head.commit[:12]}" if head.dirty else ""
