"""The way out: deadlines, limits, strict replies, and retries only where nothing can happen twice."""

from __future__ import annotations

import email.utils
import gzip
import time
from collections.abc import Iterator

import httpx
import pytest

from presetctl.domain.errors import AmbiguousError, RemoteError
from presetctl.providers import http
from presetctl.providers.http import GET_ATTEMPTS, HttpJson, Pause
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
        ("0", 0.0),
        ("999999999", 30.0),
        ("-5", 0.5),
        ("soon", 0.5),
        ("", 0.5),
        ("1e3", 0.5),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_honoured_up_to_a_cap(value: str, wait: float, pauses: Pauses) -> None:
    with serving(says(ok(b"{}", "429 Slow", f"Retry-After: {value}")), says(ok(b"1"))) as server:
        connection = client(server, pauses)
        connection.get("/x")
        connection.close()
    assert pauses.slept == [wait]


def test_retry_after_as_a_date(pauses: Pauses) -> None:
    later = email.utils.formatdate(time.time() + 20, usegmt=True)
    with serving(says(ok(b"{}", "503 Busy", f"Retry-After: {later}")), says(ok(b"1"))) as server:
        connection = client(server, pauses)
        connection.get("/x")
        connection.close()
    assert 15 < pauses.slept[0] <= 21


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


def test_a_redirect_is_not_followed(pauses: Pauses) -> None:
    with serving(says(ok(b"", "302 Found", "Location: http://127.0.0.1:1/stolen"))) as server:
        connection = client(server, pauses)
        with pytest.raises(RemoteError, match="redirect"):
            connection.post("/x", {})
        with pytest.raises(RemoteError, match="redirect"):
            connection.get("/x")
        connection.close()
    assert len(server.requests) == 2


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
