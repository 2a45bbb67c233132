"""Whatever comes in, it's taken or refused: no other exception, no endless work.

Each property gets two thousand inputs, and twenty thousand in torture; there atheris, where it is installed, also
looks for inputs by itself, guided by which lines of the reader they reach.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presetctl.domain.errors import InputError, StaleError, UsageError
from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.domain.values import Json
from presetctl.domain.values import Path as PathTo
from presetctl.kinds import Kinds
from presetctl.load.dump_yaml import dump
from presetctl.load.edit_yaml import Edit, edit
from presetctl.load.edits import edited, same
from presetctl.load.format_yaml import format_document
from presetctl.load.plans import load_plans
from presetctl.load.project import PROJECT_FILE, load_project
from presetctl.load.strict_yaml import parse, positions
from presetctl.report.github import problems_commands
from presetctl.report.json import as_text, plan_document, problems_document
from presetctl.report.text import Style, plans_text, problems_text
from presetctl.repository import load
from presetctl.secrets import secret_problems
from presetctl.specs.reading import read_mapping
from presetctl.specs.schemas import SchemaLibrary
from tests.hostile import EVERY, acting
from tests.unit.load.test_planfile import EXAMPLES
from tests.unit.trees import PROJECT

ROOT = Path(__file__).parents[2]
SCHEMAS = SchemaLibrary.packaged()
KINDS = Kinds(SCHEMAS)
PRESETS = [path.read_bytes() for path in sorted((ROOT / "presets").rglob("*.yaml"))]
PRESETS += [path.read_bytes() for path in sorted((ROOT / "tests/cases").rglob("presets/**/*.yaml"))]
PROJECTS = [PROJECT.encode(), *(path.read_bytes() for path in sorted((ROOT / "tests/cases").rglob(PROJECT_FILE)))]
PLANS = [as_text(plan_document(made)).encode() for made in EXAMPLES]
SPEC = (ROOT / "schemas/openrouter/openapi.json").read_bytes()[:20_000]
PIECES = [*b"-?:,[]{}#&*!|>'\"%@` \t\n\r\\019.eE~", 0, 0x1B, 0x85, 0xC3, 0xA9, 0xEF, 0xFF]
WORDS = [
    b"- ", b": ", b"\n  ", b"\n- ", b"null", b"<<: ", b"1e999", b"9" * 400, b'"', b"{{", b"}}", b"|-\n", b"? ",
    b"config:", b"overrides:", b"system_prompt_file:", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\\ud800", b"NaN", b"[" * 70,
]  # fmt: skip


def mutated(seed: int, bases: list[bytes]) -> bytes:
    """One of ``bases`` with a few bytes taken out, put in, doubled or exchanged."""
    random = Random(seed)
    data = bytearray(random.choice(bases))
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice([0, 1, 1, 2, 5, 20]))
        filling = random.choice([b"", bytes([random.choice(PIECES)]), random.choice(WORDS), bytes(data[at:end]) * 2])
        filling = random.choice(EVERY[:-1]).encode() if random.random() < 0.1 else filling
        data[at:end] = filling
    return bytes(data)


def refused(work: Callable[[], Any]) -> Any:
    """What comes of it, or None where it's refused in the way that it should be."""
    try:
        return work()
    except (InputError, JsonError, StaleError, UsageError):
        return None


def reading_yaml(seed: int) -> None:
    data = mutated(seed, PRESETS + PROJECTS)
    value = refused(lambda: parse(data, "f"))
    if value is not None:
        assert () in positions(data, "f")


def reading_junk(seed: int) -> None:
    random = Random(seed)
    data = b"".join(random.choice([bytes([random.choice(PIECES)]), random.choice(WORDS)]) for _ in range(30))
    refused(lambda: parse(data, "f"))


def writing_what_was_read(seed: int) -> None:
    value = refused(lambda: parse(mutated(seed, PRESETS), "f"))
    assert same(parse(dump(value).encode(), "f"), value)


def laying_out(seed: int) -> None:
    data = mutated(seed, PRESETS)
    result = refused(lambda: format_document(data, "f"))
    if result is not None:
        assert same(parse(result, "f"), parse(data, "f"))
        assert format_document(result, "f") == result


def editing(seed: int) -> None:
    random, data = Random(seed), mutated(seed, PRESETS)
    value = refused(lambda: parse(data, "f"))
    paths = list(positions(data, "f")) if value is not None else [()]
    further: list[PathTo] = [(), ("new",), (0,), ("config", "x")]
    path: PathTo = (*random.choice(paths), *random.choice(further))
    new: Json = random.choice([1.5, None, "a\nb\n", random.choice(EVERY), {"a": [1]}, [], ""])
    edits = [Edit(path, new)]
    result = refused(lambda: edit(data, "f", edits))
    if result is not None:
        assert same(parse(result, "f"), edited(value, edits, "f"))


class OneTree:
    """A project with one preset and its prompt."""

    def __init__(self, preset: bytes, project: bytes = PROJECT.encode(), prompt: bytes = b"Be brief.") -> None:
        self._files = {PROJECT_FILE: project, "presets/a.yaml": preset, "presets/prompts/p.md": prompt}

    def files(self, folder: str) -> list[str]:
        return [path for path in self._files if path.startswith(f"{folder}/")]

    def read(self, path: str, limit: int) -> bytes:
        if path not in self._files:
            raise InputError(f"{path} does not exist")
        return self._files[path]


def rendering(seed: int) -> None:
    found = refused(lambda: load(OneTree(mutated(seed, PRESETS), prompt=mutated(seed, PRESETS)), SCHEMAS))
    if found is not None:
        assert acting(problems_text(found.problems, Style()) + problems_commands(found.problems)) == []
        json.loads(as_text(problems_document(found.problems, 1)))


def reading_a_project(seed: int) -> None:
    refused(lambda: load_project(OneTree(b"", mutated(seed, PROJECTS))))


def reading_a_plan(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_bytes(mutated(seed, PLANS))
        found = refused(lambda: load_plans(path))
    if found is not None:
        assert acting(plans_text(found[0], Style())) == []


def reading_json(seed: int) -> None:
    data = mutated(seed, PLANS)
    value = refused(lambda: parse_json(data, what="it", max_values=100_000))
    if value is not None:
        assert same(parse_json(json.dumps(value).encode(), what="it"), value)


def reading_a_spec(seed: int) -> None:
    refused(lambda: read_mapping(mutated(seed, [SPEC, *PRESETS]), "spec"))


def looking_for_keys(seed: int) -> None:
    text = mutated(seed, PRESETS).decode("utf-8", "replace")
    assert all(problem.location.line <= text.count("\n") + 1 for problem in secret_problems(text, "f"))


PROPERTIES = [
    reading_yaml, reading_junk, writing_what_was_read, laying_out, editing, rendering, reading_a_project,
    reading_a_plan, reading_json, reading_a_spec, looking_for_keys,
]  # fmt: skip


def tried(work: Callable[[int], None], times: int) -> None:
    settings(max_examples=times, suppress_health_check=list(HealthCheck))(given(st.integers(0, 2**64))(work))()


@pytest.mark.parametrize("work", PROPERTIES, ids=lambda it: it.__name__)
def test_two_thousand_inputs(work: Callable[[int], None]) -> None:
    tried(work, 2000)


@pytest.mark.torture
@pytest.mark.parametrize("work", PROPERTIES, ids=lambda it: it.__name__)
def test_twenty_thousand_inputs(work: Callable[[int], None]) -> None:
    tried(work, 20_000)


GUIDED = """
import sys
import atheris
with atheris.instrument_imports(include=["presetctl.load", "presetctl.domain.strict_json"]):
    from presetctl.domain.errors import InputError
    from presetctl.domain.strict_json import JsonError, parse_json
    from presetctl.load.format_yaml import format_document
    from presetctl.load.strict_yaml import parse, positions

def take(data):
    for work in (parse, positions, format_document, lambda data, name: parse_json(data, what=name)):
        try:
            work(data, "f")
        except (InputError, JsonError):
            pass

atheris.Setup(sys.argv, take)
atheris.Fuzz()
"""


@pytest.mark.torture
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed: pip install -e '.[torture]'"
)
def test_inputs_that_are_guided_by_the_code(tmp_path: Path) -> None:
    for number, data in enumerate([*PRESETS, *PROJECTS, *PLANS]):
        (tmp_path / str(number)).write_bytes(data[:4000])
    words = ["-runs=30000", "-max_len=4096", "-timeout=60", "-rss_limit_mb=1000", "-seed=1", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", GUIDED, *words], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done 30000 runs" in done.stderr
