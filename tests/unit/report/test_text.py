"""Reports for people, as they look without colours, and with hostile text in every place."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import click
import pytest

from presetctl.domain.change import Action, FieldChange, Plan
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.problem import Problem
from presetctl.domain.values import Json
from presetctl.report.text import (
    Style,
    outcome_text,
    outcomes_summary,
    plan_text,
    plans_text,
    problems_text,
    summary_line,
    validation_summary,
)
from tests.unit.report.examples import (
    change,
    field,
    hostile_file,
    hostile_outcomes,
    hostile_plan,
    hostile_problems,
    plan,
    problem,
)

PLAIN, COLOUR = Style(), Style(colour=True)


def body(made: Plan) -> list[str]:
    """A plan's lines between the first and the last."""
    return plan_text(made, PLAIN).split("\n")[2:-2]


def test_a_plan() -> None:
    fields = (
        field(("config", "temperature"), 0.7, 0.5),
        field(("config", "provider", "sort"), "price"),
        field(("config", "tools", 0, "odd key"), None, {"type": "x"}),
    )
    created = change("b", Action.CREATE, (field(("config", "model"), None, "m"),), version=None)
    made = plan(change("a", fields=fields), created, change("c", Action.NO_OP), unmanaged=("x", "y"))
    assert (
        plan_text(made, PLAIN)
        == """\
Workspace production (openrouter, https://openrouter.ai/api/v1)

~ update a  version 3 → 4  openrouter/messages  presets/a.yaml
    ~ config.temperature: 0.7 → 0.5
    - config.provider.sort: "price"
    + config.tools[0]["odd key"]: {"type": "x"}

+ create b  version 1  openrouter/messages  presets/b.yaml
    + config.model: "m"

Plan: 1 to create, 1 to update, 1 unchanged. 2 unmanaged presets in the workspace left alone."""
    )


@pytest.mark.parametrize(
    ("action", "version", "head"),
    [
        (Action.CREATE, None, "+ create a  version 1  "),
        (Action.UPDATE, 3, "~ update a  version 3 → 4  "),
        (Action.UPDATE, None, "~ update a  version 1  "),
        (Action.REPLACE, 3, "± replace a  version 3 → 4  "),
        (Action.ARCHIVE, 3, "- archive a  version 3  openrouter/messages  "),
        (Action.RESTORE, 3, "↑ restore a  version 3  "),
        (Action.RESTORE, None, "↑ restore a  openrouter/messages  "),
    ],
)
def test_actions(action: Action, version: int | None, head: str) -> None:
    assert body(plan(change(action=action, version=version)))[0].startswith(head)


def test_what_is_unchanged_is_shown_only_with_a_warning() -> None:
    made = plan(change("a", Action.NO_OP), change("b", Action.NO_OP, warnings=("disabled",)))
    assert body(made) == ["= unchanged b  version 3  openrouter/messages  presets/b.yaml", "    ! disabled"]


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (plan(), "No changes: 0 presets as declared."),
        (plan(change(action=Action.NO_OP)), "No changes: 1 preset as declared."),
        (
            plan(change(action=Action.NO_OP), unmanaged=("x",)),
            "No changes: 1 preset as declared. 1 unmanaged preset in the workspace left alone.",
        ),
        (
            plan(*(change(action=action) for action in Action)),
            "Plan: 1 to create, 1 to update, 1 to replace, 1 to archive, 1 to delete, 1 to restore, 1 unchanged.",
        ),
    ],
)
def test_the_last_line(made: Plan, line: str) -> None:
    assert summary_line(made) == line
    assert plan_text(made, PLAIN).endswith(f"\n{line}")


def prompt(before: Json, after: Json) -> list[str]:
    return [line[4:] for line in body(plan(change(fields=(field(("system_prompt",), before, after),))))[1:]]


def test_a_changed_prompt_is_shown_by_line_and_word() -> None:
    before = "1\n2\n3\n4\nBe brief.\nnever\n\nend "
    after = "1\n2\n3\n4\nBe very brief.\nnever\n\nend"
    assert prompt(before, after) == [
        "~ system_prompt:",
        "    … 2 unchanged lines",
        "      3",
        "      4",
        "    - Be brief.",
        "    + Be{+ very+} brief.",
        "      never",
        "",
        "    - end[- -]",
        "    + end",
    ]


def test_a_new_prompt_shows_its_beginning() -> None:
    assert prompt(None, "one") == ["+ system_prompt: 1 line, 3 characters", "    + one"]
    lines = [str(number) for number in range(9)]
    assert prompt(None, "\n".join(lines[:7]))[1:] == [f"    + {n}" for n in range(7)]
    assert prompt(None, "\n".join(lines))[6:] == ["    + 5", "    … 3 more lines"]


def test_a_removed_prompt() -> None:
    assert prompt("a\n\nb", None) == ["- system_prompt: 3 lines, 4 characters", "    - a", "    -", "    - b"]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome(change(), Result.APPLIED, 4), "applied  a version 4"),
        (Outcome(change(), Result.UNCHANGED, 3), "unchanged  a version 3"),
        (Outcome(change(), Result.SKIPPED, message="not tried"), "skipped  a: not tried"),
        (
            Outcome(change(), Result.NOT_PERSISTED, 4, ("config.seed", "system_prompt"), exit_code=6),
            "not persisted  a version 4: not kept as sent: config.seed, system_prompt",
        ),
    ],
)
def test_outcomes(outcome: Outcome, text: str) -> None:
    assert outcome_text(outcome, PLAIN) == text


def test_the_summary_of_an_apply() -> None:
    assert outcomes_summary([], "one") == "Apply: nothing to do."
    applied = Outcome(change(), Result.APPLIED, 4)
    assert outcomes_summary([applied], "one") == "Apply: 1 applied.\nLive now: a version 4."
    many = outcomes_summary([applied] * 23, "one")
    assert many.startswith("Apply: 23 applied.\nLive now: a version 4, ")
    assert many.endswith(", a version 4 and 3 more.")
    lossy = Outcome(change(), Result.NOT_PERSISTED, 4, ("system_prompt", "config.seed", "config.a.b[0].c"), exit_code=6)
    assert outcomes_summary([applied, lossy], "one") == (
        "Apply: 1 applied, 1 not persisted.\nLive now: a version 4, a version 4.\n"
        "one did not keep a.b, seed as sent. If it never does, add `not_kept: [a.b, seed]` to it in presetctl.yaml."
    )
    failed = Outcome(change(), Result.FAILED, exit_code=8)
    assert outcomes_summary([failed, Outcome(change(), Result.SKIPPED)], "one") == (
        "Apply: 1 failed, 1 skipped.\nThe next `presetctl plan` shows exactly what remains."
    )


def test_problems() -> None:
    found = [
        problem("`temprature` is not a field", path="config.temprature", suggestion="did you mean `temperature`?"),
        problem("odd", path="", severity="warning"),
    ]
    assert problems_text(found, PLAIN) == (
        "presets/a.yaml:2:3: error: `temprature` is not a field [a-rule at config.temprature]\n"
        "    → did you mean `temperature`?\n"
        "presets/a.yaml:2:3: warning: odd [a-rule]"
    )


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([], "2 files checked, all valid."),
        ([problem()], "2 files checked: 1 error."),
        ([problem(), problem(severity="warning")], "2 files checked: 1 error, 1 warning."),
        ([problem(severity="warning")] * 2, "2 files checked: 2 warnings."),
    ],
)
def test_the_summary_of_validate(found: list[Problem], line: str) -> None:
    assert validation_summary(found, 2) == line


@pytest.mark.parametrize(
    "report",
    [
        lambda style: plan_text(hostile_plan(), style),
        lambda style: plans_text([hostile_file(), replace(hostile_file(), offline=True)], style),
        lambda style: problems_text(hostile_problems(), style),
        lambda style: "\n".join(outcome_text(outcome, style) for outcome in hostile_outcomes()),
        lambda style: outcomes_summary(hostile_outcomes(), "production"),
    ],
    ids=["plan", "plan file", "problems", "outcomes", "summary"],
)
@pytest.mark.parametrize("style", [PLAIN, COLOUR], ids=["plain", "colour"])
def test_hostile_text_comes_out_harmless(report: Callable[[Style], str], style: Style) -> None:
    text = report(style)
    own = re.sub(r"\x1b\[[0-9;]*m", "", text) if style.colour else text
    assert not [c for c in own if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c != "\n"]
    assert not re.search(r"(?m)^\s*::", text)
    assert "##[" not in text
    assert r"\u{1b}" in own


def test_colours_are_the_only_difference_but_for_the_marks_of_words() -> None:
    made = plan(change(fields=(field(("config", "x"), 1, 2),), warnings=("careful",)))
    assert click.unstyle(plan_text(made, COLOUR)) == plan_text(made, PLAIN)
    changed = plan(change(fields=(field(("system_prompt",), "be brief", "be kind"),)))
    assert "\x1b" not in plan_text(changed, PLAIN)
    assert "{+" not in plan_text(changed, COLOUR)
    assert click.style("brief", fg="red", reverse=True) in plan_text(changed, COLOUR)


def test_large_prompts_are_quick() -> None:
    begin = time.process_time()
    long_line, many_lines = "word " * 40_000, "a line of words\n" * 10_000
    for before, after in [(long_line, f"{long_line}x"), (many_lines, many_lines.replace("of", "without"))]:
        assert plan_text(plan(change(fields=(field(("system_prompt",), before, after),))), COLOUR)
    assert plan_text(plan(change(fields=(field(("config", "x"), long_line, "y" * 200_000),))), PLAIN).count("…") == 2
    assert time.process_time() - begin < 30


def test_a_field_change_of_an_empty_prompt_shows_no_difference_of_words() -> None:
    made = plan(change(fields=(FieldChange(("system_prompt",), "", "x"),)))
    assert body(made)[1] == "    + system_prompt: 1 line, 1 character"


def test_orphaned_presets_are_named() -> None:
    made = plan(change("a", Action.NO_OP))
    assert summary_line(replace(made, orphaned=("x", "y"))) == (
        "No changes: 1 preset as declared. Orphaned, declared by no file any more, and left alone: x, y."
    )
    many_orphans = replace(made, orphaned=tuple(f"p{n}" for n in range(25)))
    assert summary_line(many_orphans).endswith("p18, p19 and 5 more.")
