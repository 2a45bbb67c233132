"""An admin's configuration on the emulated LibreChat server, with the oddities of the real one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from presetctl.emulator.librechat.app import Account, LibreChat, create_app

ADMIN = Account("root@example.com", "correct horse", admin=True)
ANN = Account("ann@example.com", "battery staple")
LIST = [{"name": "a", "label": "A", "preset": {"endpoint": "openAI", "promptPrefix": "P", "model": "m"}}]
USERS = "/api/admin/config/role/USER"
FIELDS = f"{USERS}/fields"


@dataclass
class Server:
    app: LibreChat
    client: httpx.Client
    headers: dict[str, str]
    anns: dict[str, str]

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        reply = self.client.request(method, path, json=body, headers=more.get("headers", self.headers))
        return reply.status_code, reply.json()

    def put(self, overrides: Any, **more: Any) -> tuple[int, Any]:
        return self("PUT", USERS, {"overrides": overrides, **more})

    def patch(self, *entries: Any, **more: Any) -> tuple[int, Any]:
        return self("PATCH", FIELDS, {"entries": list(entries), **more})

    def held(self) -> Any:
        return self("GET", USERS)[1]["config"]


def at(path: Any, value: Any) -> dict[str, Any]:
    return {"fieldPath": path, "value": value}


def signed(client: httpx.Client, account: Account) -> dict[str, str]:
    body = {"email": account.email, "password": account.password}
    return {"Authorization": f"Bearer {client.post('/api/auth/login', json=body).json()['token']}"}


@pytest.fixture
def server() -> Iterator[Server]:
    with (
        create_app(accounts=[ADMIN, ANN]) as app,
        httpx.Client(transport=httpx.WSGITransport(app), base_url="http://emulator") as client,
    ):
        yield Server(app, client, signed(client, ADMIN), signed(client, ANN))


def test_only_an_admin_may(server: Server) -> None:
    for method, path in [("GET", "/api/admin/config"), ("GET", "/api/admin/config/base"), ("PUT", USERS)]:
        assert server(method, path, {}, headers={}) == (401, {"message": "No auth token"})
        assert server(method, path, {}, headers=server.anns) == (403, {"message": "Forbidden"})


def test_a_later_account_may_be_an_admin_too() -> None:
    with (
        create_app(accounts=[ANN, ADMIN]) as app,
        httpx.Client(transport=httpx.WSGITransport(app), base_url="http://emulator") as client,
    ):
        for account in (ANN, ADMIN):
            assert client.get("/api/admin/config", headers=signed(client, account)).json() == {"configs": []}


def test_a_put_replaces_all_and_counts_up(server: Server) -> None:
    assert server("GET", USERS) == (404, {"error": "Config not found"})
    status, first = server.put({"modelSpecs": {"list": LIST}, "a": 1})
    assert (status, first["config"]["configVersion"], first["config"]["priority"]) == (201, 1, 10)
    status, second = server.put({"b": 2}, priority=3)
    assert (status, second["config"]["configVersion"], second["config"]["overrides"]) == (200, 2, {"b": 2})
    held = server.held()
    assert held["priority"] == 3
    assert {key: held[key] for key in ("principalType", "principalId", "principalModel", "isActive", "tombstones")} == {
        "principalType": "role", "principalId": "USER", "principalModel": "Role", "isActive": True, "tombstones": [],
    }  # fmt: skip
    assert server("GET", "/api/admin/config") == (200, {"configs": [held]})
    assert server("DELETE", USERS) == (200, {"success": True})
    assert server("DELETE", USERS) == (404, {"error": "Config not found"})
    assert server.put({"b": 2})[0] == 201


def test_nothing_that_is_written_is_checked(server: Server) -> None:
    assert server.put({"modelSpecs": {"list": "not-a-list"}})[0] == 201
    assert server.held()["overrides"] == {"modelSpecs": {"list": "not-a-list"}}
    assert server("GET", "/api/config", headers=server.anns) == (200, {"appTitle": "LibreChat"})


def test_empty_objects_are_kept_and_the_reply_to_a_write_lacks_them(server: Server) -> None:
    sent = {"modelSpecs": {"list": [{"name": "a", "preset": {"x": {}}, "e": []}]}, "empty": {}}
    told = server.put(sent)[1]["config"]["overrides"]
    assert told == {"modelSpecs": {"list": [{"name": "a", "e": []}]}}
    assert server.held()["overrides"] == sent
    server.patch(at("modelSpecs", {}), at("empty", {}))
    assert "overrides" not in server.patch(at("modelSpecs", {}))[1]["config"]


def test_what_is_for_roles_or_for_the_file_alone_is_dropped(server: Server) -> None:
    interface = {
        "presets": True,
        "agents": {"use": True},
        "mcpServers": {"use": True, "placeholder": "p"},
        "prompts": 1,
    }
    server.put({"filters": {"a": 1}, "interface": interface, "b": 1})
    assert server.held()["overrides"] == {"interface": {"presets": True, "mcpServers": {"placeholder": "p"}}, "b": 1}
    nothing = {"message": "No actionable override sections provided"}
    assert server.put({"interface": {"agents": True}}) == (200, nothing)
    assert server.put({}) == (200, nothing)
    assert server.held()["configVersion"] == 1
    assert server.put({}, priority=10)[0] == 200
    assert server.held()["overrides"] == {}
    for path in ("filters.a", "interface.agents", "interface.mcpServers.use"):
        assert server.patch(at(path, 1)) == (200, {"message": "No actionable field entries provided"})
    assert server.patch(at("interface.mcpServers.placeholder", 1), at("interface", {}))[0] == 500
    assert server.patch(at("interface.presets", 1))[0] == 200


def test_a_patch_sets_fields_and_leaves_the_rest(server: Server) -> None:
    server.put({"modelSpecs": {"enforce": True, "list": [1]}, "b": 1}, priority=4)
    status, told = server.patch(at("modelSpecs.list", LIST), at("new.deep.er", 1), at("modelSpecs.x.0", "y"))
    assert (status, told["config"]["configVersion"], told["config"]["priority"]) == (200, 2, 4)
    assert server.held()["overrides"] == {
        "modelSpecs": {"enforce": True, "list": LIST, "x": {"0": "y"}}, "b": 1, "new": {"deep": {"er": 1}},
    }  # fmt: skip
    server.patch(at("modelSpecs.list.1", 5), at("modelSpecs.list.0.label", "B"), priority=6)
    assert server.held()["overrides"]["modelSpecs"]["list"] == [LIST[0] | {"label": "B"}, 5]
    assert server.held()["priority"] == 6


def test_a_patch_makes_what_there_isnt_and_answers_200(server: Server) -> None:
    status, told = server("PATCH", "/api/admin/config/user/u1/fields", {"entries": [at("a.b", 1)]})
    assert (status, told["config"]["configVersion"]) == (200, 1)
    assert (told["config"]["principalModel"], told["config"]["priority"]) == ("User", 10)


@pytest.mark.parametrize("path", ["a.b", "list.x", "list.x.y", "a.b.c"])
def test_a_path_through_a_value_fails_and_changes_nothing(server: Server, path: str) -> None:
    server.put({"a": "odd", "list": []})
    assert server.patch(at("new", 1), at(path, 1)) == (500, {"error": "Failed to patch config fields"})
    assert server.held()["configVersion"] == 1
    assert server.held()["overrides"] == {"a": "odd", "list": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/api/admin/config/team/x", None, 400, "Invalid principalType: team"),
        ("PUT", USERS, {}, 400, "overrides must be a plain object"),
        ("PUT", USERS, {"overrides": []}, 400, "overrides must be a plain object"),
        ("PUT", USERS, {"overrides": {"a": 1}, "priority": -1}, 400, "priority must be a non-negative number"),
        ("PUT", USERS, {"overrides": {"a": 1}, "priority": True}, 400, "priority must be a non-negative number"),
        ("PATCH", FIELDS, {"entries": []}, 400, "entries array is required and must not be empty"),
        ("PATCH", FIELDS, {"entries": [at("a", 1)] * 101}, 400, "entries array exceeds maximum of 100"),
        ("PATCH", FIELDS, {"entries": [at("a", 1)] * 2}, 400, "Duplicate fieldPath: a"),
        ("PATCH", FIELDS, {"entries": [at("", 1)]}, 400, "Invalid or unsafe field path: "),
        ("PATCH", FIELDS, {"entries": [at("a.__proto__.b", 1)]}, 400, "Invalid or unsafe field path: a.__proto__.b"),
        ("PATCH", FIELDS, {"entries": [3]}, 400, "Invalid or unsafe field path: undefined"),
    ],
)
def test_what_is_refused(server: Server, method: str, path: str, body: Any, status: int, error: str) -> None:
    assert server(method, path, body) == (status, {"error": error})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", USERS), ("PATCH", USERS), ("GET", FIELDS), ("PUT", "/api/admin/config"), ("GET", "/api/admin/configs")],
)
def test_there_are_no_other_routes(server: Server, method: str, path: str) -> None:
    assert server(method, path, {}) == (404, {"message": "Endpoint not found"})


def test_paths_are_read_in_any_case_and_ids_as_they_are(server: Server) -> None:
    assert server("PUT", "/API/Admin/Config/role/uSER/", {"overrides": {"a": 1}})[0] == 201
    assert server("GET", USERS)[0] == 404
    assert server("GET", "/api/admin/config/BASE") == (200, {"config": {}})


def test_users_see_the_specs_without_their_prompts(server: Server) -> None:
    assert server("GET", "/api/config", headers=server.anns)[1] == {"appTitle": "LibreChat"}
    server.put({"modelSpecs": {"list": LIST, "enforce": True}})
    shown = {"enforce": True, "list": [LIST[0] | {"preset": {"endpoint": "openAI", "model": "m"}}]}
    assert server("GET", "/api/config", headers=server.anns)[1]["modelSpecs"] == shown
    assert "modelSpecs" not in server("GET", "/api/config")[1]  # the admin has another role
    assert "modelSpecs" not in server("GET", "/api/config", headers={})[1]
    login = server.client.post("/api/auth/login", json={"email": ANN.email, "password": ANN.password})
    ann = login.json()["user"]["id"]
    server("PUT", f"/api/admin/config/user/{ann}", {"overrides": {"modelSpecs": {"list": ["odd"]}}, "priority": 20})
    assert server("GET", "/api/config", headers=server.anns)[1]["modelSpecs"] == {"enforce": True, "list": ["odd"]}


def test_a_file_of_an_earlier_version_gets_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "librechat.db"
    create_app(file, accounts=[ADMIN]).close()
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE configs")
    connection.close()
    with (
        create_app(file) as app,
        httpx.Client(transport=httpx.WSGITransport(app), base_url="http://emulator") as client,
    ):
        assert client.get("/api/admin/config", headers=signed(client, ADMIN)).json() == {"configs": []}


def test_an_admin_on_the_command_line() -> None:
    assert Account.parse("root@example.com=correct horse:admin") == ADMIN
    assert Account.parse("ann@example.com=battery staple") == ANN
