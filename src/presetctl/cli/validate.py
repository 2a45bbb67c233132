"""``presetctl validate``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from presetctl.cli.console import say
from presetctl.cli.reports import Report, format_options, give_reports, write_reports
from presetctl.cli.session import Session
from presetctl.domain.errors import InputError
from presetctl.domain.problem import Problem
from presetctl.domain.values import show_path
from presetctl.load.project import PROJECT_FILE
from presetctl.load.tree import WorkTree
from presetctl.report.safe import inert, one_line, value_text, visible
from presetctl.report.text import Style, problems_text, validation_summary
from presetctl.repository import Repository

INVALID = 3
FORMATS = ("human", "json", "sarif", "junit", "github")
_TELLING_ERRORS = ("human", "json")
"""The formats in which an error that ends the command is told by whoever called it."""


@click.command("validate")
@click.argument("paths", nargs=-1)
@click.option("--fix", is_flag=True, help="Write the fixes that are sure, and check again.")
@format_options(*FORMATS)
@click.pass_context
def command(ctx: click.Context, paths: tuple[str, ...], fix: bool, form: str, reports: tuple[Report, ...]) -> None:
    """Check preset files against the schemas of their kinds, offline.

    Without PATHS every preset of the project is checked; with PATHS those files, and the presets in those folders.
    All problems of all files are shown at once. Exit code 3 when there is an error.

    --fix renames, moves and removes what only one thing can be meant by; comments, order and quoting stay. What it did
    is told on stderr, and the report is of the files afterwards.

    \b
    Examples:
      presetctl validate
      presetctl validate presets/support-triage.yaml
      presetctl validate --fix                put right what is sure
      presetctl validate --format github      annotations in GitHub Actions
      presetctl validate --report sarif=presets.sarif --report junit=presets.xml
    """
    session = Session.open(ctx)
    folder = _from_checkout(session.root)
    try:
        repository = session.repository(session.files(paths) if paths else None)
        if fix and _put_right(session, repository):
            repository = session.repository(repository.files)
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


def _put_right(session: Session, repository: Repository) -> bool:
    """Writes the fixes, and tells each. Whether there were any."""
    from presetctl.fixing import fixed  # what edits YAML is loaded by those who want it
    from presetctl.load.atomic import write_atomically

    made = fixed(WorkTree(session.root), repository.problems)
    for path, data in made.files.items():
        write_atomically(session.root / path, data)
    for problem in made.problems:
        say(inert(f"fixed    {one_line(str(problem.location))}: {visible(problem.path)}{_became(problem)}"))
    for path, reason in made.refused.items():
        say(inert(f"refused  {one_line(path)}: {one_line(reason)}"))
    return bool(made.files)


def _became(problem: Problem) -> str:
    """What a fix made of the place that a problem is about."""
    if problem.fix is None or problem.fix.to is None:
        return " is gone"
    same = problem.fix.to == problem.fix.path
    return f" is {value_text(problem.fix.value) if same else visible(show_path(problem.fix.to))} now"


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
                from presetctl.report.json import as_text, problems_document

                return as_text(problems_document(problems, number))
            case "sarif":
                from presetctl.report.json import as_text
                from presetctl.report.sarif import problems_sarif

                return as_text(problems_sarif(problems, self.folder))
            case "junit":
                from presetctl.report.junit import problems_junit

                return problems_junit(problems, self.files)
            case "github":
                import secrets

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
