"""modelSpecs against LibreChat's own schema, which runs in Node: what presetctl makes is taken, and nothing stripped.

Without Node or LibreChat's package these are skipped, and say what is missing. In CI nothing is skipped: there they
fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl.load.tree import WorkTree
from presetctl.model_specs import ModelSpecs, model_specs
from presetctl.repository import load
from presetctl.specs.schemas import SchemaLibrary
from tests.unit.trees import MemoryTree

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "librechat"
MISSING = [
    part
    for part, there in (
        ("Node", shutil.which("node") is not None),
        ("librechat-data-provider (make librechat)", (FOLDER / "node_modules/librechat-data-provider").is_dir()),
    )
    if not there
]
pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"not installed: {', '.join(MISSING)}"
)
LIBRARY = SchemaLibrary.packaged()


def parsed(sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What LibreChat's schema makes of each: the list that it keeps, or the paths of what it refuses."""
    assert not MISSING, f"not installed: {', '.join(MISSING)}"
    ran = subprocess.run(["node", FOLDER / "parse.cjs"], input=json.dumps(sections).encode(), capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    results: list[dict[str, Any]] = json.loads(ran.stdout)
    return results


PROJECT = "version: 1\nworkspaces: {a: {provider: openrouter}}\n"


def made(text: str) -> ModelSpecs:
    """What becomes of one preset file."""
    repository = load(MemoryTree({"presetctl.yaml": PROJECT, "presets/a.yaml": text}), LIBRARY)
    assert repository.valid, repository.problems
    return model_specs(repository.rendered.unplaced.values(), repository.kinds.kind, LIBRARY.model_specs_schema())


def test_the_presets_here_are_taken_as_they_are() -> None:
    repository = load(WorkTree(ROOT), LIBRARY)
    state = dict(repository.rendered.unplaced)
    for presets in repository.rendered.workspaces.values():
        state |= {slug: it for slug, it in presets.items() if it.kind.startswith("librechat/")}
    found = model_specs(state.values(), repository.kinds.kind, LIBRARY.model_specs_schema())
    assert len(found.entries) >= 4
    assert parsed([{"list": list(found.entries)}]) == [{"list": list(found.entries)}]


def sample(schema: dict[str, Any]) -> list[Any]:
    """Values that a field takes, one of each form that it has."""
    if "anyOf" in schema:
        return [value for branch in schema["anyOf"] for value in sample(branch)]
    if "enum" in schema:
        return list(schema["enum"])
    types = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    number = int(max(schema.get("minimum", 1), 1))
    plain: dict[str, Any] = {"string": "x", "boolean": True, "null": None, "number": number, "integer": number}
    return [plain[each] for each in types if each in plain]


def one_field_each() -> list[tuple[str, str, Any]]:
    return [
        (kind, field, value)
        for kind in LIBRARY.kinds()
        if kind.startswith("librechat/")
        for field, schema in LIBRARY.config_schema(kind)["properties"].items()
        for value in sample(schema)
    ]


def test_every_field_of_every_kind_is_taken_stripped_or_refused_as_is_told() -> None:
    cases = one_field_each()
    assert len(cases) > 200
    sections = []
    for kind, field, value in cases:
        config = {"endpoint": "Own"} if kind == "librechat/custom" else {}
        text = json.dumps({"kind": kind, "system_prompt": "P", "config": config | {field: value}})
        found = made(text)
        sections.append((found, {"list": list(found.entries)}))
    for (kind, field, value), (found, section), result in zip(
        cases, sections, parsed([section for _, section in sections]), strict=True
    ):
        refused = [problem.path for problem in found.errors]
        if "paths" in result:
            assert refused, (kind, field, value, result)
        else:
            assert refused in ([], ["config.endpoint"]), (kind, field, value)
            assert result == section, (kind, field, value)


VALUES: dict[str, list[Any]] = {
    "order": [1, 1.5, -1, "1", None],
    "default": [True, "true"],
    "group": ["g", "", 3],
    "groupIcon": ["openAI", "https://example.com/i.png", False],
    "iconURL": ["google", 1],
    "conversation_starters": [[], ["a"], [1], "a"],
    "authType": ["user_provided", "other"],
    "artifacts": [True, "default", 1],
    "skills": [False, ["a"], "a"],
    "mcpServers": [["a"], "a"],
    "subagents": [{"enabled": True}, {"agent_ids": ["a"] * 10}, {"agent_ids": ["a"] * 11}, True],
}
SECTIONS: list[dict[str, Any]] = [
    {"list": []},
    {"list": [{"name": "a", "label": "A", "preset": {"endpoint": "openAI"}}]},
    {"list": [{"name": "a", "label": "A", "preset": {"endpoint": None, "agent_id": "x"}}]},
    {"list": [{"name": "", "label": "A", "preset": {"endpoint": "openAI"}}]},
    {"list": [{"name": "a", "preset": {"endpoint": "openAI"}}]},
    {"list": [{"name": "a", "label": "A"}]},
    {"list": {}},
    {"enforce": "yes", "list": []},
    {"addedEndpoints": ["openAI", "Own"], "list": []},
    *(
        {"list": [{"name": "a", "label": "A", "preset": {"endpoint": "openAI"}, field: value}]}
        for field, values in VALUES.items()
        for value in values
    ),
]


def test_the_derived_schema_says_the_same_of_sections() -> None:
    validator = Draft202012Validator(LIBRARY.model_specs_schema())
    for section, result in zip(SECTIONS, parsed(SECTIONS), strict=True):
        assert validator.is_valid(section) == ("list" in result), (section, result)
