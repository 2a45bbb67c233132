"""What git's history says of some files: the commits that touched them, and everything that they ever were."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from presetctl.domain.history import Commit
from presetctl.load.git import GitRepository

MAX_COMMITS = 5000
"""How many commits are looked at, the newest ones."""

_FIELDS = "%H%x00%P%x00%cI%x00%an%x00%s"
# Every side of every merge, whatever the person's settings say of renames, relative paths and following.
_OPTIONS = ("--topo-order", "--full-history", "--root", "--diff-merges=separate", "--no-renames", "--no-relative")
_SETTINGS = ("--raw", "--no-abbrev", "--no-follow", "--encoding=UTF-8", "-z", f"--format={_FIELDS}")
_FILES = {"100644", "100755"}
_LINK = "120000"
_NOTHING = "000000"
# "Merge pull request #12 from …", "Calm the tone (#12)" of a squash, "Merged in … (pull request #12)".
_PULL_REQUEST = re.compile(r"^Merge pull request #(\d{1,9})\b|\((?:pull request )?#(\d{1,9})\)\s*$")


@dataclass(frozen=True, slots=True)
class Logged:
    """A commit, those that it grew from, and the files in which it differs from any of them."""

    commit: Commit
    parents: tuple[str, ...]
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Log:
    """``commits`` newest first, each before those that it grew from. ``blobs`` are pairs of path and blob id."""

    commits: tuple[Logged, ...]
    blobs: frozenset[tuple[str, str]]
    cut: bool
    """Whether there are more commits than are looked at."""
    links: frozenset[tuple[str, str]] = frozenset()
    """As ``blobs``, of symbolic links: the blob holds where one leads."""
    removed: frozenset[str] = frozenset()
    """The paths of what some commit removed."""


def read_log(
    repository: GitRepository, paths: Collection[str], *, everywhere: bool = False, limit: int = MAX_COMMITS
) -> Log:
    """The commits up to HEAD that touched ``paths``, files or folders relative to the project.

    With ``everywhere`` also those of all other branches, here and as last fetched. Sides of merges count, also where
    the merge dropped them. InputError where there is no commit yet.
    """
    tips = [repository.commit("HEAD"), *(["--branches", "--remotes"] if everywhere else [])]
    places = [f":(literal){path}" for path in sorted(paths)]
    printed = repository.run("log", *_OPTIONS, *_SETTINGS, f"--max-count={limit + 1}", *tips, "--", *places)
    commits: dict[str, Logged] = {}
    touched: dict[str, set[str]] = {}
    blobs: set[tuple[str, str]] = set()
    links: set[tuple[str, str]] = set()
    removed: set[str] = set()
    for item in _items(printed.decode("utf-8", "surrogateescape").split("\0")[:-1]):
        if isinstance(item, Logged):
            paths_of = touched.setdefault(item.commit.id, set())
            commits[item.commit.id] = item
            continue
        path = item.path.removeprefix(repository.prefix)
        paths_of.add(path)
        if item.mode in _FILES:
            blobs.add((path, item.blob))
        elif item.mode == _LINK:
            links.add((path, item.blob))
        elif item.mode == _NOTHING:
            removed.add(path)
    found = (replace(commit, paths=frozenset(touched[name])) for name, commit in commits.items())
    return Log(tuple(found)[:limit], frozenset(blobs), len(commits) > limit, frozenset(links), frozenset(removed))


def first_parents(
    repository: GitRepository, paths: Collection[str], limit: int = MAX_COMMITS
) -> list[tuple[str, float]]:
    """The commits on HEAD's own line that changed ``paths``, newest first, with their times in seconds since 1970.

    What a branch brought counts where it was merged, and when.
    """
    places = [f":(literal){path}" for path in sorted(paths)]
    options = ("--first-parent", "--no-relative", "--no-follow", f"--max-count={limit}", "--format=%H %ct")
    printed = repository.run("log", *options, repository.commit("HEAD"), "--", *places)
    return [(words[0], float(words[1])) for line in printed.decode().splitlines() if (words := line.split())]


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was after a commit that touched it."""

    path: str
    mode: str
    blob: str


def _items(tokens: list[str]) -> Iterator[Logged | _File]:
    """Commits, each before its files."""
    position = 0
    while position < len(tokens):
        token = tokens[position].lstrip("\n")
        if token.startswith(":"):
            _, mode, _, blob, _ = token.split(" ")
            yield _File(tokens[position + 1], mode, blob)
            position += 2
        else:
            yield _logged(token, *tokens[position + 1 : position + 5])
            position += 5


def _logged(commit: str, parents: str, time: str, author: str, subject: str) -> Logged:
    utc = re.sub(r"\+00:00$", "Z", time)  # as git writes it since 2.45
    return Logged(Commit(commit, utc, author, subject, pull_request(subject)), tuple(parents.split()))


def pull_request(subject: str) -> int | None:
    """The number of the pull request that a commit's subject names."""
    found = _PULL_REQUEST.search(subject)
    return int(found[1] or found[2]) if found else None
