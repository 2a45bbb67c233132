"""Edits between brackets, where everything can stand in one line and commas divide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from presetctl.load.edits import align, same
from presetctl.load.yaml_canvas import Canvas
from presetctl.load.yaml_nodes import Entry, Form, Node, line_end, line_start, next_line
from presetctl.load.yaml_text import flow, is_open, one_line


class FlowEditor:
    """Notes on a canvas what makes one collection between brackets into another."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._text = canvas.text

    def has_room(self, node: Node, new: Any) -> bool:
        """Whether ``new`` goes between the brackets of ``node``, where something is that may stay."""
        is_list = isinstance(new, Sequence) and not isinstance(new, str)
        fits = node.form is Form.FLOW and (isinstance(new, Mapping) if node.is_map else is_list)
        return fits and ((is_open(new) and bool(node.entries)) or self._canvas.has_comment(node))

    def rewrite(self, node: Node, old: Any, new: Any) -> None:
        """Makes a collection between brackets into another of its kind."""
        if isinstance(new, Mapping):
            kept = [(item, item.name) for item in node.entries]
            steps = [(index, name if name in new else None) for index, (_, name) in enumerate(kept)]
            names: list[tuple[int | None, Any]] = [*steps, *((None, key) for key in new if key not in old)]
            old = [old[name] for _, name in kept]
        else:
            names = list(align(old, new))
        if not any(i is not None and j is not None for i, j in names):
            self._refill(node, new)
            return
        self._steps(node, names, old, new)

    def _steps(self, node: Node, steps: Sequence[tuple[int | None, Any]], old: Any, new: Any) -> None:
        after: Entry | None = None
        added: list[str] = []
        for i, j in steps:
            if j is None:
                self._drop(node, i or 0, after is not None)
            elif i is None:
                added.append(_entry(new, j))
            else:
                self._add(node, after, added)
                self._value(node.entries[i], old[i], new[j])
                after, added = node.entries[i], []
        self._add(node, after, added)

    def _value(self, entry: Entry, old: Any, new: Any) -> None:
        node = entry.value
        if same(old, new):
            return
        if self.has_room(node, new):
            self.rewrite(node, old, new)
            return
        if node.form is Form.PAIR and isinstance(new, Mapping) and old.keys() == new.keys():
            self._value(node.entries[0], *old.values(), *new.values())
            return
        lead = "" if node.form is not Form.EMPTY else " " if entry.anchor is not None else ": "
        text = flow(new) if is_open(new) else one_line(new, node.form, in_flow=True)
        self._canvas.splice(node.start, node.end, lead + text)

    def _add(self, node: Node, after: Entry | None, added: Sequence[str]) -> None:
        """Adds entries behind another, or in front of all: in their own lines if the others have theirs."""
        if not added:
            return
        if after is None:
            self._canvas.splice(node.entries[0].start, node.entries[0].start, "".join(f"{text}, " for text in added))
            return
        behind = after.end if after.comma is None else after.comma + 1
        own_line = self._canvas.is_first_in_line(after.start) and self._ends_line(node, behind)
        if not own_line or _breaks(self._text[after.end : behind]):
            self._canvas.splice(after.end, after.end, "".join(f", {text}" for text in added))
            return
        pad = self._text[line_start(self._text, after.start) : after.start]
        comma = "" if after.comma is None else ","
        self._canvas.splice(after.end, after.end, "" if comma else ",")
        lines = [f"{pad}{text}," for text in added[:-1]] + [f"{pad}{added[-1]}{comma}"]
        self._canvas.insert_lines(next_line(self._text, behind), lines)

    def _refill(self, node: Node, new: Any) -> None:
        """Fills brackets of which nothing stays; comments between them do."""
        inside = flow(new)[1:-1]
        if self._canvas.has_comment(node):
            for entry in node.entries:
                self._canvas.splice(entry.start, entry.end if entry.comma is None else entry.comma + 1, "")
            self._canvas.splice(node.end - 1, node.end - 1, inside)
        else:
            self._canvas.splice(node.start + 1, node.end - 1, inside)

    def _drop(self, node: Node, index: int, follows: bool) -> None:
        """Removes an entry; ``follows`` says whether one that stays is before it."""
        entry, before = node.entries[index], node.entries[index - 1]
        after = node.entries[index + 1] if index + 1 < len(node.entries) else None
        behind = entry.end if entry.comma is None else entry.comma + 1
        if follows and not _breaks(self._text[before.end : entry.start]):
            self._canvas.splice(before.end, entry.end, "")
        elif not follows and after and not _breaks(self._text[entry.end : after.start]):
            self._canvas.splice(entry.start, after.start, "")
        elif self._canvas.is_first_in_line(entry.start) and self._ends_line(node, behind):
            self._canvas.splice(line_start(self._text, entry.start), next_line(self._text, behind), "")
        else:
            self._canvas.splice(entry.start, behind, "")

    def _ends_line(self, node: Node, behind: int) -> bool:
        rest = self._text[behind : line_end(self._text, behind)].lstrip(" \t")
        return (not rest or rest.startswith("#")) and line_end(self._text, behind) < node.end


def _entry(new: Any, step: Any) -> str:
    return flow({step: new[step]} if isinstance(new, Mapping) else [new[step]])[1:-1]


def _breaks(text: str) -> bool:
    return "\n" in text or "\r" in text or "#" in text
