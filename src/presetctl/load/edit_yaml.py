"""Editing a YAML file so that only those bytes change that must.

The wanted value is compared with what the file says, entry by entry, and each difference becomes a splice at its place
in the text. Comments, order, quotes, indentation, blank lines, line ends and the byte order mark stay. What comes out
is parsed again: if it is not exactly the wanted value, the edit is refused.

- A text keeps its quotes or its block where they can hold the new one; everything else is written as dump() writes it.
- Between brackets, what is new is written between brackets, too.
- A new key comes after the last one of its mapping, before the comments below, which belong to what follows.
- What is removed takes along the comments in its own lines and inside it; those above it stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from presetctl.domain.change import ABSENT
from presetctl.domain.errors import InputError
from presetctl.domain.values import Json, Path
from presetctl.load.dump_yaml import dump
from presetctl.load.edits import Edit, edited, same
from presetctl.load.strict_yaml import parse
from presetctl.load.yaml_blocks import BlockEditor
from presetctl.load.yaml_canvas import Canvas
from presetctl.load.yaml_nodes import Node, read_tree

__all__ = ["Edit", "edit", "rename_keys"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def edit(data: bytes, file: str, edits: Sequence[Edit]) -> bytes:
    """``data`` after ``edits``. Every path is one of the file before any of them; a list's length appends to it.

    A mapping or list in place of another changes only what differs between them. InputError, with nothing done, for a
    file that isn't strict YAML, for a path that leads through a text, and where the result would not be exact.
    """
    for one in edits:
        if one.value is not ABSENT:
            dump(one.value)  # refuses what YAML can't say
    before = parse(data, file)
    wanted = edited(before, edits, file)
    if same(before, wanted):
        return data
    mark = _BYTE_ORDER_MARK if data.startswith(_BYTE_ORDER_MARK) else b""
    for text in _attempts(data.removeprefix(mark).decode("utf-8"), file, edits, wanted):
        result = mark + text.encode("utf-8")
        if _says(result, file, wanted):
            return result
    raise InputError(f"{file} can't be edited without changing more than what is asked for", hint="edit it by hand")


def rename_keys(data: bytes, names: Mapping[Path, str]) -> bytes:
    """``data`` with other names for the keys at those paths of mappings, and every other byte as it was.

    Keys that aren't found stay as they are. Nobody checks here what the result says.
    """
    mark = _BYTE_ORDER_MARK if data.startswith(_BYTE_ORDER_MARK) else b""
    text = data.removeprefix(mark).decode("utf-8")
    root = read_tree(text).root
    places = [(key, name) for path, name in names.items() if (key := _key_at(root, path)) is not None]
    for key, name in sorted(places, key=lambda place: -place[0].start):
        text = text[: key.start] + dump(name).rstrip("\n") + text[key.end :]
    return mark + text.encode("utf-8")


def _key_at(node: Node, path: Path) -> Node | None:
    """The node of the key that a path of keys leads to."""
    key = None
    for step in path:
        entry = next((entry for entry in node.entries if entry.key is not None and entry.name == step), None)
        if entry is None:
            return None
        key, node = entry.key, entry.value
    return key


def _attempts(text: str, file: str, edits: Sequence[Edit], wanted: Json) -> Iterator[str]:
    """The edited text, as nice as possible first.

    A text block swallows comments and blank lines below it if they are indented as it is; then one line must do. A file
    that lacks the last line end is edited with one, which is then taken away unless a text block needs it.
    """
    found = _LINE_BREAK.search(text)
    newline = found[0] if found else "\n"
    whole, variants = text, [(wanted, "")]
    if text and not text.endswith(("\n", "\r")):
        whole = text + newline
        also = edited(parse(whole.encode("utf-8"), file), edits, file)
        variants = [(also, newline), (wanted, newline), (wanted, "")]
    for blocks, (value, end) in product((True, False), variants):
        yield _spliced(whole, file, value, newline, blocks).removesuffix(end)


def _spliced(text: str, file: str, wanted: Json, newline: str, blocks: bool) -> str:
    canvas = Canvas(text, newline)
    BlockEditor(canvas, read_tree(text), blocks).document(parse(text.encode("utf-8"), file), wanted)
    return canvas.result()


def _says(data: bytes, file: str, wanted: Json) -> bool:
    try:
        return same(parse(data, file), wanted)
    except InputError:
        return False
