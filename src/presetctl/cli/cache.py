"""``presetctl cache``: what is remembered between two commands."""

from __future__ import annotations

import os

import click

from presetctl.cache import SWITCH_VARIABLE, FileCache, cache_folder
from presetctl.cli.console import give, say

_OFF = f"The cache is off: {SWITCH_VARIABLE} says so, or there is no home folder."


@click.group("cache")
def command() -> None:
    """Look at what is remembered between two commands, or remove it.

    The cache saves time and never changes what a command prints. It is in PRESETCTL_CACHE_DIR, or in the cache folder
    of the user, is bounded in size, and holds digests of preset files and versions of presets as workspaces stored
    them, no keys. PRESETCTL_CACHE=off turns it off.

    \b
    Examples:
      presetctl cache info
      presetctl cache clear
      PRESETCTL_CACHE=off presetctl plan
    """


@command.command("info")
def info() -> None:
    """Say where the cache is, how large it is, and how much it holds.

    \b
    Examples:
      presetctl cache info
      PRESETCTL_CACHE_DIR=.cache presetctl cache info
    """
    cache = _cache()
    if cache is None:
        give(_OFF)
        return
    found = cache.info()
    counts = (f"  {count:,} {space}" for space, count in found.entries.items())
    give("\n".join([f"{cache.file}: {found.bytes:,} bytes", *counts]))


@command.command("clear")
def clear() -> None:
    """Remove the cache. Nothing is lost but time: the next command starts a new one.

    \b
    Examples:
      presetctl cache clear
      PRESETCTL_CACHE_DIR=.cache presetctl cache clear
    """
    cache = _cache()
    give(_OFF if cache is None else f"Removed {cache.clear():,} bytes.")


def _cache() -> FileCache | None:
    folder = cache_folder(os.environ)
    return None if folder is None else FileCache(folder, say)
