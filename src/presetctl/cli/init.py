"""``presetctl init``."""

from __future__ import annotations

from pathlib import Path

import click

from presetctl.cli.console import give
from presetctl.domain.errors import PresetctlError
from presetctl.load.atomic import write_atomically
from presetctl.load.project import PROJECT_FILE
from presetctl.specs.schemas import SchemaLibrary

_PROJECT = """\
# yaml-language-server: $schema=schemas/project.schema.json
version: 1
default_workspace: local
workspaces:
  local:                               # a workspace inside presetctl: no key, no network
    provider: openrouter
    url: embedded
  # production:
  #   provider: openrouter
  #   api_key_env: OPENROUTER_API_KEY  # the name of the variable, never the key
"""

_PRESET = """\
# yaml-language-server: $schema=../schemas/preset.schema.json
description: A first preset, to try things out
system_prompt: |
  You are a helpful assistant. Answer briefly, and say so when you don't know.
config:
  model: openai/gpt-5.4-mini
  temperature: 0.7
"""

_IGNORED = """\
# the embedded workspaces of presetctl
.presetctl/
"""


@click.command("init")
@click.argument("folder", default=".")
@click.pass_context
def command(ctx: click.Context, folder: str) -> None:
    """Start a project in FOLDER (this one if none is named). Files that exist are never touched.

    Writes presetctl.yaml, one example preset, the schemas that editors check and complete with, and a .gitignore.

    \b
    Examples:
      presetctl init
      presetctl init my-presets
    """
    root = Path(ctx.find_root().obj) / folder
    files = {
        PROJECT_FILE: _PROJECT.encode(),
        "presets/example.yaml": _PRESET.encode(),
        ".gitignore": _IGNORED.encode(),
        **{f"schemas/{name}": data for name, data in SchemaLibrary.packaged().files().items()},
    }
    kept = [name for name, data in files.items() if not _write_new(root / name, data)]
    for name in files:
        give(f"{'kept     ' if name in kept else 'written  '}{name}")
    if ".gitignore" in kept:
        give("\nYour .gitignore is as it was: see that it has the line `.presetctl/`.")
    give(
        "\nNext:\n"
        "  presetctl validate    check the presets\n"
        "  presetctl plan        see what would change\n"
        "  presetctl apply       change it, in the workspace `local` inside presetctl\n"
        "Then edit presets/example.yaml and plan again."
    )


def _write_new(path: Path, data: bytes) -> bool:
    """Whether the file was written; one that exists, or a link of that name, is left as it is."""
    if path.exists() or path.is_symlink():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PresetctlError(f"the folder {path.parent} can't be made: {error.strerror}") from error
    write_atomically(path, data)
    return True
