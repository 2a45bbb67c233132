"""Keys that open nothing: drawn from a fixed seed, so that no file holds one."""

from __future__ import annotations

import base64
import random
import string
import textwrap

LETTERS = string.ascii_letters + string.digits


def drawn(alphabet: str, length: int) -> str:
    """``length`` characters, at random, and always the same ones."""
    return "".join(random.Random(f"{alphabet} {length}").choices(alphabet, k=length))


def web_token() -> str:
    """A JSON Web Token."""
    parts = [b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"somebody","admin":true}', random.Random(0).randbytes(32)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def private_key(kind: str) -> str:
    """A block as `openssl` writes it."""
    body = "\n".join(textwrap.wrap(drawn(f"{LETTERS}+/", 256), 64))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"
