"""Taking in a newer spec, deriving from it, and what that does to the presets."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from presetctl.specs.schemas import SchemaLibrary
from tests.acceptance.cli import Shell
from tests.unit.providers.server import ok, says, serving

SPEC: dict[str, Any] = json.loads((SchemaLibrary.packaged().folder / "openrouter/openapi.json").read_text())


def write_spec(shell: Shell, spec: Any = SPEC, name: str = "openapi.json") -> str:
    shell.write(name, json.dumps(spec))
    return name


def test_the_same_spec_changes_nothing(shell: Shell) -> None:
    shell("init")
    ran = shell("schema", "update", write_spec(shell))
    assert ran.out == (
        "schemas/openrouter/openapi.json: no difference\n"
        "Every preset stays as valid as it is.\n"
        "Next: presetctl schema derive\n"
    )
    assert shell("schema", "derive").out == "5 schemas are up to date.\n"
    assert shell("schema", "derive", "--check").out == "5 schemas are up to date.\n"


def test_a_newer_spec_says_what_it_brings_and_breaks(shell: Shell) -> None:
    shell("init")
    spec = copy.deepcopy(SPEC)
    properties = spec["components"]["schemas"]["ChatRequest"]["properties"]
    del properties["temperature"]
    properties["brand_new"] = {"type": "boolean"}
    properties["seed"] = {"type": "string"}
    ran = shell("schema", "update", write_spec(shell, spec))
    assert "- ChatRequest.temperature" in ran.out
    assert "+ ChatRequest.brand_new" in ran.out
    assert "~ ChatRequest.seed: type" in ran.out
    assert "persistence.yaml does not say what becomes of `brand_new` (openrouter/chat-completions)" in ran.out
    assert "presets/example.yaml:7:3: error: `temperature` is a field of openrouter/messages" in ran.out
    assert "1 file of this project would no longer be valid." in ran.out
    assert "all valid" in shell("validate").out, "the schemas are still the ones from before"

    refused = shell("schema", "derive", code=3)
    assert "brand_new" in refused.err
    table = "schemas/openrouter/persistence.yaml"
    entry = "    brand_new: {becomes: config, as: brand_new, evidence: unknown}\n"
    shell.replace(table, "  openrouter/chat-completions:\n", f"  openrouter/chat-completions:\n{entry}")
    assert (
        "differs  schemas/openrouter/chat-completions.schema.json" in shell("schema", "derive", "--check", code=3).out
    )
    assert "written  schemas/openrouter/chat-completions.schema.json" in shell("schema", "derive").out
    assert "not of openrouter/chat-completions" in shell("validate", code=3).out
    shell.replace("presets/example.yaml", "temperature: 0.7", "brand_new: true")
    assert "all valid" in shell("validate").out


def test_a_spec_with_fewer_kinds(shell: Shell) -> None:
    shell("init")
    spec = copy.deepcopy(SPEC)
    del spec["paths"]["/presets/{slug}/messages"]
    assert "- POST /presets/{slug}/messages" in shell("schema", "update", write_spec(shell, spec)).out
    assert (
        "no longer derived  schemas/openrouter/messages.schema.json" in shell("schema", "derive", "--check", code=3).out
    )
    assert (shell.folder / "schemas/openrouter/messages.schema.json").exists()
    assert "removed  schemas/openrouter/messages.schema.json" in shell("schema", "derive").out
    assert "up to date" in shell("schema", "derive", "--check").out


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("nothing.yaml", "is not a file"),
        ("presets", "is not a file"),
        ("ftp://example.com/x", "only files and https addresses are read"),
        ("http://example.com/x", "only files and https addresses are read"),
        ("presetctl.yaml", "is not an OpenAPI 3.1 document"),
    ],
)
def test_what_is_no_spec(shell: Shell, spec: str, text: str) -> None:
    shell("init")
    assert text in shell("schema", "update", spec, code=3).err


def test_a_spec_from_an_address(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("init")
    with serving(says(ok(json.dumps(SPEC).encode()))) as server:
        monkeypatch.setattr("presetctl.cli.schema.SAFE_SCHEME", "http://")
        assert "no difference" in shell("schema", "update", f"http://127.0.0.1:{server.port}/openapi.json").out


def test_a_schema_folder_that_can_not_be_read(shell: Shell) -> None:
    shell("init")
    target = shell.folder / "schemas/preset.schema.json"
    target.unlink()
    target.mkdir()
    assert "preset.schema.json can't be read: Is a directory" in shell("schema", "derive", code=3).err


def test_what_the_project_file_may_say_is_for_this_presetctl_to_tell(shell: Shell) -> None:
    shell("init")
    shell("schema", "update", write_spec(shell))  # from here on the schemas of the project count
    shell.write("schemas/project.schema.json", "{}")
    shell.replace("presetctl.yaml", "version: 1", "version: 1\npreset: elsewhere")
    assert "`preset` is not a setting here" in shell("validate", code=3).err


def test_the_checkout_is_derived(shell: Shell) -> None:
    root = Path(__file__).parents[2]
    assert "up to date" in shell("-C", str(root), "schema", "derive", "--check").out
