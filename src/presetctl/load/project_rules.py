"""What presetctl.yaml may say beyond what a JSON Schema can tell: each rule once, for whoever checks a file.

Rules take what the schema allows and raise a ValueError whose text goes on after the name of the setting. Nothing heavy
is imported here: most files are valid, and who finds that out needs only this.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import fields
from typing import Any, Final
from urllib.parse import urlsplit

from presetctl.domain.project import EMBEDDED, LOOPBACK, LibreChatUser

_USER_SETTINGS: Final = frozenset(field.name for field in fields(LibreChatUser))


def checked_version(value: Any) -> int:
    """1, which no 1.0 and no true is."""
    if type(value) is int and value == 1:
        return value
    raise ValueError("must be 1")


def checked_url(url: str) -> str:
    """A base address: https, or http to this machine; no user name, query or fragment in it. Without a last slash."""
    if url == EMBEDDED:
        return url
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not an address") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("must be `embedded` or a whole address such as https://example.com/api/v1")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; name the variables that hold them instead")
    if re.search(r"[\x00-\x20\x7f?#]", url):
        raise ValueError("must end with the path; no spaces, query or fragment")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError("must be https: over http the key could be read on the way")
    return url.rstrip("/")


def checked_entry(entry: str) -> str:
    """An entry of a keyring: service and user, as `keyring set` takes them. The service may have slashes itself."""
    service, _, user = entry.rpartition("/")
    if not service or not user or not entry.isprintable():
        raise ValueError("must be SERVICE/USER, as in `keyring set SERVICE USER`")
    return entry


def checked_share(value: Any) -> int | str:
    """A count of presets, or a share of them such as 30%."""
    if isinstance(value, str) and re.fullmatch(r"(?:100|[0-9]{1,2})%", value, re.ASCII):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("must be a number of presets, or a share of them such as 30%")


def check_user(email_env: str | None, password_env: str | None, token_env: str | None) -> None:
    """Whether the variables of one user are enough to log in with, and no more than that."""
    if (token_env is None) is (email_env is None and password_env is None):
        raise ValueError("needs email_env and password_env, or token_env")
    if (email_env is None) is not (password_env is None):
        raise ValueError("needs both email_env and password_env")


def check_users(said: Iterable[str], has_users: bool, publish: str | None) -> None:
    """Whether a workspace is one user's or several users'. ``said`` are the settings that the file has of it."""
    own = sorted(_USER_SETTINGS.intersection(said))
    if has_users and own:
        raise ValueError(f"has users, each with variables of their own: move {', '.join(own)} there")
    if has_users and publish is not None:
        raise ValueError("publishes model specs, which one account does for all: remove users")


def check_prompts(system_prompt: str | None, system_prompt_file: str | None) -> None:
    """Whether there is one prompt at most."""
    if system_prompt is not None and system_prompt_file is not None:
        raise ValueError("has both system_prompt and system_prompt_file: keep one")


def check_default(default_workspace: str | None, workspaces: Container[str]) -> None:
    """Whether the workspace that is used without -w is there."""
    if default_workspace is not None and default_workspace not in workspaces:
        raise ValueError(f"default_workspace is {default_workspace}, but no workspace has that name")
