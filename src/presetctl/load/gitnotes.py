"""Records of applies, kept as git notes of the commits that were applied: one line of JSON for each apply.

The notes have a ref of their own, which grows here and on the remote and is merged line by line. Nothing else that is
the user's changes: no other notes, no branch, no file.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from presetctl.domain.errors import InputError, RemoteError
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.load.git import GitRepository, own_identity
from presetctl.load.gitremote import GitRemote
from presetctl.load.gittree import read_blobs

NOTES = "refs/notes/presetctl"
_ATTEMPTS = 8
_PAUSE = 0.2
_MAX_LINE = 4 * 1024 * 1024
_Text = Annotated[str, Field(max_length=1000)]


class RecordedOutcome(BaseModel):
    """What became of one preset: words as in the outcome, and the digest of what it was to be, if anything."""

    model_config = ConfigDict(frozen=True, strict=True)

    slug: _Text
    action: _Text
    result: _Text
    version: int | None
    version_id: _Text | None
    digest: _Text | None


class Record(BaseModel):
    """One apply: of which commit, where, when (UTC), and what became of it. All of it is what somebody pushed."""

    model_config = ConfigDict(frozen=True, strict=True)

    commit: _Text
    workspace: _Text
    time: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
    tool_version: _Text
    fingerprint: _Text
    outcomes: tuple[RecordedOutcome, ...] = Field(strict=False)


def recorded(repository: GitRepository, remote: GitRemote | None = None) -> tuple[Record, ...]:
    """Every record that is known here, and with ``remote`` there too; oldest first. What is no record is left out.

    AccessError or RemoteError where the remote can't be asked.
    """
    tips = [_tip(repository), None if remote is None else remote.fetch(NOTES)]
    lines = {line for tip in tips if tip is not None for line in _lines(repository, tip)}
    records = (_parsed(commit, line) for commit, line in sorted(lines))
    return tuple(sorted((found for found in records if found is not None), key=lambda found: found.time))


def add_record(repository: GitRepository, commit: str, line: str) -> None:
    """Adds a line to the note of a commit, here. GitError or InputError where git can't."""
    for _ in _attempts():
        old = _tip(repository)
        with _scratch(repository, old) as ref:
            note = repository.ask("notes", "--ref", ref, "show", commit)
            text = f"{note}\n{line}\n" if note else f"{line}\n"
            _notes(repository, ref, "add", "-f", "-F", "-", commit, given=text)
            new = repository.commit(ref)
        if _move(repository, old, new):
            return
    raise InputError(f"{NOTES} changes all the time", hint="try again")


def share_records(repository: GitRepository, remote: GitRemote) -> None:
    """Makes the records here and on the remote the same: those of both.

    AccessError or RemoteError where the remote can't be asked or refuses; then the records here are as they were.
    """
    for _ in _attempts():
        ours, theirs = _tip(repository), remote.fetch(NOTES)
        if ours is None and theirs is None:
            return
        merged = _merged(repository, ours, theirs)
        if (merged == theirs or remote.swap(NOTES, theirs, merged)) and _move(repository, ours, merged):
            return
    raise RemoteError(f"{NOTES} on the git remote {remote.name} changes all the time", hint="the next record takes it")


def _merged(repository: GitRepository, ours: str | None, theirs: str | None) -> str:
    with _scratch(repository, theirs or ours) as ref:
        if ours is not None and theirs is not None:
            _notes(repository, ref, "merge", "--quiet", "-s", "cat_sort_uniq", ours)
        return repository.commit(ref)


@contextmanager
def _scratch(repository: GitRepository, start: str | None) -> Iterator[str]:
    """A notes ref for one moment: git writes notes nowhere else, and without a look at what others do to the ref."""
    ref = f"{NOTES}-{secrets.token_hex(8)}"
    if start is not None:
        repository.run("update-ref", ref, start)
    try:
        yield ref
    finally:
        repository.attempt("update-ref", "-d", ref)


def _notes(repository: GitRepository, ref: str, *words: str, given: str = "") -> None:
    repository.run("notes", "--ref", ref, *words, given=given.encode(), environment=own_identity())


def _tip(repository: GitRepository) -> str | None:
    return repository.ask("rev-parse", "--verify", "--quiet", f"{NOTES}^{{commit}}")


def _move(repository: GitRepository, old: str | None, new: str) -> bool:
    """Makes the ref here name ``new``; False where it isn't ``old`` any more."""
    return repository.attempt("update-ref", "-m", "presetctl", NOTES, new, old or "0" * len(new)).ok


def _lines(repository: GitRepository, tip: str) -> Iterator[tuple[str, str]]:
    """Pairs of a commit and a line of its note. Many notes are spread over folders named after their first letters."""
    listing = repository.run("ls-tree", "-r", "-z", "--full-tree", tip).decode("utf-8", "surrogateescape")
    rows = (row.split("\t", 1) for row in listing.split("\0")[:-1])
    notes = [(path.replace("/", ""), facts.split()[2]) for facts, path in rows if facts.split()[1] == "blob"]
    texts = dict(read_blobs(repository, sorted({blob for _, blob in notes})))
    for commit, blob in notes:
        for line in texts[blob].decode("utf-8", "replace").split("\n"):
            yield commit, line


def _parsed(commit: str, line: str) -> Record | None:
    try:
        value = parse_json(line[:_MAX_LINE].encode("utf-8", "replace"), what="the note")
        return Record.model_validate({**value, "commit": commit}) if isinstance(value, dict) else None
    except (JsonError, ValidationError):
        return None


def _attempts() -> Iterator[int]:
    for attempt in range(_ATTEMPTS):
        time.sleep(_PAUSE * attempt * secrets.randbelow(100) / 100)  # so that two don't meet again and again
        yield attempt
