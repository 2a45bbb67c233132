from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from presetctl.emulator.app import create_app
from presetctl.emulator.switches import Switches
from tests.unit.emulator.conftest import Clock, Connect, chat, data, error

Switched = Callable[..., httpx.Client]


@pytest.fixture
def switched(connect: Connect, clock: Clock) -> Iterator[Switched]:
    """Makes a client of a new emulator with some switches set."""
    with ExitStack() as stack:
        yield lambda **switches: connect(
            stack.enter_context(create_app(switches=Switches(**switches), clock=clock)), "any"
        )


def config(response: httpx.Response) -> Any:
    return data(response)["designated_version"]["config"]


def test_fields_of_unknown_persistence_can_be_dropped(switched: Switched) -> None:
    fields: dict[str, Any] = {
        "model": "m",
        "seed": 1,
        "stop": "x",
        "tool_choice": "auto",
        "reasoning": {"effort": "low"},
    }
    assert config(chat(switched(), "p", **fields)) == fields
    dropping = switched(unknown_fields="drop")
    assert config(chat(dropping, "p", **fields)) == {
        "model": "m",
        "tool_choice": "auto",
        "reasoning": {"effort": "low"},
    }
    body = {"model": "m", "tool_choice": "auto", "temperature": 1, "max_output_tokens": 2}
    assert config(dropping.post("/presets/q/responses", json=body)) == {"model": "m", "temperature": 1}
    body = {"model": "m", "max_tokens": 5, "stop_sequences": ["x"], "messages": []}
    assert config(dropping.post("/presets/r/messages", json=body)) == {"model": "m", "max_tokens": 5}


def test_server_defaults_are_added_and_never_replace_what_was_sent(switched: Switched) -> None:
    client = switched(server_defaults=True)
    assert config(chat(client, "p", model="m", seed=5)) == {
        "model": "m",
        "seed": 5,
        "top_p": None,
        "stop": [],
        "models": [],
    }
    provider = config(chat(client, "p", model="m", provider={"only": ["xai"], "allow_fallbacks": False}))["provider"]
    assert provider == {
        "only": ["xai"],
        "sort": None,
        "order": [],
        "ignore": [],
        "allow_fallbacks": False,
        "require_parameters": False,
    }
    assert config(chat(client, "p", provider=None))["provider"] is None


def test_an_identical_post_can_be_without_effect(switched: Switched, clock: Clock) -> None:
    client = switched(identical_post="unchanged")
    first = data(chat(client, "p", "S", temperature=1, model="m"))
    clock.forward()
    assert data(chat(client, "p", "S", model="m", temperature=1.0)) == first
    assert data(chat(client, "p", "T", model="m", temperature=1))["designated_version"]["version"] == 2
    assert data(chat(client, "p", "T", model="m", temperature=0))["designated_version"]["version"] == 3


def test_archive_can_be_missing(switched: Switched) -> None:
    client = switched(archive="missing")
    chat(client, "p", model="m")
    assert error(client.delete("/presets/p")) == (404, "Resource not found")
    assert error(client.post("/presets/p/restore")) == (404, "Resource not found")
    assert data(client.get("/presets/p"))["status"] == "active"


def test_a_post_can_revive_an_archived_preset(switched: Switched, clock: Clock) -> None:
    client = switched(post_to_archived="revive", identical_post="unchanged")
    chat(client, "p", model="m")
    client.delete("/presets/p")
    clock.forward()
    revived = data(chat(client, "p", model="m"))
    assert (revived["status"], revived["designated_version"]["version"]) == ("active", 2)
    assert revived["status_updated_at"] == "2026-04-20T10:00:01Z"


def test_nulls_can_be_dropped(switched: Switched) -> None:
    fields: dict[str, Any] = {"model": "m", "temperature": None, "provider": {"sort": None}}
    assert config(chat(switched(), "p", **fields)) == fields
    assert config(chat(switched(nulls="drop"), "p", **fields)) == {"model": "m", "provider": {"sort": None}}


def test_json_can_be_normalized(switched: Switched) -> None:
    fields: dict[str, Any] = {
        "temperature": 1.0,
        "model": "m",
        "provider": {"zdr": True, "preferred_max_latency": 2.0, "order": []},
        "top_p": 0.5,
    }
    response = chat(switched(json_form="normalized"), "p", **fields)
    provider = '{"order":[],"preferred_max_latency":2,"zdr":true}'
    assert f'"config":{{"model":"m","provider":{provider},"temperature":1,"top_p":0.5}}' in response.text


def test_archived_presets_can_be_listed(switched: Switched) -> None:
    for client, listed in ((switched(), []), (switched(archived_rows="listed"), [("p", "archived")])):
        chat(client, "p", model="m")
        client.delete("/presets/p")
        rows = client.get("/presets").json()
        assert [(row["slug"], row["status"]) for row in rows["data"]] == listed
        assert rows["total_count"] == len(listed)
        assert error(client.get("/presets/p"))[0] == 404
