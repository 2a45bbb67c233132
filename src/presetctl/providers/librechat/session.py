"""Logged in to LibreChat as one user: one login for a whole run, which is renewed before it ends.

Only the routes for logging in, for presets and for an administrator's configuration are ever called: some others ban
clients that are not browsers.
Facts: a running server, v0.8.7.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from presetctl.domain.errors import AccessError, AmbiguousError, BusyError, PresetctlError, RemoteError
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.domain.values import Json, JsonObject
from presetctl.providers.http import HttpJson, Reply
from presetctl.providers.keyed import Redaction
from presetctl.providers.librechat.pace import Pace
from presetctl.waiting import Pause, Waits

LOGIN = "/api/auth/login"
REFRESH = "/api/auth/refresh"
_COOKIE = "refreshToken"
_ASKED_SECONDS = 60.0
"""How long to wait where the login limiter doesn't say."""
_MARGIN_SECONDS = 60.0
"""How long before its end a token is renewed; or after three quarters of its life, where that is later."""
_SHOWN_CHARACTERS = 200
_SHORTEST_PASSWORD = 8


@dataclass(frozen=True)
class Password:
    """What somebody logs in with, and the variables that it comes from. ``repr`` leaves the secret out."""

    email: str
    password: str = field(repr=False)
    email_variable: str = ""
    password_variable: str = ""


@dataclass(frozen=True)
class Token:
    """An access token that somebody else obtained, and the variable that it comes from."""

    token: str = field(repr=False)
    variable: str = ""


@dataclass(frozen=True)
class _Pass:
    """What opens the routes for now: ``user`` is whose presets they give; ``due`` when to renew it (monotonic)."""

    token: str = field(repr=False)
    user: str
    due: float | None
    cookie: str = field(repr=False, default="")


class Session:
    """Calls in the name of one user.

    ``login_wait`` is the seconds to wait in all where the server lets nobody log in, of which ``tell`` is told first.
    Safe for several threads.
    """

    def __init__(
        self,
        http: HttpJson,
        credentials: Password | Token,
        *,
        login_wait: float = 0,
        tell: Callable[[str], None] = lambda _: None,
        pause: Pause | None = None,
        clock: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._waits = Waits(pause or Pause(), login_wait)
        self._tell = tell
        self._clock = clock
        self._pace = pace or Pace()
        self._lock = threading.Lock()
        self._pass: _Pass | None = None
        secret = credentials.password if isinstance(credentials, Password) else credentials.token
        self._secrets = [secret]

    @property
    def user(self) -> str:
        """The id of the user. Errors: AccessError, RemoteError."""
        return self._opened().user

    def get(self, path: str, also: Collection[int] = ()) -> Reply:
        """Reads; a status in ``also`` is given back, too. Errors: AccessError, RemoteError."""
        return self._called(lambda headers: self._http.get(path, headers=headers), f"GET {path}", also)

    def post(self, path: str, body: Json) -> Reply:
        """Writes, once: one that is refused for its token wasn't looked at. Errors as for ``HttpJson.post``, too."""
        return self._called(lambda headers: self._http.post(path, body, headers), f"POST {path}")

    def patch(self, path: str, body: Json, also: Collection[int] = ()) -> Reply:
        """Changes a part of something, once. As ``post``; a status in ``also`` is given back, too."""
        return self._called(lambda headers: self._http.patch(path, body, headers), f"PATCH {path}", also)

    def _called(self, call: Callable[[Mapping[str, str]], Reply], what: str, also: Collection[int] = ()) -> Reply:
        opened = self._opened()
        with self._without_secrets():
            reply = call(_authorized(opened))
            if reply.status == 401 and isinstance(self._credentials, Password):
                reply = call(_authorized(self._opened(instead_of=opened)))
            if reply.status < 400 or reply.status in also:
                return replace(reply, body=Redaction(*self._secrets).value(reply.body))
            raise self._refusal(reply, what)

    def _opened(self, instead_of: _Pass | None = None) -> _Pass:
        """What opens the routes; renewed where it's about to end, or was refused."""
        with self._lock, self._without_secrets():
            now = self._pass
            if now is None or now is instead_of or (now.due is not None and self._clock() >= now.due):
                now = self._pass = _of_the_same(now, self._renewed(now))
            return now

    def _renewed(self, now: _Pass | None) -> _Pass:
        if isinstance(self._credentials, Token):
            return self._made(self._credentials.token, {}, None) if now is None else now
        refreshed = self._refreshed(now.cookie) if now is not None and now.cookie else None
        return refreshed or self._logged_in(self._credentials)

    def _refreshed(self, cookie: str) -> _Pass | None:
        """Goes on with the session; None where it's over: that is answered with 401, 403, or 200 and a text."""
        try:
            reply = self._http.post(REFRESH, {}, {"Cookie": f"{_COOKIE}={cookie}; token_provider=librechat"})
        except AmbiguousError:
            return None
        body = reply.body if isinstance(reply.body, Mapping) else {}
        token = body.get("token")
        return self._made(token, body, reply) if reply.status == 200 and isinstance(token, str) and token else None

    def _logged_in(self, credentials: Password) -> _Pass:
        while True:
            self._await(self._pace.wait())
            try:
                reply = self._http.post(LOGIN, {"email": credentials.email, "password": credentials.password})
            except AmbiguousError as error:
                raise RemoteError(error.message, hint=error.hint) from error
            if reply.status != 429:
                break
            self._await(reply.retry_after or _ASKED_SECONDS, _said(reply))
        self._pace.note(reply.headers)
        body = reply.body if isinstance(reply.body, Mapping) else {}
        token = body.get("token")
        if reply.status == 200 and isinstance(token, str) and token:
            return self._made(token, body, reply)
        raise _no_login(reply, body, credentials)

    def _await(self, seconds: float, why: str = "") -> None:
        """Waits until somebody may log in again. BusyError where that takes longer than all waits may."""
        if seconds > self._waits.budget:
            raise BusyError(
                f"POST {LOGIN}: the server lets nobody log in from here for {seconds:.0f} s{why}",
                hint="try again then, or give the workspace a longer login_wait",
                retry_after=seconds,
            )
        if seconds > 0:
            self._tell(f"The server lets nobody log in from here for now; going on in {seconds:.0f} s.")
            self._waits.wait(seconds)

    def _made(self, token: str, body: JsonObject, reply: Reply | None) -> _Pass:
        if not _fits_a_header(token):
            raise AccessError("the access token has characters that no token has", hint=_OF_LIBRECHAT)
        claims = _claims(token)
        user = body.get("user")
        said = user.get("id") or user.get("_id") if isinstance(user, Mapping) else None
        found = claims.get("id") or said
        if not isinstance(found, str) or not found:
            raise AccessError(
                "the access token doesn't say whose it is",
                hint=_OF_LIBRECHAT,
            )
        cookie = "" if reply is None else reply.cookies.get(_COOKIE, "")
        cookie = cookie if _fits_a_header(cookie) else ""
        self._secrets += [each for each in (token, cookie) if each]
        life = _life(claims)
        due = None if life is None else self._clock() + max(life - _MARGIN_SECONDS, life * 3 / 4)
        return _Pass(token, found, due, cookie)

    def _refusal(self, reply: Reply, what: str) -> Exception:
        said = _said(reply)
        if reply.status == 401 and isinstance(self._credentials, Token):
            return AccessError(
                f"{what}: the access token is not accepted, or no longer (401){said}",
                hint=f"put a new one into {self._credentials.variable}: they are good for 15 minutes by default; "
                "with email_env and password_env presetctl gets its own",
            )
        if reply.status == 401:
            return AccessError(
                f"{what}: the session is not accepted (401){said}", hint="see whether the account is still there"
            )
        return refusal(reply, what)

    @contextmanager
    def _without_secrets(self) -> Iterator[None]:
        """Takes out also those secrets that the block itself was given."""
        try:
            yield
        except PresetctlError:
            with Redaction(*self._secrets, shortest=_SHORTEST_PASSWORD).errors():
                raise


def refusal(reply: Reply, what: str) -> Exception:
    """A status that says no, in the user's terms."""
    said = _said(reply)
    match reply.status:
        case 403:
            return AccessError(f"{what}: refused (403){said}", hint=_BANNED)
        case 404:
            return RemoteError(f"{what}: not found (404){said}", hint=ADDRESS)
        case 429:
            text = f"{what}: too many requests (429){said}"
            return BusyError(text, hint="try again later", retry_after=reply.retry_after)
        case 400:
            return RemoteError(f"{what}: refused (400){_filtered(reply) or said}", hint="change what it objects to")
        case status if (status >= 500 or status in {408, 425}) and not what.startswith("GET"):
            return AmbiguousError(f"{what}: the server failed ({status}){said}", hint="try again later")
        case status:
            return RemoteError(f"{what}: the server failed ({status}){said}", hint="try again later")


def _no_login(reply: Reply, body: JsonObject, credentials: Password) -> Exception:
    """Why nobody is logged in, though the server answered."""
    said, both = _said(reply), f"{credentials.email_variable} and {credentials.password_variable}"
    if body.get("twoFAPending"):
        return AccessError(
            "the account asks for a second factor, which no program can give",
            hint="use an account without two-factor authentication, or an access token (token_env)",
        )
    if body.get("message") == "Endpoint not found":
        return RemoteError(f"POST {LOGIN}: not found (404){said}", hint=ADDRESS)
    match reply.status:
        case 200:
            return RemoteError(f"POST {LOGIN}: the reply has no token in it", hint=ADDRESS)
        case 404 | 401:
            return AccessError(f"the login was refused{said}", hint=f"see what {both} hold")
        case 422:
            return AccessError(
                f"the login was refused{said}", hint="follow the link in the mail that LibreChat sent to the account"
            )
        case 403:
            return AccessError(f"the login was refused{said}", hint=_BANNED)
        case status if status >= 500:
            return RemoteError(f"POST {LOGIN}: the server failed ({status}){said}", hint="try again later")
        case status:
            return AccessError(f"POST {LOGIN}: refused ({status}){said}", hint=f"see what {both} hold")


ADDRESS = "check the workspace's url: it is the address of LibreChat itself, without /api"
_OF_LIBRECHAT = "it must be one that LibreChat gave: the `token` of its login"
_BANNED = "a ban ends by itself, after 2 hours by default; an administrator can end it sooner"


def _of_the_same(before: _Pass | None, opened: _Pass) -> _Pass:
    if before is not None and opened.user != before.user:
        raise AccessError(
            "the server goes on with the session of another user; nothing more is read or written",
            hint="see whose account the login is, then plan again",
        )
    return opened


def _fits_a_header(secret: str) -> bool:
    return secret.isascii() and secret.isprintable() and not {" ", ";", ","} & {*secret}


def _authorized(opened: _Pass) -> dict[str, str]:
    return {"Authorization": f"Bearer {opened.token}"}


def _said(reply: Reply) -> str:
    """What the server says of an error, shortened; it's untrusted text and shown as such."""
    message = reply.body.get("message") if isinstance(reply.body, Mapping) else None
    return f": {message[:_SHOWN_CHARACTERS]}" if isinstance(message, str) and message else ""


def _filtered(reply: Reply) -> str:
    """What the content filter objects to, where it was that."""
    body = reply.body if isinstance(reply.body, Mapping) else {}
    if body.get("error") != "content_filter_block":
        return ""
    return f": the server's content filter objects to {str(body.get('field'))[:_SHOWN_CHARACTERS]}{_said(reply)}"


def _claims(token: str) -> JsonObject:
    """What a token says of itself; nothing is proved by it. Empty for what is none."""
    try:
        part = token.split(".")[1]
        value = parse_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), what="the token")
    except (IndexError, ValueError, JsonError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _life(claims: JsonObject) -> float | None:
    """The seconds from its making to its end, whatever the clocks say; None where it doesn't say, or makes no sense."""
    made, ends = claims.get("iat"), claims.get("exp")
    if isinstance(made, int | float) and isinstance(ends, int | float) and ends > made:
        return float(ends - made)
    return None
