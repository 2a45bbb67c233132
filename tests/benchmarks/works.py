"""What is measured, put together and run: in groups whose works take turns."""

from __future__ import annotations

import itertools
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import corpus, peers
from tests.benchmarks.goals import APPLY_LATENCY, LARGE, MIDDLE, PLAN_LATENCY, SIZES, SMALL, Results
from tests.benchmarks.serving import Emulated
from tests.benchmarks.timing import Series, Work, measure, run

PRESETCTL = (str(Path(sys.executable).with_name("presetctl")),)
PARALLELISM = 8
CACHE = "XDG_CACHE_HOME"
EDITED = "edited"
_CHANGES = 2
_QUICK_ROUNDS_OF_LARGE = 2
_MORE = 2
"""How many times as many rounds what takes a moment gets."""
_REQUESTS_OF_A_WRITE = 2
"""One that looks what is there, and the write, whose reply tells what was stored."""


@dataclass
class Bench:
    """A run of the benchmark in ``scratch``, against ``server``. ``readers``: how many requests a plan has under way.

    A quick run makes fewer rounds, and leaves out what takes long.
    """

    scratch: Path
    server: Emulated
    readers: int
    rounds: int
    quick: bool
    tell: Callable[[str], None]
    series: dict[str, Series] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, float] = field(default_factory=dict)
    _caches: Iterator[int] = field(default_factory=itertools.count)

    def run(self) -> Results:
        """Measures everything."""
        schema = self.scratch / "preset.schema.json"
        peers.write_schema(schema)
        for size in SIZES:
            corpus.write_project(self._project(size), size, self.server.url)
        corpus.write_project(self._project(EDITED), LARGE, self.server.url, edited=True)
        self._measure("starting", self._starts(schema), _MORE * self.rounds)
        for size in SIZES:
            rounds = min(self.rounds, _QUICK_ROUNDS_OF_LARGE) if self.quick and size == LARGE else self.rounds
            if not (self.quick and size == MIDDLE):
                self._measure(f"validating {size:,} presets", self._validations(size, schema), rounds)
            self._measure(f"planning {size:,} presets", self._plans(size), rounds)
        self._far()
        return Results(self.series, self.requests, self.bounds)

    def _measure(self, what: str, works: list[Work], rounds: int | None = None) -> None:
        self.tell(f"{what}: {', '.join(work.name for work in works)}")
        self.series |= measure(works, rounds or self.rounds)

    def _starts(self, schema: Path) -> list[Work]:
        project = self._project(SMALL)
        file = f"presets/{corpus.slug(0)}.yaml"
        works = [
            Work("import click", [sys.executable, "-c", "import click"], project),
            Work("version", [*PRESETCTL, "--version"], project),
            Work("help", [*PRESETCTL, "--help"], project),
            Work("validate one", [*PRESETCTL, "validate", file], project, self._cold),
        ]
        if program := peers.check_jsonschema():
            works.append(peers.check_jsonschema_work("check-jsonschema one", program, project, schema, file, 1_000))
        return works

    def _validations(self, size: int, schema: Path) -> list[Work]:
        project, command = self._project(size), [*PRESETCTL, "validate"]
        works = self._cold_and_warm(f"validate {size}", command, project)
        if program := peers.ajv():
            works.append(peers.ajv_work(f"ajv {size}", program, project, schema))
        if (program := peers.check_jsonschema()) and size == LARGE and not self.quick:
            name = f"check-jsonschema {size}"  # takes minutes
            works.append(peers.check_jsonschema_work(name, program, project, schema, "presets/*.yaml", rounds=1))
        return works

    def _plans(self, size: int) -> list[Work]:
        project, key, command = self._project(size), self._key(size), [*PRESETCTL, "plan", "--detailed-exitcode"]
        floor = [sys.executable, str(peers.HERE / "floor.py"), "presets", self.server.url, self.server.key(size)]
        works = [Work(f"floor {size}", floor, project), *self._cold_and_warm(f"plan {size}", command, project, key)]
        if size == LARGE:
            edited = self._project(EDITED)
            work = Work(f"plan {size} {EDITED}", command, edited, works[-1].before, exit_code=_CHANGES)
            run(work)  # what is read and checked for the first time
            works.append(work)
            if not self.quick:
                works.append(Work(f"floor {size} with a GET each", [*floor, str(self.readers)], project, rounds=2))
        return works + self._planning_peers(size)

    def _cold_and_warm(
        self, name: str, command: list[str], project: Path, variables: Mapping[str, str] | None = None
    ) -> list[Work]:
        """A work that finds nothing cached, and the same with a cache that one run has filled.

        In a quick run with many presets the run that fills it is the only one of the first kind.
        """
        more = dict(variables or {})
        filled = {CACHE: str(self.scratch / f"warm-{next(self._caches)}"), **more}
        cold = Work(f"{name} cold", command, project, lambda: self._cold() | more)
        warm = Work(name, command, project, lambda: filled)
        first = run(warm)
        if self.quick and project != self._project(SMALL):
            self.series[cold.name] = Series(cold.name, [first])
            return [warm]
        return [cold, warm]

    def _planning_peers(self, size: int) -> list[Work]:
        works = []
        if (program := peers.octodns()) and size == MIDDLE:
            folder, rounds = self.scratch / f"octodns-{size}", 1 if self.quick else self.rounds
            works.append(peers.octodns_work(f"octodns {size}", program, folder, size, rounds))
        if (program := peers.terraform()) and size == MIDDLE and not self.quick:
            self.tell(f"making Terraform know {size:,} presets")
            folder = self.scratch / f"terraform-{size}"
            works.append(peers.terraform_work(f"terraform {size}", program, folder, self._project(size), 2))
        return works

    def _far(self) -> None:
        """With latency. The bound is what the requests would take that need each other, or don't fit side by side."""
        project, key, command = self._project(MIDDLE), self._key(MIDDLE), [*PRESETCTL, "plan"]
        empty = {CACHE: str(self.scratch / "far"), **key}
        self.server.set_latency(PLAN_LATENCY)
        self._measure("planning from afar", [Work("plan far cold", command, project, lambda: empty)], 1)
        pages = math.ceil(MIDDLE / 100) - 1
        trips = 1 + math.ceil(pages / self.readers) + math.ceil(MIDDLE / self.readers)
        self.bounds["plan bound"] = trips * PLAN_LATENCY
        self.server.count()
        self._measure("planning from afar again", [Work("plan far", command, project, lambda: empty)], 1)
        self.requests["plan far"] = self.server.count()
        self.server.set_latency(APPLY_LATENCY)
        apply = [*PRESETCTL, "apply", "--yes", "--allow-creates", str(MIDDLE), "--parallelism", str(PARALLELISM)]
        rounds = 1 if self.quick else 3
        self._measure("applying from afar", [Work("apply far", apply, project, self._empty)], rounds)
        self.bounds["apply bound"] = (1 + _REQUESTS_OF_A_WRITE * MIDDLE / PARALLELISM) * APPLY_LATENCY
        self.server.set_latency(0)

    def _project(self, size: int | str) -> Path:
        return self.scratch / f"presets-{size}"

    def _key(self, size: int) -> dict[str, str]:
        return {corpus.KEY: self.server.key(size)}

    def _cold(self) -> dict[str, str]:
        """A cache folder of its own for one run; the one of the run before is removed."""
        number = next(self._caches)
        shutil.rmtree(self.scratch / f"cold-{number - 1}", ignore_errors=True)
        return {CACHE: str(self.scratch / f"cold-{number}")}

    def _empty(self) -> dict[str, str]:
        return self._cold() | {corpus.KEY: self.server.empty()}
