"""Regular expressions that mean the same to every reader of a schema."""

from __future__ import annotations

import re
from typing import Final

from presetctl.domain.errors import InputError

END: Final = r"(?![\s\S])"
"""The very end: Python's ``$`` also matches before a final newline."""

_CLASSES: Final = {r"\w": "A-Za-z0-9_", r"\d": "0-9"}
_OUTSIDE: Final = {**{escape: f"[{inside}]" for escape, inside in _CLASSES.items()}, ".": r"[^\n\r\u2028\u2029]"}
_TOKEN: Final = re.compile(
    r"""(?P<class>\[\^?(?:\\.|[^\]\\])+\])
      | (?P<escape>\\.)
      | (?P<open>\((?:\?:|(?!\?)))
      | (?P<close>\))
      | (?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\}))
      | (?P<or>\|)
      | (?P<other>[^\\()\[\]{}*+?|])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)
_KNOWN_ESCAPE: Final = re.compile(r"\\[wd\W]", re.ASCII)


def portable(pattern: str) -> str:
    r"""The pattern with ASCII classes for ``\w`` and ``\d`` and a ``$`` that is the very end.

    ECMA 262 and Python agree on the rest. InputError for what they don't agree on, or what may take for ever: named
    groups, look-around, back references, other escapes, and a repetition or a choice within a repetition.
    """
    tokens = _tokens(pattern)
    _check_groups(pattern, [kind for kind, _ in tokens])
    return "".join(_translated(pattern, kind, text, i == len(tokens)) for i, (kind, text) in enumerate(tokens, 1))


def _tokens(pattern: str) -> list[tuple[str, str]]:
    tokens = [(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(pattern)]
    if "".join(text for _, text in tokens) != pattern:
        raise _refusal(pattern)
    return tokens


def _check_groups(pattern: str, kinds: list[str]) -> None:
    """Refuses a repetition of what is or holds a repetition or a choice, and brackets without their partner."""
    manifold = [False]  # whether each open group holds one
    last = True  # whether the item before does, or can't be repeated
    for kind in kinds:
        if (kind == "close" and len(manifold) == 1) or (kind == "repeat" and last):
            raise _refusal(pattern)
        if kind == "open":
            manifold.append(False)
        last = kind in {"open", "or", "repeat"}
        if kind == "close":
            last = manifold.pop()
        manifold[-1] |= last and kind != "open"
    if len(manifold) > 1:
        raise _refusal(pattern)


def _translated(pattern: str, kind: str, text: str, last: bool) -> str:
    if any(not _KNOWN_ESCAPE.fullmatch(escape) for escape in _ESCAPE.findall(text)) or (text == "$" and not last):
        raise _refusal(pattern)
    if kind == "class":
        return _ESCAPE.sub(lambda found: _CLASSES.get(found[0], found[0]), text)
    return END if text == "$" else _OUTSIDE.get(text, text)


def _refusal(pattern: str) -> InputError:
    hint = "replace it in the overlay with a simpler pattern"
    return InputError(f"the pattern {pattern} in the document can't be used everywhere", hint=hint)
