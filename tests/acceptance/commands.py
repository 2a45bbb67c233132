"""Every command in many ways, as the command line itself tells them: also those that will only be written next year."""

from __future__ import annotations

from collections.abc import Iterator

import click

from presetctl.cli.main import cli

SERVES_UNTIL_STOPPED = ("serve",)


def leaves(group: click.Group, context: click.Context, words: tuple[str, ...] = ()) -> Iterator[
    tuple[tuple[str, ...], click.Command]
]:  # fmt: skip
    """Every command with the words that call it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, context, (*words, name))
        else:
            yield (*words, name), command


LEAVES = dict(leaves(cli, click.Context(cli)))
VALUES = {
    "planfile": "plan.json", "paths": "presets", "folder": "fresh", "shell": "bash", "spec": "spec.json",
    "workspace": "live", "base": "HEAD~1", "to": "1", "exclude": "x*", "timeout": "5", "lock_timeout": "1",
    "source": "live", "target": "other", "reports": "json=report.json",
}  # fmt: skip
"""What to say for an argument or an option, by its name; for others, the slug of the preset or a number."""


def value(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    if parameter.name in VALUES:
        return VALUES[parameter.name]
    return "1" if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType) else "mail"


def ways(words: tuple[str, ...], command: click.Command, *, every: bool = True) -> Iterator[tuple[str, ...]]:
    """Ways to call a command: in each format, and with ``every`` also without an argument, and with each option."""
    given = [value(parameter) for parameter in command.params if isinstance(parameter, click.Argument)]
    options = [option for option in command.params if isinstance(option, click.Option)]
    required = [word for option in options if option.required for word in (option.opts[0], value(option))]
    usual = [flag for flag in ("--yes",) if any(flag in option.opts for option in options)]
    workspace = ["-w", "live"] if any("-w" in option.opts for option in options) else []
    start = (*words, *required, *usual, *workspace)
    yield (*start, *given)
    if every:
        yield (*words, "--help")
        yield start
        yield (*start, "no-such-thing", "--no-such-option")
    for option in options if every else [option for option in options if option.name == "form"]:
        if isinstance(option.type, click.Choice):
            for choice in option.type.choices:
                yield (*start, *given, option.opts[0], str(choice))
        elif option.is_flag:
            yield (*start, *given, option.opts[0])
            yield (*start, option.opts[0])
        elif not option.required:
            yield (*start, *given, option.opts[0], value(option))
    if every and any(option.name == "form" for option in options):
        yield (*start, "--format", "json")


CALLED = [command for command in LEAVES if command[0] not in SERVES_UNTIL_STOPPED]
"""The commands that end by themselves."""
