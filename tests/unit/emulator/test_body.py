from __future__ import annotations

import json

import httpx
import pytest

from presetctl.emulator.jsontext import DEPTH_LIMIT
from presetctl.emulator.operations import BODY_LIMIT
from tests.unit.emulator.conftest import data, error

JSON = {"Content-Type": "application/json"}


def post(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/presets/p/responses", content=body, headers=JSON)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"model": "m",}', "Illegal trailing comma|Expecting property name"),
        (b'{"model": "a", "model": "b"}', "an object has a key twice"),
        (b'{"provider": {"zdr": true, "zdr": true}}', "an object has a key twice"),
        (b'{"temperature": NaN}', "NaN is not a JSON value"),
        (b'{"temperature": -Infinity}', "-Infinity is not a JSON value"),
        (b'{"temperature": 1e999}', "a number is too large"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"model": "\xff"}', "not UTF-8"),
        (b'\xef\xbb\xbf{"model": "m"}', "Expecting value"),
        (b'{"model": "\\ud800"}', "half of a surrogate pair"),
        (b'{"provider": {"\\udfff": 1}}', "half of a surrogate pair"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{} {}", "Extra data"),
    ],
)
def test_what_is_not_json_is_400(client: httpx.Client, body: bytes, reason: str) -> None:
    status, message = error(post(client, body))
    assert status == 400
    assert message.startswith("Request body is not valid JSON: ")
    assert any(part in message for part in reason.split("|")), message


@pytest.mark.parametrize(
    ("body", "received"),
    [(b"[]", "array"), (b"null", "null"), (b"1", "number"), (b"true", "boolean"), (b'"x"', "string")],
)
def test_what_is_not_an_object_is_400(client: httpx.Client, body: bytes, received: str) -> None:
    assert error(post(client, body)) == (400, f"Invalid input: expected object, received {received}")


def nested(levels: int) -> bytes:
    return b'{"x": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def test_nesting_is_capped(client: httpx.Client) -> None:
    data(post(client, nested(DEPTH_LIMIT)))
    status, message = error(post(client, nested(DEPTH_LIMIT + 1)))
    assert (status, message) == (400, "Request body is nested more than 100 levels deep")


def test_the_size_is_capped(client: httpx.Client) -> None:
    def sized(size: int) -> bytes:
        empty = json.dumps({"instructions": ""}).encode()
        return empty.replace(b'""', b'"' + b"x" * (size - len(empty)) + b'"')

    assert len(data(post(client, sized(BODY_LIMIT)))["designated_version"]["system_prompt"]) > 4_000_000
    status, message = error(post(client, sized(BODY_LIMIT + 1)))
    assert (status, message) == (413, "Request body is larger than 4194304 bytes")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_400(client: httpx.Client, content_type: str) -> None:
    response = client.post("/presets/p/responses", content=b"{}", headers={"Content-Type": content_type})
    assert error(response) == (400, "Content-Type must be application/json")


def test_json_with_a_charset_is_accepted(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    data(client.post("/presets/p/responses", content=b"{}", headers=headers))


def test_a_body_that_ends_early_is_400(client: httpx.Client) -> None:
    response = client.post("/presets/p/responses", content=b"{}", headers={**JSON, "Content-Length": "10"})
    assert error(response) == (400, "Request body is incomplete")


def test_any_unicode_text_survives(client: httpx.Client) -> None:
    prompt = "naïve \u202e 🦊\x00\x1b[31m \u2028 \\ud800"
    body = json.dumps({"instructions": prompt}).encode()
    assert data(post(client, body))["designated_version"]["system_prompt"] == prompt
    assert data(client.get("/presets/p"))["designated_version"]["system_prompt"] == prompt
