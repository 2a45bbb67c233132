"""An apply is killed at every step: at each of its requests, and before each thing that it does to a file.

Then a plan shows what remains, an apply finishes it, and no version is made that nobody asked for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from presetctl.emulator.app import create_app
from presetctl.emulator.server import serve
from tests.gits import needs_git
from tests.torture.scene import AFTER, BEFORE, DUE, FREELY, HOLDER, Scene, make_due, prepare, project
from tests.torture.witness import Request, Witness, nothing

pytestmark = needs_git
KEY = "the-one-that-dies"
HOOK = Path(__file__).parent / "killing"
WAIT = 600
APPLY = ("apply", *FREELY)
KILLED = -signal.SIGKILL


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "another")
    monkeypatch.setenv("OPENROUTER_MANAGEMENT_KEY", "another")
    monkeypatch.setenv("PRESETCTL_HOLDER", HOLDER)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@dataclass(frozen=True)
class Server:
    """The workspace on a port: of whichever scene it's asked to serve."""

    url: str
    witness: Witness

    @contextmanager
    def serving(self, scene: Scene) -> Iterator[Scene]:
        if scene.embedded:
            yield scene
            return
        with closing(create_app(scene.database)) as app:
            self.witness.app = app
            self.witness.before = self.witness.after = nothing
            self.witness.requests.clear()
            yield scene


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(create_app()) as app:
        witness = Witness(app)
        with serve(witness, threads=32) as url:
            yield Server(url, witness)


def begin(scene: Scene, *words: str, **more: str) -> subprocess.Popen[str]:
    return scene.start(*words, OPENROUTER_API_KEY=KEY, OPENROUTER_MANAGEMENT_KEY=KEY, **more)


# At each request


@dataclass(frozen=True)
class Way:
    """One way to apply: its options, how many presets it writes at once, and the workspace's settings."""

    words: tuple[str, ...] = APPLY
    at_once: int = 1
    settings: tuple[str, ...] = ()


WAYS = {
    "one by one": Way(),
    "at once": Way((*APPLY, "--parallelism", "3"), 3),
    "a saved plan": Way(("apply", "plan.json", *FREELY[1:], "--yes")),
    "locked": Way(settings=("lock: git", "record: notes")),
}


def scene_of(way: Way, server: Server, root: Path, capture: Any) -> Scene:
    scene = prepare(root, project(server.url, *way.settings), capture)
    with server.serving(scene):
        make_due(scene)
        scene.shell("plan", "--out", "plan.json")
    return scene


def count_requests(way: Way, server: Server, scene: Scene) -> int:
    """How many requests there are where nobody dies. Those are also what is done in all."""
    with server.serving(scene):
        process = begin(scene, *way.words)
        _, talk = process.communicate(timeout=WAIT)
        assert process.returncode == 0, talk
        scene.finish(DUE)
        return server.witness.requests[KEY]


@dataclass
class Killer:
    """Kills the one that dies at a request. What it sent besides is done, or comes too late and is lost."""

    witness: Witness
    number: int
    process: Future[subprocess.Popen[str]] = field(default_factory=Future)
    dead: bool = False

    def kill(self, request: Request) -> None:
        if request.by == KEY and request.number == self.number:
            self.process.result().kill()
            self.process.result().wait(WAIT)
            self.dead = True

    def before(self, request: Request) -> bool:
        self.kill(request)
        return self.lost(request)

    def lost(self, request: Request) -> bool:
        return self.dead and request.by == KEY

    def told(self) -> str:
        """What it told, once it's dead and nothing of it is under way any more."""
        told, talk = self.process.result().communicate(timeout=WAIT)
        assert self.process.result().returncode == KILLED, talk
        with self.witness.quiet:
            assert self.witness.quiet.wait_for(lambda: not self.witness.underway, WAIT)
        return told


def kill_at_request(way: Way, server: Server, scene: Scene, number: int, *, after: bool) -> None:
    witness = server.witness
    killer = Killer(witness, number)
    with server.serving(scene):
        witness.before, witness.after = (killer.lost, killer.kill) if after else (killer.before, nothing)
        killer.process.set_result(begin(scene, *way.words))
        told = killer.told()
        if "lock: git" in way.settings:
            assert f"is locked by {HOLDER}" in scene.shell(*APPLY, code=5).err
            scene.unlock()
        scene.go_on(told, DUE, way.at_once)


def kill_at_requests(way: Way, server: Server, folder: Path, capture: Any, numbers: Iterable[int] | None = None) -> int:
    """Kills at all requests or those numbered (from the end where below 0), both ways; tells how often."""
    scene = scene_of(way, server, folder / "scene", capture)
    requests = count_requests(way, server, scene.again(folder / "whole"))
    assert requests > 2 * len(DUE)
    chosen = range(1, requests + 1) if numbers is None else [range(1, requests + 1)[number] for number in numbers]
    runs = [(number, after) for number in chosen for after in (False, True)]
    for number, after in runs:
        kill_at_request(way, server, scene.again(folder / f"{number}-{after}"), number, after=after)
    return len(runs)


@pytest.mark.battery("kills at requests")
def test_at_some_requests(server: Server, tmp_path: Path, capsys: Any, record_property: Any) -> None:
    record_property("runs", kill_at_requests(WAYS["one by one"], server, tmp_path, capsys, [-6]))


@pytest.mark.torture
@pytest.mark.battery("kills at requests")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_at_every_request(way: Way, server: Server, tmp_path: Path, capsys: Any, record_property: Any) -> None:
    record_property("runs", kill_at_requests(way, server, tmp_path, capsys))


# Before each thing that lasts

Prepare = Callable[[Path, Server, Any], Scene]
GoOn = Callable[[Scene, str], None]


@dataclass(frozen=True)
class Death:
    """A command that dies: where, what it is, and how it goes on from there."""

    prepare: Prepare
    words: tuple[str, ...]
    go_on: GoOn


def embedded(root: Path, _server: Server, capture: Any) -> Scene:
    return make_due(prepare(root, project("embedded"), capture))


def nothing_yet(root: Path, _server: Server, capture: Any) -> Scene:
    """Not even the workspace is there."""
    scene = prepare(root, project("embedded"), capture)
    scene.declare(AFTER)
    return scene


def locked(root: Path, server: Server, capture: Any) -> Scene:
    return scene_of(WAYS["locked"], server, root, capture)


def applied(root: Path, server: Server, capture: Any) -> Scene:
    scene = embedded(root, server, capture)
    scene.shell(*APPLY)
    scene.before = scene.versions()
    return scene


def apply_the_rest(scene: Scene, told: str) -> None:
    if "lock: git" in (scene.folder / "presetctl.yaml").read_text():
        scene.unlock()
    scene.go_on(told, DUE if scene.before else dict.fromkeys(AFTER, "create"))


def apply_the_file(scene: Scene, _told: str) -> None:
    """The plan's file is whole, or not there."""
    assert scene.made() == {}
    if not (scene.folder / "plan.json").exists():
        scene.shell("plan", "--out", "plan.json")
    scene.shell("apply", "plan.json", *FREELY)
    scene.finish(DUE)


def roll_back_again(scene: Scene, _told: str) -> None:
    """The preset's file is the old one or the new one, and the workspace doesn't get a second version."""
    before, after = (f"config: {{model: m/a, temperature: {value}}}\n" for value in (AFTER["a"], BEFORE["a"]))
    assert (scene.folder / "presets/a.yaml").read_text() in {before, after}
    scene.shell(*ROLL_BACK)
    assert (scene.folder / "presets/a.yaml").read_text() == after
    made = scene.made()
    assert {slug: [held.config["temperature"] for held in new] for slug, new in made.items()} == {"a": [BEFORE["a"]]}
    assert scene.plan() == {}


ROLL_BACK = ("rollback", "a", "--to", "1", "--apply", "--yes")
DEATHS = {
    "embedded": Death(embedded, APPLY, apply_the_rest),
    "the first apply": Death(nothing_yet, APPLY, apply_the_rest),
    "locked": Death(locked, APPLY, apply_the_rest),
    "a plan": Death(embedded, ("plan", "--out", "plan.json"), apply_the_file),
    "a rollback": Death(applied, ROLL_BACK, roll_back_again),
}


def run(scene: Scene, words: Sequence[str], number: int) -> tuple[str, list[str]]:
    """Runs a command up to a step, or to its end where that is 0. What it told, and the steps that it came to."""
    note = scene.root / "steps.txt"
    process = begin(
        scene,
        *words,
        PYTHONPATH=os.pathsep.join([str(HOOK), *sys.path]),
        PYTHONDONTWRITEBYTECODE="1",
        KILLING_ROOT=str(scene.root),
        KILLING_AT=str(number),
        KILLING_NOTE=str(note),
    )
    told, talk = process.communicate(timeout=WAIT)
    assert process.returncode == (KILLED if number else 0), talk
    return told, note.read_text().splitlines()


def kill_at_steps(
    death: Death, server: Server, folder: Path, capture: Any, chosen: Collection[str] = ()
) -> Counter[str]:
    """Kills before all steps, or those with the ``chosen`` names; tells how often before which."""
    scene = death.prepare(folder / "scene", server, capture)
    whole = scene.again(folder / "whole")
    with server.serving(whole):
        _, found = run(whole, death.words, 0)
    deadly = [(number, name) for number, name in enumerate(found, 1) if not chosen or name in chosen]
    for number, _ in deadly:
        with server.serving(scene.again(folder / str(number))) as dying:
            told, steps = run(dying, death.words, number)
            assert steps == found[:number]
            death.go_on(dying, told)
    return Counter(name for _, name in deadly)


@pytest.mark.battery("kills at file writes")
def test_before_some_steps(server: Server, tmp_path: Path, capsys: Any, record_property: Any) -> None:
    killed = kill_at_steps(DEATHS["a rollback"], server, tmp_path, capsys, {"os.rename", "sqlite INSERT"})
    assert killed.keys() == {"os.rename", "sqlite INSERT"}
    record_property("runs", killed.total())


@pytest.mark.torture
@pytest.mark.battery("kills at file writes")
@pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)
def test_before_every_step(death: Death, server: Server, tmp_path: Path, capsys: Any, record_property: Any) -> None:
    killed = kill_at_steps(death, server, tmp_path, capsys)
    assert killed
    record_property("runs", killed.total())
