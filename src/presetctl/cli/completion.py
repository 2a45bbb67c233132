"""``presetctl completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from presetctl.cli.console import give


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes presetctl's commands and options in a shell.

    \b
    Examples:
      eval "$(presetctl completion bash)"                                in ~/.bashrc
      presetctl completion fish > ~/.config/fish/completions/presetctl.fish
    """
    made = get_completion_class(shell)
    if made is not None:
        give(made(ctx.find_root().command, {}, "presetctl", "_PRESETCTL_COMPLETE").source())
