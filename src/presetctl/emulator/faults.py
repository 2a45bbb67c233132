"""Faults on demand: answers that go wrong when a test wants them to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from werkzeug.wrappers import Request, Response

from presetctl.emulator.jsontext import dump


@dataclass(frozen=True)
class Fault:
    """How the next matching requests fail.

    ``method`` and ``path_end`` say which requests (empty for all), ``times`` how many of them, ``skip`` how many are
    let through before. ``written``: the request takes effect all the same, only its answer is lost. ``body`` replaces
    the JSON error. ``delay`` is in seconds.
    """

    status: int = 500
    message: str = "Internal Server Error"
    method: str = ""
    path_end: str = ""
    times: int = 1
    skip: int = 0
    written: bool = False
    delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def matches(self, request: Request) -> bool:
        """Whether this fault is meant for ``request``."""
        return self.method in ("", request.method) and request.path.endswith(self.path_end)

    def response(self) -> Response:
        """The answer that goes wrong."""
        if self.delay:
            time.sleep(self.delay)
        if self.body is None:
            response = error_response(self.status, self.message)
        else:
            response = Response(self.body, self.status, content_type="application/json")
        response.headers.update(self.headers)
        return response


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Makes the next requests that match fail."""
        with self._lock:
            self._pending.append((fault, [fault.skip, fault.times]))

    def clear(self) -> None:
        """Lets every request through again."""
        with self._lock:
            self._pending.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault for this request, counted off."""
        with self._lock:
            for fault, left in self._pending:
                if left[1] > 0 and fault.matches(request):
                    turn = 0 if left[0] > 0 else 1
                    left[turn] -= 1
                    return fault if turn else None
        return None


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the shape that the API uses for all of them."""
    body = dump({"error": {"code": status, "message": message}})
    return Response(body, status, headers, content_type="application/json")
