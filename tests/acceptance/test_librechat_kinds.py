"""Presets in LibreChat's kinds: checked, put right, and planned for no workspace of another provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.cli import Shell

ROOT = Path(__file__).parents[2]
PAGE: list[dict[str, Any]] = [
    {
        "title": "Creative Writer",
        "endpoint": "openAI",
        "model": "gpt-4",
        "temperature": 0.9,
        "top_p": 1,
        "presence_penalty": 0.6,
        "frequency_penalty": 0.5,
        "instructions": "You are a creative writing assistant who helps with storytelling, character development, "
        "and narrative structure.",
    },
    {
        "title": "Code Helper",
        "endpoint": "anthropic",
        "model": "claude-3-opus",
        "temperature": 0.2,
        "top_p": 0.9,
        "max_tokens": 4096,
        "instructions": "You are an expert programmer. Provide clear, well-documented code with explanations.",
        "tools": ["code_interpreter"],
    },
    {
        "title": "Research Helper",
        "endpoint": "google",
        "model": "gemini-pro",
        "temperature": 0.4,
        "topK": 40,
        "max_tokens": 2048,
        "instructions": "You are a thorough research assistant. Provide accurate, well-cited information.",
        "tools": ["web_search"],
    },
    {
        "title": "Concise Mode",
        "endpoint": "openAI",
        "model": "gpt-4",
        "temperature": 0.5,
        "max_tokens": 500,
        "instructions": "Provide brief, direct answers. Be concise and to the point.",
    },
]
"""The examples of LibreChat's published page, whose prompts its server would ignore."""


@pytest.fixture
def project(shell: Shell) -> Shell:
    shell("init")
    return shell


@pytest.mark.parametrize("example", PAGE, ids=lambda example: example["title"])
def test_the_examples_of_the_published_page_are_put_right(project: Shell, example: dict[str, Any]) -> None:
    name = example["title"].lower().replace(" ", "-")
    file = f"presets/{name}.yaml"
    project.write(file, yaml.safe_dump({"kind": f"librechat/{example['endpoint']}", "config": example}))
    told = project("validate", file, code=3)
    ran = project("validate", "--fix", file)
    assert told.out.count("error:") == ran.err.count("fixed  ") > 1
    assert ran.out.endswith("1 file checked: 1 warning.\n")
    made = yaml.safe_load((project.folder / file).read_text(encoding="utf-8"))
    declared = yaml.safe_load((ROOT / f"presets/librechat/{name}.yaml").read_text(encoding="utf-8"))
    assert made == {key: value for key, value in declared.items() if key != "description"}


def test_what_was_fixed_is_told_beside_the_report(project: Shell) -> None:
    project.write("presets/a.yaml", "kind: librechat/anthropic\nconfig: {model: m, top_k: 50, stop_sequences: []}\n")
    ran = project("validate", "--fix", "--format", "json", code=3)
    assert [(problem["rule"], problem["path"], problem["fixable"]) for problem in ran.json["problems"]] == [
        ("no-workspace", "kind", False),
        ("maximum", "config.topK", False),
    ]
    assert ran.err == (
        "fixed    presets/a.yaml:2:20: config.top_k is config.topK now\n"
        "fixed    presets/a.yaml:2:31: config.stop_sequences is config.stop now\n"
    )
    again = project("validate", "--fix", code=3)
    assert "fixed" not in again.err


def test_they_are_planned_for_no_workspace_of_another_provider(project: Shell) -> None:
    project.write("presets/a.yaml", "kind: librechat/openAI\nconfig: {model: gpt-4}\n")
    planned = project("plan", "--format", "json").json
    assert [change["slug"] for change in planned["changes"]] == ["example"]
    for words in (["plan", "a"], ["show", "a"], ["render", "a"]):
        assert "a is declared as librechat/openAI, which local" in project(*words, code=64).err
    project("apply", "--yes")
    assert project("plan", "--format", "json").json["summary"]["no_op"] == 1


def test_a_project_gets_the_schemas_of_its_providers(project: Shell) -> None:
    kinds = json.loads((project.folder / "schemas/preset.schema.json").read_text())["properties"]["kind"]["enum"]
    assert {kind.partition("/")[0] for kind in kinds} == {"openrouter"}
    assert not (project.folder / "schemas/librechat").exists()
    assert "up to date" in project("schema", "derive", "--check").out


def test_a_project_with_an_overlay_of_its_own_for_librechat_gets_those_kinds(project: Shell) -> None:
    overlay = (ROOT / "schemas/librechat/overlay.yaml").read_text(encoding="utf-8")
    project.write("schemas/librechat/overlay.yaml", overlay.replace("maximum: 128000", "maximum: 64000"))
    assert "schemas/librechat/anthropic.schema.json" in project("schema", "derive", "--check", code=3).out
    project("schema", "derive")
    made = json.loads((project.folder / "schemas/librechat/anthropic.schema.json").read_text())
    assert made["properties"]["maxOutputTokens"]["maximum"] == 64000
    assert "up to date" in project("schema", "derive", "--check").out


@pytest.mark.parametrize("name", ["promptPrefix", "instructions", "system"])
def test_a_prompt_under_a_providers_name_beside_config(project: Shell, name: str) -> None:
    project.write("presets/a.yaml", f"kind: librechat/openAI\n{name}: Be brief.\nconfig: {{model: gpt-4}}\n")
    said = project("validate", code=3).err + project("validate", code=3).out
    assert f"presets/a.yaml:2:1: error: `{name}` is the system prompt, which has a key of its own" in said
    project("validate", "--fix", code=None)
    text = (project.folder / "presets/a.yaml").read_text(encoding="utf-8")
    assert text == "kind: librechat/openAI\nsystem_prompt: Be brief.\nconfig: {model: gpt-4}\n"
