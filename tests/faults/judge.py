"""A project whose apply has one update and one creation to do, and what must hold whatever happens on the way."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from presetctl import waiting
from presetctl.emulator.access import workspace_id
from presetctl.emulator.app import create_app
from tests.acceptance.cli import Ran, Shell
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.server import Exchange, FaultServer, serving, trap

KEY = "sk-or-v1-0000000000000000"
TIMEOUT_SECONDS = 1
HANG_SECONDS = 60
"""No run may take longer. It's far above what any of them may need, because machines are noisy."""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
NAMED = re.compile(r"(GET|POST) /|the key opens the workspace|a-mail|b-new|c-same")
WANTED: dict[str, tuple[str | None, dict[str, Any]]] = {
    "a-mail": ("Write a mail.", {"model": "openai/gpt-5.4", "temperature": 0.2}),
    "b-new": ("Be brief.", {"model": "openai/gpt-5.4"}),
    "c-same": (None, {"model": "openai/gpt-5.4"}),
}
"""What the files declare: one preset is live in another form, one is not there yet, one is as declared."""
PENDING = ("a-mail", "b-new")
COMMANDS = {
    "plan": ("plan",),
    "apply": ("apply", "--yes", "--format", "json"),
    "history": ("history", "a-mail"),
}
WRITES = [(fault, arrives) for fault in FAULTS for arrives in (True, False) if fault.expected("create", arrives)]
"""Every fault of a write, after it took effect and without."""
AFTER_LOSS = 4
"""The read of an apply just after its first write got no reply."""
PROJECT = """\
version: 1
workspaces:
  faulty:
    provider: openrouter
    url: {url}
    api_key_env: FAULTS_KEY
    workspace_id: {workspace}
    timeout: {timeout}
"""


@dataclass(frozen=True)
class Bench:
    """The project, the server that it names, and a shell in its folder."""

    shell: Shell
    server: FaultServer
    visitors: list[Any]
    before: dict[str, int]
    """How many versions each preset had."""

    def run(self, *words: str) -> Ran:
        """Runs a command and checks what holds of every one."""
        begin = time.monotonic()
        ran = self.shell(*words, code=None)
        assert time.monotonic() - begin < HANG_SECONDS, (words, ran)
        for text in (ran.out, ran.err):
            found = CONTROL.search(text)
            assert not found, (words, ran)
            assert KEY not in text
        assert "Traceback" not in ran.err
        assert ran.code != 1, (words, ran)
        assert self.visitors == [], "a redirect was followed"
        return ran

    def check_reports(self, ran: Ran, most: int = 1) -> None:
        """What an apply told is what the ledger shows; ``most`` versions may come from one change."""
        document = json.loads(ran.out)
        outcomes = {o["slug"]: o for o in document.get("outcomes", [])}
        written = Counter(entry.slug for entry in self.server.ledger)
        for slug in WANTED:
            made = self.server.versions(slug) - self.before[slug]
            assert made == written[slug] <= most, (slug, ran)
            outcome = outcomes.get(slug, {"result": "unplanned", "message": ""})
            match outcome["result"]:
                case "applied":
                    assert self.is_live(slug), (slug, ran)
                    assert outcome["version"] == self.server.versions(slug)
                    assert made == 1
                case "unknown":
                    pass
                case "conflict" if ran.code == 6:
                    pass
                case _:
                    assert made == 0, (slug, ran)
        if ran.code:
            check_words(ran, document)

    def check_read(self, ran: Ran) -> None:
        """A command that only reads wrote nothing, and a failure of it is told."""
        assert self.server.ledger == []
        if ran.code:
            assert NAMED.search(ran.err), ran
            assert "→" in ran.err, ran

    def try_two_faults(self, fault: Fault, arrives: bool, failed: int) -> None:
        """A write whose reply is lost, and a fault on the read after it; ``failed`` is right where that fails."""
        self.server.inject("create", lose, 1, arrives)
        self.server.inject("get", fault.act, AFTER_LOSS)
        ran = self.run(*COMMANDS["apply"])
        assert self.server.played == 2
        once = (fault.expected("get", False) or (frozenset(), frozenset()))[0]
        assert ran.code in {code if code in {0, 6} else failed for code in once}, (fault.name, ran)
        self.check_reports(ran)
        self.check_recovery()

    def is_live(self, slug: str) -> bool:
        """Whether the files' content is what the workspace serves, in the judge's own reading."""
        held = self.server.live(slug)
        return held is not None and (held["system_prompt"], held["config"]) == WANTED[slug]

    def check_recovery(self, most: int = 1) -> None:
        """With the fault gone: the plan shows what remains, apply does it, and no change made two versions."""
        self.server.clear()
        planned = json.loads(self.run("plan", "--format", "json").out)
        pending = {change["slug"] for change in planned["changes"] if change["action"] != "no_op"}
        assert pending == {slug for slug in WANTED if not self.is_live(slug)}
        assert self.run("apply", "--yes").code == 0
        for slug in WANTED:
            assert self.is_live(slug)
            made = self.server.versions(slug) - self.before[slug]
            assert (1 <= made <= most) if slug in PENDING else made == 0, slug
        assert "No changes" in self.run("plan").out


def lose(exchange: Exchange) -> None:
    """No reply at all."""
    exchange.arrive()


def check_words(ran: Ran, document: dict[str, Any]) -> None:
    """Every failure says where it happened and what to do."""
    if "error" in document:
        assert NAMED.search(document["error"]["message"]), ran
        assert document["error"]["hint"], ran
    for outcome in document.get("outcomes", []):
        if outcome["result"] in {"failed", "conflict", "unknown"}:
            assert NAMED.search(outcome["message"]) or outcome["result"] == "conflict", ran
            assert len(outcome["message"]) < 1000


@contextmanager
def bench(shell: Shell, monkeypatch: pytest.MonkeyPatch, timeout: float = TIMEOUT_SECONDS) -> Iterator[Bench]:
    """A fresh workspace with one preset that differs from the files, one that is missing, and one as declared."""
    monkeypatch.setattr(waiting, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("FAULTS_KEY", KEY)
    with create_app() as app, serving(app) as server, trap() as away:
        server.trap_port = away.port
        name = next(iter(app.workspaces))
        app.dashboard_save(name, "a-mail", {"model": "openai/gpt-5.4"}, "Write a mail.")
        app.dashboard_save(name, "c-same", WANTED["c-same"][1])
        write_project(shell, server, workspace_id(name), timeout)
        yield Bench(shell, server, away.visitors, {slug: server.versions(slug) for slug in WANTED})


def write_project(shell: Shell, server: FaultServer, workspace: str, timeout: float) -> None:
    shell.write("presetctl.yaml", PROJECT.format(url=server.url, workspace=workspace, timeout=timeout))
    for slug, (prompt, config) in WANTED.items():
        said = f"system_prompt: {prompt}\n" if prompt else ""
        shell.write(f"presets/{slug}.yaml", f"{said}config: {json.dumps(config)}\n")


def try_fault(
    bench: Bench,
    fault: Fault,
    operation: str,
    words: tuple[str, ...],
    number: int | None,
    arrives: bool,
    *,
    partial: bool = False,
) -> None:
    """Runs one command against one fault and checks everything that must hold.

    ``partial``: the fault comes when something is written already.
    """
    expected = fault.expected(operation, arrives)
    assert expected is not None
    right = expected[0 if number else 1]
    most = 2 if fault.name == "delivered twice" else 1
    bench.server.inject(operation, fault.act, number, arrives)
    ran = bench.run(*words)
    assert bench.server.played, f"{operation} was never called"
    assert ran.code in ({6 if code else 0 for code in right} if partial else right), (fault.name, ran)
    if words[0] == "apply":
        bench.check_reports(ran, most)
    else:
        bench.check_read(ran)
    bench.check_recovery(most)


def named(value: object) -> str:
    """The name of a test's parameter."""
    if isinstance(value, bool):
        return "arrived" if value else "lost"
    return value.name if isinstance(value, Fault) else str(value)
