"""What no scenario on a real server shows: time that passes, and accounts in every state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presetctl.emulator.errors import UnusableDatabaseError
from presetctl.emulator.librechat.app import Account, Fault, LibreChat, Settings, create_app
from tests.unit.emulator.conftest import Clock

ANN = Account("ann@example.com", "correct horse")
BOB = Account("bob@example.com", "battery staple")


@contextmanager
def served(*accounts: Account, **more: Any) -> Iterator[tuple[LibreChat, httpx.Client]]:
    with create_app(accounts=accounts or (ANN, BOB), **more) as app, connected(app) as client:
        yield app, client


def connected(app: LibreChat) -> httpx.Client:
    return httpx.Client(transport=httpx.WSGITransport(app), base_url="http://emulator")


def login(client: httpx.Client, account: Account = ANN, address: str = "10.0.0.1") -> httpx.Response:
    body = {"email": account.email, "password": account.password}
    return client.post("/api/auth/login", json=body, headers={"X-Forwarded-For": address})


def signed(client: httpx.Client, account: Account = ANN) -> dict[str, str]:
    return {"Authorization": f"Bearer {login(client, account).json()['token']}"}


def refresh(client: httpx.Client, session: httpx.Response) -> httpx.Response:
    """Sends the cookie by hand: the client leaves out one that ended by the machine's clock."""
    return client.post("/api/auth/refresh", headers={"Cookie": session.headers["set-cookie"].partition(";")[0]})


def said(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["message"]


def test_a_token_ends_and_the_cookie_renews_it(clock: Clock) -> None:
    with served(clock=clock) as (_app, client):
        session = login(client)
        headers = {"Authorization": f"Bearer {session.json()['token']}"}
        clock.forward(899)
        assert client.get("/api/presets", headers=headers).json() == []
        clock.forward(1)
        assert said(client.get("/api/presets", headers=headers)) == (401, "jwt expired")
        token = refresh(client, session).json()["token"]
        assert client.get("/api/presets", headers={"Authorization": f"Bearer {token}"}).json() == []


def test_a_refresh_cookie_is_good_once_and_for_a_week(clock: Clock) -> None:
    with served(clock=clock) as (_app, client):
        first = login(client)
        assert refresh(client, first).status_code == 200
        again = refresh(client, first)
        assert (again.status_code, again.text) == (401, "Refresh token expired or not found for this user")
        latest = refresh(client, login(client))
        clock.forward(7 * 24 * 3600)
        late = refresh(client, latest)
        assert (late.status_code, late.text) == (403, "Invalid refresh token")


def test_the_limiter_counts_good_logins_too_and_opens_after_its_window(clock: Clock) -> None:
    with served(clock=clock, settings=Settings(login_max=2)) as (_app, client):
        assert [login(client).status_code for _ in range(3)] == [200, 200, 429]
        clock.forward(100)
        refused = login(client, BOB)
        assert said(refused) == (429, "Too many login attempts, please try again after 5 minutes.")
        assert refused.headers["Retry-After"] == "200"
        assert login(client, BOB, address="10.0.0.2").status_code == 200
        clock.forward(200)
        assert login(client, BOB).status_code == 200


def test_without_a_limit_any_number_of_logins_is_let_through() -> None:
    with served(settings=Settings(login_max=0)) as (_app, client):
        assert {login(client).status_code for _ in range(9)} == {200}


def test_a_second_factor_leaves_the_login_pending() -> None:
    with served(Account("ann@example.com", "correct horse", two_factor=True)) as (_app, client):
        pending = login(client)
        assert (pending.status_code, sorted(pending.json())) == (200, ["tempToken", "twoFAPending"])
        assert not pending.cookies
        headers = {"Authorization": f"Bearer {pending.json()['tempToken']}"}
        assert said(client.get("/api/presets", headers=headers)) == (401, "Unauthorized")


def test_an_unverified_address_is_not_let_in() -> None:
    with served(Account("ann@example.com", "correct horse", verified=False)) as (_app, client):
        assert said(login(client)) == (422, "Email not verified.")


def test_a_route_for_browsers_bans_user_and_address_for_two_hours(clock: Clock) -> None:
    with served(clock=clock) as (_app, client):
        headers = signed(client) | {"X-Forwarded-For": "10.0.0.1"}
        banned = client.get("/api/agents", headers=headers)
        assert (banned.status_code, banned.headers["content-type"]) == (200, "text/event-stream")
        assert banned.json() == {"message": "Illegal request"}
        refusal = (403, "Your account has been temporarily banned due to violations of our service.")
        assert said(login(client)) == said(login(client, BOB)) == said(login(client, address="10.0.0.2")) == refusal
        assert login(client, BOB, address="10.0.0.2").status_code == 200
        assert client.get("/api/presets", headers=headers).status_code == 200
        clock.forward(2 * 3600)
        assert login(client).status_code == 200


@pytest.mark.parametrize(("agent", "bans"), [("Mozilla/5.0 (X11)", True), ("python-httpx", False)])
def test_browsers_are_not_banned_nor_is_anybody_where_bans_are_off(agent: str, bans: bool) -> None:
    with served(settings=Settings(bans=bans)) as (_app, client):
        reply = client.get("/api/agents", headers=signed(client) | {"User-Agent": agent})
        assert said(reply) == (404, "Endpoint not found")
        assert login(client).status_code == 200


def test_the_content_filter_blocks_writes_and_redacts_what_was_there_before(tmp_path: Path) -> None:
    file = tmp_path / "librechat.db"
    with served(database=file) as (_app, client):
        headers = signed(client)
        before = client.post("/api/presets", json={"presetId": "p", "promptPrefix": "a secret"}, headers=headers).json()
    with served(database=file, settings=Settings(filtered=("secret",))) as (_app, client):
        headers = signed(client)
        (found,) = client.get("/api/presets", headers=headers).json()
        assert found["_id"] == before["_id"]
        assert (found["presetId"], found["title"], found["contentFilterBlocked"]) == ("p", "", True)
        assert "promptPrefix" not in found
        refused = client.post("/api/presets", json={"title": "secrets"}, headers=headers)
        assert refused.status_code == 400
        assert (refused.json()["error"], refused.json()["field"]) == ("content_filter_block", "title")


def test_presets_and_users_outlive_the_process_but_tokens_do_not(tmp_path: Path) -> None:
    file = tmp_path / "librechat.db"
    with served(database=file) as (_app, client):
        headers = signed(client)
        client.post("/api/presets", json={"presetId": "p"}, headers=headers)
    with served(BOB, database=file) as (_app, client):
        assert said(client.get("/api/presets", headers=headers)) == (401, "invalid signature")
        assert [preset["presetId"] for preset in client.get("/api/presets", headers=signed(client)).json()] == ["p"]


def test_a_token_of_a_user_who_is_gone_opens_nothing() -> None:
    with served() as (app, client):
        headers = signed(client)
        with app._database.writing() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute("DELETE FROM users WHERE email = 'ann@example.com'")
        assert said(client.get("/api/presets", headers=headers)) == (401, "Unauthorized")


def test_a_database_of_the_other_emulator_is_refused(tmp_path: Path) -> None:
    from presetctl.emulator.app import create_app as openrouter

    openrouter(tmp_path / "openrouter.db").close()
    with pytest.raises(UnusableDatabaseError, match="another program"):
        create_app(tmp_path / "openrouter.db")


def test_faults_and_the_log_of_requests_work_here_too() -> None:
    with served() as (app, client):
        headers = signed(client)
        app.faults.add(Fault(status=502, method="POST", path_end="/api/presets", written=True))
        assert client.post("/api/presets", json={"presetId": "p"}, headers=headers).status_code == 502
        assert len(client.get("/api/presets", headers=headers).json()) == 1
        assert app.requests[-2:] == [("POST", "/api/presets"), ("GET", "/api/presets")]


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["presetId", "newPresetId", "title", "temperature", "stop", "tools", "examples", "thinking"])


@settings(max_examples=30)
@given(st.lists(st.dictionaries(_NAMES | st.sampled_from(["defaultPreset", "order", "_id"]), _JSON), max_size=5))
def test_whatever_is_sent_answers_201_and_what_is_said_to_be_saved_is_listed(bodies: list[dict[str, Any]]) -> None:
    with served() as (_app, client):
        headers = signed(client)
        for body in bodies:
            reply = client.post("/api/presets", json=body, headers=headers)
            assert reply.status_code == 201
            listed = client.get("/api/presets", headers=headers).json()
            assert reply.json() == {"message": "Error saving preset"} or reply.json()["_id"] in {
                found["_id"] for found in listed
            }
