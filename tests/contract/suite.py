"""What every provider must keep to. A provider's test module subclasses this and says how to open a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from presetctl.apply import Applier, exit_code
from presetctl.diff import field_changes
from presetctl.domain.change import Action, Head, Plan, Target
from presetctl.domain.kind import Kind, provider_of
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.provider import Capabilities, capabilities
from presetctl.domain.state import ActualState, Status
from presetctl.persistence import held_content, kept
from presetctl.plan import make_plan
from presetctl.ports import PresetReader, PresetWriter


@dataclass(frozen=True)
class Workspace:
    """An open, empty workspace."""

    reader: PresetReader
    writer: PresetWriter
    kinds: Mapping[str, Kind]
    configs: Mapping[str, dict[str, Any]]
    """For each kind a config that the workspace is known to keep whole."""

    @property
    def can(self) -> Capabilities:
        """What such workspaces can do."""
        kind = next(iter(self.configs))
        found = capabilities(provider_of(kind))
        return replace(found, unsets=True) if self.kinds[kind].replaced_whole else found


class ProviderContract:
    """Subclasses give ``open_workspace``; every test gets a fresh, empty one."""

    many = 121
    """More presets than a list shows at once."""

    def open_workspace(self) -> AbstractContextManager[Workspace]:
        raise NotImplementedError

    @pytest.fixture
    def workspace(self) -> Iterator[Workspace]:
        with self.open_workspace() as opened:
            yield opened

    def preset(self, workspace: Workspace, slug: str = "a", prompt: str | None = "Be brief.", **more: Any) -> Preset:
        kind = next(iter(workspace.configs))
        return Preset(slug, kind, Content(prompt, {**workspace.configs[kind], **more}), Location(f"{slug}.yaml"))

    def plan(self, workspace: Workspace, *presets: Preset, not_kept: tuple[str, ...] = ()) -> Plan:
        desired = {preset.slug: preset for preset in presets}
        listed = {row.slug: row for row in workspace.reader.list_presets().rows}
        slugs = [slug for slug in desired if slug in listed]
        found = {p.slug: p for p in workspace.reader.read_presets(slugs) if p is not None}
        return make_plan(
            Target("w", "p", "u", None), Head(), desired, ActualState(listed, found),
            declared=desired, kinds=workspace.kinds, not_kept=not_kept,
        )  # fmt: skip

    def apply(self, workspace: Workspace, *presets: Preset, not_kept: tuple[str, ...] = ()) -> list[Outcome]:
        plan = self.plan(workspace, *presets, not_kept=not_kept)
        applier = Applier(workspace.reader, workspace.writer, workspace.kinds, not_kept)
        return list(applier.apply(plan, {preset.slug: preset for preset in presets}))

    def test_an_empty_workspace(self, workspace: Workspace) -> None:
        assert workspace.reader.list_presets().rows == ()
        assert list(workspace.reader.read_presets(["nothing"])) == [None]
        assert list(workspace.reader.read_presets([])) == []

    def test_the_read_side_cannot_write(self, workspace: Workspace) -> None:
        assert not {"write", "restore", "remove", "archive", "delete"} & set(dir(workspace.reader))

    def test_what_is_written_is_stored_and_read_back(self, workspace: Workspace) -> None:
        for number, (kind_name, config) in enumerate(workspace.configs.items()):
            kind = workspace.kinds[kind_name]
            preset = Preset(
                f"p-{number}", kind_name, Content("Über alles: «quote»\n\tand 😀\\", config), Location("x.yaml")
            )
            stored = workspace.writer.write(preset)
            read = workspace.reader.read_presets([preset.slug])[0]
            assert read is not None
            assert stored.version is not None
            assert stored.version == read.version
            assert stored.status is Status.ACTIVE
            assert field_changes(held_content(stored.version.content), kept(kind, preset.content), kind) == ()

    def test_versions_count_from_one_where_any_are_kept(self, workspace: Workspace) -> None:
        numbers, ids = [], set()
        for prompt in "abc":
            version = workspace.writer.write(self.preset(workspace, prompt=prompt)).version
            assert version is not None
            numbers.append(version.number)
            ids.add(version.id)
        assert numbers == ([1, 2, 3] if workspace.can.versions else [None] * 3)
        assert len(ids) == 3

    def test_versions_are_listed_oldest_first(self, workspace: Workspace) -> None:
        assert list(workspace.reader.list_versions("a")) == []
        writes = 103 if workspace.can.versions else 3
        made = [workspace.writer.write(self.preset(workspace, prompt=str(n))).version for n in range(writes)]
        assert list(workspace.reader.list_versions("a")) == (made if workspace.can.versions else made[-1:])

    def smaller(self, preset: Preset) -> Preset:
        """With one field of its config and no prompt."""
        config = dict(list(preset.content.config.items())[:1])
        return Preset(preset.slug, preset.kind, Content(None, config), preset.source)

    def test_a_write_replaces_everything_where_it_can(self, workspace: Workspace) -> None:
        preset, kind = self.preset(workspace), workspace.kinds[self.preset(workspace).kind]
        workspace.writer.write(preset)
        smaller = self.smaller(preset)
        stored = workspace.writer.write(smaller)
        assert stored.version is not None
        left = field_changes(stored.version.content, kept(kind, smaller.content), kind)
        assert bool(left) is not workspace.can.unsets

    def test_what_a_file_no_longer_says_is_gone_after_an_apply(self, workspace: Workspace) -> None:
        preset = self.preset(workspace)
        self.apply(workspace, preset, self.preset(workspace, "b"))
        outcomes = self.apply(workspace, self.smaller(preset), self.preset(workspace, "b"))
        action = Action.UPDATE if workspace.can.unsets else Action.REPLACE
        assert [(o.change.action, o.result) for o in outcomes] == [(action, Result.APPLIED)]
        assert self.plan(workspace, self.smaller(preset), self.preset(workspace, "b")).pending == ()

    def test_many_presets(self, workspace: Workspace) -> None:
        slugs = [f"p-{number}" for number in range(self.many)]
        for slug in slugs:
            workspace.writer.write(self.preset(workspace, slug))
        assert sorted(row.slug for row in workspace.reader.list_presets().rows) == sorted(slugs)
        read = workspace.reader.read_presets(slugs)
        assert [preset.slug for preset in read if preset is not None] == slugs

    def test_apply_then_plan_is_empty(self, workspace: Workspace) -> None:
        presets = [
            Preset(f"p-{number}", kind, Content("prompt", config), Location("x.yaml"))
            for number, (kind, config) in enumerate(workspace.configs.items())
        ]
        assert {o.result for o in self.apply(workspace, *presets)} == {Result.APPLIED}
        assert self.plan(workspace, *presets).pending == ()
        assert self.apply(workspace, *presets) == []

    def test_a_change_makes_one_version(self, workspace: Workspace) -> None:
        self.apply(workspace, self.preset(workspace))
        outcomes = self.apply(workspace, self.preset(workspace, prompt="Be long."))
        assert [(o.result, o.version) for o in outcomes] == [(Result.APPLIED, 2 if workspace.can.versions else None)]
        assert exit_code(outcomes) == 0

    def test_what_somebody_else_wrote_meanwhile_stays(self, workspace: Workspace) -> None:
        self.apply(workspace, self.preset(workspace))
        plan = self.plan(workspace, mine := self.preset(workspace, prompt="mine"))
        theirs = workspace.writer.write(self.preset(workspace, prompt="theirs"))
        outcomes = list(Applier(workspace.reader, workspace.writer, workspace.kinds).apply(plan, {"a": mine}))
        assert [o.result for o in outcomes] == [Result.CONFLICT]
        assert workspace.reader.read_presets(["a"])[0] == theirs
