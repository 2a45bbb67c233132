"""One write, delivered once: after every result that leaves a doubt the workspace is read before anything else.

The remote has no idempotency key and no precondition, so a request that is sent again after it took effect would make
a second version. It is sent again only when two reads, one at once and one after a pause, show the workspace unmoved:
a single read may be stale, and a request that a gateway gave up on may still be on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from presetctl.domain.errors import AmbiguousError, BusyError, ConflictError, PresetctlError, RemoteError
from presetctl.domain.state import ActualPreset
from presetctl.ports import PresetReader
from presetctl.waiting import Pause, Waits

WRITE_ATTEMPTS = 3
"""How often one change is sent at most."""
CONFLICT_ATTEMPTS = 2
"""How often one change is sent at most where the remote answers that something got in between."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What is live after a write.

    ``answered``: the write's own reply says so; otherwise it was read after the write had failed. ``in_doubt``: one of
    the requests that were sent may have taken effect without telling.
    """

    preset: ActualPreset | None
    answered: bool
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivers writes to one workspace.

    ``budget`` is the seconds that all waits of one write may take together. Where ``stopping`` says so, a wait ends,
    and nothing is sent again.
    """

    reader: PresetReader
    pause: Pause
    budget: float
    stopping: Callable[[], bool] | None = None

    def send(
        self, slug: str, write: Callable[[], ActualPreset | None], moved: Callable[[ActualPreset | None], bool]
    ) -> Delivered:
        """Sends ``write`` until it's answered, or ``moved`` says of what is read that something took effect.

        A refusal ends it with its own error. So does a result that is worth another try, when there were enough of
        them or the remote asks for a longer wait than the budget has left: AmbiguousError where a request may have
        taken effect; BusyError or ConflictError where none has.
        """
        waits, failures = Waits(self.pause, self.budget, self.stopping), list[RemoteError]()
        while True:
            try:
                return Delivered(write(), answered=True)
            except (AmbiguousError, BusyError, ConflictError) as error:
                failures.append(error)
            found = self._read(slug, failures)
            if not moved(found):
                if _enough(failures) or not waits.wait(failures[-1].retry_after):
                    raise _verdict(failures)
                found = self._read(slug, failures)
            if moved(found):
                return Delivered(found, answered=False, in_doubt=_in_doubt(failures))
            if self.stopping is not None and self.stopping():
                raise _verdict(failures)

    def _read(self, slug: str, failures: Sequence[RemoteError]) -> ActualPreset | None:
        try:
            return self.reader.read_presets([slug])[0]
        except PresetctlError as error:
            if not _in_doubt(failures):
                raise failures[-1] from error
            raise AmbiguousError(
                f"{failures[-1].message}; nor can it be read: {error.message}", hint=error.hint
            ) from error


def _enough(failures: Sequence[RemoteError]) -> bool:
    conflicts = sum(isinstance(failure, ConflictError) for failure in failures)
    return len(failures) == WRITE_ATTEMPTS or conflicts == CONFLICT_ATTEMPTS


def _in_doubt(failures: Sequence[RemoteError]) -> bool:
    return any(isinstance(failure, AmbiguousError) for failure in failures)


def _verdict(failures: Sequence[RemoteError]) -> RemoteError:
    """The last failure; a doubt that an earlier one left stays one."""
    last = failures[-1]
    if isinstance(last, AmbiguousError) or not _in_doubt(failures):
        return last
    return AmbiguousError(last.message, hint=last.hint, retry_after=last.retry_after)
