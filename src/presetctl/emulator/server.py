"""The emulator on a port."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from presetctl.emulator.operations import BASE

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

THREADS = 16
_POLL_SECONDS = 0.5


@contextmanager
def serve(
    app: WSGIApplication, host: str = "127.0.0.1", port: int = 0, threads: int = THREADS, base: str = BASE
) -> Iterator[str]:
    """Serves ``app`` from threads of its own while the block runs, and gives the base URL; port 0 picks a free one.

    ``base`` is the path that ends the URL.

    OSError if the address can't be listened on.
    """
    # Waitress warns whenever more clients wait than threads run, which is no fault here.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sockets: dict[int, Any] = {}
    with _listening(host, port) as listener:
        server = create_server(
            app,
            map=sockets,
            sockets=[listener],
            threads=threads,
            ident=None,
            # X-Forwarded-For reaches the emulator, which decides itself what to make of it, as the real server does.
            clear_untrusted_proxy_headers=False,
        )
        stop = Event()
        loop = Thread(target=_loop, args=(sockets, stop), name="emulator", daemon=True)
        loop.start()
        try:
            yield _base_url(listener) + base
        finally:
            server.task_dispatcher.shutdown()
            stop.set()
            server.pull_trigger()
            loop.join()
            wasyncore.close_all(sockets, ignore_all=True)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _loop(sockets: dict[int, Any], stop: Event) -> None:
    while not stop.is_set():
        wasyncore.loop(timeout=_POLL_SECONDS, map=sockets, count=1)


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
