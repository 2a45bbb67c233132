"""Replies of OpenRouter's presets API: what is read out of them, and what their statuses mean.

They are read leniently (unknown fields and statuses are expected to come), but what is needed and missing is an error.
Facts: the published OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from presetctl.domain.errors import (
    AccessError,
    AmbiguousError,
    BusyError,
    ConflictError,
    NotFoundError,
    RemoteError,
)
from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, ListedPreset, Status, Version
from presetctl.providers.http import Reply

_REFUSED_LATE = frozenset({408, 425})
_LATER = "try again later"
_Model = TypeVar("_Model", bound=BaseModel)


def _as_text(value: Any) -> Any:
    """Timestamps and ids are opaque: a number is as good as a text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Opaque = Annotated[str, BeforeValidator(_as_text)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Row(_Lenient):
    id: _Opaque
    slug: str
    status: str = Status.ACTIVE.value
    designated_version_id: _Opaque | None = None
    workspace_id: _Opaque | None = None


class StoredVersion(_Lenient):
    id: _Opaque
    version: int
    system_prompt: str | None = None
    config: dict[str, Any]
    created_at: _Opaque | None = None
    creator_id: _Opaque | None = None


class _Preset(Row):
    designated_version: StoredVersion | None = None


class Page(_Lenient):
    data: list[Row]
    total_count: int


class VersionPage(_Lenient):
    data: list[StoredVersion]
    total_count: int


class PresetReply(_Lenient):
    data: _Preset


class _KeyInfo(_Lenient):
    workspace_id: _Opaque | None = None
    label: _Opaque | None = None


class KeyReply(_Lenient):
    data: _KeyInfo


def as_listed(row: Row) -> ListedPreset:
    """A row of the list."""
    status, version = _status(row.status), row.designated_version_id
    return ListedPreset(row.slug, row.id, status, version, workspace_id=row.workspace_id)


def _status(text: str) -> Status:
    return next((status for status in Status if status.value == text), Status.UNKNOWN)


def as_actual(reply: Reply, what: str, slug: str) -> ActualPreset:
    """The preset that a reply is about; RemoteError if that is another one than ``slug``."""
    found = parse(PresetReply, reply, what).data
    if found.slug != slug:
        raise RemoteError(
            f"{what}: the reply is about another preset, not {slug}",
            hint="try again; if it stays so, check any proxy before the workspace",
        )
    held = found.designated_version
    version = None if held is None else as_version(held)
    return ActualPreset(found.slug, found.id, _status(found.status), version)


def as_version(held: StoredVersion) -> Version:
    """A version; one without a prompt may say so with an empty text."""
    content = Content(held.system_prompt or None, held.config)
    return Version(held.id, held.version, content, held.created_at or "", held.creator_id)


def parse(model: type[_Model], reply: Reply, what: str) -> _Model:
    """The body of a reply to ``what``. RemoteError where it has another form."""
    try:
        return model.model_validate(reply.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the reply"
        problem = "is missing" if first["type"] == "missing" else "has another form than expected"
        raise RemoteError(
            f"{what}: `{place}` {problem} in the reply",
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
