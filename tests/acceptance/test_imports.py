"""What commands import: each package costs every run its time, so the list is exact, and the heavy ones come late."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = "version: 1\nworkspaces: {local: {provider: openrouter, url: embedded}}\n"
PRESET = "config: {model: openai/gpt-5.4}\nsystem_prompt: Be kind.\n"
_LIST = """\
import sys
from presetctl.cli.main import run
assert run(sys.argv[1:]) == 0
print(*{name for name, module in sys.modules.items() if module is not None}, file=sys.stderr)
"""
PYDANTIC = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
YAML = {"yaml"}
HTTP = {"httpx", "httpcore", "h11", "anyio", "certifi", "idna"}
EMBEDDED = {"werkzeug", "markupsafe"}
NOT_FOR_START = ("presetctl.load", "presetctl.providers", "presetctl.emulator", "presetctl.report", "presetctl.specs")
NOT_FOR_VALIDATE = (
    "presetctl.apply", "presetctl.emulator", "presetctl.github", "presetctl.history", "presetctl.providers.http",
    "presetctl.providers.registry", "presetctl.reconcile", "presetctl.specs.derive", "asyncio", "http.client", "ssl",
)  # fmt: skip
NOT_FOR_PLAN = (
    "presetctl.github",
    "presetctl.providers.librechat.presets",
    "presetctl.specs.derive",
    "asyncio",
    "rich",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presetctl.yaml").write_text(PROJECT)
    (tmp_path / "presets/a.yaml").write_text(PRESET)
    return tmp_path


def imported(folder: Path, *words: str) -> set[str]:
    """The modules that a command has imported when it's done."""
    ran = subprocess.run([sys.executable, "-c", _LIST, *words], cwd=folder, capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines()[-1].split())


def packages(modules: set[str]) -> set[str]:
    """The packages of others, without what compiled ones bring along under names of their own."""
    tops = {name.partition(".")[0] for name in modules}
    return {name for name in tops - sys.stdlib_module_names - OWN if not name.startswith("_")}


OWN = {"presetctl", "cython_runtime", "sitecustomize", "coverage", "a1_coverage", "distutils"}


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_the_start_imports_click_alone(project: Path, word: str) -> None:
    modules = imported(project, word)
    assert packages(modules) == {"click"}
    assert not [name for name in modules if name.startswith(NOT_FOR_START)]


def test_validate(project: Path) -> None:
    first = imported(project, "validate")
    assert packages(first) == {"click", "jsonschema_rs"} | YAML
    assert not [name for name in first if name.startswith(NOT_FOR_VALIDATE)]
    assert packages(imported(project, "validate")) == {"click"}, "what is known isn't checked again"


def test_validate_of_what_is_wrong_also_says_so(project: Path) -> None:
    (project / "presets/b.yaml").write_text("config: {modle: m}\n")
    listing = _LIST.replace("== 0", "== 3")
    ran = subprocess.run([sys.executable, "-c", listing, "validate"], cwd=project, capture_output=True, text=True)
    assert "jsonschema" in packages(set(ran.stderr.splitlines()[-1].split()))


def test_only_what_is_wrong_with_the_project_file_is_told_by_pydantic(project: Path) -> None:
    (project / "presetctl.yaml").write_text(PROJECT.replace("1", "2").replace("embedded", "http://x.example"))
    listing = _LIST.replace("== 0", "== 3")
    ran = subprocess.run([sys.executable, "-c", listing, "validate"], cwd=project, capture_output=True, text=True)
    *said, modules = ran.stderr.splitlines()
    assert packages(set(modules.split())) == {"click", "jsonschema_rs"} | YAML | PYDANTIC
    insecure = "must be https: over http the key could be read on the way"
    assert said == [
        "presetctl.yaml:1:10: error: `version` must be 1 [invalid-value at version]",
        f"presetctl.yaml:2:49: error: `url` {insecure} [invalid-value at workspaces.local.url]",
        "Error: presetctl.yaml is not valid",
    ]


def test_plan(project: Path) -> None:
    first = imported(project, "plan")
    assert packages(first) == {"click", "jsonschema_rs"} | YAML | HTTP | EMBEDDED
    imported(project, "apply", "--yes")
    imported(project, "plan")
    again = imported(project, "plan")
    assert packages(again) == {"click"} | HTTP | EMBEDDED, "what is the same isn't looked into"
    assert not [name for name in again if name.startswith(NOT_FOR_PLAN)]


def test_a_plan_of_an_edited_field_needs_no_deepdiff(project: Path) -> None:
    imported(project, "apply", "--yes")
    (project / "presets/a.yaml").write_text(PRESET.replace("5.4", "5.5"))
    assert "deepdiff" not in packages(imported(project, "plan"))
