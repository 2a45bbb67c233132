"""Saved plans and reports of drift, made without a workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from presetctl.domain.change import Action, Change, Head, Plan, Target
from presetctl.domain.values import Json, digest
from presetctl.plan import fingerprint
from presetctl.report.json import as_text, plan_document, plans_document
from tests.acceptance.cli import Shell
from tests.unit.report.examples import TARGET, change, field, plan

HEAD = "a" * 40


def changing(slug: str = "mail", after: str = "new", workspace: str = "production", commit: str = HEAD) -> Plan:
    """A plan that updates one preset."""
    changed = change(slug, fields=(field(("config", "model"), "old", after),))
    changes = [replace(changed, after=digest(after))]
    return sealed(plan(*changes, target=replace(TARGET, name=workspace), head=Head(commit)))


def quiet(workspace: str = "production", commit: str = HEAD) -> Plan:
    """A plan that changes nothing."""
    return sealed(plan(change("mail", Action.NO_OP), target=replace(TARGET, name=workspace), head=Head(commit)))


def sealed(made: Plan, *changes: Change, target: Target | None = None) -> Plan:
    """The plan with a fingerprint of its own."""
    made = replace(made, changes=changes or made.changes, workspace=target or made.workspace)
    return replace(made, fingerprint=fingerprint(made.workspace, made.changes))


def save(shell: Shell, *plans: Plan, name: str = "plan.json") -> str:
    """Writes the plans into a file; gives its name."""
    document: Json = plan_document(plans[0]) if len(plans) == 1 else plans_document(plans)
    shell.write(name, as_text(document))
    return name


def event(shell: Shell, monkeypatch: Any, document: Json) -> None:
    """What GitHub says of the event that started this run."""
    path = Path(shell.folder) / "event.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))


def opened(number: int, head: str = HEAD, repository: str | None = "octo-org/presets") -> Json:
    """The event of a pull request, or of a push to it."""
    repo: Json = None if repository is None else {"full_name": repository, "owner": {"login": repository.split("/")[0]}}
    return {"action": "synchronize", "pull_request": {"number": number, "head": {"sha": head, "repo": repo}}}
