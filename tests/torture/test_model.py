"""A model of everything that can happen to a workspace and its files, in any order, with an apply in the middle.

Every version in the workspace is told of by one outcome, or made by one edit in the dashboard; what is told as applied
is there; what is told as not applied isn't; and nothing that somebody else did in between is overwritten unseen.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from presetctl import waiting
from presetctl.apply import Conduct, OnError
from presetctl.domain.change import Plan
from presetctl.emulator.switches import Switches
from presetctl.repository import Selection
from tests.gits import needs_git
from tests.torture.line import OTHERS, STALE, TROUBLES, Key, Trouble
from tests.torture.world import SLUGS, Script, Wanted, World

pytestmark = needs_git

SLUG = st.sampled_from(SLUGS)
WANTED = st.builds(
    Wanted,
    prompt=st.sampled_from([None, "Be brief.", "Be kind."]),
    model=st.sampled_from(["m/one", "m/two"]),
    temperature=st.sampled_from([None, 0, 0.5, 1.0]),
    seed=st.sampled_from([None, 7]),
)
SEVERAL = st.dictionaries(SLUG, WANTED, min_size=2)
NUMBER = st.integers(0, 9)
Sketch = Sequence[tuple[int, int, Sequence[Trouble]]]
"""Troubles: at which of the presets that are to be written, from which request about it on, and what."""
BY_OTHERS = [trouble for trouble in TROUBLES if trouble.what in {*OTHERS, STALE}]
LOST = [trouble for trouble in TROUBLES if trouble.after and trouble.what not in OTHERS]
ALONE = [trouble for trouble in TROUBLES if trouble.what not in {*OTHERS, "crash", "interrupt", STALE}]


def sketches(rows: st.SearchStrategy[Sequence[Trouble]]) -> st.SearchStrategy[Sketch]:
    """A change takes two requests where all goes well: a read and a write."""
    return st.lists(st.tuples(st.integers(0, 9), st.sampled_from([1, 2, 2, 2]), rows), max_size=4)


def row_of(troubles: Sequence[Trouble]) -> st.SearchStrategy[Sequence[Trouble]]:
    return st.lists(st.sampled_from(troubles), min_size=1, max_size=4)


SKETCH = sketches(row_of(TROUBLES) | st.tuples(st.sampled_from(LOST), st.sampled_from(BY_OTHERS)))
SKETCH_ALONE = sketches(row_of(ALONE))
ON_ERROR = st.sampled_from(OnError)


def script_of(sketch: Sketch) -> Script:
    """The troubles at the presets that are to be written. Not more than one read in an apply is untrue."""

    def script(plan: Plan) -> Mapping[Key, Trouble]:
        slugs = [change.slug for change in plan.pending]
        found, lied = dict[Key, Trouble](), False
        for index, first, troubles in sketch if slugs else ():
            for number, trouble in enumerate(troubles, first):
                lie = trouble.what in {STALE, "404"}
                if not (lie and lied):
                    found[slugs[index % len(slugs)], number] = trouble
                lied = lied or lie
        return found

    return script


class Model(RuleBasedStateMachine):
    """What draws of a rule depend on is never what an apply came to."""

    folder: Path
    figures: Counter[str]
    numbers: Iterator[int]

    @initialize(
        several=SEVERAL,
        unknown_fields=st.sampled_from(["keep", "keep", "drop"]),
        identical_post=st.sampled_from(["version", "unchanged"]),
        post_to_archived=st.sampled_from(["conflict", "revive"]),
        server_defaults=st.booleans(),
        json_form=st.sampled_from(["verbatim", "normalized"]),
    )
    def begin(self, several: Mapping[str, Wanted], unknown_fields: Any, identical_post: Any, **more: Any) -> None:
        # Where both are unusual, what isn't kept never makes a version that could show it.
        identical: Any = "version" if unknown_fields == "drop" else identical_post
        switches = Switches(unknown_fields=unknown_fields, identical_post=identical, **more)
        self.world = World(self.folder / str(next(self.numbers)), switches)
        self.write_several(several)
        self.figures["runs"] += 1

    def tick(self) -> World:
        self.figures["steps"] += 1
        self.world.tick()
        return self.world

    # Files

    @rule(several=SEVERAL)
    def write_several(self, several: Mapping[str, Wanted]) -> None:
        world = self.tick()
        for slug, wanted in several.items():
            world.write(slug, wanted)

    @rule(slug=SLUG)
    def comment(self, slug: str) -> None:
        world = self.tick()
        if slug in world.wanted:
            world.put(slug, f"# note\n{world.file(slug).read_text()}")

    @rule(slug=SLUG)
    def delete(self, slug: str) -> None:
        world = self.tick()
        if slug in world.wanted:
            world.delete(slug)

    @rule()
    def commit(self) -> None:
        self.tick().commit()

    @rule(number=NUMBER)
    def revert(self, number: int) -> None:
        world = self.tick()
        before = world.commits[number % len(world.commits)]
        for slug in SLUGS:
            if slug in before:
                world.write(slug, before[slug])
            elif slug in world.wanted:
                world.delete(slug)

    @rule()
    def leave_a_clone_behind(self) -> None:
        world = self.tick()
        world.old = world.repository(), dict(world.wanted)

    # The dashboard

    @rule(slug=SLUG, wanted=WANTED, cached=st.booleans())
    def edit(self, slug: str, wanted: Wanted, cached: bool) -> None:
        world = self.tick()
        world.status(slug, "active")
        world.edit(slug, wanted, cached=cached)

    @rule(slug=SLUG, status=st.sampled_from(["active", "disabled", "archived"]))
    def change_status(self, slug: str, status: str) -> None:
        self.tick().status(slug, status)

    @rule(slug=SLUG, number=NUMBER)
    def designate(self, slug: str, number: int) -> None:
        self.tick().designate(slug, number)

    # presetctl

    @rule()
    def plan(self) -> None:
        self.tick().plan()

    @rule()
    def save_plan(self) -> None:
        self.tick().save_plan()

    @rule(number=NUMBER, sketch=SKETCH, compare=st.booleans())
    def apply_saved(self, number: int, sketch: Sketch, compare: bool) -> None:
        world = self.tick()
        if world.saved:
            world.apply_saved(world.saved[number % len(world.saved)], script_of(sketch), compare=compare)

    @rule(several=SEVERAL, sketch=SKETCH, compare=st.booleans())
    def apply_what_was_just_saved(self, several: Mapping[str, Wanted], sketch: Sketch, compare: bool) -> None:
        self.write_several(several)
        world = self.tick()
        world.save_plan()
        world.apply_saved(world.saved[-1], script_of(sketch), compare=compare)

    @rule(several=SEVERAL, sketch=SKETCH, on_error=ON_ERROR)
    def apply(self, several: Mapping[str, Wanted], sketch: Sketch, on_error: OnError) -> None:
        self.write_several(several)
        self.tick().apply(script=script_of(sketch), conduct=Conduct(on_error=on_error))

    @rule(sketch=SKETCH, on_error=ON_ERROR)
    def apply_again(self, sketch: Sketch, on_error: OnError) -> None:
        self.tick().apply(script=script_of(sketch), conduct=Conduct(on_error=on_error))

    @rule(several=SEVERAL, sketch=SKETCH_ALONE, on_error=ON_ERROR)
    def apply_parallel(self, several: Mapping[str, Wanted], sketch: Sketch, on_error: OnError) -> None:
        self.write_several(several)
        self.tick().apply(script=script_of(sketch), conduct=Conduct(3, on_error))

    @rule(slug=SLUG, number=NUMBER, sketch=SKETCH)
    def roll_back(self, slug: str, number: int, sketch: Sketch) -> None:
        world = self.tick()
        versions = world.witness.versions(slug)
        if slug in world.wanted and versions and world.adopt(slug, versions[number % len(versions)]):
            run = world.apply(selection=Selection([slug]), script=script_of(sketch))
            assert {change.slug for change in run.pending} <= {slug}

    @rule(slug=SLUG)
    def bring_in(self, slug: str) -> None:
        world = self.tick()
        held = world.witness.live(slug)
        if slug in world.wanted and held is not None and world.adopt(slug, held):
            changes = {change.slug: change for change in world.plan().changes}
            assert not changes[slug].writes

    @rule()
    def settle(self) -> None:
        self.tick().settle()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.settle()
            self.world.check_ledger()
            self.figures["applies"] += self.world.runs
            self.figures["versions"] += len(self.world.witness.entries)
            self.figures["troubles"] += self.world.met.total()
        finally:
            self.world.close()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, record_property: Any, tmp_path: Path) -> Iterator[Any]:
    """Plays the model, and notes the figures."""
    monkeypatch.setattr(waiting, "FIRST_PAUSE_SECONDS", 0)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path))
    figures = Counter[str]()

    def run(runs: int, steps: int, derandomize: bool) -> None:
        played = type("Played", (Model,), {"folder": folder, "figures": figures, "numbers": itertools.count()})
        run_state_machine_as_test(
            played,
            settings=settings(
                max_examples=runs,
                stateful_step_count=steps,
                derandomize=derandomize,
                database=None,
                report_multiple_bugs=False,
            ),
        )
        for name, value in figures.items():
            record_property(name, value)

    yield run
    shutil.rmtree(folder)


@pytest.mark.battery("model")
def test_a_little(play: Any) -> None:
    play(8, 20, derandomize=True)


@pytest.mark.torture
@pytest.mark.battery("model")
@pytest.mark.parametrize("part", range(6))
def test_a_lot(play: Any, part: int) -> None:
    play(50, 50, derandomize=False)
