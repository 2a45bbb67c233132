"""``presetctl fmt`` as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli import Shell

EXAMPLE, MESSY, TIDY = "presets/example.yaml", "presets/team/messy.yaml", "presets/team/tidy.yml"
BEFORE = 'config:\n    model:   "openai/gpt-5.4"  # the large one\n\n\n# who reads it\ndescription: Mail'
AFTER = "# who reads it\ndescription: Mail\nconfig:\n  model: openai/gpt-5.4  # the large one\n"


@pytest.fixture
def project(shell: Shell) -> Shell:
    shell("init")
    shell.write(MESSY, BEFORE)
    shell.write(TIDY, "config:\n  model: openai/gpt-5.4\n")
    return shell


def text(shell: Shell, name: str) -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def test_every_file_is_laid_out_once(project: Shell) -> None:
    ran = project("fmt")
    assert ran.out == f"written  {MESSY}\n3 files: 1 changed.\n"
    assert text(project, MESSY) == AFTER
    assert project("fmt").out == "3 files: all laid out already.\n"
    assert project("fmt", "--check").out == "3 files: all laid out already.\n"


def test_check_writes_nothing(project: Shell) -> None:
    assert project("fmt", "--check", code=3).out == f"differs  {MESSY}\n3 files: 1 would change.\n"
    assert text(project, MESSY) == BEFORE


def test_some_files_and_folders(project: Shell) -> None:
    assert project("fmt", TIDY, EXAMPLE, EXAMPLE).out == "2 files: all laid out already.\n"
    assert project("-C", "presets", "fmt", "team").out == f"written  {MESSY}\n2 files: 1 changed.\n"
    ran = project("fmt", "/etc/passwd", code=64)
    assert "is not inside the project" in ran.err


def test_a_file_that_is_not_valid_stays_and_the_others_are_written(project: Shell) -> None:
    project.write(TIDY, "config: &x {}\n")
    project.write(EXAMPLE, "? a # c\n: 1\n")
    ran = project("fmt", code=3)
    assert f"{TIDY}:1:9: error: the anchor `&x` is not allowed [yaml-anchor at config]" in ran.out
    assert f"{EXAMPLE}:1:1: error: " in ran.out
    assert ran.out.endswith("3 files: 1 changed, 2 invalid.\n")
    assert text(project, TIDY) == "config: &x {}\n"
    assert text(project, MESSY) == AFTER
    assert "does not exist" in project("fmt", "presets/none.yaml", code=3).out


def test_the_layout_changes_no_plan(project: Shell) -> None:
    project("apply", "--yes")
    project("fmt")
    assert "No changes" in project("plan").out


def test_outside_a_project(shell: Shell) -> None:
    assert "no presetctl.yaml" in shell("fmt", code=3).err


def test_the_presets_of_this_repository(shell: Shell) -> None:
    assert shell("-C", str(Path(__file__).parents[2]), "fmt", "--check").code == 0
