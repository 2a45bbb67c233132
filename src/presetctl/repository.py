"""A user's repository as read, for the work tree or another commit: files → desired states, and which are chosen."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from presetctl.desired import Rendered, gathered
from presetctl.domain.change import Plan
from presetctl.domain.errors import InputError, StaleError, UsageError
from presetctl.domain.kind import Kind, provider_of
from presetctl.domain.problem import Problem
from presetctl.domain.project import Workspace, declared_name
from presetctl.domain.state import BaseState, DesiredState
from presetctl.kinds import Kinds, Schemas
from presetctl.load.documents import preset_files
from presetctl.load.project import PROJECT_FILE, LoadedProject, load_project
from presetctl.nearest import nearest
from presetctl.ports import NO_CACHE, Cache, FileTree, Track, untracked
from presetctl.reading import DeclarationReader

if TYPE_CHECKING:
    from presetctl.load.git import Base


@dataclass(frozen=True)
class Repository:
    """A user's repository as read: the project, its files, the states that they want, and all problems."""

    project: LoadedProject
    files: tuple[str, ...]
    rendered: Rendered
    unreadable: tuple[Problem, ...]
    kinds: Kinds

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of every file, by place."""
        return tuple(sorted((*self.unreadable, *self.rendered.problems)))

    @cached_property
    def declared(self) -> frozenset[str]:
        """The slugs that the files declare, for any workspace."""
        return frozenset(slug for state in self.rendered.workspaces.values() for slug in state)

    @property
    def valid(self) -> bool:
        return not self.unreadable and not self.rendered.errors

    def settings(self, workspace: str) -> Workspace:
        """The settings of a workspace. UsageError where the project has none of that name."""
        project = self.project.project
        found = project.targets.get(workspace) or project.workspaces.get(workspace)
        if found is None:
            raise UsageError(
                f"no workspace is named {workspace}",
                hint=f"presetctl.yaml has {', '.join(sorted(project.targets))}",
            )
        return found

    def check_provider(self, workspace: str, slugs: Collection[str]) -> None:
        """UsageError for a slug whose preset is declared in a kind of another provider than the workspace's."""
        provider = self.settings(workspace).provider
        for slug in slugs:
            kind = self.rendered.kinds.get(slug, "")
            if kind and provider_of(kind) != provider:
                holders = sorted(name for name, presets in self.rendered.workspaces.items() if slug in presets)
                raise UsageError(
                    f"{slug} is declared as {kind}, which {workspace}, a workspace of {provider}, can't hold",
                    hint=f"workspaces that can: {', '.join(holders) or 'none of this project'}",
                )

    def selection(self, saved: Plan) -> Selection:
        """What a saved plan was about. StaleError where no file declares a preset any more that it names."""
        archived = {change.slug for change in saved.removals}
        gone = sorted(set(saved.chosen) - archived - self.rendered.workspaces[saved.workspace.name].keys())
        if gone:
            raise StaleError(
                f"the plan no longer holds, nothing was written: no file declares {', '.join(gone)} any more",
                hint="make a new plan, review it, and apply that",
            )
        return Selection(saved.chosen, saved.excluded)

    def kinds_in_use(self, workspace: str, base: BaseState | None = None) -> Mapping[str, Kind]:
        """The rules of every kind that the presets of a workspace are written in, now and at ``base``."""
        presets = [*self.rendered.workspaces[workspace].values(), *(base.presets.values() if base else ())]
        found = {preset.kind: self.kinds.kind(preset.kind) for preset in presets}
        if not self.settings(workspace).publishes:
            return found
        return {name: replace(kind, replaced_whole=True, exclusive="") for name, kind in found.items()}


@dataclass(frozen=True)
class Selection:
    """Which presets a plan is about: the named ones (all where none is named), less those that a pattern excludes."""

    slugs: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def of(self, desired: DesiredState, may_be_gone: Callable[[str], bool] = lambda _: False) -> DesiredState:
        """The selected presets that files declare.

        UsageError for a slug that no file declares, unless ``may_be_gone`` says that it is one to be archived.
        """
        for slug in self.slugs:
            if slug not in desired and not may_be_gone(slug):
                near = nearest(slug, desired)
                raise UsageError(
                    f"no file declares a preset {slug}",
                    hint=f"did you mean {near}?" if near else "see `presetctl validate`",
                )
        chosen = self.slugs or desired.keys()
        return {slug: desired[slug] for slug in chosen if slug in desired and self._includes(slug)}

    def has(self, slug: str) -> bool:
        """Whether a preset is one of those that the plan is about, declared or not."""
        return (not self.slugs or slug in self.slugs) and self._includes(slug)

    def _includes(self, slug: str) -> bool:
        return not any(fnmatch.fnmatchcase(slug, pattern) for pattern in self.exclude)


def load(
    tree: FileTree,
    schemas: Schemas,
    files: Sequence[str] | None = None,
    *,
    past: bool = False,
    track: Track = untracked,
    cache: Cache = NO_CACHE,
) -> Repository:
    """Reads a repository: all its preset files, or just ``files``. InputError where presetctl.yaml isn't valid.

    ``past`` for files of a commit: what looks like a key in them is no problem any more that could be prevented.
    """
    project = load_project(tree, cache)
    chosen = preset_files(tree, project.project.presets) if files is None else list(files)
    if project.document.secrets and not past:
        raise InputError(f"{PROJECT_FILE} is not valid", problems=project.document.secrets)
    unreadable: list[Problem] = []
    reader = DeclarationReader(tree, project, Kinds(schemas), cache, past)
    declared = reader.read(track(chosen, "Reading files", len(chosen)), unreadable)
    rendered = gathered(declared, project.project)
    return Repository(project, tuple(chosen), rendered, tuple(unreadable), reader.kinds)


def load_base(tree: FileTree, schemas: Schemas, workspace: str, base: Base, cache: Cache = NO_CACHE) -> BaseState:
    """Renders the files of another commit for a workspace. What isn't valid there counts as not declared there."""
    try:
        states = load(tree, schemas, past=True, cache=cache).rendered.workspaces
    except InputError:  # no presetctl.yaml yet, or one that isn't valid: then nothing was declared there
        states = {}
    return BaseState(base.commit, base.reason, states.get(declared_name(workspace), {}))
