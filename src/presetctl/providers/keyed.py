"""Calls that carry a key, which is taken out of everything that comes back: a server may repeat what it was sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import httpx

from presetctl.domain.errors import PresetctlError
from presetctl.domain.values import Json
from presetctl.providers.http import FOR_WORKSPACES, Advice, HttpJson, Reply
from presetctl.waiting import Pause

SHORTEST_SECRET = 12
"""A shorter key is one of an emulator, such as `dev-1`, and may well stand in a prompt by chance."""
_SHORTEST_PART = 6
HIDDEN = "***"


class Redaction:
    """Takes keys out of texts: as themselves, in base64, or URL-encoded."""

    def __init__(self, *keys: str, shortest: int = SHORTEST_SECRET) -> None:
        self._forms = tuple(dict.fromkeys(form for key in keys if len(key) >= shortest for form in _forms(key)))
        self._escaped = tuple(json.dumps(form)[1:-1].encode() for form in self._forms)

    def text(self, text: str) -> str:
        """``text`` with ``***`` for the key."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def is_in(self, data: bytes) -> bool:
        """Whether the key is in ``data``, which is JSON in ASCII."""
        return bool(self._escaped) and any(form in data for form in self._escaped)

    def message(self, text: str) -> str:
        """As ``text``; also for one that was cut in the middle of the key."""
        text = self.text(text)
        for form in self._forms:
            ends = range(len(form) - 1, _SHORTEST_PART - 1, -1)
            cut = next((length for length in ends if text.endswith(form[:length])), 0)
            text = f"{text[:-cut]}{HIDDEN}" if cut else text
        return text

    def value(self, value: Json) -> Json:
        """A JSON value with ``***`` for the key in every text and name."""
        return self._value(value) if self._forms else value

    def _value(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, dict | Mapping):  # what is one by name is told much faster than by what it can do
            return {self.text(key): self._value(item) for key, item in value.items()}
        return [self._value(item) for item in value]

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Takes the key out of the errors of a block, and leaves those that caused them behind."""
        try:
            yield
        except PresetctlError as error:
            error.message, error.hint = self.message(error.message), self.message(error.hint)
            error.args = (error.message,)
            raise error from None


def _forms(key: str) -> Iterator[str]:
    encoded = (base64.b64encode(key.encode()).decode(), base64.urlsafe_b64encode(key.encode()).decode())
    yield from (key, quote(key, safe=""), *(form.rstrip("=") for form in encoded))


class KeyedHttp(HttpJson):
    """HttpJson with a key in every request, and in nothing that comes back."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float,
        patience: float | None = None,
        trust_env: bool = False,
        transport: Callable[[], httpx.BaseTransport | None] | None = None,
        headers: Mapping[str, str] | None = None,
        pause: Pause | None = None,
        advice: Advice = FOR_WORKSPACES,
    ) -> None:
        headers = {**(headers or {}), "Authorization": f"Bearer {key}"}
        super().__init__(
            base_url, headers, timeout=timeout, patience=patience, trust_env=trust_env, transport=transport,
            pause=pause, advice=advice,
        )  # fmt: skip
        self._redaction = Redaction(key)

    def get(
        self, path: str, query: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """As HttpJson reads."""
        with self._redaction.errors():
            return self._clean(super().get(path, query, headers))

    def post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Reply:
        """As HttpJson writes."""
        with self._redaction.errors():
            return self._clean(super().post(path, body, headers))

    def patch(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Reply:
        """As HttpJson changes."""
        with self._redaction.errors():
            return self._clean(super().patch(path, body, headers))

    def delete(self, path: str, query: Mapping[str, str | int] | None = None) -> Reply:
        """As HttpJson removes."""
        with self._redaction.errors():
            return self._clean(super().delete(path, query))

    def _clean(self, reply: Reply) -> Reply:
        headers = {name: self._redaction.text(value) for name, value in reply.headers.items()}
        body = self._redaction.value(reply.body)
        return replace(reply, body=body, headers=headers, altered=body != reply.body)

    def may_show(self, data: bytes) -> bool:
        """Whether the key is not in ``data``, which is JSON."""
        return not self._redaction.is_in(data)
