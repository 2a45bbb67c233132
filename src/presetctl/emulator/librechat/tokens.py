"""Signed tokens (JWT, HS256), with the words that the server has for bad ones."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from presetctl.emulator.jsontext import Json, dump


class BadTokenError(Exception):
    """A token that opens nothing; the message is the server's."""


def sign(claims: Mapping[str, Json], secret: bytes) -> str:
    """A token that says ``claims``."""
    signed = ".".join(_encoded(dump(dict(part)).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_signature(signed, secret)}"


def verify(token: str, secret: bytes, now: float) -> dict[str, Any]:
    """The claims of ``token``. ``now`` is in seconds since 1970. BadTokenError."""
    if token.count(".") != 2:
        raise BadTokenError("jwt malformed")
    signed, _, signature = token.rpartition(".")
    header, claims = (_decoded(part) for part in signed.split("."))
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadTokenError("invalid token")
    if not hmac.compare_digest(signature.encode(), _signature(signed, secret).encode()):
        raise BadTokenError("invalid signature")
    if claims.get("exp", now + 1) <= now:
        raise BadTokenError("jwt expired")
    return claims


def _signature(signed: str, secret: bytes) -> str:
    return _encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: str) -> Any:
    try:
        return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
