"""What a plain scalar means in YAML 1.2's core schema, within the limits of JSON."""

from __future__ import annotations

import math
import re
from typing import Final

from presetctl.domain.errors import PresetctlError
from presetctl.domain.values import Json

MAX_INT_DIGITS: Final = 19
MAX_FLOAT_CHARS: Final = 100

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
NOT_TEXT: Final = frozenset({"", *"~nNtTfF+-.0123456789"})
"""How everything that isn't text starts: one look at it decides most scalars. (``not in`` means text for sure.)"""
_NUMBER: Final = frozenset("+-.0123456789")

_INT: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class ScalarError(PresetctlError):
    """A plain scalar that is a number, but none that can be kept. ``rule`` names the rule that it breaks."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message, hint="quote it if it is text")
        self.rule = rule


def resolve(text: str) -> Json:
    """The value of a plain scalar: null, a boolean, a number or ``text`` itself. ScalarError for unusable numbers."""
    if text[:1] not in NOT_TEXT:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER:
        return text
    return _number(text)


def is_text(text: str) -> bool:
    """Whether a plain scalar is nothing but text."""
    try:
        return isinstance(resolve(text), str)
    except ScalarError:
        return False


def _number(text: str) -> int | float | str:
    if _INT.fullmatch(text):
        return _int(text, 10, len(text.lstrip("+-")))
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _BASED.fullmatch(text):
        return _int(text, 0, len(text) - 2)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError("yaml-not-finite", "infinity and NaN are not numbers that a preset can hold")
    return text


def _int(text: str, base: int, digits: int) -> int:
    # The length comes first: converting a million digits takes seconds, or is refused by Python itself.
    number = int(text, base) if digits <= MAX_INT_DIGITS else None
    if number is None or abs(number) >= 10**MAX_INT_DIGITS:
        raise ScalarError("yaml-number-too-long", f"a whole number may have at most {MAX_INT_DIGITS} digits")
    return number


def _float(text: str) -> float:
    if len(text) > MAX_FLOAT_CHARS:
        raise ScalarError("yaml-number-too-long", f"a number may have at most {MAX_FLOAT_CHARS} characters")
    number = float(text)
    if not math.isfinite(number):
        raise ScalarError("yaml-not-finite", "this number is too large")
    return number
