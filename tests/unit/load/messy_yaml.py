"""YAML as people write it: comments anywhere, odd quotes, brackets and blocks mixed. Every line knows what it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from presetctl.domain.change import ABSENT
from presetctl.domain.values import Path
from presetctl.load.edits import Edit
from presetctl.load.yaml_scalars import is_text

WORDS = [
    "price",
    "deny",
    "openai/gpt-5.4",
    "no",
    "a, b",
    "it's",
    'say "x"',
    "",
    "1",
    "null",
    "# x",
    "a: b",
    "[x]",
    "é😀",
]
TEXTS = [*WORDS, "one\ntwo\n", "one\n\n  two", "one\ntwo\n\n", "  lead\nx\n", "tail \nx\n", "\n", "a\tb\x07", "x " * 60]
NUMBERS: list[Any] = [0, 1, -7, 0.7, 1.0, 1e-7, True, False, None]
KEYS = ["kind", "config", "model", "sort", "no", "stop", "tools", "a b", "x:y", "1", "it's", "é", "description", "slug"]


@dataclass
class Line:
    """``path`` is that of the innermost value of which something stands in the line, or that a comment stands in.

    ``whole`` says that this value has no entries in other lines; ``compact``, that a dash stands in front of it.
    """

    text: str
    path: Path
    whole: bool = False
    compact: bool = False


def random_value(random: Random, depth: int = 3) -> Any:
    kind = random.random()
    if depth and kind < 0.25:
        return {key: random_value(random, depth - 1) for key in random.sample(KEYS, random.randint(0, 4))}
    if depth and kind < 0.45:
        return [random_value(random, depth - 1) for _ in range(random.randint(0, 4))]
    return random.choice(TEXTS) if kind < 0.8 else random.choice(NUMBERS)


class Messy:
    """Writes a value with the help of a random generator."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[Line] = []
        self.comments = 0

    def document(self, value: Any) -> list[Line]:
        self.trivia("", ())
        if self.chance(0.1):
            self.add("---", ())
        if isinstance(value, dict | list) and value and self.chance(0.95):
            self.block(value, 0, ())
        else:
            self.add(self.inline(value), (), True)
        self.trivia("", ())
        return self.lines

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def add(self, text: str, path: Path, whole: bool = False) -> None:
        self.lines.append(Line(text, path, whole))

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments}{self.random.choice(['', ': x', ' - y', ' [', ' it is'])}"

    def trailing(self) -> str:
        return self.random.choice([" ", "   "]) + self.comment() if self.chance(0.25) else ""

    def trivia(self, pad: str, path: Path) -> None:
        while self.chance(0.25):
            self.add(pad + self.comment() if self.chance(0.7) else "", path)

    def block(self, value: Any, column: int, path: Path, first: str | None = None) -> None:
        """``first`` stands in front of the first entry, in its line."""
        pad = " " * column
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            if first is None:
                self.trivia(pad, path)
            head = f"{self.key(step)}:" if isinstance(step, str) else "-"
            line = len(self.lines)
            self.entry(f"{pad if first is None else first}{head}", item, column, (*path, step))
            self.lines[line].compact = self.lines[line].compact or first is not None
            first = None

    def entry(self, head: str, item: Any, column: int, path: Path) -> None:
        step = self.random.choice([2, 2, 4])
        if isinstance(item, dict | list) and item and self.chance(0.7):
            if head.endswith("-") and not head.endswith(":-") and self.chance(0.7):
                self.block(item, len(head) + 1, path, head + " ")
                return
            self.add(head + self.trailing(), path)
            indentless = isinstance(item, list) and head.endswith(":") and self.chance(0.5)
            self.block(item, column if indentless else column + step, path)
        elif isinstance(item, str) and self.is_blockable(item) and self.chance(0.6):
            self.text_block(head, item, " " * (column + step), path)
        elif isinstance(item, dict | list) and len(item) > 1 and self.chance(0.4):
            self.tall_flow(head, item, " " * (column + step), path)
        elif item is None and self.chance(0.3):
            self.add(head + self.trailing(), path, True)
        else:
            self.add(f"{head} {self.inline(item)}{self.trailing()}", path, True)

    def is_blockable(self, text: str) -> bool:
        return bool(text.strip("\n")) and text[0] not in " \n" and "\x07" not in text

    def text_block(self, head: str, text: str, pad: str, path: Path) -> None:
        body = text.rstrip("\n")
        ends = len(text) - len(body)
        self.add(f"{head} |{('-', '', '+')[min(ends, 2)]}{self.trailing()}", path, True)
        for line in [*body.split("\n"), *[""] * (ends - 1)]:
            self.add(pad + line if line else "", path, True)

    def tall_flow(self, head: str, item: Any, pad: str, path: Path) -> None:
        is_map = isinstance(item, dict)
        self.add(f"{head} {'{' if is_map else '['}{self.trailing()}", path)
        steps = list(item) if is_map else list(range(len(item)))
        for step in steps:
            self.trivia(pad, path)
            comma = "," if step != steps[-1] or self.chance(0.3) else ""
            name = f"{self.key(step, True)}: " if is_map else ""
            self.add(f"{pad}{name}{self.inline(item[step], True)}{comma}{self.trailing()}", (*path, step), True)
        self.add(f"{pad}{'}' if is_map else ']'}{self.trailing()}", path)

    def inline(self, value: Any, in_flow: bool = False) -> str:
        if isinstance(value, dict):
            parts = [f"{self.key(key, True)}: {self.inline(item, True)}" for key, item in value.items()]
            return "{" + self.joined(parts) + "}"
        if isinstance(value, list):
            return "[" + self.joined([self.inline(item, True) for item in value]) + "]"
        return self.text(value, in_flow) if isinstance(value, str) else json.dumps(value).replace("e-", ".0e-")

    def joined(self, parts: list[str]) -> str:
        blank = self.random.choice(["", " "])
        return blank + self.random.choice([", ", ",  "]).join(parts) + blank

    def key(self, key: Any, in_flow: bool = False) -> str:
        return self.text(key, in_flow)

    def text(self, text: str, in_flow: bool) -> str:
        plain = text.replace("/", "").replace(".", "").replace("-", "").replace(" ", "").isalnum() and is_text(text)
        if plain and text == text.strip() and self.chance(0.6):
            return text
        if text.isprintable() and self.chance(0.5):
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=self.chance(0.5)).replace("\\ud83d\\ude00", "\\U0001f600")


def paths(value: Any, at: Path = ()) -> list[Path]:
    found = [at]
    if isinstance(value, dict):
        found += [path for key, item in value.items() for path in paths(item, (*at, key))]
    if isinstance(value, list):
        found += [path for index, item in enumerate(value) for path in paths(item, (*at, index))]
    return found


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def random_edits(random: Random, value: Any) -> list[Edit]:
    """Up to three edits of places that have nothing to do with each other."""
    edits: list[Edit] = []
    for path in random.sample(known := paths(value), min(len(known), random.randint(1, 3))):
        kind, here, target = random.random(), at(value, path), path
        new: Any = random_value(random, 2)
        if isinstance(here, dict) and kind < 0.6:
            target = (*path, random.choice([key for key in [*KEYS, "new"] if key not in here]))
            if kind < 0.2:
                target = (*target, "inner")
        elif isinstance(here, list) and kind < 0.6:
            target = (*path, len(here))
        elif kind < 0.8 and path:
            new = ABSENT
        if not any(target[: len(it.path)] == it.path or it.path[: len(target)] == target for it in edits):
            edits.append(Edit(target, new))
    return edits
