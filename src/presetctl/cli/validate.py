"""``presetctl validate``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from presetctl.cli.reports import Report, format_options, give_reports, write_reports
from presetctl.cli.session import Session
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Problem
from presetctl.load.project import PROJECT_FILE
from presetctl.report.json import as_text, problems_document
from presetctl.report.text import Style, problems_text, validation_summary

INVALID = 3
FORMATS = ("human", "json", "sarif", "junit", "github")
_TELLING_ERRORS = ("human", "json")
"""The formats in which an error that ends the command is told by whoever called it."""


@click.command("validate")
@click.argument("paths", nargs=-1)
@format_options(*FORMATS)
@click.pass_context
def command(ctx: click.Context, paths: tuple[str, ...], form: str, reports: tuple[Report, ...]) -> None:
    """Check preset files against the schemas of their kinds, offline.

    Without PATHS every preset of the project is checked; with PATHS those files, and the presets in those folders.
    All problems of all files are shown at once. Exit code 3 when there is an error.

    \b
    Examples:
      presetctl validate
      presetctl validate presets/support-triage.yaml
      presetctl validate --format github      annotations in GitHub Actions
      presetctl validate --report sarif=presets.sarif --report junit=presets.xml
    """
    session = Session.open(ctx)
    folder = _from_checkout(session.root)
    try:
        repository = session.repository(session.files(paths) if paths else None)
    except InputError as error:  # presetctl.yaml itself is not valid
        if not error.problems:
            raise
        found = _Found(error.problems, (PROJECT_FILE,), folder)
        if form in _TELLING_ERRORS:
            write_reports(found.render, reports, session.start)
            raise
        give_reports(found.render, form, reports, session.start)
        ctx.exit(INVALID)
    found = _Found(repository.problems, repository.files, folder)
    give_reports(found.render, form, reports, session.start)
    ctx.exit(0 if repository.valid else INVALID)


@dataclass(frozen=True)
class _Found:
    """The problems of the files, in every format."""

    problems: Sequence[Problem]
    files: Sequence[str]
    folder: str

    def render(self, form: str, style: Style) -> str:
        problems, number = self.problems, len(self.files)
        match form:
            case "json":
                return as_text(problems_document(problems, number))
            case "sarif":
                from presetctl.report.sarif import problems_sarif

                return as_text(problems_sarif(problems, self.folder))
            case "junit":
                from presetctl.report.junit import problems_junit

                return problems_junit(problems, self.files)
            case "github":
                from presetctl.report.github import problems_log

                text = problems_log(problems, secrets.token_hex(16), self.folder)
            case _:
                text = problems_text(problems, style)
        return "\n".join(filter(None, [text, validation_summary(problems, number)]))


def _from_checkout(root: Path) -> str:
    """The way from GitHub's checkout to the project, ending in ``/``; empty where it is the project."""
    checkout = os.environ.get("GITHUB_WORKSPACE")
    if not checkout or not root.is_relative_to(Path(checkout).resolve()):
        return ""
    way = root.relative_to(Path(checkout).resolve()).as_posix()
    return "" if way == "." else f"{way}/"
