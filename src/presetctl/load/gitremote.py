"""A git remote, as a place with refs that are read, and changed only from what they are known to be."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from presetctl.domain.errors import AccessError, InputError, PresetctlError, RemoteError
from presetctl.load.git import Answer, GitRepository

_ATTEMPTS = 5
_PAUSE = 0.2
_SHOWN = 300
# Nothing but what is asked for: no tags, no other refs, no signing, no cleaning up, no file in the user's .git.
_PUSH = ("--porcelain", "--no-follow-tags", "--no-signed", "--no-recurse-submodules", "--no-thin")
_FETCH = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-auto-gc", "--no-write-fetch-head")
_NO_PROMPTS = {"SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never"}
_RACES = ("failed to update ref", "failed to lock", "reference already exists", "incorrect old value", "cannot lock")
_DENIED = re.compile(
    r"authentication failed|could not read (?:username|password)|permission (?:denied|to )|access denied"
    r"|not authori[sz]ed|host key verification failed|repository (?:'[^']*' )?not found"
    r"|not (?:enabled|granted|exported)|read.only|forbidden|error: 40[13]\b|insufficient permission",
    re.IGNORECASE,
)
_STALE = "stale info"
"""What git here says after a look at the remote, where the ref isn't what it should be."""
_SAID = re.compile(r"^(?:fatal|error|remote|ERROR|ssh|git@\S+): *(?=\S)", re.MULTILINE)
_USERINFO = re.compile(r"(?<=://)[^/\s]*@")


@dataclass(frozen=True)
class GitRemote:
    """One remote of a repository. Its address is never shown, since it may hold a password."""

    repository: GitRepository
    name: str

    @classmethod
    def of(cls, repository: GitRepository) -> GitRemote:
        """The remote of the upstream branch, else ``origin``, else the only one. InputError where there is none."""
        names = (repository.ask("remote") or "").splitlines()
        upstream = _upstream(repository)
        chosen = next((name for name in (upstream, "origin", *names[:1]) if name in names), None)
        if chosen is None or (chosen not in {upstream, "origin"} and len(names) > 1):
            what = (
                f"none of the git remotes {', '.join(names)} is the upstream's" if names else "there is no git remote"
            )
            raise InputError(
                f"{what}; nothing was written", hint="`git remote add origin URL`, or `git branch --set-upstream-to`"
            )
        if len((repository.ask("remote", "get-url", "--push", "--all", chosen) or "").splitlines()) > 1:
            raise InputError(
                f"the git remote {chosen} pushes to more than one address, so that nothing can be agreed on there",
                hint="give each address a remote of its own",
            )
        return cls(repository, chosen)

    def read(self, ref: str) -> str | None:
        """The id of the object that ``ref`` names on the remote now, or None."""
        answer = self._ask("ls-remote", "--quiet", self.name, ref)
        if not answer.ok:
            raise self._fault(answer)
        rows = (line.split("\t", 1) for line in answer.text.splitlines())
        return next((row[0] for row in rows if row[1:] == [ref]), None)

    def fetch(self, ref: str) -> str | None:
        """As ``read``, with the object and all that it needs brought here. No ref or file of the user changes."""
        for _ in _attempts():
            found = self.read(ref)
            if found is None or self._has(found):
                return found
            answer = self._ask("fetch", *_FETCH, "--no-filter", "--refmap=", self.name, ref)
            if self._has(found):
                return found
            if not answer.ok and "couldn't find remote ref" not in answer.err:
                raise self._fault(answer)
        raise RemoteError(f"{ref} on the git remote {self.name} changes all the time", hint="try again")

    def swap(self, ref: str, old: str | None, new: str | None) -> bool:
        """Makes ``ref`` name ``new`` if it names ``old`` (None: nothing), in one step; False where it doesn't.

        The remote makes sure of that. AccessError where it refuses, RemoteError where it can't be reached: then the
        ref is as it was, unless the answer was lost and it can't be asked either.
        """
        reason = ""
        for _ in _attempts():
            lease = f"--force-with-lease={ref}:{old or ''}"
            answer = self._ask("push", *_PUSH, lease, self.name, f"{new or ''}:{ref}")
            if answer.ok:
                return True
            refused = _refusal(answer)
            if refused == _STALE:
                return False
            now = self.read(ref)
            if now == new:
                return True
            if now != old:
                return False
            if refused is None:
                raise self._fault(answer)
            reason = refused
            if not any(race in refused for race in _RACES):
                break
        raise AccessError(
            f"the git remote {self.name} refuses to change {ref}: {reason}",
            hint="whoever applies needs to be allowed to push there",
        )

    def _has(self, name: str) -> bool:
        return self.repository.attempt("cat-file", "-e", name).ok

    def _ask(self, *words: str) -> Answer:
        # A program that the environment names may give the password; one of the settings would open a window.
        environment = {"GIT_ASKPASS": os.environ.get("GIT_ASKPASS", ""), **_NO_PROMPTS}
        return self.repository.attempt(*words, environment=environment)

    def _fault(self, answer: Answer) -> PresetctlError:
        said = self._inoffensive(answer.err)
        if _DENIED.search(answer.err):
            return AccessError(
                f"the git remote {self.name} gives no access: {said}",
                hint=f"`git ls-remote {self.name}` must work without a question, and `git push` too",
            )
        return RemoteError(
            f"the git remote {self.name} can't be used: {said}", hint=f"see whether `git ls-remote {self.name}` works"
        )

    def _inoffensive(self, text: str) -> str:
        """What git said, short and without anything that may be a password."""
        for secret in self._secrets():
            text = text.replace(secret, "***")
        lines = [line.strip() for line in text.splitlines() if _SAID.match(line)] or text.splitlines()[-1:]
        return _USERINFO.sub("", "; ".join(lines))[:_SHOWN]

    def _secrets(self) -> Iterator[str]:
        for words in (("get-url", "--all"), ("get-url", "--push", "--all")):
            for url in (self.repository.ask("remote", *words, self.name) or "").splitlines():
                user, _, password = _userinfo(url).partition(":")
                for secret in (password, user if not password else ""):
                    yield from sorted({secret, unquote(secret)} - {"", "git"}, key=len, reverse=True)


def _userinfo(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[0]
    except ValueError:
        return ""


def _upstream(repository: GitRepository) -> str | None:
    branch = repository.ask("symbolic-ref", "--quiet", "HEAD")
    return repository.ask("for-each-ref", "--format=%(upstream:remotename)", branch) if branch else None


def _refusal(answer: Answer) -> str | None:
    """Why the change was refused, by git here or there; None where it wasn't, but didn't get through either."""
    for line in answer.text.splitlines():
        if line.startswith("!\t"):
            return line.split("\t")[-1].partition("] (")[2].removesuffix(")") or "no reason given"
    return None


def _attempts() -> Iterator[int]:
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE * attempt)
        yield attempt
