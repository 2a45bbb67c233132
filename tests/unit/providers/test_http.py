"""The way out: deadlines, limits, strict replies, and retries only where nothing can happen twice."""

from __future__ import annotations

import email.utils
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from presetctl.domain.errors import AmbiguousError, RemoteError
from presetctl.providers import http
from presetctl.providers.http import GET_ATTEMPTS, Advice, HttpJson, Reply
from presetctl.waiting import Pause
from tests.unit.providers.server import RawServer, ok, says, serving


class Pauses:
    """Counts the seconds instead of waiting."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def pause(self) -> Pause:
        return Pause(sleep=self.slept.append, jitter=lambda: 1.0)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def client(server: RawServer, pauses: Pauses, timeout: float = 5) -> HttpJson:
    return HttpJson(server.url, {"Authorization": "Bearer secret-key"}, timeout=timeout, pause=pauses.pause())


def test_a_get(pauses: Pauses) -> None:
    with serving(says(ok(b'{"a": 1}'))) as server:
        connection = client(server, pauses)
        reply = connection.get("/x", {"limit": 5})
        connection.close()
    assert (reply.status, reply.body, pauses.slept) == (200, {"a": 1}, [])
    head = server.requests[0].decode().split("\r\n")
    assert head[0] == "GET /api/v1/x?limit=5 HTTP/1.1"
    assert "Authorization: Bearer secret-key" in head
    assert "Accept-Encoding: identity" in head
    assert any(line.startswith("User-Agent: presetctl/") for line in head)


def test_a_post_sends_json_as_it_is(pauses: Pauses) -> None:
    with serving(says(ok(b"{}"))) as server:
        connection = client(server, pauses)
        connection.post("/x", {"t": 1.0, "p": "é"})
        connection.close()
    assert server.requests[0].endswith('{"t":1.0,"p":"é"}'.encode())


def test_a_patch_is_sent_once(pauses: Pauses) -> None:
    with serving(says(ok(b"{}", "503 Busy"))) as server:
        connection = client(server, pauses)
        assert connection.patch("/x", {"a": 1}).status == 503
        connection.close()
    (request,) = server.requests
    assert request.startswith(b"PATCH /api/v1/x HTTP/1.1\r\n")
    assert request.endswith(b'{"a":1}')


def test_all_waits_stay_within_the_patience(pauses: Pauses) -> None:
    with serving(says(ok(b"{}", "429 Slow", "Retry-After: 20"))) as server:
        connection = HttpJson(server.url, {}, timeout=5, patience=45, pause=pauses.pause())
        assert connection.get("/x").status == 429
        connection.close()
    assert pauses.slept == [20, 20]


def test_advice_is_for_whoever_set_it(pauses: Pauses) -> None:
    with serving(says(ok(b"<html>"))) as server, pytest.raises(AmbiguousError) as raised:
        HttpJson(server.url, {}, timeout=5, advice=Advice(base="look there")).post("/x", {})
    assert raised.value.hint == "look there"


@pytest.mark.parametrize("status", ["503 Busy", "500 Oops", "429 Slow", "408 Late"])
def test_a_get_is_tried_again(status: str, pauses: Pauses) -> None:
    with serving(says(ok(b"{}", status)), says(ok(b"1"))) as server:
        connection = client(server, pauses)
        assert connection.get("/x").body == 1
        connection.close()
    assert len(server.requests) == 2
    assert pauses.slept == [0.5]


def test_a_get_gives_up_in_the_end_with_growing_pauses(pauses: Pauses) -> None:
    with serving(says(ok(b"{}", "503 Busy"))) as server:
        connection = client(server, pauses)
        assert connection.get("/x").status == 503
        connection.close()
    assert len(server.requests) == GET_ATTEMPTS
    assert pauses.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "403 No", "404 None", "409 Busy"])
def test_what_does_not_pass_is_not_tried_again(status: str, pauses: Pauses) -> None:
    with serving(says(ok(b'{"error": {}}', status))) as server:
        connection = client(server, pauses)
        assert connection.get("/x").status == int(status[:3])
        connection.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["503 Busy", "500 Oops", "429 Slow"])
def test_a_post_is_sent_once(status: str, pauses: Pauses) -> None:
    with serving(says(ok(b"{}", status))) as server:
        connection = client(server, pauses)
        assert connection.post("/x", {}).status == int(status[:3])
        connection.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", 7.0),
        ("60", 60.0),
        ("0", 0.5),
        ("-5", 0.5),
        ("soon", 0.5),
        ("", 0.5),
        ("1e3", 0.5),
        ("\u00b2", 0.5),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0.5),
        ("Sat, 01 Jan 0001 00:00:00 -0000", 0.5),
        ("Sat, 01 Jan 99999999999999999999 00:00:00 GMT", 0.5),
    ],
)
def test_retry_after_is_honoured(value: str, wait: float, pauses: Pauses) -> None:
    with serving(says(ok(b"{}", "429 Slow", f"Retry-After: {value}")), says(ok(b"1"))) as server:
        connection = client(server, pauses, timeout=60)
        connection.get("/x")
        connection.close()
    assert pauses.slept == [wait]


def test_retry_after_as_a_date(pauses: Pauses) -> None:
    later = email.utils.formatdate(time.time() + 20, usegmt=True)
    with serving(says(ok(b"{}", "503 Busy", f"Retry-After: {later}")), says(ok(b"1"))) as server:
        connection = client(server, pauses, timeout=60)
        connection.get("/x")
        connection.close()
    assert 15 < pauses.slept[0] <= 21


@pytest.mark.parametrize(
    ("value", "asked"),
    [("61", 61.0), ("999999999", 86_400.0), ("9" * 400, 86_400.0), ("Fri, 01 Jan 2199 00:00:00 GMT", 86_400.0)],
)
def test_a_longer_wait_than_the_timeout_is_not_waited_for(value: str, asked: float, pauses: Pauses) -> None:
    with serving(says(ok(b"{}", "429 Slow", f"Retry-After: {value}"))) as server:
        connection = client(server, pauses, timeout=60)
        assert connection.get("/x") == Reply(429, {}, asked)
        connection.close()
    assert (pauses.slept, len(server.requests)) == ([], 1)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        [ok(b"not json")],
        [ok(b'{"a": NaN}')],
        [ok(b'{"a": 1, "a": 2}')],
        [ok(b"\xff")],
        [ok(b"[" * 100_000)],
        [ok(b"9" * 100_000)],
        [ok(b"")],
        [HEAD + b"Content-Length: 10\r\n\r\n{}"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"],
        [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 30\r\n\r\n" + gzip.compress(b"{}", mtime=0)],
        [HEAD + b"X: " + b"y" * 200_000],
        [b"garbage\r\n\r\n"],
        [b""],
        [HEAD + b"Content-Length: 99999999\r\n\r\n" + b" " * (http.MAX_REPLY_BYTES + 1)],
        [ok(b"[" + b"{}," * http.MAX_REPLY_VALUES + b"{}]")],
        [b"HTTP/1.1 100 Continue\r\n\r\n" * 400_000],
    ],
    ids=lambda parts: repr(parts[0][-40:][:24]),
)
def test_a_reply_that_makes_no_sense_leaves_the_write_unknown(reply: list[bytes], pauses: Pauses) -> None:
    with serving(says(*reply)) as server:
        connection = client(server, pauses)
        with pytest.raises(AmbiguousError) as raised:
            connection.post("/x", {})
        with pytest.raises(RemoteError) as read:
            connection.get("/x")
        connection.close()
    assert not isinstance(read.value, AmbiguousError)
    assert len(server.requests) == 1 + GET_ATTEMPTS
    assert "secret-key" not in str(raised.value) + repr(raised.value.__context__)


def test_a_reset_leaves_the_write_unknown(pauses: Pauses) -> None:
    with serving(says(HEAD, reset=True)) as server:
        connection = client(server, pauses)
        with pytest.raises(AmbiguousError, match="the connection broke"):
            connection.post("/x", {})
        connection.close()


@pytest.mark.parametrize(
    "parts",
    [
        [HEAD, *[b"X-Slow: y\r\n"] * 40],
        [HEAD + b"Content-Length: 40\r\n\r\n", *[b" "] * 40],
        [b"", *[b""] * 40],
    ],
    ids=["headers", "body", "silence"],
)
def test_a_slow_server_cannot_hold_a_call_beyond_its_deadline(parts: list[bytes], pauses: Pauses) -> None:
    with serving(says(*parts, pause=0.1)) as server:
        connection = client(server, pauses, timeout=0.5)
        begin = time.monotonic()
        with pytest.raises(AmbiguousError, match=r"no whole reply within 0\.5 s"):
            connection.post("/x", {})
        assert time.monotonic() - begin < 5
        connection.close()


def test_a_redirect_is_not_followed_and_leaves_a_write_unknown(pauses: Pauses) -> None:
    with serving(says(ok(b"", "303 See Other", "Location: http://127.0.0.1:1/stolen"))) as server:
        connection = client(server, pauses)
        with pytest.raises(AmbiguousError, match="redirect"):
            connection.post("/x", {})
        with pytest.raises(RemoteError, match="redirect") as raised:
            connection.get("/x")
        connection.close()
    assert not isinstance(raised.value, AmbiguousError)
    assert len(server.requests) == 2


def test_a_write_never_uses_a_connection_again(pauses: Pauses) -> None:
    """Else the rest of an earlier reply would be taken for its answer."""
    stale = ok(b'"mine"').replace(b"Connection: close\r\n", b"")
    with serving(says(stale + ok(b'"stale"'), pause=1), says(ok(b'"fresh"'))) as server:
        connection = client(server, pauses)
        assert connection.post("/x", {}).body == "mine"
        assert connection.post("/x", {}).body == "fresh"
        connection.close()


def test_a_server_that_takes_a_request_byte_by_byte_cannot_hold_a_call(pauses: Pauses) -> None:
    done = threading.Event()

    def sip(connection: socket.socket) -> None:
        while not done.wait(0.02) and connection.recv(4096):
            pass

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def accept() -> None:
        with suppress(OSError), listener.accept()[0] as accepted:
            sip(accepted)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    connection = HttpJson(f"http://127.0.0.1:{listener.getsockname()[1]}", {}, timeout=1, pause=pauses.pause())
    begin = time.monotonic()
    with listener, pytest.raises(AmbiguousError, match=r"no whole reply within 1 s"):
        connection.post("/x", "x" * 30_000_000)
    assert time.monotonic() - begin < 10
    done.set()
    connection.close()
    thread.join(10)


def test_calls_of_other_threads_are_abandoned_at_once() -> None:
    """A read that hangs and one that waits for its next try, both for longer than anybody runs tests."""
    with serving(says(b"", pause=600)) as silent, serving(says(ok(b"{}", "503 Busy", "Retry-After: 3000"))) as busy:
        connections = [HttpJson(server.url, {}, timeout=3600) for server in (silent, busy)]
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(connection.get, "/x") for connection in connections]
            while not (silent.requests and busy.requests):
                time.sleep(0.01)
            for connection in connections:
                connection.abandon()
            for call in calls:
                with pytest.raises(RemoteError, match="given up, because the command ends"):
                    call.result(60)
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("base", ["http://127.0.0.1:1/api/v1", "ftp://127.0.0.1/x"])
def test_a_request_that_never_left_is_no_ambiguity(base: str, pauses: Pauses) -> None:
    connection = HttpJson(base, {}, timeout=2, pause=pauses.pause())
    with pytest.raises(RemoteError, match="can't be reached") as raised:
        connection.post("/x", {})
    assert not isinstance(raised.value, AmbiguousError)
    connection.close()


def test_an_error_status_without_json_has_no_body(pauses: Pauses) -> None:
    with serving(says(ok(b"<html>Bad gateway</html>", "502 Bad Gateway"))) as server:
        connection = client(server, pauses)
        reply = connection.post("/x", {})
        connection.close()
    assert (reply.status, reply.body) == (502, None)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    with serving(says(ok(b'"from the proxy"'))) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        yield server


def test_the_deadline_holds_with_a_proxy_too(monkeypatch: pytest.MonkeyPatch, pauses: Pauses) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(says(HEAD, *[b"X-Slow: y\r\n"] * 40, pause=0.1)) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        connection = HttpJson("http://127.0.0.1:1", {}, timeout=0.5, trust_env=True, pause=pauses.pause())
        with pytest.raises(AmbiguousError, match="no whole reply"):
            connection.post("/x", {})
        connection.close()


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "gopher://x"])
def test_a_proxy_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch, pauses: Pauses) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    connection = HttpJson("http://127.0.0.1:1", {}, timeout=1, trust_env=True, pause=pauses.pause())
    with pytest.raises(RemoteError, match="the proxy that the environment names can't be used"):
        connection.get("/x")


@pytest.mark.parametrize("asked", [True, False])
def test_a_proxy_is_used_only_when_asked_for(proxy: RawServer, asked: bool, pauses: Pauses) -> None:
    with serving(says(ok(b'"straight"'))) as server:
        base = f"http://127.0.0.1:{server.port}"
        connection = HttpJson(base, {}, timeout=5, trust_env=asked, pause=pauses.pause())
        assert connection.get("/x").body == ("from the proxy" if asked else "straight")
        connection.close()


def test_a_document_is_fetched_up_to_a_limit() -> None:
    with serving(says(ok(b"openapi: 3.1.0"))) as server:
        assert http.fetch(server.url, timeout=5, limit=14) == b"openapi: 3.1.0"
        with pytest.raises(RemoteError, match="larger than 0 MiB"):
            http.fetch(server.url, timeout=5, limit=13)


@pytest.mark.parametrize(("reply", "text"), [(ok(b"", "404 None"), "status 404"), (b"nonsense", "can't be read")])
def test_a_document_that_can_not_be_fetched(reply: bytes, text: str) -> None:
    with serving(says(reply)) as server, pytest.raises(RemoteError, match=text):
        http.fetch(server.url, timeout=5, limit=100)


def test_a_transport_of_ones_own(pauses: Pauses) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"path": request.url.path}))
    connection = HttpJson("http://embedded.invalid/api/v1", {}, timeout=5, transport=lambda: transport)
    assert connection.get("/x").body == {"path": "/api/v1/x"}
    connection.close()
