"""One layout for preset files: order of the keys at the top, indentation, blank lines, quotes that are needed.

What stands between brackets and what a person has wrapped over several lines is moved as a whole. A comment stays with
the key below it, or at the end of its own line; the first lines of a file stay the first. What comes out is parsed and
compared: if a value or a comment would be lost, the file is refused.
"""

from __future__ import annotations

from typing import Final

from presetctl.domain.errors import InputError
from presetctl.load.edits import same
from presetctl.load.strict_yaml import parse
from presetctl.load.yaml_layout import Layout
from presetctl.load.yaml_nodes import read_comments, read_tree

ORDER: Final = (
    "kind", "slug", "title", "preset_id", "default_preset", "order", "description", "model_spec",
    "system_prompt", "system_prompt_file", "config", "overrides",
)  # fmt: skip
"""The keys at the top of a preset; others follow as they are."""


def format_document(data: bytes, file: str) -> bytes:
    """``data`` in the one layout: the same value, the same comments. InputError for a file that isn't strict YAML."""
    before = parse(data, file)
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    result = Layout(text, read_tree(text)).document(ORDER)
    new = result.encode("utf-8")
    if same(before, parse(new, file)) and sorted(read_comments(text)) == sorted(read_comments(result)):
        return new
    raise InputError(f"{file} can't be laid out without changing what it says", hint="rewrite the odd part by hand")
