"""What decides over writes, changed in one place at a time: the tests must notice.

Mutants that no test notices are listed in survivors.yaml, each with its reason; a new one fails this test.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LISTED = Path(__file__).with_name("survivors.yaml")
MODULES = ("plan", "diff", "persistence", "guard", "apply")
FEWEST_KILLED = 0.9
COPIED = ("src", "tests", "schemas", "presets", "presetctl.yaml", "README.md", "LICENSE", "pyproject.toml")
SURVIVED = 0

pytestmark = [
    pytest.mark.torture,
    pytest.mark.battery("mutants"),
    pytest.mark.skipif(find_spec("mutmut") is None, reason="mutmut is not installed: pip install -e '.[torture]'"),
]


def test_the_tests_notice_what_is_changed(tmp_path: Path, record_property: Callable[[str, int], None]) -> None:
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1)],
        cwd=tmp_path, env={**environment, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    verdicts = dict(pair for module in MODULES for pair in judged(tmp_path, module))
    survivors = sorted(name for name, survived in verdicts.items() if survived)
    record_property("runs", len(verdicts))
    record_property("survivors", len(survivors))
    reasons: dict[str, list[str]] = yaml.safe_load(LISTED.read_text())
    listed = {name for names in reasons.values() for name in names}
    unexplained = [name for name in survivors if name not in listed]
    assert unexplained == [], "\n".join(unexplained)
    gone = sorted(listed - verdicts.keys())
    assert gone == [], "\n".join(["listed, and there is no such change:", *gone])
    assert 1 - len(survivors) / len(verdicts) >= FEWEST_KILLED


def judged(folder: Path, module: str) -> Iterator[tuple[str, bool]]:
    """Every mutant of a module, told by its change, and whether it survived."""
    mutated = folder / f"mutants/src/presetctl/{module}.py"
    text = mutated.read_text()
    lines = text.splitlines()
    functions = {
        node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno]).replace(node.name, "").splitlines()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    }
    codes = json.loads(mutated.with_name(f"{module}.py.meta").read_text())["exit_code_by_key"]
    for key, code in codes.items():
        assert code is not None, f"{key} was not tried"
        name = key.rpartition(".")[2]
        stem = name.rpartition("__mutmut_")[0]
        told = " ".join(changed(functions[f"{stem}__mutmut_orig"], functions[name]))
        shown = stem.removeprefix("x_").replace("xǁ", "").replace("ǁ", ".")
        yield f"{module}.{shown}: {told}", code == SURVIVED


def changed(before: list[str], after: list[str]) -> Iterator[str]:
    """The lines that differ, each with its sign."""
    for line in difflib.unified_diff(before, after, n=0, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield f"{line[0]} {line[1:].strip()}"
