"""What was read of a workspace before: given back as it was, for just the preset it was read from, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.errors import PresetctlError, StaleError
from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, ListedPreset, Status, Version
from presetctl.providers.keyed import KeyedHttp
from presetctl.providers.known_versions import SPACE, KnownVersions
from presetctl.providers.openrouter import OpenRouterReader

URL = "http://x.invalid/api/v1"
ROW = ListedPreset("a", "p-1", Status.ACTIVE, "v-3", workspace_id="w")
VERSION = Version("v-3", 3, Content("P", {"model": "m", "top_p": 1.0}), "then", "somebody")
HELD = {"id": "v-3", "version": 3, "system_prompt": "P", "config": {"model": "m", "top_p": 1.0}, "created_at": "then"}


class Dictionary:
    """A cache in memory."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], bytes] = {}

    def get(self, space: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        return {key: self.entries[space, key] for key in keys if (space, key) in self.entries}

    def put(self, space: str, entries: Mapping[str, bytes]) -> None:
        self.entries.update({(space, key): value for key, value in entries.items()})


def known(cache: Dictionary, url: str = URL) -> KnownVersions:
    return KnownVersions(cache, url, lambda _: True)


def never(row: ListedPreset) -> Content:
    raise AssertionError("it was read again")


def filled() -> Dictionary:
    cache = Dictionary()
    known(cache).keep([(ROW, VERSION)])
    return cache


def row(**more: Any) -> ListedPreset:
    values = {name: getattr(ROW, name) for name in ("slug", "id", "status", "designated_version_id", "workspace_id")}
    return ListedPreset(**(values | more))


def test_what_was_read_once_is_known_with_what_the_list_says_today() -> None:
    for status in Status:
        assert known(filled()).of([row(status=status)], never) == [ActualPreset("a", "p-1", status, VERSION)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.none() | st.text(min_size=1), st.none() | st.text())
def test_any_content_comes_back_to_the_last_digit(
    config: dict[str, Any], prompt: str | None, creator: str | None
) -> None:
    cache, version = Dictionary(), Version("v-3", 3, Content(prompt, config), "then", creator)
    known(cache).keep([(ROW, version)])
    (found,) = known(cache).of([ROW], never)
    assert found is not None
    assert found.version is not None
    content = found.version.content
    assert content.digest == version.content.digest
    assert repr((content.system_prompt, content.config)) == repr((prompt, config))
    assert (found.version.id, found.version.number, found.version.created_at) == ("v-3", 3, "then")
    assert found.version.creator == creator


@pytest.mark.parametrize(
    "other",
    [
        row(slug="b"),
        row(id="p-2"),
        row(workspace_id="v"),
        row(designated_version_id="v-4"),
        row(designated_version_id=None),
        row(workspace_id=None),
    ],
)
def test_it_counts_for_nothing_else(other: ListedPreset) -> None:
    cache = filled()
    assert known(cache).of([other, ROW], never)[0] is None
    assert known(cache).of([other, ROW], never)[1] is not None


def test_it_counts_for_no_other_address() -> None:
    assert known(filled(), "http://y.invalid/api/v1").of([ROW], never) == [None]


def test_where_the_list_names_no_workspace_nothing_is_kept() -> None:
    cache = Dictionary()
    known(cache).keep([(row(workspace_id=None), VERSION)])
    assert not cache.entries


KNOWN = ["v-3", 3, "then", None, VERSION.content.digest]
CONTENT = b'{"system_prompt":"P","config":{"model":"m","top_p":1.0}}'


def packed(known: Any, content: bytes = CONTENT) -> bytes:
    return json.dumps(known).encode() + b"\n" + content


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000, packed({}), packed(KNOWN[:4]), packed([*KNOWN, 1]),
     packed([5, *KNOWN[1:]]), packed(["v-4", *KNOWN[1:]]), packed(["v-3", True, *KNOWN[2:]]),
     packed(["v-3", "3", *KNOWN[2:]]), packed(["v-3", float("nan"), *KNOWN[2:]]), packed(["v-3", 3, None, *KNOWN[3:]]),
     packed([*KNOWN[:3], 5, KNOWN[4]]), packed([*KNOWN[:3], False, KNOWN[4]]), packed([*KNOWN[:4], 5]),
     json.dumps(KNOWN).encode()],
)  # fmt: skip
def test_what_has_another_form_is_not_believed(data: bytes) -> None:
    cache = filled()
    cache.entries = dict.fromkeys(cache.entries, packed(KNOWN))
    assert known(cache).of([ROW], never)[0] is not None
    cache.entries = dict.fromkeys(cache.entries, data)
    assert known(cache).of([ROW], never) == [None]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"[" * 100_000, b"\xff", b"{}", CONTENT.replace(b"1.0", b"1.5"), CONTENT.replace(b"1.0", b"NaN"),
     CONTENT.replace(b"P", b"Q"), CONTENT.replace(b"}}", b'},"x":1}')],
)  # fmt: skip
def test_a_content_that_is_not_what_its_digest_says_is_read_again(content: bytes) -> None:
    cache = filled()
    cache.entries = dict.fromkeys(cache.entries, packed(KNOWN, content))
    for answer in (VERSION.content, Content("Q", {})):
        (found,) = known(cache).of([ROW], lambda row, answer=answer: answer)  # type: ignore[misc]
        assert found is not None
        assert found.version is not None
        if answer == VERSION.content:
            assert found.version.content == answer
            continue
        with pytest.raises(PresetctlError, match="the live version of a has another content") as raised:
            assert found.version.content.config
        assert "cache clear" in raised.value.hint


def test_what_goes_while_a_plan_is_made_is_read_again() -> None:
    server, cache = Server(), Dictionary()
    server.read(cache)
    http = KeyedHttp(URL, "k", timeout=5, transport=lambda: httpx.MockTransport(server))
    reader = OpenRouterReader(http, known=KnownVersions(cache, URL, http.may_show))
    (one,), (other,) = (reader.read_listed([ROW]) for _ in range(2))
    assert one is not None
    assert one.version is not None
    assert other is not None
    assert other.version is not None
    cache.entries.clear()
    assert server.asked == ["/presets/a"]
    assert one.version.content.system_prompt == "P"
    assert server.asked == ["/presets/a"] * 2
    server.held["id"] = "v-4"
    with pytest.raises(StaleError, match="a was changed while it was read"):
        assert other.version.content.system_prompt
    http.close()


class Server:
    """A workspace with one preset whose prompt is ``prompt``, and what it was asked."""

    def __init__(self, prompt: str = "P", version_id: str = "v-3") -> None:
        self.held = HELD | {"system_prompt": prompt, "id": version_id}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.removeprefix("/api/v1"))
        data = {"id": "p-1", "slug": "a", "designated_version_id": self.held["id"], "designated_version": self.held}
        return httpx.Response(200, json={"data": data})

    def read(self, cache: Dictionary, key: str = "one-key-of-a-workspace") -> str | None:
        """The prompt that a reader with ``key`` gets."""
        http = KeyedHttp(URL, key, timeout=5, transport=lambda: httpx.MockTransport(self))
        reader = OpenRouterReader(http, known=KnownVersions(cache, URL, http.may_show))
        (found,) = reader.read_listed([ROW])
        http.close()
        assert found is not None
        assert found.version is not None
        return found.version.content.system_prompt


def test_only_what_is_new_is_read() -> None:
    server, cache = Server(), Dictionary()
    assert [server.read(cache) for _ in range(3)] == ["P"] * 3
    assert server.asked == ["/presets/a"]
    server.held |= {"system_prompt": "Q"}
    assert server.read(Dictionary()) == "Q"


def test_a_version_that_came_between_the_list_and_the_read_is_kept_as_itself() -> None:
    server, cache = Server("newer", "v-4"), Dictionary()
    assert [server.read(cache), server.read(cache)] == ["newer", "newer"]
    assert server.asked == ["/presets/a"] * 2
    assert known(cache).of([row(designated_version_id="v-4")], never)[0] is not None


def test_a_read_before_a_write_reads() -> None:
    server, cache = Server(), Dictionary()
    server.read(cache)
    http = KeyedHttp(URL, "k", timeout=5, transport=lambda: httpx.MockTransport(server))
    reader = OpenRouterReader(http, known=KnownVersions(cache, URL, http.may_show))
    reader.read_presets(["a"])
    reader.read_presets(["a", "a"])
    http.close()
    assert server.asked == ["/presets/a"] * 4


@pytest.mark.parametrize("secret", ["sk-or-v1-0123456789", 'odd"key\\with/all-of+it='])
def test_a_key_in_a_prompt_is_neither_kept_nor_shown(secret: str) -> None:
    server, cache = Server(f"the key is {secret}!"), Dictionary()
    assert [server.read(cache, secret) for _ in range(2)] == ["the key is ***!"] * 2
    assert not cache.entries
    assert server.asked == ["/presets/a"] * 2
    # To somebody with another key it's a text like any other; once it's kept it's still not shown to its owner.
    assert server.read(cache, "another-key-of-it") == f"the key is {secret}!"
    assert [space for space, _ in cache.entries] == [SPACE]
    assert server.read(cache, secret) == "the key is ***!"
    assert server.read(cache, "another-key-of-it") == f"the key is {secret}!"
    assert server.asked == ["/presets/a"] * 4
