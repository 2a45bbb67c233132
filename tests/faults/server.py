"""A workspace on a raw socket: the emulator's own answers, except where a fault is to be played.

It keeps the ledger: what was really written, whatever the client was told.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client

from presetctl.emulator.app import Emulator

HELD_SECONDS = 20.0
"""How long a fault that never ends goes on, should the client not leave."""
LINGER = b"\x01\x00\x00\x00\x00\x00\x00\x00"
OPERATIONS = [
    ("key", re.compile(r"GET /api/v1/key")),
    ("list", re.compile(r"GET /api/v1/presets")),
    ("get", re.compile(r"GET /api/v1/presets/[^/]+")),
    ("versions", re.compile(r"GET /api/v1/presets/[^/]+/versions")),
    ("create", re.compile(r"POST /api/v1/presets/[^/]+/(chat/completions|messages|responses)")),
]


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        line = f"{self.method} {self.path}"
        return next((name for name, pattern in OPERATIONS if pattern.fullmatch(line)), "other")

    @property
    def slug(self) -> str:
        parts = self.path.split("/")
        return parts[4] if len(parts) > 4 else ""


@dataclass(frozen=True)
class Reply:
    """What the emulator says."""

    status: str
    body: bytes

    def raw(self, *headers: str, length: int | None = None, keep: bool = False) -> bytes:
        """The bytes of a whole reply, or of one with another ``length`` than it has."""
        return head(self.status, len(self.body) if length is None else length, *headers, keep=keep) + self.body


def head(status: str, length: int | None, *headers: str, keep: bool = False) -> bytes:
    """A status line and headers. The status is sent as it is, in Latin-1."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Connection: {'keep-alive' if keep else 'close'}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1")


@dataclass(frozen=True)
class Entry:
    """One write that took effect."""

    slug: str
    version: int
    digest: str


@dataclass
class Exchange:
    """One request while its fault is played. ``arrives``: whether a write takes effect."""

    server: FaultServer
    connection: socket.socket
    request: Request
    arrives: bool

    def reply(self) -> Reply:
        """The right answer. A write that must not arrive is only answered as if it had."""
        if self.request.operation == "create" and not self.arrives:
            held = {"id": "v-0", "version": 99, "system_prompt": None, "config": {}}
            said = {"data": {"id": "p-0", "slug": self.request.slug, "designated_version": held}}
            return Reply("200 OK", json.dumps(said).encode())
        return self.server.ask(self.request)

    def arrive(self) -> None:
        """The write takes effect, if it is to; nothing is said of it."""
        self.reply()

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """Closes without a goodbye: the client's next read or write fails."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)

    def wait(self, seconds: float) -> bool:
        """Waits; False once the client has left or the server ends."""
        self.connection.settimeout(seconds)
        try:
            return bool(self.connection.recv(1))
        except TimeoutError:
            return not self.server.ended.is_set()
        except OSError:
            return False

    def hold(self, part: bytes, pause: float, seconds: float = HELD_SECONDS) -> None:
        """Sends ``part`` again and again."""
        for _ in range(int(seconds / pause)):
            self.send(part)
            if not self.wait(pause):
                return


Act = Callable[[Exchange], None]


@dataclass
class Injection:
    """A fault on one operation: on its call of this ``number``, or on every one."""

    operation: str
    act: Act
    number: int | None = None
    arrives: bool = False


@dataclass
class FaultServer:
    """An HTTP server of its own, in front of ``app``."""

    app: Emulator
    injections: list[Injection] = field(default_factory=list)
    ledger: list[Entry] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    played: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: dict[str, Reply] = field(default_factory=dict)
    trap_port: int = 0
    _listener: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def inject(self, operation: str, act: Act, number: int | None = None, arrives: bool = False) -> None:
        """Plays a fault from now on; calls are counted from now on too."""
        with self._lock:
            self.calls.clear()
            self.injections.append(Injection(operation, act, number, arrives))

    def clear(self) -> None:
        """Behaves again."""
        with self._lock:
            self.injections.clear()
        if self._listener is None:
            self.listen()

    def ask(self, request: Request) -> Reply:
        """What the emulator says, entered in the ledger if it wrote."""
        with self._lock:
            headers = {name: value for name, value in request.headers.items() if name != "content-length"}
            said = Client(self.app).open(
                request.path, query_string=request.query, method=request.method, headers=headers, data=request.body
            )
            reply = Reply(said.status, said.get_data())
            if request.operation == "create" and said.status_code == 200:
                version = json.loads(reply.body)["data"]["designated_version"]["version"]
                self.ledger.append(Entry(request.slug, version, hashlib.sha256(request.body).hexdigest()))
            return reply

    def stale(self, request: Request) -> Reply:
        """What was said to the same question before."""
        return self._last.get(request.path) or self.ask(request)

    def live(self, slug: str) -> dict[str, Any] | None:
        """The designated version of a preset, asked past all faults."""
        found = self.ask(Request("GET", f"/api/v1/presets/{slug}", "", {"authorization": "Bearer judge"}, b""))
        held: dict[str, Any] | None = json.loads(found.body).get("data", {}).get("designated_version")
        return held

    def versions(self, slug: str) -> int:
        """How many versions a preset has, asked past all faults."""
        path = f"/api/v1/presets/{slug}/versions"
        found = self.ask(Request("GET", path, "limit=100", {"authorization": "Bearer judge"}, b""))
        return int(json.loads(found.body).get("total_count", 0))

    def listen(self) -> None:
        """Takes connections, on the port of before if there was one."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop_listening(self) -> None:
        """Refuses every new connection from now on."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            rest = b""
            while not self.ended.is_set():
                connection.settimeout(HELD_SECONDS)
                request, rest = _receive(connection, rest)
                if request is None:
                    return
                injection = self._injection(request.operation)
                if injection is not None:
                    injection.act(Exchange(self, connection, request, injection.arrives))
                    return
                reply = self.ask(request)
                if request.method == "GET":
                    self._last[request.path] = reply
                connection.sendall(reply.raw(keep=True))

    def _injection(self, operation: str) -> Injection | None:
        with self._lock:
            self.calls[operation] += 1
            for injection in self.injections:
                if injection.operation == operation and injection.number in (None, self.calls[operation]):
                    self.played += 1
                    return injection
        return None


def _receive(connection: socket.socket, rest: bytes) -> tuple[Request | None, bytes]:
    while b"\r\n\r\n" not in rest:
        data = connection.recv(65536)
        if not data:
            return None, b""
        rest += data
    top, _, rest = rest.partition(b"\r\n\r\n")
    line, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        data = connection.recv(65536)
        if not data:
            return None, b""
        rest += data
    method, target, _ = line.split(" ")
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, rest[:length]), rest[length:]


@contextmanager
def serving(app: Emulator) -> Iterator[FaultServer]:
    """A server that behaves until it's told otherwise."""
    server = FaultServer(app)
    server.listen()
    try:
        yield server
    finally:
        server.ended.set()
        server.stop_listening()


@dataclass
class Trap:
    """A second server that nobody may come to."""

    port: int
    visitors: list[Any] = field(default_factory=list)


@contextmanager
def trap() -> Iterator[Trap]:
    """Listens where redirects point to, and notes who comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Trap(listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, address = listener.accept()
                    connection.close()
                    found.visitors.append(address)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
