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
from typing import Any, Final, NoReturn

from presetctl.domain.errors import PresetctlError
from presetctl.domain.preset import Content, RememberedContent
from presetctl.domain.state import ActualPreset, ListedPreset, Version
from presetctl.ports import Cache

SPACE: Final = "versions"
_FORM: Final = 2
"""Part of every key: raise it when the form of what is kept, or its meaning, changes."""


class KnownVersions:
    """The designated versions that ``cache`` knows of the workspaces at ``url``.

    An entry counts for just the preset, in just the workspace, that it was read from. ``may_show`` says of what was
    kept whether it may be used: what one key may see may hold another key.
    """

    def __init__(self, cache: Cache, url: str, may_show: Callable[[bytes], bool]) -> None:
        self._cache = cache
        self._url = url
        self._may_show = may_show

    def of(self, rows: Sequence[ListedPreset]) -> list[ActualPreset | None]:
        """The presets of ``rows``, each None where its designated version isn't known."""
        keys = [self._key(row) for row in rows]
        held = self._cache.get(SPACE, [key for key in keys if key is not None])
        return [self._preset(row, held.get(key or "")) for row, key in zip(rows, keys, strict=True)]

    def keep(self, rows: Iterable[tuple[ListedPreset, Version]]) -> None:
        """Remembers versions that were just read, each of the preset that the row is about."""
        entries = ((self._key(row, version.id), _packed(version)) for row, version in rows)
        self._cache.put(SPACE, {key: data for key, data in entries if key is not None})

    def _key(self, row: ListedPreset, version: str | None = None) -> str | None:
        version = row.designated_version_id if version is None else version
        if version is None or row.workspace_id is None:
            return None
        parts = [_FORM, self._url, row.workspace_id, row.id, row.slug, version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _preset(self, row: ListedPreset, data: bytes | None) -> ActualPreset | None:
        version = None if data is None or not self._may_show(data) else _unpacked(data)
        if version is None or version.id != row.designated_version_id:
            return None
        return ActualPreset(row.slug, row.id, row.status, version)


def _packed(version: Version) -> bytes:
    """Two lines of JSON: what a plan without changes needs to know, and the content."""
    content = version.content
    known = [version.id, version.number, version.created_at, version.creator, content.digest]
    return b"\n".join(json.dumps(part, separators=(",", ":")).encode() for part in (known, content.as_json()))


def _unpacked(data: bytes) -> Version | None:
    """The version, whose content is read only where somebody looks into it; None where ``data`` is something else."""
    end = data.find(b"\n")
    try:
        own, number, created_at, creator, digest = _DECODER.decode(data[:end].decode())
    except (ValueError, TypeError, RecursionError):
        return None
    texts = isinstance(own, str) and isinstance(created_at, str) and isinstance(digest, str) and end > 0
    if not texts or type(number) not in {int, NoneType} or not isinstance(creator, str | None):
        return None
    return Version(own, number, RememberedContent(digest, lambda: _content(data[end:], digest)), created_at, creator)


def _content(data: bytes, digest: str) -> Content:
    with suppress(ValueError, TypeError, RecursionError):
        content = Content(**_DECODER.decode(data.decode()))
        if content.digest == digest:
            return content
    raise PresetctlError(
        "what the cache has of a preset's version is not what its digest says",
        hint="`presetctl cache clear` removes it; nothing is lost but time",
    )


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number of JSON")


_DECODER: Final[Any] = json.JSONDecoder(parse_constant=_refuse)
"""Not the strict one, which is slow: the digest of the entry says that it's what the strict one once read."""
