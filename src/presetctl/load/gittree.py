"""The files of a commit, read from git's store: nothing is checked out, and nothing is changed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from presetctl.domain.errors import GitError, InputError
from presetctl.load.git import GitRepository

_LINK = "120000"
_FILES = {"100644", "100755", _LINK}
_LINKS_FOLLOWED = 8
_FETCHED_AT_ONCE = 1024 * 1024
"""Bytes of a file up to which it is fetched together with the others of its folder."""


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    blob: str
    size: int


class GitTree:
    """The FileTree of one commit, below the project's folder."""

    def __init__(self, repository: GitRepository, commit: str) -> None:
        self.commit = commit
        self._repository = repository
        self._contents: dict[str, bytes] = {}

    def files(self, folder: str) -> list[str]:
        """Every file below ``folder``, sorted, without what is hidden."""
        prefix = "" if folder in {"", "."} else f"{posixpath.normpath(folder)}/"
        found = [path for path in self._entries if path.startswith(prefix) and not _hidden(path[len(prefix) :])]
        small = {self._entries[path].blob for path in found if self._entries[path].size <= _FETCHED_AT_ONCE}
        self._contents.update(self._blobs(sorted(small - self._contents.keys())))
        return sorted(found)

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one file. InputError if it's missing, leads outside, or is above ``limit`` bytes.

        GitError if the commit has it and git doesn't.
        """
        entry = self._followed(path)
        if entry.size > limit:
            raise InputError(f"{path} is larger than {limit:,} bytes", hint="make it smaller")
        if entry.blob not in self._contents:
            self._contents.update(self._blobs([entry.blob]))
        return self._contents[entry.blob]

    def _followed(self, path: str) -> _Entry:
        name = path
        for _ in range(_LINKS_FOLLOWED):
            entry = self._entries.get(name)
            if entry is None:
                raise InputError(f"{path} does not exist in commit {self.commit[:12]}", hint="check the spelling")
            if entry.mode != _LINK:
                return entry
            target = dict(self._blobs([entry.blob]))[entry.blob].decode("utf-8", "surrogateescape")
            name = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        raise InputError(f"{path} is a symbolic link in circles", hint="replace the link with a file")

    @cached_property
    def _entries(self) -> dict[str, _Entry]:
        listing = self._repository.run("ls-tree", "-r", "-l", "-z", "--full-tree", self.commit)
        return dict(self._parsed(listing))

    def _parsed(self, listing: bytes) -> Iterator[tuple[str, _Entry]]:
        for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            facts, path = line.split("\t", 1)
            mode, _, blob, size = facts.split()
            if mode in _FILES and path.startswith(self._repository.prefix):
                yield path[len(self._repository.prefix) :], _Entry(mode, blob, int(size))

    def _blobs(self, blobs: list[str]) -> Iterator[tuple[str, bytes]]:
        return read_blobs(self._repository, blobs)


def read_blobs(repository: GitRepository, blobs: list[str]) -> Iterator[tuple[str, bytes]]:
    """The contents of blobs, by id, fetched from git in one go."""
    if not blobs:
        return
    answer = repository.run("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
    position = 0
    while position < len(answer):
        end = answer.index(b"\n", position)
        header = answer[position:end].decode().split()
        if len(header) != 3:
            raise GitError(f"git has lost the object {header[0]}", hint="`git fsck` says more")
        size = int(header[2])
        yield header[0], answer[end + 1 : end + 1 + size]
        position = end + 2 + size


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))
