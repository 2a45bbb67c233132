"""How an emulated LibreChat server is set up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STATES = (":2fa", ":unverified", ":admin")
_EMAIL = re.compile(r"[^\s@=]+@[^\s@=]+")


@dataclass(frozen=True)
class Account:
    """A user that is there from the start. ``repr`` leaves the password out.

    ``two_factor``: the login gives no token, only a pending one. ``verified``: whether the mail address is. ``admin``:
    whether they may lay something over the server's configuration; the first user of all is one anyway.
    """

    email: str
    password: str = field(repr=False)
    two_factor: bool = False
    verified: bool = True
    admin: bool = False

    @classmethod
    def parse(cls, text: str) -> Account:
        """Reads ``EMAIL=PASSWORD[:2fa|:unverified|:admin]``; ValueError, which never repeats it, for anything else."""
        email, _, rest = text.partition("=")
        password, _, state = rest.rpartition(":") if rest.endswith(_STATES) else (rest, "", "")
        if not _EMAIL.fullmatch(email) or len(password) < 8:
            raise ValueError("expected EMAIL=PASSWORD[:2fa|:unverified|:admin], the password 8 characters or more")
        return cls(email, password, two_factor=state == "2fa", verified=state != "unverified", admin=state == "admin")


DEFAULT_ACCOUNT = Account("user@example.com", "password")
"""Who there is where nobody was named."""


@dataclass(frozen=True)
class Settings:
    """What the one who runs a server can choose; the defaults are LibreChat's.

    ``login_max`` logins in ``login_window`` minutes are let through from one address, good ones included; 0: all.
    ``session_seconds`` and ``refresh_seconds`` are the lives of a token and of a refresh cookie.
    ``bans``: whether routes that are meant for browsers ban other clients, for ``ban_seconds``.
    ``filtered``: texts that the content filter blocks, as versions after 0.8.7 have one.
    """

    login_max: int = 7
    login_window: int = 5
    session_seconds: int = 15 * 60
    refresh_seconds: int = 7 * 24 * 3600
    bans: bool = True
    ban_seconds: int = 2 * 3600
    filtered: tuple[str, ...] = ()
