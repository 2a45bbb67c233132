"""A server that says exactly the bytes it is told to, at the pace it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[[socket.socket], None]


def ok(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole reply."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


@dataclass
class RawServer:
    """Answers the n-th connection with the n-th script, and every later one with the last."""

    port: int
    scripts: list[Script]
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"


def says(*parts: bytes, pause: float = 0.0, reset: bool = False) -> Script:
    """A script: the parts one after the other."""

    def script(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            if pause:
                threading.Event().wait(pause)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    return script


@contextmanager
def serving(*scripts: Script) -> Iterator[RawServer]:
    """A server on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1], list(scripts))

    def handle(connection: socket.socket, script: Script) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            length = next(
                (int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0
            )
            while len(body) < length:
                body += connection.recv(65536)
            server.requests.append(head + b"\r\n\r\n" + body)
            script(connection)

    def accept() -> None:
        number = 0
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                script = server.scripts[min(number, len(server.scripts) - 1)]
                number += 1
                threading.Thread(target=handle, args=(connection, script), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
