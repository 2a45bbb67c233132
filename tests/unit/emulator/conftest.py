from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from presetctl.emulator.app import Emulator, create_app

Connect = Callable[..., httpx.Client]


class Clock:
    """A clock that stands still until it's told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 20, 10, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: int = 1) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes HTTP clients of an emulator in this process."""
    with ExitStack() as stack:

        def client(app: Emulator, key: str | None = "any") -> httpx.Client:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            transport = httpx.WSGITransport(app)
            return stack.enter_context(
                httpx.Client(transport=transport, base_url="http://emulator/api/v1", headers=headers)
            )

        yield client


@pytest.fixture
def emulator(clock: Clock) -> Iterator[Emulator]:
    with create_app(clock=clock) as app:
        yield app


@pytest.fixture
def client(emulator: Emulator, connect: Connect) -> httpx.Client:
    return connect(emulator)


def data(response: httpx.Response) -> Any:
    """What a successful answer holds."""
    assert response.status_code == 200, response.text
    return response.json()["data"]


def error(response: httpx.Response) -> tuple[int, str]:
    """Status and message of an answer that must be an error in the API's one shape."""
    body = response.json()
    assert list(body) == ["error"]
    assert sorted(body["error"]) == ["code", "message"]
    assert body["error"]["code"] == response.status_code
    assert response.headers["content-type"] == "application/json"
    return response.status_code, body["error"]["message"]


def chat(client: httpx.Client, slug: str, prompt: str | None = None, **config: Any) -> httpx.Response:
    """Saves a preset through the chat request."""
    role, content = ("user", "x") if prompt is None else ("system", prompt)
    body = {"messages": [{"role": role, "content": content}], **config}
    return client.post(f"/presets/{slug}/chat/completions", json=body)
