"""Writing a file so that it is always either the old one or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from presetctl.domain.errors import PresetctlError


def write_atomically(path: Path, data: bytes) -> None:
    """Makes ``data`` the content of ``path``, which keeps its permissions, and of the file that a link leads to.

    PresetctlError if that fails; then the old content is untouched and nothing is left behind.
    """
    try:
        _write(Path(os.path.realpath(path)), data)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "the file is as it was; check the permissions and the space of its folder"
        raise PresetctlError(f"{path} can't be written: {reason}", hint=hint) from error


def _write(target: Path, data: bytes) -> None:
    import tempfile  # most commands write nothing

    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:32]}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(target))
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _mode(target: Path) -> int:
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        umask = os.umask(0o077)  # there is no way to read it without setting it
        os.umask(umask)
        return 0o666 & ~umask


def _sync_folder(folder: Path) -> None:
    """Makes the new name durable. Some file systems can't: then it is as durable as they make it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
