"""The entry point: commands are imported when called, every error ends here, and nothing but exit codes leaves."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from presetctl import __version__
from presetctl.domain.errors import InputError, PresetctlError

COMMANDS = {
    "apply": "Apply the planned changes to a workspace.",
    "cache": "Look at what is remembered between two commands, or remove it.",
    "ci": "Tell a pull request, an issue or a workflow on GitHub what there is.",
    "completion": "Print the shell completion script.",
    "diff": "Compare presets in versions, commits, workspaces and files.",
    "drift": "Show what a workspace holds otherwise than the last commit declares.",
    "fmt": "Lay out preset files in one way.",
    "history": "Show every version of a preset and the commit that it comes from.",
    "import": "Write files for what exists only in a workspace.",
    "init": "Start a project in a folder.",
    "list": "List the presets of a workspace and how they stand.",
    "plan": "Show what apply would change in a workspace.",
    "promote": "Make presets of one workspace like those of another, as an edit of the files.",
    "render": "Print the request that apply sends for a preset.",
    "rollback": "Bring an earlier version or commit of a preset back into its files.",
    "schema": "Update and derive the schemas that presets are checked against.",
    "serve": "Serve an OpenRouter presets API on this machine.",
    "show": "Show a preset as declared for a workspace, or a saved plan.",
    "status": "Say how presets stand, with the help of git's history.",
    "unlock": "Remove the lock that an apply left behind.",
    "validate": "Check preset files, offline.",
}
MODULES = {"import": "adopt"}
"""The modules of commands whose name no module can have."""
USAGE_ERROR = 64
_ALLOCATIONS = 50_000
"""After so many new objects, circles of them are looked for: what a command makes is kept until it ends, and looking
for circles in that with Python's 700 takes a tenth of the time."""
INTERRUPTED = frozenset({130, 143})


class LazyGroup(click.Group):
    """Lists every command from the table and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"presetctl.cli.{MODULES.get(cmd_name, cmd_name)}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from presetctl.nearest import nearest

            near = nearest(args[0], COMMANDS)
            if near is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near}'?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "folder", default=".", metavar="FOLDER", help="Run as if started in FOLDER.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, folder: str) -> None:
    """LLM presets as code: YAML files in git, checked, planned and applied to a workspace.

    \b
    Examples:
      presetctl init               start a project in this folder
      presetctl validate           check every preset file
      presetctl plan               see what would change
      presetctl apply              change it

    Exit codes: 0 done, 1 unexpected, 2 changes (with --detailed-exitcode), 3 invalid input, 4 stopped for safety,
    5 stale, 6 partly applied, 7 no access, 8 remote unavailable, 64 wrong usage, 130 or 143 interrupted.
    """
    ctx.obj = folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits the process with the code that tells what happened."""
    gc.set_threshold(_ALLOCATIONS, 10, 10)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a narrow locale must not turn a report into a crash
    words = list(sys.argv[1:] if arguments is None else arguments)
    _on_sigterm()
    code = run(words)
    if code in INTERRUPTED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # a request that was abandoned is not waited for
    sys.exit(code)


def _on_sigterm() -> None:
    import signal

    def terminate(*_: object) -> None:
        from presetctl.cli.signals import TerminatedError

        raise TerminatedError

    signal.signal(signal.SIGTERM, terminate)


def run(words: Sequence[str]) -> int:
    """Runs one command and gives its exit code. Errors are reported here, once, in the form that was asked for."""
    try:
        code = cli.main(args=list(words), prog_name="presetctl", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        from presetctl.cli.signals import exit_code_of

        click.echo("Interrupted.", err=True)
        return exit_code_of(error.__cause__ or error)
    except click.UsageError as error:
        return _report_usage(error, words)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PresetctlError as error:
        return _report(error, words)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        return 1
    except Exception as error:
        if os.environ.get("PRESETCTL_DEBUG"):
            raise
        return _report(_unexpected(error), words)
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception) -> PresetctlError:
    """A bug of ours. Its text may hold anything, a prompt for example, so only its type and place are told."""
    from pathlib import Path  # not for --version and --help

    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" in {Path(frame.tb_frame.f_code.co_filename).name}, line {frame.tb_lineno}" if frame else ""
    return PresetctlError(
        f"unexpected {type(error).__name__}{place}: this is a mistake in presetctl {__version__}",
        hint="run it again with PRESETCTL_DEBUG=1 to see the whole traceback, and report it",
    )


def _report_usage(error: click.UsageError, words: Sequence[str]) -> int:
    if wants_json(words):
        from presetctl.domain.errors import UsageError

        return _report(UsageError(error.format_message()), words)
    from presetctl.cli.console import say

    said = io.StringIO()
    error.show(said)
    say(said.getvalue().rstrip())  # it repeats words of the command, which may come from anywhere
    return USAGE_ERROR


def _report(error: PresetctlError, words: Sequence[str]) -> int:
    if wants_json(words):
        from presetctl.report.json import as_text, error_document

        click.echo(as_text(error_document(error)))
        return error.exit_code
    from presetctl.cli.console import style_for
    from presetctl.report.safe import inert, one_line
    from presetctl.report.text import problems_text

    style = style_for(sys.stderr)
    if isinstance(error, InputError) and error.problems:
        click.echo(problems_text(error.problems, style), err=True, color=style.colour)
    click.echo(f"{style('Error:', 'red', bold=True)} {inert(one_line(error.message))}", err=True, color=style.colour)
    if error.hint:
        click.echo(f"  → {inert(one_line(error.hint))}", err=True, color=style.colour)
    return error.exit_code


def wants_json(words: Sequence[str]) -> bool:
    """Whether ``--format json`` is among the words, also when the rest of them can't be understood."""
    return "--format=json" in words or ("--format", "json") in pairwise(words)


if __name__ == "__main__":
    main()
