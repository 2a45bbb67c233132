"""Bombs in every input: each is refused, soon, and without taking much memory.

Every command runs in a process of its own, which says what it took: seconds of its processor, and memory at its most.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

MEBIBYTE = 1024 * 1024
MILLION = 1_000_000
SECONDS = 20
"""Of processor time, on a machine that does much else; without limits it would be minutes, or the end of memory."""
MEMORY = 200 * MEBIBYTE

RUN = """
import pathlib, re, resource, sys
from presetctl.cli.main import run
code = run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
status = pathlib.Path("/proc/self/status")  # what getrusage calls the most may be that of the process before it
most = re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1] if status.exists() else used.ru_maxrss
print(code, used.ru_utime + used.ru_stime, int(most) * 1024, file=sys.stderr)
"""

BOMBS: dict[str, Callable[[], bytes]] = {
    "100 MB of zeros": lambda: b"",  # a hole: it takes no room on the disk
    "100 MB of text": lambda: b"# a comment that goes on\n" * (4 * MEBIBYTE),
    "a million brackets": lambda: b"[" * MILLION,
    "a million braces": lambda: b'{"a":' * MILLION,
    "a million deep, closed": lambda: b"[" * (MILLION // 2) + b"]" * (MILLION // 2),
    "a million keys": lambda: b"{" + b",".join(b'"%d":1' % n for n in range(MILLION)) + b"}",
    "a million keys in lines": lambda: b"".join(b"k%d: 1\n" % n for n in range(MILLION)),
    "a million empty lists": lambda: b"[" + b"[]," * MILLION + b"[]]",
    "a number of a million digits": lambda: b'{"version": ' + b"9" * MILLION + b"}",
    "a fraction of a million digits": lambda: b'{"version": 0.' + b"9" * MILLION + b"}",
    "a text without an end": lambda: b'{"a": "' + b"\\\\" * MILLION,
    "a million anchors": lambda: b"".join(b"- &a%d x\n" % n for n in range(MILLION // 10)),
    "not UTF-8": lambda: b"\xff\xfe" * MILLION,
}
SHORT = {"100 MB of text", "a million brackets", "a million keys"}
LONG = partial(pytest.param, marks=pytest.mark.torture)
INPUTS = {
    "presets/bomb.yaml": (["validate"], {3}),
    "presets/bomb.md": (["validate"], {0, 3}),
    "presetctl.yaml": (["validate"], {3}),
    "plan.json": (["apply", "plan.json", "--yes"], {3}),
    "spec.yaml": (["schema", "update", "spec.yaml"], {3}),
    "schemas/openrouter/openapi.json": (["schema", "derive", "--check"], {3}),
    "schemas/preset.schema.json": (["validate"], {3}),
    "key": (["list", "-w", "live"], {7}),
}


pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="it counts memory otherwise, and in other units")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/a.yaml").write_text("system_prompt_file: bomb.md\n")
    (tmp_path / "presets/bomb.md").write_text("A prompt.")
    workspaces = (
        "{local: {provider: openrouter, url: embedded}, live: {provider: openrouter, url: 'http://127.0.0.1:9/'}}"
    )
    (tmp_path / "presetctl.yaml").write_text(f"version: 1\ndefault_workspace: local\nworkspaces: {workspaces}\n")
    return tmp_path


def put(path: Path, bomb: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(BOMBS[bomb]())
        if bomb == "100 MB of zeros":
            file.truncate(100 * MEBIBYTE)
    if path.name == "preset.schema.json":  # it's looked at in a project that has a spec of its own
        (path.parent / "openrouter").mkdir()
        (path.parent / "openrouter/openapi.json").write_text("{}")


def run(project: Path, words: list[str]) -> tuple[int, str, float, int]:
    """Exit code, what was said, seconds and bytes."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=project,
        env={**os.environ, "OPENROUTER_API_KEY_FILE": "key"},
        capture_output=True,
        text=True,
        timeout=300,  # only so that a hang is a failure and not a hang
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *said, last = done.stderr.splitlines()
    code, seconds, memory = last.split()
    return int(code), done.stdout + "\n".join(said), float(seconds), int(memory)


@pytest.mark.parametrize("bomb", [bomb if bomb in SHORT else LONG(bomb) for bomb in BOMBS])
@pytest.mark.parametrize("name", INPUTS)
def test_a_bomb_is_refused(project: Path, name: str, bomb: str) -> None:
    words, codes = INPUTS[name]
    put(project / name, bomb)
    code, said, seconds, memory = run(project, words)
    assert code in codes, said[:2000]
    assert "mistake in presetctl" not in said
    assert code == 0 or name.split("/")[-1].split(".")[0] in said.lower(), said[:2000]
    assert len(said) < 10_000
    assert seconds < SECONDS
    assert memory < MEMORY


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("kind", ["pipe", "device", LONG("folder"), LONG("circle")])
def test_what_is_no_file_is_refused_without_waiting(project: Path, name: str, kind: str) -> None:
    words, codes = INPUTS[name]
    path = project / name
    put(path, "a million brackets")
    path.unlink()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "circle":
            path.symlink_to(path.name)
    if name == "presetctl.yaml":
        codes = {3}
    code, said, _, _ = run(project, words)
    if name != "presets/bomb.yaml" or kind != "folder":  # a folder may have any name
        assert code in codes - {0}, said[:2000]
    assert "mistake in presetctl" not in said


def test_what_a_process_says_it_took_is_true(project: Path) -> None:
    """The measure itself: a plain command takes little, and a large text is seen."""
    code, said, seconds, memory = run(project, ["validate", "--format", "json"])
    assert json.loads(said)["summary"] == {"files": 1, "errors": 0, "warnings": 0}
    assert (code, seconds > 0, MEBIBYTE < memory < MEMORY) == (0, True, True)
