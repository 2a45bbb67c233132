"""``presetctl fmt``."""

from __future__ import annotations

import sys

import click

from presetctl.cli.console import give, style_for
from presetctl.cli.session import Session
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Location, Problem
from presetctl.load.atomic import write_atomically
from presetctl.load.documents import preset_files
from presetctl.load.format_yaml import format_document
from presetctl.load.project import load_project
from presetctl.load.strict_yaml import MAX_BYTES
from presetctl.load.tree import WorkTree
from presetctl.report.safe import inert, one_line
from presetctl.report.text import many, problems_text

WOULD_CHANGE = INVALID = 3


@click.command("fmt")
@click.argument("paths", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 if a file would change.")
@click.pass_context
def command(ctx: click.Context, paths: tuple[str, ...], check: bool) -> None:
    """Lay out preset files in one way: order of keys, indentation, blank lines, only the quotes that are needed.

    Without PATHS every preset of the project; with PATHS those files, and the presets in those folders. Comments stay
    with what they are about, and no value changes. Files that aren't valid YAML stay as they are; exit code 3 then.

    \b
    Examples:
      presetctl fmt
      presetctl fmt presets/support-triage.yaml
      presetctl fmt --check      in CI
    """
    session = Session.open(ctx)
    tree = WorkTree(session.root)
    files = session.files(paths) if paths else preset_files(tree, load_project(tree).project.presets)
    changed = 0
    problems: list[Problem] = []
    for file in files:
        try:
            changed += _lay_out(session, tree, file, check)
        except InputError as error:
            problems += error.problems or [Problem(Location(file), "", "unreadable", error.message, error.hint)]
    _report(problems, len(files), changed, check)
    ctx.exit(WOULD_CHANGE if problems or (check and changed) else 0)


def _lay_out(session: Session, tree: WorkTree, file: str, check: bool) -> bool:
    """Whether the file was, or with ``check`` would be, changed."""
    before = tree.read(file, MAX_BYTES)
    after = format_document(before, file)
    if after == before:
        return False
    if not check:
        write_atomically(session.root / file, after)
    give(f"{'differs  ' if check else 'written  '}{inert(one_line(file))}")
    return True


def _report(problems: list[Problem], files: int, changed: int, check: bool) -> None:
    style = style_for(sys.stdout)
    if problems:
        give(problems_text(problems, style), style)
    invalid = len({problem.location.file for problem in problems})
    counts = [
        f"{changed} {'would change' if check else 'changed'}" if changed else "",
        f"{invalid} invalid" * bool(invalid),
    ]
    give(f"{many(files, 'file')}: {', '.join(filter(None, counts)) or 'all laid out already'}.")
