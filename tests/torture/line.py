"""The line between one applier and the workspace, on which requests and replies go wrong as a script says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from tests.torture.witness import BASE

Key = tuple[str, int]
"""A preset, and which request about it, from 1."""


class Crash(BaseException):
    """The machine of the applier dies."""


@dataclass(frozen=True)
class Trouble:
    """What happens at one request: before it takes effect, or after that and before it's answered."""

    what: str
    after: bool = False


STATUSES_BEFORE = (400, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504)
STATUSES_AFTER = (202, 204, 303, 408, 425, 500, 502, 503, 504)
ERRORS: Mapping[str, Callable[[], BaseException]] = {
    "timeout": lambda: httpx.ReadTimeout("too slow"),
    "reset": lambda: httpx.ReadError("reset"),
    "bad protocol": lambda: httpx.RemoteProtocolError("that is no HTTP"),
    "crash": lambda: Crash("dead"),
    "interrupt": KeyboardInterrupt,
}
BODIES = {
    "garbage": b"<html>",
    "truncated": b'{"data": {"id": "x", "slu',
    "no version": b'{"data": {"id": "x", "slug": "a", "designated_version": null}}',
}
OTHERS = ("another save", "the same save", "archived", "another applier", "another applier with old files")
"""What somebody else does at that moment."""
STALE = "stale"
"""A read that tells what was so before. One at most in a row is what an apply must stand."""
TROUBLES = [
    *(Trouble(str(status)) for status in STATUSES_BEFORE),
    *(Trouble(str(status), after=True) for status in STATUSES_AFTER),
    *(Trouble(name, after) for name in ERRORS for after in (False, True)),
    *(Trouble(name, after=True) for name in BODIES),
    *(Trouble(name, after) for name in OTHERS for after in (False, True)),
    Trouble("unreachable"),
    Trouble(STALE),
]


@dataclass
class Line(httpx.BaseTransport):
    """One applier's way to the workspace. ``others`` does what somebody else does.

    ``script`` is played once ``playing`` is set: before that, an applier only plans.
    """

    inner: httpx.BaseTransport
    others: Callable[[str, str], None]
    script: Mapping[Key, Trouble] = field(default_factory=dict)
    playing: bool = False
    met: Counter[Trouble] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)
    _told: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        slug = request.url.path.removeprefix(f"{BASE}/").split("/")[0]
        trouble = self._next(slug)
        if trouble is None:
            return self._told_again(request, self._ask(request))
        self.met[trouble] += 1
        if trouble.after:
            reply = self._ask(request)
            return self._play(trouble.what, slug) or self._told_again(request, reply)
        lie = self._told.get(request.url.path) if trouble.what == STALE and request.method == "GET" else None
        if lie is not None:
            return httpx.Response(lie[0], content=lie[1])
        return self._play(trouble.what, slug) or self._told_again(request, self._ask(request))

    def _next(self, slug: str) -> Trouble | None:
        if not self.playing:
            return None
        self._asked[slug] += 1
        return self.script.get((slug, self._asked[slug]))

    def _ask(self, request: httpx.Request) -> httpx.Response:
        reply = self.inner.handle_request(request)
        reply.read()
        return reply

    def _told_again(self, request: httpx.Request, reply: httpx.Response) -> httpx.Response:
        if request.method == "GET":
            self._told[request.url.path] = reply.status_code, reply.content
        return reply

    def _play(self, what: str, slug: str) -> httpx.Response | None:
        """The reply that comes instead of the right one, if any."""
        if what in ERRORS:
            raise ERRORS[what]()  # noqa: RSE102 - what is called makes the error
        if what == "unreachable":
            raise httpx.ConnectError("nobody there")
        if what in OTHERS:
            with ThreadPoolExecutor(1) as elsewhere:  # as in another process: nothing of this thread is theirs
                elsewhere.submit(self.others, what, slug).result()
        if what in BODIES:
            return httpx.Response(200, content=BODIES[what])
        return httpx.Response(int(what), json={"error": {"message": "no"}}) if what.isdigit() else None
