"""The work tree: the files of a folder, and nothing outside of it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from presetctl.domain.errors import InputError

# O_NONBLOCK: opening a named pipe would otherwise wait until somebody writes into it.
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_INSIDE: Final = "paths start at the project's folder and stay in it"
_REASONS: Final[dict[int | None, tuple[str, str]]] = {
    errno.ENOENT: ("does not exist", "check the spelling"),
    errno.ENOTDIR: ("leads through a file as if it were a folder", "check the spelling"),
    errno.EACCES: ("can't be read: permission denied", "change its permissions, or those of the folders above it"),
    errno.ENAMETOOLONG: ("has too long a name", "shorten it"),
    errno.ELOOP: ("is a symbolic link in circles, or was changed while it was opened", "replace the link with a file"),
}


class WorkTree:
    """The FileTree of ``root``. Symbolic links are followed as long as they stay inside."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    def files(self, folder: str) -> list[str]:
        """Every file below ``folder``, sorted, without what is hidden. A folder that doesn't exist has none.

        A link to a file is listed wherever it leads, and so are pipes and the like, so that reading them can say what
        is wrong. Every folder is visited once, by its own path rather than by a link where it has both, so that links
        in circles end.
        InputError for a folder, or a link to one, that leads outside, and for one that can't be read.
        """
        listing = _Listing(links=["/".join(_parts(folder))])
        while listing.links:
            name = listing.links.pop(0)
            try:
                real = self._real(name)
            except FileNotFoundError:
                continue
            except OSError as error:
                _refuse(name, error)
            listing.walk(name, real)
        return sorted(listing.files)

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one file. InputError if it's missing, not a regular file, outside, or above ``limit`` bytes."""
        parts = _parts(path)
        try:
            try:
                return self._read(parts, path, limit)  # without links, every path is the real one
            except OSError:
                real = self._real("/".join(parts))
                return self._read(_parts(os.path.relpath(real, self._root)), path, limit)
        except OSError as error:
            _refuse(path, error)

    def changed_at(self, path: str) -> float:
        """When a file, or the link to it, was last written, in seconds since 1970. OSError if it doesn't exist."""
        return max(os.lstat(f"{self._root}/{path}").st_mtime, Path(self._real(path)).stat().st_mtime)

    def _real(self, path: str) -> str:
        """Where ``path`` is with all links resolved. OSError if it doesn't exist, InputError if it's outside."""
        real = os.path.realpath(f"{self._root}/{path}", strict=True)
        if os.path.commonpath([self._root, real]) != self._root:
            hint = "copy what it leads to: links may only lead to places inside"
            raise InputError(f"{path} leads out of the project's folder", hint=hint)
        return real

    def _read(self, parts: list[str], path: str, limit: int) -> bytes:
        """The bytes of a file, opened part by part and without following links: nobody can swap one in."""
        *folders, name = parts or ["."]
        descriptor = os.open(self._root, _FOLDER)
        try:
            for part in folders:
                parent, descriptor = descriptor, os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(parent)
            parent, descriptor = descriptor, os.open(name, _FILE, dir_fd=descriptor)
            os.close(parent)
            return _read_regular(descriptor, path, limit)
        finally:
            os.close(descriptor)


@dataclass
class _Listing:
    """What a walk has found so far: files, and links to folders that are still to be visited."""

    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def walk(self, name: str, real: str) -> None:
        """Adds what is below the folder ``real``, under the path ``name``."""
        todo = [(name, real)]
        while todo:
            name, real = todo.pop()
            if real not in self.seen:
                self.seen.add(real)
                todo += self._scan(name, real)

    def _scan(self, name: str, real: str) -> list[tuple[str, str]]:
        try:
            with os.scandir(real) as entries:
                shown = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda it: it.name)
        except OSError as error:
            _refuse(name, error)
        folders = []
        for entry in shown:
            path = _readable_name(f"{name}/{entry.name}" if name else entry.name)
            if entry.is_dir(follow_symlinks=False):
                folders.append((path, entry.path))
            elif entry.is_symlink():
                (self.links if _leads_to_folder(entry) else self.files).append(path)
            else:
                self.files.append(path)
        return folders


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # a link to itself, for example; reading it tells
        return False


def _parts(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if "\0" in path:
        raise InputError("a path can't hold a NUL character", hint="check the spelling")
    if path.startswith("/"):
        raise InputError(f"{path} is an absolute path", hint=_INSIDE)
    if ".." in parts:
        raise InputError(f"{path} leads out of the project's folder", hint=_INSIDE)
    return parts


def _readable_name(path: str) -> str:
    if not path.isascii() and any("\ud800" <= character <= "\udfff" for character in path):
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise InputError(f"the name of {shown} is not UTF-8", hint="rename it")
    return path


def _read_regular(descriptor: int, path: str, limit: int) -> bytes:
    status = os.fstat(descriptor)
    mode, size = status.st_mode, status.st_size
    if stat.S_ISDIR(mode):
        raise InputError(f"{path or 'this'} is a folder", hint="name a file in it")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is not a regular file", hint="replace the pipe or device with a file")
    data = os.read(descriptor, min(size, limit) + 1)
    while size < len(data) <= limit and (more := os.read(descriptor, limit + 1 - len(data))):
        data += more  # it grows, or is of a file system that doesn't say how large it is
    if len(data) > limit:
        raise InputError(f"{path} has more than {limit:,} bytes", hint="make it shorter")
    return data


def _refuse(path: str, error: OSError) -> NoReturn:
    message, hint = _REASONS.get(error.errno, (f"can't be read: {error.strerror}", ""))
    raise InputError(f"{path[:255] or 'the folder'} {message}", hint=hint) from error
