"""LibreChat's presets API: the read side and the write side.

The server answers 201 to failures, keeps every field that a write leaves out, and deletes everything where no id is
sent. So every write is compared with the reply and with what is listed afterwards, and nothing is deleted but a preset
that was just read and has our mark, with the list counted before and after. Facts: a running server, v0.8.7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from threading import Lock

from presetctl.domain.errors import AmbiguousError, ConflictError, DamageError, NotFoundError, RemoteError
from presetctl.domain.preset import Preset
from presetctl.domain.state import ActualPreset, ListedPreset, Listing, Version, WorkspaceIdentity
from presetctl.domain.values import Json, JsonObject, canonical_json
from presetctl.persistence import request_body
from presetctl.providers.librechat.identity import Mark, preset_id
from presetctl.providers.librechat.session import Session
from presetctl.providers.librechat.shelf import AskKind, Held, Shelf, shelve

PRESETS = "/api/presets"
DELETE = "/api/presets/delete"
LARGEST_BODY = 3 * 1024 * 1024
"""The most bytes that the server takes (observed)."""
LARGEST_LIST = 128 * 1024 * 1024
"""The list has every preset whole, and no pages."""
_FAILED = "Error saving preset"

Declared = Mapping[str, str | None]
"""The slugs that files declare, each with the presetId of the stored preset that it adopts, or None."""


class LibreChatReader:
    """Reads the presets of one user. Has no way to write."""

    def __init__(self, session: Session, ask_kind: AskKind, declared: Declared) -> None:
        self._session = session
        self._ask_kind = ask_kind
        self.declared = declared

    def identity(self) -> WorkspaceIdentity:
        """Whose presets they are."""
        return WorkspaceIdentity(self._session.user)

    def list_presets(self) -> Listing:
        """Every preset of the user, those that presetctl doesn't manage under names that no slug can have."""
        return Listing(tuple(held.listed() for held in self.shelf().presets.values()))

    def read_presets(self, slugs: Sequence[str]) -> list[ActualPreset | None]:
        """The presets by slug; None for one that isn't there. All are read at once: the server knows no other way."""
        if not slugs:
            return []
        shelf = self.shelf()
        found = (shelf.get(slug) for slug in slugs)
        return [None if held is None else held.actual(self._ask_kind) for held in found]

    def read_listed(self, rows: Sequence[ListedPreset]) -> list[ActualPreset | None]:
        """As ``read_presets``, with which they come anyway."""
        return self.read_presets([row.slug for row in rows])

    def list_versions(self, slug: str) -> list[Version]:
        """What is live: LibreChat keeps no versions."""
        found = self.read_presets([slug])[0]
        return [] if found is None or found.version is None else [found.version]

    def shelf(self) -> Shelf:
        """All presets of the user, as they are now."""
        reply = self._session.get(PRESETS)
        rows = reply.body
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise RemoteError(
                f"GET {PRESETS}: the reply is not a list of presets",
                hint="check the workspace's url: it is the address of LibreChat itself, without /api",
            )
        documents = [row for row in rows if isinstance(row, Mapping)]
        ids = [document.get("presetId") for document in documents]
        if len(documents) < len(rows) or not all(isinstance(own, str) and own for own in ids):
            raise RemoteError(f"GET {PRESETS}: a preset in the list has no presetId", hint="look at it in LibreChat")
        return shelve(documents, self._session.user, self.declared)


class LibreChatWriter:
    """Writes to the presets of one user. Every call is sent at most once, and never waits."""

    def __init__(self, session: Session, reader: LibreChatReader, ask_kind: AskKind) -> None:
        self._session = session
        self._reader = reader
        self._ask_kind = ask_kind
        self._removed: dict[str, JsonObject] = {}
        self._removing = Lock()

    def write(self, preset: Preset) -> ActualPreset:
        """Stores a preset: every field that it declares, and the mark. What it doesn't name stays as it is.

        Nothing is sent where all of it is stored already. Errors as a PresetWriter's.
        """
        shelf = self._reader.shelf()
        held = shelf.get(preset.slug)
        if held is not None and not held.managed and held.id != preset.adopts:
            raise ConflictError(f"{preset.slug} is there and not presetctl's to change", hint="plan again")
        for own in self._ids(preset, held, shelf):
            body = self._body(preset, held, own)
            if held is not None and _says(held.document, body):
                return held.actual(self._ask_kind)
            refused = self._is_refused(body)
            stored = self._reader.shelf().get(preset.slug)
            if stored is not None and stored.id == own and (not refused or _says(stored.document, body)):
                return self._marked(stored, preset.slug)
            if not refused:
                break
        raise RemoteError(
            f"POST {PRESETS}: {preset.slug} was not stored, although the server answers 201 (Created)",
            hint="its presetId may be another user's, or a value has a type that the server can't store",
        )

    def _ids(self, preset: Preset, held: Held | None, shelf: Shelf) -> list[str]:
        """Which id a preset has, or may get: that of before, the one that its file names, its own.

        The one that a file names may be another user's by now: the server then refuses it.
        """
        if held is not None:
            return [held.id]
        before = self._removed.get(preset.slug, {}).get("presetId")
        names = [str(name) for name in (before, preset.adopts) if _is_id(name) and name not in shelf.ids()]
        return list(dict.fromkeys([*names, preset_id(self._session.user, preset.slug)]))

    def _marked(self, stored: Held, slug: str) -> ActualPreset:
        if not stored.managed:
            raise RemoteError(
                f"POST {PRESETS}: the server did not keep presetctl's mark in the `tags` of {slug}",
                hint="without it presetctl changes nothing there; the server may be too old, or another program",
            )
        return stored.actual(self._ask_kind)

    def _body(self, preset: Preset, held: Held | None, own: str) -> dict[str, Json]:
        """What to send. A field that only one preset can have is left out where it's stored already: it would move."""
        kind, user = self._ask_kind(preset.kind), self._session.user
        before = self._removed.get(preset.slug, {}) if held is None else held.document
        said = {name: value for name, value in request_body(kind, preset.content).items() if value is not None}
        if held is None:
            carried = {name: value for name, value in before.items() if name in kind.left_alone and value is not None}
            said = {**carried, **said}
        elif kind.exclusive in said and held.document.get(kind.exclusive) == said[kind.exclusive]:
            del said[kind.exclusive]
        tags = Mark.made(preset.slug, user, own).tags(before.get("tags"))
        return {"presetId": own, **said, "tags": tags}

    def _is_refused(self, body: JsonObject) -> bool:
        """Sends a preset; whether the reply says that saving failed. What was stored of it, only the list can say."""
        if len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_BODY:
            limit = LARGEST_BODY // 1024 // 1024
            message = f"the preset takes more than {limit} MiB, which LibreChat refuses; nothing was sent"
            raise RemoteError(message, hint="shorten its prompt")
        reply = self._session.post(PRESETS, body)
        stored = reply.body if isinstance(reply.body, Mapping) else {}
        if stored.get("presetId") == body["presetId"]:
            return False
        if stored.get("message") == _FAILED:
            return True
        raise AmbiguousError(f"POST {PRESETS}: the reply is not about the preset", hint="look at what is there")

    def prepare_archiving(self) -> None:
        """Nothing: who writes presets may delete them, too."""

    def remove(self, slug: str) -> None:
        """Deletes a preset for good.

        NotFoundError where there is none; ConflictError where it isn't managed by presetctl. DamageError where more is
        gone afterwards than this one.
        """
        with self._removing:  # the presets are counted before and after: nothing else of ours may go in between
            self._remove(slug)

    def _remove(self, slug: str) -> None:
        shelf = self._reader.shelf()
        held = shelf.get(slug)
        if held is None:
            raise NotFoundError(f"{slug} is not there")
        if not held.managed and held.id == self._reader.declared.get(slug) and _is_id(held.id):
            held = self._adopted(held)
        body = _deletion(held, self._session.user)
        self._removed[slug] = held.document  # before the reply, which may get lost
        count = _deleted(self._session.post(DELETE, body).body)
        left = self._reader.shelf().ids()
        lost = sorted(shelf.ids() - left - {held.id})
        if lost or count > 1:
            raise DamageError(
                f"POST {DELETE}: with {slug} {max(len(lost), count - 1)} other presets are gone: "
                f"{', '.join(lost) or 'made since the list was read'}",
                hint="somebody else deletes there, or the server did; look before anything else is written",
            )
        if count != 1 and held.id in left:
            raise RemoteError(f"POST {DELETE}: {slug} was not deleted, although the server answers 201 (Created)")

    def _adopted(self, held: Held) -> Held:
        """A preset that its file adopts, once it has the mark: without one nothing is deleted."""
        tags = Mark.made(held.slug, self._session.user, held.id).tags(held.document.get("tags"))
        self._is_refused({"presetId": held.id, "tags": tags})
        return self._reader.shelf().get(held.slug) or held

    def restore(self, slug: str) -> ActualPreset:
        """Never: what is deleted is gone."""
        raise NotFoundError(f"{slug} can't be restored: LibreChat deletes for good")


def _deletion(held: Held, user: str) -> dict[str, Json]:
    """The body that deletes one preset. An id that is empty or no text deletes all presets of the user.

    ConflictError for anything but a preset with our mark and an id that is just a text.
    """
    own = held.document.get("presetId")
    mark = Mark.of(held.document, user)
    if not _is_id(own) or not held.managed or mark is None or mark.slug != held.slug:
        raise ConflictError(f"{held.slug} does not have presetctl's mark, so it is not deleted", hint="plan again")
    return {"presetId": own}


def _is_id(value: Json) -> bool:
    """Whether a presetId can name one preset: nothing but a text, with more in it than spaces."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _deleted(body: Json) -> int:
    """How many presets are gone, as the reply to a deletion says; 0 where it doesn't say."""
    count = body.get("deletedCount") if isinstance(body, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else 0


def _says(document: JsonObject, body: JsonObject) -> bool:
    """Whether a stored preset holds every field of a body already."""
    return all(name in document and _same(document[name], value) for name, value in body.items())


def _same(stored: Json, sent: Json) -> bool:
    return canonical_json(stored) == canonical_json(sent)
