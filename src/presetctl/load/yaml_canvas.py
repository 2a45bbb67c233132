"""A text and the replacements of its parts that are still to be made."""

from __future__ import annotations

from collections.abc import Sequence

from presetctl.load.yaml_nodes import Node, line_end, line_start


class Canvas:
    """Collects splices. They name places of the text as it was."""

    def __init__(self, text: str, newline: str) -> None:
        self.text = text
        self._newline = newline
        self._splices: list[tuple[int, int, str]] = []

    def result(self) -> str:
        """The text with every splice done. Removals may overlap; what is inserted at one place keeps its order."""
        parts, done = [], 0
        for start, end, new in sorted(self._splices, key=lambda splice: splice[:2]):
            parts += [self.text[done : max(start, done)], new]
            done = max(end, done)
        return "".join([*parts, self.text[done:]])

    def splice(self, start: int, end: int, new: str) -> None:
        """Notes that ``new`` replaces what is from ``start`` to ``end``."""
        self._splices.append((start, end, new))

    def insert_lines(self, at: int, lines: Sequence[str]) -> None:
        """Notes that whole lines come in at the start of a line."""
        self.splice(at, at, self.joined([*lines, ""]))

    def joined(self, lines: Sequence[str]) -> str:
        """The lines with the line breaks of this file between them."""
        return self._newline.join(lines)

    def has_comment(self, node: Node) -> bool:
        """Whether there may be a comment in a node between brackets."""
        return "#" in self.text[node.start : node.end]

    def is_first_in_line(self, position: int) -> bool:
        """Whether nothing but blanks is in front."""
        return not self.text[line_start(self.text, position) : position].strip(" ")

    def rest_of_line(self, position: int) -> str:
        """What follows in the line, without blanks around it."""
        return self.text[position : line_end(self.text, position)].strip()

    def behind_blanks(self, position: int) -> int:
        """``position``, moved to the left over blanks."""
        while position and self.text[position - 1] in " \t":
            position -= 1
        return position
