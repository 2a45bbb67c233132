"""Versions of presets that were read before, so that a plan reads only those that are new.

A version never changes, as OpenRouter documents it: what its id stood for once, it stands for always. That is taken on
trust. A server that gives an id to other content later can't be found out by a list that shows nothing but ids; apply
still reads each preset before it writes, and stops where that isn't what the plan saw.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import NoneType
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from presetctl.domain.errors import PresetctlError
from presetctl.domain.preset import Content, RememberedContent
from presetctl.domain.state import ActualPreset, ListedPreset, Version
from presetctl.ports import Cache

SPACE: Final = "versions"
_FORM: Final = 2
"""Part of every key: raise it when the form of what is kept, or its meaning, changes."""


_AT_ONCE: Final = 500
"""How many entries are in memory at the same time."""
_TEXT: Final = frozenset({str, NoneType})
_NUMBER: Final = frozenset({int, NoneType})
Again: TypeAlias = Callable[[ListedPreset], Content]
"""Reads the content of a row's designated version from the workspace. An error where that isn't the one any more."""


class KnownVersions:
    """The designated versions that ``cache`` knows of the workspaces at ``url``.

    An entry counts for just the preset, in just the workspace, that it was read from. ``may_show`` says of what was
    kept whether it may be used: what one key may see may hold another key.
    """

    def __init__(self, cache: Cache, url: str, may_show: Callable[[bytes], bool]) -> None:
        self._cache = cache
        self._url = url
        self._may_show = may_show

    def of(self, rows: Sequence[ListedPreset], again: Again) -> list[ActualPreset | None]:
        """The presets of ``rows``, each None where its designated version isn't known.

        Contents are looked up where somebody looks into them, and read ``again`` where they are gone by then.
        """
        found: list[ActualPreset | None] = []
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            keys = [self._key(row) for row in some]
            held = self._cache.get(SPACE, [key for key in keys if key])
            found += [self._preset(row, key, held.get(key), again) for row, key in zip(some, keys, strict=True)]
        return found

    def keep(self, rows: Iterable[tuple[ListedPreset, Version]]) -> None:
        """Remembers versions that were just read, each of the preset that the row is about."""
        entries = ((self._key(row, version.id), _packed(version)) for row, version in rows)
        self._cache.put(SPACE, {key: data for key, data in entries if key})

    def _key(self, row: ListedPreset, version: str | None = None) -> str:
        """The key of an entry; empty where the row doesn't say enough."""
        version = row.designated_version_id if version is None else version
        if version is None or row.workspace_id is None:
            return ""
        parts = (self._url, row.workspace_id, row.id, row.slug, version)
        text = "".join([f"{len(part)}:{part}" for part in parts])  # no two lists of parts give the same
        return hashlib.sha256(f"{_FORM}:{text}".encode()).hexdigest()

    def _preset(self, row: ListedPreset, key: str, data: bytes | None, again: Again) -> ActualPreset | None:
        known = None if data is None or not self._may_show(data) else _known(data)
        if known is None or known.id != row.designated_version_id:
            return None

        def content() -> Content:
            held = self._cache.get(SPACE, [key]).get(key, b"")
            return _content(held, known.digest) or _checked(again(row), known.digest, row.slug)

        version = Version(
            known.id, known.number, RememberedContent(known.digest, content), known.created, known.creator
        )
        return ActualPreset(row.slug, row.id, row.status, version)


class _Known(NamedTuple):
    """What an entry says of a version beside its content."""

    id: str
    number: int | None
    created: str
    creator: str | None
    digest: str


def _packed(version: Version) -> bytes:
    """Two lines of JSON: what a plan without changes needs to know, and the content."""
    content = version.content
    known = _Known(version.id, version.number, version.created_at, version.creator, content.digest)
    return b"\n".join(json.dumps(part, separators=(",", ":")).encode() for part in (known, content.as_json()))


def _known(data: bytes) -> _Known | None:
    """What the first line says; None where it's something else."""
    with suppress(ValueError, TypeError, RecursionError):
        parts, _ = _DECODER.raw_decode(data[: data.index(b"\n")].decode())
        known = _Known(*parts)
        texts = (known.id, known.created, known.digest)
        if [*map(type, texts)] == [str] * 3 and type(known.creator) in _TEXT and type(known.number) in _NUMBER:
            return known
    return None


def _content(data: bytes, digest: str) -> Content | None:
    """What the second line says; None where that isn't what ``digest`` is of."""
    with suppress(ValueError, TypeError, RecursionError):
        content = Content(**_DECODER.decode(data[data.index(b"\n") :].decode()))
        return content if content.digest == digest else None
    return None


def _checked(content: Content, digest: str, slug: str) -> Content:
    if content.digest != digest:
        raise PresetctlError(
            f"the live version of {slug} has another content than the cache knows it to have",
            hint="`presetctl cache clear` removes what it knows; then plan again",
        )
    return content


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number of JSON")


_DECODER: Final[Any] = json.JSONDecoder(parse_constant=_refuse)
"""Not the strict one, which is slow: the digest of the entry says that it's what the strict one once read."""
