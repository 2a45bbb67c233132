"""Eight appliers at the same time, from clones of one repository: with a lock, and without one.

Each change is made exactly once, or told as not applied; and nobody's version is replaced by one that is told as
applied without having seen it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from presetctl.emulator.app import create_app
from presetctl.emulator.server import serve
from tests.gits import Git, needs_git, shared
from tests.torture import applier
from tests.torture.witness import Entry, Request, Witness

pytestmark = needs_git
APPLIERS = 8
CLONES = 4
SLUGS = ("a", "b", "c", "d")
WAIT = 600
NOT_APPLIED = {"conflict", "skipped"}
"""What is told of a change that somebody else got in the way of."""


@dataclass(frozen=True)
class Told:
    """What one applier told: its exit code, and the outcome of each change by slug, or an error."""

    key: str
    code: int
    document: Mapping[str, Any]

    @property
    def outcomes(self) -> dict[str, Mapping[str, Any]]:
        return {outcome["slug"]: outcome for outcome in self.document["outcomes"]}

    def check(self, made: Sequence[Entry]) -> None:
        """Each version of this applier is one that it told of, and the other way round."""
        outcomes = self.outcomes
        numbers = {entry.slug: entry.held.number for entry in made}
        assert len(numbers) == len(made), ("two versions for one change", self)
        for slug, outcome in outcomes.items():
            if outcome["result"] == "applied":
                assert numbers[slug] == outcome["version"], self
            else:
                assert outcome["result"] in NOT_APPLIED, self
        for entry in made:
            outcome = outcomes[entry.slug]
            seen = entry.replaced == entry.held.number - 1 if outcome["result"] == "applied" else self.code == 6
            assert seen, ("overwritten unseen", self, entry)
            assert outcome["version"] == entry.held.number, self
        well = all(outcome["result"] == "applied" for outcome in outcomes.values())
        assert (self.code == 0) == well, self


@dataclass
class Meeting:
    """Where all have planned before anybody writes: then each plans to write, and all of them the same."""

    witness: Witness
    read: Counter[str] = field(default_factory=Counter)
    ready: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, request: Request) -> None:
        with self.ready:
            if request.method == "POST":
                self.read[request.by] += len(SLUGS)  # who knew the versions from earlier has read only the list
                self.ready.notify_all()
                assert self.ready.wait_for(lambda: len(self.planned) == APPLIERS, WAIT)
            elif request.path.split("/")[-1] in SLUGS:
                self.read[request.by] += 1
                self.ready.notify_all()

    @property
    def planned(self) -> set[str]:
        return {key for key, count in self.read.items() if count >= len(SLUGS)}


@dataclass
class Crowd:
    """The appliers, their clones and the workspace."""

    folder: Path
    witness: Witness
    locked: bool
    rounds: int = 0
    figures: Counter[str] = field(default_factory=Counter)

    @cached_property
    def processes(self) -> Any:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([applier.__name__])
        return context

    def declare(self, *, same: bool) -> None:
        """Other contents than ever before; the same in all clones, or in each its own."""
        for clone in range(CLONES):
            number = self.rounds * CLONES + (0 if same else clone) + 1
            for slug in SLUGS:
                Git(self.clone(clone)).write(f"presets/{slug}.yaml", f"config: {{model: m, max_tokens: {number}}}\n")

    def clone(self, number: int) -> Path:
        return self.folder / f"clone{number % CLONES}"

    def words(self, number: int) -> list[str]:
        more = ["--on-error", "continue"] if number % 2 else []
        return [
            "apply",
            "--yes",
            "--format",
            "json",
            "--lock-timeout",
            "600",
            "--parallelism",
            str(number % 3 + 1),
            *more,
        ]

    def apply_all(self) -> list[Told]:
        together = self.processes.Barrier(APPLIERS)
        keys = [f"applier-{self.rounds}-{number}" for number in range(APPLIERS)]
        running = []
        for number, key in enumerate(keys):
            environment = {"OPENROUTER_API_KEY": key, "PRESETCTL_HOLDER": key}
            words = (self.clone(number), self.words(number), environment, self.folder / key, together)
            running.append(self.processes.Process(target=applier.apply, args=words))
        for process in running:
            process.start()
        for process in running:
            process.join(WAIT)
        return [self._told(key, process.exitcode) for key, process in zip(keys, running, strict=True)]

    def _told(self, key: str, code: int) -> Told:
        out, talk = ((self.folder / f"{key}.{end}").read_text() for end in ("out", "err"))
        document = json.loads(out or "{}")
        assert "outcomes" in document, (code, out, talk)
        return Told(key, code, document)

    def play(self, *, same: bool, meet: bool) -> None:
        """One round."""
        self.rounds += 1
        self.declare(same=same)
        self.witness.before = Meeting(self.witness) if meet else lambda _: None
        self.witness.turns.clear()
        first = len(self.witness.entries)
        told = self.apply_all()
        made = self.witness.entries[first:]
        for it in told:
            it.check([entry for entry in made if entry.by == it.key])
        assert {entry.by for entry in made} <= {it.key for it in told}
        outcomes = [outcome for it in told for outcome in it.outcomes.values()]
        applied = Counter(outcome["slug"] for outcome in outcomes if outcome["result"] == "applied")
        self._check_round(same, meet, applied, made, outcomes)
        self.figures += Counter(
            runs=1, applies=len(told), versions=len(made), conflicts=sum(o["result"] == "conflict" for o in outcomes)
        )

    def _check_round(
        self, same: bool, meet: bool, applied: Counter[str], made: Sequence[Entry], outcomes: Sequence[Any]
    ) -> None:
        if same:
            assert applied == dict.fromkeys(SLUGS, 1), "each change once"
        if meet:
            assert len(outcomes) == APPLIERS * len(SLUGS), "each change of each applier is told of"
            assert applied.keys() == set(SLUGS)
        if self.locked:
            assert len(self.witness.turns) == APPLIERS, "nobody came in between"
            assert len(made) == applied.total() == len(outcomes), "nobody got in the way"
        wanted = {self.rounds * CLONES + (0 if same else clone) + 1 for clone in range(CLONES)}
        for slug in SLUGS:
            live = self.witness.live(slug)
            assert live is not None
            assert live.config["max_tokens"] in wanted
            assert live == [entry.held for entry in made if entry.slug == slug][-1]


@pytest.fixture
def witness() -> Iterator[Witness]:
    with closing(create_app()) as app:
        yield Witness(app)


@pytest.fixture(params=[True, False], ids=["with a lock", "without a lock"])
def crowd(
    request: pytest.FixtureRequest, witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crowd]:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    clones = shared(tmp_path, *(f"clone{number}" for number in range(CLONES)))
    for slug in SLUGS:
        witness.save(slug, {"model": "m"}, None)
    with serve(witness, threads=4 * APPLIERS) as url:
        lock = ", lock: git" if request.param else ""
        for clone in clones:
            clone.write(
                "presetctl.yaml", f"version: 1\nworkspaces: {{live: {{provider: openrouter, url: '{url}'{lock}}}}}\n"
            )
        yield Crowd(tmp_path, witness, request.param)


def play(crowd: Crowd, rounds: int, record_property: Any) -> None:
    """Rounds of every kind: the same or other files in the clones; whoever comes first, or all after they planned."""
    for number in range(rounds):
        crowd.play(same=number % 2 == crowd.locked, meet=not crowd.locked and number % 4 < 2)
    for name, count in crowd.figures.items():
        record_property(name, count)


@pytest.mark.battery(f"{APPLIERS} appliers at once")
def test_one_round(crowd: Crowd, record_property: Any) -> None:
    play(crowd, 1, record_property)


@pytest.mark.torture
@pytest.mark.battery(f"{APPLIERS} appliers at once")
def test_many_rounds(crowd: Crowd, record_property: Any) -> None:
    play(crowd, 50, record_property)
