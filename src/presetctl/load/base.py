"""The commit that the files are compared with, found without being named: from the upstream, or from what GitHub says.

What GitHub says of an event comes in a file; only the id of a commit is taken from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from presetctl.bounded import read_bounded
from presetctl.domain.strict_json import parse_json
from presetctl.load.git import Base, GitRepository

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""An event may have 25 MB, as GitHub documents it."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class NoBase:
    """Nothing tells where this change started. ``why`` is for people, and empty where none is to be expected."""

    why: str = ""


Found: TypeAlias = Base | NoBase

_NONE = NoBase()


def find_base(repository: GitRepository, environment: Mapping[str, str]) -> Found:
    """The commit that this change started from, as far as it's plain.

    On GitHub Actions it's the merge base with the target branch of a pull request, or what the branch was before a
    push; elsewhere the merge base with the upstream of the branch that is checked out. Where that is the commit that
    is checked out, nobody knows whether it was applied yet, so that it says nothing of who changed what.
    """
    target = environment.get("GITHUB_BASE_REF", "")
    if target:
        return _merge_base(repository, f"refs/remotes/origin/{target}", f"origin/{target}")
    if environment.get("GITHUB_EVENT_NAME") == "push" and environment.get("GITHUB_EVENT_PATH"):
        return _before_push(repository, Path(environment["GITHUB_EVENT_PATH"]))
    upstream = _commit(repository, "@{upstream}")
    commit = upstream and repository.merge_base("HEAD", upstream)
    return _unless_head(repository, Base(commit, "merge base with the upstream branch")) if commit else _NONE


def _merge_base(repository: GitRepository, other: str, name: str) -> Found:
    tip = _commit(repository, other)
    if tip is None:
        return NoBase(f"{name} is not in this clone: {_fetch(repository)}")
    commit = repository.merge_base("HEAD", tip)
    if commit is None:
        why = f"HEAD and {name} have no commit in common here"
        return NoBase(f"{why}: {_fetch(repository)}" if repository.shallow() else why)
    return _unless_head(repository, Base(commit, f"merge base with {name}"))


def _before_push(repository: GitRepository, event: Path) -> Found:
    try:
        said = parse_json(read_bounded(event, MAX_EVENT_BYTES), what="GITHUB_EVENT_PATH")
    except (OSError, ValueError):
        return NoBase("what GitHub says of this push, in GITHUB_EVENT_PATH, can't be read")
    before = said.get("before") if isinstance(said, Mapping) else None
    if not isinstance(before, str) or not _COMMIT.fullmatch(before):
        return NoBase("what GitHub says of this push, in GITHUB_EVENT_PATH, names no commit before it")
    if not before.strip("0"):
        return NoBase("this push made the branch or tag, so that there was nothing before it")
    commit = _commit(repository, before)
    if commit is None:
        why = f"commit {before[:12]}, which was there before this push, is not in this clone"
        return NoBase(f"{why}: {_fetch(repository)}")
    return _unless_head(repository, Base(commit, "commit before this push"))


def _unless_head(repository: GitRepository, base: Base) -> Found:
    return _NONE if base.commit == _commit(repository, "HEAD") else base


def _commit(repository: GitRepository, name: str) -> str | None:
    return repository.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _fetch(repository: GitRepository) -> str:
    more = " --unshallow" if repository.shallow() else ""
    return f"`git fetch{more}` brings what is missing, and so does `fetch-depth: 0` of actions/checkout"
