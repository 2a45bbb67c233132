"""The presets that are measured: as many as asked for, about 1.5 KB each, the same every time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

SENTENCE = "Answer in the voice of the house, briefly, and say so when you don't know. "
EDITED_EVERY = 100
"""Of an edited project, one preset in so many has another temperature."""
KEY = "BENCH_KEY"
_COMMIT = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")


def prompt(number: int) -> str:
    """The system prompt of a preset."""
    return f"Preset {number}.\n" + f"{SENTENCE}\n" * 16


def config(number: int, *, edited: bool = False) -> dict[str, Any]:
    """The config of a preset."""
    return {
        "model": "openai/gpt-5.4",
        "temperature": number % 20 / 10 + (0.05 if edited else 0),
        "max_tokens": 1000 + number,
        "provider": {"sort": "price", "data_collection": "deny"},
    }


def slug(number: int) -> str:
    """The slug of a preset."""
    return f"preset-{number:05}"


def write_project(folder: Path, size: int, url: str, *, edited: bool = False) -> None:
    """A project with ``size`` presets for the workspace at ``url``, in a git repository where git is installed."""
    presets = folder / "presets"
    presets.mkdir(parents=True)
    (folder / "presetctl.yaml").write_text(
        f"version: 1\nworkspaces:\n  bench: {{provider: openrouter, url: '{url}', api_key_env: {KEY}}}\n"
    )
    for number in range(size):
        text = _yaml(number, edited=edited and number % EDITED_EVERY == 0)
        (presets / f"{slug(number)}.yaml").write_text(text)
    if shutil.which("git"):
        for command in (("init", "-q"), ("add", "."), (*_COMMIT, "commit", "-q", "-m", "Presets")):
            subprocess.run(["git", *command], cwd=folder, check=True)


def _yaml(number: int, *, edited: bool) -> str:
    held = config(number, edited=edited)
    lines = "".join(f"  {line}\n" for line in prompt(number).splitlines())
    return (
        f"description: Preset {number} of many\nsystem_prompt: |\n{lines}config:\n  model: {held['model']}\n"
        f"  temperature: {held['temperature']:.2f}\n  max_tokens: {held['max_tokens']}\n"
        "  provider: {sort: price, data_collection: deny}\n"
    )
