from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from presetctl.emulator.app import Emulator
from presetctl.emulator.server import serve
from tests.unit.emulator.conftest import chat, data, error


def client_of(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": "Bearer x"}, trust_env=False, timeout=10)


def test_the_same_answers_come_from_a_port(emulator: Emulator) -> None:
    with serve(emulator) as url, client_of(url) as client:
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith("/api/v1")
        saved = data(chat(client, "p", "Prompt ü.", model="m"))
        assert data(client.get("/presets/p")) == saved
        assert error(client.get("/presets/q"))[0] == 404
        assert error(client.patch("/presets/p"))[0] == 405
        assert data(client.delete("/presets/p"))["status"] == "archived"
        assert error(client.post("/presets/p/responses", json={"instructions": "x" * 5_000_000}))[0] == 413


def test_a_chunked_body_is_read(emulator: Emulator) -> None:
    with serve(emulator) as url, client_of(url) as client:
        chunks = iter([b'{"model": ', b'"m"}'])
        response = client.post("/presets/p/responses", content=chunks, headers={"Content-Type": "application/json"})
        assert data(response)["designated_version"]["config"] == {"model": "m"}


def test_many_clients_at_once(emulator: Emulator) -> None:
    with serve(emulator, threads=4) as url, ThreadPoolExecutor(8) as pool:

        def work(number: int) -> int:
            with client_of(url) as client:
                return int(data(chat(client, "p", seed=number))["designated_version"]["version"])

        assert sorted(pool.map(work, range(40))) == list(range(1, 41))


def test_nothing_listens_afterwards_even_with_a_client_connected(emulator: Emulator) -> None:
    with ExitStack() as stack:
        with serve(emulator) as url:
            client = stack.enter_context(client_of(url))
            data(client.get("/models"))
        with pytest.raises(httpx.TransportError):
            client.get("/models")


def test_the_port_is_free_again_at_once(emulator: Emulator) -> None:
    with serve(emulator) as url:
        port = httpx.URL(url).port
        assert port
    with serve(emulator, port=port) as again:
        assert again == url


def test_a_port_in_use_is_an_error(emulator: Emulator) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError),
        serve(emulator, port=other.getsockname()[1]),
    ):
        pass


def test_ipv6_addresses_are_bracketed(emulator: Emulator) -> None:
    try:
        with serve(emulator, host="::1") as url, client_of(url) as client:
            assert url.startswith("http://[::1]:")
            data(client.get("/models"))
    except OSError:
        pytest.skip("no IPv6 here")
