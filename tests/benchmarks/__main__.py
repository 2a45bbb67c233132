"""``make bench`` and ``make bench-quick``: ratios measured side by side in one run. Never part of the tests."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from presetctl.ports import READERS
from tests.benchmarks.chart import chart
from tests.benchmarks.goals import GOALS, SIZES, Verdict
from tests.benchmarks.report import as_json, as_markdown, as_text, machine
from tests.benchmarks.serving import emulated
from tests.benchmarks.works import Bench

ROUNDS, QUICK_ROUNDS = 5, 3


def main() -> int:
    """Prints the tables; 1 where a quick run finds twice a figure that is much worse than its goal."""
    options = _options()
    verdicts = _once(options)
    if not options.quick:
        return 0
    bad = [verdict.goal for verdict in verdicts if not verdict.tolerable]
    if bad:
        print("\nOnce more, since the machine may have been busy.\n", flush=True)
        bad = [verdict.goal for verdict in _once(options) if not verdict.tolerable and verdict.goal in bad]
    for goal in bad:
        print(f"Much worse than its goal, twice: {goal.what}", file=sys.stderr)
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and not what takes long")
    parser.add_argument("--rounds", type=int, help="how often each command is run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything that was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the goals as a table for the README")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw the chart for the README")
    return parser.parse_args()


def _once(options: argparse.Namespace) -> list[Verdict]:
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    with tempfile.TemporaryDirectory() as scratch, emulated(*SIZES) as server:
        results = Bench(Path(scratch), server, READERS, rounds, options.quick, _tell).run()
    verdicts = [results.judge(goal) for goal in GOALS]
    print(f"\n{as_text(results, verdicts)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(as_json(results, verdicts), indent=2) + "\n")
    if options.markdown:
        options.markdown.write_text(as_markdown(verdicts))
    if options.svg:
        options.svg.write_text(chart(results, machine()))
    return verdicts


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
