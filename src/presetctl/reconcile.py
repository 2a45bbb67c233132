"""One function per use case: gather, decide, act. What is printed and asked is the command line's business."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from presetctl import churn, guard
from presetctl.domain.change import Action, FieldChange, Head, Plan, Target
from presetctl.domain.errors import AccessError, InputError, SafetyError, StaleError
from presetctl.domain.outcome import Outcome
from presetctl.domain.preset import Preset
from presetctl.domain.project import EMBEDDED, Limits, Workspace
from presetctl.domain.provider import capabilities
from presetctl.domain.state import ActualPreset, ActualState, BaseState, DesiredState, ListedPreset, Status
from presetctl.guard import NO_CONSENT, NOTHING_AROUND, Consent, Objection, Surroundings
from presetctl.plan import make_offline_plan, make_plan, moves, with_returns, without_writing
from presetctl.ports import AskPast, DeclaredPast, PresetReader, PresetWriter, Track, no_past, untracked
from presetctl.pruning import Pruned, Pruner
from presetctl.repository import Repository, Selection

if TYPE_CHECKING:
    from presetctl.apply import Conduct
    from presetctl.drift import Drift
    from presetctl.inventory import Row

_MOVES_SHOWN = 10


@dataclass(frozen=True)
class Planned:
    """A plan, the presets that it was made from, and what to know about how it was made.

    ``removed``: those that it archives, as they were declared last. ``listed``: the slugs that the workspace listed.
    """

    plan: Plan
    desired: DesiredState
    notes: tuple[str, ...] = ()
    removed: DesiredState = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    around: Surroundings = NOTHING_AROUND


def plan_offline(repository: Repository, workspace: str, base: BaseState, head: Head, selection: Selection) -> Planned:
    """Plans from base to the files without any workspace: what may be shown where there is no key."""
    _check_valid(repository)
    repository.check_provider(workspace, selection.slugs)
    settings = repository.settings(workspace)
    desired = selection.of(repository.rendered.workspaces[workspace])
    target = Target(workspace, settings.provider, settings.url, settings.workspace_id)
    kinds = repository.kinds_in_use(workspace, base)
    gone = sorted(slug for slug in base.presets if slug not in repository.declared and selection.has(slug))
    note = (
        f"No file declares {', '.join(gone)} any more. Offline nobody knows what {workspace} has of that, so nothing "
        f"is planned to be {capabilities(settings.provider).removed}; a plan that reads the workspace tells."
    )
    notes = (note,) if gone and settings.prunes else ()
    return Planned(make_offline_plan(target, head, desired, base, kinds), desired, notes)


def plan(
    repository: Repository,
    workspace: str,
    reader: PresetReader,
    head: Head,
    selection: Selection,
    base: BaseState | None = None,
    *,
    ask_past: AskPast = no_past,
    retry: bool = False,
    track: Track = untracked,
) -> Planned:
    """Reads the workspace and plans. Only a reader is at hand, so nothing can be written.

    Orphaned presets are archived where the workspace's settings say so, as far as ``selection`` and git's history
    allow it. With ``retry``, what the workspace was already shown not to keep is written once more. InputError
    carries all problems where a file isn't valid; AccessError where the key opens another workspace.
    """
    _check_valid(repository)
    repository.check_provider(workspace, selection.slugs)
    settings = repository.settings(workspace)

    def may_be_gone(slug: str) -> bool:
        past = ask_past() if settings.prunes and slug not in repository.declared else None
        return past is not None and past.declares(slug)

    desired = selection.of(repository.rendered.workspaces[workspace], may_be_gone)
    target = Target(workspace, settings.provider, settings.url, _check_identity(workspace, settings, reader))
    kinds = repository.kinds_in_use(workspace, base)
    made = make_plan(
        target,
        head,
        desired,
        actual := _read_actual(reader, desired),
        declared=repository.declared,
        kinds=kinds,
        not_kept=settings.not_kept,
        base=base,
        track=track,
    )
    if not retry:
        made = without_writing(made, _unkept(made, desired, actual, churn.Shown(reader, kinds, ask_past)))
    made = replace(made, chosen=tuple(selection.slugs), excluded=tuple(selection.exclude))
    archives = settings.prunes
    if archives and made.count(Action.CREATE):
        made = _with_returns(made, ask_past())
    past = ask_past() if made.unmanaged else None
    pruned = Pruned(made)
    if past is not None:
        pruned = Pruner(reader, archives, selection.has).prune(made, desired, past)
    listed = frozenset(slug for slug, row in actual.listed.items() if row.status is not Status.ARCHIVED)
    around = _surroundings(repository, pruned.plan, listed, base, ask_past)
    return Planned(pruned.plan, desired, pruned.notes, pruned.removed, listed, around)


def _with_returns(made: Plan, past: DeclaredPast | None) -> Plan:
    return made if past is None else with_returns(made, past.was_removed)


def _surroundings(
    repository: Repository, made: Plan, listed: frozenset[str], base: BaseState | None, ask_past: AskPast
) -> Surroundings:
    """What tells a workspace that lost its presets from a new one: those to create were declared earlier already.

    Earlier is base, where one is known. Where none is, it's the commit before HEAD, which counts only if the workspace
    has not one preset of this project, and lacks at least as many as limits begin at: a small project that is applied
    for the first time needs no consent. The embedded workspace can't be another one.
    """
    name = made.workspace.name
    settings, declared = repository.settings(name), repository.rendered.workspaces[name].keys()
    known = Surroundings(len(declared), len(declared & listed))
    created = [change.slug for change in made.changes if change.action is Action.CREATE]
    if not created or settings.url == EMBEDDED:
        return known
    earlier, fewest = base, 1
    if base is None and not known.listed and len(created) >= settings.limits.minimum:
        past = ask_past()
        earlier, fewest = None if past is None else past.before_head(), settings.limits.minimum
    vanished = tuple(slug for slug in created if earlier is not None and slug in earlier.presets)
    if earlier is None or len(vanished) < fewest:
        return known
    return replace(known, vanished=vanished, since=earlier.commit)


def _unkept(made: Plan, desired: DesiredState, actual: ActualState, shown: churn.Shown) -> dict[str, str]:
    """The changes that would write again what the workspace was shown not to keep, each with a word on that."""
    found: dict[str, str] = {}
    for change in made.pending:
        live = actual.presets[change.slug].version if change.action is Action.UPDATE else None
        if live is not None and shown(desired[change.slug], change.fields, live):
            found[change.slug] = churn.warning(change.fields, live, made.workspace.name)
    return found


def gather(
    repository: Repository, workspace: str, reader: PresetReader, slugs: Collection[str] | None = None
) -> ActualState:
    """Reads a workspace: its list, and the named presets, or all that files declare.

    AccessError where the key opens another workspace.
    """
    _check_identity(workspace, repository.settings(workspace), reader)
    return _read_actual(reader, repository.rendered.workspaces[workspace] if slugs is None else slugs)


def find_drift(
    repository: Repository, workspace: str, reader: PresetReader, base: BaseState, ask_past: AskPast = no_past
) -> list[Drift]:
    """What the workspace holds otherwise than ``base`` declares, with all versions of it."""
    from presetctl.drift import Comparer  # a plan needs none of it

    settings = repository.settings(workspace)
    _check_identity(workspace, settings, reader)
    comparer = Comparer(repository.kinds_in_use(workspace, base), settings.not_kept)
    found = comparer.drifts(base, _read_actual(reader, base.presets))
    shown = churn.Shown(reader, comparer.kinds, ask_past)
    dated = [
        comparer.with_versions(drift, base.presets[drift.slug], reader.list_versions(drift.slug)) for drift in found
    ]
    return [replace(drift, unkept=_is_unkept(drift, base.presets[drift.slug], shown)) for drift in dated]


def _is_unkept(drift: Drift, declared: Preset, shown: churn.Shown) -> bool:
    missing = [FieldChange(field.path, field.after, field.before) for field in drift.fields]
    return drift.live is not None and shown(declared, missing, drift.live, drift.history)


def standings(repository: Repository, workspace: str, reader: PresetReader, ask_past: AskPast = no_past) -> list[Row]:
    """How every preset stands that is declared for a workspace or listed there, by slug."""
    from presetctl.inventory import Standing, inventory

    desired, kinds = repository.rendered.workspaces[workspace], repository.kinds_in_use(workspace)
    rows = inventory(desired, gather(repository, workspace, reader), kinds, repository.settings(workspace).not_kept)
    shown = churn.Shown(reader, kinds, ask_past)
    return [replace(row, standing=Standing.IN_SYNC) if _lacks_unkept(row, shown) else row for row in rows]


def _lacks_unkept(row: Row, shown: churn.Shown) -> bool:
    return row.preset is not None and row.live is not None and shown(row.preset, row.fields, row.live)


def _check_valid(repository: Repository) -> None:
    if not repository.valid:
        raise InputError("nothing was planned, because not every file is valid", problems=repository.problems)


def _check_identity(workspace: str, settings: Workspace, reader: PresetReader) -> str | None:
    if settings.workspace_id is None:
        return None
    found = reader.identity().workspace_id
    if found != settings.workspace_id:
        raise AccessError(
            f"the key opens the workspace {found or '(the remote does not say which)'}, but {workspace} is "
            f"{settings.workspace_id}; nothing was read or written there",
            hint="set the key of that workspace, or correct workspace_id in presetctl.yaml",
        )
    return found


def _read_actual(reader: PresetReader, desired: Collection[str]) -> ActualState:
    listing = reader.list_presets()
    rows = sorted(listing.rows, key=lambda row: row.status is not Status.ARCHIVED)
    listed = {row.slug: row for row in rows}  # an archived row never hides one that is live under the same slug
    needed = [slug for slug in sorted(desired) if slug in listed and listed[slug].status is not Status.ARCHIVED]
    unlisted = [] if listing.complete else [slug for slug in sorted(desired) if slug not in listed]
    presets: dict[str, ActualPreset] = {}
    for slug, preset in zip(needed, reader.read_listed([listed[slug] for slug in needed]), strict=True):
        if preset is None:
            raise StaleError(
                f"{slug} was listed and is gone by now; nothing was written", hint="somebody writes there: plan again"
            )
        presets[slug] = preset
    for preset in reader.read_presets(unlisted):
        if preset is not None:
            listed[preset.slug] = ListedPreset(preset.slug, preset.id, preset.status, None)
            presets[preset.slug] = preset
    return ActualState(listed, presets)


def check_unmoved(planned: Planned, saved: Plan, *, only_fingerprint: bool = False) -> None:
    """Compares a plan that was made again with a saved one. StaleError says what moved, where something did.

    Everything must be the same: the address, the base, and of every preset what is live and what is declared. With
    ``only_fingerprint`` just what would be done.
    """
    if only_fingerprint and planned.plan.fingerprint == saved.fingerprint:
        return
    moved = moves(saved, planned.plan)
    if moved:
        more = f", and {len(moved) - _MOVES_SHOWN} more" if len(moved) > _MOVES_SHOWN else ""
        raise StaleError(
            f"the plan no longer holds, nothing was written: {'; '.join(moved[:_MOVES_SHOWN])}{more}",
            hint="make a new plan, review it, and apply that",
        )


def protected(repository: Repository, planned: Planned) -> set[str]:
    """The protected names of a plan: its presets', and the workspace's own where that is protected.

    A preset whose file is gone is protected if it was when it was declared last.
    """
    name = planned.plan.workspace.name
    presets = {**planned.removed, **planned.desired}
    slugs = {slug for slug, preset in presets.items() if preset.protected}
    return slugs | ({name} if repository.settings(name).protected else set())


def objections(repository: Repository, planned: Planned, consent: Consent = NO_CONSENT) -> list[Objection]:
    """What stands against applying a plan."""
    limits = repository.settings(planned.plan.workspace.name).limits
    return list(guard.objections(planned.plan, limits, protected(repository, planned), consent, planned.around))


def apply(
    repository: Repository,
    planned: Planned,
    reader: PresetReader,
    writer: PresetWriter,
    consent: Consent = NO_CONSENT,
    conduct: Conduct | None = None,
) -> Iterator[Outcome]:
    """Applies a plan, change by change.

    Before the first write: SafetyError where consent is missing, or the workspace's list shrank since the plan;
    AccessError where something is to be archived or restored and there is no key for that.
    """
    from presetctl.apply import ONE_BY_ONE, Applier

    name = planned.plan.workspace.name
    settings = repository.settings(name)
    guard.check(planned.plan, settings.limits, protected(repository, planned), consent, planned.around)
    if planned.plan.removals or planned.plan.count(Action.RESTORE):
        writer.prepare_archiving()
    if planned.plan.removals:
        _check_list(planned, reader, settings.limits)
    applier = Applier(
        reader, writer, repository.kinds_in_use(name), settings.not_kept, conduct or ONE_BY_ONE, settings.timeout
    )
    return applier.apply(planned.plan, planned.desired)


def _check_list(planned: Planned, reader: PresetReader, limits: Limits) -> None:
    """Reads the list once more. SafetyError where it shrank by more than may be archived: then something is wrong."""
    now = {row.slug for row in reader.list_presets().rows if row.status is not Status.ARCHIVED}
    gone = planned.listed - now
    if not now or len(gone) > limits.archives_of(len(planned.listed)):
        name, before = planned.plan.workspace.name, len(planned.listed)
        raise SafetyError(
            f"the list of {name} shrank from {before} to {len(now)} presets between two reads; nothing was written",
            hint="find out who or what removes presets there, then plan again",
        )
