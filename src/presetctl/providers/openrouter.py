"""OpenRouter's presets API: the read side and the write side.

Facts: the published OpenAPI document for the seven operations; the API reference for restore.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import chain, islice
from typing import TypeVar

from presetctl.domain.errors import AccessError, AmbiguousError, NotFoundError, RemoteError, StaleError
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import ActualPreset, ListedPreset, Listing, Version, WorkspaceIdentity
from presetctl.domain.values import Json
from presetctl.persistence import request_body
from presetctl.ports import NO_CACHE, READERS, Track, untracked
from presetctl.providers.http import HttpJson, Reply
from presetctl.providers.known_versions import KnownVersions
from presetctl.providers.management import Management
from presetctl.providers.openrouter_replies import (
    Page,
    as_actual,
    as_identity,
    as_page,
    as_version_page,
    may_be_stored,
    refusal,
    unsure,
)

PAGE_SIZE = 100
"""The most rows that the list gives at once, per the published spec."""
MAX_PRESETS = 100_000
MAX_VERSIONS = 100_000
_KEPT_AT_ONCE = 500
_Read = TypeVar("_Read")
_AT_ONCE = 16
_TURNS = 32
"""How often each thread comes for more at least, where there is much to do."""
LIST_READINGS = 3
"""How often the list is read at most to get as many rows as the server counts."""


class OpenRouterReader:
    """Reads one workspace, ``readers`` requests at the same time, which ``track`` shows. Has no way to write.

    ``known`` is what was read of it before.
    """

    def __init__(
        self, http: HttpJson, readers: int = READERS, track: Track = untracked, known: KnownVersions | None = None
    ) -> None:
        self._http = http
        self._readers = readers
        self._track = track
        self._known = known or KnownVersions(NO_CACHE, "", http.may_show)

    def identity(self) -> WorkspaceIdentity:
        """Which workspace the key opens (``GET /key``)."""
        return as_identity(self._get("/key"), "GET /key")

    def list_presets(self) -> Listing:
        """Every preset once.

        The list is ordered by time and moves while somebody writes, so that a page may repeat rows and skip others.
        If fewer rows came than the server counts, or it counted differently from page to page, the list is read
        again; it may also count what it hides.
        """
        rows: dict[str, ListedPreset] = {}
        with self._pool() as pool:
            complete = any(_Reading(self._page, pool, self._readers).into(rows) for _ in range(LIST_READINGS))
        return Listing(tuple(rows.values()), complete)

    def _page(self, offset: int) -> Page:
        return as_page(self._get("/presets", {"offset": offset, "limit": PAGE_SIZE}), "GET /presets")

    def read_presets(self, slugs: Sequence[str]) -> list[ActualPreset | None]:
        """The presets with their designated versions, several at a time; None for one that isn't there."""
        if len(slugs) <= 1:
            return [self.read_preset(slug) for slug in slugs]
        return list(self._each(self.read_preset, slugs))

    def read_listed(self, rows: Sequence[ListedPreset]) -> list[ActualPreset | None]:
        """As ``read_presets``, but only those whose designated version was never read before."""
        found = self._known.of(rows, self._again)
        missing = [number for number, preset in enumerate(found) if preset is None]
        with closing(self._each(self._read, [rows[number].slug for number in missing])) as read:
            numbered = zip(missing, read, strict=True)
            while some := list(islice(numbered, _KEPT_AT_ONCE)):
                kept: list[tuple[ListedPreset, Version]] = []
                for number, (preset, altered) in some:
                    found[number] = preset
                    if preset is not None and preset.version is not None and not altered:
                        kept.append((rows[number], preset.version))
                self._known.keep(kept)
        return found

    def read_preset(self, slug: str) -> ActualPreset | None:
        """One preset, or None."""
        return self._read(slug)[0]

    def _read(self, slug: str) -> tuple[ActualPreset | None, bool]:
        """One preset, and whether something was taken out of it."""
        try:
            reply = self._get(f"/presets/{slug}")
        except NotFoundError:
            return None, False
        return as_actual(reply, f"GET /presets/{slug}", slug), reply.altered

    def _again(self, row: ListedPreset) -> Content:
        """The content that a row names, read once more. StaleError where another one is live by now."""
        found = self.read_preset(row.slug)
        if found is None or found.version is None or found.version.id != row.designated_version_id:
            raise StaleError(
                f"{row.slug} was changed while it was read; nothing was written",
                hint="somebody writes there: plan again",
            )
        return found.version.content

    def _each(self, read: Callable[[str], _Read], slugs: Sequence[str]) -> Generator[_Read, None, None]:
        """What ``read`` gives for each slug, several at a time.

        Of many slugs a thread takes a few at once: waking up for each of them takes as long as half of a call. They are
        so few that no thread has more left to do in the end than another.
        """
        if slugs:
            size = max(1, min(_AT_ONCE, len(slugs) // (self._readers * _TURNS)))
            parts = [slugs[start : start + size] for start in range(0, len(slugs), size)]
            with self._pool() as pool:
                read_parts = chain.from_iterable(pool.map(lambda part: [read(slug) for slug in part], parts))
                yield from self._track(read_parts, "Reading presets", len(slugs))

    @contextmanager
    def _pool(self) -> Iterator[Executor]:
        """Threads to read with."""
        with ThreadPoolExecutor(self._readers, thread_name_prefix="presetctl-read") as pool:
            try:
                yield pool
            except BaseException:  # Ctrl-C too: nobody waits for what the other threads are still reading
                self._http.abandon()
                raise

    def list_versions(self, slug: str) -> list[Version]:
        """Every version, oldest first; none where there is no such preset."""
        path, found = f"/presets/{slug}/versions", dict[str, Version]()
        while True:
            try:
                reply = self._get(path, {"offset": len(found), "limit": PAGE_SIZE})
            except NotFoundError:
                return []
            page = as_version_page(reply, f"GET {path}")
            known = len(found)
            found.update((version.id, version) for version in page.versions)
            if len(found) == known or len(found) >= page.total:
                return sorted(found.values(), key=lambda version: version.number or 0)
            if len(found) > MAX_VERSIONS:
                raise RemoteError(f"GET {path}: more than {MAX_VERSIONS} versions; the list does not seem to end")

    def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> Reply:
        reply = self._http.get(path, query)
        if reply.status != 200:
            raise refusal(reply, f"GET {path}")
        return reply


class _Reading:
    """One reading of the whole list. Once a page says how many rows there are, the next ones come side by side."""

    def __init__(self, read: Callable[[int], Page], pool: Executor, at_once: int) -> None:
        self._read = read
        self._pool = pool
        self._at_once = at_once
        self._ahead: dict[int, Page] = {}

    def into(self, rows: dict[str, ListedPreset]) -> bool:
        """Adds the rows of all pages; whether there are as many as the server counts, on every page alike."""
        offset, totals = 0, set[int]()
        while True:
            page = self._page(offset, max(totals, default=0))
            known = len(rows)
            rows.update((row.id, row) for row in page.rows)
            offset += len(page.rows)
            totals.add(page.total)
            if not page.rows or offset >= page.total or (len(rows) == known and offset > len(rows)):
                return len(rows) >= page.total and len(totals) == 1
            if len(rows) > MAX_PRESETS:
                raise RemoteError(f"GET /presets: more than {MAX_PRESETS} presets; the list does not seem to end")

    def _page(self, offset: int, total: int) -> Page:
        """The page at ``offset``. Those after it are read too, as far as there are ``total`` rows in full pages."""
        if offset not in self._ahead:
            ends = min(total, offset + self._at_once * PAGE_SIZE) if offset % PAGE_SIZE == 0 else 0
            offsets = list(range(offset, ends, PAGE_SIZE)) or [offset]
            self._ahead = dict(zip(offsets, self._pool.map(self._read, offsets), strict=True))
        return self._ahead[offset]


class OpenRouterWriter:
    """Writes to one workspace. Every call is sent at most once, and never waits.

    A result after which the write may be sent again says how long the server asks to wait before (``retry_after``):
    AmbiguousError (the write may have taken effect), BusyError (429: it has not), ConflictError (409: it has not).

    Archiving and restoring go through ``management``; without it, the workspace needs no other key for them.
    """

    def __init__(self, http: HttpJson, ask_kind: Callable[[str], Kind], management: Management | None = None) -> None:
        self._http = http
        self._ask_kind = ask_kind
        self._management = management

    def write(self, preset: Preset) -> ActualPreset:
        """Stores a preset as a new version, through the operation of its kind."""
        kind = self._ask_kind(preset.kind)
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
                raise refusal(reply, "GET /key")

    def remove(self, slug: str) -> None:
        """Hides a preset. What a reply says but that it is done counts for nothing: whoever asks reads again."""
        what = f"DELETE /presets/{slug}"
        http, query = self._managed()
        with self._naming_the_key():
            reply = http.delete(f"/presets/{slug}", query)
            if may_be_stored(reply.status):
                raise unsure(reply, what)
            if reply.status not in {200, 201}:
                raise refusal(reply, what)

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
        if may_be_stored(reply.status):
            raise unsure(reply, what)
        if reply.status not in {200, 201}:
            raise refusal(reply, what)
        try:
            return as_actual(reply, what, slug)
        except RemoteError as error:
            raise AmbiguousError(error.message, hint=error.hint) from error
