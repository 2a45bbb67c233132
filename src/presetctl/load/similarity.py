"""How similar texts are, as git tells it when it takes a file for another one renamed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from presetctl.load.git import compare_folders

_BEFORE, _AFTER = "before", "after"


def similar_texts(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """For each later text the earlier one that git takes it for, and how similar they are, in percent.

    Texts go by names that can be names of files. Each earlier text is taken for at most one; under 50 % for none.
    """
    with tempfile.TemporaryDirectory(prefix="presetctl-") as name:
        folder = Path(name)
        for side, texts in ((_BEFORE, before), (_AFTER, after)):
            (folder / side).mkdir()
            for file, text in texts.items():
                (folder / side / file).write_bytes(text.encode("utf-8", "surrogatepass"))
        return dict(_renames(compare_folders(folder, _BEFORE, _AFTER)))


def _renames(raw: bytes) -> Iterator[tuple[str, tuple[str, int]]]:
    tokens = iter(raw.decode().split("\0")[:-1])
    for token in tokens:
        status, path = token.split(" ")[-1], next(tokens)
        if status.startswith("R"):
            yield next(tokens).removeprefix(f"{_AFTER}/"), (path.removeprefix(f"{_BEFORE}/"), int(status[1:]))
