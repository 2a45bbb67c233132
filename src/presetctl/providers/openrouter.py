"""OpenRouter's presets API: the read side and the write side.

Facts: the published OpenAPI document for the seven operations; the API reference for restore. Replies are read
leniently (unknown fields and statuses are expected to come), but what is needed and missing is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualPreset, ListedPreset, Listing, Status, Version, WorkspaceIdentity
from presetctl.domain.values import Json
from presetctl.persistence import request_body
from presetctl.ports import READERS, Track, untracked
from presetctl.providers.http import HttpJson, Reply
from presetctl.providers.management import Management

PAGE_SIZE = 100
"""The most rows that the list gives at once, per the published spec."""
MAX_PRESETS = 100_000
MAX_VERSIONS = 100_000
LIST_READINGS = 3
"""How often the list is read at most to get as many rows as the server counts."""

_REFUSED_LATE = frozenset({408, 425})


def _as_text(value: Any) -> Any:
    """Timestamps and ids are opaque: a number is as good as a text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Opaque = Annotated[str, BeforeValidator(_as_text)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class _Row(_Lenient):
    id: _Opaque
    slug: str
    status: str = Status.ACTIVE.value
    designated_version_id: _Opaque | None = None


class _Version(_Lenient):
    id: _Opaque
    version: int
    system_prompt: str | None = None
    config: dict[str, Any]
    created_at: _Opaque | None = None
    creator_id: _Opaque | None = None


class _Preset(_Row):
    designated_version: _Version | None = None


class _Page(_Lenient):
    data: list[_Row]
    total_count: int


class _VersionPage(_Lenient):
    data: list[_Version]
    total_count: int


class _PresetReply(_Lenient):
    data: _Preset


class _KeyInfo(_Lenient):
    workspace_id: _Opaque | None = None
    label: _Opaque | None = None


class _KeyReply(_Lenient):
    data: _KeyInfo


_Model = TypeVar("_Model", bound=BaseModel)


class OpenRouterReader:
    """Reads one workspace, ``readers`` presets at the same time, which ``track`` shows. Has no way to write."""

    def __init__(self, http: HttpJson, readers: int = READERS, track: Track = untracked) -> None:
        self._http = http
        self._readers = readers
        self._track = track

    def identity(self) -> WorkspaceIdentity:
        """Which workspace the key opens (``GET /key``)."""
        info = _parse(_KeyReply, self._get("/key"), "GET /key").data
        return WorkspaceIdentity(info.workspace_id, info.label)

    def list_presets(self) -> Listing:
        """Every preset once.

        The list is ordered by time and moves while somebody writes, so that a page may repeat rows and skip others.
        If fewer rows came than the server counts, the list is read again; it may also count what it hides.
        """
        rows: dict[str, ListedPreset] = {}
        complete = any(self._list_into(rows) for _ in range(LIST_READINGS))
        return Listing(tuple(rows.values()), complete)

    def _list_into(self, rows: dict[str, ListedPreset]) -> bool:
        """Adds the rows of all pages; whether there are as many as the server counts."""
        offset = 0
        while True:
            query = {"offset": offset, "limit": PAGE_SIZE}
            page = _parse(_Page, self._get("/presets", query), "GET /presets")
            known = len(rows)
            rows.update((row.id, _listed(row)) for row in page.data)
            offset += len(page.data)
            if not page.data or offset >= page.total_count or (len(rows) == known and offset > len(rows)):
                return len(rows) >= page.total_count
            if len(rows) > MAX_PRESETS:
                raise RemoteError(f"GET /presets: more than {MAX_PRESETS} presets; the list does not seem to end")

    def read_presets(self, slugs: Sequence[str]) -> list[ActualPreset | None]:
        """The presets with their designated versions, several at a time; None for one that isn't there."""
        if len(slugs) <= 1:
            return [self.read_preset(slug) for slug in slugs]
        with ThreadPoolExecutor(min(self._readers, len(slugs)), thread_name_prefix="presetctl-read") as pool:
            try:
                return list(self._track(pool.map(self.read_preset, slugs), "Reading presets", len(slugs)))
            except BaseException:  # Ctrl-C too: nobody waits for what the other threads are still reading
                self._http.abandon()
                raise

    def read_preset(self, slug: str) -> ActualPreset | None:
        """One preset, or None."""
        try:
            reply = self._get(f"/presets/{slug}")
        except NotFoundError:
            return None
        return _actual(reply, f"GET /presets/{slug}", slug)

    def list_versions(self, slug: str) -> list[Version]:
        """Every version, oldest first; none where there is no such preset."""
        path, found = f"/presets/{slug}/versions", dict[str, Version]()
        while True:
            try:
                reply = self._get(path, {"offset": len(found), "limit": PAGE_SIZE})
            except NotFoundError:
                return []
            page = _parse(_VersionPage, reply, f"GET {path}")
            known = len(found)
            found.update((row.id, _version(row)) for row in page.data)
            if len(found) == known or len(found) >= page.total_count:
                return sorted(found.values(), key=lambda version: version.number)
            if len(found) > MAX_VERSIONS:
                raise RemoteError(f"GET {path}: more than {MAX_VERSIONS} versions; the list does not seem to end")

    def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> Reply:
        reply = self._http.get(path, query)
        if reply.status != 200:
            raise _refusal(reply, f"GET {path}")
        return reply


class OpenRouterWriter:
    """Writes to one workspace. Every call is sent at most once, and never waits.

    A result after which the write may be sent again says how long the server asks to wait before (``retry_after``):
    AmbiguousError (the write may have taken effect), BusyError (429: it has not), ConflictError (409: it has not).

    Archiving and restoring go through ``management``; without it, the workspace needs no other key for them.
    """

    def __init__(self, http: HttpJson, kinds: Mapping[str, Kind], management: Management | None = None) -> None:
        self._http = http
        self._kinds = kinds
        self._management = management

    def write(self, preset: Preset) -> ActualPreset:
        """Stores a preset as a new version, through the operation of its kind."""
        kind = self._kinds[preset.kind]
        path = kind.operation.removeprefix("POST ").replace("{slug}", preset.slug)
        return self._post(path, request_body(kind, preset.content), preset.slug)

    def prepare_archiving(self) -> None:
        """Reads the management key and has the server look at it (``GET /key``)."""
        if self._management is None:
            return
        http, _ = self._managed()
        with self._naming_the_key():
            reply = http.get("/key")
            if reply.status != 200:
                raise _refusal(reply, "GET /key")

    def archive(self, slug: str) -> None:
        """Hides a preset. What a reply says but that it is done counts for nothing: whoever asks reads again."""
        what = f"DELETE /presets/{slug}"
        http, query = self._managed()
        with self._naming_the_key():
            reply = http.delete(f"/presets/{slug}", query)
            if _may_be_stored(reply.status):
                raise _unsure(reply, what)
            if reply.status not in {200, 201}:
                raise _refusal(reply, what)

    def restore(self, slug: str) -> ActualPreset:
        """Brings an archived preset back; no version is made. Not every workspace can."""
        http, body = self._managed()
        try:
            with self._naming_the_key():
                return self._post(f"/presets/{slug}/restore", body, slug, http)
        except NotFoundError as error:
            raise NotFoundError(
                f"{slug} is archived, and this workspace doesn't know how to restore it",
                hint="restore it in the provider's dashboard, then plan again",
            ) from error

    def _managed(self) -> tuple[HttpJson, dict[str, str]]:
        """The calls that archive and restore, and what each of them says of the workspace."""
        if self._management is None:
            return self._http, {}
        return self._management.http, {"workspace_id": self._management.workspace_id}

    @contextmanager
    def _naming_the_key(self) -> Iterator[None]:
        """Says of a key that is refused that it's the management key, and where it comes from."""
        try:
            yield
        except AccessError as error:
            if self._management is None:
                raise
            hint = f"archiving and restoring need a management key: see what {self._management.variable} holds"
            raise AccessError(error.message, hint=hint) from error

    def _post(self, path: str, body: Json, slug: str, http: HttpJson | None = None) -> ActualPreset:
        what = f"POST {path}"
        reply = (http or self._http).post(path, body)
        if _may_be_stored(reply.status):
            raise _unsure(reply, what)
        if reply.status not in {200, 201}:
            raise _refusal(reply, what)
        try:
            return _actual(reply, what, slug)
        except RemoteError as error:
            raise AmbiguousError(error.message, hint=error.hint) from error


def _unsure(reply: Reply, what: str) -> AmbiguousError:
    text = f"{what}: status {reply.status}{_message(reply)}{_asked(reply)}"
    return AmbiguousError(text, hint=_LATER, retry_after=reply.retry_after)


def _may_be_stored(status: int) -> bool:
    """Whether a write that was answered so may have happened or may yet: a gateway's 5xx says nothing of the server."""
    return status in _REFUSED_LATE or status >= 500 or (status < 400 and status not in {200, 201})


def _listed(row: _Row) -> ListedPreset:
    return ListedPreset(row.slug, row.id, _status(row.status), row.designated_version_id)


def _status(text: str) -> Status:
    return next((status for status in Status if status.value == text), Status.UNKNOWN)


def _actual(reply: Reply, what: str, slug: str) -> ActualPreset:
    found = _parse(_PresetReply, reply, what).data
    if found.slug != slug:
        raise RemoteError(
            f"{what}: the reply is about another preset, not {slug}",
            hint="try again; if it stays so, check any proxy before the workspace",
        )
    held = found.designated_version
    version = None if held is None else _version(held)
    return ActualPreset(found.slug, found.id, _status(found.status), version)


def _version(held: _Version) -> Version:
    content = Content(held.system_prompt or None, held.config)
    return Version(held.id, held.version, content, held.created_at or "", held.creator_id)


def _parse(model: type[_Model], reply: Reply, what: str) -> _Model:
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


def _refusal(reply: Reply, what: str) -> Exception:
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


_LATER = "try again later"


def _asked(reply: Reply) -> str:
    return "" if reply.retry_after is None else f"; it asks to wait {reply.retry_after:.0f} s"


def _message(reply: Reply) -> str:
    """What the server says of an error, shortened; it's untrusted text and shown as such."""
    error = reply.body.get("error") if isinstance(reply.body, Mapping) else None
    text = error.get("message") if isinstance(error, Mapping) else None
    return f": {text[:300]}" if isinstance(text, str) and text else ""
