"""Preset files as documents: values, places, prompts, and problems instead of exceptions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from presetctl.domain.problem import Location, Problem
from presetctl.load.documents import MAX_PROMPT_BYTES, load_document, load_documents, preset_files
from presetctl.load.strict_yaml import MAX_BYTES
from presetctl.load.tree import WorkTree
from tests.unit.trees import MemoryTree


def one_problem(tree: MemoryTree | WorkTree, file: str = "presets/a.yaml") -> Problem:
    """The one problem with a prompt that the file names."""
    (found,) = load_document(tree, file).prompts.values()
    assert isinstance(found, Problem), found
    return found


def test_preset_files_end_in_yaml_or_yml() -> None:
    names = ["presets/b.yml", "presets/a.yaml", "presets/sub/c.yaml", "presets/prompts/p.md", "other/x.yaml"]
    found = preset_files(MemoryTree(dict.fromkeys(names, "")), "presets")
    assert found == ["presets/a.yaml", "presets/b.yml", "presets/sub/c.yaml"]


def test_a_document_knows_where_everything_stands() -> None:
    document = load_document(MemoryTree({"a.yaml": "config:\n  model: m\n  stop: [x, y]\n"}), "a.yaml")
    assert document.value == {"config": {"model": "m", "stop": ["x", "y"]}}
    places = {
        (("config", "model"), True): "a.yaml:2:3",
        (("config", "model"), False): "a.yaml:2:10",
        (("config", "stop", 1), False): "a.yaml:3:13",
        (("config", "stop", 1), True): "a.yaml:3:13",
        (("config", "stop", 7), False): "a.yaml:3:3",
        (("config", "missing", "deep"), False): "a.yaml:1:1",
        ((), False): "a.yaml:1:1",
    }
    assert {asked: str(document.locate(*asked)) for asked in places} == places


def test_what_stands_nowhere_stands_at_the_beginning() -> None:
    document = load_document(MemoryTree({"a.yaml": ""}), "a.yaml")
    assert document.value is None
    assert document.locate(("config",), True) == Location("a.yaml")


def test_bad_files_become_problems_and_the_others_are_read() -> None:
    tree = MemoryTree({"a.yaml": "x: [", "b.yaml": "x: 1", "big.yaml": "x" * (MAX_BYTES + 1)})
    documents, problems = load_documents(tree, ["a.yaml", "b.yaml", "big.yaml", "gone.yaml"])
    assert [document.value for document in documents] == [{"x": 1}]
    assert [(problem.location.file, problem.rule) for problem in problems] == [
        ("a.yaml", "yaml-syntax"),
        ("big.yaml", "yaml-too-large"),
        ("gone.yaml", "unreadable"),
    ]
    assert (problems[2].message, problems[2].suggestion) == ("gone.yaml doesn't exist", "make it")


@pytest.mark.parametrize("text", ["", "[]", "5", "system_prompt_file: 5", "system_prompt_file: ''", "overrides: [1]"])
def test_a_file_that_names_no_prompt(text: str) -> None:
    assert load_document(MemoryTree({"a.yaml": text}), "a.yaml").prompts == {}


def test_every_prompt_that_is_named_is_read_from_the_files_folder() -> None:
    text = "system_prompt_file: p.md\noverrides:\n  one: {system_prompt_file: ../q.md}\n  two: 5\n"
    tree = MemoryTree({"presets/sub/a.yaml": text, "presets/sub/p.md": "P\r\n\r\n", "presets/q.md": "\ufeffQ\n"})
    assert load_document(tree, "presets/sub/a.yaml").prompts == {"p.md": "P\n", "../q.md": "Q"}


def test_the_defaults_of_a_project_name_prompts_too() -> None:
    tree = MemoryTree({"presetctl.yaml": "defaults: {system_prompt_file: p.md}", "p.md": "P"})
    assert load_document(tree, "presetctl.yaml").prompts == {"p.md": "P"}


@pytest.mark.parametrize("text", ["", "\n", "\r\n", "\ufeff", "\ufeff\n"])
def test_an_empty_prompt(text: str) -> None:
    tree = MemoryTree({"presets/a.yaml": "\n system_prompt_file: p.md", "presets/p.md": text})
    problem = one_problem(tree)
    assert (problem.rule, str(problem.location)) == ("prompt-empty", "presets/a.yaml:2:22")
    assert problem.message == "presets/p.md is empty"


def test_a_prompt_of_one_space_is_a_prompt() -> None:
    tree = MemoryTree({"presets/a.yaml": "system_prompt_file: p.md", "presets/p.md": " \n"})
    assert load_document(tree, "presets/a.yaml").prompts == {"p.md": " "}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose one preset names the prompt file ``p.md`` beside it."""
    project = tmp_path / "project"
    (project / "presets").mkdir(parents=True)
    (project / "presets/a.yaml").write_text("system_prompt_file: p.md\n")
    return project


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"caf\xe9", "p.md:1:1"), (b"one\ntwo\nthr\xffee", "p.md:3:1"), (b"\xff\xfea\0", "p.md:1:1")],
)
def test_a_prompt_that_is_not_utf8(folder: Path, data: bytes, place: str) -> None:
    (folder / "presets/p.md").write_bytes(data)
    problem = one_problem(WorkTree(folder))
    assert (problem.rule, str(problem.location)) == ("prompt-encoding", f"presets/{place}")


@pytest.mark.parametrize(
    "name",
    ["../../secret", "/etc/hostname", "../p.md/../../../secret", "missing.md", ".", "fifo", "link-out", "/dev/zero"],
)
def test_a_prompt_that_cannot_be_read_is_a_problem_where_it_is_named(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("secret")
    os.mkfifo(folder / "presets/fifo")
    (folder / "presets/link-out").symlink_to("../../secret")
    (folder / "presets/a.yaml").write_text(f"description: x\nsystem_prompt_file: {name}\n")
    problem = one_problem(WorkTree(folder))
    assert (problem.rule, problem.path) == ("prompt-file", "system_prompt_file")
    assert str(problem.location) == "presets/a.yaml:2:21"
    assert problem.suggestion


def test_a_prompt_that_is_too_large(folder: Path) -> None:
    (folder / "presets/p.md").write_bytes(b"x" * MAX_PROMPT_BYTES)
    (text,) = load_document(WorkTree(folder), "presets/a.yaml").prompts.values()
    assert text == "x" * MAX_PROMPT_BYTES
    (folder / "presets/p.md").write_bytes(b"x" * (MAX_PROMPT_BYTES + 1))
    assert "has more than 1,048,576 bytes" in one_problem(WorkTree(folder)).message
