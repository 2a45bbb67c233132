"""GitHub's REST API: only what the comments, issues and approvals need, with every refusal said in words.

Facts: docs.github.com, "Best practices for using the REST API" (limits, pages), and the pages of each operation.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from presetctl.domain.errors import AccessError, AmbiguousError, BusyError, PresetctlError, RemoteError
from presetctl.domain.project import LOOPBACK
from presetctl.domain.values import Json, JsonObject
from presetctl.github.place import Place
from presetctl.providers.http import Advice, Reply
from presetctl.providers.keyed import KeyedHttp
from presetctl.waiting import Pause

PAGE_SIZE = 20
"""A comment may have 65,536 characters, each six bytes of JSON: twenty of them fit into one reply, more may not."""
MAX_PAGES = 2_000
TIMEOUT_SECONDS = 30.0
PATIENCE_SECONDS = 300.0
WRITE_ATTEMPTS = 4
SECONDARY_LIMIT_SECONDS = 60.0
"""What GitHub asks to wait for where a secondary limit was met and no header says how long."""

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_ADVICE = Advice(
    base="check that GITHUB_API_URL is the base address of GitHub's API, and GITHUB_REPOSITORY the repository's name",
    address="check GITHUB_API_URL and your network; nothing was sent",
    in_between="check GITHUB_API_URL, and any proxy in between",
    slow="try again later",
    proxy="see HTTPS_PROXY and ALL_PROXY",
)
_LOST = frozenset({408, 500, 502, 503, 504})
"""Statuses after which nobody knows whether a write took effect."""
_REASON_SHOWN = 300
_NEXT = re.compile(r'<([^<>]*)>[^<>]*;\s*rel="?next\b')


_Send = Callable[[str, Json], Reply]
_Find = Callable[[], JsonObject | None]


class _Http(KeyedHttp):
    """Knows GitHub's ways to say that it's too much: 403 or 429, with Retry-After, a time, or just words."""

    def passes(self, reply: Reply) -> bool:
        return _limited(reply) or super().passes(reply)

    def asked(self, reply: Reply) -> float | None:
        if reply.retry_after is not None or not _limited(reply):
            return reply.retry_after
        with suppress(KeyError, ValueError):
            if reply.headers["x-ratelimit-remaining"] == "0":
                return max(0.0, int(reply.headers["x-ratelimit-reset"]) - time.time())
        return SECONDARY_LIMIT_SECONDS


class GitHub:
    """Calls for one repository. AccessError where the token isn't taken or may not, else RemoteError."""

    def __init__(self, place: Place, token: str, pause: Pause | None = None) -> None:
        host = urlsplit(place.api).hostname or ""
        self.place = place
        self._http = _Http(
            place.api, token, timeout=TIMEOUT_SECONDS, patience=PATIENCE_SECONDS, trust_env=host not in LOOPBACK,
            headers=_HEADERS, pause=pause, advice=_ADVICE,
        )  # fmt: skip

    def close(self) -> None:
        self._http.close()

    def wait(self, seconds: float) -> None:
        """Waits, before something is asked that GitHub may come to know meanwhile."""
        self._http.waits().wait(seconds)

    def rows(self, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[JsonObject]:
        """The rows of every page of a list below the repository."""
        reply = self._checked(
            f"GET {path}", self._http.get(self.place.path + path, {"per_page": PAGE_SIZE, **(query or {})})
        )
        for _ in range(MAX_PAGES):
            yield from _rows(reply.body, path)
            following = next_page(reply.headers.get("link", ""), self.place.api)
            if following is None:
                return
            reply = self._checked(f"GET {path}", self._http.get(following))
        raise RemoteError(f"GET {path}: more than {MAX_PAGES} pages; the list does not seem to end")

    def change(self, path: str, body: JsonObject) -> JsonObject:
        """Changes something; the same change twice is as one, so that it's tried again after a lost reply."""
        return self._write("PATCH", self._http.patch, path, body, lambda: None)

    def create(self, path: str, body: JsonObject, find: Callable[[], JsonObject | None]) -> JsonObject:
        """Makes something. Where nobody knows whether it was made, ``find`` is asked before it is tried again."""
        return self._write("POST", self._http.post, path, body, find)

    def _write(self, method: str, send: _Send, path: str, body: JsonObject, find: _Find) -> JsonObject:
        waits, what = self._http.waits(), f"{method} {path}"
        failure = PresetctlError(what)
        for _ in range(WRITE_ATTEMPTS):
            asked = None
            try:
                reply = send(self.place.path + path, body)
                asked = self._http.asked(reply)
                if reply.status not in _LOST:
                    if self._http.passes(reply) and waits.wait(asked):
                        failure = _refusal(what, reply, asked)
                        continue  # it was refused, so that nothing was written
                    return _object(self._checked(what, reply).body, path)
                failure = _refusal(what, reply, asked)
            except AmbiguousError as error:
                failure = RemoteError(error.message, hint=error.hint)
            waited = waits.wait(asked)
            made = find()
            if made is not None:
                return made
            if not waited:
                break
        raise failure

    def _checked(self, what: str, reply: Reply) -> Reply:
        if 200 <= reply.status < 300:
            return reply
        raise _refusal(what, reply, self._http.asked(reply))


def next_page(link: str, base: str) -> str | None:
    """The path of the next page that a ``Link`` header names; None on the last one.

    RemoteError where it leads anywhere else than to ``base``: the token is for that place alone.
    """
    found = _NEXT.search(link)
    if found is None:
        return None
    if not found[1].startswith(f"{base}/"):
        raise RemoteError(
            "the next page of a list is said to be in another place, where nobody goes", hint="check GITHUB_API_URL"
        )
    return found[1][len(base) :]


def _limited(reply: Reply) -> bool:
    """Whether GitHub takes no more requests for now. What was asked was then not done."""
    if reply.status == 429:
        return True
    if reply.status != 403:
        return False
    spent = reply.headers.get("x-ratelimit-remaining") == "0"
    return spent or reply.retry_after is not None or "rate limit" in _reason(reply).lower()


def _refusal(what: str, reply: Reply, asked: float | None) -> PresetctlError:
    said = _reason(reply)
    told = f": {said}" if said else ""
    if _limited(reply):
        later = f"try again in {asked:.0f} s" if asked is not None else "try again later"
        return BusyError(f"{what}: GitHub takes no more requests for now ({reply.status})", hint=later)
    match reply.status:
        case 401:
            return AccessError(f"{what}: GitHub does not accept the token (401)", hint="see GITHUB_TOKEN")
        case 403:
            hint = "give the job `permissions: {pull-requests: write, issues: write}`, or the token as much"
            return AccessError(f"{what}: the token lacks the permission for this (403){told}", hint=hint)
        case 404:
            hint = "see GITHUB_REPOSITORY and the number; GitHub also says so where the token may not look"
            return AccessError(f"{what}: there is no such thing (404)", hint=hint)
        case 410:
            return RemoteError(f"{what}: turned off in this repository (410){told}", hint="see its settings")
        case _:
            return RemoteError(f"{what}: GitHub answers with status {reply.status}{told}", hint="try again later")


def _reason(reply: Reply) -> str:
    """What GitHub says of a refusal."""
    said = reply.body.get("message") if isinstance(reply.body, dict) else None
    return said[:_REASON_SHOWN] if isinstance(said, str) else ""


def _rows(body: Json, path: str) -> list[JsonObject]:
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise RemoteError(f"GET {path}: the reply is not a list of objects", hint=_ADVICE.base)
    return body


def _object(body: Json, path: str) -> JsonObject:
    if not isinstance(body, dict):
        raise RemoteError(f"{path}: the reply is not an object", hint=_ADVICE.base)
    return body
