"""A file tree with some files on top: what there would be after an edit, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from presetctl.ports import FileTree


@dataclass(frozen=True)
class OverlaidTree:
    """The FileTree ``below`` with the files of ``above``, by path, instead of its own or besides them."""

    below: FileTree
    above: Mapping[str, bytes]

    def files(self, folder: str) -> list[str]:
        """Every file below ``folder``, sorted."""
        mine = (path for path in self.above if path.startswith(f"{folder}/"))
        return sorted({*self.below.files(folder), *mine})

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one file; errors as those of the tree below."""
        return self.above[path] if path in self.above else self.below.read(path, limit)
