"""Git, called as a command: with hooks, file watchers, pagers and prompts off, and NUL between paths."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from presetctl.domain.change import Head
from presetctl.domain.errors import GitError, InputError

_SECONDS = 60
_HARDENED = (
    "--no-optional-locks",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "log.showSignature=false",
)

_STATUS = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "--untracked-files=normal")
_HEADER, _OID, _NO_COMMIT_YET = "# ", "# branch.oid ", "(initial)"

FETCH_ALL = "`git fetch --refetch --no-filter`"
"""What makes a partial clone whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What git printed, and whether it was content. ``err`` may hold the address of a remote, with its password."""

    ok: bool
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What it printed, without the last line end."""
        return self.out.decode("utf-8", "surrogateescape").strip()


@dataclass(frozen=True)
class GitRepository:
    """The repository around a project. ``prefix`` leads from its root to the project, empty or ending in ``/``."""

    folder: Path
    prefix: str

    @classmethod
    def around(cls, folder: Path) -> GitRepository:
        """The repository that ``folder`` lies in. InputError says what is in the way where there is none."""
        found = _git(folder, ["rev-parse", "--show-prefix"])
        if found.ok:
            return cls(folder, found.out.decode("utf-8", "surrogateescape").removesuffix("\n"))
        if "dubious ownership" in found.err:
            raise InputError(
                f"git refuses to work in {folder}, because somebody else owns it",
                hint=f"if you trust it: git config --global --add safe.directory {folder}",
            )
        if "not a git repository" in found.err:
            raise InputError(f"{folder} is not in a git repository", hint="`git init` makes one")
        raise InputError(f"git can't be used in {folder}: {found.err or 'it is not installed'}", hint="install git")

    def commit(self, ref: str) -> str:
        """The id of the commit that ``ref`` names. InputError where there is none, or the clone is too shallow."""
        found = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if found:
            return found
        if ref == "HEAD":
            raise InputError("the git repository has no commit yet", hint="commit your files first")
        raise InputError(f"git knows no commit {ref}", hint=self._fetch_hint() or "see `git log`")

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that both grew from, or None where git knows of none."""
        return self.ask("merge-base", one, other)

    def shallow(self) -> bool:
        """Whether history was cut off when the repository was cloned."""
        return self.ask("rev-parse", "--is-shallow-repository") == "true"

    def lacks_files(self) -> bool:
        """Whether what lies below the project was left out for some commit when the repository was cloned."""
        if not self._is_partial():
            return False
        listed = self.attempt("rev-list", "--objects", "--missing=print", "HEAD", "--", ".")
        return not listed.ok or any(line.startswith(b"?") for line in listed.out.splitlines())

    def leaves_out_files(self) -> bool:
        """Whether a sparse checkout keeps files below the project out of the work tree, which seem removed then."""
        listed = self.run("ls-files", "-t", "-z", "--", ".").decode("utf-8", "surrogateescape").split("\0")
        skipped = [entry.removeprefix("S ") for entry in listed if entry.startswith("S ")]
        return any(not os.path.lexists(self.folder / path) for path in skipped)

    def _is_partial(self) -> bool:
        return self.ask("config", "--get-regexp", r"^remote\..*\.promisor$") is not None

    def attempt(self, *words: str, given: bytes = b"", environment: Mapping[str, str] | None = None) -> Answer:
        """What became of a call. ``environment`` comes on top of the process's own."""
        return _git(self.folder, words, given, environment)

    def run(self, *words: str, given: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """What git prints. GitError with git's own words where it fails."""
        answer = _git(self.folder, words, given, environment)
        if not answer.ok:
            raise GitError(f"`git {words[0]}` failed: {answer.err}", hint=self._fetch_hint())
        return answer.out

    def ask(self, *words: str) -> str | None:
        """What git prints, or None where it fails or prints nothing."""
        answer = _git(self.folder, words)
        return answer.text or None if answer.ok else None

    def _fetch_hint(self) -> str:
        if self.shallow():
            return "this clone is shallow; `git fetch --unshallow` brings the whole history"
        return f"this clone is partial; {FETCH_ALL} brings all files" if self._is_partial() else ""


def head(folder: Path) -> Head:
    """The commit that is checked out and whether files below ``folder`` differ from it.

    Without git, outside a repository, before the first commit, or where git refuses, there is no commit. Where git
    can't say whether something differs, it's taken to.
    """
    status = _git(folder, [*_STATUS, "--", "."])
    if not status.ok:
        commit = _git(folder, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        return Head(commit.text, dirty=True) if commit.ok else Head()
    entries = status.out.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
    oid = next(entry for entry in entries if entry.startswith(_OID)).removeprefix(_OID)
    if oid == _NO_COMMIT_YET:
        return Head()
    return Head(oid, any(not entry.startswith(_HEADER) for entry in entries))


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that the files are compared with, and how it was found."""

    commit: str
    reason: str


def own_identity() -> dict[str, str]:
    """Who makes presetctl's own commits, whatever the person's settings are."""
    now = f"@{int(time.time())} +0000"
    whose = {"NAME": "presetctl", "EMAIL": "presetctl@presetctl.invalid", "DATE": now}
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in whose.items()}


def compare_folders(folder: Path, before: str, after: str) -> bytes:
    """What git finds to have become of the files of one folder in another, raw, NUL-separated; nothing where it can't.

    Both lie in ``folder``, which needn't be in a repository. Files that are similar count as renamed.
    """
    options = ("--no-index", "--raw", "-z", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames=50%")
    return _git(folder, ["diff", *options, "-l1000", "--", before, after]).out


def _git(
    folder: Path, words: Sequence[str], given: bytes = b"", environment: Mapping[str, str] | None = None
) -> Answer:
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(  # noqa: S603 - words, not a line for a shell
            ["git", *_HARDENED, *words],  # noqa: S607 - the user's own git
            cwd=folder,
            env={**os.environ, **(environment or {}), **fixed},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # no terminal that ssh could ask on; and Ctrl-C is for us to answer
        )
        with process:
            out, err = _communicate(process, given)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Answer(False, b"", "it is not installed" if isinstance(error, FileNotFoundError) else _reason(error))
    return Answer(process.returncode == 0, out, err.decode("utf-8", "replace").strip())


def _communicate(process: subprocess.Popen[bytes], given: bytes) -> tuple[bytes, bytes]:
    """Waits for git. Whatever ends the waiting ends git too, and the programs that it called."""
    try:
        return process.communicate(given, _SECONDS)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise


def _reason(error: Exception) -> str:
    return f"it took more than {_SECONDS} seconds" if isinstance(error, subprocess.TimeoutExpired) else str(error)
