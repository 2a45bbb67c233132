"""Settings of a workspace → its reader and writer. New providers are added here by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from presetctl.domain.errors import AccessError
from presetctl.domain.kind import Kind
from presetctl.domain.project import EMBEDDED, OpenRouterWorkspace
from presetctl.ports import PresetReader, PresetWriter
from presetctl.providers.http import HttpJson
from presetctl.providers.openrouter import OpenRouterReader, OpenRouterWriter

EMBEDDED_BASE = "http://embedded.invalid/api/v1"
"""Never resolved: the embedded workspace is called in process. `.invalid` is reserved for names that don't exist."""
EMBEDDED_KEY = "embedded"
MAX_KEY_BYTES = 4096


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
) -> Connection:
    """Opens the workspace ``name``. AccessError when there is no key. ``embedded`` gives the way to the emulator."""
    if settings.url == EMBEDDED:
        http = _http(settings, EMBEDDED_BASE, EMBEDDED_KEY, embedded)
    else:
        http = _http(settings, settings.url, read_key(name, settings.api_key_env, environment), None)
    return Connection(OpenRouterReader(http), OpenRouterWriter(http, kinds), http.close)


def _http(
    settings: OpenRouterWorkspace, base: str, key: str, transport: Callable[[], httpx.BaseTransport] | None
) -> HttpJson:
    headers = {"Authorization": f"Bearer {key}"}
    return HttpJson(base, headers, timeout=settings.timeout, trust_env=settings.trust_env, transport=transport)


def read_key(workspace: str, variable: str, environment: Mapping[str, str]) -> str:
    """The key from ``variable``, or from the file that ``variable_FILE`` names. Never shown, whatever is wrong."""
    key = environment.get(variable, "")
    file = environment.get(f"{variable}_FILE", "")
    if not key and file:
        key = _read_key_file(f"{variable}_FILE", file)
    key = key.strip()
    if not key:
        raise AccessError(
            f"the workspace {workspace} needs a key, and the variable {variable} is not set",
            hint=f"set {variable}, or {variable}_FILE to the path of a file with the key",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AccessError(f"the key in {variable} has characters that no key has", hint="copy the key again")
    return key


def _read_key_file(variable: str, file: str) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not hold us up
        with os.fdopen(descriptor, "rb") as stream:
            return (stream.read(MAX_KEY_BYTES) or b"").decode("ascii", errors="replace")
    except OSError as error:
        raise AccessError(f"the file that {variable} names can't be read: {error.strerror}") from None
