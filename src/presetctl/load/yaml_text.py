"""New values as YAML text that fits into a place of an existing file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from presetctl.load.dump_yaml import dump
from presetctl.load.yaml_complaints import UNUSUAL
from presetctl.load.yaml_nodes import Form, Node

STEP: Final = 2
_FLOW_INDICATORS: Final = re.compile(r"[,\[\]{}]")
_NOT_FOLDED: Final = re.compile(r"(?:\A|\n)[ \t]|\A\n")
_LINE_BREAKS: Final = re.compile(r"\n+")
_MOST_INDENT: Final = 9  # what an indentation indicator can say


class Text(NamedTuple):
    """What stands in the line of the key or the dash, and the lines below it, with their indentation."""

    inline: str
    below: list[str]


def is_open(value: Any) -> bool:
    """Whether ``value`` is a mapping or a list that holds something."""
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and bool(value)


def block_lines(value: Any, column: int) -> list[str]:
    """The lines of a collection that isn't empty, ``column`` columns from the left."""
    pad = " " * column
    return [pad + line if line else line for line in dump(value).removesuffix("\n").split("\n")]


def flow(value: Any) -> str:
    """``value`` in one line, as it can stand between brackets."""
    if not is_open(value):
        return one_line(value, Form.PLAIN, in_flow=True)
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{one_line(key, Form.PLAIN, in_flow=True)}: {flow(it)}" for key, it in value.items()) + "}"
        )
    return "[" + ", ".join(flow(item) for item in value) + "]"


def one_line(value: Any, form: Form, *, in_flow: bool = False) -> str:
    """A value without parts in one line; a text in the quotes of ``form`` if they can hold it."""
    if not isinstance(value, str):
        return dump(value).removesuffix("\n")
    if form is Form.SINGLE and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if form is Form.DOUBLE or "\n" in value:
        return _double(value)
    text = dump(value).removesuffix("\n")
    return _double(value) if in_flow and text == value and _FLOW_INDICATORS.search(value) else text


def _double(text: str) -> str:
    return UNUSUAL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def in_block(value: Any, old: Node, column: int, blocks: bool) -> Text:
    """``value`` in place of ``old`` in a block at ``column`` (-2: none). Without ``blocks``, texts stay in a line."""
    if is_open(value):
        return Text("", block_lines(value, column + STEP)) if blocks else Text(flow(value), [])
    if isinstance(value, str) and blocks:
        text = _in_text_block(value, old, column) if old.is_text_block else None
        if text or old.form in (Form.SINGLE, Form.DOUBLE):
            return text or _in_quotes(value, old, column)
        return _as_dumped(value, column)
    return Text(one_line(value, old.form), [])


def _in_quotes(value: str, old: Node, column: int) -> Text:
    if old.form is Form.SINGLE and "\n" in value:
        return _as_dumped(value, column)
    return Text(one_line(value, old.form), [])


def _as_dumped(value: str, column: int) -> Text:
    key, *below = dump({"k": value}).removesuffix("\n").split("\n")
    return Text(key.removeprefix("k: "), [" " * column + line if line else line for line in below])


def _in_text_block(value: str, old: Node, column: int) -> Text | None:
    """``value`` in the form and at the indentation of the block ``old``; None if no block can hold it exactly."""
    body = value.rstrip("\n")
    if not body or "\r" in value or UNUSUAL.search(value):
        return None
    ends = len(value) - len(body)
    pad, digit = " " * old.indent, ""
    if value[0] in " \t\n":
        width = old.indent - max(column, 0)
        if not 1 <= width <= _MOST_INDENT:
            return None
        digit = str(width)
    folds = old.form is Form.FOLDED and not _NOT_FOLDED.search(value)
    lines = (_LINE_BREAKS.sub(r"\g<0>\n", body) if folds else body).split("\n")
    header = f"{'>' if folds else '|'}{digit}{('-', '', '+')[min(ends, 2)]}"
    return Text(header, [*(pad + line if line else "" for line in lines), *[""] * (ends - 1)])
