"""The lock of a workspace: a ref on the git remote that only one apply at a time can make."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from presetctl.domain.errors import GitError
from presetctl.domain.lock import UNKNOWN_HOLDER, Lock
from presetctl.load.git import GitRepository, own_identity
from presetctl.load.gitremote import GitRemote

LOCKS = "refs/presetctl/locks"
PAUSES = (0.5, 1.0, 2.0, 3.0, 5.0)
"""Seconds between two tries to get the lock; the last one stays."""
_MAX_BYTES = 64 * 1024
_UTC = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


class _Message(BaseModel):
    """What stands in a lock's commit message."""

    model_config = ConfigDict(hide_input_in_errors=True)

    holder: Annotated[str, Field(min_length=1, max_length=200)]
    since: Annotated[str, Field(pattern=_UTC)]
    commit: Annotated[str | None, Field(max_length=64)] = None
    lease_seconds: Annotated[int, Field(ge=0, le=366 * 86400)]


@dataclass(frozen=True, slots=True)
class Held:
    """A lock as it is on the remote: the object that the ref names, and what it says."""

    object: str
    lock: Lock


@dataclass(frozen=True)
class GitLock:
    """The place of one workspace's lock."""

    remote: GitRemote
    workspace: str

    @property
    def ref(self) -> str:
        """The lock's name on the remote."""
        return f"{LOCKS}/{self.workspace}"

    def read(self) -> Held | None:
        """The lock as it is now, or None where nobody holds it."""
        found = self.remote.fetch(self.ref)
        return None if found is None else Held(found, _parsed(self.remote.repository, found))

    def prepare(self, lock: Lock) -> Held:
        """Makes the lock's object, here and for nobody to see. No two are the same."""
        message = {
            "holder": lock.holder,
            "since": lock.since and lock.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "commit": lock.commit,
            "lease_seconds": lock.lease and int(lock.lease.total_seconds()),
            "token": secrets.token_hex(16),
        }
        return Held(_committed(self.remote.repository, json.dumps(message, indent=1)), lock)

    def take(self, mine: Held, seconds: float, waiting: Callable[[Held], None]) -> Held | None:
        """Puts ``mine`` there within so many seconds: None; or gives the lock that was in the way all the time.

        ``waiting`` is told once of the first one.
        """
        end = time.monotonic() + seconds
        tries, told = 0, False
        while not self.remote.swap(self.ref, None, mine.object):
            other = self.read()
            pause = PAUSES[min(tries, len(PAUSES) - 1)] if other is not None else 0
            left = end - time.monotonic()
            if other is not None and left <= 0:
                return other
            if other is not None and not told:
                waiting(other)
                told = True
            time.sleep(min(pause, max(left, 0)))
            tries += 1
        return None

    def remove(self, held: Held) -> bool:
        """Takes that very lock away; False where it's not there any more."""
        return self.remote.read(self.ref) == held.object and self.remote.swap(self.ref, held.object, None)


def _committed(repository: GitRepository, message: str) -> str:
    """A commit of nothing: servers that accept no other objects in refs accept commits."""
    tree = repository.run("mktree").decode().strip()
    made = repository.run("commit-tree", "--no-gpg-sign", tree, given=message.encode(), environment=own_identity())
    return made.decode().strip()


def _parsed(repository: GitRepository, name: str) -> Lock:
    """What a lock says, as far as it can be understood: anybody who may push can put anything there."""
    try:
        size = int(repository.run("cat-file", "-s", name))
        text = repository.run("cat-file", "commit", name) if size <= _MAX_BYTES else b""
        said = _Message.model_validate_json(text.partition(b"\n\n")[2])
        since = datetime.fromisoformat(said.since).astimezone(UTC)
    except (GitError, ValidationError, ValueError):
        return Lock(UNKNOWN_HOLDER)
    return Lock(said.holder, since, said.commit, timedelta(seconds=said.lease_seconds))
