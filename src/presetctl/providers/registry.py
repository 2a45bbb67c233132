"""Settings of a workspace → its reader and writer. New providers are added here by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from presetctl.domain.kind import Kind
from presetctl.domain.project import EMBEDDED, LibreChatWorkspace, OpenRouterWorkspace, Workspace
from presetctl.ports import NO_CACHE, READERS, Cache, PresetReader, PresetWriter, Track, untracked
from presetctl.providers.http import Advice, HttpJson
from presetctl.providers.keyed import KeyedHttp
from presetctl.providers.keys import read_key, read_secret, read_words
from presetctl.providers.known_versions import KnownVersions
from presetctl.providers.management import Management
from presetctl.providers.openrouter import OpenRouterReader, OpenRouterWriter

if TYPE_CHECKING:
    from presetctl.providers.librechat.pace import Pace
    from presetctl.providers.librechat.session import Password, Token

EMBEDDED_BASE = "http://embedded.invalid/api/v1"
"""Never resolved: the embedded workspace is called in process. `.invalid` is reserved for names that don't exist."""
EMBEDDED_KEY = "embedded"
EMBEDDED_SERVER = "http://embedded.invalid"
EMBEDDED_EMAIL = "embedded@example.com"
EMBEDDED_PASSWORD = "embedded"  # noqa: S105 - it opens a file of one's own

AskKind = Callable[[str], Kind]
Way = Callable[[], httpx.BaseTransport]


@dataclass(frozen=True)
class Connection:
    """An open workspace. The two sides are handed out apart."""

    reader: PresetReader
    writer: PresetWriter
    close: Callable[[], None]


def connect(
    name: str,
    settings: Workspace,
    ask_kind: AskKind,
    environment: Mapping[str, str],
    embedded: Way,
    *,
    declared: Mapping[str, str | None] | None = None,
    readers: int = READERS,
    track: Track = untracked,
    tell: Callable[[str], None] = lambda _: None,
    pace: Pace | None = None,
    cache: Cache = NO_CACHE,
) -> Connection:
    """Opens the workspace ``name``. AccessError when there is no key.

    ``ask_kind`` gives the rules of a kind, and ``embedded`` the way to the emulator. ``declared`` are the slugs of its
    presets, each with the id of the stored one that it adopts. ``readers`` presets are read at the same time, shown by
    ``track``; ``tell`` is told of longer waits, ``pace`` is shared by connections to one server, and ``cache``
    remembers versions that were read. The management key is read when something is archived or restored; the embedded
    workspace needs no key at all.
    """
    if isinstance(settings, LibreChatWorkspace):
        return _librechat(name, settings, ask_kind, environment, embedded, declared or {}, tell, pace)
    if settings.url == EMBEDDED:
        http = _calls(settings, EMBEDDED_BASE, EMBEDDED_KEY, embedded)
        known = KnownVersions(cache, settings.url, http.may_show)
        return Connection(OpenRouterReader(http, readers, track, known), OpenRouterWriter(http, ask_kind), http.close)

    def manage() -> KeyedHttp:
        entry, what = settings.management_key_keyring, "a management key to archive or restore presets"
        key = read_key(name, settings.management_key_env, environment, entry, what)
        return _calls(settings, settings.url, key)

    key = read_key(name, settings.api_key_env, environment, settings.api_key_keyring)
    http = _calls(settings, settings.url, key)
    reader = OpenRouterReader(http, readers, track, KnownVersions(cache, settings.url, http.may_show))
    management = Management(
        manage, lambda: settings.workspace_id or reader.identity().workspace_id, settings.management_key_env
    )
    with ExitStack() as stack:
        stack.callback(http.close)
        stack.callback(management.close)
        return Connection(reader, OpenRouterWriter(http, ask_kind, management), stack.pop_all().close)


def _calls(settings: OpenRouterWorkspace, base: str, key: str, way: Way | None = None) -> KeyedHttp:
    return KeyedHttp(base, key, timeout=settings.timeout, trust_env=settings.trust_env, transport=way)


def _librechat(
    name: str,
    settings: LibreChatWorkspace,
    ask_kind: AskKind,
    environment: Mapping[str, str],
    embedded: Way,
    declared: Mapping[str, str | None],
    tell: Callable[[str], None],
    pace: Pace | None,
) -> Connection:
    # Only here: most projects have no workspace of this kind.
    from presetctl.providers.librechat.presets import LARGEST_LIST, LibreChatReader, LibreChatWriter
    from presetctl.providers.librechat.session import ADDRESS, Password, Session
    from presetctl.providers.librechat.specs import ModelSpecsReader, ModelSpecsWriter

    is_embedded = settings.url == EMBEDDED
    if is_embedded:
        credentials: Password | Token = Password(EMBEDDED_EMAIL, EMBEDDED_PASSWORD)
    else:
        credentials = _credentials(f"the workspace {name}", settings, environment)
    http = HttpJson(
        EMBEDDED_SERVER if is_embedded else settings.url,
        {},
        timeout=settings.timeout,
        trust_env=settings.trust_env,
        transport=embedded if is_embedded else None,
        largest=LARGEST_LIST,
        advice=Advice(base=ADDRESS),
    )
    session = Session(http, credentials, login_wait=settings.login_wait, tell=tell, pace=pace)
    if settings.publishes:
        specs = ModelSpecsReader(session, settings.publish_to, ask_kind, tell)
        return Connection(specs, ModelSpecsWriter(session, specs, ask_kind), http.close)
    reader = LibreChatReader(session, ask_kind, declared)
    return Connection(reader, LibreChatWriter(session, reader, ask_kind), http.close)


def _credentials(who: str, settings: LibreChatWorkspace, environment: Mapping[str, str]) -> Password | Token:
    from presetctl.providers.librechat.session import Password, Token

    if settings.token_env is not None:
        return Token(read_secret(who, settings.token_env, environment, what="an access token"), settings.token_env)
    email = read_words(who, settings.email_env, environment, "a mail address to log in with")
    password = read_words(who, settings.password_env, environment, "a password to log in with")
    return Password(email.strip(), password, settings.email_env, settings.password_env)
