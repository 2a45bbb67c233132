"""The presets of one user as listed → which of them is which declared one, and what each holds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, ListedPreset, Status, Version
from presetctl.domain.values import JsonObject, digest
from presetctl.persistence import kind_name, stored_content
from presetctl.providers.librechat.identity import Mark, preset_id

_OF_THE_SERVER = frozenset({"_id", "__v", "user", "presetId", "createdAt", "updatedAt", "isArchived", "tags"})
_NOT_CONTENT = frozenset({"__v", "createdAt", "updatedAt", "order", "defaultPreset"})
"""A write that changes nothing changes the times, and one of another preset may change the last two."""
_SHORT_ID = re.compile(r"[0-9a-f]{8}")

AskKind = Callable[[str], Kind]
"""The rules of a kind, by its name."""


@dataclass(frozen=True)
class Held:
    """One stored preset. ``slug`` is what it is known by here: no declared preset can have that of an unmanaged one."""

    slug: str
    document: JsonObject
    managed: bool

    @property
    def id(self) -> str:
        """Its presetId."""
        return str(self.document["presetId"])

    @property
    def status(self) -> Status:
        """Active, or unreadable: the content filter of the server hides what such a preset says."""
        return Status.UNREADABLE if self.document.get("contentFilterBlocked") is True else Status.ACTIVE

    @property
    def version_id(self) -> str:
        """Tells this content from every other, and a preset from one that was made in its place."""
        said = {key: value for key, value in self.document.items() if key not in _NOT_CONTENT}
        return f"{self.document.get('_id')}-{digest(said).removeprefix('sha256:')[:16]}"

    def listed(self) -> ListedPreset:
        """As a row of the list."""
        return ListedPreset(self.slug, self.id, self.status, self.version_id, self.managed)

    def actual(self, ask_kind: AskKind) -> ActualPreset:
        """With what it holds; without a version where that can't be read."""
        version = None
        if self.status is Status.ACTIVE:
            at = str(self.document.get("updatedAt") or "")
            version = Version(self.version_id, None, content_of(self.document, ask_kind), at)
        return ActualPreset(self.slug, self.id, self.status, version, self.managed)


@dataclass(frozen=True)
class Shelf:
    """All presets of one user, by slug."""

    user: str
    presets: Mapping[str, Held]

    def get(self, slug: str) -> Held | None:
        """The preset that is known by ``slug``."""
        return self.presets.get(slug)

    def ids(self) -> frozenset[str]:
        """The ids of all of them."""
        return frozenset(held.id for held in self.presets.values())


def shelve(documents: Sequence[JsonObject], user: str, declared: Mapping[str, str | None]) -> Shelf:
    """Finds out which stored preset is which.

    ``declared``: the slugs that files declare, each with the id of the preset that it adopts, where it does. A preset
    is a declared one by its mark, or by its id; without the mark it's not managed. All others are known by their title
    and their id, in a way that no slug can be written.
    """
    expected = {own or preset_id(user, slug): slug for slug, own in declared.items()}
    taken: dict[str, Held] = {}
    others: list[JsonObject] = []
    for document in sorted(documents, key=lambda each: each["presetId"] not in expected):
        mark, by_id = Mark.of(document, user), expected.get(str(document["presetId"]))
        slug = mark.slug if mark is not None else by_id
        if slug is None or (slug in taken and (mark is None or taken[slug].managed)):
            others.append(document)
            continue
        if slug in taken:
            others.append(taken[slug].document)
        managed = mark is not None or document.get("contentFilterBlocked") is True
        taken[slug] = Held(slug, document, managed)
    return Shelf(user, taken | {held.slug: held for held in _named(others)})


def _named(documents: Iterable[JsonObject]) -> Iterable[Held]:
    names: set[str] = set()
    for document in documents:
        own, title = str(document["presetId"]), str(document.get("title") or "")
        whole = hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()
        short = own[:8] if _SHORT_ID.match(own) else whole[:8]
        words = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:60].strip("-") or "preset"
        name = f"{words}@{short}" if f"{words}@{short}" not in names else f"{words}@{whole}"
        names.add(name)
        yield Held(name, document, managed=False)


def content_of(document: JsonObject, ask_kind: AskKind) -> Content:
    """What a stored preset says, less what the server or presetctl put there."""
    said = {key: value for key, value in document.items() if key not in _OF_THE_SERVER}
    kind = ask_kind(kind_name(document.get("endpoint"), document.get("endpointType")))
    known = {*kind.config, *kind.ignored, *kind.managed, *kind.prompt_fields}
    return stored_content(kind, {key: value for key, value in said.items() if key in known})
