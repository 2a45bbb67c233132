"""Edits of blocks, where lines and their indentation divide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from presetctl.load.edits import align, same
from presetctl.load.yaml_canvas import Canvas
from presetctl.load.yaml_flow import FlowEditor
from presetctl.load.yaml_nodes import Entry, Form, Node, Tree, line_end, line_start, next_line
from presetctl.load.yaml_text import STEP, Text, block_lines, flow, in_block, is_open, one_line


class BlockEditor:
    """Notes on a canvas what makes a document into another. Without ``blocks``, what is new is written in one line."""

    def __init__(self, canvas: Canvas, tree: Tree, blocks: bool) -> None:
        self._canvas = canvas
        self._text = canvas.text
        self._flow = FlowEditor(canvas)
        self._tree = tree
        self._blocks = blocks

    def document(self, old: Any, new: Any) -> None:
        """Notes what makes ``old``, which is what the text says, into ``new``."""
        root = self._tree.root
        entry = Entry(root.start, None, self._tree.anchor, root)
        if root.form in (Form.EMPTY, Form.BLOCK) and not _alike(root, old, new):
            self._clear(root.entries)
            top = in_block(new, root, -STEP, self._blocks)
            at = line_start(self._text, root.start) if root.entries else self._tree.end
            self._canvas.insert_lines(at, [top.inline, *top.below] if top.inline else top.below)
        else:
            self._value(entry, old, new, -STEP)

    def _value(self, entry: Entry, old: Any, new: Any, column: int) -> None:
        """Makes the value of an entry of a block at ``column`` into ``new``."""
        node = entry.value
        if same(old, new):
            return
        if self._flow.has_room(node, new):
            self._flow.rewrite(node, old, new)
        elif _alike(node, old, new):
            self._block(entry, old, new)
        else:
            self._replace(entry, new, column)

    def _block(self, entry: Entry, old: Any, new: Any) -> None:
        if isinstance(new, Mapping):
            self._mapping(entry.value, old, new)
        else:
            self._list(entry, old, new)

    def _mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for item in node.entries:
            if item.name in new:
                self._value(item, old[item.name], new[item.name], node.indent)
        self._remove(node, [item for item in node.entries if item.name not in new])
        added = {key: value for key, value in new.items() if key not in old}
        if added:
            self._canvas.insert_lines(next_line(self._text, node.end), self._lines(added, node.indent))

    def _list(self, entry: Entry, old: Sequence[Any], new: Sequence[Any]) -> None:
        node, removed = entry.value, []
        after: Entry | None = None
        for i, j in align(old, new):
            if j is None:
                removed.append(node.entries[i or 0])
            elif i is None:
                self._add_item(entry, after, new[j])
            else:
                self._value(node.entries[i], old[i], new[j], node.indent)
            after = after if i is None else node.entries[i]
        self._remove(node, removed)

    def _add_item(self, entry: Entry, after: Entry | None, value: Any) -> None:
        """Puts a new item below another, or as the first one: above the comments of the one that was first so far."""
        node = entry.value
        lines = self._lines([value], node.indent)
        if after is not None:
            self._canvas.insert_lines(next_line(self._text, after.end), lines)
        elif self._canvas.is_first_in_line(node.start):
            above = line_start(self._text, node.start) if entry.anchor is None else next_line(self._text, entry.anchor)
            self._canvas.insert_lines(above, lines)
        else:
            text = self._canvas.joined([*lines, " " * node.indent])
            self._canvas.splice(node.start, node.start, text.lstrip(" "))

    def _lines(self, value: Any, column: int) -> list[str]:
        if self._blocks:
            return block_lines(value, column)
        pad = " " * column
        if isinstance(value, Mapping):
            return [f"{pad}{one_line(key, Form.PLAIN)}: {flow(item)}" for key, item in value.items()]
        return [f"{pad}- {flow(item)}" for item in value]

    def _remove(self, node: Node, entries: Sequence[Entry]) -> None:
        """Removes some entries of a block, at least one of which stays."""
        if not entries:
            return
        first = node.entries[0]
        if entries[0] is not first or self._canvas.is_first_in_line(first.start):
            self._clear(entries)
            return
        run = next(i for i, it in enumerate(node.entries) if i == len(entries) or entries[i] is not it)
        position, between, left = first.start, "", node.entries[run].start
        for entry in entries[:run]:
            between += self._text[position : line_start(self._text, entry.start)]
            position = next_line(self._text, entry.end)
        if (between + self._text[position:left]).strip():
            self._clear(entries)
        else:  # the next one moves up, which moves no comment
            self._canvas.splice(first.start, left, "")
            self._clear(entries[run:])

    def _clear(self, entries: Sequence[Entry]) -> None:
        """Removes entries with the lines that they are in."""
        for entry in entries:
            if self._canvas.is_first_in_line(entry.start):
                self._clear_lines(line_start(self._text, entry.start), next_line(self._text, entry.end))
            else:
                self._canvas.splice(self._canvas.behind_blanks(entry.start), line_end(self._text, entry.end), "")

    def _clear_lines(self, start: int, end: int) -> None:
        if start in self._tree.open_ends:  # blank lines below must not become part of the text above
            while end < len(self._text) and not self._canvas.rest_of_line(end):
                end = next_line(self._text, end)
            self._tree.open_ends.add(end)
        self._canvas.splice(start, end, "")

    def _replace(self, entry: Entry, new: Any, column: int) -> None:
        node = entry.value
        text = in_block(new, node, column, self._blocks)
        start, end = self._vacate(entry)
        lead = "" if start == node.start and node.form is not Form.EMPTY else " "
        if not text.inline and entry.key is None and column >= 0 and self._is_compact(entry, start, end):
            text = self._compact(new, start, lead)
        if text.inline:
            self._canvas.splice(start, end, lead + text.inline)
        elif self._canvas.is_first_in_line(start) and not self._canvas.rest_of_line(end):
            self._canvas.splice(line_start(self._text, start), next_line(self._text, end), "")
        elif self._canvas.is_first_in_line(start):
            self._canvas.splice(start, self._text.index("#", end), "")
        else:
            self._canvas.splice(self._canvas.behind_blanks(start), end, "")
        self._canvas.insert_lines(next_line(self._text, end), text.below)

    def _vacate(self, entry: Entry) -> tuple[int, int]:
        """Removes what is below the line that a value starts in; gives where in that line the next value goes."""
        node = entry.value
        if node.is_text_block:
            header = node.start + 1
            while self._text[header] in "+-123456789":
                header += 1
            self._canvas.splice(next_line(self._text, node.start), next_line(self._text, node.end), "")
            return node.start, header
        if node.form is not Form.BLOCK:
            return node.start, node.end
        if self._canvas.is_first_in_line(node.start):
            self._clear(node.entries)
            anchor = entry.anchor or node.start
            return anchor, anchor
        self._clear(node.entries[1:])
        return node.start, line_end(self._text, node.entries[0].end)

    def _is_compact(self, entry: Entry, start: int, end: int) -> bool:
        """Whether a list's item can start in the line of its dash: no comment follows there."""
        blank = not self._canvas.rest_of_line(end)
        return blank and not self._text[entry.anchor : start].strip(" ")

    def _compact(self, value: Any, start: int, lead: str) -> Text:
        column = start + len(lead) - line_start(self._text, start)
        first, *below = block_lines(value, column)
        return Text(first[column:], below)


def _alike(node: Node, old: Any, new: Any) -> bool:
    """Whether ``node`` is a block of which something may stay in ``new``."""
    if node.form is not Form.BLOCK or not is_open(new) or node.is_map is not isinstance(new, Mapping):
        return False
    return not node.is_map or any(key in new for key in old)
