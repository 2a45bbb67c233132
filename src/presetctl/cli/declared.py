"""What commands that look at presets share: the declared ones, and git's history where there is one."""

from __future__ import annotations

from presetctl.cli.console import say
from presetctl.cli.session import Session
from presetctl.domain.change import Plan
from presetctl.domain.errors import InputError
from presetctl.domain.preset import Preset
from presetctl.history import Renders
from presetctl.load.git import GitRepository
from presetctl.plan import with_orphans as plan_with_orphans
from presetctl.reconcile import Repository, Selection


def check_valid(repository: Repository) -> None:
    """InputError with all problems where a file isn't valid: it might declare what would be called undeclared."""
    if not repository.valid:
        raise InputError("not every file is valid", problems=repository.problems)


def declared_preset(repository: Repository, workspace: str, slug: str) -> Preset:
    """One preset as declared for a workspace. Other files may be broken; UsageError where none declares it."""
    declared = repository.rendered.workspaces[workspace]
    if slug not in declared:
        check_valid(repository)
    return Selection([slug]).of(declared)[slug]


def with_orphans(session: Session, repository: Repository, plan: Plan) -> Plan:
    """The plan with orphaned presets told from unmanaged ones, where there are such and git's history can be asked."""
    if not plan.unmanaged:
        return plan
    found, gaps = renders(session, repository, plan.workspace.name)
    for gap in gaps if found is not None else ():
        say(f"Orphaned presets may be taken for unmanaged ones: {gap}.")
    return plan if found is None else plan_with_orphans(plan, found.declares)


def renders(session: Session, repository: Repository, workspace: str) -> tuple[Renders | None, tuple[str, ...]]:
    """The presets at every commit, or None where git can't be asked; and what history can't tell."""
    try:
        around = GitRepository.around(session.root)
        made = Renders(around, session.schemas, workspace, repository.settings(workspace).not_kept)
        return made, made.limits
    except InputError as error:
        return None, (f"{error.message}, so that nothing is known of commits",)
