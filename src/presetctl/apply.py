"""Plan + ports → outcomes. For each change: read, write once, compare what was stored, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import StrEnum

from presetctl.delivery import Delivery
from presetctl.diff import field_changes
from presetctl.domain.change import Action, Change, Live, Plan
from presetctl.domain.errors import AmbiguousError, ConflictError, NotFoundError, PresetctlError
from presetctl.domain.kind import Kind, provider_of
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.preset import Preset
from presetctl.domain.provider import capabilities
from presetctl.domain.state import ActualPreset, DesiredState, Status, Version
from presetctl.persistence import held_content, kept
from presetctl.ports import PresetReader, PresetWriter
from presetctl.waiting import Pause, Waits

WAIT_SECONDS = 60.0
_PAUSE = Pause()

_STOPS = frozenset({Result.CONFLICT, Result.FAILED, Result.UNKNOWN})
_WRITTEN = 6
"""The exit code of what was written and isn't as it was to be; of a conflict, where our write is among the versions."""
_DONE = {Action.ARCHIVE: "archived", Action.DELETE: "deleted"}
_WELL = frozenset({Result.APPLIED, Result.UNCHANGED})


class OnError(StrEnum):
    """What to do about the changes after one that failed."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True)
class Conduct:
    """How an apply goes about its changes.

    ``parallelism`` is how many presets are written at the same time. ``stopping`` is asked before each change: where
    it says so, no further one is begun, and those under way are finished.
    """

    parallelism: int = 1
    on_error: OnError = OnError.STOP
    stopping: Callable[[], bool] = lambda: False


ONE_BY_ONE = Conduct()


@dataclass(frozen=True)
class Applier:
    """Applies plans to one workspace. ``wait_seconds`` is how long all waits of one write may take together."""

    reader: PresetReader
    writer: PresetWriter
    kinds: Mapping[str, Kind]
    not_kept: Sequence[str] = ()
    conduct: Conduct = ONE_BY_ONE
    wait_seconds: float = WAIT_SECONDS
    pause: Pause = _PAUSE

    def apply(self, plan: Plan, desired: DesiredState) -> Iterator[Outcome]:
        """Applies the plan's changes and yields each outcome as it happens.

        What takes something from another preset comes after the others, and what goes after everything else, and only
        where all of that went well: whatever is to take the place of what goes is then there.
        """
        made = [change for change in plan.pending if not change.removes]
        unwell = False
        for outcome in self._applied(sorted(made, key=lambda change: self._is_late(desired[change.slug])), desired):
            unwell = unwell or outcome.result not in _WELL
            yield outcome
        if unwell:
            why = "not tried, because not all went well before: nothing is {} then"
            yield from (Outcome(c, Result.SKIPPED, message=why.format(_DONE[c.action])) for c in plan.removals)
        else:
            yield from self._applied(plan.removals, {})

    def _is_late(self, preset: Preset | None) -> bool:
        """Whether it takes something from another preset: then it's written after the others, and never beside one."""
        return preset is not None and self.kinds[preset.kind].exclusive in preset.content.config

    def _applied(self, changes: Sequence[Change], desired: DesiredState) -> Iterator[Outcome]:
        """Applies changes; those without a desired preset are removed.

        Changes are begun in the plan's order. After a conflict or a failure nothing more is begun, unless the conduct
        says to go on; what is left is yielded as skipped. KeyboardInterrupt abandons what is under way: its outcome
        is unknown.
        """
        left, running = list(changes), dict[Future[Outcome], Change]()
        reason = ""
        pool = ThreadPoolExecutor(self.conduct.parallelism)
        try:
            while running or (left and not reason):
                reason = reason or ("it was interrupted" if self.conduct.stopping() else "")
                while left and not reason and len(running) < self.conduct.parallelism:
                    if running and self._is_late(desired.get(left[0].slug)):
                        break
                    change = left.pop(0)
                    running[pool.submit(self._outcome, change, desired.get(change.slug))] = change
                done = wait(running, return_when=FIRST_COMPLETED).done
                for future in [future for future in running if future in done]:
                    outcome = future.result()
                    del running[future]
                    yield outcome
                    failed = self.conduct.on_error is OnError.STOP and outcome.result in _STOPS
                    reason = reason or ("a change before it failed" if failed else "")
        except KeyboardInterrupt:
            yield from (_abandoned(change) for change in running.values())
            reason = "it was interrupted"
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        yield from (Outcome(c, Result.SKIPPED, message=f"not tried, because {reason}") for c in left)

    def _outcome(self, change: Change, preset: Preset | None) -> Outcome:
        try:
            return self._remove(change) if preset is None else self._apply(change, preset)
        except _HalfwayError as halfway:
            return Outcome(change, halfway.result, message=str(halfway), exit_code=_WRITTEN)
        except _ConflictError as conflict:
            return Outcome(
                change, Result.CONFLICT, conflict.version, message=str(conflict), exit_code=conflict.exit_code
            )
        except AmbiguousError as error:
            message = f"nobody knows whether it was stored: {error.message}; the next plan will show"
            return Outcome(change, Result.UNKNOWN, message=message, exit_code=error.exit_code)
        except PresetctlError as error:
            message = f"{error.message} ({error.hint})" if error.hint else error.message
            return Outcome(change, Result.FAILED, message=message, exit_code=error.exit_code)

    def _apply(self, change: Change, preset: Preset) -> Outcome:
        before = self._check_unmoved(change)
        if change.action is Action.RESTORE:
            before = self._restored(change)
            if before is not None and not self._differences(before, preset):
                return _told(change, Result.APPLIED, before)
        if change.action is Action.REPLACE and before is not None:
            return self._replace(change, preset, before)
        return self._written(change, preset, before)

    def _replace(self, change: Change, preset: Preset, before: Version) -> Outcome:
        """Deletes a preset and makes it again. What happens in between is found by the next plan: it's missing then."""
        slug = change.slug

        def moved(found: ActualPreset | None) -> bool:
            version = None if found is None else found.version
            # An adopted preset is marked before it's deleted, which gives it another id.
            return version is None or (version.id != before.id and version.content.digest != before.content.digest)

        try:
            sent = self._delivery.send(slug, lambda: self.writer.remove(slug), moved)
        except NotFoundError:
            raise _ConflictError("to be made again, and gone by now: somebody else deleted it") from None
        if not sent.answered and sent.preset is not None:
            code = 6 if sent.in_doubt else 5
            raise _ConflictError("to be made again, but another content is live by now", exit_code=code)
        try:
            if not sent.answered or self._gone(slug):
                return self._written(change, preset, None)
        except (PresetctlError, _ConflictError) as error:
            raise _HalfwayError(error) from error
        raise _ConflictError("the workspace answers that it is deleted, and it is live all the same", exit_code=6)

    def _written(self, change: Change, preset: Preset, before: Version | None) -> Outcome:
        try:
            stored = self._write(change, preset, before)
        except ConflictError as error:
            raise _explained(change, error) from error
        lost = self._differences(stored, preset)
        if before is not None and _is_same(stored, before):
            return _told(change, Result.UNCHANGED, stored, lost)
        expected = _next(before, stored)
        if stored.number != expected and not (before is None and change.action is Action.RESTORE):
            raise _ConflictError(
                f"stored as version {stored.number}, not {expected}: somebody else wrote at the same time",
                stored.number,
                6,
            )
        return _told(change, Result.APPLIED, stored, lost)

    def _check_unmoved(self, change: Change) -> Version | None:
        """Reads what the write would replace; anything but what the plan saw is a conflict."""
        current = self._read(change.slug)
        version = current.version if current is not None else None
        if change.before is None:
            if change.action is Action.UPDATE and current is not None and version is None:
                return None
            if current is not None:
                number = "a preset" if version is None or version.number is None else f"version {version.number}"
                raise _ConflictError(
                    f"planned as new, but the workspace has {number} by now", version.number if version else None
                )
            return None
        if version is None:
            raise _ConflictError(f"planned against {named(change.before.version)}, which is gone")
        if not _is_as_planned(version, change.before):
            raise _ConflictError(
                f"planned against {named(change.before.version)}, but {named(version.number, other=True)} is live",
                version.number,
            )
        return version

    def _restored(self, change: Change) -> Version | None:
        sent = self._delivery.send(change.slug, lambda: self.writer.restore(change.slug), _is_active)
        return None if sent.preset is None else sent.preset.version

    def _write(self, change: Change, preset: Preset, before: Version | None) -> Version:
        def moved(found: ActualPreset | None) -> bool:
            return not _same(None if found is None else found.version, before)

        sent = self._delivery.send(change.slug, lambda: self.writer.write(preset), moved)
        version = None if sent.preset is None else sent.preset.version
        if not sent.answered:
            return self._arrived(version, preset, before, 6 if sent.in_doubt else 5)
        if version is None:
            raise _ConflictError("the reply names no version that would be live now", exit_code=6)
        return version

    def _remove(self, change: Change) -> Outcome:
        """Takes a preset away, and looks whether it's gone. One that somebody edited since the plan stays."""
        slug, done = change.slug, _DONE[change.action]
        found = self._read(slug)
        if _hidden(found):
            return Outcome(change, Result.UNCHANGED, message=f"{done} already, or gone")
        self._check_as_planned(change, found)

        def moved(current: ActualPreset | None) -> bool:
            return _hidden(current) or not _as_planned(change, current)

        try:
            sent = self._delivery.send(slug, lambda: self.writer.remove(slug), moved)
        except NotFoundError:
            return self._not_found(change)
        if not sent.answered and not _hidden(sent.preset):
            self._check_as_planned(change, sent.preset, 6 if sent.in_doubt else 5)
        elif sent.answered and not self._gone(slug):
            message = f"the workspace answers that it is {done}, and it is live all the same"
            return Outcome(change, Result.NOT_PERSISTED, message=message, exit_code=6)
        return Outcome(change, Result.APPLIED, message=done)

    def _check_as_planned(self, change: Change, found: ActualPreset | None, exit_code: int = 5) -> None:
        version = None if found is None else found.version
        if found is not None and found.status is Status.DISABLED:
            raise _ConflictError("disabled by now, and a disabled preset can't be archived", None, exit_code)
        if not _as_planned(change, found):
            planned = "no version" if change.before is None else named(change.before.version)
            now = "none" if version is None else named(version.number, other=True)
            message = f"to be {_DONE[change.action]} with {planned} live, but {now} is live by now"
            raise _ConflictError(message, None if version is None else version.number, exit_code)

    def _gone(self, slug: str) -> bool:
        """Whether a preset is hidden; it's read twice, since one read may be stale."""
        return _hidden(self._read(slug)) or (
            Waits(self.pause, self.wait_seconds).wait(None) and _hidden(self._read(slug))
        )

    def _not_found(self, change: Change) -> Outcome:
        """404 means that the preset is not there, or that archiving isn't."""
        if _hidden(self._read(change.slug)):
            return Outcome(change, Result.UNCHANGED, message=f"{_DONE[change.action]} already, or gone")
        raise NotFoundError(
            f"{change.slug} is there, and the workspace answers 404 to archiving it: it doesn't support that, or the "
            "management key doesn't open it",
            hint="archive it in the provider's dashboard, or set `prune: report` for the workspace",
        )

    def _arrived(self, found: Version | None, preset: Preset, before: Version | None, exit_code: int) -> Version:
        """No reply says so, but the workspace has moved: by our write, or by somebody else's?"""
        if found is None or self._differences(found, preset):
            number = None if found is None else found.number
            raise _ConflictError(
                "the write was not confirmed, and what is live now is not what was sent", number, exit_code
            )
        expected = _next(before, found)
        if found.number != expected:
            raise _ConflictError(
                f"the write was not confirmed, and it is live as version {found.number}, not {expected}",
                found.number,
                exit_code,
            )
        return found

    @property
    def _delivery(self) -> Delivery:
        return Delivery(self.reader, self.pause, self.wait_seconds, self.conduct.stopping)

    def _read(self, slug: str) -> ActualPreset | None:
        return self.reader.read_presets([slug])[0]

    def _differences(self, stored: Version, preset: Preset) -> tuple[str, ...]:
        kind, held = self.kinds[preset.kind], held_content(stored.content, self.not_kept)
        return tuple(field.name for field in field_changes(held, kept(kind, preset.content, self.not_kept), kind))


class _ConflictError(Exception):
    """Somebody else moved the preset. ``exit_code`` is 5 where nothing of ours was written."""

    def __init__(self, message: str, version: int | None = None, exit_code: int = 5) -> None:
        super().__init__(message)
        self.version = version
        self.exit_code = exit_code


class _HalfwayError(Exception):
    """What was to be made again is deleted, and nobody saw it there again. ``result`` is what to tell of it."""

    def __init__(self, why: PresetctlError | _ConflictError) -> None:
        is_unknown = isinstance(why, AmbiguousError)
        what = "nobody knows whether that worked" if is_unknown else "that failed"
        super().__init__(f"deleted to be made again, and {what}: {why}; the next plan will show, and apply makes it")
        self.result = Result.UNKNOWN if is_unknown else Result.FAILED


def named(number: int | None, *, other: bool = False) -> str:
    """A version in a sentence; where none are counted, the content that was live, or the one that is by now."""
    if number is not None:
        return f"version {number}"
    return "another content" if other else "the content of then"


def _next(before: Version | None, stored: Version) -> int | None:
    """The number that a write over ``before`` gives; None where none are counted."""
    if stored.number is None:
        return None
    return 1 if before is None or before.number is None else before.number + 1


def _abandoned(change: Change) -> Outcome:
    message = "interrupted while it was being applied; the next plan will show what became of it"
    return Outcome(change, Result.UNKNOWN, message=message, exit_code=6)


def _told(change: Change, result: Result, stored: Version, lost: tuple[str, ...] = ()) -> Outcome:
    if lost:
        return Outcome(change, Result.NOT_PERSISTED, stored.number, lost, exit_code=6, version_id=stored.id)
    return Outcome(change, result, stored.number, version_id=stored.id)


def _explained(change: Change, error: ConflictError) -> ConflictError:
    """The conflict as it is, or where a slug can't be had, what is most likely in the way."""
    if change.action is not Action.CREATE or not capabilities(provider_of(change.kind)).archives:
        return error
    slug = change.slug
    return ConflictError(
        f"{slug} can't be created, although the workspace shows no such preset: its slug is most likely taken by an "
        f"archived one, which no list shows ({error.message})",
        hint=f"restore it in the provider's dashboard, or with a management key through POST /presets/{slug}/restore, "
        "and plan again; or give this preset another slug",
    )


def _hidden(found: ActualPreset | None) -> bool:
    return found is None or found.status is Status.ARCHIVED


def _as_planned(change: Change, found: ActualPreset | None) -> bool:
    version = None if found is None else found.version
    if version is None or change.before is None:
        return version is None and change.before is None
    return _is_as_planned(version, change.before)


def _is_same(stored: Version, before: Version) -> bool:
    """Whether a write made nothing new. Where no versions are counted, the id doesn't tell of everything."""
    return stored.id == before.id and (stored.number is not None or stored.content.digest == before.content.digest)


def _is_as_planned(version: Version, planned: Live) -> bool:
    """Where no versions are counted, the id tells contents apart, and leaves out what isn't the files' business."""
    return version.id == planned.version_id and (version.number is None or version.content.digest == planned.digest)


def _is_active(found: ActualPreset | None) -> bool:
    return found is not None and found.status is Status.ACTIVE


def _same(one: Version | None, other: Version | None) -> bool:
    return (one and one.id) == (other and other.id)


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """The code of a whole run: 0, or 6 where something was written, or the failure's own where nothing was.

    Where nobody knows whether something was written, the code of that comes before those that say it wasn't.
    """
    results = list(outcomes)
    failed = [outcome for outcome in results if outcome.exit_code]
    if not failed:
        return 0
    if any(o.result in {Result.APPLIED, Result.NOT_PERSISTED} or o.exit_code == _WRITTEN for o in results):
        return _WRITTEN
    return next((o for o in failed if o.result is Result.UNKNOWN), failed[0]).exit_code
