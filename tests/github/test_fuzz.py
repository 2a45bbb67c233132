"""What comes from GitHub, or from files of other jobs, with mistakes in it: it's understood, or refused in words."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from presetctl.github.event import find_event
from presetctl.github.marker import DriftMark, PlanMark, marked, read_mark
from presetctl.load.results import load_drift, load_failure, load_plans_or_failure
from presetctl.report.drift_markdown import drift_markdown
from presetctl.report.markdown import length
from presetctl.report.outputs import Failure, outputs_text, plan_outputs
from tests.gfm import foreign
from tests.github.plans import HEAD, opened
from tests.github.standin import REPOSITORY
from tests.github.test_issue import drift, report_document
from tests.hostile import acting
from tests.unit.test_fuzz import PLANS, mutated, refused, tried

MARK = PlanMark(
    workspace="production", fingerprint="sha256:" + "f" * 64, changed=True, offline=False, trusted=True,
    head=HEAD, commit=HEAD, run_id=77, artifact="plan",
)  # fmt: skip
MARKS = [marked(MARK).encode(), f"{marked(DriftMark(workspace='w', digest=''))}\nText".encode()]
RUN = {"id": 5, "head_sha": HEAD, "head_branch": "b", "head_repository": {"full_name": "a/b", "owner": {"login": "a"}}}
EVENTS = [
    json.dumps(said).encode()
    for said in (opened(1), {"workflow_run": RUN}, {"repository": {"pushed_at": 1}}, {"merge_group": {"head_ref": "x"}})
]
DRIFTS = [json.dumps(report_document(drift(), drift("b"), drift("c", archived=True, version=None))).encode()]
FAILED = b'{"format_version": "1.0", "error": {"code": 5, "message": "moved"}}'
APPLIES = [FAILED, b'{"format_version": "1.0", "outcomes": [{"slug": "a", "result": "failed", "message": "why"}]}']


def reading_a_marker(seed: int) -> None:
    text = mutated(seed, MARKS).decode("utf-8", "replace")
    for mark in (read_mark(text, PlanMark), read_mark(text, DriftMark)):
        assert mark is None or read_mark(marked(mark), type(mark)) == mark


def reading_an_event(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "event.json"
        path.write_bytes(mutated(seed, EVENTS))
        found = refused(lambda: find_event({"GITHUB_EVENT_PATH": str(path)}, REPOSITORY))
    assert found is None or found.number is None or isinstance(found.number, int)


def reading_drift(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drift.json"
        path.write_bytes(mutated(seed, DRIFTS))
        found = refused(lambda: load_drift(path))
    if found is not None:
        text = drift_markdown(found, 5_000)
        assert (foreign(text), acting(text)) == ([], [])
        assert length(text) <= 5_000


def reading_results(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        path.write_bytes(mutated(seed, [*APPLIES, *PLANS]))
        failed = refused(lambda: load_failure(path)) or (0, "")
        plans, _ = refused(lambda: load_plans_or_failure(path)) or ([], (0, ""))
    text = outputs_text(plan_outputs(plans, "plan.json", Failure(*failed)), "delimiter")
    assert text.count("\n") == 3 * text.count("<<delimiter\n")


PROPERTIES = [reading_a_marker, reading_an_event, reading_drift, reading_results]


@pytest.mark.parametrize("work", PROPERTIES, ids=lambda it: it.__name__)
def test_three_hundred_inputs(work: Callable[[int], None]) -> None:
    tried(work, 300)


@pytest.mark.torture
@pytest.mark.parametrize("work", PROPERTIES, ids=lambda it: it.__name__)
def test_twenty_thousand_inputs(work: Callable[[int], None]) -> None:
    tried(work, 20_000)
