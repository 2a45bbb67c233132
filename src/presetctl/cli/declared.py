"""What commands that look at presets share: the declared ones, and git's history where there is one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from presetctl.cli.session import Session
from presetctl.domain.errors import GitError, InputError
from presetctl.domain.preset import Preset
from presetctl.domain.project import declared_name
from presetctl.load.tree import WorkTree
from presetctl.ports import AskPast
from presetctl.repository import Repository, Selection

if TYPE_CHECKING:
    from presetctl.history import FilesPast
    from presetctl.renders import Renders


def check_valid(repository: Repository) -> None:
    """InputError with all problems where a file isn't valid: it might declare what would be called undeclared."""
    if not repository.valid:
        raise InputError("not every file is valid", problems=repository.problems)


def declared_preset(repository: Repository, workspace: str, slug: str) -> Preset:
    """One preset as declared for a workspace. Other files may be broken; UsageError where none declares it."""
    declared = repository.rendered.workspaces[workspace]
    if slug not in declared:
        repository.check_provider(workspace, [slug])
        check_valid(repository)
    return Selection([slug]).of(declared)[slug]


def asking_past(session: Session, repository: Repository, workspace: str) -> AskPast:
    """What planning may ask of earlier declarations; git is called when it first does."""

    @cache
    def past() -> FilesPast:
        from presetctl.history import FilesPast  # most plans ask nothing of it

        return FilesPast(WorkTree(session.root), repository, workspace, *renders(session, repository, workspace))

    return past


def renders(session: Session, repository: Repository, workspace: str) -> tuple[Renders | None, tuple[str, ...]]:
    """The presets at every commit, or None where git can't be asked; and what history can't tell."""
    from presetctl.load.git import FETCH_ALL, GitRepository
    from presetctl.renders import Renders

    try:
        around = GitRepository.around(session.root)
        if around.lacks_files():
            return None, (f"this clone is partial and lacks files of older commits; {FETCH_ALL} brings them",)
        made = Renders(around, session.schemas, declared_name(workspace), repository.settings(workspace).not_kept)
        return made, made.limits
    except (InputError, GitError) as error:
        return None, (f"{error.message}, so that nothing is known of commits",)
