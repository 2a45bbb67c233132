"""The workspace with a witness in front of it: what really happened there, whatever anybody was told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client
from werkzeug.wrappers import Response

from presetctl.emulator.app import DEFAULT_WORKSPACE, Emulator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BASE = "/api/v1/presets"
JUDGE = "judge"
"""The key of those who only look; their requests are not counted."""


@dataclass(frozen=True)
class Held:
    """One version as the workspace holds it."""

    number: int
    prompt: str | None
    config: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Held:
        return cls(document["version"], document["system_prompt"], document["config"])


@dataclass(frozen=True)
class Entry:
    """One version that was made: of which preset, by whom (a key, or "dashboard"), and which one it replaced."""

    slug: str
    held: Held
    by: str
    replaced: int | None


@dataclass(frozen=True)
class Request:
    """One request: by whom, its number among theirs, from 1, and what it is."""

    by: str
    number: int
    method: str
    path: str


Around = Callable[[Request], object]


def nothing(_request: Request) -> None:
    """What happens around most requests."""


@dataclass
class Witness:
    """The emulator as a WSGI application that keeps a ledger.

    ``before`` is called when a request has come, which is lost where that says so; ``after`` when it's done and not
    answered yet. ``turns`` are the keys in the order in which they asked, each once for all that it asked in a row.
    ``underway`` requests are not done yet; ``quiet`` is told when it's one less.
    """

    app: Emulator
    before: Around = nothing
    after: Around = nothing
    entries: list[Entry] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    turns: list[str] = field(default_factory=list)
    underway: int = 0
    quiet: threading.Condition = field(default_factory=threading.Condition)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        by = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            self.requests[by] = self.requests.get(by, 0) + 1
            if self.turns[-1:] != [by]:
                self.turns.append(by)
            request = Request(by, self.requests[by], method, path)
        with self._underway():
            return self._answer(environ, request)(environ, start_response)

    @contextmanager
    def _underway(self) -> Iterator[None]:
        with self.quiet:
            self.underway += 1
        try:
            yield
        finally:
            with self.quiet:
                self.underway -= 1
                self.quiet.notify_all()

    def _answer(self, environ: WSGIEnvironment, request: Request) -> Response:
        if self.before(request):
            return Response(status=502)
        reply = self._written(environ, request) if request.method == "POST" else Response.from_app(self.app, environ)
        self.after(request)
        return reply

    def _written(self, environ: WSGIEnvironment, request: Request) -> Response:
        slug = request.path.removeprefix(f"{BASE}/").split("/")[0]
        with self._lock:  # so that nobody writes between the look at what is live and the write
            replaced = self.live(slug)
            reply = Response.from_app(self.app, environ)
            data = json.loads(reply.get_data()).get("data", {})
            self._enter(slug, data.get("designated_version"), request.by, replaced)
            return reply

    def save(self, slug: str, config: Mapping[str, Any], prompt: str | None) -> None:
        """Somebody saves a version in the dashboard."""
        with self._lock:
            replaced = self.live(slug)
            saved: Any = self.app.dashboard_save(DEFAULT_WORKSPACE, slug, config, prompt)
            self._enter(slug, saved["designated_version"], "dashboard", replaced)

    def _enter(self, slug: str, version: Mapping[str, Any] | None, by: str, replaced: Held | None) -> None:
        if version is not None and version["id"] not in self._seen:
            self._seen.add(version["id"])
            self.entries.append(Entry(slug, Held.of(version), by, None if replaced is None else replaced.number))

    def of(self, slug: str, by: str | None = None) -> list[Entry]:
        """The versions of a preset in the order in which they were made; those of one maker, where he is named."""
        return [entry for entry in self.entries if entry.slug == slug and by in {None, entry.by}]

    def live(self, slug: str) -> Held | None:
        """What the workspace serves of a preset."""
        found = self.ask(f"{BASE}/{slug}").get("data", {}).get("designated_version")
        return None if found is None else Held.of(found)

    def versions(self, slug: str) -> list[Held]:
        """Every version that the workspace has of a preset that isn't archived, oldest first."""
        found: list[Held] = []
        while True:
            rows = self.ask(f"{BASE}/{slug}/versions?limit=100&offset={len(found)}").get("data", [])
            if not rows:
                return found
            found += map(Held.of, rows)

    def ask(self, path: str) -> Any:
        """A look past everything."""
        return Client(self.app).get(path, headers={"Authorization": f"Bearer {JUDGE}"}).get_json()
