"""Presets as the commits that touched them declare them, and which of these what a workspace holds comes from.

Nothing is stored and no clock is asked: a content belongs to a commit where that commit's files mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from presetctl.diff import field_changes
from presetctl.domain.change import FieldChange
from presetctl.domain.errors import InputError
from presetctl.domain.history import Commit, LastDeclared, VersionRecord
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import BaseState, Version
from presetctl.kinds import Schemas
from presetctl.load.git import Base, GitRepository
from presetctl.load.gitlog import Logged, first_parents
from presetctl.load.gittree import GitTree
from presetctl.load.past import Past, below
from presetctl.load.project import load_project
from presetctl.load.snapshots import Snapshot, snapshots
from presetctl.persistence import held_content, kept
from presetctl.repository import load, load_base


@dataclass(frozen=True, slots=True)
class Declared:
    """What the files of one commit declare a preset to be: its content as the workspace should hold it."""

    kind: Kind
    content: Content

    def means(self, content: Content) -> bool:
        """Whether a stored content is as good as this one."""
        return not field_changes(content, self.content, self.kind)

    def differs(self, content: Content) -> tuple[FieldChange, ...]:
        """The fields in which a stored content is another one, from this one to that."""
        found = field_changes(content, self.content, self.kind)
        return tuple(FieldChange(field.path, field.after, field.before) for field in found)

    @property
    def key(self) -> tuple[str, str]:
        """What two commits that declare the same have in common."""
        return self.kind.name, self.content.digest


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring commits that declare the same, oldest first."""

    commits: tuple[Logged, ...]
    declared: Declared


class Renders:
    """The presets of one workspace at every commit of HEAD's history, each rendered when it's first asked for.

    Other branches are asked only for what HEAD's history doesn't have: somebody may have applied from one.
    """

    def __init__(
        self,
        repository: GitRepository,
        schemas: Schemas,
        workspace: str,
        not_kept: Sequence[str] = (),
        *,
        everywhere: bool = False,
    ) -> None:
        self._repository = repository
        self._schemas = schemas
        self._workspace = workspace
        self._not_kept = not_kept
        self._everywhere = everywhere
        self._past = Past(repository, everywhere=everywhere)
        self._rendered: dict[tuple[str, str], Declared | None] = {}
        self._runs: dict[str, list[_Run]] = {}
        self._snapshots: dict[tuple[str, str], Snapshot] = {}

    @cached_property
    def limits(self) -> tuple[str, ...]:
        """Why commits may be missing here; empty where all of history could be asked."""
        found = []
        if self._repository.shallow():
            hint = "`git fetch --unshallow` brings it"
            found.append(f"this clone is shallow, so older commits are not known; {hint}")
        if self._repository.leaves_out_files():
            hint = "`git sparse-checkout disable` brings them"
            found.append(f"this checkout is sparse, so files that seem removed may only be left out; {hint}")
        if self._past.cut is not None:
            found.append(f"only the newest {self._past.cut:,} commits were looked at")
        return tuple(found)

    def declares(self, slug: str) -> bool:
        """Whether any file ever declared the slug."""
        return bool(self._past.files(slug))

    def since(self, slug: str, declared: Declared) -> float | None:
        """When HEAD's own line came to declare just this, in seconds since 1970; None where HEAD declares otherwise.

        What a branch declared counts from when it was merged. Where history was cut off it's later, never earlier.
        """
        commits = first_parents(self._repository, self._past.paths(slug))
        self._fetch(slug, [commit for commit, _ in commits])
        arrived = None
        for commit, time in commits:
            there = self._at(slug, commit)
            if there is None or there.key != declared.key:
                break
            arrived = time
        return arrived

    def last(self, slug: str) -> LastDeclared | None:
        """A preset as the newest commit declares it that does; None where none does in a way that is valid today."""
        commits = [logged.commit.id for logged in self._past.commits(slug)]
        self._fetch(slug, commits)
        found = ((commit, self._preset(slug, commit)) for commit in commits)
        return next((LastDeclared(commit, there[0]) for commit, there in found if there is not None), None)

    def was_removed(self, slug: str) -> bool:
        """Whether some commit removed a file that had declared the slug."""
        return any(path in self._past.removed for path, _ in self._past.files(slug))

    def before_head(self) -> BaseState | None:
        """What the commit before HEAD declares, on HEAD's own line; None where there is none here."""
        commit = self._repository.ask("rev-parse", "--verify", "--quiet", "HEAD^1^{commit}")
        if commit is None:
            return None
        base = Base(commit, "commit before HEAD")
        return load_base(GitTree(self._repository, commit), self._schemas, self._workspace, base)

    def match(self, slug: str, content: Content) -> Commit | None:
        """The commit that a stored content comes from.

        Of all commits that mean the same, it's the oldest of the run that was declared last.
        """
        held = held_content(content, self._not_kept)
        runs = self._all_runs(slug)
        found = next((index for index in reversed(range(len(runs))) if runs[index].declared.means(held)), None)
        return self._match_elsewhere(slug, content) if found is None else self._origin(slug, runs, found)

    def _match_elsewhere(self, slug: str, content: Content) -> Commit | None:
        commit = None if self._everywhere else self._branches.match(slug, content)
        return commit and replace(commit, elsewhere=True)

    @cached_property
    def _branches(self) -> Renders:
        return Renders(self._repository, self._schemas, self._workspace, self._not_kept, everywhere=True)

    def trace(self, slug: str, versions: Sequence[Version]) -> list[Commit | None]:
        """The commit of every version, oldest version first.

        Of all commits that mean the same, it's the oldest that doesn't lie before the previous version's: what was
        changed and reverted gets the commit of the revert. Where there is none, somebody went back outside git, and
        it's the oldest of all.
        """
        runs, commits, reached = self._all_runs(slug), list[Commit | None](), 0
        for version in versions:
            held = held_content(version.content, self._not_kept)
            order = [*range(reached, len(runs)), *range(reached)]
            found = next((index for index in order if runs[index].declared.means(held)), None)
            reached = reached if found is None else max(reached, found)
            commit = None if found is None else self._origin(slug, runs, found)
            commits.append(commit or self._match_elsewhere(slug, version.content))
        return commits

    def records(self, slug: str, live: Version | None) -> tuple[VersionRecord, ...]:
        """Every content that the files declared, oldest first, with the commit that made it so.

        Of those that mean what is live the last one is live; where none does, what is live comes after them all.
        """
        runs, records = self._all_runs(slug), list[VersionRecord]()
        held = None if live is None else held_content(live.content, self._not_kept)
        same = [index for index, run in enumerate(runs) if held is not None and run.declared.means(held)]
        for index, run in enumerate(runs):
            commit, is_live = self._origin(slug, runs, index), index in same[-1:]
            version = Version(
                live.id if live and is_live else "", None, run.declared.content, commit.time, commit.author
            )
            before = runs[index - 1].declared.content if index else run.declared.content
            fields = field_changes(before, run.declared.content, run.declared.kind, mutual=True)
            records.append(VersionRecord(version, is_live, commit, fields))
        if live is not None and held is not None and not same:
            fields = runs[-1].declared.differs(held) if runs else ()
            records.append(VersionRecord(live, True, self._match_elsewhere(slug, live.content), fields))
        return tuple(records)

    def _origin(self, slug: str, runs: Sequence[_Run], found: int) -> Commit:
        """The oldest commit of a run; where it names no pull request, with that of the merge that brought it in."""
        first = runs[found].commits[0].commit
        if first.pull_request is not None:
            return first
        key = runs[found].declared.key
        later = (it for run in runs[found:] if run.declared.key == key for it in run.commits)
        merges = (it for it in later if len(it.parents) > 1 and it.commit.pull_request is not None)
        for merge in merges:
            before = self._at(slug, merge.parents[0])
            if before is None or before.key != key:
                return replace(first, pull_request=merge.commit.pull_request)
        return first

    def _all_runs(self, slug: str) -> list[_Run]:
        if slug not in self._runs:
            self._runs[slug] = list(self._find_runs(slug))
        return self._runs[slug]

    def _find_runs(self, slug: str) -> Iterator[_Run]:
        """Runs, oldest first. Commits at which the preset was not declared belong to none, and end one."""
        commits = self._past.commits(slug)
        self._fetch(slug, [logged.commit.id for logged in commits])
        declared = ((logged, self._at(slug, logged.commit.id)) for logged in reversed(commits))
        for _, group in groupby(declared, key=lambda pair: pair[1] and pair[1].key):
            neighbours, states = zip(*group, strict=True)
            if states[0] is not None:
                yield _Run(neighbours, states[0])

    def _fetch(self, slug: str, commits: Sequence[str]) -> None:
        for snapshot in snapshots(self._repository, commits, self._past.paths(slug)):
            self._snapshots[slug, snapshot.commit] = snapshot

    def _at(self, slug: str, commit: str) -> Declared | None:
        if (slug, commit) not in self._rendered:
            self._rendered[slug, commit] = self._render(slug, commit)
        return self._rendered[slug, commit]

    def _render(self, slug: str, commit: str) -> Declared | None:
        found = self._preset(slug, commit)
        if found is None:
            return None
        preset, kind = found
        return Declared(kind, kept(kind, preset.content, self._not_kept))

    def _preset(self, slug: str, commit: str) -> tuple[Preset, Kind] | None:
        """The preset at one commit, and its kind: only the files that ever declared it are read."""
        if (slug, commit) not in self._snapshots:
            self._fetch(slug, [commit])
        tree = self._snapshots.pop((slug, commit))
        try:
            folder = load_project(tree).project.presets
            files = sorted({path for path, _ in self._past.files(slug) if below(path, folder)})
            found = load(tree, self._schemas, files, past=True)
        except InputError:  # no presetctl.yaml yet, or one that isn't valid: then nothing was declared
            return None
        preset = found.rendered.workspaces.get(self._workspace, {}).get(slug)
        return None if preset is None else (preset, found.kinds.kind(preset.kind))
