"""LibreChat servers for tests: the emulated one in process or on a port, and a real one where there is one.

PRESETCTL_LIBRECHAT_SERVER is the URL of a real server that lets people register. Its login limiter counts by address:
every user here comes from one of their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from secrets import randbelow, token_hex
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from werkzeug.wrappers import Request, Response

from presetctl.emulator.librechat.app import LibreChat, Settings, create_app
from presetctl.emulator.server import serve
from presetctl.persistence import kind_of
from presetctl.providers.http import HttpJson
from presetctl.providers.librechat.presets import Declared, LibreChatReader, LibreChatWriter
from presetctl.providers.librechat.session import Password, Session, Token
from presetctl.specs.schemas import SchemaLibrary
from presetctl.waiting import Pause

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SERVER = os.environ.get("PRESETCTL_LIBRECHAT_SERVER", "")
needs_server = pytest.mark.skipif(
    not SERVER, reason="no real LibreChat server: PRESETCTL_LIBRECHAT_SERVER isn't set to its URL"
)
SCHEMAS = SchemaLibrary.packaged()
KINDS = {name: kind_of(SCHEMAS.config_schema(name)) for name in SCHEMAS.kinds()}
PASSWORD = "correct horse/battery+staple"
"""Looks otherwise in an address, and in base64."""
OPEN = frozenset({("POST", "/api/auth/login"), ("POST", "/api/auth/refresh"), ("GET", "/api/presets"),
                  ("POST", "/api/presets"), ("POST", "/api/presets/delete")})  # fmt: skip
"""All that presetctl may ever call."""

Passage = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


def lost_before(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    """The connection breaks before the server has the request."""
    raise httpx.WriteError("cut", request=request)


def lost_after(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    """The connection breaks after the server did what it was asked, before its reply is there."""
    send().read()
    raise httpx.ReadError("cut", request=request)


def replies(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Passage:
    """Another reply than the server's, which never has the request. A text is HTML."""

    def passage(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        said = {"Content-Type": kind, **(headers or {})}.items()
        raw = [(name.encode(), value.encode()) for name, value in said]
        return httpx.Response(status, content=content, headers=raw, request=request)

    return passage


@dataclass
class Call:
    """One request as it left."""

    method: str
    path: str
    body: Any
    headers: httpx.Headers = field(repr=False)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/')}"


class Wire(httpx.BaseTransport):
    """The way to a server: it remembers what goes through, and lets happen what ``plays`` says.

    ``address`` is where it comes from; each request from elsewhere without one.
    ``plays``: what happens to the next requests of a method and path, one after the other.
    """

    def __init__(self, inner: httpx.BaseTransport, address: str) -> None:
        self._inner = inner
        self._address = address
        self.calls: list[Call] = []
        self.plays: list[tuple[str, Passage]] = []

    def play(self, line: str, *passages: Passage) -> None:
        """Lets ``passages`` happen to the next requests, each to one: ``POST presets``."""
        self.plays += [(line, passage) for passage in passages]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        data = request.read()
        call = Call(request.method, request.url.path, json.loads(data) if data else None, request.headers)
        self.calls.append(call)
        request.headers["X-Forwarded-For"] = self._address or an_address()
        number = next((n for n, (line, _) in enumerate(self.plays) if line == call.line), None)
        if number is None:
            return self._inner.handle_request(request)
        _, passage = self.plays.pop(number)
        return passage(request, lambda: self._inner.handle_request(request))

    def close(self) -> None:
        self._inner.close()

    def lines(self) -> list[str]:
        """What went through since the last time that this was asked."""
        lines = [call.line for call in self.calls]
        self.calls.clear()
        return lines

    def writes(self) -> list[str]:
        """Those of ``lines`` that may change presets."""
        return [line.removeprefix("POST presets").strip("/") or "save" for line in self.lines() if "POST pre" in line]


@dataclass
class Passing:
    """A WSGI application that passes requests on: the same way for programs that have an address alone."""

    server: Server
    wire: Wire

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = Request(environ)
        headers = {name: value for name, value in asked.headers.items() if name.lower() in _PASSED}
        request = httpx.Request(asked.method, self.server.base + asked.path, headers=headers, content=asked.get_data())
        reply = self.wire.handle_request(request)
        body = reply.read()
        said = [(name, value) for name, value in reply.headers.multi_items() if name.lower() in _PASSED_BACK]
        return Response(body, reply.status_code, said)(environ, start_response)


_PASSED = {"authorization", "cookie", "content-type", "user-agent"}
_PASSED_BACK = {
    "content-type",
    "set-cookie",
    "retry-after",
    *(f"x-ratelimit-{name}" for name in ("remaining", "reset")),
}


@dataclass
class Person:
    """A user, and what they do in the browser: plain calls past everything of presetctl's."""

    client: httpx.Client = field(repr=False)
    email: str
    id: str
    token: str = field(repr=False)

    def presets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "/api/presets").json()
        return found

    def preset(self, title: str) -> dict[str, Any]:
        """The one with this title."""
        (found,) = [preset for preset in self.presets() if preset["title"] == title]
        return found

    def save(self, **fields: Any) -> dict[str, Any]:
        stored: dict[str, Any] = self._call("POST", "/api/presets", fields).json()
        assert "presetId" in stored, stored
        return stored

    def delete(self, preset_id: str) -> None:
        assert self._call("POST", "/api/presets/delete", {"presetId": preset_id}).json()["deletedCount"] == 1

    def _call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.client.request(method, path, json=body, headers={"Authorization": f"Bearer {self.token}"})


@dataclass
class Server:
    """A LibreChat server."""

    base: str
    way: Callable[[], httpx.BaseTransport]
    _open: list[httpx.Client | Wire] = field(default_factory=list)

    def close(self) -> None:
        """Closes what was opened to it."""
        for each in self._open:
            each.close()

    def person(self, password: str = PASSWORD) -> Person:
        """A new user, logged in."""
        address, email = an_address(), f"{token_hex(6)}@example.com"
        client = httpx.Client(transport=self.way(), base_url=self.base, headers={"X-Forwarded-For": address})
        self._open.append(client)
        said = {"name": "N", "username": email[:12], "email": email, "password": password, "confirm_password": password}
        assert client.post("/api/auth/register", json=said).status_code == 200
        reply = client.post("/api/auth/login", json={"email": email, "password": password}).json()
        return Person(client, email, reply["user"]["id"], reply["token"])

    def wire(self) -> Wire:
        """A way to it of one's own."""
        wire = Wire(self.way(), an_address())
        self._open.append(wire)
        return wire


def an_address() -> str:
    return f"10.{randbelow(256)}.{randbelow(256)}.{randbelow(256)}"


@dataclass
class Opened:
    """presetctl's side of a server: a session of one user, with the time in the test's hands."""

    wire: Wire
    session: Session
    reader: LibreChatReader
    writer: LibreChatWriter
    told: list[str]
    slept: list[float]


@contextmanager
def opened(
    server: Server,
    credentials: Password | Token,
    declared: Declared | None = None,
    *,
    login_wait: float = 0,
    clock: Callable[[], float] = lambda: 0.0,
    wire: Wire | None = None,
    sleep: Callable[[float], object] = lambda _: None,
) -> Iterator[Opened]:
    """A session as ``connect`` makes one."""
    wire = wire or server.wire()
    told, slept = list[str](), list[float]()

    def wait(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)

    pause = Pause(wait, lambda: 0.0)
    http = HttpJson(server.base, {}, timeout=30, transport=lambda: wire, pause=pause)
    session = Session(http, credentials, login_wait=login_wait, tell=told.append, pause=pause, clock=clock)
    reader = LibreChatReader(session, KINDS.__getitem__, declared or {})
    try:
        yield Opened(wire, session, reader, LibreChatWriter(session, reader, KINDS.__getitem__), told, slept)
    finally:
        http.close()


def credentials(person: Person, password: str = PASSWORD) -> Password:
    return Password(person.email, password, "CHAT_EMAIL", "CHAT_PASSWORD")


@contextmanager
def emulated(settings: Settings | None = None, **more: Any) -> Iterator[tuple[LibreChat, Server]]:
    """The emulator in process."""
    app = create_app(settings=settings or Settings(), **more)
    with app, closing(Server("http://emulator", lambda: httpx.WSGITransport(app))) as server:
        yield app, server


@contextmanager
def served() -> Iterator[Server]:
    """The emulator on a port."""
    with create_app() as app, serve(app, base="") as url, closing(Server(url, httpx.HTTPTransport)) as server:
        yield server


@contextmanager
def passing(server: Server) -> Iterator[tuple[str, Wire]]:
    """The address of a way to a server, and what goes that way."""
    with closing(Wire(server.way(), "")) as wire, serve(Passing(server, wire), base="") as url:
        yield url, wire


@contextmanager
def real() -> Iterator[Server]:
    """The real server."""
    with closing(Server(SERVER.rstrip("/"), httpx.HTTPTransport)) as server:
        yield server
