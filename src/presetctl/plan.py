"""States → plan. A pure function: no clock, no file, no network, and nothing in reach that could write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from presetctl.diff import cause_of, field_changes, wiped
from presetctl.domain.change import ABSENT, Action, Cause, Change, FieldChange, Head, Live, Plan, Rename, Target
from presetctl.domain.kind import Kind, provider_of
from presetctl.domain.preset import Content, Preset
from presetctl.domain.provider import capabilities
from presetctl.domain.state import ActualPreset, ActualState, BaseState, DesiredState, Status, Version
from presetctl.domain.values import Json, Path, digest
from presetctl.persistence import held_content, kept
from presetctl.ports import Track, untracked

if TYPE_CHECKING:
    from presetctl.domain.history import LastDeclared

FORMAT_VERSION = "1.0"
"""Of the plan as data: the minor number grows with additions, the major one with anything that breaks readers."""


def make_plan(
    workspace: Target,
    head: Head,
    desired: DesiredState,
    actual: ActualState,
    *,
    declared: Collection[str],
    kinds: Mapping[str, Kind],
    not_kept: Sequence[str] = (),
    base: BaseState | None = None,
    track: Track = untracked,
) -> Plan:
    """Compares ``desired`` with ``actual`` and gives every preset's change, by slug.

    ``declared`` holds the slugs of all files, so that a plan for some of them doesn't call the others unmanaged. With
    a ``base``, each field change says who made it. ``kinds`` has the kinds of desired and of base.
    """
    planner = _Planner(kinds, not_kept, base)
    slugs = track(sorted(desired), "Comparing presets", len(desired))
    changes = tuple(planner.change(desired[slug], actual) for slug in slugs)
    live = {slug for slug, row in actual.listed.items() if row.status is not Status.ARCHIVED}
    unmanaged = tuple(sorted(live - set(declared)))
    commit = None if base is None else base.commit
    return Plan(workspace, head, changes, unmanaged, fingerprint(workspace, changes), commit)


def make_offline_plan(
    workspace: Target, head: Head, desired: DesiredState, base: BaseState, kinds: Mapping[str, Kind]
) -> Plan:
    """Compares ``desired`` with ``base`` alone, as if the workspace held what base declares."""
    planner = _Planner(kinds, (), base)
    changes = tuple(planner.offline_change(desired[slug]) for slug in sorted(desired))
    return Plan(workspace, head, changes, (), fingerprint(workspace, changes), base.commit, offline=True)


def with_orphans(plan: Plan, declared_once: Callable[[str], bool]) -> Plan:
    """The plan with those presets told apart that no file declares and one did once."""
    orphaned = tuple(slug for slug in plan.unmanaged if declared_once(slug))
    return replace(plan, unmanaged=tuple(s for s in plan.unmanaged if s not in orphaned), orphaned=orphaned)


def removal(last: LastDeclared, live: Version | None, *, is_edited: bool = False) -> Change:
    """The change that takes a preset away which no file declares any more: archived, where its provider can.

    ``is_edited`` says that no commit declares what is live: somebody may still be at work on it.
    """
    preset = last.preset
    archives = capabilities(provider_of(preset.kind)).archives
    fate = "archived, it can't be called; its versions are kept" if archives else "deleted, it's gone but from git"
    warnings = [f"declared last in commit {last.commit[:12]}; {fate}"]
    if is_edited and live is not None:
        warnings.append(f"{live.name} is what no commit declares: somebody edited it outside git")
    action = Action.ARCHIVE if archives else Action.DELETE
    return Change(preset.slug, preset.kind, action, preset.source, _live(live), None, warnings=tuple(warnings))


def with_removals(plan: Plan, removals: Sequence[Change]) -> Plan:
    """The plan with orphaned presets taken away, after all that is made."""
    slugs = {change.slug for change in removals}
    changes = (*plan.changes, *removals)
    orphaned = tuple(slug for slug in plan.orphaned if slug not in slugs)
    return replace(plan, changes=changes, orphaned=orphaned, fingerprint=fingerprint(plan.workspace, changes))


def with_returns(plan: Plan, was_removed: Callable[[str], bool]) -> Plan:
    """The plan with a word on every preset to create whose slug an archived one may have."""
    if not capabilities(plan.workspace.provider).archives:
        return plan
    changes = (_returned(c) if c.action is Action.CREATE and was_removed(c.slug) else c for c in plan.changes)
    return replace(plan, changes=tuple(changes))


def _returned(change: Change) -> Change:
    warning = (
        "was declared before and removed since: if that archived it, its slug is taken, and has to be restored first "
        f"(in the provider's dashboard, or with a management key through POST /presets/{change.slug}/restore)"
    )
    return replace(change, warnings=(*change.warnings, warning))


def with_renames(plan: Plan, renames: Mapping[str, Rename]) -> Plan:
    """The plan with a word on every new preset that looks like an orphaned one: what would become of both."""
    removed = {change.slug for change in plan.removals}
    changes = tuple(_renamed(c, renames[c.slug], removed) if c.slug in renames else c for c in plan.changes)
    return replace(plan, changes=changes)


def _renamed(change: Change, rename: Rename, removed: Collection[str]) -> Change:
    old, can = rename.slug, capabilities(provider_of(change.kind))
    fate = f"is {can.removed} once this one is there" if old in removed else "stays live as it is"
    begins = "begins at version 1" if can.versions else "is a new one"
    calls = f"; what calls @preset/{old} has to be changed" if can.versions else ""
    warning = (
        f"looks like the orphaned {old} renamed (similarity {rename.similarity} %): no preset can be, so this one "
        f"{begins}, and {old} {fate}{calls}"
    )
    return replace(change, renamed_from=rename, warnings=(*change.warnings, warning))


def without_writing(plan: Plan, warnings: Mapping[str, str]) -> Plan:
    """The plan without the changes of the named presets, each with a warning that says why."""
    changes = tuple(
        replace(c, action=Action.NO_OP, fields=(), wipes=(), warnings=(*c.warnings, warnings[c.slug]))
        if c.slug in warnings
        else c
        for c in plan.changes
    )
    return replace(plan, changes=changes, fingerprint=fingerprint(plan.workspace, changes))


def moves(planned: Plan, now: Plan) -> list[str]:
    """What is otherwise in a plan that was made again, a line each; empty where it's still the same plan."""
    lines = []
    if planned.workspace != now.workspace:
        lines.append(f"it was for {planned.workspace.url} (workspace id {planned.workspace.workspace_id or 'not set'})")
    if planned.base != now.base:
        lines.append(f"its base was {planned.base or 'none'}, and is {now.base or 'none'}")
    before, after = ({change.slug: change for change in plan.changes} for plan in (planned, now))
    slugs = sorted(before.keys() | after.keys())
    found = ((slug, _move(before.get(slug), after.get(slug))) for slug in slugs)
    return lines + [f"{slug} {words}" for slug, words in found if words]


def _move(was: Change | None, now: Change | None) -> str:
    """How a preset moved between two plans; nothing where it didn't."""
    if was is None:
        return "is not in the plan"
    if now is None:
        gone = capabilities(provider_of(was.kind)).removed
        return "is declared no longer" if was.after is not None else f"is no more to be {gone}"
    if was.before != now.before:
        return f"was planned against {_live_words(was)}, and {_live_words(now)} is live"
    if (was.kind, was.after) != (now.kind, now.after):
        return "is declared no longer" if now.after is None else "is declared otherwise by now"
    return "" if was.action is now.action else f"was to {was.action}, and is to {now.action} now"


def _live_words(change: Change) -> str:
    if change.before is None:
        return "nothing"
    number, content = change.before.version, change.before.digest.removeprefix("sha256:")[:12]
    return f"content {content}" if number is None else f"version {number}"


def fingerprint(workspace: Target, changes: Iterable[Change]) -> str:
    """Digest of what the changes would do to which workspace, and of nothing else: no time, no wording."""
    what: Json = [
        {
            "slug": change.slug,
            "kind": change.kind,
            "action": change.action.value,
            "before": None if change.before is None else [change.before.version_id, change.before.digest],
            "after": change.after,
        }
        for change in changes
        if change.writes
    ]
    place: Json = [workspace.provider, workspace.url, workspace.workspace_id]
    return digest({"format": FORMAT_VERSION, "workspace": place, "changes": what})


@dataclass(frozen=True)
class _Planner:
    """Plans one preset at a time."""

    kinds: Mapping[str, Kind]
    not_kept: Sequence[str]
    base: BaseState | None

    def change(self, preset: Preset, actual: ActualState) -> Change:
        kind = self.kinds[preset.kind]
        wanted = kept(kind, preset.content, self.not_kept)
        row, held = actual.listed.get(preset.slug), actual.presets.get(preset.slug)
        version = held.version if held is not None else None
        before = None if version is None else held_content(version.content, self.not_kept)
        fields = field_changes(before, wanted, kind)
        action, warnings = _action(row.status if row is not None else None, bool(fields))
        if held is not None and not held.managed:
            action, more, fields = _adoption(preset, held, fields)
            warnings += more
        if action is Action.UPDATE and before is not None and _takes_away(fields, kind):
            action, warnings = Action.REPLACE, [*warnings, *_replaced(before, kind)]
        if action is Action.NO_OP:
            fields = ()
        lost = wiped(before, kind) if action is Action.UPDATE else ()
        return Change(
            slug=preset.slug,
            kind=kind.name,
            action=action,
            source=preset.source,
            before=_live(version, kind.left_alone and kind.left_alone - wanted.config.keys()),
            after=wanted.digest,
            fields=self._with_causes(preset, before, wanted, fields),
            warnings=(
                *warnings,
                *(f"a write removes `{name}`, which only the dashboard can set again" for name in lost),
            ),
            wipes=lost,
            already_live=() if before is None else self._already_live(preset, wanted, fields),
        )

    def offline_change(self, preset: Preset) -> Change:
        kind, before = self.kinds[preset.kind], self._base_content(preset.slug)
        wanted = kept(kind, preset.content)
        fields = field_changes(before, wanted, kind)
        action, _ = _action(None if before is None else Status.ACTIVE, bool(fields))
        if action is Action.UPDATE and _takes_away(fields, kind):
            action = Action.REPLACE
        declared = tuple(replace(field, cause=Cause.DECLARED) for field in fields)
        return Change(preset.slug, kind.name, action, preset.source, None, wanted.digest, declared)

    def _base_content(self, slug: str) -> Content | None:
        found = None if self.base is None else self.base.presets.get(slug)
        return None if found is None else kept(self.kinds[found.kind], found.content, self.not_kept)

    def _with_causes(
        self, preset: Preset, before: Content | None, wanted: Content, fields: tuple[FieldChange, ...]
    ) -> tuple[FieldChange, ...]:
        if self.base is None:
            return fields
        kind, base = self.kinds[preset.kind], self._base_content(preset.slug)
        return tuple(f if f.cause else replace(f, cause=cause_of(f.path, base, before, wanted, kind)) for f in fields)

    def _already_live(
        self, preset: Preset, wanted: Content, pending: tuple[FieldChange, ...]
    ) -> tuple[FieldChange, ...]:
        """What the files changed since base and nothing pending touches: the workspace holds it already."""
        if self.base is None:
            return ()
        declared = field_changes(self._base_content(preset.slug), wanted, self.kinds[preset.kind])
        return tuple(f for f in declared if not any(_touch(f.path, other.path) for other in pending))


def _touch(one: Path, other: Path) -> bool:
    """Whether one path leads to, or through, the other's place."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _takes_away(fields: Sequence[FieldChange], kind: Kind) -> bool:
    """Whether a field has to go that a write of this provider's can't take away, or that of another endpoint stays."""
    if kind.replaced_whole or capabilities(kind.provider).unsets:
        return False
    return any(
        (len(f.path) <= 2 and (f.after is ABSENT or f.after is None))
        or (f.before is not ABSENT and f.path in _ENDPOINT)
        for f in fields
    )


_ENDPOINT: frozenset[Path] = frozenset({("config", "endpoint"), ("config", "endpointType")})
"""What a change of these two leaves behind of another endpoint's fields is best not left to chance."""


def _replaced(before: Content, kind: Kind) -> list[str]:
    """What to say of a preset that is deleted and made again."""
    nulls = sorted(name for name, value in before.config.items() if value is None and name in kind.not_null)
    return [
        "no write can take a field away here, so it is deleted and made again under the same id",
        *(f"`{name}` is null, which makes the whole preset empty in use" for name in nulls),
    ]


def _adoption(
    preset: Preset, held: ActualPreset, fields: tuple[FieldChange, ...]
) -> tuple[Action, list[str], tuple[FieldChange, ...]]:
    """What becomes of a preset that is there and has no mark of being managed by files."""
    if held.id != preset.adopts:
        words = f"is there without presetctl's mark, so it is left alone; `preset_id: {held.id}` in its file adopts it"
        return Action.NO_OP, [words], ()
    mark = FieldChange(("tags",), ABSENT, "managed-by:presetctl", Cause.DECLARED)
    said = ["adopted: from now on files manage it"]
    return Action.UPDATE, said, (*fields, mark)


def _action(status: Status | None, differs: bool) -> tuple[Action, list[str]]:
    match status:
        case None:
            return Action.CREATE, []
        case Status.ARCHIVED:
            return Action.RESTORE, ["archived in the workspace: it is restored, and written only if it differs"]
        case Status.UNREADABLE:
            why = "its content can't be read, since the server's content filter hides it, so it is left alone"
            return Action.NO_OP, [f"{why}: delete it there to have it made again"]
        case Status.DISABLED:
            warning = ["disabled in the workspace: it serves no requests until someone enables it in the dashboard"]
            return (Action.UPDATE if differs else Action.NO_OP), warning
        case _:
            return (Action.UPDATE if differs else Action.NO_OP), []


def _live(version: Version | None, besides: Collection[str] = ()) -> Live | None:
    """What is live, ``besides`` what isn't the files' business."""
    if version is None:
        return None
    content = version.content
    if besides:
        config = {name: value for name, value in content.config.items() if name not in besides}
        content = Content(content.system_prompt, config)
    return Live(version.number, version.id, content.digest)
