"""A repository, a workspace, everybody who changes either, and the account of what each of them was told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from presetctl import reconcile
from presetctl.adoption import Adopter
from presetctl.apply import Conduct, OnError, exit_code
from presetctl.domain.change import Change, Head, Plan
from presetctl.domain.errors import InputError, PresetctlError, StaleError
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.preset import Content
from presetctl.emulator.app import DEFAULT_WORKSPACE, create_app
from presetctl.emulator.errors import ApiError
from presetctl.emulator.switches import Switches
from presetctl.guard import Consent
from presetctl.history import FilesPast
from presetctl.load.atomic import write_atomically
from presetctl.load.git import GitRepository
from presetctl.load.plans import load_plan
from presetctl.load.tree import WorkTree
from presetctl.ports import AskPast, no_past
from presetctl.providers.keyed import KeyedHttp
from presetctl.providers.openrouter import OpenRouterReader, OpenRouterWriter
from presetctl.reconcile import Planned
from presetctl.renders import Renders
from presetctl.report.json import as_text, plan_document
from presetctl.repository import Repository, Selection, load
from presetctl.specs.schemas import SchemaLibrary
from tests.gits import IDENTITY
from tests.torture.line import Crash, Key, Line, Trouble
from tests.torture.witness import Held, Witness

NAME = "live"
URL = "http://127.0.0.1:9/api/v1"
PROJECT = f"version: 1\nworkspaces: {{{NAME}: {{provider: openrouter, url: '{URL}', timeout: 60}}}}\n"
SLUGS = ("a", "b", "c", "d", "e")
INERT: tuple[Any, ...] = (None, [])
DASHBOARD_ONLY = {"cache_enabled"}
NOT_KEPT = "seed"
"""The field that a workspace drops which drops what is documented nowhere."""
START = datetime(2026, 4, 20, tzinfo=UTC).timestamp()
WRITES_AT_MOST = 1


@dataclass(frozen=True)
class Wanted:
    """What a preset is to be. The model's own reading, which presetctl has no part in."""

    prompt: str | None
    model: str
    temperature: float | None = None
    seed: int | None = None

    @property
    def config(self) -> dict[str, Any]:
        said = {"model": self.model, "temperature": self.temperature, "seed": self.seed}
        return {name: value for name, value in said.items() if value is not None}

    @property
    def text(self) -> str:
        prompt = "" if self.prompt is None else f"system_prompt: {json.dumps(self.prompt)}\n"
        return f"{prompt}config: {json.dumps(self.config)}\n"

    def lacking(self, held: Held | None) -> set[str]:
        """The names in which what is held differs from this."""
        if held is None:
            return {"everything"}
        config = {name: value for name, value in held.config.items() if name in self.config or value not in INERT}
        config = {name: value for name, value in config.items() if name not in DASHBOARD_ONLY}
        names = {name for name in self.config.keys() | config if self.config.get(name) != config.get(name)}
        return names | ({"prompt"} if (self.prompt or None) != (held.prompt or None) else set())

    @classmethod
    def of(cls, prompt: str | None, config: Mapping[str, Any]) -> Wanted:
        return cls(prompt or None, config["model"], config.get("temperature"), config.get("seed"))


@dataclass
class Run:
    """One apply: who, with which files, what it was told to do, and what it told."""

    key: str
    wanted: Mapping[str, Wanted]
    plan: Plan | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    died: bool = False
    error: PresetctlError | None = None

    @property
    def pending(self) -> Sequence[Change]:
        return () if self.plan is None else self.plan.pending


@dataclass(frozen=True)
class Saved:
    """A saved plan, and what was declared and live when it was made."""

    file: Path
    wanted: Mapping[str, Wanted]
    live: Mapping[str, Held | None]

    def pending(self, unkept: Collection[str]) -> dict[str, tuple[Wanted, Held | None]]:
        """What is to be written, whatever may be known of fields that aren't kept."""
        differing = {slug for slug, it in self.wanted.items() if it.lacking(self.live[slug]).difference(unkept)}
        return {slug: (self.wanted[slug], self.live[slug]) for slug in differing}

    def same(self, other: Saved) -> bool:
        """Whether all that is declared, and live of it, is the same."""
        return self.wanted == other.wanted and all(self.live[slug] == other.live[slug] for slug in self.wanted)


Script = Callable[[Plan], Mapping[Key, Trouble]]
"""The troubles that an apply meets, once it's known what it plans."""


@cache
def schemas() -> SchemaLibrary:
    return SchemaLibrary.packaged()


@dataclass
class World:
    """All there is. Time goes on by a minute with everything that happens."""

    folder: Path
    switches: Switches
    now: float = START
    wanted: dict[str, Wanted] = field(default_factory=dict)
    commits: list[dict[str, Wanted]] = field(default_factory=list)
    old: tuple[Repository, dict[str, Wanted]] | None = None
    saved: list[Saved] = field(default_factory=list)
    runs: int = 0
    met: Counter[Trouble] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        app = create_app(switches=self.switches, clock=lambda: datetime.fromtimestamp(self.now, UTC))
        self.witness = Witness(app)
        self.folder.mkdir()
        (self.folder / "presetctl.yaml").write_text(PROJECT)
        os.utime(self.folder / "presetctl.yaml", (START, START))
        (self.folder / "presets").mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit()

    def close(self) -> None:
        self.witness.app.close()
        shutil.rmtree(self.folder)

    def tick(self) -> None:
        self.now += 60

    # Files

    def file(self, slug: str) -> Path:
        return self.folder / "presets" / f"{slug}.yaml"

    def write(self, slug: str, wanted: Wanted) -> None:
        self.put(slug, wanted.text)
        self.wanted[slug] = wanted

    def put(self, slug: str, text: str) -> None:
        self.file(slug).write_text(text)
        os.utime(self.file(slug), (self.now, self.now))

    def delete(self, slug: str) -> None:
        self.file(slug).unlink()
        del self.wanted[slug]

    def git(self, *words: str) -> None:
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{self.now:.0f} +0000")
        subprocess.run(["git", *words], cwd=self.folder, env={**os.environ, **IDENTITY, **dates}, check=True)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("-c", "gc.auto=0", "commit", "-q", "--allow-empty", "-m", "change")
        self.commits.append(dict(self.wanted))

    def repository(self) -> Repository:
        """The files as read, which are what the model takes them for."""
        found = load(WorkTree(self.folder), schemas())
        assert found.valid, found.problems
        read = {slug: it.content for slug, it in found.rendered.workspaces[NAME].items()}
        assert {slug: Wanted.of(it.system_prompt, it.config) for slug, it in read.items()} == self.wanted
        return found

    def past(self, repository: Repository) -> AskPast:
        def ask() -> FilesPast:
            renders = Renders(GitRepository.around(self.folder), schemas(), NAME)
            return FilesPast(WorkTree(self.folder), repository, NAME, renders, renders.limits)

        return ask

    def adopt(self, slug: str, held: Held) -> bool:
        """Brings a stored content into the files; False where they can't say it."""
        adopter = Adopter(WorkTree(self.folder), schemas(), self.repository(), NAME)
        try:
            adopted = adopter.update(slug, Content(held.prompt, held.config))
        except InputError:
            return False
        for path, data in adopted.files.items():
            write_atomically(self.folder / path, data)
            os.utime(self.folder / path, (self.now, self.now))
        self.wanted[slug] = Wanted.of(held.prompt, held.config)
        return True

    # The workspace

    def edit(self, slug: str, wanted: Wanted, *, cached: bool = False) -> None:
        """Somebody edits a preset in the dashboard, which lets them where it's active.

        What a workspace doesn't keep, it doesn't keep there either.
        """
        dropped = {NOT_KEPT} if self.switches.unknown_fields == "drop" else set()
        config = {name: value for name, value in wanted.config.items() if name not in dropped}
        with suppress(ApiError):
            self.witness.save(slug, config | ({"cache_enabled": True} if cached else {}), wanted.prompt)

    def status(self, slug: str, status: Any) -> None:
        if self.witness.of(slug):
            self.witness.app.dashboard_set_status(DEFAULT_WORKSPACE, slug, status)

    def designate(self, slug: str, number: int) -> None:
        made = len(self.witness.of(slug))
        if made:
            self.witness.app.dashboard_designate(DEFAULT_WORKSPACE, slug, number % made + 1)

    def somebody(self, what: str, slug: str) -> None:
        """What somebody else does while an apply is at a preset."""
        self.tick()
        match what:
            case "another save":
                self.edit(slug, Wanted("Edited.", "m/dashboard", 0.9))
            case "the same save":
                self.edit(slug, self.wanted.get(slug, Wanted(None, "m/dashboard")))
            case "archived" if self.switches.post_to_archived == "conflict":
                self.status(slug, "archived")
            case "another applier":
                self.apply()
            case "another applier with old files" if self.old is not None:
                self.apply(*self.old)

    def live(self) -> dict[str, Held | None]:
        return {slug: self.witness.live(slug) for slug in SLUGS}

    # Planning and applying

    def plan(self) -> Plan:
        """Plans; what the plan says is what the model finds."""
        repository = self.repository()
        with self._line("planner", {}) as (line, http):
            planned = self._plan(repository, OpenRouterReader(http, 1), Selection())
            assert not line.met
        self.check_plan(planned.plan)
        return planned.plan

    def save_plan(self) -> None:
        file = self.folder.parent / f"{self.folder.name}-{len(self.saved)}.json"
        file.write_text(as_text(plan_document(self.plan())))
        self.saved.append(Saved(file, dict(self.wanted), self.live()))

    def apply_saved(self, saved: Saved, script: Script, *, compare: bool) -> None:
        """Applies a saved plan: it's refused, and nothing written, just where something moved."""
        now = Saved(saved.file, dict(self.wanted), self.live())
        dropping = self.switches.unknown_fields == "drop"
        unkept = {NOT_KEPT} if dropping else set[str]()
        same = saved.pending(unkept) == now.pending(unkept) if compare else saved.same(now)
        run = self.apply(script=script, saved=saved, compare=compare)
        refused = run.plan is None and isinstance(run.error, StaleError)
        # Where a field isn't kept, git's history may have told more since.
        assert refused != same or (same and dropping), (saved, now, run)

    def apply(
        self,
        repository: Repository | None = None,
        wanted: Mapping[str, Wanted] | None = None,
        *,
        script: Script = lambda _: {},
        saved: Saved | None = None,
        compare: bool = False,
        selection: Selection | None = None,
        conduct: Conduct | None = None,
    ) -> Run:
        """Applies as the command line does, and compares what it tells with what happened."""
        self.tick()
        self.runs += 1
        run = Run(f"apply-{self.runs}", dict(self.wanted if wanted is None else wanted))
        mine = repository is None
        files = self.repository() if repository is None else repository
        with self._line(run.key, {}) as (line, http):
            try:
                reader, writer = OpenRouterReader(http, 1), OpenRouterWriter(http, files.kinds.kind)
                plan = None if saved is None else load_plan(saved.file)
                chosen = selection or (Selection() if plan is None else files.selection(plan))
                planned = self._plan(files, reader, chosen, past=mine)
                if plan is not None:
                    reconcile.check_unmoved(planned, plan, only_fingerprint=compare)
                run.plan, line.script, line.playing = planned.plan, script(planned.plan), True
                consent = Consent(wipe=frozenset(SLUGS), updates=len(SLUGS), creates=len(SLUGS))
                for outcome in reconcile.apply(files, planned, reader, writer, consent, conduct or Conduct()):
                    run.outcomes[outcome.change.slug] = outcome
            except PresetctlError as error:
                run.error = error
            except Crash:
                run.died = True
        self.met += line.met
        self.check_run(run, 1 if conduct is None else conduct.parallelism)
        return run

    def _line(self, key: str, script: Mapping[Key, Trouble]) -> _Open:
        return _Open(Line(httpx.WSGITransport(self.witness), self.somebody, script), key)

    def _plan(
        self, repository: Repository, reader: OpenRouterReader, selection: Selection, past: bool = True
    ) -> Planned:
        ask = self.past(repository) if past else no_past
        return reconcile.plan(repository, NAME, reader, Head(), selection, ask_past=ask)

    def settle(self) -> None:
        """Without any trouble, everything gets applied, once, and then there is nothing to do."""
        for slug in SLUGS:
            self.status(slug, "active")
        self.commit()
        before = {slug: len(self.witness.of(slug)) for slug in SLUGS}
        for _ in range(3):
            run = self.apply(conduct=Conduct(on_error=OnError.CONTINUE))
            assert run.error is None
            for outcome in run.outcomes.values():
                self._check_settling(outcome)
        assert not run.pending, "three applies don't settle it"
        assert not self.plan().pending
        # Where a field isn't kept, that is known only when a version was made for nothing.
        most = WRITES_AT_MOST + (self.switches.unknown_fields == "drop")
        assert all(len(self.witness.of(slug)) - before[slug] <= most for slug in SLUGS)

    def _check_settling(self, outcome: Outcome) -> None:
        made = self.witness.of(outcome.change.slug)
        if outcome.result is Result.CONFLICT:
            replaced = made[-1].replaced
            assert replaced != made[-1].held.number - 1, f"nobody was there: {outcome}"
        else:
            kept = self.switches.unknown_fields == "keep"
            assert outcome.result in ({Result.APPLIED} if kept else {Result.APPLIED, Result.NOT_PERSISTED}), outcome

    # What must hold

    def check_plan(self, plan: Plan) -> None:
        """The plan shows every difference, and nothing else."""
        live = self.live()
        assert [change.slug for change in plan.changes] == sorted(self.wanted)
        for change in plan.changes:
            held = live[change.slug]
            lacking = self.wanted[change.slug].lacking(held)
            assert (None if change.before is None else change.before.version) == (None if held is None else held.number)
            if change.writes:
                assert lacking, change
            elif lacking:
                assert lacking == {NOT_KEPT}, change
                assert any("--retry" in warning for warning in change.warnings), change
        undeclared = {slug for slug, held in live.items() if held is not None} - self.wanted.keys()
        once = {slug for commit in self.commits for slug in commit}
        assert set(plan.orphaned) == undeclared & once
        assert set(plan.unmanaged) == undeclared - once

    def check_ledger(self) -> None:
        """The workspace has just the versions that the ledger tells of."""
        for slug in SLUGS:
            if self.witness.live(slug) is not None:
                assert self.witness.versions(slug) == [entry.held for entry in self.witness.of(slug)]

    def check_run(self, run: Run, parallelism: int) -> None:
        """Every version that a run made is one that it told of, and the other way round."""
        made = [entry for entry in self.witness.entries if entry.by == run.key]
        assert {entry.slug for entry in made} <= {change.slug for change in run.pending}, run
        assert len({entry.slug for entry in made}) == len(made), ("two versions for one change", run)
        untold = [change for change in run.pending if change.slug not in run.outcomes]
        assert run.died or run.error is not None or not untold, run
        assert len([entry for entry in made if entry.slug in {change.slug for change in untold}]) <= parallelism
        for outcome in run.outcomes.values():
            self._check_outcome(run, outcome)
        if not run.died and run.error is None:
            well = all(outcome.result in {Result.APPLIED, Result.UNCHANGED} for outcome in run.outcomes.values())
            assert (exit_code(run.outcomes.values()) == 0) == well

    def _check_outcome(self, run: Run, outcome: Outcome) -> None:
        slug, result = outcome.change.slug, outcome.result
        made = self.witness.of(slug, run.key)
        told = [entry for entry in self.witness.of(slug) if entry.held.number == outcome.version]
        match result:
            case Result.APPLIED | Result.NOT_PERSISTED | Result.UNCHANGED:
                lacking = run.wanted[slug].lacking(told[0].held)
                assert bool(lacking) == (result is Result.NOT_PERSISTED), (run, outcome)
                assert set(outcome.lost) == {f"config.{name}" for name in lacking}, (run, outcome)
                assert made == (told if result is not Result.UNCHANGED and told[0].by == run.key else []), (
                    run,
                    outcome,
                )
                if result is Result.APPLIED:
                    planned = outcome.change.before and outcome.change.before.version
                    assert told[0].replaced == planned, ("overwritten unseen", run, outcome)
            case Result.CONFLICT if outcome.exit_code == 6:
                pass
            case Result.UNKNOWN:
                pass
            case _:
                assert made == [], (run, outcome)
        for entry in made:
            planned = outcome.change.before and outcome.change.before.version
            assert entry.replaced == planned or result in {Result.CONFLICT, Result.UNKNOWN}, (run, outcome)


@dataclass
class _Open:
    """A line with the connection on top of it, as long as it's open."""

    line: Line
    key: str

    def __enter__(self) -> tuple[Line, KeyedHttp]:
        self.http = KeyedHttp(URL, self.key, timeout=60, transport=lambda: self.line)
        return self.line, self.http

    def __exit__(self, *_error: object) -> None:
        self.http.close()
