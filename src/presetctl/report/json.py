"""Plans, outcomes, problems and errors as JSON documents. Each form has a schema of the same name in schemas/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from presetctl import __version__
from presetctl.domain.change import ABSENT, Change, FieldChange, Live, Plan
from presetctl.domain.errors import InputError, PresetctlError
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.problem import Problem, Severity
from presetctl.domain.values import Json
from presetctl.plan import FORMAT_VERSION

PLAN_FORMAT = "1.4"
"""Since 1.1 a plan lists the unmanaged presets, since 1.2 it has its selection, since 1.3 what stands against
applying it."""


def as_text(document: Json, indent: int | None = 2) -> str:
    """The document as indented JSON; in one line where ``indent`` is None.

    Characters outside ASCII are escaped, so no terminal acts on them, and so is the first one of ``##[`` and
    ``##vso[``, which runners take for a command wherever it stands in a line.
    """
    text = json.dumps(document, indent=indent, ensure_ascii=True, allow_nan=False)
    return text.replace("##[", "\\u0023#[").replace("##vso[", "\\u0023#vso[").replace("\x7f", "\\u007f")


def plan_document(plan: Plan) -> dict[str, Json]:
    """A plan. Nothing in it depends on time or machine: the same inputs give the same bytes."""
    where = plan.workspace
    return {
        **header(PLAN_FORMAT),
        "workspace": {
            "name": where.name,
            "provider": where.provider,
            "url": where.url,
            "workspace_id": where.workspace_id,
        },
        "base": plan.base,
        "offline": plan.offline,
        "selection": {"slugs": list(plan.chosen), "exclude": list(plan.excluded)},
        "head": {"commit": plan.head.commit, "dirty": plan.head.dirty},
        "changes": [_change(change) for change in plan.changes],
        "unmanaged": list(plan.unmanaged),
        "orphaned": list(plan.orphaned),
        "objections": list(plan.objections),
        "summary": dict(plan.summary),
        "fingerprint": plan.fingerprint,
    }


def plans_document(plans: Sequence[Plan]) -> dict[str, Json]:
    """The plans of several workspaces."""
    return {**header(), "plans": [plan_document(plan) for plan in plans]}


def _change(change: Change) -> dict[str, Json]:
    before, rename = change.before, change.renamed_from
    renamed: dict[str, Json] = (
        {} if rename is None else {"renamed_from": {"slug": rename.slug, "similarity": rename.similarity}}
    )
    return {
        "slug": change.slug,
        "kind": change.kind,
        "action": change.action.value,
        "source": {"file": change.source.file, "line": change.source.line},
        "before": None if before is None else _live(before),
        "after": None if change.after is None else {"digest": change.after},
        "fields": [field_document(field) for field in change.fields],
        "warnings": list(change.warnings),
        "already_live": [field.name for field in change.already_live],
        **renamed,
    }


def _live(live: Live) -> dict[str, Json]:
    return {"version": live.version, "version_id": live.version_id, "digest": live.digest}


def field_document(field: FieldChange) -> dict[str, Json]:
    """One field change. ``before`` or ``after`` is left out where there is no value, which is not the same as null."""
    result: dict[str, Json] = {"path": field.name, "cause": field.cause.value if field.cause else None}
    if field.before is not ABSENT:
        result["before"] = field.before
    if field.after is not ABSENT:
        result["after"] = field.after
    return result


def apply_document(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, Json]:
    """What became of a plan."""
    return {
        **header(),
        "workspace": plan.workspace.name,
        "fingerprint": plan.fingerprint,
        "outcomes": [
            {
                "slug": outcome.change.slug,
                "action": outcome.change.action.value,
                "result": outcome.result.value,
                "version": outcome.version,
                "lost": list(outcome.lost),
                "message": outcome.message,
            }
            for outcome in outcomes
        ],
        "summary": {result.value: sum(o.result is result for o in outcomes) for result in Result},
    }


def record_document(plan: Plan, outcomes: Sequence[Outcome], time: datetime) -> dict[str, Json]:
    """What became of a plan, to keep; ``time`` in UTC."""
    return {
        **header(),
        "workspace": plan.workspace.name,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "fingerprint": plan.fingerprint,
        "outcomes": [
            {
                "slug": outcome.change.slug,
                "action": outcome.change.action.value,
                "result": outcome.result.value,
                "version": outcome.version,
                "version_id": outcome.version_id,
                "digest": outcome.change.after,
            }
            for outcome in outcomes
        ],
    }


def problems_document(problems: Sequence[Problem], files: int) -> dict[str, Json]:
    """What validate found."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    return {
        **header(),
        "problems": [_problem(problem) for problem in problems],
        "summary": {"files": files, "errors": errors, "warnings": len(problems) - errors},
    }


def _problem(problem: Problem) -> dict[str, Json]:
    return {
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "path": problem.path,
        "rule": problem.rule,
        "severity": problem.severity.value,
        "message": problem.message,
        "suggestion": problem.suggestion,
        "fixable": problem.fix is not None,
    }


def error_document(error: PresetctlError) -> dict[str, Json]:
    """Why a command failed; for invalid files with every problem."""
    problems = error.problems if isinstance(error, InputError) else ()
    return {
        **header(),
        "error": {
            "code": error.exit_code,
            "name": error.name,
            "message": error.message,
            "hint": error.hint,
            "problems": [_problem(problem) for problem in problems],
        },
    }


def header(format_version: str = FORMAT_VERSION) -> dict[str, Json]:
    """What every document starts with. Its format has a version of its own once it has grown."""
    return {"format_version": format_version, "tool_version": __version__}
