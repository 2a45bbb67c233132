"""The one way out: JSON over HTTP with a deadline for the whole call, a size limit, and no surprises.

httpx limits each read, not the call: a server that sends one byte per second would hold it for ever. So the network
layer below it gives every read and write only the time that the call has left.
"""

from __future__ import annotations

import contextlib
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx

from presetctl import __version__
from presetctl.domain.errors import AmbiguousError, RemoteError
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.domain.values import Json

MAX_REPLY_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 10.0
GET_ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply whose body is JSON; ``retry_after`` in seconds, where the server said so."""

    status: int
    body: Json
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """How retries wait. Tests hand in a clock of their own."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


class HttpJson:
    """JSON calls to one base address.

    ``timeout`` is the seconds that one call may take in all. ``transport`` replaces the network (the embedded
    workspace). Safe for several threads: each has a client of its own, since one shared pool becomes slow.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        trust_env: bool = False,
        transport: Callable[[], httpx.BaseTransport | None] | None = None,
        pause: Pause = Pause(),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"User-Agent": f"presetctl/{__version__}", "Accept": "application/json", **headers}
        self._timeout = timeout
        self._trust_env = trust_env
        self._transport = transport or (_proxied if trust_env else _network)
        self._pause = pause
        self._local = threading.local()
        self._clients: list[httpx.Client] = []

    def close(self) -> None:
        """Closes every thread's client."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Reply:
        """Reads; tries again after a passing failure, with growing pauses.

        RemoteError when there is no usable reply in the end. Error statuses that don't pass are given back.
        """
        wait = 0.0
        for attempt in range(1, GET_ATTEMPTS + 1):
            try:
                reply = self._call("GET", path, query, None)
            except AmbiguousError as error:
                if attempt == GET_ATTEMPTS:
                    raise RemoteError(error.message, hint=error.hint) from error
                reply = None
            if reply is not None and (reply.status not in _RETRIED or attempt == GET_ATTEMPTS):
                return reply
            wait = min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS) * (
                0.5 + self._pause.jitter() / 2
            )
            if reply is not None and reply.retry_after is not None:
                wait = reply.retry_after
            self._pause.sleep(min(wait, LONGEST_PAUSE_SECONDS))
        raise AssertionError("unreachable")  # the last attempt returns or raises

    def post(self, path: str, body: Json) -> Reply:
        """Writes, once. RemoteError when the request never left; AmbiguousError when its effect is not known."""
        return self._call("POST", path, None, body)

    def _call(self, method: str, path: str, query: Mapping[str, str | int] | None, body: Json) -> Reply:
        what = f"{method} {path}"
        with _deadline(self._timeout):
            try:
                request: dict[str, Any] = {"params": query} if query else {}
                if method == "POST":
                    request["json"] = body
                with self._client().stream(method, self._base_url + path, **request) as response:
                    return self._reply(what, response)
            except _NEVER_SENT as error:
                raise RemoteError(
                    f"{self._base_url} can't be reached: {_reason(error)}",
                    hint="check the address of the workspace and your network; nothing was sent",
                ) from None
            except httpx.TimeoutException:
                raise AmbiguousError(f"{what}: no whole reply within {self._timeout:g} s") from None
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
                raise AmbiguousError(f"{what}: the connection broke: {_reason(error)}") from None

    def _reply(self, what: str, response: httpx.Response) -> Reply:
        if response.is_redirect:
            raise RemoteError(
                f"{what}: the server answers with a redirect, which is never followed", hint="check the url"
            )
        data = _read(what, response)
        retry_after = _retry_after(response.headers.get("Retry-After"))
        try:
            body = parse_json(data, what="the reply")
        except JsonError as error:
            if response.is_success:
                raise AmbiguousError(
                    f"{what}: the reply (status {response.status_code}) is not JSON: {error}"
                ) from None
            body = None
        return Reply(response.status_code, body, retry_after)

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._local, "client", None)
        if client is None:
            client = httpx.Client(
                headers={**self._headers, "Accept-Encoding": "identity"},
                timeout=httpx.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
                transport=self._transport(),
                follow_redirects=False,
                trust_env=self._trust_env,
            )
            self._local.client = client
            self._clients.append(client)
        return client


def fetch(url: str, *, timeout: float, limit: int) -> bytes:
    """The body of a public document, at most ``limit`` bytes. RemoteError where it can't be had."""
    with _deadline(timeout), httpx.Client(timeout=timeout, transport=_network(), trust_env=False) as client:
        try:
            with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
                if response.status_code != 200:
                    raise RemoteError(f"{url} answers with status {response.status_code}")
                return _read(url, response, limit)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise RemoteError(f"{url} can't be read: {_reason(error)}") from None


def _read(what: str, response: httpx.Response, limit: int = MAX_REPLY_BYTES) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise AmbiguousError(f"{what}: the reply is compressed, which was not asked for")
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > limit:
            raise AmbiguousError(f"{what}: the reply is larger than {limit // 1024 // 1024} MiB")
        parts.append(part)
        if _remaining() <= 0:
            raise httpx.ReadTimeout("")
    return b"".join(parts)


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either form that HTTP allows; None for what is neither."""
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, min(float(value), 86_400.0)) if value.strip().isdigit() else _until(value)
    return None


def _until(date: str) -> float:
    return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())


def _reason(error: Exception) -> str:
    """What went wrong at the network, without the address, which may come back in odd forms."""
    return str(error).strip() or type(error).__name__


_local = threading.local()


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    _local.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        del _local.deadline


def _remaining() -> float:
    return float(_local.deadline - time.monotonic()) if hasattr(_local, "deadline") else float("inf")


def _shortened(timeout: float | None) -> float:
    left = _remaining()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(timeout, left)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection on which nothing takes longer than the call has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _shortened(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _shortened(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, _shortened(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _DeadlineBackend(httpcore.NetworkBackend):
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
        stream = self._backend.connect_tcp(host, port, _shortened(timeout), local_address, socket_options)
        return _DeadlineStream(stream)


def _network() -> httpx.BaseTransport:
    transport = httpx.HTTPTransport(trust_env=False)
    # The pool is httpcore's public one, made as httpx makes it, over a network that knows the deadline.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(trust_env=False), max_connections=4, network_backend=_DeadlineBackend()
    )
    return transport


def _proxied() -> None:
    """No transport: httpx then builds its own, with the proxies that the environment names."""
