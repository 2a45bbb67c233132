"""The emulated LibreChat server as a WSGI application."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from werkzeug.wrappers import Request, Response

from presetctl.emulator.application import Application
from presetctl.emulator.database import Database, Layout
from presetctl.emulator.faults import Fault
from presetctl.emulator.jsontext import Json
from presetctl.emulator.librechat.accounts import Accounts, BadTokenError, Session, User
from presetctl.emulator.librechat.admin import AdminRoutes, startup
from presetctl.emulator.librechat.bodies import read_body
from presetctl.emulator.librechat.configs import Configs
from presetctl.emulator.librechat.doors import Doors
from presetctl.emulator.librechat.fields import CastError
from presetctl.emulator.librechat.presets import Clock, Document, Presets
from presetctl.emulator.librechat.replies import Refused, document, message, plain
from presetctl.emulator.librechat.settings import Account, Settings
from presetctl.emulator.store import utc_now

__all__ = ["Account", "Fault", "LibreChat", "Settings", "create_app"]

_LAYOUT = Layout(
    0x6C636872,  # "lchr"
    (
        """CREATE TABLE users (
            id TEXT PRIMARY KEY,
            email TEXT NOT NULL UNIQUE,
            password TEXT NOT NULL,
            two_factor INTEGER NOT NULL,
            verified INTEGER NOT NULL,
            document TEXT NOT NULL
        )""",
        "CREATE TABLE sessions (token TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id))",
        """CREATE TABLE presets (
            id TEXT PRIMARY KEY,
            preset_id TEXT NOT NULL UNIQUE,
            user TEXT NOT NULL REFERENCES users (id),
            updated_at INTEGER NOT NULL,
            document TEXT NOT NULL
        )""",
        "CREATE INDEX presets_listed ON presets (user)",
    ),
)
_ADMIN = "/api/admin/config"
_FOR_BROWSERS = ("/api/agents", "/api/assistants", "/api/files", "/api/permissions")
_BANNED = "Your account has been temporarily banned due to violations of our service."

Body = Mapping[str, Json]


def create_app(
    database: str | os.PathLike[str] = ":memory:",
    *,
    accounts: Sequence[Account] = (),
    settings: Settings = Settings(),
    clock: Clock = utc_now,
) -> LibreChat:
    """An emulator on the SQLite file ``database``, which is made if it doesn't exist. Close it after use.

    ``accounts`` are the users that it has from the start; others can register. Errors: UnusableDatabaseError.
    """
    opened = Database(database, _LAYOUT)
    users = Accounts(opened, settings, clock)
    for account in accounts:
        users.add(account)
    return LibreChat(opened, users, settings, clock)


class LibreChat(Application):
    """A WSGI application with LibreChat's routes for presets, for logging in, and for an admin's configuration."""

    def __init__(self, database: Database, accounts: Accounts, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._database = database
        self._accounts = accounts
        self._presets = Presets(database, clock)
        self._configs = Configs(database, clock)
        self._admin = AdminRoutes(self._configs)
        self._doors = Doors(settings, clock)
        self._settings = settings
        self._routes: dict[tuple[str, str], Callable[[Request, Body], Response]] = {
            ("GET", "/health"): lambda _request, _body: plain(200, "OK"),
            ("POST", "/api/auth/register"): self._register,
            ("POST", "/api/auth/login"): self._login,
            ("POST", "/api/auth/refresh"): self._refresh,
            ("GET", "/api/config"): self._startup,
            ("GET", "/api/presets"): self._list,
            ("POST", "/api/presets"): self._save,
            ("POST", "/api/presets/delete"): self._delete,
        }

    def close(self) -> None:
        """Closes the database. More than once does no harm."""
        self._database.close()

    def _handle(self, request: Request) -> Response:
        path = request.path.rstrip("/").lower()
        try:
            body = read_body(request)
            route = self._routes.get((request.method, path))
            if route is not None:
                return route(request, body)
            is_admins = f"{path}/".startswith(f"{_ADMIN}/")
            return self._for_admins(request, body) if is_admins else self._no_route(request, path)
        except Refused as refused:
            return refused.response

    def _for_admins(self, request: Request, body: Body) -> Response:
        if self._caller(request).role != "ADMIN":
            return message(403, "Forbidden")
        return self._admin.answer(request.method, request.path.strip("/").split("/")[3:], body)

    def _startup(self, request: Request, _body: Body) -> Response:
        """What a browser asks first; who isn't logged in gets what is for all."""
        try:
            user = self._caller(request)
        except Refused:
            return document(200, startup({}))
        return document(200, startup(self._configs.merged(("role", user.role), ("user", user.id))))

    def _no_route(self, request: Request, path: str) -> Response:
        if path.startswith("/api/presets/"):
            self._caller(request)
        if path.startswith(_FOR_BROWSERS) and self._is_banned_for_it(request):
            return Response('{"message":"Illegal request"}', 200, content_type="text/event-stream")
        return message(404, "Endpoint not found")

    def _is_banned_for_it(self, request: Request) -> bool:
        """Clients that don't look like browsers are banned by some routes, user and address."""
        user = self._caller(request)
        if not self._settings.bans or "Mozilla/" in request.user_agent.string:
            return False
        self._doors.ban(user.id, _address(request))
        return True

    def _register(self, _request: Request, body: Body) -> Response:
        email, password = _word(body, "email"), _word(body, "password")
        if not email or len(password) < 8 or password != body.get("confirm_password"):
            return message(404, "invalid registration")
        self._accounts.add(Account(email, password), _word(body, "name"), _word(body, "username"))
        return message(200, "Please check your email to verify your email address.")

    def _login(self, request: Request, body: Body) -> Response:
        let_through, headers = self._doors.knock(_address(request))
        if not let_through:
            minutes = self._settings.login_window
            return message(429, f"Too many login attempts, please try again after {minutes} minutes.", headers)
        response = self._logged_in(_address(request), _word(body, "email"), _word(body, "password"))
        response.headers.update(headers)
        return response

    def _logged_in(self, address: str, email: str, password: str) -> Response:
        user = self._accounts.by_email(email)
        if self._doors.is_banned(address, *([user.id] if user else [])):
            return message(403, _BANNED)
        if not (email and password):
            return message(404, "Missing credentials")
        if user is None:
            return message(404, "Email does not exist.")
        if not user.has_password(password):
            return message(404, "Incorrect password.")
        if not user.verified:
            return message(422, "Email not verified.")
        if user.two_factor:
            return document(200, {"twoFAPending": True, "tempToken": self._accounts.pending(user)})
        return _opened(user, self._accounts.login(user))

    def _refresh(self, request: Request, _body: Body) -> Response:
        cookie = request.cookies.get("refreshToken")
        if not cookie:
            return plain(200, "Refresh token not provided")
        try:
            renewed = self._accounts.renew(cookie)
        except BadTokenError:
            return plain(403, "Invalid refresh token")
        return _opened(*renewed) if renewed else plain(401, "Refresh token expired or not found for this user")

    def _caller(self, request: Request) -> User:
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(message(401, "No auth token"))
        try:
            user = self._accounts.by_token(token.strip())
        except BadTokenError as error:
            raise Refused(message(401, str(error))) from None
        if user is None:
            raise Refused(message(401, "Unauthorized"))
        return user

    def _list(self, request: Request, _body: Body) -> Response:
        presets = self._presets.list(self._caller(request).id)
        return document(200, [self._filtered(preset) for preset in presets])

    def _save(self, request: Request, body: Body) -> Response:
        user = self._caller(request)
        for name, value in body.items():
            if self._is_blocked(value):
                said = "The content was blocked by the content filter."
                refusal = {"error": "content_filter_block", "message": said, "source": "preset", "field": name}
                return document(400, {**refusal})
        return document(201, self._presets.save(user.id, body))

    def _delete(self, request: Request, body: Body) -> Response:
        user = self._caller(request)
        try:
            count = self._presets.delete(user.id, body.get("presetId"))
        except CastError:
            return plain(500, "There was an error deleting the presets")
        return document(201, {"acknowledged": True, "deletedCount": count})

    def _filtered(self, preset: Document) -> Document:
        """A preset that was there before the filter is listed without what it says."""
        if not any(self._is_blocked(value) for value in preset.values()):
            return preset
        names = ("_id", "presetId", "user", "__v", "createdAt", "updatedAt")
        return {name: preset[name] for name in names} | {"title": "", "contentFilterBlocked": True}

    def _is_blocked(self, value: Json) -> bool:
        return isinstance(value, str) and any(word in value for word in self._settings.filtered)


def _opened(user: User, session: Session) -> Response:
    response = document(200, {"token": session.token, "user": dict(user.public)})
    for name, value in (("refreshToken", session.refresh), ("token_provider", "librechat")):
        response.set_cookie(name, value, expires=session.ends, httponly=True, samesite="Strict")
    return response


def _address(request: Request) -> str:
    """Where a request comes from, as the one proxy says that the server expects before it."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded or request.remote_addr or ""


def _word(body: Body, name: str) -> str:
    value = body.get(name)
    return "" if value is None else str(value)
