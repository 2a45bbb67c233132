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
from tests.faults.catalogue import Fault
from tests.faults.server import FaultServer, serving, trap

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

    def check_reports(self, ran: Ran, before: dict[str, int], fault: Fault) -> None:
        """What an apply told is what the ledger shows."""
        document = json.loads(ran.out)
        outcomes = {o["slug"]: o for o in document.get("outcomes", [])}
        most = 2 if fault.name == "delivered twice" else 1
        written = Counter(entry.slug for entry in self.server.ledger)
        for slug in WANTED:
            made = self.server.versions(slug) - before[slug]
            assert made == written[slug] <= most, (slug, ran)
            outcome = outcomes.get(slug, {"result": "unplanned", "message": ""})
            match outcome["result"]:
                case "applied":
                    assert self.is_live(slug), (slug, ran)
                    assert outcome["version"] == self.server.versions(slug)
                    assert made == 1
                case "failed" if "nobody knows" in outcome["message"]:
                    pass
                case "conflict" if ran.code == 6:
                    pass
                case _:
                    assert made == 0, (slug, ran)
        if ran.code:
            check_words(ran, document)

    def is_live(self, slug: str) -> bool:
        """Whether the files' content is what the workspace serves, in the judge's own reading."""
        held = self.server.live(slug)
        return held is not None and (held["system_prompt"], held["config"]) == WANTED[slug]

    def check_recovery(self, before: dict[str, int], fault: Fault) -> None:
        """With the fault gone: the plan shows what remains, apply does it, and no change made two versions."""
        self.server.clear()
        planned = json.loads(self.run("plan", "--format", "json").out)
        pending = {change["slug"] for change in planned["changes"] if change["action"] != "no_op"}
        assert pending == {slug for slug in WANTED if not self.is_live(slug)}
        assert self.run("apply", "--yes").code == 0
        for slug in WANTED:
            assert self.is_live(slug)
            made = self.server.versions(slug) - before[slug]
            expected = 1 if slug in PENDING else 0
            assert made == expected or (fault.name == "delivered twice" and made == 2), slug
        assert "No changes" in self.run("plan").out


def check_words(ran: Ran, document: dict[str, Any]) -> None:
    """Every failure says where it happened and what to do."""
    if "error" in document:
        assert NAMED.search(document["error"]["message"]), ran
        assert document["error"]["hint"], ran
    for outcome in document.get("outcomes", []):
        if outcome["result"] in {"failed", "conflict"}:
            assert NAMED.search(outcome["message"]) or outcome["result"] == "conflict", ran
            assert len(outcome["message"]) < 1000
    if "outcomes" in document:
        assert "presetctl plan" in ran.err or "The next" in ran.err or document["outcomes"], ran


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
        yield Bench(shell, server, away.visitors)


def write_project(shell: Shell, server: FaultServer, workspace: str, timeout: float) -> None:
    shell.write("presetctl.yaml", PROJECT.format(url=server.url, workspace=workspace, timeout=timeout))
    for slug, (prompt, config) in WANTED.items():
        said = f"system_prompt: {prompt}\n" if prompt else ""
        shell.write(f"presets/{slug}.yaml", f"{said}config: {json.dumps(config)}\n")


def versions(bench: Bench) -> dict[str, int]:
    return {slug: bench.server.versions(slug) for slug in WANTED}


def try_fault(
    bench: Bench, fault: Fault, operation: str, words: tuple[str, ...], number: int | None, arrives: bool
) -> None:
    """Runs one command against one fault and checks everything that must hold."""
    expected = fault.expected(operation, arrives)
    assert expected is not None
    before = versions(bench)
    bench.server.inject(operation, fault.act, number, arrives)
    ran = bench.run(*words)
    assert bench.server.played, f"{operation} was never called"
    assert ran.code in expected[0 if number else 1], (fault.name, ran)
    if words[0] == "apply":
        bench.check_reports(ran, before, fault)
    else:
        assert bench.server.ledger == []
        if ran.code:
            assert NAMED.search(ran.err), ran
            assert "→" in ran.err, ran
    bench.check_recovery(before, fault)
