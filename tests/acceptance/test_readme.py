"""The README's commands print what it says. ``PRESETCTL_BLESS=1`` writes what they really print into it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BLESS = bool(os.environ.get("PRESETCTL_BLESS"))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def played(block: str, folder: Path) -> str:
    """The block with what its commands print."""
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    text = ""
    for command in commands:
        ran = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        text += f"$ {command}\n{ran.stdout}\n"
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def test_the_tour(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    shown = BLOCK.findall(text)
    assert len(shown) >= 5
    real = [played(block, tmp_path) for block in shown]
    if BLESS:
        blocks = iter(real)
        README.write_text(BLOCK.sub(lambda _: f"```console\n{next(blocks)}```", text), encoding="utf-8")
    else:
        assert shown == real
