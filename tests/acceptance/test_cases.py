"""Golden cases: a repository and a workspace, and byte for byte what every command prints about them.

Each folder in tests/cases holds presetctl.yaml, presets/, and ``expected/``. What the workspace holds is in
``actual.json`` (slug, config, and where they matter system_prompt, status and workspace; a slug twice has two
versions), and how the emulator behaves in ``switches.json``. ``PRESETCTL_BLESS=1`` writes what is expected anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from presetctl import __version__
from presetctl.emulator.app import KeyGrant, create_app
from presetctl.emulator.server import serve
from presetctl.emulator.switches import Switches
from tests.acceptance.cli import Ran, Shell

ROOT = Path(__file__).parents[2]
CASES = sorted(folder for folder in (ROOT / "tests/cases").iterdir() if folder.is_dir())
BLESS = os.environ.get("PRESETCTL_BLESS") == "1"  # read before the tests' own environment is cleaned
NOW = datetime(2026, 4, 20, 10, tzinfo=UTC)
MASKS = ((r'("fingerprint": "sha256:)[0-9a-f]{64}', r"\1…"), (rf'("tool_version": "){re.escape(__version__)}', r"\1…"))


def read_json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default


class Case:
    """One case, copied to a folder of its own and connected to an emulator."""

    def __init__(self, source: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.source = source
        self.shell = shell
        settings = yaml.safe_load((source / "presetctl.yaml").read_text(encoding="utf-8"))
        self.workspaces = list(settings["workspaces"])
        self.default = settings.get("default_workspace", self.workspaces[0])
        switches = Switches(**read_json(source / "switches.json", {}))
        numbers = count(1)
        keys = [KeyGrant(f"key-of-{name}", name) for name in self.workspaces]
        app = create_app(keys=keys, switches=switches, clock=lambda: NOW, make_id=lambda: f"id-{next(numbers)}")
        self.emulator = stack.enter_context(app)
        self.url = stack.enter_context(serve(self.emulator))
        for name in self.workspaces:
            monkeypatch.setenv(f"{name.upper()}_KEY", f"key-of-{name}")
        self._fill(read_json(source / "actual.json", []))
        self._copy()

    def _fill(self, presets: list[dict[str, Any]]) -> None:
        for preset in presets:
            workspace = preset.get("workspace", self.default)
            self.emulator.dashboard_save(workspace, preset["slug"], preset["config"], preset.get("system_prompt"))
            self.emulator.dashboard_set_status(workspace, preset["slug"], preset.get("status", "active"))

    def _copy(self) -> None:
        notes = shutil.ignore_patterns("expected", "actual.json", "switches.json")
        shutil.copytree(self.source, self.shell.folder, ignore=notes, dirs_exist_ok=True)
        self.shell.replace("presetctl.yaml", "http://localhost:1/api/v1", self.url)

    def run(self, *words: str) -> str:
        """What a command prints, without what differs from run to run; its exit code stands at the end."""
        ran: Ran = self.shell(*words, code=None)
        text = f"{ran.out}--- stderr\n{ran.err}" if ran.err else ran.out
        text = text.replace(self.url, "http://localhost:1/api/v1").replace(str(self.shell.folder), "…")
        for pattern, shown in MASKS:
            text = re.sub(pattern, shown, text)
        return f"{text}--- exit code {ran.code}\n"

    def produced(self) -> Iterator[tuple[str, str]]:
        yield "validate.txt", self.run("validate")
        yield "validate.json", self.run("validate", "--format", "json")
        for name in self.workspaces:
            suffix = "" if name == self.default else f".{name}"
            yield f"plan{suffix}.txt", self.run("plan", "-w", name, "--detailed-exitcode")
            yield f"plan{suffix}.json", self.run("plan", "-w", name, "--format", "json")
        yield "apply.txt", self.run("apply", "--yes")
        yield "plan-after.txt", self.run("plan")


@pytest.fixture(params=CASES, ids=lambda folder: folder.name)
def case(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Case]:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with ExitStack() as stack:
        yield Case(request.param, shell, monkeypatch, stack)


def test_every_command_prints_what_is_expected(case: Case) -> None:
    found = dict(case.produced())
    folder = case.source / "expected"
    if BLESS:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in found.items():
            (folder / name).write_bytes(text.encode())
    expected = {path.name: path.read_bytes().decode() for path in folder.iterdir()}
    for name, text in found.items():
        assert text == expected.get(name), f"{name}; PRESETCTL_BLESS=1 accepts it"
    assert found.keys() == expected.keys()


def test_planning_sends_nothing_that_writes_and_always_prints_the_same(case: Case) -> None:
    first = [case.run("plan", "-w", name, "--format", "json") for name in case.workspaces]
    assert first == [case.run("plan", "-w", name, "--format", "json") for name in case.workspaces]
    assert {method for method, _ in case.emulator.requests} <= {"GET"}


def test_a_saved_plan_shows_what_plan_printed(case: Case) -> None:
    for name in case.workspaces:
        planned = case.shell("plan", "-w", name, "--out", "plan.json", code=None)
        if planned.code:
            assert not (case.shell.folder / "plan.json").exists()
            continue
        assert case.shell("show", "plan.json").out == planned.out
        assert case.shell("show", "plan.json", "--format", "json").out == (case.shell.folder / "plan.json").read_text()


def test_documents_keep_to_their_schemas(case: Case) -> None:
    for words, name in ((("plan",), "plan"), (("validate",), "validate"), (("apply", "--yes"), "apply")):
        ran = case.shell(*words, "--format", "json", code=None)
        schema = read_json(ROOT / f"schemas/{name if 'error' not in ran.json else 'error'}.schema.json", {})
        Draft202012Validator(schema).validate(ran.json)


def test_there_are_cases() -> None:
    assert len(CASES) >= 10
