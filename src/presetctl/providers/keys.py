"""Where the key of a workspace comes from: a variable, a file, or a keyring. Never shown, whatever is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping

from presetctl.domain.errors import AccessError

MAX_KEY_BYTES = 4096


def read_key(
    workspace: str, variable: str, environment: Mapping[str, str], entry: str | None = None, what: str = "a key"
) -> str:
    """The key from ``variable``, from the file that ``variable_FILE`` names, or from the keyring.

    ``entry`` is the keyring's ``SERVICE/USER``, where the workspace names one; ``what`` is the key's name in messages.
    AccessError when there is no key.
    """
    return read_secret(f"the workspace {workspace}", variable, environment, entry, what)


def read_secret(
    who: str, variable: str, environment: Mapping[str, str], entry: str | None = None, what: str = "a key"
) -> str:
    """As ``read_key``, for anybody who needs something secret."""
    key = environment.get(variable, "").strip()
    file = environment.get(f"{variable}_FILE", "")
    if not key and file:
        key = _read_key_file(f"{variable}_FILE", file).strip()
    if not key and entry:
        return _checked(_read_keyring(who, entry).strip(), f"the keyring's entry {entry}")
    if not key:
        raise AccessError(
            f"{who} needs {what}, and the variable {variable} is not set",
            hint=f"set {variable}, or {variable}_FILE to the path of a file with the key",
        )
    return _checked(key, variable)


def read_words(who: str, variable: str, environment: Mapping[str, str], what: str) -> str:
    """What people type, such as a password, as it is: from ``variable``, or from the file that ``variable_FILE`` names.

    The one line break at the end of a file is not part of it. AccessError where there is none.
    """
    file = environment.get(f"{variable}_FILE", "")
    words = environment.get(variable, "") or (_read_key_file(f"{variable}_FILE", file, "utf-8") if file else "")
    words = words.removesuffix("\n").removesuffix("\r")
    if not words.strip():
        raise AccessError(
            f"{who} needs {what}, and the variable {variable} is not set",
            hint=f"set {variable}, or {variable}_FILE to the path of a file that holds it",
        )
    if not words.isprintable() or "\ufffd" in words:
        raise AccessError(f"{variable} holds characters that can't be typed", hint="set it again")
    return words


def _checked(key: str, place: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AccessError(f"the key in {place} has characters that no key has", hint="copy the key again")
    return key


def _read_key_file(variable: str, file: str, encoding: str = "ascii") -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not hold us up
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(MAX_KEY_BYTES + 1) or b""
    except OSError as error:
        raise AccessError(f"the file that {variable} names can't be read: {error.strerror}") from None
    except ValueError:
        raise AccessError(f"{variable} does not name a file: it has a NUL character in it") from None
    if len(data) > MAX_KEY_BYTES:
        raise AccessError(
            f"the file that {variable} names has more than {MAX_KEY_BYTES:,} bytes", hint="a file with the key alone"
        )
    return data.decode(encoding, errors="replace")


def _read_keyring(who: str, entry: str) -> str:
    service, _, user = entry.rpartition("/")
    try:
        import keyring
    except ImportError:
        raise AccessError(
            f"{who} takes its key from the keyring, for which a package is missing",
            hint="pip install 'presetctl[keyring]'",
        ) from None
    try:
        key = keyring.get_password(service, user)
    except Exception as error:  # each system's keyring has errors of its own, in whose texts anything may be
        raise AccessError(
            f"the keyring of this machine can't be read ({type(error).__name__})",
            hint="unlock it, or put the key into the variable that api_key_env names",
        ) from None
    if not key:
        raise AccessError(
            f"{who} needs a key, and the keyring has none for {entry}",
            hint=f"`keyring set {service} {user}` asks for it and keeps it",
        )
    return key
