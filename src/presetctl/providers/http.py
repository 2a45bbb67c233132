"""The one way out: JSON over HTTP with a deadline for the whole call, a size limit, and no surprises.

What the call may take in all is kept below httpx (see ``limits``).
"""

from __future__ import annotations

import contextlib
import functools
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from presetctl import __version__
from presetctl.domain.errors import AmbiguousError, RemoteError
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.domain.values import Json
from presetctl.providers.limits import Limits, grant, limited, within
from presetctl.waiting import Pause, Waits

MAX_REPLY_BYTES = 8 * 1024 * 1024
_BYTES_FOR_EACH_VALUE = 32
MAX_REPLY_VALUES = MAX_REPLY_BYTES // _BYTES_FOR_EACH_VALUE
"""How many values a reply may have: in memory an empty object takes thirty times its two bytes."""
CONNECT_SECONDS = 10.0
GET_ATTEMPTS = 4
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_REASON_SHOWN = 200
_KEPT_HEADERS = ("link", "x-ratelimit-remaining", "x-ratelimit-reset")
_SETS = "set-cookie"
_WITH_BODY = frozenset({"POST", "PATCH"})
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply whose body is JSON; ``retry_after`` in seconds, where the server said so.

    ``headers`` are those about further pages and rate limits, by their names in small letters. ``altered``: the key
    was taken out of the body.
    """

    status: int
    body: Json
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the reply sets; nothing is sent back by itself."""
    altered: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What a person can do about failures: where the address and the timeout that are used come from."""

    base: str = "check that the workspace's url is the base address of the API"
    address: str = "check the address of the workspace and your network; nothing was sent"
    in_between: str = "check the workspace's url, and any proxy in between"
    slow: str = "try again later, or give the workspace a longer timeout in presetctl.yaml"
    proxy: str = "see HTTPS_PROXY and ALL_PROXY, or set trust_env: false for the workspace"


FOR_WORKSPACES = Advice()


class HttpJson:
    """JSON calls to one base address.

    ``timeout`` is the seconds that one request with its reply may take in all, and ``patience`` the seconds that all
    waits between the tries of one ``get`` may take together; without it as many again. ``transport`` replaces the
    network (the embedded workspace). ``largest`` is how many bytes a reply may have.
    Safe for several threads: each call has a client of its own, since one shared pool becomes slow. What a call is
    done with the next one takes, of whatever thread, so that a connection is made only where all others are in use.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        patience: float | None = None,
        trust_env: bool = False,
        transport: Callable[[], httpx.BaseTransport | None] | None = None,
        pause: Pause | None = None,
        advice: Advice = FOR_WORKSPACES,
        largest: int = MAX_REPLY_BYTES,
    ) -> None:
        self._largest = largest
        self._base_url = base_url.rstrip("/")
        own = {"User-Agent": f"presetctl/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"}
        self._headers = httpx.Headers({**own, **headers})  # shown without the key
        self._timeout = timeout
        self._limits = httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout))
        self._extensions = {"timeout": self._limits.as_dict()}
        self._patience = timeout if patience is None else patience
        self._trust_env = trust_env
        self._transport = transport
        self._pause = pause
        self._advice = advice
        self._abandoned = threading.Event()
        self._clients: list[httpx.Client] = []
        self._idle: dict[bool, deque[httpx.Client]] = {True: deque(), False: deque()}

    def close(self) -> None:
        """Ends the calls that threads are still in, and closes their clients."""
        self._abandoned.set()
        for client in self._clients:
            client.close()
        self._clients.clear()

    def abandon(self) -> None:
        """Ends the calls that other threads are in, with an error. Calls that begin later are not concerned."""
        self._abandoned.set()
        self._abandoned = threading.Event()

    def get(
        self, path: str, query: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Reads; tries again after a passing failure, with growing pauses or those that the server asks for.

        RemoteError when there is no usable reply in the end. Error statuses that don't pass are given back, and so is
        one whose ``Retry-After`` is longer than the waits may still take.
        """
        abandoned = self._abandoned
        waits = self.waits()
        for attempt in range(1, GET_ATTEMPTS + 1):
            asked = None
            try:
                reply = self._call("GET", path, query, None, abandoned, headers)
                asked = self.asked(reply)
                if not self.passes(reply) or attempt == GET_ATTEMPTS or not waits.wait(asked):
                    return reply
            except AmbiguousError as error:
                if attempt == GET_ATTEMPTS:
                    raise RemoteError(error.message, hint=error.hint) from error
                waits.wait(None)
        raise AssertionError("unreachable")  # the last attempt returns or raises

    def waits(self) -> Waits:
        """The waits between the tries of one call."""
        return Waits(self._pause or Pause(sleep=self._abandoned.wait), self._patience)

    def may_show(self, data: bytes) -> bool:
        """Whether JSON may be shown as it is: nothing in it is to be kept from people's eyes."""
        return True

    def passes(self, reply: Reply) -> bool:
        """Whether it tells of a failure that may have passed by the next try."""
        return reply.status in _RETRIED

    def asked(self, reply: Reply) -> float | None:
        """The seconds that it asks to wait before the next try, where it does."""
        return reply.retry_after

    def post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Reply:
        """Writes, once. RemoteError when the request never left; AmbiguousError when its effect is not known."""
        return self._call("POST", path, None, body, self._abandoned, headers)

    def patch(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Reply:
        """Changes a part of something, once. Errors as for ``post``."""
        return self._call("PATCH", path, None, body, self._abandoned, headers)

    def delete(self, path: str, query: Mapping[str, str | int] | None = None) -> Reply:
        """Removes, once. Errors as for ``post``."""
        return self._call("DELETE", path, query, None, self._abandoned)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Json,
        abandoned: threading.Event,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        what = f"{method} {path}"
        with within(Limits.starting(self._timeout, abandoned)):
            try:
                request: dict[str, Any] = {"params": query} if query else {}
                if method in _WITH_BODY:
                    request["json"] = body
                with self._client(method) as client, self._sent(client, method, path, headers, request) as response:
                    return self._reply(what, response)
            except _NEVER_SENT as error:
                raise RemoteError(
                    f"{what}: {self._base_url} can't be reached: {_reason(error)}",
                    hint=self._advice.address,
                ) from None
            except httpx.TimeoutException:
                raise AmbiguousError(
                    f"{what}: no whole reply within {self._timeout:g} s", hint=self._advice.slow
                ) from None
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
                raise AmbiguousError(
                    f"{what}: the connection broke: {_reason(error)}", hint="check your network and try again"
                ) from None

    @contextlib.contextmanager
    def _sent(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        more: Mapping[str, Any],
    ) -> Iterator[httpx.Response]:
        """The reply to a request, of which nothing is read yet.

        Where the environment has no say, the client's transport is called itself: redirects, logins and cookies, for
        which a client looks in vain at every call, take a third of its time.
        """
        url = self._base_url + path
        if self._trust_env:
            with client.stream(method, url, headers=headers, **more) as response:
                yield response
            return
        request = httpx.Request(method, url, headers=self._headers, extensions=self._extensions, **more)
        request.headers.update(headers)
        response = client._transport.handle_request(request)
        response.request = request
        try:
            yield response
        finally:
            response.close()

    def _reply(self, what: str, response: httpx.Response) -> Reply:
        if response.is_redirect:
            # A write may have taken effect before its answer points elsewhere (303).
            kind = RemoteError if response.request.method == "GET" else AmbiguousError
            raise kind(f"{what}: the server answers with a redirect, which is never followed", hint=self._advice.base)
        data = _read(what, response, self._largest, in_between=self._advice.in_between)
        retry_after = _retry_after(response.headers.get("Retry-After"))
        try:
            body = parse_json(data, what="the reply", max_values=self._largest // _BYTES_FOR_EACH_VALUE)
        except JsonError as error:
            if response.is_success:
                raise AmbiguousError(
                    f"{what}: the reply (status {response.status_code}) is not JSON: {error}", hint=self._advice.base
                ) from None
            body = None
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        cookies = {each.name: each.value or "" for each in response.cookies.jar} if _SETS in response.headers else {}
        return Reply(response.status_code, body, retry_after, headers, cookies)

    @contextlib.contextmanager
    def _client(self, method: str) -> Iterator[httpx.Client]:
        """A client that no other call uses, for one of ``method``.

        A write gets a connection of its own: on an idle one that the server is closing just then its fate would not
        be known, and bytes that an earlier reply left behind would be taken for its answer.
        """
        idle = self._idle[method == "GET"]
        try:
            client = idle.pop()
        except IndexError:
            client = self._new_client(1 if method == "GET" else 0)
            self._clients.append(client)
        try:
            yield client
        finally:
            idle.append(client)

    @functools.cached_property
    def _certificates(self) -> ssl.SSLContext:
        """Whose certificates are trusted. Read once: it takes longer than many a call.

        Where nothing is encrypted, and no proxy can ask for it, none are read, and nobody is trusted.
        """
        if self._base_url.startswith("http://") and not self._trust_env:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.create_ssl_context(trust_env=self._trust_env)

    def _new_client(self, kept_alive: int) -> httpx.Client:
        transport = None if self._transport is None else self._transport()
        try:
            client = httpx.Client(
                headers=self._headers,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                timeout=self._limits,
                transport=transport,
                verify=self._certificates if transport is None else True,  # what has a way of its own needs none
                limits=httpx.Limits(max_connections=4, max_keepalive_connections=kept_alive),
                follow_redirects=False,
                trust_env=self._trust_env,
            )
        except (ImportError, ValueError) as error:
            raise RemoteError(
                f"the proxy that the environment names can't be used: {_reason(error)}",
                hint=self._advice.proxy,
            ) from None
        return limited(client)


def fetch(url: str, *, timeout: float, limit: int) -> bytes:
    """The body of a public document, at most ``limit`` bytes. RemoteError where it can't be had."""
    with (
        within(Limits.starting(timeout, threading.Event())),
        limited(httpx.Client(timeout=timeout, trust_env=False)) as client,
    ):
        try:
            with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
                if response.status_code != 200:
                    raise RemoteError(f"{url} answers with status {response.status_code}")
                return _read(url, response, limit)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise RemoteError(f"{url} can't be read: {_reason(error)}") from None


def _read(
    what: str, response: httpx.Response, limit: int = MAX_REPLY_BYTES, in_between: str = FOR_WORKSPACES.in_between
) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise AmbiguousError(f"{what}: the reply is compressed, which was not asked for", hint=in_between)
    grant(limit)  # only now: what comes before the body is never that long
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > limit:
            raise AmbiguousError(f"{what}: the reply is larger than {limit // 1024 // 1024} MiB", hint=in_between)
    return bytes(data)


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either form that HTTP allows, at most a day; None for what is neither."""
    if value is None:
        return None
    with contextlib.suppress(ValueError, OverflowError):
        seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
        return max(0.0, min(seconds, LONGEST_RETRY_AFTER_SECONDS))
    return None


def _reason(error: Exception) -> str:
    """What went wrong at the network, without the address, which may come back in odd forms."""
    return str(error).strip()[:_REASON_SHOWN] or type(error).__name__
