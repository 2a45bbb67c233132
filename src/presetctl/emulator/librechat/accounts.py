"""Users, their sessions and their tokens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes, token_hex

from werkzeug.security import check_password_hash, generate_password_hash

from presetctl.emulator.database import Database
from presetctl.emulator.jsontext import Json, dump
from presetctl.emulator.librechat.presets import Clock
from presetctl.emulator.librechat.settings import Account, Settings
from presetctl.emulator.librechat.tokens import BadTokenError, sign, verify

_HASHING = "pbkdf2:sha256:1000"  # quick: it guards data that is there to be tried out


@dataclass(frozen=True)
class User:
    """One user. ``public`` is what the login says of them."""

    id: str
    public: Mapping[str, Json]
    password: str
    two_factor: bool
    verified: bool

    @property
    def role(self) -> str:
        """What they are to the server: ADMIN or USER."""
        return str(self.public["role"])

    def has_password(self, password: str) -> bool:
        """Whether ``password`` is theirs."""
        return check_password_hash(self.password, password)


@dataclass(frozen=True)
class Session:
    """What a login gives: the token for requests, and the refresh cookie with its end."""

    token: str
    refresh: str
    ends: datetime


class Accounts:
    """The users in a database. Tokens are good until the emulator is opened again."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._secret, self._refresh_secret = token_bytes(32), token_bytes(32)

    def add(self, account: Account, name: str = "", username: str = "") -> None:
        """Makes a user, unless there is one with this address already."""
        password = generate_password_hash(account.password, _HASHING)
        with self._database.writing() as connection:
            first = connection.execute("SELECT count(*) FROM users").fetchone()[0] == 0
            public = _public(account, name, username, "ADMIN" if first or account.admin else "USER", self._clock())
            connection.execute(
                "INSERT INTO users (id, email, password, two_factor, verified, document) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (email) DO NOTHING",
                (public["_id"], public["email"], password, account.two_factor, account.verified, dump(public)),
            )

    def by_email(self, email: str) -> User | None:
        """The user with this mail address."""
        return self._found("email", email.strip().lower())

    def by_token(self, token: str) -> User | None:
        """The user that ``token`` is for, if they are still there. BadTokenError."""
        return self._found("id", str(verify(token, self._secret, self._clock().timestamp()).get("id")))

    def pending(self, user: User) -> str:
        """A token that opens nothing before the second factor is given."""
        return sign({"userId": user.id, "twoFAPending": True, **self._life(300)}, self._secret)

    def login(self, user: User) -> Session:
        """Begins a session."""
        ends = int(self._clock().timestamp()) + self._settings.refresh_seconds
        claims = {"id": user.id, "sessionId": token_hex(12), **self._life(self._settings.refresh_seconds)}
        refresh = sign(claims, self._refresh_secret)
        with self._database.writing() as connection:
            connection.execute("INSERT INTO sessions (token, user) VALUES (?, ?)", (_digest(refresh), user.id))
        said = {name: user.public[name] for name in ("id", "username", "provider", "email")}
        token = sign({**said, **self._life(self._settings.session_seconds)}, self._secret)
        return Session(token, refresh, datetime.fromtimestamp(ends, self._clock().tzinfo))

    def renew(self, refresh: str) -> tuple[User, Session] | None:
        """Goes on with a session; its cookie is good once. None if it's over. BadTokenError."""
        user = self._found("id", str(verify(refresh, self._refresh_secret, self._clock().timestamp())["id"]))
        with self._database.writing() as connection:
            gone = connection.execute("DELETE FROM sessions WHERE token = ?", (_digest(refresh),)).rowcount
        return (user, self.login(user)) if user and gone else None

    def _life(self, seconds: int) -> dict[str, Json]:
        now = int(self._clock().timestamp())
        return {"iat": now, "exp": now + seconds}

    def _found(self, column: str, value: str) -> User | None:
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT * FROM users WHERE {column} = ?", (value,)).fetchone()  # noqa: S608 - a name of ours
        if row is None:
            return None
        return User(
            row["id"], json.loads(row["document"]), row["password"], bool(row["two_factor"]), bool(row["verified"])
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _public(account: Account, name: str, username: str, role: str, now: datetime) -> dict[str, Json]:
    user, email = token_hex(12), account.email.strip().lower()
    moment = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "_id": user, "name": name or email, "username": username.lower(), "email": email,
        "emailVerified": account.verified, "avatar": None, "provider": "local", "role": role, "plugins": [],
        "twoFactorEnabled": account.two_factor, "termsAccepted": False, "termsAcceptedAt": None,
        "personalization": {"memories": True, "statefulCodeEnvironment": "user", "_id": token_hex(12)},
        "refreshToken": [], "favorites": [], "skillStates": {}, "createdAt": moment, "updatedAt": moment, "id": user,
    }  # fmt: skip


__all__ = ["Accounts", "BadTokenError", "Session", "User"]
