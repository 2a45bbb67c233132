from __future__ import annotations

import pytest

from presetctl.domain.preset import SAME, Content, RememberedContent

PLAIN = Content("p", {"a": 1})


def remembered(reads: list[str], **derived: str) -> RememberedContent:
    def read() -> Content:
        reads.append("read")
        return PLAIN

    return RememberedContent(PLAIN.digest, read, derived)


def test_what_is_remembered_is_read_once_and_only_where_somebody_looks() -> None:
    reads: list[str] = []
    content = remembered(reads)
    assert content.digest == PLAIN.digest
    assert not reads
    assert (content.config, content.system_prompt) == ({"a": 1}, "p")
    assert content.as_json() == PLAIN.as_json()
    assert reads == ["read"]
    with pytest.raises(AttributeError):
        _ = content.nothing


def test_contents_are_equal_by_what_they_hold() -> None:
    assert remembered([]) == PLAIN == remembered([])
    assert hash(remembered([])) == hash(PLAIN)
    assert Content("p", {"a": 2}) != PLAIN
    assert PLAIN != "p"


def test_what_is_made_of_it_is_remembered_by_name() -> None:
    reads: list[str] = []
    content = remembered(reads, short="sha256:known", same=SAME)

    def short(whole: Content) -> Content:
        return Content((whole.system_prompt or "")[:1], {})

    known = content.derive("short", short)
    assert (known.digest, reads) == ("sha256:known", [])
    assert known.config == {}
    assert content.derive("same", short) is content
    assert content.derive("other", short) == Content("p", {}) == PLAIN.derive("short", short)
