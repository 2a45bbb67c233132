"""What is to be reached, as data, and how it's judged.

A goal compares two works of one run: what they took, round by round. Peak memory, requests and bounds that the latency
sets are absolute. A goal whose works were not measured is neither met nor missed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.benchmarks.timing import Series

TOLERANCE = 1.5
"""How much worse than its goal a quick run may find a figure: the machine is shared."""


class Kind(StrEnum):
    """What a goal limits."""

    WALL = "wall"
    MEMORY_RATIO = "memory ratio"
    MEMORY = "memory"
    EXPONENT = "exponent"
    SAME = "same"
    COUNT = "count"


@dataclass(frozen=True)
class Goal:
    """``of`` must take at most ``at_most`` of what ``to`` takes, where it isn't an absolute limit.

    ``reached``: where the goal is out of reach, what was reached; a quick run fails only where it's much worse.
    """

    what: str
    kind: Kind
    of: str
    at_most: float
    to: str = ""
    unit: str = "×"
    reached: float = 0


@dataclass(frozen=True)
class Verdict:
    """A goal and what was measured; None where it wasn't."""

    goal: Goal
    measured: float | None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met."""
        return None if self.measured is None else self.measured <= self.goal.at_most

    @property
    def tolerable(self) -> bool:
        """Whether it's met, not measured, or missed by no more than what a quick run lets pass."""
        limit = max(self.goal.at_most, self.goal.reached)
        if self.goal.kind is Kind.EXPONENT:
            allowed = limit + math.log(TOLERANCE) / math.log(LARGE / SMALL)
        else:
            allowed = limit * (1 if self.goal.kind in _EXACT else TOLERANCE)
        return self.measured is None or self.measured <= allowed


@dataclass(frozen=True)
class Results:
    """What a run found: the series of its works, the requests that some of them took, and the seconds of bounds."""

    series: Mapping[str, Series]
    requests: Mapping[str, int]
    bounds: Mapping[str, float]

    def judge(self, goal: Goal) -> Verdict:
        """Whether ``goal`` is met."""
        return Verdict(goal, self._measured(goal))

    def _measured(self, goal: Goal) -> float | None:
        if goal.kind is Kind.COUNT:
            return self.requests.get(goal.of)
        one, other = self.series.get(goal.of), self.series.get(goal.to)
        if one is None:
            return None
        if goal.kind is Kind.MEMORY:
            return one.median("memory")
        if goal.to in self.bounds:
            return one.median("wall") / self.bounds[goal.to]
        return None if other is None else compared(goal.kind, one, other)


def compared(kind: Kind, one: Series, other: Series) -> float:
    """The figure of ``kind`` that relates two series."""
    match kind:
        case Kind.SAME:
            return float(len({sample.printed for sample in (*one.samples, *other.samples)}))
        case Kind.EXPONENT:
            return math.log(ratio(one, other, "wall")) / math.log(LARGE / SMALL)
        case Kind.MEMORY_RATIO:
            return ratio(one, other, "memory")
        case _:
            return ratio(one, other, "wall")


def ratio(one: Series, other: Series, of: str) -> float:
    """How many times as much ``one`` takes as ``other``: the median of the rounds that both took part in.

    Or what the fastest rounds say, where that is less: noise only ever adds.
    """
    pairs = [mine / its for mine, its in zip(one.all(of), other.all(of), strict=False)]
    return min(statistics.median(pairs), min(one.all(of)) / min(other.all(of)))


SMALL, MIDDLE, LARGE = 100, 1_000, 10_000
SIZES = (SMALL, MIDDLE, LARGE)
PLAN_LATENCY, APPLY_LATENCY = 0.08, 0.02
_EXACT = frozenset({Kind.SAME, Kind.COUNT})

_A_GET_EACH = 30
"""The API gives contents one by one: with nothing around them, the requests alone take 11 to 13 times the floor."""
GOALS = (
    Goal(
        "plan 10,000, nothing cached: time, against the floor",
        Kind.WALL, "plan 10000 cold", 10, "floor 10000", reached=_A_GET_EACH,
    ),
    Goal("plan 10,000, nothing cached: memory", Kind.MEMORY, "plan 10000 cold", 200, unit="MB"),
    Goal("plan 10,000: different outputs with and without a cache", Kind.SAME, "plan 10000 cold", 1, "plan 10000", ""),
    Goal("plan 10,000, second run: time, against the floor", Kind.WALL, "plan 10000", 3, "floor 10000"),
    Goal("plan 10,000, second run: memory", Kind.MEMORY, "plan 10000", 100, unit="MB"),
    Goal("plan 10,000, 1 % changed: time, against no changes", Kind.WALL, "plan 10000 edited", 1.3, "plan 10000"),
    Goal("plan 1,000: time, against terraform plan", Kind.WALL, "plan 1000", 1 / 60, "terraform 1000"),
    Goal("plan 1,000: memory, against terraform plan", Kind.MEMORY_RATIO, "plan 1000", 1 / 6, "terraform 1000"),
    Goal("plan 1,000: time, against octoDNS", Kind.WALL, "plan 1000", 1 / 8, "octodns 1000", reached=1 / 6),
    Goal("plan, nothing cached: growth from 100 to 10,000", Kind.EXPONENT, "plan 10000 cold", 1, "plan 100 cold", ""),
    Goal("plan, second run: growth from 100 to 10,000", Kind.EXPONENT, "plan 10000", 1, "plan 100", ""),
    Goal("validate, nothing cached: growth", Kind.EXPONENT, "validate 10000 cold", 1, "validate 100 cold", ""),
    Goal("validate, second run: growth", Kind.EXPONENT, "validate 10000", 1, "validate 100", ""),
    Goal(
        "validate 10,000, nothing cached: time, against check-jsonschema",
        Kind.WALL, "validate 10000 cold", 1 / 15, "check-jsonschema 10000",
    ),
    Goal("validate 10,000, second run: time, against ajv-cli", Kind.WALL, "validate 10000", 1, "ajv 10000"),
    Goal("--version: time, against importing click", Kind.WALL, "version", 1.3, "import click"),
    Goal("--help: time, against importing click", Kind.WALL, "help", 1.3, "import click"),
    Goal("validate one file: time, against check-jsonschema", Kind.WALL, "validate one", 0.4, "check-jsonschema one"),
    Goal(
        "plan 1,000 at 80 ms latency, nothing cached: time, against the latency bound",
        Kind.WALL, "plan far cold", 1.3, "plan bound",
    ),
    Goal("plan 1,000: different outputs with and without a cache", Kind.SAME, "plan far cold", 1, "plan far", ""),
    Goal("plan 1,000 at 80 ms latency, second run: requests", Kind.COUNT, "plan far", 15, unit="requests"),
    Goal(
        "apply 1,000 new at 20 ms latency, parallelism 8: time, against the latency bound",
        Kind.WALL, "apply far", 1.5, "apply bound",
    ),
)  # fmt: skip
