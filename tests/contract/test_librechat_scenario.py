"""One scenario against the emulated LibreChat server, a recording of a real one, and a real one where there is one.

PRESETCTL_LIBRECHAT_SERVER is the URL of a real server that lets people register and has the default login limiter.
PRESETCTL_BLESS=1 records it anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from presetctl.emulator.librechat.app import create_app
from presetctl.emulator.server import serve
from tests.contract.librechat.scenario import SCENARIO, play

RECORDING = Path(__file__).parent / "librechat" / "recording.jsonl"
SERVER = os.environ.get("PRESETCTL_LIBRECHAT_SERVER", "")
BLESS = os.environ.get("PRESETCTL_BLESS") == "1"


def recorded() -> list[Any]:
    return [json.loads(line) for line in RECORDING.read_text("utf-8").splitlines()]


def assert_same(replies: list[dict[str, Any]]) -> None:
    """Compared one by one, so that a failure shows the one call that differs."""
    for reply, expected in zip(replies, recorded(), strict=True):
        assert reply == expected


def test_the_emulator_replies_as_the_real_server_did() -> None:
    with create_app() as app, httpx.Client(transport=httpx.WSGITransport(app), base_url="http://emulator") as client:
        assert_same(list(play(client)))
    assert len(app.requests) == len(SCENARIO)


def test_the_emulator_on_a_port_replies_so_too(tmp_path: Path) -> None:
    with (
        create_app(tmp_path / "librechat.db") as app,
        serve(app, base="") as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        assert_same(list(play(client)))


@pytest.mark.skipif(not SERVER, reason="no real LibreChat server: PRESETCTL_LIBRECHAT_SERVER isn't set to its URL")
def test_the_real_server_replies_as_recorded() -> None:
    with httpx.Client(base_url=SERVER, trust_env=False, timeout=60) as client:
        replies = list(play(client))
    if BLESS:
        lines = (json.dumps(reply, ensure_ascii=False, sort_keys=True) for reply in replies)
        RECORDING.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    assert_same(replies)
