"""What one call may take: every read and write below it gets only the time and the bytes that the call has left.

httpx limits each read, not the call: a server that sends one byte per second would hold it for ever.
"""

from __future__ import annotations

import contextlib
import math
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from presetctl.domain.errors import RemoteError

MAX_OVERHEAD_BYTES = 256 * 1024
"""What interim replies, headers and chunk sizes of one reply may take beside its body."""
_WRITE_BYTES = 16 * 1024
_SLICE_SECONDS = 0.25
"""How soon a read notices that its call was abandoned."""


@dataclass(slots=True)
class Limits:
    """What the call of this thread may still take: until ``deadline`` (monotonic), and ``budget`` bytes."""

    deadline: float
    budget: int
    abandoned: threading.Event

    @classmethod
    def starting(cls, seconds: float, abandoned: threading.Event) -> Limits:
        """Limits of a call that begins now; it ends early once ``abandoned`` is set."""
        return cls(time.monotonic() + seconds, MAX_OVERHEAD_BYTES, abandoned)

    def left(self, timeout: float | None = None) -> float:
        """The seconds that are left, at most ``timeout``. An error where none are, or the call was abandoned."""
        if self.abandoned.is_set():
            raise RemoteError("given up, because the command ends")
        left = min(self.deadline - time.monotonic(), math.inf if timeout is None else timeout)
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def count(self, data: bytes) -> bytes:
        """The same bytes, once they are off the budget."""
        self.budget -= len(data)
        if self.budget < 0:
            raise httpcore.ReadError("the reply does not end")
        return data


_running = threading.local()


@contextlib.contextmanager
def within(limits: Limits) -> Iterator[None]:
    """What this thread calls inside the block is limited."""
    _running.limits = limits
    try:
        yield
    finally:
        del _running.limits


def grant(size: int) -> None:
    """Lets the running call read ``size`` bytes more."""
    _running.limits.budget += size


class _LimitedStream(httpcore.NetworkStream):
    """A connection on which nothing takes longer than the call has left, or goes on after it was abandoned."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        limits: Limits = _running.limits
        ends = time.monotonic() + limits.left(timeout)
        while True:
            left = limits.left(ends - time.monotonic())
            with contextlib.suppress(httpcore.ReadTimeout):
                return limits.count(self._stream.read(max_bytes, min(left, _SLICE_SECONDS)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: below, the timeout begins anew whenever the other side takes a few bytes.
        for start in range(0, len(buffer), _WRITE_BYTES):
            self._stream.write(buffer[start : start + _WRITE_BYTES], _running.limits.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _running.limits.left(timeout))
        return _LimitedStream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _LimitedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _running.limits.left(timeout)
        return _LimitedStream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


def limited(client: httpx.Client) -> httpx.Client:
    """``client``, with the limits of the call below every connection, the proxies' too."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _LimitedBackend()
    return client
