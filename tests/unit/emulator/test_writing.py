from __future__ import annotations

from typing import Any

import httpx
import pytest

from presetctl.emulator.app import Emulator
from tests.unit.emulator.conftest import Clock, chat, data, error

MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "x"}]


def saved(client: httpx.Client, kind: str, body: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    version = data(client.post(f"/presets/p/{kind}", json=body))["designated_version"]
    return version["config"], version["system_prompt"]


def test_every_post_makes_and_designates_the_next_version(client: httpx.Client) -> None:
    presets = [data(chat(client, "mail", model="m")) for _ in range(3)]
    assert [preset["designated_version"]["version"] for preset in presets] == [1, 2, 3]
    assert len({preset["designated_version_id"] for preset in presets}) == 3
    assert len({preset["id"] for preset in presets}) == 1


def test_a_post_replaces_the_whole_config_and_prompt(client: httpx.Client) -> None:
    chat(client, "mail", "Old.", model="m", temperature=0.5, provider={"zdr": True})
    version = data(chat(client, "mail", model="n", top_p=0.9))["designated_version"]
    assert version["config"] == {"model": "n", "top_p": 0.9}
    assert version["system_prompt"] is None


def test_a_post_loses_what_only_the_dashboard_can_set(client: httpx.Client, emulator: Emulator) -> None:
    emulator.dashboard_save("default", "mail", {"model": "m", "cache_enabled": True, "cache_ttl_seconds": 600}, "S")
    stored = data(client.get("/presets/mail"))["designated_version"]
    assert stored["config"] == {"model": "m", "cache_enabled": True, "cache_ttl_seconds": 600}
    again = data(chat(client, "mail", "S", model="m", cache_enabled=True))["designated_version"]
    assert (again["version"], again["config"]) == (2, {"model": "m"})


def test_updated_at_moves_and_created_at_stays(client: httpx.Client, clock: Clock) -> None:
    chat(client, "mail", model="m")
    clock.forward(90)
    preset = data(chat(client, "mail", model="m"))
    assert (preset["created_at"], preset["updated_at"]) == ("2026-04-20T10:00:00Z", "2026-04-20T10:01:30Z")
    assert preset["status_updated_at"] is None
    assert preset["designated_version"]["created_at"] == preset["designated_version"]["updated_at"]


def test_a_post_designates_its_version_also_when_an_older_one_was_designated(
    client: httpx.Client, emulator: Emulator
) -> None:
    for temperature in (0.1, 0.2):
        chat(client, "mail", model="m", temperature=temperature)
    emulator.dashboard_designate("default", "mail", 1)
    assert data(client.get("/presets/mail"))["designated_version"]["version"] == 1
    assert data(chat(client, "mail", model="m"))["designated_version"]["version"] == 3


def test_chat_keeps_config_and_drops_what_belongs_to_the_request(client: httpx.Client) -> None:
    config = {
        "model": "m",
        "models": ["n"],
        "temperature": 0.7,
        "top_p": 1,
        "max_tokens": 100,
        "provider": {"sort": "price", "only": ["xai"]},
        "reasoning": {"effort": "low", "max_tokens": 5},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": "required",
        "seed": 7,
    }
    transient = {
        "stream": False,
        "stream_options": {"include_usage": True},
        "metadata": {"a": "b"},
        "session_id": "s",
        "user": "u",
        "trace": {"trace_id": "t"},
        "debug": {},
        "preset": "other",
        "unheard_of": {"deep": [1]},
    }
    assert saved(client, "chat/completions", {"messages": MESSAGES, **config, **transient}) == (config, None)


def test_values_are_stored_verbatim(client: httpx.Client) -> None:
    config: dict[str, Any] = {
        "temperature": 1.0,
        "top_p": None,
        "models": [],
        "model": "🦊\u0000\u2028",
        "max_tokens": 3,
    }
    response = client.post("/presets/p/chat/completions", json={"messages": MESSAGES, **config})
    assert '"config":{"temperature":1.0,"top_p":null,"models":[],' in response.text
    assert data(client.get("/presets/p"))["designated_version"]["config"] == config


def test_messages_keeps_config_and_takes_the_prompt_from_system(client: httpx.Client) -> None:
    config = {"model": "m", "max_tokens": 1024, "temperature": 1, "thinking": {"type": "adaptive"}}
    body = {**config, "messages": MESSAGES, "system": "Be kind.", "metadata": {"user_id": "u"}, "stream": True}
    assert saved(client, "messages", body) == (config, "Be kind.")


def test_responses_keeps_config_and_takes_the_prompt_from_instructions(client: httpx.Client) -> None:
    config = {"model": "m", "max_output_tokens": 9, "text": {"format": {"type": "text"}, "verbosity": "low"}}
    body = {**config, "instructions": "Be brave.", "input": "Hi", "store": False, "background": None, "prompt": None}
    assert saved(client, "responses", body) == (config, "Be brave.")


def test_responses_needs_nothing_at_all(client: httpx.Client) -> None:
    assert saved(client, "responses", {}) == ({}, None)


@pytest.mark.parametrize(
    ("kind", "body", "prompt"),
    [
        ("chat/completions", {"messages": [{"role": "system", "content": "A"}, *MESSAGES]}, "A"),
        ("chat/completions", {"messages": [*MESSAGES, {"role": "system", "content": "A"}]}, "A"),
        (
            "chat/completions",
            {"messages": [{"role": "system", "content": "A"}, {"role": "system", "content": "B"}]},
            "A\n\nB",
        ),
        (
            "chat/completions",
            {"messages": [{"role": "system", "content": [{"type": "text", "text": t} for t in "AB"]}]},
            "AB",
        ),
        ("chat/completions", {"messages": [{"role": "developer", "content": "A"}]}, None),
        ("chat/completions", {"messages": [{"role": "system", "content": ""}]}, None),
        ("messages", {"system": [{"type": "text", "text": t} for t in "AB"], "model": "m", "messages": None}, "AB"),
        ("messages", {"system": "", "model": "m", "messages": []}, None),
        ("messages", {"model": "m", "messages": [{"role": "system", "content": "A"}]}, None),
        ("responses", {"instructions": None}, None),
        ("responses", {"input": [{"type": "message", "role": "system", "content": "A"}]}, None),
    ],
)
def test_where_the_system_prompt_comes_from(
    client: httpx.Client, kind: str, body: dict[str, Any], prompt: str | None
) -> None:
    assert saved(client, kind, body)[1] == prompt


def test_the_kinds_share_one_history(client: httpx.Client) -> None:
    chat(client, "p", model="a")
    saved(client, "messages", {"model": "b", "messages": []})
    saved(client, "responses", {"model": "c"})
    assert [row["config"]["model"] for row in data(client.get("/presets/p/versions"))] == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["chat/completions", "messages", "responses"])
def test_a_disabled_preset_refuses_posts(client: httpx.Client, emulator: Emulator, kind: str) -> None:
    chat(client, "p", model="m")
    emulator.dashboard_set_status("default", "p", "disabled")
    response = client.post(f"/presets/p/{kind}", json={"messages": MESSAGES, "model": "m"})
    assert error(response) == (409, "Preset is disabled; enable it in the dashboard first")
    assert data(client.get("/presets/p"))["status"] == "disabled"
    assert [row["status"] for row in data(client.get("/presets"))] == ["disabled"]
    assert client.get("/presets/p/versions").json()["total_count"] == 1


def test_a_refused_post_writes_nothing(client: httpx.Client) -> None:
    assert error(chat(client, "p", temperature=3))[0] == 400
    assert client.get("/presets").json() == {"data": [], "total_count": 0}


def test_the_dashboard_knows_only_the_workspaces_that_there_are(emulator: Emulator) -> None:
    with pytest.raises(KeyError):
        emulator.dashboard_save("other", "p", {})
