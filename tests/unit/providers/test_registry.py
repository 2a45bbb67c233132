"""Workspaces are opened with what their settings say."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from presetctl.domain.errors import AccessError
from presetctl.domain.kind import Kind
from presetctl.domain.project import OpenRouterWorkspace
from presetctl.providers.registry import EMBEDDED_KEY, connect
from tests.unit.providers.server import ok, says, serving

SECRET = "sk-or-v1-secret"


def no_kinds(name: str) -> Kind:
    raise AssertionError(name)


def test_the_embedded_workspace_needs_no_key() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": [], "total_count": 0})

    settings = OpenRouterWorkspace(provider="openrouter", url="embedded")
    connection = connect("local", settings, no_kinds, {}, lambda: httpx.MockTransport(answer))
    assert connection.reader.list_presets().rows == ()
    connection.close()
    assert seen[0].url.host.endswith(".invalid")
    assert seen[0].headers["Authorization"] == f"Bearer {EMBEDDED_KEY}"


def test_a_remote_workspace_gets_its_key_and_never_the_way_to_the_embedded_one() -> None:
    def never() -> httpx.BaseTransport:
        raise AssertionError("the embedded workspace was opened")

    settings = OpenRouterWorkspace(provider="openrouter", url="http://127.0.0.1:9/api/v1", api_key_env="KEY")
    with pytest.raises(AccessError):
        connect("production", settings, no_kinds, {}, never)
    connect("production", settings, no_kinds, {"KEY": SECRET}, never).close()


def test_nothing_that_is_handed_out_shows_the_key() -> None:
    with serving(says(ok(b'{"data": [], "total_count": 0}'))) as server:
        settings = OpenRouterWorkspace(provider="openrouter", url=server.url, api_key_env="KEY")
        connection = connect("production", settings, no_kinds, {"KEY": SECRET}, httpx.HTTPTransport)
        connection.reader.list_presets()
        assert SECRET.encode() in server.requests[0]
    reader: Any = connection.reader
    http = reader._http
    things = [connection, connection.reader, connection.writer, connection.close, http, *vars(http).values()]
    clients = list(http._clients)
    assert clients
    hidden = [thing for thing in things if thing is not http._headers]  # a plain mapping, which nothing prints
    shown = [f"{thing!r} {thing}" for thing in [*hidden, *clients, *(client.headers for client in clients), settings]]
    assert not [text for text in shown if "secret" in text]
    connection.close()
