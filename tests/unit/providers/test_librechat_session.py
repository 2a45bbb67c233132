"""Being logged in to LibreChat: one login, its renewal, what is said where it fails, and secrets that stay secret."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from presetctl.domain.errors import AccessError, AmbiguousError, BusyError, PresetctlError, RemoteError
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.emulator.librechat.app import Account, LibreChat, Settings
from presetctl.providers.librechat.presets import PRESETS
from presetctl.providers.librechat.session import Password, Token
from tests.chats import (
    PASSWORD,
    Opened,
    Passage,
    Person,
    Server,
    credentials,
    emulated,
    lost_after,
    lost_before,
    opened,
    replies,
)

LOGIN, REFRESH, LIST, SAVE = "POST auth/login", "POST auth/refresh", "GET presets", "POST presets"
LIFE = 100


@dataclass
class Time:
    """What the server and presetctl take for the time. ``lag``: how much of it presetctl didn't notice."""

    begin: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    lag: float = 0.0

    def server(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds)

    def client(self) -> float:
        return self.seconds - self.lag

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class World:
    app: LibreChat
    server: Server
    person: Person
    it: Opened
    time: Time = field(default_factory=Time)


@pytest.fixture
def world() -> Iterator[World]:
    time = Time()
    with emulated(Settings(session_seconds=LIFE), clock=time.server) as (app, server):
        person = server.person()
        with opened(server, credentials(person), clock=time.client) as it:
            yield World(app, server, person, it, time)


def preset(slug: str = "a", **config: Any) -> Preset:
    return Preset(slug, "librechat/openAI", Content("Be brief.", {"title": slug, **config}), Location(f"{slug}.yaml"))


def test_one_login_is_enough(world: World) -> None:
    assert world.it.session.user == world.person.id
    world.it.writer.write(preset())
    world.it.reader.read_presets(["a"])
    world.it.writer.remove("a")
    assert world.it.wire.lines() == [LOGIN, LIST, SAVE, LIST, LIST, LIST, "POST presets/delete", LIST]


def test_nobody_logs_in_before_something_is_asked(world: World) -> None:
    assert world.it.wire.lines() == []


def test_every_body_is_sent_as_json_and_no_cookie_with_it(world: World) -> None:
    world.it.writer.write(preset())
    for call in world.it.wire.calls:
        assert call.method == "GET" or call.headers["Content-Type"] == "application/json"
        assert "Cookie" not in call.headers
    assert world.it.wire.calls[0].body == {"email": world.person.email, "password": PASSWORD}


def test_the_session_is_renewed_before_the_token_ends_and_each_time_by_the_latest_cookie(world: World) -> None:
    world.it.reader.list_presets()
    for seconds, expected in ((74, [LIST]), (1, [REFRESH, LIST]), (74, [LIST]), (1, [REFRESH, LIST])):
        world.it.wire.lines()
        world.time.pass_by(seconds)
        world.it.reader.list_presets()
        assert world.it.wire.lines() == expected


def test_a_long_session_is_renewed_a_minute_before_its_end() -> None:
    time = Time()
    with (
        emulated(clock=time.server) as (_, server),
        opened(server, credentials(server.person()), clock=time.client) as it,
    ):
        it.reader.list_presets()
        time.pass_by(15 * 60 - 61)
        it.reader.list_presets()
        time.pass_by(1)
        it.reader.list_presets()
        assert it.wire.lines() == [LOGIN, LIST, LIST, REFRESH, LIST]


def test_a_token_that_ended_unnoticed_is_renewed_and_the_call_made_again(world: World) -> None:
    world.it.writer.write(preset())
    world.time.pass_by(LIFE + 1)
    world.time.lag = LIFE + 1
    world.it.wire.lines()
    world.it.session.post(PRESETS, {"presetId": "x", "title": "t"})
    assert world.it.wire.lines() == [SAVE, REFRESH, SAVE]
    assert world.person.client  # whose own token has ended, too
    assert len(world.it.reader.list_presets().rows) == 2


def test_several_threads_renew_it_once(world: World) -> None:
    world.it.reader.list_presets()
    world.time.pass_by(LIFE + 1)
    world.time.lag = LIFE + 1
    world.it.wire.lines()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.it.reader.list_presets(), range(8)))
    lines = world.it.wire.lines()
    assert (lines.count(REFRESH), lines.count(LOGIN)) == (1, 0)


NOT_PROVIDED = replies(200, "Refresh token not provided")


@pytest.mark.parametrize(
    "passage",
    [
        NOT_PROVIDED,
        replies(401, "Refresh token expired or not found for this user"),
        replies(403, "Invalid refresh token"),
        replies(403, {"message": "banned"}),
        replies(429, {"message": "too many"}),
        replies(500, "An unknown error occurred."),
        replies(200, {"user": {}}),
        replies(200, []),
        replies(200, {"token": ""}),
        lost_after,
    ],
)
def test_a_session_that_can_not_be_renewed_is_begun_anew(world: World, passage: Passage) -> None:
    world.it.reader.list_presets()
    world.time.pass_by(LIFE)
    world.it.wire.lines()
    world.it.wire.play(REFRESH, passage)
    world.it.reader.list_presets()
    assert world.it.wire.lines() == [REFRESH, LOGIN, LIST]


@pytest.mark.parametrize("cookie", ["", "refreshToken=; Path=/", "refreshToken=a b; Path=/", "refreshToken=ü; Path=/"])
def test_without_a_usable_cookie_it_is_begun_anew_too(world: World, cookie: str) -> None:
    token = world.person.token
    world.it.wire.play(LOGIN, replies(200, {"token": token}, {"Set-Cookie": cookie} if cookie else {}))
    world.it.reader.list_presets()
    world.time.pass_by(LIFE)
    world.it.wire.lines()
    world.it.reader.list_presets()
    assert world.it.wire.lines() == [LOGIN, LIST]


def test_two_cookies_of_one_name_are_no_trouble(world: World) -> None:
    def twice(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        response = send()
        both = [("Set-Cookie", "other=1; Path=/a"), ("Set-Cookie", "other=2")]
        response.headers = httpx.Headers([*response.headers.multi_items(), *both])
        return response

    world.it.wire.play(LOGIN, twice)
    world.it.reader.list_presets()


def test_an_account_that_is_gone_is_told(world: World) -> None:
    world.it.reader.list_presets()
    unauthorized = replies(401, {"message": "Unauthorized"})
    world.it.wire.play(LIST, unauthorized, unauthorized)
    with pytest.raises(AccessError) as raised:
        world.it.reader.list_presets()
    assert raised.value.message == "GET /api/presets: the session is not accepted (401): Unauthorized"


def test_the_session_of_another_user_is_not_gone_on_with(world: World) -> None:
    other = world.server.person()
    world.it.reader.list_presets()
    world.time.pass_by(LIFE)
    world.it.wire.play(REFRESH, replies(200, {"token": other.token}))
    with pytest.raises(AccessError, match="the session of another user"):
        world.it.reader.list_presets()
    assert [line for line in world.it.wire.lines() if line == LIST] == [LIST]


# --- logins that fail


def failing(server: Server, login: Password, **more: Any) -> PresetctlError:
    with opened(server, login, **more) as it, pytest.raises(PresetctlError) as raised:
        it.reader.list_presets()
    assert {call.line for call in it.wire.calls} == {LOGIN}
    return raised.value


@pytest.mark.parametrize(
    ("account", "password", "message", "hint"),
    [
        (
            "me@example.com",
            "wrong horse",
            "the login was refused: Incorrect password.",
            "see what MAIL and SECRET hold",
        ),
        ("no@example.com", PASSWORD, "the login was refused: Email does not exist.", "see what MAIL and SECRET hold"),
        ("2fa@example.com", PASSWORD, "the account asks for a second factor, which no program can give", "token_env"),
        ("new@example.com", PASSWORD, "the login was refused: Email not verified.", "follow the link in the mail"),
    ],
)
def test_whom_the_server_does_not_let_in(account: str, password: str, message: str, hint: str) -> None:
    accounts = [
        Account("me@example.com", PASSWORD),
        Account("2fa@example.com", PASSWORD, two_factor=True),
        Account("new@example.com", PASSWORD, verified=False),
    ]
    with emulated(accounts=accounts) as (_, server):
        error = failing(server, Password(account, password, "MAIL", "SECRET"))
    assert (type(error), error.exit_code, error.message) == (AccessError, 7, message)
    assert hint in error.hint


def test_who_is_banned_is_told_how_long() -> None:
    with emulated() as (_, server):
        person = server.person()
        person._call("GET", "/api/agents")
        error = failing(server, credentials(person))
    assert (type(error), error.exit_code) == (AccessError, 7)
    assert error.message.startswith("the login was refused: Your account has been temporarily banned")
    assert error.hint == "a ban ends by itself, after 2 hours by default; an administrator can end it sooner"


def test_one_who_is_banned_in_between_is_told_too(world: World) -> None:
    world.it.reader.list_presets()
    world.it.wire.play(LIST, replies(403, {"message": "banned"}))
    with pytest.raises(AccessError, match=r"GET /api/presets: refused \(403\): banned"):
        world.it.reader.list_presets()


def test_the_login_limiter_is_waited_for_and_told_of() -> None:
    time = Time()
    with emulated(Settings(login_max=1), clock=time.server) as (_, server):
        person, wire = server.person(), server.wire()
        for expected in (0, 1):
            it_opens = opened(
                server, credentials(person), login_wait=600, clock=time.client, wire=wire, sleep=time.pass_by
            )
            with it_opens as it:
                it.reader.list_presets()
            assert it.slept == [300.0] * expected
            assert it.told == ["The server lets nobody log in from here for now; going on in 300 s."] * expected
    assert wire.lines() == [LOGIN, LIST, LOGIN, LOGIN, LIST]


def test_the_login_limiter_is_not_waited_for_longer_than_one_may() -> None:
    with emulated(Settings(login_max=1)) as (_, server):
        person, wire = server.person(), server.wire()
        with opened(server, credentials(person), wire=wire) as it:
            it.reader.list_presets()
        error = failing(server, credentials(person), wire=wire_of(server, wire), login_wait=10)
    assert (type(error), error.exit_code) == (BusyError, 8)
    assert isinstance(error, BusyError)
    assert error.retry_after is not None
    assert 290 < error.retry_after <= 300
    assert error.message.endswith("Too many login attempts, please try again after 5 minutes.")
    assert error.hint == "try again then, or give the workspace a longer login_wait"


def wire_of(server: Server, wire: Any) -> Any:
    """Another way from the same address."""
    other = server.wire()
    other._address = wire._address
    return other


def test_a_limiter_that_does_not_say_how_long_is_asked_each_minute(world: World) -> None:
    busy = replies(429, {"message": "later"})
    with opened(world.server, credentials(world.person), login_wait=130) as it:
        it.wire.play(LOGIN, busy, busy, busy)
        with pytest.raises(BusyError):
            it.reader.list_presets()
    assert it.slept == [60.0, 60.0]


@pytest.mark.parametrize(
    ("passage", "kind", "message"),
    [
        (replies(200, "<html>"), RemoteError, "is not JSON"),
        (replies(200, []), RemoteError, "POST /api/auth/login: the reply has no token in it"),
        (replies(200, {"token": 5}), RemoteError, "POST /api/auth/login: the reply has no token in it"),
        (replies(200, {"token": "a.b.c"}), AccessError, "the access token doesn't say whose it is"),
        (replies(200, {"token": "a b"}), AccessError, "the access token has characters that no token has"),
        (replies(200, {"token": "ü"}), AccessError, "the access token has characters that no token has"),
        (replies(200, {"token": "a\nb"}), AccessError, "the access token has characters that no token has"),
        (replies(500, "An unknown error occurred."), RemoteError, "POST /api/auth/login: the server failed (500)"),
        (replies(400, {"message": "no"}), AccessError, "POST /api/auth/login: refused (400): no"),
        (replies(302, "", {"Location": "/login"}), RemoteError, "the server answers with a redirect"),
        (lost_before, RemoteError, "the connection broke"),
        (lost_after, RemoteError, "the connection broke"),
    ],
)
def test_a_login_that_makes_no_sense(world: World, passage: Passage, kind: type[Exception], message: str) -> None:
    world.it.wire.play(LOGIN, passage)
    with pytest.raises(PresetctlError) as raised:
        world.it.reader.list_presets()
    assert type(raised.value) is kind
    assert message in raised.value.message


@pytest.mark.parametrize("token", [True, False])
def test_an_address_that_ends_with_api_is_told(token: bool) -> None:
    with emulated() as (_, server):
        person = server.person()
        login = Token(person.token, "TOKEN") if token else credentials(person)
        with opened(Server("http://emulator/api", server.way), login) as it, pytest.raises(RemoteError) as raised:
            it.reader.list_presets()
    assert "not found (404): Endpoint not found" in raised.value.message
    assert raised.value.hint == "check the workspace's url: it is the address of LibreChat itself, without /api"


# --- tokens that somebody else obtained


def test_an_access_token_needs_no_login(world: World) -> None:
    with opened(world.server, Token(world.person.token, "CHAT_TOKEN")) as it:
        assert it.session.user == world.person.id
        it.writer.write(preset())
        assert it.wire.lines() == [LIST, SAVE, LIST]


def test_an_access_token_that_ended_is_told(world: World) -> None:
    world.time.pass_by(LIFE)
    with opened(world.server, Token(world.person.token, "CHAT_TOKEN")) as it, pytest.raises(AccessError) as raised:
        it.reader.list_presets()
    assert raised.value.message == "GET /api/presets: the access token is not accepted, or no longer (401): jwt expired"
    assert raised.value.hint.startswith("put a new one into CHAT_TOKEN")
    assert it.wire.lines() == [LIST]


def token_of(claims: Any) -> str:
    return f"a.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c"


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a..c", "a.####.c", *map(token_of, ([], {}, {"id": ""}, {"id": 5}, "x"))]
)
def test_an_access_token_without_a_user_opens_nothing(world: World, token: str) -> None:
    with opened(world.server, Token(token, "T")) as it, pytest.raises(AccessError, match="doesn't say whose it is"):
        it.reader.list_presets()
    assert it.wire.lines() == []


@pytest.mark.parametrize(
    "times",
    [{}, {"iat": 5}, {"iat": "a", "exp": "b"}, {"iat": 5, "exp": 5}, {"iat": 5, "exp": 1}, {"iat": 0, "exp": 10**299}],
)
def test_a_token_that_does_not_say_when_it_ends_is_used_until_it_is_refused(world: World, times: Any) -> None:
    token = token_of({"id": world.person.id, **times})
    world.it.wire.play(LOGIN, replies(200, {"token": token}))
    world.it.wire.play(LIST, *[replies(200, [])] * 2)
    world.it.reader.list_presets()
    world.it.reader.list_presets()
    assert world.it.wire.lines() == [LOGIN, LIST, LIST]


def test_the_login_itself_may_say_whose_it_is(world: World) -> None:
    world.it.wire.play(LOGIN, replies(200, {"token": "opaque", "user": {"_id": "u-1"}}))
    assert world.it.session.user == "u-1"


# --- what the server says of presets


@pytest.mark.parametrize(
    ("line", "passage", "kind", "message"),
    [
        (LIST, replies(400, {"message": "no"}), RemoteError, "GET /api/presets: refused (400): no"),
        (LIST, replies(418, None), RemoteError, "GET /api/presets: the server failed (418)"),
        (SAVE, replies(429, {"message": "slow down"}, {"Retry-After": "7"}), BusyError, "too many requests (429)"),
        (
            SAVE,
            replies(500, "An unknown error occurred."),
            AmbiguousError,
            "POST /api/presets: the server failed (500)",
        ),
        (SAVE, replies(408, None), AmbiguousError, "POST /api/presets: the server failed (408)"),
        (SAVE, replies(413, {"message": ["odd"]}), RemoteError, "POST /api/presets: the server failed (413)"),
        (SAVE, replies(201, "<html>"), AmbiguousError, "is not JSON"),
        (
            SAVE,
            replies(400, {"error": "content_filter_block", "message": "blocked", "field": "promptPrefix"}),
            RemoteError,
            "POST /api/presets: refused (400): the server's content filter objects to promptPrefix: blocked",
        ),
    ],
)
def test_refusals_are_told(world: World, line: str, passage: Passage, kind: type[Exception], message: str) -> None:
    world.it.wire.play(line, passage)
    with pytest.raises(PresetctlError) as raised:
        ask(world, line)
    assert type(raised.value) is kind
    assert message in raised.value.message


def ask(world: World, line: str) -> None:
    method, path = line.split()
    if method == "GET":
        world.it.session.get(f"/api/{path}")
    else:
        world.it.session.post(f"/api/{path}", {"presetId": "x"})


def test_a_server_that_fails_is_asked_again_only_when_it_was_read(world: World) -> None:
    down = replies(503, {"message": "down"})
    world.it.wire.play(LIST, down, down, down)
    world.it.reader.list_presets()
    assert world.it.wire.lines() == [LOGIN, *[LIST] * 4]
    world.it.wire.play(LIST, down, down, down, down)
    with pytest.raises(RemoteError, match=r"the server failed \(503\): down"):
        world.it.reader.list_presets()


def test_the_content_filter_of_later_versions_is_told() -> None:
    with (
        emulated(Settings(filtered=("forbidden",))) as (_, server),
        opened(server, credentials(server.person())) as it,
        pytest.raises(RemoteError) as raised,
    ):
        it.writer.write(preset(greeting="forbidden"))
    assert "the server's content filter objects to greeting" in raised.value.message


# --- secrets


def forms(secret: str) -> list[str]:
    encoded = base64.b64encode(secret.encode()).decode(), base64.urlsafe_b64encode(secret.encode()).decode()
    return [secret, quote(secret, safe=""), *(form.rstrip("=") for form in encoded)]


def secrets_of(world: World) -> list[str]:
    opens: Any = world.it.session._pass
    return [PASSWORD, *([] if opens is None else [opens.token, opens.cookie])]


def assert_hidden(world: World, text: str) -> None:
    for secret in secrets_of(world):
        assert not [form for form in forms(secret) if form in text], text


@pytest.mark.parametrize("status", [400, 403, 404, 409, 418, 500])
@pytest.mark.parametrize("line", [LIST, SAVE, "POST presets/delete"])
def test_what_a_server_repeats_in_a_refusal_is_hidden(world: World, line: str, status: int) -> None:
    world.it.reader.list_presets()
    for secret in secrets_of(world):
        for form in forms(secret):
            world.it.wire.play(line, *[replies(status, {"message": f"{form[:150]} {form}"[-199:]})] * 4)
            with pytest.raises(PresetctlError) as raised:
                ask(world, line)
            world.it.wire.plays.clear()
            shown = "".join(traceback.format_exception(raised.value))
            assert_hidden(world, shown + raised.value.hint + repr(raised.value))


@pytest.mark.parametrize("status", [200, 403, 404, 422, 429, 500])
def test_what_a_server_repeats_in_answer_to_a_login_is_hidden(world: World, status: int) -> None:
    for form in forms(PASSWORD):
        world.it.wire.play(LOGIN, replies(status, {"message": f"no: {form}"}))
        with pytest.raises(PresetctlError) as raised:
            world.it.reader.list_presets()
        assert_hidden(world, "".join(traceback.format_exception(raised.value)) + raised.value.hint)


def test_a_token_that_a_renewal_brings_is_hidden_at_once(world: World) -> None:
    world.it.reader.list_presets()
    fresh = token_of({"id": world.person.id, "n": "of the renewal"})
    world.it.wire.play(REFRESH, replies(200, {"token": fresh}))
    world.it.wire.play(LIST, replies(401, {"message": "jwt expired"}), replies(403, {"message": f"not {fresh}"}))
    with pytest.raises(AccessError) as raised:
        world.it.reader.list_presets()
    assert fresh not in "".join(traceback.format_exception(raised.value))


def test_what_a_server_repeats_in_presets_is_hidden(world: World) -> None:
    world.it.reader.list_presets()
    texts = [form for secret in secrets_of(world) for form in forms(secret)]
    row = {"_id": "1", "presetId": "x", "endpoint": "openAI", "title": " ".join(texts), "promptPrefix": texts[0]}
    world.it.wire.play(LIST, *[replies(200, [{**row, "tags": texts, **dict.fromkeys(texts, 1)}])] * 2)
    assert_hidden(world, repr(world.it.reader.list_presets()))
    assert_hidden(world, repr(world.it.reader.shelf()))


def test_nothing_that_is_handed_out_shows_a_secret(world: World) -> None:
    world.it.reader.list_presets()
    session: Any = world.it.session
    things = [credentials(world.person), Token(PASSWORD, "T"), session, session._pass, session._http, world.it.reader]
    things += [world.it.writer, session._http.__dict__, *session._http._clients, world.person]
    assert_hidden(world, " ".join(f"{thing!r} {thing}" for thing in things))
