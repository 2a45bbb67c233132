"""What a run of the benchmark found, as tables and as data."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

from presetctl import __version__
from tests.benchmarks.goals import Goal, Kind, Results, Verdict

FORMAT_VERSION = "1.0"
_WORDS = {True: "met", False: "MISSED", None: "not measured"}


def as_text(results: Results, verdicts: list[Verdict]) -> str:
    """Two tables: what was measured, and what of it was to be reached."""
    lines = [f"{'measured, medians':<30}{'runs':>5}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}"]
    for name, series in results.series.items():
        figures = f"{series.median('wall'):10.3f}{series.median('cpu'):10.3f}{series.median('memory'):10.0f}"
        lines.append(f"{name:<30}{len(series.samples):>5}{figures}")
    lines += [f"{name:<30}{'':>5}{seconds:10.3f}" for name, seconds in results.bounds.items()]
    lines += [f"{name:<30}{'':>5}{count:>10} requests" for name, count in results.requests.items()]
    lines += ["", f"{'goal':<82}{'at most':>12}{'measured':>12}"]
    lines += [_judged(verdict) for verdict in verdicts]
    return "\n".join(lines)


def _judged(verdict: Verdict) -> str:
    goal = verdict.goal
    return f"{goal.what:<82}{figure(goal, goal.at_most):>12}{_measured(verdict):>12}  {_WORDS[verdict.met]}"


def figure(goal: Goal, value: float) -> str:
    """A figure of a goal: ``1/60 ×`` where it's less than one half."""
    if goal.kind in {Kind.COUNT, Kind.MEMORY, Kind.SAME}:
        return f"{value:.0f} {goal.unit}".rstrip()
    if goal.unit and 0 < value < 1 / 3:
        return f"1/{1 / value:.3g} ×"
    return f"{value:.2f} {goal.unit}".rstrip()


def as_markdown(verdicts: list[Verdict]) -> str:
    """The goals as a table for the README."""
    rows = [
        f"| {v.goal.what} | {figure(v.goal, v.goal.at_most)} | {_measured(v)} | {_WORDS[v.met].lower()} |"
        for v in verdicts
    ]
    return "\n".join(["| work | goal: at most | measured | |", "|---|---|---|---|", *rows]) + "\n"


def _measured(verdict: Verdict) -> str:
    return "–" if verdict.measured is None else figure(verdict.goal, verdict.measured)


def machine() -> dict[str, Any]:
    """What ran the benchmark."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def as_json(results: Results, verdicts: list[Verdict]) -> dict[str, Any]:
    """Everything, as plain data; times in seconds, memory in MB."""
    works = {
        name: {
            "runs": [{"wall": s.wall, "cpu": s.cpu, "memory": s.memory} for s in series.samples],
            "median": {of: series.median(of) for of in ("wall", "cpu", "memory")},
        }
        for name, series in results.series.items()
    }
    goals = [
        {"goal": v.goal.what, "at_most": v.goal.at_most, "unit": v.goal.unit, "measured": v.measured, "met": v.met}
        for v in verdicts
    ]
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "machine": machine(),
        "works": works,
        "bounds": dict(results.bounds),
        "requests": dict(results.requests),
        "goals": goals,
    }
