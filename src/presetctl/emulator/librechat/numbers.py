"""Numbers as JavaScript has them: all of them floats, written in its own way."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_EXPONENT_FROM, _EXPONENT_BELOW = 1e21, 1e-6
_LEADING_ZERO = re.compile(r"(?<=e[+-])0")


def js_number(text: str) -> int | float | None:
    """The number that ``text`` says in decimals, whole ones as integers; None if too large: it is sent as null."""
    value = float(text)
    if not math.isfinite(value):
        return None
    return int(Decimal(repr(value))) if value.is_integer() and abs(value) < _EXPONENT_FROM else value


def js_text(value: float) -> str:
    """What JavaScript writes for ``value``, which came from js_number."""
    if isinstance(value, float) and "e" in repr(value):
        if _EXPONENT_BELOW <= abs(value) < _EXPONENT_FROM:
            return format(Decimal(repr(value)), "f")
        return _LEADING_ZERO.sub("", repr(value))
    return str(value)
