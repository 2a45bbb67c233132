from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from presetctl.emulator.access import KeyGrant, workspace_id
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.errors import ApiError
from tests.unit.emulator.conftest import Clock, Connect, chat, data, error


def test_an_archived_preset_is_hidden_and_keeps_its_versions(client: httpx.Client, clock: Clock) -> None:
    for model in ("a", "b"):
        chat(client, "p", model=model)
    before = data(client.get("/presets/p"))
    clock.forward()
    archived = data(client.delete("/presets/p"))
    assert archived == {**before, "status": "archived", "status_updated_at": "2026-04-20T10:00:01Z"}
    assert client.get("/presets").json() == {"data": [], "total_count": 0}
    for path in ("/presets/p", "/presets/p/versions", "/presets/p/versions/1"):
        assert error(client.get(path))[0] == 404
    clock.forward()
    restored = data(client.post("/presets/p/restore"))
    assert restored == {**before, "status_updated_at": "2026-04-20T10:00:02Z"}
    assert client.get("/presets/p/versions").json()["total_count"] == 2


def test_archiving_and_restoring_twice_changes_nothing(client: httpx.Client, clock: Clock) -> None:
    active = data(chat(client, "p", model="m"))
    assert data(client.post("/presets/p/restore")) == active
    archived = data(client.delete("/presets/p"))
    clock.forward()
    assert data(client.delete("/presets/p")) == archived


def test_the_slug_of_an_archived_preset_stays_taken(client: httpx.Client) -> None:
    chat(client, "p", model="m")
    client.delete("/presets/p")
    assert error(chat(client, "p", model="m")) == (409, "Preset is archived; restore it first")
    assert data(client.post("/presets/p/restore"))["designated_version"]["version"] == 1


def test_a_disabled_preset_is_neither_archived_nor_restored(client: httpx.Client, emulator: Emulator) -> None:
    chat(client, "p", model="m")
    emulator.dashboard_set_status("default", "p", "disabled")
    assert error(client.delete("/presets/p"))[0] == 409
    assert error(client.post("/presets/p/restore"))[0] == 409
    emulator.dashboard_set_status("default", "p", "active")
    assert data(client.delete("/presets/p"))["status"] == "archived"


def test_unknown_slugs_are_404(client: httpx.Client, emulator: Emulator) -> None:
    assert error(client.delete("/presets/p"))[0] == 404
    assert error(client.post("/presets/p/restore"))[0] == 404
    with pytest.raises(ApiError):
        emulator.dashboard_set_status("default", "p", "archived")
    chat(client, "p", model="m")
    with pytest.raises(ApiError):
        emulator.dashboard_designate("default", "p", 2)


@pytest.fixture
def two_workspaces(connect: Connect) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    keys = [KeyGrant("k", "a", "management"), KeyGrant("other", "b")]
    with create_app(keys=keys) as app:
        for name in ("a", "b"):
            app.dashboard_save(name, "p", {"model": name})
        yield connect(app, "k"), connect(app, "other")


def test_a_management_key_can_name_the_workspace(two_workspaces: tuple[httpx.Client, httpx.Client]) -> None:
    manager, other = two_workspaces
    there = workspace_id("b")
    assert data(manager.delete("/presets/p", params={"workspace_id": there}))["workspace_id"] == there
    assert error(other.get("/presets/p"))[0] == 404
    data(manager.get("/presets/p"))
    assert data(manager.post("/presets/p/restore", json={"workspace_id": there.upper()}))["status"] == "active"
    data(other.get("/presets/p"))


@pytest.mark.parametrize(
    ("query", "body", "refusal"),
    [
        ("nonsense", None, (400, "workspace_id: Invalid UUID")),
        (workspace_id("c"), None, (404, "Workspace not found")),
        (None, b'{"workspace_id": 5}', (400, "workspace_id: Invalid UUID")),
        (None, b'{"workspace_id": []}', (400, "workspace_id: Invalid UUID")),
        (None, b"[]", (400, "Invalid input: expected object, received array")),
        (
            workspace_id("a"),
            f'{{"workspace_id": "{workspace_id("b")}"}}'.encode(),
            (400, "workspace_id: query and body disagree"),
        ),
    ],
)
def test_a_bad_workspace_is_refused(
    two_workspaces: tuple[httpx.Client, httpx.Client],
    query: str | None,
    body: bytes | None,
    refusal: tuple[int, str],
) -> None:
    manager, _ = two_workspaces
    params = {"workspace_id": query} if query else {}
    assert error(manager.request("DELETE", "/presets/p", params=params, content=body)) == refusal
    data(manager.get("/presets/p"))


def test_a_body_without_a_workspace_means_the_keys_own(two_workspaces: tuple[httpx.Client, httpx.Client]) -> None:
    manager, _ = two_workspaces
    assert data(manager.request("DELETE", "/presets/p", json={"workspace_id": None}))["status"] == "archived"
    assert data(manager.post("/presets/p/restore", json={}))["workspace_id"] == workspace_id("a")
