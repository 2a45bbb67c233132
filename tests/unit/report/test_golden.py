"""The corpus of hostile texts through every renderer, byte for byte. ``PRESETCTL_BLESS=1`` writes the files anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from presetctl import __version__
from presetctl.report.github import problems_log
from presetctl.report.html import outcomes_html, plans_html
from presetctl.report.json import apply_document, as_text, plan_document, problems_document
from presetctl.report.junit import problems_junit
from presetctl.report.markdown import outcomes_markdown, plans_markdown
from presetctl.report.sarif import problems_sarif
from presetctl.report.text import Style, outcome_text, outcomes_summary, plan_text, problems_text
from tests.gfm import foreign
from tests.hostile import acting, commands, executed
from tests.unit.report.examples import HOSTILE, corpus, corpus_of_problems, ordinary_plan, outcomes_of

GOLDEN = Path(__file__).with_name("golden")
BLESS = os.environ.get("PRESETCTL_BLESS") == "1"  # read before the tests' own environment is cleaned
LONGEST = 120
PLAN, PROBLEMS = corpus(LONGEST), corpus_of_problems(LONGEST)
TAGGED = tuple(change for change in PLAN.changes if re.search("[<&]", change.slug))  # the page of all is long
APPLIED, OUTCOMES = ordinary_plan(), outcomes_of(ordinary_plan(), HOSTILE)
RENDERERS: dict[str, Callable[[], str]] = {
    "plan.txt": lambda: plan_text(PLAN, Style()),
    "plan.json": lambda: as_text(plan_document(PLAN)),
    "plan.md": lambda: plans_markdown([PLAN], 10**9),
    "plan-cut.md": lambda: plans_markdown([PLAN], 5_000, "Look there."),
    "plan.html": lambda: plans_html([replace(PLAN, changes=TAGGED)]),
    "apply.txt": lambda: "\n".join(
        [*(outcome_text(outcome, Style()) for outcome in OUTCOMES), outcomes_summary(OUTCOMES, "production")]
    ),
    "apply.json": lambda: as_text(apply_document(APPLIED, OUTCOMES)),
    "apply.md": lambda: outcomes_markdown(APPLIED, OUTCOMES),
    "apply.html": lambda: outcomes_html(APPLIED, OUTCOMES),
    "validate.txt": lambda: problems_text(PROBLEMS, Style()),
    "validate.json": lambda: as_text(problems_document(PROBLEMS, 1)),
    "validate.sarif": lambda: as_text(problems_sarif(PROBLEMS)),
    "validate.xml": lambda: problems_junit(PROBLEMS, []),
    "validate.log": lambda: problems_log(PROBLEMS, "token"),
}


def masked(text: str) -> str:
    """Without what is ours and changes for other reasons: the style, the script, their hashes, the version."""
    text = re.sub(r"(<(?:style|script)>).*?(</)", r"\1…\2", text, flags=re.DOTALL)
    text = re.sub(r"'sha256-[^']*'", "'sha256-…'", text)
    return text.replace(f'"{__version__}"', '"…"').replace(f"presetctl {__version__}", "presetctl …")


@pytest.mark.parametrize("name", RENDERERS)
def test_hostile_texts_in_every_form(name: str) -> None:
    text = RENDERERS[name]()
    assert acting(text) == []
    if name.endswith(".log"):
        assert all(re.match(r"::(error|warning) (file|title)=", command) for command in executed(text))
    else:
        assert commands(text) == []
    if name.endswith(".md"):
        assert foreign(text) == []
    found = f"{masked(text)}\n".encode()
    if BLESS:
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / name).write_bytes(found)
    assert found == (GOLDEN / name).read_bytes(), f"{name}; PRESETCTL_BLESS=1 accepts it"


def test_there_is_no_other_golden_file() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == set(RENDERERS)
