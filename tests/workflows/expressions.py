"""GitHub's expressions, as far as our workflows use them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>&&|\|\||==|!=|[().,!*]))"
)
_WHOLE = re.compile(r"\s*\$\{\{(.*?)\}\}\s*", re.DOTALL)
_PART = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = ("always", "success", "failure", "cancelled")


class Expression:
    """One expression over the contexts; what isn't there is empty, as on GitHub."""

    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self._tokens = _tokens(text)
        self._contexts = contexts
        self._at = 0

    def value(self) -> Any:
        found = self._either()
        assert self._at == len(self._tokens), self._tokens[self._at :]
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        assert token
        assert wanted in {"", token}, (token, wanted)
        self._at += 1
        return token

    def _either(self) -> Any:
        found = self._both()
        while self._peek() == "||":
            self._take()
            other = self._both()
            found = found or other
        return found

    def _both(self) -> Any:
        found = self._compared()
        while self._peek() == "&&":
            self._take()
            other = self._compared()
            found = found and other
        return found

    def _compared(self) -> Any:
        found = self._negated()
        if self._peek() in {"==", "!="}:
            same = self._take() == "=="
            return (_plain(found) == _plain(self._negated())) is same
        return found

    def _negated(self) -> Any:
        if self._peek() == "!":
            self._take()
            return not self._negated()
        return self._primary()

    def _primary(self) -> Any:
        token = self._take()
        if token == "(":
            found = self._either()
            self._take(")")
            return found
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._peek() == "(":
            return self._call(token)
        return self._path(self._contexts[token])

    def _call(self, name: str) -> Any:
        self._take("(")
        given = []
        while self._peek() != ")":
            given.append(self._either())
            if self._peek() == ",":
                self._take()
        self._take(")")
        if name in STATUS:
            return self._contexts["status"](name)
        return _FUNCTIONS[name](*given)

    def _path(self, found: Any) -> Any:
        while self._peek() == ".":
            self._take()
            key = self._take()
            if key == "*":
                found = list(found.values())
            elif isinstance(found, list):
                found = [row.get(key) for row in found]
            else:
                found = found.get(key) if isinstance(found, Mapping) else None
        return found


def _tokens(text: str) -> list[str]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None, text[at:]
        found.append(token[0].strip())
        at = token.end()
    return found


def _plain(value: Any) -> str:
    """Texts are compared without regard to case; nothing is as the empty text."""
    return "" if value is None else str(value).lower()


def _format(template: str, *values: Any) -> str:
    return re.sub(r"\{(\d+)\}", lambda found: _text(values[int(found[1])]), template)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "format": _format,
    "fromJSON": json.loads,
    "join": lambda values, between: between.join(map(_text, values)),
}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def filled_in(template: Any, contexts: Mapping[str, Any]) -> Any:
    """A value of a workflow with its expressions worked out; one that is nothing else stays what it is."""
    if isinstance(template, dict):
        return {name: filled_in(value, contexts) for name, value in template.items()}
    if not isinstance(template, str):
        return template
    whole = _WHOLE.fullmatch(template)
    if whole is not None and "}}" not in whole[1]:
        return Expression(whole[1], contexts).value()
    return _PART.sub(lambda found: _text(Expression(found[1], contexts).value()), template)


def holds(condition: str | None, contexts: Mapping[str, Any]) -> bool:
    """Whether a step or job is to run: as ``if`` says, and after a failure only where it asks for the status itself."""
    text = (condition or "success()").strip()
    text = text[3:-2] if text.startswith("${{") else text
    asks = any(f"{name}(" in text for name in STATUS)
    return bool((asks or contexts["status"]("success")) and Expression(text, contexts).value())
