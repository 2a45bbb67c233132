"""The tools that presetctl is measured against, as far as they are installed, each made ready for the same presets."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import corpus
from tests.benchmarks.timing import Work

HERE = Path(__file__).parent
SCHEMA = HERE.parent.parent / "schemas/openrouter/chat-completions.schema.json"
_QUIET = {"CHECKPOINT_DISABLE": "1"}

_TERRAFORM = """\
resource "terraform_data" "preset" {
  for_each = fileset("${path.module}/presets", "*.yaml")
  input    = yamldecode(file("${path.module}/presets/${each.value}"))
}
"""

_OCTODNS_TARGET = '''\
from octodns.provider.yaml import YamlProvider


class Stored(YamlProvider):
    """Records in files, as what is there already; the base class says as a target that there is nothing."""

    def populate(self, zone, target=False, lenient=False):
        return super().populate(zone, target=False, lenient=lenient)
'''

_OCTODNS_CONFIG = """\
manager: {}
providers:
  desired: {class: octodns.provider.yaml.YamlProvider, directory: desired, split_extension: .}
  actual: {class: stored.Stored, directory: actual, split_extension: .}
zones:
  presets.example.: {sources: [desired], targets: [actual]}
"""


def check_jsonschema() -> str | None:
    """Where check-jsonschema is; None where it isn't installed."""
    return _first(HERE / ".venv/bin/check-jsonschema", Path(sys.executable).parent / "check-jsonschema")


def ajv() -> str | None:
    """Where ajv-cli is."""
    return _first(HERE / "node_modules/.bin/ajv") if shutil.which("node") else None


def octodns() -> str | None:
    """Where octoDNS is."""
    return _first(HERE / ".venv/bin/octodns-sync")


def terraform() -> str | None:
    """Where Terraform is."""
    return shutil.which("terraform")


def _first(*candidates: Path) -> str | None:
    return next((str(path) for path in candidates if path.exists()), None)


def write_schema(file: Path) -> None:
    """One schema for a whole preset file, for those who know no kinds."""
    schema = json.loads(SCHEMA.read_text())
    text = {"type": "string"}
    whole = {
        "$schema": schema["$schema"],
        "type": "object",
        "additionalProperties": False,
        "required": ["config"],
        "properties": {"description": text, "system_prompt": text, "config": {**schema, "$id": "config.schema.json"}},
    }
    file.write_text(json.dumps(whole))


def check_jsonschema_work(name: str, program: str, project: Path, schema: Path, files: str, rounds: int) -> Work:
    """check-jsonschema over ``files`` of a project, a pattern."""
    paths = [str(path.relative_to(project)) for path in sorted(project.glob(files))]
    return Work(name, [program, "--schemafile", str(schema), *paths], project, rounds=rounds)


def ajv_work(name: str, program: str, project: Path, schema: Path) -> Work:
    """ajv-cli over all presets of a project."""
    options = ["--spec=draft2020", "--strict=false", "-s", str(schema), "-d", "presets/*.yaml"]
    return Work(name, [program, "validate", *options], project)


def octodns_work(name: str, program: str, folder: Path, size: int, rounds: int) -> Work:
    """octoDNS planning as many TXT records of the same length, one file each, without changes."""
    for side in ("desired", "actual"):
        zone = folder / side / "presets.example."
        zone.mkdir(parents=True)
        for number in range(size):
            (zone / f"{corpus.slug(number)}.yaml").write_text(_record(number))
    (folder / "stored.py").write_text(_OCTODNS_TARGET)
    (folder / "octodns.yaml").write_text(_OCTODNS_CONFIG)
    command = [program, "--config-file", "octodns.yaml", "--quiet"]
    return Work(name, command, folder, before=lambda: {"PYTHONPATH": str(folder)}, rounds=rounds)


def _record(number: int) -> str:
    held = corpus.config(number)
    words = corpus.prompt(number).replace("\n", " ")
    value = f"model={held['model']} temperature={held['temperature']} max_tokens={held['max_tokens']} {words}"
    return f"{corpus.slug(number)}:\n  ttl: 3600\n  type: TXT\n  value: {json.dumps(value)}\n"


def terraform_work(name: str, program: str, folder: Path, project: Path, rounds: int) -> Work:
    """Terraform planning one terraform_data for each preset file, all of them applied before."""
    folder.mkdir(parents=True)
    shutil.copytree(project / "presets", folder / "presets")
    (folder / "main.tf").write_text(_TERRAFORM)
    for command in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        subprocess.run([program, *command], cwd=folder, check=True, capture_output=True)
    command = [program, "plan", "-input=false", "-detailed-exitcode", "-no-color"]
    return Work(name, command, folder, rounds=rounds)
