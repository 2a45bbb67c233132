"""A workspace in memory that does what it is told, right or wrong. The emulator is the real thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from presetctl.domain.change import Rename
from presetctl.domain.errors import AmbiguousError
from presetctl.domain.history import LastDeclared
from presetctl.domain.kind import Evidence, Kept, Kind
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import ActualPreset, BaseState, ListedPreset, Listing, Status, Version, WorkspaceIdentity

KIND = Kind(
    name="k",
    operation="POST /presets/{slug}/k",
    system_prompt="messages",
    config={"model": Kept("model", Evidence.DOCUMENTED), "seed": Kept("seed", Evidence.UNKNOWN)},
    per_request=frozenset({"stream"}),
    dashboard_only=frozenset({"cache_enabled"}),
)
CHAT = replace(
    KIND,
    name="librechat/k",
    left_alone=frozenset({"default", "order"}),
    exclusive="default",
    dashboard_only=frozenset(),
)
"""Of a provider that counts no versions, takes no field away and deletes."""
KINDS = {"k": KIND, CHAT.name: CHAT}


def preset(slug: str = "a", **config: object) -> Preset:
    """A declared preset."""
    return Preset(slug, "k", Content("prompt", dict(config) or {"model": "m"}), Location(f"presets/{slug}.yaml"))  # type: ignore[arg-type]


@dataclass
class Memory:
    """Reader and writer in one. ``faults`` are called before and after each write, and may raise."""

    presets: dict[str, ActualPreset] = field(default_factory=dict)
    hidden: dict[str, ActualPreset] = field(default_factory=dict)
    before_write: list[Callable[[], object]] = field(default_factory=list)
    after_write: list[Callable[[], None]] = field(default_factory=list)
    keeps: Callable[[Content], Content] = lambda content: content
    unlisted: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    before_archive: list[Callable[[], object]] = field(default_factory=list)
    after_archive: list[Callable[[], object]] = field(default_factory=list)
    counts: bool = True
    """Whether versions have numbers. Where they have none, a slug's content is all that their id tells of."""

    def put(self, slug: str, content: Content, number: int = 1, status: Status = Status.ACTIVE) -> None:
        """What somebody else does to the workspace."""
        version = Version(f"{slug}-{number}", number, content) if self.counts else uncounted(slug, content)
        self.presets[slug] = ActualPreset(slug, f"id-{slug}", status, version)

    def identity(self) -> WorkspaceIdentity:
        return WorkspaceIdentity("here")

    def list_presets(self) -> Listing:
        found = [p for p in {**self.hidden, **self.presets}.values() if p.slug not in self.unlisted]
        rows = tuple(ListedPreset(p.slug, p.id, p.status, p.version.id if p.version else None) for p in found)
        return Listing(rows, complete=not self.unlisted)

    def read_presets(self, slugs: Sequence[str]) -> Sequence[ActualPreset | None]:
        self.log += [f"read {slug}" for slug in slugs]
        return [self.presets.get(slug) for slug in slugs]

    def read_listed(self, rows: Sequence[ListedPreset]) -> Sequence[ActualPreset | None]:
        return self.read_presets([row.slug for row in rows])

    def list_versions(self, slug: str) -> Sequence[Version]:
        held = self.presets.get(slug)
        return [] if held is None or held.version is None else [held.version]

    def write(self, preset: Preset) -> ActualPreset:
        self.log.append(f"write {preset.slug}")
        if self.before_write:
            self.before_write.pop(0)()
        held = self.presets.get(preset.slug)
        number = (held.version.number or 0) + 1 if held is not None and held.version is not None else 1
        self.put(preset.slug, self.keeps(preset.content), number)
        stored = self.presets[preset.slug]
        if self.after_write:
            self.after_write.pop(0)()
        return stored

    def prepare_archiving(self) -> None:
        self.log.append("prepare archiving")

    def remove(self, slug: str) -> None:
        self.log.append(f"archive {slug}")
        if self.before_archive:
            self.before_archive.pop(0)()
        self.presets.pop(slug, None)  # as the real one, which doesn't show what is archived
        if self.after_archive:
            self.after_archive.pop(0)()

    def restore(self, slug: str) -> ActualPreset:
        self.log.append(f"restore {slug}")
        self.presets[slug] = replace(self.hidden.pop(slug), status=Status.ACTIVE)
        return self.presets[slug]


def uncounted(slug: str, content: Content) -> Version:
    """As where no versions are kept: the id doesn't tell of what is the workspace's own."""
    config = {name: value for name, value in content.config.items() if name not in CHAT.left_alone}
    return Version(f"{slug}-{Content(content.system_prompt, config).digest}", None, content)


@dataclass
class Past:
    """What git would say."""

    gaps: Sequence[str] = ()
    has_history: bool = True
    from_files: bool = False
    arrived: float | None = 0.0
    orphans: Sequence[str] = ()
    lasts: Mapping[str, LastDeclared] = field(default_factory=dict)
    before: BaseState | None = None
    removed: Sequence[str] = ()

    def declares(self, slug: str) -> bool:
        return slug in self.orphans

    def last(self, slug: str) -> LastDeclared | None:
        return self.lasts.get(slug)

    def was_removed(self, slug: str) -> bool:
        return slug in self.removed

    def before_head(self) -> BaseState | None:
        return self.before

    def renames(self, removed: Sequence[Preset], new: Sequence[Preset]) -> Mapping[str, Rename]:
        return {preset.slug: Rename(gone.slug, 92) for gone, preset in zip(removed, new, strict=False)}

    def since(self, preset: Preset) -> float | None:
        return self.arrived

    def may_come_from_files(self, slug: str, content: Content) -> bool:
        return self.from_files


def lose() -> None:
    """A reply that never comes."""
    raise AmbiguousError("the connection broke")
