"""A server that repeats the key which it was sent."""

from __future__ import annotations

import base64
import json
import traceback
from urllib.parse import quote

import pytest

from presetctl.domain.errors import AmbiguousError, PresetctlError
from presetctl.domain.values import Json
from presetctl.providers.keyed import HIDDEN, KeyedHttp, Redaction
from presetctl.providers.openrouter import OpenRouterReader
from tests.keys import LETTERS, drawn
from tests.unit.providers.server import ok, says, serving

KEY = f"sk-or-v1-{drawn(LETTERS, 48)}/+="
FORMS = [
    KEY,
    quote(KEY, safe=""),
    base64.b64encode(KEY.encode()).decode(),
    base64.urlsafe_b64encode(KEY.encode()).decode(),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
]


def shown(error: BaseException) -> str:
    return "".join([repr(error), str(vars(error)), *traceback.format_exception(error)])


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_taken_out_of_every_form_of_it(form: str) -> None:
    redaction = Redaction(KEY)
    assert redaction.text(f"a {form} b").startswith(f"a {HIDDEN}")
    assert KEY[-8:] not in redaction.text(f"a {form} b {form}")
    value: Json = {"a": [form, 1, None, True, {form: f"x{form}"}]}
    assert form not in json.dumps(redaction.value(value))


def test_what_is_no_key_stays() -> None:
    value: Json = {"a": ["sk-or-v1-", KEY[:-1], 1.5, None, True], "": {}}
    assert Redaction(KEY).value(value) == value
    assert Redaction("dev-1").value(["dev-1"]) == ["dev-1"]


@pytest.mark.parametrize("length", [6, 8, 20, len(KEY) - 1])
def test_a_message_that_was_cut_within_the_key(length: int) -> None:
    assert Redaction(KEY).message(f"illegal line: Bearer {KEY[:length]}") == f"illegal line: Bearer {HIDDEN}"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "400 Bad Request", "500 Oh", "200 OK"])
@pytest.mark.parametrize(("method", "form"), [*(("post", form) for form in FORMS), ("patch", KEY)])
def test_a_reply_that_repeats_it(status: str, form: str, method: str) -> None:
    body = json.dumps({"error": {"code": 401, "message": f"Bearer {form} is wrong", form: [form]}}).encode()
    with serving(says(ok(body, status))) as server:
        reply = getattr(KeyedHttp(server.url, KEY, timeout=5), method)("/presets/a", {})
    assert f"Bearer {KEY}".encode() in server.requests[0]
    assert form not in repr(reply)
    assert f"Bearer {HIDDEN}" in json.dumps(reply.body)


@pytest.mark.parametrize(
    "answer",
    [
        f"HTTP/1.1 {KEY}\r\n\r\n".encode(),
        f"Bearer {KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n".encode(),
        f"HTTP/1.1 302 {KEY}\r\nLocation: https://example.com/{KEY}\r\nContent-Length: 0\r\n\r\n".encode(),
        ok(f"{{{KEY}".encode()),
        ok(f'{{"{KEY}": 1, "{KEY}": 2}}'.encode()),
    ],
)
def test_an_answer_that_is_none_and_repeats_it(answer: bytes) -> None:
    with serving(says(answer)) as server, pytest.raises(PresetctlError) as raised:
        KeyedHttp(server.url, KEY, timeout=5).post("/presets/a", {})
    assert KEY[12:-4] not in shown(raised.value)
    assert KEY[-8:] not in shown(raised.value)


def test_a_header_that_repeats_it() -> None:
    with serving(says(ok(b"{}", "200 OK", f"Link: <https://example.com/{KEY}>; rel=next", "X-Other: 1"))) as server:
        reply = KeyedHttp(server.url, KEY, timeout=5).get("/x")
    assert reply.headers == {"link": f"<https://example.com/{HIDDEN}>; rel=next"}


def test_errors_keep_what_else_they_say() -> None:
    with serving(says(ok(b"", "302 Found", "Location: /"))) as server, pytest.raises(PresetctlError) as raised:
        KeyedHttp(server.url, KEY, timeout=5).post("/presets/a", {})
    assert raised.value.message.startswith("POST /presets/a: the server answers with a redirect")
    assert raised.value.hint
    assert str(raised.value) == raised.value.message
    with serving(says(b"", reset=True)) as server, pytest.raises(AmbiguousError):
        KeyedHttp(server.url, KEY, timeout=5).post("/presets/a", {})


def test_a_list_that_repeats_it() -> None:
    row = {"id": "1", "slug": KEY, "status": "active", "designated_version_id": KEY}
    with serving(says(ok(json.dumps({"data": [row], "total_count": 1}).encode()))) as server:
        listing = OpenRouterReader(KeyedHttp(server.url, KEY, timeout=5)).list_presets()
    assert [row.slug for row in listing.rows] == [HIDDEN]
