from __future__ import annotations

import re
from uuid import UUID

import httpx
import pytest

from presetctl.emulator.access import workspace_id
from presetctl.emulator.app import Emulator
from tests.unit.emulator.conftest import Clock, chat, data, error

PRESET_FIELDS = [
    "created_at",
    "creator_user_id",
    "description",
    "designated_version_id",
    "id",
    "name",
    "slug",
    "status",
    "status_updated_at",
    "updated_at",
    "workspace_id",
]
VERSION_FIELDS = ["config", "created_at", "creator_id", "id", "preset_id", "system_prompt", "updated_at", "version"]


def test_a_list_row_has_every_field_and_no_config(client: httpx.Client) -> None:
    saved = data(chat(client, "mail", "Be brief.", model="openai/gpt-4o"))
    (row,) = data(client.get("/presets"))
    assert sorted(row) == PRESET_FIELDS
    assert row == {name: saved[name] for name in PRESET_FIELDS}


def test_get_gives_the_preset_with_its_designated_version(client: httpx.Client) -> None:
    saved = data(chat(client, "mail", "Be brief.", model="openai/gpt-4o", temperature=0.7))
    got = data(client.get("/presets/mail"))
    assert got == saved
    assert sorted(got) == sorted([*PRESET_FIELDS, "designated_version"])
    version = got["designated_version"]
    assert sorted(version) == VERSION_FIELDS
    assert (version["version"], version["id"]) == (1, got["designated_version_id"])
    assert version["preset_id"] == got["id"]
    assert version["config"] == {"model": "openai/gpt-4o", "temperature": 0.7}
    assert version["system_prompt"] == "Be brief."


def test_a_new_preset_is_named_after_its_slug(client: httpx.Client) -> None:
    preset = data(chat(client, "mail", model="m"))
    assert (preset["name"], preset["slug"], preset["description"]) == ("mail", "mail", None)
    assert (preset["status"], preset["status_updated_at"]) == ("active", None)
    assert preset["workspace_id"] == workspace_id("default")
    assert preset["created_at"] == preset["updated_at"] == "2026-04-20T10:00:00Z"
    assert UUID(preset["id"]) != UUID(preset["designated_version_id"])


def test_timestamps_have_the_form_of_the_service(connect: object, client: httpx.Client) -> None:
    stamp = data(chat(client, "mail", model="m"))["updated_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)


def test_the_list_has_the_latest_change_first(client: httpx.Client, clock: Clock) -> None:
    for slug in ("a", "b", "c"):
        chat(client, slug, model="m")
        clock.forward()
    chat(client, "a", model="other")
    assert [row["slug"] for row in data(client.get("/presets"))] == ["a", "c", "b"]


def test_changes_in_one_instant_are_still_ordered(client: httpx.Client) -> None:
    for slug in ("a", "b", "c", "a"):
        chat(client, slug, model="m")
    assert [row["slug"] for row in data(client.get("/presets"))] == ["a", "c", "b"]


def test_pages_cover_the_list_once(client: httpx.Client) -> None:
    for index in range(7):
        chat(client, f"p{index}", model="m")
    pages = [client.get("/presets", params={"offset": offset, "limit": 3}).json() for offset in (0, 3, 6, 9)]
    assert [len(page["data"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total_count"] for page in pages} == {7}
    slugs = [row["slug"] for page in pages for row in page["data"]]
    assert slugs == [f"p{index}" for index in reversed(range(7))]


def test_a_page_has_50_rows_unless_told(client: httpx.Client, emulator: Emulator) -> None:
    for index in range(120):
        emulator.dashboard_save("default", f"p{index}", {"model": "m"})
    assert len(data(client.get("/presets"))) == 50
    assert len(data(client.get("/presets", params={"limit": 100}))) == 100


def test_versions_are_listed_oldest_first_and_paged(client: httpx.Client) -> None:
    for temperature in (0.1, 0.2, 0.3):
        chat(client, "mail", model="m", temperature=temperature)
    page = client.get("/presets/mail/versions", params={"offset": 1, "limit": 1}).json()
    assert page["total_count"] == 3
    assert [row["version"] for row in page["data"]] == [2]
    rows = data(client.get("/presets/mail/versions"))
    assert [(row["version"], row["config"]["temperature"]) for row in rows] == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert all(sorted(row) == VERSION_FIELDS for row in rows)


def test_one_version_stays_readable_by_number(client: httpx.Client) -> None:
    chat(client, "mail", "First.", model="m")
    chat(client, "mail", "Second.", model="m")
    assert data(client.get("/presets/mail/versions/1"))["system_prompt"] == "First."
    assert error(client.get("/presets/mail/versions/3")) == (404, "Resource not found")


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1"])
def test_an_unknown_slug_is_404(client: httpx.Client, path: str) -> None:
    assert error(client.get(f"/presets/nowhere{path}")) == (404, "Resource not found")


@pytest.mark.parametrize("listing", ["/presets", "/presets/mail/versions"])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": "0"}, "limit: Too small: expected number to be >=1"),
        ({"limit": "101"}, "limit: Too big: expected number to be <=100"),
        ({"limit": "ten"}, "limit: Invalid input: expected int, received NaN"),
        ({"limit": "1.5"}, "limit: Invalid input: expected int, received NaN"),
        ({"limit": "٣"}, "limit: Invalid input: expected int, received NaN"),
        ({"limit": ""}, "limit: Invalid input: expected int, received NaN"),
        ({"offset": "-1"}, "offset: Too small: expected number to be >=0"),
        ({"offset": "9" * 30}, "offset: Invalid input: expected int, received NaN"),
    ],
)
def test_bad_pages_are_400(client: httpx.Client, listing: str, params: dict[str, str], message: str) -> None:
    chat(client, "mail", model="m")
    assert error(client.get(listing, params=params)) == (400, message)


@pytest.mark.parametrize("version", ["latest", "1.0", "-1", "0"])
def test_bad_version_numbers_are_400(client: httpx.Client, version: str) -> None:
    chat(client, "mail", model="m")
    status, message = error(client.get(f"/presets/mail/versions/{version}"))
    assert status == 400
    assert message.startswith("version: ")


@pytest.mark.parametrize("slug", ["a b", "ä", "a:b", "%", "x" * 129])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_slug_that_is_not_url_safe_is_400(client: httpx.Client, slug: str, method: str) -> None:
    status, message = error(client.request(method, f"/presets/{slug}".replace("%", "%25")))
    assert status == 400
    assert message.startswith("slug: ")


@pytest.mark.parametrize("slug", ["A", "a.b", "a_b~c", "x" * 128, "messages", "1"])
def test_url_safe_slugs_are_accepted(client: httpx.Client, slug: str) -> None:
    assert data(chat(client, slug, model="m"))["slug"] == slug


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/presets/"),
        ("GET", "/presets//versions"),
        ("GET", "/presets/mail/"),
        ("GET", "/presets/mail/versions/1/more"),
        ("POST", "/presets/mail/completions"),
        ("POST", "/presets/a/b/chat/completions"),
    ],
)
def test_unknown_paths_are_404(client: httpx.Client, method: str, path: str) -> None:
    assert error(client.request(method, path)) == (404, "Resource not found")


def test_paths_outside_the_base_are_404(client: httpx.Client) -> None:
    assert error(client.get("http://emulator/presets")) == (404, "Resource not found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/presets", {"GET", "HEAD"}),
        ("PATCH", "/presets/mail", {"GET", "HEAD", "DELETE"}),
        ("PUT", "/presets/mail", {"GET", "HEAD", "DELETE"}),
        ("GET", "/presets/mail/messages", {"POST"}),
        ("DELETE", "/key", {"GET", "HEAD"}),
    ],
)
def test_wrong_methods_are_405(client: httpx.Client, method: str, path: str, allowed: set[str]) -> None:
    response = client.request(method, path)
    assert error(response) == (405, "Method not allowed")
    assert set(response.headers["allow"].split(", ")) == allowed


def test_head_has_no_body(client: httpx.Client) -> None:
    response = client.head("/models")
    assert (response.status_code, response.content) == (200, b"")


def test_models_need_no_key(client: httpx.Client) -> None:
    del client.headers["authorization"]
    rows = data(client.get("/models"))
    assert len({row["id"] for row in rows}) == len(rows) >= 5
    for row in rows:
        assert row["context_length"] > 0
        assert float(row["pricing"]["prompt"]) > 0
        assert row["architecture"]["input_modalities"][0] == "text"


def test_the_request_log_has_what_came_in(client: httpx.Client, emulator: Emulator) -> None:
    chat(client, "mail", model="m")
    client.get("/presets", params={"limit": 2})
    assert emulator.requests == [("POST", "/api/v1/presets/mail/chat/completions"), ("GET", "/api/v1/presets")]


def test_the_request_log_is_bounded(client: httpx.Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presetctl.emulator.application.REQUESTS_KEPT", 2)
    for slug in ("a", "b", "c"):
        client.get(f"/presets/{slug}")
    assert [path for _, path in emulator.requests] == ["/api/v1/presets/b", "/api/v1/presets/c"]
