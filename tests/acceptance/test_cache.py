"""The cache as people meet it: where it is, what it holds, and that nothing else shows that there is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from presetctl.cache import FILE
from tests import caches
from tests.acceptance.cli import Shell

pytestmark = caches.only_cold

PROJECT = "version: 1\nworkspaces: {local: {provider: openrouter, url: embedded}}\n"
COUNT = 30


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path.parent / f"{tmp_path.name}-cache"
    monkeypatch.setenv("PRESETCTL_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def project(shell: Shell, cache: Path) -> Shell:
    shell.write("presetctl.yaml", PROJECT)
    for number in range(COUNT):
        shell.write(
            f"presets/p{number}.yaml", f"config: {{model: m, seed: {number}}}\nsystem_prompt: Number {number}\n"
        )
    shell("apply", "--yes")
    return shell


def test_info_and_clear(project: Shell, cache: Path) -> None:
    project("plan")
    said = project("cache", "info").out
    assert said.startswith(f"{cache / FILE}: ")
    assert f"  {COUNT} declarations\n" in said
    assert f"  {COUNT} versions\n" in said
    assert project("cache", "clear").out.startswith("Removed ")
    assert list(cache.iterdir()) == []
    assert project("cache", "info").out == f"{cache / FILE}: 0 bytes\n"
    assert project("cache", "clear").out == "Removed 0 bytes.\n"


def test_off_it_is_neither_read_nor_written(project: Shell, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project("cache", "clear")
    monkeypatch.setenv("PRESETCTL_CACHE", "off")
    project("plan")
    assert list(cache.iterdir()) == []
    assert project("cache", "info").out.startswith("The cache is off: PRESETCTL_CACHE says so")
    assert project("cache", "clear").out.startswith("The cache is off: PRESETCTL_CACHE says so")


def test_it_needs_no_project(shell: Shell, cache: Path) -> None:
    assert shell("cache", "info").out == f"{cache / FILE}: 0 bytes\n"
    cache.mkdir()
    (cache / FILE).write_bytes(b"garbage " * 999)
    ran = shell("cache", "info", code=1)
    assert "can't be used: file is not a database" in ran.err
    assert "presetctl cache clear" in ran.err
    shell("cache", "clear")
    shell("cache", "info")


def test_a_plan_says_the_same_in_every_state(project: Shell, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.replace("presets/p3.yaml", "seed: 3", "seed: 33")
    project.write("presets/p4.yaml", "config: {modle: m}\n")
    for words in (("validate", "--format", "json"), ("plan",), ("plan", "--exclude", "p1*", "--format", "json")):
        with monkeypatch.context() as patch:
            patch.setenv("PRESETCTL_CACHE", "off")
            plain = project(*words, code=None)
        for state in range(4):
            if state == 2:
                data = (cache / FILE).read_bytes()
                (cache / FILE).write_bytes(data[: len(data) // 2])
            found = project(*words, code=None)
            assert (found.code, found.out) == (plain.code, plain.out)
            word, rest = found.err[: len(found.err) - len(plain.err)], found.err[len(found.err) - len(plain.err) :]
            assert rest == plain.err
            assert (word.count("\n") == 1 and word.startswith(f"The cache {cache / FILE} ")) if state > 1 else not word
        project("cache", "clear")


def test_several_commands_at_once_say_the_same(project: Shell) -> None:
    """Each starts where there is no cache yet, and finds what the others have written so far."""
    command = [sys.executable, "-m", "presetctl", "plan", "--format", "json"]
    plain = project("plan", "--format", "json").out
    for _ in range(2):
        project("cache", "clear")
        running = [
            subprocess.Popen(command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        assert {process.communicate() for process in running} == {(plain, "")}


def test_a_place_that_cannot_be_made_is_told_once(project: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("file", "")
    monkeypatch.setenv("PRESETCTL_CACHE_DIR", str(project.folder / "file" / "below"))
    ran = project("validate")
    assert ran.err.count("The cache ") == 1
    assert "is not used" in ran.err
    assert ran.out == project("validate").out
