from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from presetctl.emulator.access import KeyGrant, workspace_id
from presetctl.emulator.app import Emulator, create_app
from tests.unit.emulator.conftest import Connect, chat, data, error

KEYS = (
    KeyGrant("k-staging", "staging"),
    KeyGrant("k-production", "production"),
    KeyGrant("k-reader", "staging", "read"),
    KeyGrant("k-manager", "staging", "management"),
)


@pytest.fixture
def keyed() -> Iterator[Emulator]:
    with create_app(keys=KEYS) as app:
        yield app


@pytest.mark.parametrize("path", ["/presets", "/presets/p", "/presets/p/versions", "/presets/p/versions/1", "/key"])
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic abc", "sk-or-v1-x"])
def test_without_a_bearer_key_everything_is_401(client: httpx.Client, path: str, header: str | None) -> None:
    del client.headers["authorization"]
    response = client.get(path, headers={} if header is None else {"Authorization": header})
    assert error(response) == (401, "Missing Authentication header")


def test_writes_without_a_key_are_401_whatever_the_body(client: httpx.Client) -> None:
    del client.headers["authorization"]
    assert error(client.post("/presets/p/responses", content=b"junk"))[0] == 401
    assert error(client.delete("/presets/p"))[0] == 401
    assert error(client.post("/presets/p/restore"))[0] == 401


def test_without_configured_keys_any_key_may_do_everything(emulator: Emulator, connect: Connect) -> None:
    data(chat(connect(emulator, "one"), "p", model="m"))
    data(connect(emulator, "two").delete("/presets/p"))
    data(connect(emulator, "three").post("/presets/p/restore"))
    assert [row["slug"] for row in data(connect(emulator, "four").get("/presets"))] == ["p"]


def test_the_scheme_may_be_in_any_case(client: httpx.Client) -> None:
    data(client.get("/presets", headers={"Authorization": "bearer x"}))


def test_with_configured_keys_others_are_401(keyed: Emulator, connect: Connect) -> None:
    assert error(connect(keyed, "k-other").get("/presets")) == (401, "Invalid API key")


def test_a_key_opens_its_own_workspace(keyed: Emulator, connect: Connect) -> None:
    staging, production = connect(keyed, "k-staging"), connect(keyed, "k-production")
    data(chat(staging, "p", model="a"))
    data(chat(production, "p", model="b"))
    assert error(chat(production, "q", temperature=9))[0] == 400
    assert data(staging.get("/presets/p"))["designated_version"]["config"] == {"model": "a"}
    assert data(production.get("/presets/p"))["designated_version"]["version"] == 1
    assert data(staging.get("/presets/p"))["workspace_id"] == workspace_id("staging")
    assert data(production.get("/key"))["workspace_id"] == workspace_id("production")


def test_a_reading_key_reads_and_does_not_write(keyed: Emulator, connect: Connect) -> None:
    data(chat(connect(keyed, "k-staging"), "p", model="m"))
    reader = connect(keyed, "k-reader")
    data(reader.get("/presets"))
    data(reader.get("/presets/p/versions/1"))
    assert error(chat(reader, "p", model="m")) == (403, "This key may only read")
    assert error(reader.post("/presets/p/messages", content=b"junk"))[0] == 403
    assert error(reader.delete("/presets/p"))[0] == 403


def test_only_a_management_key_archives_and_restores(keyed: Emulator, connect: Connect) -> None:
    normal, manager = connect(keyed, "k-staging"), connect(keyed, "k-manager")
    data(chat(normal, "p", model="m"))
    message = "Only management keys can perform this operation"
    assert error(normal.delete("/presets/p")) == (403, message)
    assert error(normal.post("/presets/p/restore")) == (403, message)
    assert data(manager.delete("/presets/p"))["status"] == "archived"
    assert data(manager.post("/presets/p/restore"))["status"] == "active"
    assert data(chat(manager, "p", model="n"))["designated_version"]["version"] == 2


def test_key_says_what_it_opens(keyed: Emulator, connect: Connect) -> None:
    manager, normal = (data(connect(keyed, key).get("/key")) for key in ("k-manager", "k-staging"))
    assert (manager["is_management_key"], normal["is_management_key"]) == (True, False)
    assert normal["workspace_id"] == keyed.workspaces["staging"]
    assert (normal["organization_id"], normal["expires_at"], normal["usage"]) == (None, None, 0)
    assert (normal["limit"], normal["limit_remaining"], normal["limit_reset"]) == (None, None, None)
    assert normal["rate_limit"]["requests"] == -1
    assert "k-staging" not in normal["label"]


def test_workspace_ids_never_change() -> None:
    assert workspace_id("default") == "26225649-5ee8-5a1f-aaa9-bba00470f585"
    with create_app() as app:
        assert app.workspaces == {"default": workspace_id("default")}


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("k=w", KeyGrant("k", "w")),
        ("k=w:read", KeyGrant("k", "w", "read")),
        ("sk-or-v1-0a==w.1_x-y:management", KeyGrant("sk-or-v1-0a=", "w.1_x-y", "management")),
    ],
)
def test_grants_are_read(text: str, grant: KeyGrant) -> None:
    assert KeyGrant.parse(text) == grant


@pytest.mark.parametrize(
    "text",
    [
        *("", "SECRET", "SECRET=", "=w", "SECRET=w:", "SECRET=w:admin", "SECRET=w:normal", "w=SE CRET", "SE CRET=w"),
        *("w=SECRET:read:x", "SECRÉT=w", f"{'SECRET' * 100}=w"),
    ],
)
def test_a_bad_grant_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        KeyGrant.parse(text)
    assert "SE" not in str(caught.value).replace("KEY=WORKSPACE", "")


def test_a_grant_with_another_role_is_refused() -> None:
    with pytest.raises(ValueError):
        KeyGrant("k", "w", "admin")  # type: ignore[arg-type]


def test_a_grant_does_not_show_its_key() -> None:
    assert "SECRET" not in repr(KeyGrant("SECRET", "w"))


def test_one_key_opens_one_workspace() -> None:
    with pytest.raises(ValueError, match="twice"):
        create_app(keys=[KeyGrant("k", "a"), KeyGrant("k", "b")])
