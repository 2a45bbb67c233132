"""GitHub on bad days: whatever goes wrong, there is one comment and one issue in the end, and they are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest

from presetctl.github.marker import DriftMark, PlanMark, read_mark
from tests.acceptance.cli import Shell
from tests.github.plans import HEAD, changing, quiet, save
from tests.github.standin import SECONDARY, Answer, Fault, StandIn
from tests.github.test_issue import drift, report

REFUSED = [
    Answer(403, SECONDARY, {"Retry-After": "0"}), Answer(429, SECONDARY, {"Retry-After": "0"}),
    Answer(403, {"message": "No"}), Answer(404, {}),
]  # fmt: skip
BAD = [
    *(Fault(method, answer, done)
      for method in ("POST ", "PATCH ")
      for answer in (None, Answer(500, b"<html>"), Answer(502, b""), Answer(200, b"{"), Answer(302, b""))
      for done in (True, False)),
    *(Fault("GET ", answer) for answer in (None, Answer(500, b""), Answer(503, b"{}"), Answer(200, b"["))),
    *(Fault(method, answer) for method in ("GET ", "POST ", "PATCH ") for answer in REFUSED),
]  # fmt: skip
RIGHT = {0, 7, 8}


@dataclass(frozen=True)
class World:
    shell: Shell
    hub: StandIn

    def run(self, *words: str, random: Random | None = None) -> int:
        """One command, with things going wrong where ``random`` says what; gives the exit code."""
        self.hub.faults = [random.choice(BAD) for _ in range(random.randrange(1, 8))] if random is not None else []
        return self.shell(*words, code=None).code

    def comment(self, random: Random | None, number: int) -> None:
        plan = random.choice([quiet(), changing(after=str(random.random()))]) if random is not None else changing()
        code = self.run("ci", "comment", save(self.shell, plan), "--pull-request", str(number), random=random)
        marks = [mark for row in self.hub.comments for mark in [read_mark(row["body"], PlanMark)] if mark is not None]
        assert code in RIGHT
        assert len(marks) <= 1
        if code == 0 and (marks or plan.pending):
            assert [mark.fingerprint for mark in marks] == [plan.fingerprint]

    def issue(self, random: Random | None) -> None:
        drifts = [drift(after=random.random())] if random is not None and random.random() < 0.7 else []
        code = self.run("ci", "issue", report(self.shell, *drifts), random=random)
        marks = [mark for row in self.hub.issues for mark in [read_mark(row["body"], DriftMark)] if mark is not None]
        assert code in RIGHT
        assert len(marks) <= 1
        if code == 0 and marks:
            assert (marks[0].digest != "", self.hub.issues[0]["state"] == "open") == (bool(drifts), bool(drifts))


def days(shell: Shell, hub: StandIn, seeds: range, record: Callable[[str, object], None]) -> None:
    world = World(shell, hub)
    number = hub.open_pull(HEAD)
    for seed in seeds:
        hub.comments.clear()
        hub.issues.clear()
        random = Random(seed)
        for _ in range(3):
            world.comment(random, number)
            world.issue(random)
        world.comment(None, number)
        world.issue(None)
        assert len(hub.comments) == 1
    record("runs", 6 * len(seeds))


@pytest.mark.battery("github")
def test_some_bad_days(shell: Shell, hub: StandIn, record_property: Callable[[str, object], None]) -> None:
    days(shell, hub, range(10), record_property)


@pytest.mark.torture
@pytest.mark.battery("github")
@pytest.mark.parametrize("start", range(100, 400, 100))
def test_many_bad_days(shell: Shell, hub: StandIn, start: int, record_property: Callable[[str, object], None]) -> None:
    days(shell, hub, range(start, start + 100), record_property)
