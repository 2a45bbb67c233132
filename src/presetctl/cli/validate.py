"""``presetctl validate``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from presetctl.cli.console import give, style_for
from presetctl.cli.session import Session
from presetctl.report.github import problems_commands
from presetctl.report.json import as_text, problems_document
from presetctl.report.text import problems_text, validation_summary

INVALID = 3


@click.command("validate")
@click.argument("paths", nargs=-1)
@click.option(
    "--format", "form", type=click.Choice(["human", "json", "github"]), default="human", show_default=True,
    help="How to print what was found.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, paths: tuple[str, ...], form: str) -> None:
    """Check preset files against the schemas of their kinds, offline.

    Without PATHS every preset of the project is checked; with PATHS those files, and the presets in those folders.
    All problems of all files are shown at once. Exit code 3 when there is an error.

    \b
    Examples:
      presetctl validate
      presetctl validate presets/support-triage.yaml
      presetctl validate --format github      annotations in GitHub Actions
    """
    session = Session.open(ctx)
    repository = session.repository(session.files(paths) if paths else None)
    problems, files = repository.problems, len(repository.files)
    style = style_for(sys.stdout)
    if form == "json":
        give(as_text(problems_document(problems, files)))
    elif form == "github":
        give(
            "\n".join(
                filter(
                    None,
                    [problems_commands(problems, _from_checkout(session.root)), validation_summary(problems, files)],
                )
            )
        )
    else:
        text = problems_text(problems, style)
        give("\n".join(filter(None, [text, validation_summary(problems, files)])), style)
    ctx.exit(0 if repository.valid else INVALID)


def _from_checkout(root: Path) -> str:
    """The way from GitHub's checkout to the project, ending in ``/``; empty where it is the project."""
    checkout = os.environ.get("GITHUB_WORKSPACE")
    if not checkout or not root.is_relative_to(Path(checkout).resolve()):
        return ""
    way = root.relative_to(Path(checkout).resolve()).as_posix()
    return "" if way == "." else f"{way}/"
