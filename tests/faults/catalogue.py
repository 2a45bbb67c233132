"""The faults, and with which exit code the command line must end that meets them."""

from __future__ import annotations

import email.utils
import gzip
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.server import Act, Exchange, Reply, head

Codes = tuple[frozenset[int], frozenset[int]]
"""The codes that are right when the fault comes once, and when it comes with every call."""


def codes(once: int, always: int) -> Codes:
    return frozenset({once}), frozenset({always})


DONE = codes(0, 0)
PASSES = codes(0, 8)
FAILS = codes(8, 8)
NEXT_FAILS = frozenset({0, 6, 8})
"""It may be taken for the answer to the next read on that connection, which then names another preset or none."""
EITHER = frozenset({0, 5})
"""A plan can't know; an apply sees it before it writes."""


@dataclass(frozen=True)
class Fault:
    """``read``: on reads; ``write``: on a write that did not arrive, None where such a reply proves that it did.

    ``arrived``: on a write that did arrive, None where the reply says that it did not. ``on`` has what differs for
    one operation. ``slow``: goes on until the client leaves. ``heavy``: tries to fill the memory.
    """

    name: str
    act: Act
    read: Codes = PASSES
    write: Codes | None = PASSES
    arrived: Codes | None = DONE
    on: dict[str, Codes] = field(default_factory=dict)
    slow: bool = False
    heavy: bool = False

    def expected(self, operation: str, arrives: bool) -> Codes | None:
        if operation == "create":
            return self.arrived if arrives else self.write
        return self.on.get(operation, self.read)


def says(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> Act:
    """A reply with another body."""

    def act(exchange: Exchange) -> None:
        exchange.arrive()
        exchange.send(head(status, len(body) if length is None else length, *headers) + body)

    return act


def changed(change: Callable[[bytes], bytes], *headers: str) -> Act:
    """The right reply with its body changed."""

    def act(exchange: Exchange) -> None:
        reply = exchange.reply()
        exchange.send(Reply(reply.status, change(reply.body)).raw(*headers))

    return act


def raw(change: Callable[[Reply], bytes], *, reset: bool = False, held: bool = False) -> Act:
    """Other bytes in the place of the reply, with or without a goodbye, at once or when the client leaves."""

    def act(exchange: Exchange) -> None:
        exchange.send(change(exchange.reply()))
        if held:
            exchange.wait(60)
        if reset:
            exchange.reset()

    return act


def slow(begin: Callable[[Reply], bytes], part: bytes, pause: float = 0.2) -> Act:
    """A beginning, and then ``part`` for ever."""

    def act(exchange: Exchange) -> None:
        exchange.send(begin(exchange.reply()))
        exchange.hold(part, pause)

    return act


def refuses(status: str, *headers: str, body: bytes | None = None) -> Act:
    """An error in the API's own form."""
    said = json.dumps({"error": {"code": int(status[:3]), "message": "because"}}).encode()
    return says(said if body is None else body, status, *headers)


def redirects(status: str) -> Act:
    def act(exchange: Exchange) -> None:
        exchange.arrive()
        port = exchange.server.trap_port
        exchange.send(head(status, 0, f"Location: http://127.0.0.1:{port}/api/v1{exchange.request.path}"))

    return act


def flood(part: bytes, begin: bytes = b"") -> Act:
    """As much of ``part`` as the client takes."""

    def act(exchange: Exchange) -> None:
        exchange.arrive()
        exchange.send(begin)
        block = part * max(1, 65536 // len(part))
        while not exchange.server.ended.is_set():
            exchange.send(block)

    return act


def twice(exchange: Exchange) -> None:
    exchange.reply()
    exchange.send(exchange.reply().raw())


def stale(exchange: Exchange) -> None:
    exchange.send(exchange.server.stale(exchange.request).raw())


def smuggled(exchange: Exchange) -> None:
    """A right reply and, on the connection that stays open, one to a question that nobody has asked yet."""
    reply = exchange.reply()
    exchange.send(reply.raw(keep=True) + Reply("200 OK", b'{"data": {"id": "evil"}}').raw(keep=True))
    exchange.wait(2)


def chunked(reply: Reply, end: bytes) -> bytes:
    begin = head(reply.status, None, "Transfer-Encoding: chunked")
    return begin + f"{len(reply.body):x}\r\n".encode() + reply.body + end


def other_preset(body: bytes) -> bytes:
    return re.sub(rb'"slug": ?"[^"]*"', b'"slug": "another"', body)


def http_date(seconds: float) -> str:
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def asks(status: str, form: Callable[[], str]) -> Act:
    return lambda exchange: refuses(status, f"Retry-After: {form()}")(exchange)


ESCAPES = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202e"
DEEP = b"[" * 100_000 + b"]" * 100_000
BOMB = gzip.compress(bytes(50_000_000), 9)
ERROR = json.dumps({"error": {"code": 400, "message": ESCAPES}}).encode()
NO = codes(8, 8)

FAULTS = [
    # The connection
    Fault("silence", slow(lambda _: b"", b""), slow=True),
    Fault("slow headers", slow(lambda reply: head(reply.status, None)[:-2], b"X-More: y\r\n"), slow=True),
    Fault("slow body", slow(lambda reply: head(reply.status, len(reply.body)), b" "), slow=True),
    Fault("slow first line", slow(lambda _: b"HTTP/1.", b"1"), slow=True),
    Fault("reset before the reply", raw(lambda _: b"", reset=True)),
    Fault("reset in the headers", raw(lambda reply: reply.raw()[:40], reset=True)),
    Fault("reset in the body", raw(lambda reply: reply.raw()[:-9], reset=True)),
    Fault("reset after the body", raw(lambda reply: reply.raw(), reset=True),
          read=(frozenset({0}), frozenset({0, 8})), write=None),
    Fault("closed without a reply", raw(lambda _: b"")),
    Fault("closed in the headers", raw(lambda reply: reply.raw()[:40])),
    Fault("truncated body", raw(lambda reply: reply.raw()[:-9])),
    # HTTP
    Fault("bad chunk size", raw(lambda reply: chunked(reply, b"\r\nZZ\r\n"))),
    Fault("chunks without end", raw(lambda reply: chunked(reply, b"\r\n"))),
    Fault("chunks of a byte", slow(lambda reply: head(reply.status, None, "Transfer-Encoding: chunked"),
                                   b"1\r\n \r\n"), slow=True),
    Fault("length too long", raw(lambda reply: reply.raw(length=len(reply.body) + 10), held=True), slow=True),
    Fault("length too short", raw(lambda reply: reply.raw(length=len(reply.body) - 10))),
    Fault("two lengths", raw(lambda reply: reply.raw("Content-Length: 3"))),
    Fault("length that is no number", raw(lambda reply: head(reply.status, None, "Content-Length: -5") + reply.body)),
    Fault("garbage", raw(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n" + bytes(range(256)))),
    Fault("TLS alert", raw(lambda _: b"\x15\x03\x01\x00\x02\x02\x46")),
    Fault("version that nobody speaks",
        raw(lambda reply: reply.raw().replace(b"HTTP/1.1", b"HTTP/9.9", 1)),
        read=DONE,
        write=None,
    ),
    Fault("huge header", raw(lambda reply: reply.raw("X-Huge: " + "y" * 300_000))),
    Fault("endless headers", flood(b"X-More: yyyyyyyy\r\n", b"HTTP/1.1 200 OK\r\n"), heavy=True),
    Fault("one endless header", flood(b"y", b"HTTP/1.1 200 OK\r\nX-More: "), heavy=True),
    Fault("100 Continue unasked", raw(lambda reply: b"HTTP/1.1 100 Continue\r\n\r\n" + reply.raw()),
          read=DONE, write=None),
    Fault("early hints", raw(lambda reply: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + reply.raw()),
          read=DONE, write=None),
    Fault("100 Continue and no more", raw(lambda _: b"HTTP/1.1 100 Continue\r\n\r\n", held=True), slow=True),
    Fault("1xx flood", flood(b"HTTP/1.1 100 Continue\r\n\r\n"), heavy=True),
    Fault("101 Switching Protocols", raw(lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")),
    Fault("rest of another reply", smuggled, read=(NEXT_FAILS, NEXT_FAILS), write=None),
    Fault("redirect 302", redirects("302 Found"), read=FAILS),
    Fault("redirect 307", redirects("307 Temporary Redirect"), read=FAILS),
    Fault("redirect 308", redirects("308 Permanent Redirect"), read=FAILS),
    # The body
    Fault("gzip bomb", says(BOMB, "200 OK", "Content-Encoding: gzip"), heavy=True),
    Fault("gzip unasked", changed(lambda body: gzip.compress(body), "Content-Encoding: gzip")),
    Fault("gzip untold", changed(lambda body: gzip.compress(body))),
    Fault("endless body", flood(b" " * 65536, head("200 OK", None)), heavy=True),
    Fault("HTML 200", says(b"<html>Sign in</html>")),
    Fault("HTML 502", says(b"<html>Bad gateway</html>", "502 Bad Gateway")),
    Fault("not UTF-8", changed(lambda body: body[:-1] + b', "x": "\xff\xfe"}')),
    Fault("byte order mark", changed(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("half a surrogate pair", changed(lambda body: body[:-1] + b', "x": "\\ud800"}')),
    Fault("NaN", changed(lambda body: body[:-1] + b', "x": NaN}')),
    Fault("duplicate keys", changed(lambda body: body[:-1] + b', "x": 1, "x": 2}')),
    Fault("deep JSON", says(b"[" * 1_000_000 + b"]" * 1_000_000), heavy=True),
    Fault("deep JSON in a reply", changed(lambda body: body[:-1] + b', "x": ' + DEEP + b"}")),
    Fault("huge integer", changed(lambda body: body[:-1] + b', "x": ' + b"9" * 1_000_000 + b"}"), heavy=True),
    Fault("huge exponent", changed(lambda body: body[:-1] + b', "x": 1e999}')),
    Fault("millions of values", says(b'{"data": [' + b"{}," * 2_700_000 + b"{}]}"), heavy=True),
    Fault("204", says(b"", "204 No Content")),
    Fault("202 and nothing known", says(b'{"status": "accepted"}', "202 Accepted"), read=NO),
    Fault("empty 200", says(b"")),
    Fault("list instead of object", says(b"[]"), read=FAILS),
    Fault("null", says(b"null"), read=FAILS),
    Fault("missing field", says(b'{"data": {}}'), read=FAILS, on={"key": codes(7, 7)}),
    Fault("wrong type", says(b'{"data": {"workspace_id": [], "id": 1, "slug": 5}, "total_count": "many"}'), read=FAILS),
    Fault("200 with an error", says(b'{"error": {"code": 500, "message": "no"}}'), read=FAILS),
    Fault("another preset", changed(other_preset), read=DONE, on={"get": FAILS, "list": (EITHER, EITHER)}),
    # Words
    Fault("escape codes in the reason", refuses("400 \x1b[31m\x9b2J", body=ERROR), read=NO, write=NO, arrived=None),
    Fault("escape codes in the message", refuses("400 Bad Request", body=ERROR), read=NO, write=NO, arrived=None),
    Fault("escape codes and status 503", refuses("503 Busy", body=ERROR)),
    # Statuses
    Fault("400", refuses("400 Bad Request"), read=NO, write=NO, arrived=None),
    Fault("401", refuses("401 Unauthorized"), read=codes(7, 7), write=codes(7, 7), arrived=None),
    Fault("403", refuses("403 Forbidden"), read=codes(7, 7), write=codes(7, 7), arrived=None),
    Fault("404", refuses("404 Not Found"), read=NO, write=NO, arrived=None,
          on={"get": codes(5, 5), "versions": DONE}),
    Fault("409", refuses("409 Conflict"), read=codes(5, 5), write=codes(0, 5), arrived=DONE),
    *(Fault(status[:3], refuses(status)) for status in (
        "408 Request Timeout", "425 Too Early", "500 Internal Server Error", "502 Bad Gateway",
        "503 Service Unavailable", "504 Gateway Timeout",
    )),
    Fault("429", refuses("429 Too Many Requests"), arrived=None),
    # Retry-After
    *(Fault(f"{status[:3]}, Retry-After {name}", asks(status, form),
            read=codes(8, 8) if far else PASSES, write=codes(8, 8) if far else PASSES,
            arrived=None if status[:3] == "429" else DONE)
      for status in ("429 Too Many Requests", "503 Service Unavailable")
      for name, form, far in (
          ("in seconds", lambda: "1", False),
          ("as a date", lambda: http_date(1), False),
          ("of an hour", lambda: "3600", True),
          ("without sense", lambda: "soon", False),
          ("below zero", lambda: "-5", False),
          ("in the past", lambda: http_date(-3600), False),
      )),
    # Delivery
    Fault("delivered twice", twice, read=DONE, write=None, arrived=codes(6, 6)),
    Fault("stale read", stale, read=DONE, write=None, arrived=None),
]  # fmt: skip
