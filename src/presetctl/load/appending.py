"""Adding to a file that others add to as well."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from presetctl.domain.errors import PresetctlError


def append_text(path: Path, text: str) -> None:
    """Adds ``text`` at the end of a regular file, which is made where there is none. PresetctlError where it fails."""
    try:
        # O_NONBLOCK: a named pipe would otherwise wait until somebody reads from it.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PresetctlError(f"{path} is not a regular file")
            file.write(text.encode())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its path is not one"
        raise PresetctlError(f"{path} can't be written: {reason}") from error
