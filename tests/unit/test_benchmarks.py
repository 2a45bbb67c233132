"""What the benchmark makes of its measurements; that the measured commands run is tried with few presets."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmarks import corpus
from tests.benchmarks.chart import PANELS, chart
from tests.benchmarks.goals import GOALS, Goal, Kind, Results
from tests.benchmarks.report import as_json, as_markdown, as_text
from tests.benchmarks.serving import emulated
from tests.benchmarks.timing import BenchmarkError, Sample, Series, Work, measure, run

MACHINE = {"date": "2026-01-02", "cores": 2, "python": "3.11.7"}


def series(name: str, *walls: float, memory: float = 50, printed: str = "x") -> Series:
    return Series(name, [Sample(wall, wall / 2, memory, printed) for wall in walls])


def results(*found: Series, **requests: int) -> Results:
    return Results({one.name: one for one in found}, requests, {"bound": 2.0})


BOTH = results(series("a", 1, 9, 1, memory=80), series("b", 2, 2, 4, printed="y"), calls=7)


@pytest.mark.parametrize(
    ("goal", "measured"),
    [
        (Goal("", Kind.WALL, "a", 1, "b"), 0.5),  # as in the fastest rounds; noise is only ever added
        (Goal("", Kind.WALL, "b", 1, "a"), 2),
        (Goal("", Kind.WALL, "a", 1, "bound"), 0.5),
        (Goal("", Kind.MEMORY, "a", 1), 80),
        (Goal("", Kind.MEMORY_RATIO, "a", 1, "b"), 1.6),
        (Goal("", Kind.SAME, "a", 1, "b"), 2),
        (Goal("", Kind.COUNT, "calls", 1), 7),
        (Goal("", Kind.WALL, "a", 1, "absent"), None),
        (Goal("", Kind.WALL, "absent", 1, "a"), None),
        (Goal("", Kind.COUNT, "absent", 1), None),
    ],
)
def test_a_goal_is_judged_by_what_was_measured(goal: Goal, measured: float | None) -> None:
    verdict = BOTH.judge(goal)
    assert verdict.measured == measured
    assert verdict.met is (None if measured is None else measured <= goal.at_most)


def test_growth_is_the_exponent_from_the_small_to_the_large_size() -> None:
    grown = results(series("large", 100), series("small", 1))
    assert grown.judge(Goal("", Kind.EXPONENT, "large", 1, "small")).measured == pytest.approx(1)


def test_a_quick_run_lets_noise_pass_but_no_wrong_output_and_no_request() -> None:
    def tolerable(kind: Kind, at_most: float) -> bool:
        return BOTH.judge(Goal("", kind, "calls" if kind is Kind.COUNT else "b", at_most, "a")).tolerable

    assert tolerable(Kind.WALL, 2 / 1.5)
    assert not tolerable(Kind.WALL, 1.3)
    assert not tolerable(Kind.SAME, 1)
    assert tolerable(Kind.COUNT, 7)
    assert not tolerable(Kind.COUNT, 6)
    assert BOTH.judge(Goal("", Kind.WALL, "absent", 1)).tolerable
    grown = results(series("large", 140), series("small", 1))
    assert grown.judge(Goal("", Kind.EXPONENT, "large", 1, "small")).tolerable
    assert not grown.judge(Goal("", Kind.EXPONENT, "large", 0.97, "small")).tolerable
    known = BOTH.judge(Goal("", Kind.WALL, "b", 1, "a", reached=1.4))
    assert (known.met, known.tolerable) == (False, True)


def test_the_tables_and_the_data_tell_every_goal() -> None:
    verdicts = [BOTH.judge(goal) for goal in GOALS]
    text, data = as_text(BOTH, verdicts), as_json(BOTH, verdicts)
    assert all(goal.what in text for goal in GOALS)
    table = as_markdown(verdicts)
    assert all(f"| {goal.what} |" in table for goal in GOALS)
    assert text.count("not measured") == len(GOALS) == len(data["goals"])
    assert data["works"]["a"]["median"] == {"wall": 1, "cpu": 0.5, "memory": 80}


def test_the_chart_says_in_words_what_it_shows() -> None:
    names = [name for panel in PANELS for name, _ in panel.works]
    measured = results(*(series(name, 0.5 + 2 * at) for at, name in enumerate(names) if name != "terraform 1000"))
    drawn = chart(measured, MACHINE)
    assert drawn == chart(measured, MACHINE)
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    told = root.findtext("{*}desc") or ""
    assert "presetctl, second run 1.0 ×, presetctl, nothing cached 5.0 ×, octoDNS 9.0 ×, Terraform not inst" in told
    shown = " ".join(element.text or "" for element in root.findall(".//{*}text"))
    assert "check-jsonschema" in shown
    assert "2026-01-02 · 2 cores · Python 3.11.7" in shown


def test_a_command_is_measured_as_a_whole(tmp_path: Path) -> None:
    heavy = Work("heavy", [sys.executable, "-c", "x = bytearray(300_000_000); print(len(x))"], tmp_path)
    light = Work("light", [sys.executable, "-c", "pass"], tmp_path, rounds=1)
    found = measure([heavy, light], 2)
    assert [len(one.samples) for one in found.values()] == [2, 1]
    # Until a process runs its own program, it has the memory of the one that started it: here that of these tests.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert found["heavy"].median("memory") > 280
    assert found["light"].median("memory") < max(280, own + 1)
    assert found["heavy"].median("cpu") > 0
    with pytest.raises(BenchmarkError, match=r"heavy: exit code 0, not 1\n300000000"):
        run(Work("heavy", heavy.command, tmp_path, exit_code=1))


def test_presets_are_the_same_every_time_and_stored_as_declared(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "presetctl", "plan", "--detailed-exitcode"]
    with emulated(3) as server:
        for name, edited in (("one", False), ("other", False), ("edited", True)):
            corpus.write_project(tmp_path / name, 3, server.url, edited=edited)
        one, other = ((tmp_path / name / "presets" / "preset-00001.yaml").read_bytes() for name in ("one", "other"))
        assert one == other
        assert 1_300 < len(one) < 1_700
        key = {corpus.KEY: server.key(3)}
        run(Work("no changes", command, tmp_path / "one", lambda: key))
        run(Work("changes", command, tmp_path / "edited", lambda: key, exit_code=2))
        assert server.count() > 0
        run(Work("all new", command, tmp_path / "one", lambda: {corpus.KEY: server.empty()}, exit_code=2))
