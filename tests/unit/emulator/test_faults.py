from __future__ import annotations

import httpx

from presetctl.emulator.app import Emulator, Fault
from tests.unit.emulator.conftest import chat, data, error


def test_a_fault_strikes_once_and_leaves_no_trace(client: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(Fault(503, "Service temporarily unavailable", headers={"Retry-After": "2"}))
    response = chat(client, "p", model="m")
    assert error(response) == (503, "Service temporarily unavailable")
    assert response.headers["retry-after"] == "2"
    assert data(client.get("/presets")) == []
    assert len(emulator.requests) == 2


def test_a_reply_can_be_lost_after_the_write(client: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(Fault(method="POST", path_end="/chat/completions", written=True, delay=0.001))
    assert error(chat(client, "p", model="m")) == (500, "Internal Server Error")
    assert data(client.get("/presets/p"))["designated_version"]["version"] == 1


def test_faults_can_wait_and_repeat(client: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(Fault(429, "Rate limit exceeded", method="GET", skip=1, times=2))
    statuses = [client.get("/presets").status_code for _ in range(5)]
    assert statuses == [200, 429, 429, 200, 200]
    assert data(chat(client, "p", model="m"))["slug"] == "p"


def test_a_body_can_be_anything(client: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(Fault(200, body=b"<html>", path_end="/presets"))
    assert client.get("/key").status_code == 200
    assert client.get("/presets").content == b"<html>"


def test_faults_can_be_cleared(client: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(Fault(times=100))
    emulator.faults.clear()
    assert client.get("/presets").status_code == 200
