"""Real git repositories for tests, whatever the person's own settings are."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

IDENTITY = {
    **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
needs_git = pytest.mark.skipif(
    shutil.which("git") is None and not os.environ.get("CI"),  # in CI nothing is skipped: there it fails
    reason="git is not installed",
)


@dataclass(frozen=True)
class Git:
    """A repository in ``folder``. Commits are a minute apart, so that their order in time is their order."""

    folder: Path

    def __call__(self, *words: str, time: int = 0) -> str:
        stamp = f"2026-04-20T10:{time:02}:00Z"
        environment = {**os.environ, **IDENTITY, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @classmethod
    def init(cls, folder: Path) -> Git:
        """A new repository."""
        folder.mkdir(parents=True, exist_ok=True)
        git = cls(folder)
        git("init", "-q", "-b", "main")
        return git

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, message: str = "change", time: int = 0) -> str:
        """Everything that changed, as one commit; gives its id."""
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message, time=time)
        return self("rev-parse", "HEAD")


def shared(folder: Path, *names: str) -> list[Git]:
    """Clones of one bare repository, each with an upstream; it lies in ``folder`` / ``shared.git`` and has a commit."""
    bare = Git(folder)
    bare("init", "-q", "--bare", "-b", "main", "shared.git")
    clones = []
    for number, name in enumerate(names):
        bare("clone", "-q", "shared.git", name)
        clones.append(Git(folder / name))
        if not number:
            clones[0].commit("Start")
            clones[0]("push", "-q", "-u", "origin", "main")
    return clones
