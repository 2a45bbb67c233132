"""Untrusted text made harmless for a terminal: what could move the cursor or hide itself is shown instead."""

from __future__ import annotations

import json
import re

from presetctl.domain.change import ABSENT, Absent
from presetctl.domain.values import Json

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, C1 among them; tab and line feed are for the caller
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"  # zero width, bidi, separators
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # letters and marks that nobody can see
    "\ufe00-\ufe0e\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # selectors and formats
    "\ud800-\udfff\U000e0000-\U000e0fff]"  # surrogates and tags
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])\ufe0f"  # one makes an emoji of a sign, a row of them hides a text
)

_COMMAND = re.compile(r"^([^\S\n]*):(?=:)|#(?=#(?:vso)?\[)", re.MULTILINE)
"""Where runners find commands in a log: in lines that start with ``::``, and in ``##[`` and ``##vso[`` anywhere."""


def visible(text: str) -> str:
    """``text`` with every control, bidi and zero-width character written as its number; tab and line feed stay."""
    return _UNSAFE.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text)


def one_line(text: str) -> str:
    """As ``visible``, with tabs and line feeds shown too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def inert(text: str) -> str:
    """Finished text, in whose lines no runner finds a command."""
    return _COMMAND.sub(lambda match: f"{match[1]}\\u{{3a}}" if match[1] is not None else "\\u{23}", text)


def value_text(value: Json | Absent, limit: int = 200) -> str:
    """A value as one line of JSON, at most ``limit`` characters."""
    if value is ABSENT:
        return "(none)"
    return _cut(one_line(json.dumps(value, ensure_ascii=False)), 0, limit)


def pair_text(before: Json | Absent, after: Json | Absent, limit: int = 200) -> tuple[str, str]:
    """Two values as one line each. Where they are cut, both are cut so that the first difference shows."""
    old, new = (one_line(json.dumps(value, ensure_ascii=False)) for value in (before, after))
    if max(len(old), len(new)) <= limit:
        return old, new
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - limit // 4)
    return _cut(old, start, limit), _cut(new, start, limit)


def _cut(text: str, start: int, limit: int) -> str:
    if not start and len(text) <= limit:
        return text
    end = start + limit - 1
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
