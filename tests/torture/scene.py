"""A repository and a workspace in which an apply is due: a state that can be had again and again, and gone on from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from presetctl.emulator.app import create_app
from tests.acceptance.cli import Shell
from tests.gits import Git, shared
from tests.torture.witness import Held, Witness

HOLDER = "ada@build-7"
FREELY = ("--yes", "--allow-updates", "9", "--allow-archives", "9")
BEFORE = {"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.1, "gone": 0.1}
AFTER = {"a": 0.2, "b": 0.2, "c": 0.1, "d": 0.2, "e": 0.2}
DUE = {"a": "update", "b": "update", "d": "update", "e": "create", "gone": "archive"}
_TOLD = re.compile(r"^applied  (\w+)(?: version (\d+)|: archived)$", re.MULTILINE)
Versions = Mapping[str, Sequence[Held]]


@dataclass
class Scene:
    """Two clones and what they share in ``root``, the workspace's ``database``, and a shell to go on with."""

    root: Path
    embedded: bool
    capture: pytest.CaptureFixture[str]
    before: Versions = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / "one"

    @property
    def database(self) -> Path:
        return self.folder / ".presetctl/live.sqlite3" if self.embedded else self.root / "served.sqlite3"

    @property
    def shell(self) -> Shell:
        return Shell(self.folder, self.capture)

    def declare(self, temperatures: Mapping[str, float]) -> None:
        git = Git(self.folder)
        for old in set(BEFORE) - set(temperatures):
            (self.folder / f"presets/{old}.yaml").unlink(missing_ok=True)
        for slug, temperature in temperatures.items():
            git.write(f"presets/{slug}.yaml", f"config: {{model: m/{slug}, temperature: {temperature}}}\n")
        git.commit()
        git("push", "-q")

    def again(self, root: Path) -> Scene:
        """The same state in another place."""
        shutil.copytree(self.root, root)
        for settings in root.glob("*/.git/config"):
            settings.write_text(settings.read_text().replace(str(self.root), str(root)))
        return Scene(root, self.embedded, self.capture, self.before)

    def versions(self) -> Versions:
        """Every version of every preset that isn't archived."""
        if not self.database.exists():
            return {}
        with create_app(self.database) as app:
            return {slug: held for slug in BEFORE | AFTER if (held := Witness(app).versions(slug))}

    def made(self) -> dict[str, Sequence[Held]]:
        """The versions that are there and weren't at first; an archived preset has none."""
        return {slug: new for slug, held in self.versions().items() if (new := held[len(self.before.get(slug, ())) :])}

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "presetctl", *words],
            cwd=self.folder,
            env={**os.environ, "PRESETCTL_CACHE_DIR": str(self.root / "cache"), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def plan(self) -> dict[str, str]:
        """What a plan shows that is left to do: slugs and actions."""
        changes = self.shell("plan", "--format", "json").json["changes"]
        return {change["slug"]: change["action"] for change in changes if change["action"] != "no_op"}

    def unlock(self) -> None:
        """Takes away the lock that was left behind, where there is one: until then, nobody else can apply."""
        if "is not locked" not in self.shell("unlock", "--holder", HOLDER).out:
            assert "is not locked" in self.shell("unlock").out

    def go_on(self, told: str, due: Mapping[str, str], at_once: int = 1) -> None:
        """After a death: what was told is there, a plan shows what isn't, and an apply makes just that."""
        made = {slug: [held.number for held in new] for slug, new in self.made().items()}
        left = self.plan()
        done = due.keys() - left.keys()
        assert left == {slug: action for slug, action in due.items() if slug not in done}
        assert {slug for slug in done if due[slug] != "archive"} == made.keys()
        said = {slug: [int(number)] if number else [] for slug, number in _TOLD.findall(told)}
        assert said == {slug: made.get(slug, []) for slug in said}, "told and not there"
        assert len(done - said.keys()) <= at_once, "there and not told"
        self.finish(due)

    def finish(self, due: Mapping[str, str]) -> None:
        self.shell("apply", *FREELY)
        assert {slug: len(new) for slug, new in self.made().items()} == {
            slug: 1 for slug, action in due.items() if action != "archive"
        }
        live = {slug: held[-1].config for slug, held in self.versions().items()}
        assert live == {slug: {"model": f"m/{slug}", "temperature": value} for slug, value in AFTER.items()}
        assert self.plan() == {}


def project(url: str, *more: str) -> str:
    said = ", ".join(["provider: openrouter", f"url: '{url}'", "prune: archive", *more])
    return f"version: 1\nworkspaces: {{live: {{{said}}}}}\n"


def prepare(root: Path, text: str, capture: pytest.CaptureFixture[str]) -> Scene:
    """A repository with that project, and nothing declared in it yet."""
    root.mkdir(parents=True)
    shared(root, "one")
    git = Git(root / "one")
    git.write("presetctl.yaml", text)
    git.write(".gitignore", ".presetctl/\nplan.json\n")
    return Scene(root, "embedded" in text, capture)


def make_due(scene: Scene) -> Scene:
    """Everything is live as it was, and the files have moved on: DUE."""
    scene.declare(BEFORE)
    scene.shell("apply", *FREELY)
    scene.before = scene.versions()
    scene.declare(AFTER)
    return scene
