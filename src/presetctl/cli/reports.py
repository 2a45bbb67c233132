"""``--format`` and ``--report FORMAT=FILE``: one result in several forms at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from presetctl.cli.console import give, say, style_for
from presetctl.domain.errors import UsageError
from presetctl.domain.values import Json
from presetctl.report.safe import one_line
from presetctl.report.text import Style, outcome_text, outcomes_summary, plan_text, plans_text

if TYPE_CHECKING:
    from presetctl.domain.change import Plan
    from presetctl.domain.outcome import Outcome

PLAN_FORMATS = ("human", "json", "markdown", "html")

_Command = TypeVar("_Command", bound=Callable[..., Any])
Render = Callable[[str, Style], str]
"""Gives a result in the named format; the style is for people's eyes only."""


def format_options(*formats: str) -> Callable[[_Command], _Command]:
    """``--format`` and ``--report``, for a command whose result has these formats."""

    def with_options(command: _Command) -> _Command:
        form = click.option(
            "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True,
            help="How to print the result.",
        )  # fmt: skip
        return form(report_option(*formats)(command))

    return with_options


def report_option(*formats: str) -> Callable[[_Command], _Command]:
    """``--report``, for a command whose result has these formats."""
    return click.option(
        "--report", "reports", multiple=True, metavar="FORMAT=FILE", callback=_read(formats),
        help=f"Also write the result to a file, as {', '.join(formats[:-1])} or {formats[-1]}; repeat for several.",
    )  # fmt: skip


@dataclass(frozen=True)
class Report:
    """One ``FORMAT=FILE``."""

    form: str
    file: str


def _read(formats: Sequence[str]) -> Callable[[click.Context, click.Parameter, Sequence[str]], tuple[Report, ...]]:
    def read(_: click.Context, __: click.Parameter, words: Sequence[str]) -> tuple[Report, ...]:
        reports = tuple(_report(word, formats) for word in words)
        files = [os.path.normpath(report.file) for report in reports]
        twice = next((file for file in files if files.count(file) > 1), None)
        if twice is not None:
            raise UsageError(f"two reports can't both be in {twice}", hint="give each a file of its own")
        return reports

    return read


def _report(word: str, formats: Sequence[str]) -> Report:
    form, _, file = word.partition("=")
    if form not in formats or not file:
        raise UsageError(f"--report takes FORMAT=FILE, and not {word}", hint=f"the formats are {', '.join(formats)}")
    return Report(form, file)


def give_reports(render: Render, form: str, reports: Sequence[Report], folder: Path) -> None:
    """Writes the reports, each whole or not at all, and prints the result. Paths start at ``folder``."""
    write_reports(render, reports, folder)
    style = style_for(sys.stdout)
    give(render(form, style), style if form == "human" else None)


def write_reports(render: Render, reports: Sequence[Report], folder: Path) -> None:
    """Writes the reports, once all of them could be made."""
    made = [(report, render(report.form, Style())) for report in reports]
    for report, text in made:
        from presetctl.load.atomic import write_atomically

        write_atomically(folder / report.file, f"{text}\n".encode())
        say(f"The report is in {one_line(report.file)}.")


def check_folders(reports: Sequence[Report], folder: Path) -> None:
    """UsageError where a report has no folder to stand in: told before something is done that can't be undone."""
    for report in reports:
        if not (folder / report.file).parent.is_dir() or (folder / report.file).is_dir():
            raise UsageError(f"{report.file} can't be written", hint="make the folder that the report should stand in")


def plan_renderer(plans: Sequence[Plan], document: Json = None) -> Render:
    """Plans in each of PLAN_FORMATS; ``document`` is their JSON, where it's there already."""

    def render(form: str, style: Style) -> str:
        match form:
            case "json":
                from presetctl.report.json import as_text

                return as_text(document or plans_json(plans))
            case "markdown":
                from presetctl.report.markdown import plans_markdown

                return plans_markdown(plans, rest=_where_all_is())
            case "html":
                from presetctl.report.html import plans_html

                return plans_html(plans)
            case _:
                return plans_text(plans, style)

    return render


def outcomes_renderer(plan: Plan, outcomes: Sequence[Outcome]) -> Render:
    """What became of a plan, in each of PLAN_FORMATS."""

    def render(form: str, style: Style) -> str:
        match form:
            case "json":
                from presetctl.report.json import apply_document, as_text

                return as_text(apply_document(plan, outcomes))
            case "markdown":
                from presetctl.report.markdown import outcomes_markdown

                return outcomes_markdown(plan, outcomes, rest="The log of `presetctl apply` has all of it.")
            case "html":
                from presetctl.report.html import outcomes_html

                return outcomes_html(plan, outcomes)
            case _:
                lines = [plan_text(plan, style), *(outcome_text(outcome, style) for outcome in outcomes)]
                summary = f"\n{outcomes_summary(outcomes, plan.workspace.name)}"
                return "\n".join([*lines, summary] if outcomes else lines)

    return render


def plans_json(plans: Sequence[Plan]) -> Json:
    """One plan, or a document that holds several."""
    from presetctl.report.json import plan_document, plans_document

    return plan_document(plans[0]) if len(plans) == 1 else plans_document(plans)


def _where_all_is() -> str:
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        return "The job summary has all of it."
    return "`presetctl plan` shows all of it."
