"""What every emulator is to those who call it: a WSGI application that remembers its requests and fails on demand."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Self

from werkzeug.wrappers import Request, Response

from presetctl.emulator.faults import Faults

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

REQUESTS_KEPT = 50_000


class Application(ABC):
    """A WSGI application, for any number of threads.

    ``requests`` lists what came in, oldest first, as method and path (the latest 50,000 at most).
    ``faults`` makes the next requests fail. ``latency`` is how many seconds every answer is held back.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.requests: list[tuple[str, str]] = []
        self.faults = Faults()
        self.latency = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ)
        self._remember(request)
        if self.latency:
            time.sleep(self.latency)
        return self._answer(request)(environ, start_response)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Closes the database. More than once does no harm."""

    @abstractmethod
    def _handle(self, request: Request) -> Response:
        """The answer to a request that no fault is meant for."""

    def _remember(self, request: Request) -> None:
        with self._lock:
            self.requests.append((request.method, request.path))
            del self.requests[:-REQUESTS_KEPT]

    def _answer(self, request: Request) -> Response:
        fault = self.faults.take(request)
        if fault is None:
            return self._handle(request)
        if fault.written:
            self._handle(request)
        return fault.response()
