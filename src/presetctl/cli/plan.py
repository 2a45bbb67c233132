"""``presetctl plan``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click

from presetctl import reconcile
from presetctl.cli.console import say
from presetctl.cli.declared import asking_past
from presetctl.cli.reports import (
    PLAN_FORMATS,
    Report,
    format_options,
    give_reports,
    plan_renderer,
    plans_json,
    write_reports,
)
from presetctl.cli.session import Session
from presetctl.domain.change import Plan
from presetctl.domain.errors import StaleError, UsageError
from presetctl.load.atomic import write_atomically
from presetctl.load.git import head
from presetctl.ports import READERS
from presetctl.reconcile import Planned
from presetctl.report.json import as_text
from presetctl.report.safe import one_line
from presetctl.repository import Repository, Selection

CHANGES = 2


@click.command("plan")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option(
    "-w", "--workspace", "workspaces", multiple=True, metavar="NAME", help="The workspace; repeat for several."
)
@click.option("--all-workspaces", is_flag=True, help="Plan every workspace of the project.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out presets whose slug matches.")
@format_options(*PLAN_FORMATS)
@click.option("--out", metavar="FILE", help="Save the plan as JSON, for `presetctl apply FILE`.")
@click.option("--base", metavar="REF", help="Say of each field who changed it since this commit.")
@click.option("--compare", metavar="PLANFILE", help="Exit with 5 unless apply would do just what this saved plan says.")
@click.option("--offline", is_flag=True, help="Compare with the base alone; no workspace is read and no key needed.")
@click.option(
    "--parallelism", type=click.IntRange(1, 64), default=READERS, show_default=True, metavar="N",
    help="Read N presets at the same time.",
)  # fmt: skip
@click.option("--retry", is_flag=True, help="Plan to write once more what the workspace was shown not to keep.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.pass_context
def command(
    ctx: click.Context,
    slugs: tuple[str, ...],
    workspaces: tuple[str, ...],
    all_workspaces: bool,
    exclude: tuple[str, ...],
    form: str,
    reports: tuple[Report, ...],
    out: str | None,
    base: str | None,
    compare: str | None,
    offline: bool,
    parallelism: int,
    retry: bool,
    detailed_exitcode: bool,
) -> None:
    """Show, field by field, what apply would change in a workspace. Nothing is ever written there.

    With a base, each field change says who made it: the files since then, or somebody in the workspace (drift). In a
    pull request or after a push on GitHub Actions, and on a branch with an upstream, the base is found without --base.

    With --compare nothing is applied either: the exit code alone says whether apply would do what the file says.

    \b
    Examples:
      presetctl plan
      presetctl plan -w production email-copywriter
      presetctl plan --exclude 'draft-*' --out plan.json
      presetctl plan -w staging -w production   or --all-workspaces
      presetctl plan --base main
      presetctl plan --base main --offline      for a pull request from a fork: needs no key
      presetctl plan --compare approved.json      in a merge queue, for example
      presetctl plan --report markdown=plan.md --report html=plan.html
    """
    if all_workspaces and workspaces:
        raise UsageError("--all-workspaces and -w don't go together", hint="leave one away")
    session = Session.open(ctx)
    repository = session.repository()
    named = tuple(repository.project.project.workspaces) if all_workspaces else workspaces
    names = list(dict.fromkeys(each for name in named or [None] for each in session.targets(repository, name)))
    if out is not None and len(names) > 1:
        raise UsageError("one file holds one plan", hint="give --out with one workspace")
    if out is not None and any(os.path.normpath(report.file) == os.path.normpath(out) for report in reports):
        raise UsageError(f"--out and --report can't both be in {out}", hint="give each a file of its own")
    saved = None if compare is None else _saved(session, compare, names, (*slugs, *exclude))
    selection = Selection(slugs, exclude) if saved is None else repository.selection(saved)
    planner = _Planner(session, repository, selection, base, offline, retry, parallelism)
    planned = [planner.plan(name) for name in names]
    plans = [one.plan for one in planned]
    if out is not None:
        write_atomically(session.start / out, f"{as_text(plans_json(plans))}\n".encode())
        say(f"The plan is saved in {one_line(out)}.")
    write_reports(plan_renderer(plans), reports, session.start)
    try:
        if saved is not None:
            reconcile.check_unmoved(planned[0], saved, only_fingerprint=True)
    except StaleError:
        if form != "json":  # there, the error is the one document
            give_reports(plan_renderer(plans), form, (), session.start)
        raise
    give_reports(plan_renderer(plans), form, (), session.start)
    ctx.exit(CHANGES if detailed_exitcode and any(plan.pending for plan in plans) else 0)


def _saved(session: Session, file: str, names: Sequence[str], words: Sequence[str]) -> Plan:
    """The plan to compare with. UsageError where it's of another workspace, or presets were named beside it."""
    if words:
        raise UsageError("--compare and the names of presets don't go together", hint="the saved plan has its own")
    from presetctl.load.plans import load_plan

    saved = load_plan(session.start / file)
    if [saved.workspace.name] != list(names):
        raise UsageError(f"the plan to compare with is for {saved.workspace.name}", hint="name that with -w")
    return saved


@dataclass(frozen=True)
class _Planner:
    """Plans one workspace after the other; the key of each is read only when its turn comes."""

    session: Session
    repository: Repository
    selection: Selection
    base: str | None
    offline: bool
    retry: bool
    parallelism: int

    def plan(self, name: str) -> Planned:
        now, compared = head(self.session.root), self.session.base(self.base, name)
        if self.offline:
            if compared is None:
                raise UsageError("--offline needs a base to compare with", hint="name it with --base")
            return self._told(reconcile.plan_offline(self.repository, name, compared, now, self.selection))
        with self.session.connection(self.repository, name, readers=self.parallelism) as connection:
            planned = reconcile.plan(
                self.repository, name, connection.reader, now, self.selection, compared,
                ask_past=asking_past(self.session, self.repository, name), retry=self.retry,
                track=self.session.progress.track,
            )  # fmt: skip
        self._told(planned)
        found = reconcile.objections(self.repository, planned)
        objections = tuple(f"{objection.message} ({objection.agree} agrees)" for objection in found)
        for objection in objections:
            say(f"Apply to {name} would stop: {objection}.")
        return replace(planned, plan=replace(planned.plan, objections=objections))

    def _told(self, planned: Planned) -> Planned:
        """The same, once its notes were said."""
        for note in planned.notes:
            say(note)
        return planned
