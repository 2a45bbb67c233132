"""What a parser of GitHub's Markdown makes of a report: where text got out of its code, there are nodes not ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_BLOCKS = {
    "heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item", "inline", "fence",
}  # fmt: skip
_INLINE = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
_OURS = re.compile(
    r"<details>\n<summary><code>[^<>]*</code>(?: · [a-z0-9 →]+)*</summary>\n|</details>\n?|<!-- presetctl [^<>]* -->\n?"
)
_TEXT = re.compile(r"[A-Za-z0-9 ,.;:()→…·—'&%-]*")
_CALLS = re.compile(r"@\w|#\d|GH-\d|://|www\.|\w\.\w")


def tokens(text: str) -> list[Token]:
    """With tables, links made of bare addresses, strikethrough and HTML, as on GitHub."""
    return MarkdownIt("gfm-like", {"html": True}).parse(text)


def foreign(text: str) -> list[str]:
    """What stands in a report and isn't ours; empty where all that came from elsewhere is code."""
    found = list(_foreign(tokens(text)))
    opened, closed = text.count("\n<details>\n"), text.count("\n</details>")
    return found if opened == closed else [*found, f"{opened} details opened, {closed} closed"]


def _foreign(parsed: Iterable[Token]) -> Iterator[str]:
    for token in parsed:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.type == "html_block":
            if not _OURS.fullmatch(token.content):
                yield f"HTML {token.content[:200]!r}"
        elif kind not in _BLOCKS or (token.type == "fence" and token.info != "diff"):
            yield f"{token.type} {token.content[:200]!r}"
        for child in token.children or []:
            if child.type not in _INLINE:
                yield f"{child.type} {child.content[:200]!r}"
            elif child.type == "text" and (not _TEXT.fullmatch(child.content) or _CALLS.search(child.content)):
                yield f"text {child.content[:200]!r}"


def fenced(text: str) -> list[str]:
    """The contents of the code blocks."""
    return [token.content for token in tokens(text) if token.type == "fence"]


def cells(text: str) -> list[list[str]]:
    """The rows of all tables, as Markdown."""
    rows: list[list[str]] = []
    inside = False
    for token in tokens(text):
        if token.type == "tr_open":
            rows.append([])
        inside = token.type in {"th_open", "td_open"} or (inside and token.type == "inline")
        if inside and token.type == "inline":
            rows[-1].append(token.content)
            inside = False
    return rows
