"""Settings of a workspace → its reader and writer. New providers are added here by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from presetctl.domain.kind import Kind
from presetctl.domain.project import EMBEDDED, OpenRouterWorkspace
from presetctl.ports import READERS, PresetReader, PresetWriter, Track, untracked
from presetctl.providers.keyed import KeyedHttp
from presetctl.providers.keys import read_key
from presetctl.providers.management import Management
from presetctl.providers.openrouter import OpenRouterReader, OpenRouterWriter

EMBEDDED_BASE = "http://embedded.invalid/api/v1"
"""Never resolved: the embedded workspace is called in process. `.invalid` is reserved for names that don't exist."""
EMBEDDED_KEY = "embedded"


@dataclass(frozen=True)
class Connection:
    """An open workspace. The two sides are handed out apart."""

    reader: PresetReader
    writer: PresetWriter
    close: Callable[[], None]


def connect(
    name: str,
    settings: OpenRouterWorkspace,
    kinds: Mapping[str, Kind],
    environment: Mapping[str, str],
    embedded: Callable[[], httpx.BaseTransport],
    *,
    readers: int = READERS,
    track: Track = untracked,
) -> Connection:
    """Opens the workspace ``name``. AccessError when there is no key.

    ``embedded`` gives the way to the emulator. ``readers`` presets are read at the same time, shown by ``track``. The
    management key is read when something is archived or restored; the embedded workspace needs none.
    """
    if settings.url == EMBEDDED:
        http = _calls(settings, EMBEDDED_BASE, EMBEDDED_KEY, embedded)
        return Connection(OpenRouterReader(http, readers, track), OpenRouterWriter(http, kinds), http.close)

    def manage() -> KeyedHttp:
        entry, what = settings.management_key_keyring, "a management key to archive or restore presets"
        key = read_key(name, settings.management_key_env, environment, entry, what)
        return _calls(settings, settings.url, key)

    key = read_key(name, settings.api_key_env, environment, settings.api_key_keyring)
    http = _calls(settings, settings.url, key)
    reader = OpenRouterReader(http, readers, track)
    management = Management(
        manage, lambda: settings.workspace_id or reader.identity().workspace_id, settings.management_key_env
    )
    with ExitStack() as stack:
        stack.callback(http.close)
        stack.callback(management.close)
        return Connection(reader, OpenRouterWriter(http, kinds, management), stack.pop_all().close)


def _calls(
    settings: OpenRouterWorkspace, base: str, key: str, way: Callable[[], httpx.BaseTransport] | None = None
) -> KeyedHttp:
    return KeyedHttp(base, key, timeout=settings.timeout, trust_env=settings.trust_env, transport=way)
