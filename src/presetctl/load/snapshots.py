"""A few files at many commits, fetched from git in one go."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from presetctl.domain.errors import InputError
from presetctl.load.git import GitRepository

_FOUND = re.compile(rb"[0-9a-f]{40,64} (\w+) (\d+)")
# Links that lead nowhere, in circles, through a file, or outside; what they say follows.
_BROKEN = re.compile(rb"(dangling|loop|notdir|symlink) (\d+)")


@dataclass(frozen=True)
class Snapshot:
    """The FileTree of one commit, as far as its files were asked for. They can be read, not listed."""

    commit: str
    contents: Mapping[str, bytes]

    def files(self, folder: str) -> Sequence[str]:
        """Those that were asked for, sorted."""
        return sorted(path for path in self.contents if path.startswith(f"{folder}/"))

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one file. InputError if the commit doesn't have it, or it is above ``limit`` bytes."""
        data = self.contents.get(path)
        if data is None:
            raise InputError(f"{path} does not exist in commit {self.commit[:12]}", hint="check the spelling")
        if len(data) > limit:
            raise InputError(f"{path} is larger than {limit:,} bytes", hint="make it smaller")
        return data


def snapshots(repository: GitRepository, commits: Collection[str], paths: Collection[str]) -> Iterator[Snapshot]:
    """The named files, relative to the project, at each commit. Links are followed."""
    names = sorted(path for path in paths if "\n" not in path)
    wanted = "".join(f"{commit}:{repository.prefix}{path}\n" for commit in commits for path in names)
    printed = repository.run("cat-file", "--batch", "--follow-symlinks", given=_encoded(wanted))
    answers = iter(list(_contents(printed)))
    for commit in commits:
        found = [(path, next(answers)) for path in names]
        yield Snapshot(commit, {path: data for path, data in found if data is not None})


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _contents(answer: bytes) -> Iterator[bytes | None]:
    """What git says of each name: the bytes of a file, or None."""
    position = 0
    while position < len(answer):
        end = answer.index(b"\n", position)
        header, position = answer[position:end], end + 1
        found, broken = _FOUND.fullmatch(header), _BROKEN.fullmatch(header)
        match = found or broken
        if match is None:  # "… missing"
            yield None
            continue
        size = int(match[2])
        yield answer[position : position + size] if match[1] == b"blob" else None
        position += size + 1
