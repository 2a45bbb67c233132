"""One write is delivered once, whatever becomes of its replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from presetctl.delivery import WRITE_ATTEMPTS, Delivered, Delivery
from presetctl.domain.errors import AccessError, AmbiguousError, BusyError, ConflictError, RemoteError
from presetctl.domain.preset import Content
from presetctl.domain.state import ActualPreset, Status, Version
from presetctl.waiting import Pause
from tests.unit.memory import Memory

Step = str | RemoteError


@dataclass
class Remote(Memory):
    """Plays ``answers``, one for each write: an error, ``ok``, or ``stored``: stored, and then nobody knows."""

    answers: list[Step] = field(default_factory=list)
    stale: int = 0
    unreadable: bool = False
    slept: list[float] = field(default_factory=list)

    def read_presets(self, slugs: Sequence[str]) -> Sequence[ActualPreset | None]:
        if self.unreadable:
            raise AccessError("no more")
        found = super().read_presets(slugs)
        if self.stale and found[0] is not None:
            self.stale -= 1
            return [None]
        return found

    def send(self) -> ActualPreset:
        self.log.append("write a")
        answer = self.answers.pop(0)
        if not isinstance(answer, str):
            raise answer
        self.put("a", Content(None, {}), len([entry for entry in self.log if entry == "stored"]) + 1)
        self.log.append("stored")
        if answer == "stored":
            raise AmbiguousError("lost")
        return self.presets["a"]

    def delivered(self, sleep: Callable[[float], object] | None = None) -> Delivered:
        delivery = Delivery(self, Pause(sleep or self.slept.append, lambda: 1.0), 10)
        return delivery.send("a", self.send, lambda found: found is not None)


STORED = ActualPreset("a", "id-a", Status.ACTIVE, Version("a-1", 1, Content(None, {})))
LOST = AmbiguousError("lost")


@pytest.mark.parametrize(
    ("answers", "delivered", "log"),
    [
        (["ok"], Delivered(STORED, True), ["write a", "stored"]),
        (["stored"], Delivered(STORED, False, True), ["write a", "stored", "read a"]),
        ([LOST, "ok"], Delivered(STORED, True), ["write a", "read a", "read a", "write a", "stored"]),
        ([BusyError("429"), "ok"], Delivered(STORED, True), ["write a", "read a", "read a", "write a", "stored"]),
        ([ConflictError("409"), "ok"], Delivered(STORED, True), ["write a", "read a", "read a", "write a", "stored"]),
    ],
)
def test_results(answers: list[Step], delivered: Delivered, log: list[str]) -> None:
    remote = Remote(answers=answers)
    assert remote.delivered() == delivered
    assert remote.log == log


def test_a_stale_read_sends_nothing_again() -> None:
    remote = Remote(answers=["stored"], stale=1)
    assert remote.delivered() == Delivered(STORED, False, True)
    assert remote.log == ["write a", "stored", "read a", "read a"]


def test_a_write_that_arrives_while_we_wait_is_not_sent_again() -> None:
    remote = Remote(answers=[LOST])
    assert remote.delivered(lambda _: remote.put("a", Content(None, {}))).in_doubt
    assert remote.log == ["write a", "read a", "read a"]


def test_somebody_elses_write_while_we_wait_is_no_doubt_of_ours() -> None:
    remote = Remote(answers=[BusyError("429")])
    assert remote.delivered(lambda _: remote.put("a", Content(None, {}))) == Delivered(STORED, False, False)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([LOST] * WRITE_ATTEMPTS, AmbiguousError),
        ([BusyError("429")] * WRITE_ATTEMPTS, BusyError),
        ([ConflictError("409")] * 2, ConflictError),
        ([LOST, ConflictError("409"), ConflictError("409")], AmbiguousError),
        ([LOST, BusyError("429"), BusyError("429")], AmbiguousError),
        ([BusyError("429"), BusyError("429"), LOST], AmbiguousError),
        ([RemoteError("400")], RemoteError),
        ([BusyError("429", retry_after=11)], BusyError),
        ([BusyError("429", retry_after=6), BusyError("429", retry_after=6)], BusyError),
        ([AmbiguousError("503", retry_after=11)], AmbiguousError),
        ([LOST, BusyError("429", retry_after=11)], AmbiguousError),
    ],
)
def test_giving_up(answers: list[Step], kind: type[RemoteError]) -> None:
    remote = Remote(answers=list(answers))
    with pytest.raises(RemoteError) as raised:
        remote.delivered()
    assert type(raised.value) is kind
    assert raised.value.message == getattr(answers[-1], "message", "")
    assert remote.answers == []


def test_it_waits_as_long_as_the_remote_asks() -> None:
    remote = Remote(answers=[BusyError("429", retry_after=3), AmbiguousError("503", retry_after=4), "ok"])
    assert remote.delivered().answered
    assert remote.slept == [3, 4]


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [(LOST, AmbiguousError, "lost; nor can it be read: no more"), (BusyError("429"), BusyError, "429")],
)
def test_a_read_that_fails_as_well(error: RemoteError, kind: type[RemoteError], message: str) -> None:
    with pytest.raises(RemoteError) as raised:
        Remote(answers=[error], unreadable=True).delivered()
    assert (type(raised.value), raised.value.message) == (kind, message)


@pytest.mark.parametrize(("error", "kind"), [(BusyError("429"), BusyError), (LOST, AmbiguousError)])
def test_nothing_is_sent_again_where_somebody_asks_to_stop(error: RemoteError, kind: type[RemoteError]) -> None:
    remote = Remote(answers=[error, "ok"])
    delivery = Delivery(remote, Pause(remote.slept.append), 10, stopping=lambda: bool(remote.slept))
    with pytest.raises(kind):
        delivery.send("a", remote.send, lambda found: found is not None)
    assert remote.log == ["write a", "read a", "read a"]


def test_what_is_under_way_goes_on_while_nobody_asks_to_stop() -> None:
    remote = Remote(answers=[LOST, "ok"])
    delivery = Delivery(remote, Pause(remote.slept.append), 10, stopping=lambda: False)
    assert delivery.send("a", remote.send, lambda found: found is not None).answered
