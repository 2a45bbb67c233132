"""What commands that look at declared presets share."""

from __future__ import annotations

from presetctl.domain.errors import InputError
from presetctl.domain.preset import Preset
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
