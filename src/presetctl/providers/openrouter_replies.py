"""Replies of OpenRouter's presets API: what is read out of them, and what their statuses mean.

They are read leniently (unknown fields and statuses are expected to come), but what is needed and missing is an error.
Facts: the published OpenAPI document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from presetctl.domain.errors import (
    AccessError,
    AmbiguousError,
    BusyError,
    ConflictError,
    NotFoundError,
    RemoteError,
)
from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, ListedPreset, Status, Version, WorkspaceIdentity
from presetctl.domain.values import Json
from presetctl.providers.http import Reply

_REFUSED_LATE = frozenset({408, 425})
_LATER = "try again later"
_DIGITS = re.compile("[0-9]{1,18}")
_STATUSES = {status.value: status for status in Status}
_Value = TypeVar("_Value")
_Read = Callable[["Part"], _Value]


class _OddError(Exception):
    """Something in a reply is missing, or has another form; ``place`` is its path."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(problem)
        self.place = place


@dataclass(slots=True)
class Part:
    """A value somewhere in a reply, the ``step`` of what is ``above`` it; whoever reads it says what it has to be.

    None of this is slow, which is why it's not frozen: lists are long.
    """

    value: Any
    above: Part | None = None
    step: str | int = ""

    def get(self, name: str, read: _Read[_Value]) -> _Value:
        """What ``read`` makes of a field that must be there."""
        held = self._fields()
        if name not in held:
            raise _OddError(_place(self, name), "is missing")
        return read(Part(held[name], self, name))

    def find(self, name: str, read: _Read[_Value]) -> _Value | None:
        """What ``read`` makes of a field; None where it's null or not there."""
        value = self._fields().get(name)
        return None if value is None else read(Part(value, self, name))

    def each(self, read: _Read[_Value]) -> list[_Value]:
        """What ``read`` makes of each item of a list."""
        if not isinstance(self.value, list):
            raise self.odd()
        return [read(Part(item, self, number)) for number, item in enumerate(self.value)]

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.odd()
        return self.value

    def opaque(self) -> str:
        """A timestamp or an id: a number is as good as a text."""
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return str(self.value) if number else self.text()

    def whole(self) -> int:
        """A whole number, however it's written."""
        value = self.value
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
            return int(value)
        raise self.odd()

    def object(self) -> dict[str, Json]:
        """An object, as it is."""
        return self._fields()

    def odd(self) -> _OddError:
        """Says that it has another form."""
        return _OddError(_place(self.above, self.step), "has another form than expected")

    def _fields(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.odd()
        return self.value


def _place(above: Part | None, step: str | int) -> str:
    """The path of a step in the reply."""
    before = "" if above is None else _place(above.above, above.step)
    return f"{before}.{step}" if before else str(step)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the list, and how many there are in all."""

    rows: Sequence[ListedPreset]
    total: int


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Versions of a preset, and how many there are in all."""

    versions: Sequence[Version]
    total: int


def as_page(reply: Reply, what: str) -> Page:
    """A page of the list. RemoteError where a reply to ``what`` has another form; so below."""
    return _read(
        lambda body: Page(body.get("data", lambda it: it.each(_row)), body.get("total_count", Part.whole)), reply, what
    )


def as_version_page(reply: Reply, what: str) -> VersionPage:
    """A page of a preset's versions."""

    def page(body: Part) -> VersionPage:
        return VersionPage(body.get("data", lambda data: data.each(_version)), body.get("total_count", Part.whole))

    return _read(page, reply, what)


def as_identity(reply: Reply, what: str) -> WorkspaceIdentity:
    """Which workspace a key opens."""

    def identity(data: Part) -> WorkspaceIdentity:
        return WorkspaceIdentity(data.find("workspace_id", Part.opaque), data.find("label", Part.opaque))

    return _read(lambda body: body.get("data", identity), reply, what)


def as_actual(reply: Reply, what: str, slug: str) -> ActualPreset:
    """The preset that a reply is about; RemoteError if that is another one than ``slug``."""
    found = _read(lambda body: body.get("data", _preset), reply, what)
    if found.slug != slug:
        raise RemoteError(
            f"{what}: the reply is about another preset, not {slug}",
            hint="try again; if it stays so, check any proxy before the workspace",
        )
    return found


def _row(row: Part) -> ListedPreset:
    own, slug, status = row.get("id", Part.opaque), row.get("slug", Part.text), _status(row)
    version, workspace = row.find("designated_version_id", Part.opaque), row.find("workspace_id", Part.opaque)
    return ListedPreset(slug, own, status, version, workspace_id=workspace)


def _preset(row: Part) -> ActualPreset:
    listed = _row(row)
    return ActualPreset(listed.slug, listed.id, listed.status, row.find("designated_version", _version))


def _status(row: Part) -> Status:
    held = row.object()
    return _STATUSES.get(row.get("status", Part.text), Status.UNKNOWN) if "status" in held else Status.ACTIVE


def _version(held: Part) -> Version:
    """A version; one without a prompt may say so with an empty text."""
    own, number = held.get("id", Part.opaque), held.get("version", Part.whole)
    content = Content(held.find("system_prompt", Part.text) or None, held.get("config", Part.object))
    created = held.find("created_at", Part.opaque) or ""
    return Version(own, number, content, created, held.find("creator_id", Part.opaque))


def _read(read: _Read[_Value], reply: Reply, what: str) -> _Value:
    try:
        return read(Part(reply.body))
    except _OddError as error:
        raise RemoteError(
            f"{what}: `{error.place or 'the reply'}` {error} in the reply",
            hint="check that the workspace's url is the base address of OpenRouter's API",
        ) from None


def refusal(reply: Reply, what: str) -> Exception:
    """A status that says no, in the user's terms."""
    said = _message(reply)
    match reply.status:
        case 401:
            return AccessError(
                f"{what}: the key was not accepted (401){said}", hint="check the variable that api_key_env names"
            )
        case 403:
            return AccessError(
                f"{what}: the key lacks the permission for this (403){said}",
                hint="reading and writing presets needs a normal key, archiving and restoring a management key",
            )
        case 404:
            return NotFoundError(
                f"{what}: not found (404){said}", hint="check that the url ends with the API's path, such as /api/v1"
            )
        case 409:
            return ConflictError(
                f"{what}: conflict (409){said}",
                hint="the preset may be disabled or archived, or somebody else writes there: look, then plan again",
            )
        case 429:
            text = f"{what}: too many requests (429){said}{_asked(reply)}"
            return BusyError(text, hint=_LATER, retry_after=reply.retry_after)
        case status if status >= 500 or status in _REFUSED_LATE:
            return RemoteError(f"{what}: the server failed ({status}){said}{_asked(reply)}", hint=_LATER)
        case status:
            return RemoteError(
                f"{what}: refused ({status}){said}",
                hint="see whether what the server says is about the preset or about the workspace's url",
            )


def _asked(reply: Reply) -> str:
    return "" if reply.retry_after is None else f"; it asks to wait {reply.retry_after:.0f} s"


def _message(reply: Reply) -> str:
    """What the server says of an error, shortened; it's untrusted text and shown as such."""
    error = reply.body.get("error") if isinstance(reply.body, Mapping) else None
    text = error.get("message") if isinstance(error, Mapping) else None
    return f": {text[:300]}" if isinstance(text, str) and text else ""


def unsure(reply: Reply, what: str) -> AmbiguousError:
    """What to say of a write whose reply leaves its fate open."""
    text = f"{what}: status {reply.status}{_message(reply)}{_asked(reply)}"
    return AmbiguousError(text, hint=_LATER, retry_after=reply.retry_after)


def may_be_stored(status: int) -> bool:
    """Whether a write that was answered so may have happened or may yet: a gateway's 5xx says nothing of the server."""
    return status in _REFUSED_LATE or status >= 500 or (status < 400 and status not in {200, 201})
