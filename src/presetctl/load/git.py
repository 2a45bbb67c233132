"""What git says of the files. Git is called as a command, with hooks, file watchers, pagers and prompts off."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from presetctl.domain.change import Head

_SECONDS = 30
_HARDENED = (
    "--no-optional-locks",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)


def head(folder: Path) -> Head:
    """The commit that is checked out and whether files below ``folder`` differ from it.

    Without git, outside a repository, before the first commit, or where git refuses, there is no commit. Where git
    can't say whether something differs, it's taken to.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if commit is None:
        return Head()
    status = _git(folder, "status", "--porcelain=v1", "-z", "--untracked-files=normal", "--", ".")
    return Head(commit.strip(), status != "")


def _git(folder: Path, *words: str) -> str | None:
    """What git prints, or None where it fails or isn't there."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", *_HARDENED, *words],  # noqa: S607 - the user's own git
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
