"""Documents for machines: true to their schemas, the same bytes for the same inputs, and harmless to print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from presetctl import __version__
from presetctl.domain.change import Action, Cause, FieldChange, Head
from presetctl.domain.errors import InputError, PresetctlError, RemoteError
from presetctl.domain.outcome import Outcome, Result
from presetctl.report.json import (
    apply_document,
    as_text,
    error_document,
    plan_document,
    problems_document,
    record_document,
)
from tests.unit.report.examples import (
    DIGEST,
    change,
    field,
    hostile_outcomes,
    hostile_plan,
    hostile_problems,
    plan,
    problem,
)

ROOT = Path(__file__).parents[3]
TIME = datetime(2026, 4, 20, 10, 0, 0, tzinfo=UTC)


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


EVERY_PLAN = [
    plan(),
    plan(*(change(action.value, action) for action in Action), unmanaged=("x",), head=Head("c" * 40, True)),
    plan(change(version=None, fields=(field(("config", "x"), 1, [None], cause=Cause.DRIFT),), warnings=("w",))),
    hostile_plan(),
]
EVERY_ERROR = [
    PresetctlError("it broke"),
    RemoteError("it broke", hint="mend it"),
    InputError("not valid", problems=[problem(), *hostile_problems()]),
]


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        *(("plan", plan_document(made)) for made in EVERY_PLAN),
        ("apply", apply_document(plan(), [])),
        ("apply", apply_document(plan(), [Outcome(change(), result, 1) for result in Result])),
        ("apply", apply_document(hostile_plan(), hostile_outcomes())),
        ("record", record_document(plan(), [Outcome(change(), result, 1, version_id="v") for result in Result], TIME)),
        ("record", record_document(plan(), [Outcome(replace(change(), after=None), Result.APPLIED)], TIME)),
        ("record", record_document(hostile_plan(), hostile_outcomes(), TIME)),
        ("validate", problems_document([], 0)),
        ("validate", problems_document([problem(severity="warning"), *hostile_problems()], 2)),
        *(("error", error_document(error)) for error in EVERY_ERROR),
    ],
)
def test_documents_keep_to_their_schemas_and_are_harmless(schema: str, document: dict[str, Any]) -> None:
    text = as_text(document)
    assert json.loads(text) == document
    assert json.loads(as_text(document, None)) == document
    assert "\n" not in as_text(document, None)
    validator(schema).validate(document)
    assert text.isascii()
    assert not [c for c in text if ord(c) < 32 and c != "\n"]
    assert "\x7f" not in text
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))


@pytest.mark.parametrize("schema", ["plan", "apply", "record", "validate", "error"])
def test_a_schema_refuses_what_is_not_its_document(schema: str) -> None:
    assert not validator(schema).is_valid({})
    assert not validator(schema).is_valid({"format_version": "2.0", "tool_version": "1"})


def test_a_plan() -> None:
    made = plan(change(fields=(field(("config", "x"), 1, 2, cause=Cause.DECLARED),)), unmanaged=("u",))
    assert plan_document(made) == {
        "format_version": "1.4",
        "tool_version": __version__,
        "workspace": {
            "name": "production",
            "provider": "openrouter",
            "url": "https://openrouter.ai/api/v1",
            "workspace_id": "ws-1",
        },
        "base": None,
        "offline": False,
        "selection": {"slugs": [], "exclude": []},
        "head": {"commit": None, "dirty": False},
        "changes": [
            {
                "slug": "a",
                "kind": "openrouter/messages",
                "action": "update",
                "source": {"file": "presets/a.yaml", "line": 1},
                "before": {"version": 3, "version_id": "v3", "digest": DIGEST},
                "after": {"digest": DIGEST},
                "fields": [{"path": "config.x", "cause": "declared", "before": 1, "after": 2}],
                "warnings": [],
                "already_live": [],
            }
        ],
        "unmanaged": ["u"],
        "orphaned": [],
        "objections": [],
        "summary": {
            "create": 0,
            "update": 1,
            "replace": 0,
            "archive": 0,
            "delete": 0,
            "restore": 0,
            "no_op": 0,
            "unmanaged": 1,
            "orphaned": 0,
        },
        "fingerprint": DIGEST,
    }


def test_no_value_is_left_out_and_null_is_a_value() -> None:
    fields = (field(("config", "a"), None, 1), field(("config", "b"), 1), FieldChange(("config", "c"), None, 1))
    changes: Any = plan_document(plan(change(fields=fields)))["changes"]
    assert changes[0]["fields"] == [
        {"path": "config.a", "cause": None, "after": 1},
        {"path": "config.b", "cause": None, "before": 1},
        {"path": "config.c", "cause": None, "before": None, "after": 1},
    ]


def test_what_became_of_a_plan() -> None:
    outcomes = [Outcome(change(), Result.NOT_PERSISTED, 4, ("config.x",), exit_code=6)]
    document = apply_document(plan(), outcomes)
    assert document["outcomes"] == [
        {"slug": "a", "action": "update", "result": "not_persisted", "version": 4, "lost": ["config.x"], "message": ""}
    ]
    assert document["summary"] == {
        "applied": 0,
        "unchanged": 0,
        "conflict": 0,
        "not_persisted": 1,
        "failed": 0,
        "unknown": 0,
        "skipped": 0,
    }


def test_what_validate_found() -> None:
    document = problems_document([problem("odd", severity="warning", suggestion="fix it")], 3)
    assert document["summary"] == {"files": 3, "errors": 0, "warnings": 1}
    assert document["problems"] == [
        {
            "file": "presets/a.yaml",
            "line": 2,
            "column": 3,
            "path": "config.x",
            "rule": "a-rule",
            "severity": "warning",
            "message": "odd",
            "suggestion": "fix it",
            "fixable": False,
        }
    ]


def test_an_error_says_code_name_and_hint() -> None:
    document: Any = error_document(RemoteError("it broke", hint="mend it"))
    assert document["error"] == {
        "code": 8,
        "name": "remote",
        "message": "it broke",
        "hint": "mend it",
        "problems": [],
    }


def test_the_same_plan_is_the_same_bytes_in_every_process() -> None:
    program = "from tests.unit.report import test_json as t; print(t.as_text(t.plan_document(t.hostile_plan())))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in [("1", "UTC"), ("2", "Asia/Tokyo")]
    }
    assert printed == {as_text(plan_document(hostile_plan())).encode() + b"\n"}
