"""``presetctl init``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from presetctl.cli.console import give
from presetctl.domain.errors import PresetctlError, UsageError
from presetctl.load.atomic import write_atomically
from presetctl.load.project import PROJECT_FILE
from presetctl.specs.schemas import SchemaLibrary

PROVIDER = "openrouter"
"""Of the workspaces in the new project: editors need the schemas of its kinds, and no others."""

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
  # chat:                              # a user's presets, in the variables LIBRECHAT_EMAIL and LIBRECHAT_PASSWORD
  #   provider: librechat
  #   url: https://chat.example.com
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
@click.option("--github", is_flag=True, help="Also write the workflows for GitHub Actions.")
@click.option(
    "--uses", metavar="OWNER/NAME@COMMIT", help="With --github: where presetctl's own workflows are on GitHub."
)
@click.pass_context
def command(ctx: click.Context, folder: str, github: bool, uses: str | None) -> None:
    """Start a project in FOLDER (this one if none is named). Files that exist are never touched.

    Writes presetctl.yaml, one example preset, the schemas that editors check and complete with, and a .gitignore.

    With --github also four workflows, of a few lines each: what a pull request would change, apply on main, drift, and
    the comment on a fork's pull request. Where there is a project already, these are all that's written.

    \b
    Examples:
      presetctl init
      presetctl init my-presets
      presetctl init --github
    """
    root = Path(ctx.find_root().obj) / folder
    if uses is not None and not github:
        raise UsageError("--uses says where the workflows of --github are", hint="add --github")
    if github:
        from presetctl.cli.workflows import calls

        existed, called = (root / PROJECT_FILE).exists(), calls(root.resolve(), uses)
    if not (github and existed):
        _start(root)
    if github:
        _write(called.root, called.files())
        give(called.next_steps())


def _start(root: Path) -> None:
    files = {
        PROJECT_FILE: _PROJECT.encode(),
        "presets/example.yaml": _PRESET.encode(),
        ".gitignore": _IGNORED.encode(),
        **{f"schemas/{name}": data for name, data in SchemaLibrary.packaged().files({PROVIDER}).items()},
    }
    kept = _write(root, files)
    if ".gitignore" in kept:
        give("\nYour .gitignore is as it was: see that it has the line `.presetctl/`.")
    give(
        "\nNext:\n"
        "  presetctl validate    check the presets\n"
        "  presetctl plan        see what would change\n"
        "  presetctl apply       change it, in the workspace `local` inside presetctl\n"
        "Then edit presets/example.yaml and plan again."
    )


def _write(root: Path, files: Mapping[str, bytes]) -> list[str]:
    """Writes the files that don't exist, and tells of all; gives the names of the others."""
    kept = [name for name, data in files.items() if not _write_new(root / name, data)]
    for name in files:
        give(f"{'kept     ' if name in kept else 'written  '}{name}")
    return kept


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
