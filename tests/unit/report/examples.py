"""Plans, outcomes and problems to report, ordinary and hostile."""

from __future__ import annotations

from dataclasses import replace

from presetctl.domain.change import ABSENT, Action, Cause, Change, FieldChange, Head, Live, Plan, Target
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.problem import Location, Problem, Severity
from presetctl.domain.values import Json, Path

DIGEST = "sha256:" + "0" * 64
TARGET = Target("production", "openrouter", "https://openrouter.ai/api/v1", "ws-1")

ESCAPES = "\x1b[2J\x1b[31m\x1b]0;title\x07\x9b1A\x1bc"
HIDDEN = "a\u202eb\u2066c\u200bd\ufeffe\U000e0041f\u2028g\u00adh"
RAW = ESCAPES + HIDDEN + "\r\x08\x7f\x00"
COMMANDS = "x\n::error file=a.py::owned\n  ::add-mask::e\n\u3000::stop-commands::t\n##[add-mask]e %0A::error::owned"
HOSTILE = RAW + COMMANDS


def field(path: Path, before: Json = None, after: Json = None, *, cause: Cause | None = None) -> FieldChange:
    """A field change; None stands for no value."""
    return FieldChange(path, ABSENT if before is None else before, ABSENT if after is None else after, cause)


def change(
    slug: str = "a",
    action: Action = Action.UPDATE,
    fields: tuple[FieldChange, ...] = (),
    warnings: tuple[str, ...] = (),
    version: int | None = 3,
    file: str | None = None,
) -> Change:
    """A change that was planned against ``version``."""
    before = None if version is None else Live(version, f"v{version}", DIGEST)
    source = Location(file or f"presets/{slug}.yaml")
    return Change(slug, "openrouter/messages", action, source, before, DIGEST, fields, warnings)


def plan(*changes: Change, unmanaged: tuple[str, ...] = (), target: Target = TARGET, head: Head = Head()) -> Plan:  # noqa: B008 - frozen
    return Plan(target, head, changes, unmanaged, DIGEST)


def problem(message: str = "is wrong", *, file: str = "presets/a.yaml", **more: str) -> Problem:
    """A problem in line 2, column 3."""
    severity = Severity(more.pop("severity", "error"))
    path, suggestion = more.pop("path", "config.x"), more.pop("suggestion", "")
    return Problem(Location(file, 2, 3), path, more.pop("rule", "a-rule"), message, suggestion, severity)


def hostile_plan() -> Plan:
    """Everything in it that can come from a file or a workspace is hostile."""
    fields = (
        field(("config", HOSTILE), HOSTILE, {HOSTILE: [HOSTILE]}),
        field(("config", "gone"), HOSTILE),
        field(("config", "new"), None, HOSTILE),
        field(("system_prompt",), f"same\n{HOSTILE}\n::notice::same\nold", f"same\n{HOSTILE}\n::notice::same\nnew"),
    )
    created = change("b", Action.CREATE, (field(("system_prompt",), None, HOSTILE),), version=None)
    removed = change("c", Action.UPDATE, (field(("system_prompt",), HOSTILE),))
    warned = change("d", Action.NO_OP, warnings=(f"loses {HOSTILE}",), file=f"presets/{HOSTILE}.yaml")
    target = Target("production", "openrouter", f"https://x/{HOSTILE}", HOSTILE)
    return plan(change("a", fields=fields), created, removed, warned, unmanaged=(HOSTILE,), target=target)


def hostile_file() -> Plan:
    """A plan as a file may say it that presetctl never wrote."""
    made = change(HOSTILE, fields=(field((HOSTILE, 0), HOSTILE, HOSTILE),), version=10**100)
    already = replace(change("b", Action.NO_OP), already_live=(field((HOSTILE,)),))
    target = Target(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    return replace(
        plan(replace(made, kind=HOSTILE), already, target=target, head=Head(HOSTILE)), base=HOSTILE, orphaned=(HOSTILE,)
    )


def hostile_outcomes() -> list[Outcome]:
    refused = Outcome(change(), Result.FAILED, message=f"refused: {HOSTILE}", exit_code=8)
    lossy = Outcome(change(), Result.NOT_PERSISTED, 4, (f"config.{HOSTILE}", "system_prompt"), exit_code=6)
    return [refused, lossy]


def hostile_problems() -> list[Problem]:
    return [
        problem(HOSTILE, file=HOSTILE, path=HOSTILE, suggestion=HOSTILE),
        problem("::error::x", file="::error file=x::y"),
    ]
