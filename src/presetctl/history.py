"""Earlier declarations beside what a workspace holds: the commits of versions, of drift, of what is to be removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from presetctl.diff import field_changes
from presetctl.domain.change import Rename
from presetctl.domain.history import Commit, LastDeclared, VersionRecord
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.state import BaseState, Version
from presetctl.drift import Drift
from presetctl.inventory import Row, Standing
from presetctl.load.documents import load_document, prompt_path
from presetctl.load.project import PROJECT_FILE
from presetctl.load.similarity import similar_texts
from presetctl.load.tree import WorkTree
from presetctl.persistence import kept
from presetctl.renders import Declared, Renders
from presetctl.repository import Repository


class FilesPast:
    """What is known of what the files of one workspace declared earlier.

    ``renders`` is None where git can't be asked.
    """

    def __init__(
        self, tree: WorkTree, repository: Repository, workspace: str, renders: Renders | None, gaps: Sequence[str]
    ) -> None:
        self.gaps = gaps
        self._tree = tree
        self._repository = repository
        self._not_kept = repository.settings(workspace).not_kept
        self._renders = renders
        self._last: dict[str, LastDeclared | None] = {}

    @property
    def has_history(self) -> bool:
        """Whether git could be asked at all."""
        return self._renders is not None

    def declares(self, slug: str) -> bool:
        """Whether any file ever declared the slug, as far as is known."""
        return self._renders is not None and self._renders.declares(slug)

    def last(self, slug: str) -> LastDeclared | None:
        """A preset as it was declared last; None where no commit declares it in a way that is valid today."""
        if self._renders is None:
            return None
        if slug not in self._last:
            self._last[slug] = self._renders.last(slug)
        return self._last[slug]

    def was_removed(self, slug: str) -> bool:
        """Whether some commit removed a file that had declared the slug, as far as is known."""
        return self._renders is not None and self._renders.was_removed(slug)

    def before_head(self) -> BaseState | None:
        """What the commit before HEAD declares; None where there is none, or git can't be asked."""
        return None if self._renders is None else self._renders.before_head()

    def renames(self, removed: Sequence[Preset], new: Sequence[Preset]) -> Mapping[str, Rename]:
        """Which removed preset a new one looks like, by its slug: what git finds similar in their contents."""
        found = similar_texts({p.slug: _as_lines(p) for p in removed}, {p.slug: _as_lines(p) for p in new})
        return {slug: Rename(old, similarity) for slug, (old, similarity) in found.items()}

    def since(self, preset: Preset) -> float | None:
        """When the files here got what they declare of a preset: from git, or where it isn't committed, from the files.

        Seconds since 1970; None where nothing tells.
        """
        kind = self._repository.kinds.kind(preset.kind)
        declared = Declared(kind, kept(kind, preset.content, self._not_kept))
        committed = None if self._renders is None else self._renders.since(preset.slug, declared)
        return self._changed_at(preset) if committed is None else committed

    def may_come_from_files(self, slug: str, content: Content) -> bool:
        """Whether a stored content is what some commit declares; also where history has gaps."""
        if self._renders is None:
            return False
        return bool(self._renders.limits) or self._renders.match(slug, content) is not None

    def _changed_at(self, preset: Preset) -> float | None:
        documents = [load_document(self._tree, preset.source.file), self._repository.project.document]
        prompts = {prompt_path(document.file, name) for document in documents for name in document.prompts}
        try:
            return max(self._tree.changed_at(path) for path in {preset.source.file, PROJECT_FILE, *prompts})
        except OSError:
            return None


def _as_lines(preset: Preset) -> str:
    """What makes a preset up, on as many lines as it can have: a text to compare with another's."""
    config = json.dumps(preset.content.config, indent=0, sort_keys=True, ensure_ascii=False)
    return f"{preset.content.system_prompt or ''}\n{config}\n"


def version_records(
    versions: Sequence[Version], commits: Sequence[Commit | None], live: str | None, kind: Kind
) -> tuple[VersionRecord, ...]:
    """Versions with their commits, and what each changed against the one before it. ``live`` is the id of one."""
    every = replace(kind, dashboard_only=frozenset())  # between two stored versions these count like all others
    records: list[VersionRecord] = []
    for version, commit in zip(versions, commits, strict=True):
        before = records[-1].version.content if records else version.content
        fields = field_changes(before, version.content, every)
        records.append(VersionRecord(version, version.id == live, commit, fields))
    return tuple(records)


def with_history(row: Row, renders: Renders) -> Row:
    """Tells drifted from pending, and orphaned from unmanaged. Where history has gaps, the former aren't claimed."""
    if row.unmarked:
        return row
    if row.standing is Standing.UNMANAGED and renders.declares(row.slug):
        return replace(row, standing=Standing.ORPHANED)
    if row.standing is not Standing.PENDING or row.live is None or not renders.declares(row.slug):
        return row
    commit = renders.match(row.slug, row.live.content)
    if commit is None and not renders.limits:
        return replace(row, standing=Standing.DRIFTED)
    return replace(row, commit=commit)


def with_origin(drift: Drift, renders: Renders) -> Drift:
    """Adds the commit that what is live comes from, unless what is declared was applied since: then it was undone."""
    if drift.live is None or drift.unmarked or _applied(drift, renders):
        return drift
    return replace(drift, commit=renders.match(drift.slug, drift.live.content))


def _applied(drift: Drift, renders: Renders) -> bool:
    """Whether the last version that was as declared came from the last commits, and not from before a revert."""
    if not drift.since:
        return False
    until = drift.history[: drift.since]
    return renders.trace(drift.slug, until)[-1] == renders.match(drift.slug, until[-1].content)
