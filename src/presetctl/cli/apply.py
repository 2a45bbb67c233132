"""``presetctl apply``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from presetctl import reconcile
from presetctl.apply import ONE_BY_ONE, Conduct, OnError, exit_code
from presetctl.cli.console import give, say, style_for
from presetctl.cli.declared import asking_past
from presetctl.cli.locking import lock_timeout_option, locked
from presetctl.cli.progress import Progress
from presetctl.cli.recording import Recorder, record_option
from presetctl.cli.reports import PLAN_FORMATS, Report, check_folders, outcomes_renderer, report_option, write_reports
from presetctl.cli.session import Session, workspace_option
from presetctl.cli.signals import exit_code_of, finishing_first
from presetctl.domain.change import Plan
from presetctl.domain.errors import PresetctlError, UsageError
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.project import declared_name
from presetctl.guard import Consent, protected_names
from presetctl.load.git import head
from presetctl.ports import READERS
from presetctl.reconcile import Planned
from presetctl.report.json import apply_document, as_text
from presetctl.report.text import outcome_text, outcomes_summary, plan_text
from presetctl.repository import Repository, Selection

if TYPE_CHECKING:
    from presetctl.providers.registry import Connection

_ABANDONED = "interrupted; the next plan will show what became of it"


@click.command("apply")
@click.argument("planfile", required=False)
@workspace_option
@click.option("--base", metavar="REF", help="Say of each field who changed it since this commit.")
@click.option("--compare", metavar="PLANFILE", help="Plan anew, and go on only if that would do what the file says.")
@click.option("--yes", is_flag=True, help="Don't ask. Needed where there is no terminal.")
@click.option(
    "--allow-wipe", multiple=True, metavar="SLUG",
    help="Agree that writing SLUG removes fields that only the dashboard can set.",
)  # fmt: skip
@click.option(
    "--allow-protected", multiple=True, metavar="NAME", help="Agree to changing a protected preset or workspace."
)
@click.option("--allow-updates", type=click.IntRange(0), default=0, metavar="N", help="Agree to overwriting N presets.")
@click.option(
    "--allow-archives", type=click.IntRange(0), default=0, metavar="N", help="Agree to archiving or deleting N presets."
)
@click.option(
    "--allow-creates", type=click.IntRange(0), default=0, metavar="N",
    help="Agree to creating N presets that were declared earlier and are missing in the workspace.",
)  # fmt: skip
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Write N presets at the same time.",
)
@click.option(
    "--on-error", type=click.Choice(["stop", "continue"]), default="stop", show_default=True,
    help="What to do about the other changes when one fails.",
)  # fmt: skip
@click.option("--retry", is_flag=True, help="Write once more what the workspace was shown not to keep.")
@lock_timeout_option
@record_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
@report_option(*PLAN_FORMATS)
@click.pass_context
def command(
    ctx: click.Context,
    planfile: str | None,
    workspace: str | None,
    base: str | None,
    compare: str | None,
    yes: bool,
    allow_wipe: tuple[str, ...],
    allow_protected: tuple[str, ...],
    allow_updates: int,
    allow_archives: int,
    allow_creates: int,
    parallelism: int,
    on_error: str,
    retry: bool,
    lock_timeout: float,
    record: str | None,
    form: str,
    reports: tuple[Report, ...],
) -> None:
    """Apply the changes between the files and a workspace: one new version per changed preset.

    The plan is shown first, and you are asked. With PLANFILE, saved by `presetctl plan --out`, the changes are
    applied only if everything is still as it was then: the files, the base, and what is live. With --compare, only
    what would be done must be the same, as for a plan that was approved in another job. Each preset is read before it
    is written, and what was stored is compared with what was sent.

    Changes are begun in the order of the plan, by slug; with --parallelism more than one at a time. Ctrl-C lets the
    one under way finish, and begins no other.

    \b
    Examples:
      presetctl apply
      presetctl apply -w production --yes
      presetctl apply plan.json --yes
      presetctl apply --compare approved.json --yes
      presetctl apply --yes --report markdown=applied.md
    """
    check_can_ask(yes)
    session = Session.open(ctx)
    check_folders(reports, session.start)
    repository = session.repository()
    saved = _saved(session, planfile, compare)
    names = session.targets(repository, _workspace(workspace, saved))
    if len(names) > 1 and (reports or form == "json"):
        hint = f"name one with -w: {', '.join(names)}"
        raise UsageError(f"{workspace or 'the workspace'} has several users, and a document tells of one", hint=hint)
    agreed = {name for name in (*allow_protected, *names) if {name, declared_name(name)} & {*allow_protected}}
    consent = Consent(frozenset(allow_wipe), frozenset(agreed), allow_updates, allow_archives, allow_creates)
    conduct = Conduct(parallelism, OnError(on_error))

    def one(name: str) -> int:
        with session.connection(repository, name, writes=True, readers=max(READERS, parallelism)) as connection:
            selection = Selection() if saved is None else repository.selection(saved)
            ref = saved.base if saved is not None and compare is None and base is None else base
            compared = None if planfile is not None and ref is None else session.base(ref, name)
            planned = reconcile.plan(
                repository, name, connection.reader, head(session.root), selection, compared,
                ask_past=asking_past(session, repository, name), retry=retry, track=session.progress.track,
            )  # fmt: skip
            if saved is not None:
                reconcile.check_unmoved(planned, saved, only_fingerprint=compare is not None)
            return carry_out(
                repository, planned, connection, Recorder.of(session, repository, name, record),
                yes=yes, consent=consent, form=form, conduct=conduct,
                report=lambda plan, outcomes: write_reports(outcomes_renderer(plan, outcomes), reports, session.start),
            )  # fmt: skip

    with locked(session, repository, names[0], lock_timeout):
        ctx.exit(_one_by_one(names, one, conduct.on_error))


def _one_by_one(names: Sequence[str], apply: Callable[[str], int], on_error: OnError) -> int:
    """Applies to one target after the other, and gives the first exit code that is not 0.

    After one that failed, nothing is done for the others, unless ``on_error`` says to go on.
    """
    code = 0
    for number, name in enumerate(names):
        try:
            found = apply(name)
            code = code or found
        except PresetctlError as error:
            if on_error is OnError.STOP or len(names) == 1:
                raise
            say(f"{name}: {error.message}{f' ({error.hint})' if error.hint else ''}")
            code = code or error.exit_code
        if code and on_error is OnError.STOP and number + 1 < len(names):
            say(f"Not tried, because {name} failed: {', '.join(names[number + 1 :])}.")
            break
    return code


def check_can_ask(yes: bool) -> None:
    """UsageError where somebody would have to be asked and nobody is there."""
    if not yes and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask on; nothing was written", hint="add --yes to apply without asking"
        )


def _no_report(plan: Plan, outcomes: Sequence[Outcome]) -> None:
    """For commands that have no reports."""


def carry_out(
    repository: Repository,
    planned: Planned,
    connection: Connection,
    recorder: Recorder,
    *,
    yes: bool,
    consent: Consent,
    form: str,
    conduct: Conduct = ONE_BY_ONE,
    report: Callable[[Plan, Sequence[Outcome]], None] = _no_report,
) -> int:
    """Shows a plan, asks unless ``yes``, applies it, tells, records and reports what became of it.

    Gives the exit code. ``report`` is called once, at the end, unless the plan is refused.
    """
    for note in planned.notes:
        say(note)
    show = _Shown(form)
    show.plan(planned.plan)
    outcomes: list[Outcome] = []
    if not yes:
        consent = _typed(planned.plan, reconcile.protected(repository, planned), consent)
    if not planned.plan.pending or not (yes or _agreed(repository, planned, consent)):
        show.end(planned.plan, outcomes)
        report(planned.plan, outcomes)
        return 0
    with finishing_first() as stop:
        try:
            going = replace(conduct, stopping=stop)
            applied = reconcile.apply(repository, planned, connection.reader, connection.writer, consent, going)
            for outcome in show.progress.track(applied, "Applying", len(planned.plan.pending)):
                outcomes.append(outcome)
                show.outcome(outcome)
        except KeyboardInterrupt:  # between two outcomes
            outcomes += _abandoned(planned.plan, outcomes)
            show.end(planned.plan, outcomes)
            report(planned.plan, outcomes)
            raise
    show.end(planned.plan, outcomes)
    recorder(planned.plan, outcomes)
    report(planned.plan, outcomes)
    return exit_code_of(stop.interrupt) if stop() else exit_code(outcomes)


def _saved(session: Session, planfile: str | None, compare: str | None) -> Plan | None:
    if planfile is not None and compare is not None:
        raise UsageError("PLANFILE and --compare don't go together", hint="--compare alone plans anew")
    file = planfile or compare
    if file is None:
        return None
    from presetctl.load.plans import load_plan

    return load_plan(session.start / Path(file))


def _workspace(named: str | None, saved: Plan | None) -> str | None:
    if saved is not None and named is not None and named != saved.workspace.name:
        raise UsageError(f"the plan is for {saved.workspace.name}, not for {named}", hint="leave -w away")
    return saved.workspace.name if saved is not None else named


def _typed(plan: Plan, protected: set[str], consent: Consent) -> Consent:
    """Asks for the name of everything protected that the plan touches and no option agreed to."""
    names = [name for name in protected_names(plan, protected) if name not in consent.protected]
    typed = [name for name in names if click.prompt(f"{name} is protected; type its name", err=True) == name]
    return replace(consent, protected=consent.protected | set(typed))


def _agreed(repository: Repository, planned: Planned, consent: Consent) -> bool:
    """Asks, unless something stands against the plan anyway."""
    if reconcile.objections(repository, planned, consent):
        return True
    return click.confirm(f"Apply to {planned.plan.workspace.name}?", default=False, err=True)


def _abandoned(plan: Plan, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """An outcome for each change that was to come."""
    told = {outcome.change.slug for outcome in outcomes}
    return [Outcome(c, Result.UNKNOWN, message=_ABANDONED) for c in plan.pending if c.slug not in told]


class _Shown:
    """What the user sees on the way: everything as it happens, or one JSON document at the end."""

    def __init__(self, form: str) -> None:
        self._json = form == "json"
        self._talk = style_for(sys.stderr if self._json else sys.stdout)
        self.progress = Progress()

    def plan(self, plan: Plan) -> None:
        (say if self._json else give)(plan_text(plan, self._talk), self._talk)

    def outcome(self, outcome: Outcome) -> None:
        self.progress.clear()
        (say if self._json else give)(outcome_text(outcome, self._talk), self._talk)

    def end(self, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        if self._json:
            give(as_text(apply_document(plan, outcomes)))
        elif outcomes:
            give(f"\n{outcomes_summary(outcomes, plan.workspace.name)}", self._talk)
        elif plan.pending:
            say("Nothing was written.")
