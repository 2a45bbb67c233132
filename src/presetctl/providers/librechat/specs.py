"""Model specs that an administrator gives to a role, a group or a user: the read side and the write side.

They stand in what is laid over the server's configuration for that principal, a document that the server keeps without
looking at it. A write sets the list of model specs alone, through the route for single fields: the one for the whole
document drops parts of it without a word. All that was there is read before, and again afterwards.
Facts: a running server, v0.8.7, and its source.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from presetctl.domain.errors import AccessError, AmbiguousError, NotFoundError, RemoteError
from presetctl.domain.preset import SLUG, Preset
from presetctl.domain.state import ActualPreset, ListedPreset, Listing, Status, Version, WorkspaceIdentity
from presetctl.domain.values import Json, JsonObject, canonical_json, digest
from presetctl.model_specs import LIST, SECTION, same_entries
from presetctl.providers.http import Reply
from presetctl.providers.librechat.presets import LARGEST_BODY
from presetctl.providers.librechat.session import Session
from presetctl.providers.librechat.shelf import AskKind
from presetctl.publishing import (
    content_of,
    entries_in,
    entry_of,
    kind_of_entry,
    same_otherwise,
    with_entry,
    without_entry,
)

ADMIN = "/api/admin/config"
_NO_CONFIG = "Config not found"
_VERSION = "configVersion"
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Laid:
    """What is laid over the configuration for a principal: the document, its entries, and how often it was written."""

    overrides: Json
    entries: tuple[JsonObject, ...]
    version: int
    active: bool

    def get(self, name: str) -> JsonObject | None:
        """The entry of that name."""
        return next((entry for entry in self.entries if entry["name"] == name), None)


class ModelSpecsReader:
    """Reads the model specs of one principal, such as ``role/USER``. Has no way to write.

    ``tell`` is told once where the principal's configuration is switched off.
    """

    def __init__(
        self, session: Session, principal: str, ask_kind: AskKind, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._session = session
        self.principal = principal
        self.path = f"{ADMIN}/{'/'.join(quote(part, safe='') for part in principal.split('/', 1))}"
        self._ask_kind = ask_kind
        self._tell = tell
        self._told = False

    def identity(self) -> WorkspaceIdentity:
        """Who publishes them."""
        return WorkspaceIdentity(self._session.user)

    def list_presets(self) -> Listing:
        """Every model spec of the principal."""
        return Listing(tuple(_listed(entry) for entry in self.laid().entries))

    def read_presets(self, slugs: Sequence[str]) -> list[ActualPreset | None]:
        """The presets by slug; None for one that has no model spec. All are read at once."""
        if not slugs:
            return []
        laid = self.laid()
        found = (laid.get(slug) for slug in slugs)
        return [None if entry is None else self.actual(entry) for entry in found]

    def read_listed(self, rows: Sequence[ListedPreset]) -> list[ActualPreset | None]:
        """As ``read_presets``, with which they come anyway."""
        return self.read_presets([row.slug for row in rows])

    def list_versions(self, slug: str) -> list[Version]:
        """What is live: LibreChat keeps no versions."""
        found = self.read_presets([slug])[0]
        return [] if found is None or found.version is None else [found.version]

    def actual(self, entry: JsonObject) -> ActualPreset:
        """An entry as the preset that it is."""
        row = _listed(entry)
        content = content_of(entry, self._ask_kind(kind_of_entry(entry)))
        return ActualPreset(row.slug, row.id, row.status, Version(_version_id(entry), None, content), row.managed)

    def laid(self) -> Laid:
        """Everything that is laid over the configuration for the principal, as it is now."""
        reply = self._session.get(self.path, also=(403, 404))
        if reply.status == 404 and _text(reply, "error") == _NO_CONFIG:
            return Laid(None, (), 0, active=True)
        self.check(reply, "GET")
        found = config_of(reply)
        if found is None:
            raise RemoteError(f"GET {self.path}: the reply has no config in it", hint=_ADDRESS)
        laid = _laid(found)
        if not laid.active and not self._told:
            self._told = True
            self._tell(f"What is laid over the configuration for {self.principal} is switched off there.")
        return laid

    def check(self, reply: Reply, method: str) -> None:
        """AccessError or RemoteError for a call that was refused."""
        if reply.status == 403:
            raise AccessError(
                f"{method} {self.path}: refused (403){_said(reply)}",
                hint="publishing model specs needs the account of an administrator",
            )
        if reply.status == 404:
            raise RemoteError(
                f"{method} {self.path}: not found (404)",
                hint=f"this LibreChat has no {ADMIN}, which 0.8.7 has, or the workspace's url is wrong",
            )


class ModelSpecsWriter:
    """Writes the model specs of one principal, one write at a time. Every call is sent at most once."""

    def __init__(self, session: Session, reader: ModelSpecsReader, ask_kind: AskKind) -> None:
        self._session = session
        self._reader = reader
        self._ask_kind = ask_kind
        self._lock = threading.Lock()

    def write(self, preset: Preset) -> ActualPreset:
        """Puts the entry of a preset into the list, in its place. Nothing is sent where it's there already."""
        entry = entry_of(preset.slug, self._ask_kind(preset.kind), preset.content)
        with self._lock:
            before = self._reader.laid()
            after = self._replaced(before, with_entry(before.entries, entry), preset.slug)
        stored = after.get(preset.slug)
        if stored is None:
            raise RemoteError(
                f"PATCH {self._reader.path}: {preset.slug} was not stored, although the server says so",
                hint="look at the administrator's configuration in LibreChat",
            )
        return self._reader.actual(stored)

    def prepare_archiving(self) -> None:
        """Nothing: who writes model specs may take them away, too."""

    def remove(self, slug: str) -> None:
        """Takes an entry out of the list. NotFoundError where there is none."""
        with self._lock:
            before = self._reader.laid()
            if before.get(slug) is None:
                raise NotFoundError(f"{slug} is not there")
            self._replaced(before, without_entry(before.entries, slug), slug)

    def restore(self, slug: str) -> ActualPreset:
        """Never: what is taken away is gone."""
        raise NotFoundError(f"{slug} can't be restored: LibreChat keeps nothing of it")

    def _replaced(self, before: Laid, entries: Sequence[JsonObject], slug: str) -> Laid:
        """Sends the list, where it's another one, and gives what is there then.

        RemoteError where anything else than ``slug`` is another afterwards than it was before.
        """
        if same_entries(list(entries), list(before.entries)):
            return before
        self._send(before, entries)
        after = self._reader.laid()
        others = [list(without_entry(each.entries, slug)) for each in (before, after)]
        if after.version != before.version + 1 or not same_entries(*others):
            raise self._mixed(slug, "the other model specs there")
        if not same_otherwise(before.overrides, after.overrides):
            raise self._mixed(slug, "other parts of the configuration")
        return after

    def _mixed(self, slug: str, what: str) -> RemoteError:
        return RemoteError(
            f"PATCH {self._reader.path}: when {slug} was written, {what} may have been changed by somebody else",
            hint="look at what is there, then plan again",
        )

    def _send(self, before: Laid, entries: Sequence[JsonObject]) -> None:
        held = before.overrides.get(SECTION) if isinstance(before.overrides, Mapping) else {}
        whole = held is None and isinstance(before.overrides, Mapping) and SECTION in before.overrides
        path, value = (SECTION, {LIST: list(entries)}) if whole else (f"{SECTION}.{LIST}", list(entries))
        body: JsonObject = {"entries": [{"fieldPath": path, "value": value}]}
        if len(canonical_json(body)) > LARGEST_BODY:
            limit = LARGEST_BODY // 1024 // 1024
            message = f"all model specs together take more than {limit} MiB, which LibreChat refuses; nothing was sent"
            raise RemoteError(message, hint="shorten their prompts, or publish fewer")
        reply = self._session.patch(f"{self._reader.path}/fields", body, also=(403, 404))
        self._reader.check(reply, "PATCH")
        if config_of(reply) is None:
            raise AmbiguousError(
                f"PATCH {self._reader.path}: the reply is not about the configuration", hint="look at what is there"
            )


_ADDRESS = "check the workspace's url: it is the address of LibreChat itself, without /api"


def config_of(reply: Reply) -> JsonObject | None:
    """The document that a reply tells of."""
    found = reply.body.get("config") if isinstance(reply.body, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _laid(found: JsonObject) -> Laid:
    overrides, version = found.get("overrides"), found.get(_VERSION)
    number = version if isinstance(version, int) and not isinstance(version, bool) else 0
    return Laid(overrides, entries_in(overrides), number, found.get("isActive") is not False)


def _said(reply: Reply) -> str:
    """What the server says of an error, shortened; it's untrusted text and shown as such."""
    words = next((word for key in ("message", "error") if isinstance(word := _text(reply, key), str)), "")
    return f": {words[:_SHOWN_CHARACTERS]}" if words else ""


def _text(reply: Reply, key: str) -> Json:
    return reply.body.get(key) if isinstance(reply.body, Mapping) else None


def _listed(entry: JsonObject) -> ListedPreset:
    """As a row of the list. What can't be a slug is a name that somebody else gave."""
    name = str(entry["name"])
    return ListedPreset(name, name, Status.ACTIVE, _version_id(entry), SLUG.fullmatch(name) is not None)


def _version_id(entry: JsonObject) -> str:
    """Tells this content from every other."""
    return digest(entry).removeprefix("sha256:")[:24]
