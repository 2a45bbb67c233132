"""Every command, in every format, on files, history and a workspace that are hostile in all that they may be."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from presetctl.domain.values import Json
from presetctl.load.dump_yaml import dump
from presetctl.plan import fingerprint
from presetctl.report.json import as_text, plan_document
from tests.acceptance.cli import Ran, Shell
from tests.acceptance.commands import CALLED, LEAVES, ways
from tests.gits import Git, needs_git
from tests.hostile import COMMANDS, ESCAPES, EVERY, HIDDEN, MARKUP, OWN_COLOURS, UNREADABLE, acting, commands, executed
from tests.unit.report.examples import hostile_plan

pytestmark = needs_git

REMOTE = [*EVERY, *UNREADABLE[:1]]
"""What a reply may say: half of a surrogate pair is refused at the door."""
PROMPT = "\n".join(EVERY)
CONFIG: dict[str, Any] = {"model": ESCAPES[4], "stop": [HIDDEN[0], "".join(COMMANDS), MARKUP[1]], "temperature": 1}
NAMES = [text.replace("/", "∕")[:60] for text in [*ESCAPES, *HIDDEN, *COMMANDS, *MARKUP]]


def version(number: int, config: Mapping[str, Any], prompt: str) -> dict[str, Any]:
    text = REMOTE[number % len(REMOTE)]
    return {
        "id": f"v{number}", "version": number, "config": config, "system_prompt": prompt, "created_at": text,
        "creator_id": text,
    }  # fmt: skip


VERSIONS = [
    version(1, {"model": "a/b"}, "One."),
    *(version(number, {text: text, "model": [text]}, text) for number, text in enumerate(REMOTE, 2)),
    version(len(REMOTE) + 2, {text: {"deep": [text]} for text in REMOTE}, "\n".join(reversed(REMOTE))),
]
LIVE = VERSIONS[-1]
MAIL = {
    "id": "p", "slug": "mail", "status": "active", "designated_version_id": LIVE["id"], "designated_version": LIVE,
}  # fmt: skip
ROWS = [
    MAIL,
    *(
        {**MAIL, "designated_version": None, "id": f"r{n}", "slug": text, "status": text}
        for n, text in enumerate(REMOTE)
    ),
]


class Hostile(BaseHTTPRequestHandler):
    """A workspace in which everybody could write anything, and whose errors are no better."""

    protocol_version = "HTTP/1.1"
    refusals: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = self.path.split("?")[0].removeprefix("/api/v1")
        start = int((re.findall(r"offset=(\d+)", self.path) or ["0"])[0])
        answers: dict[str, Any] = {
            "/key": {"data": {"label": ESCAPES[0], "workspace_id": "".join(HIDDEN)}},
            "/presets": {"data": ROWS[start:], "total_count": len(ROWS)},
            "/presets/mail": {"data": MAIL},
            "/presets/mail/versions": {"data": VERSIONS[start:][:100], "total_count": len(VERSIONS)},
        }
        self._answer(200 if path in answers else 404, answers.get(path, self._refusal()))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(400, self._refusal())

    def _refusal(self) -> dict[str, Any]:
        return {"error": {"message": self.refusals[0], "code": self.refusals[0]}}

    def _answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[str]:
    Hostile.refusals = ["".join(COMMANDS + ESCAPES)]
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v1"
        server.shutdown()


@pytest.fixture
def git(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Git]:
    """A project whose files, folders, commits, authors and target branch have hostile names and contents."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")
    git = Git.init(shell.folder)
    with serving() as url:
        settings = f"provider: openrouter, url: '{url}'"
        named = f"live: {{{settings}}}, id: {{{settings}, workspace_id: x}}"
        named += ", other: {provider: openrouter, url: embedded}"
        git.write("presetctl.yaml", f"version: 1\nworkspaces: {{{named}}}\n")
        git.write("presets/mail.yaml", dump({"system_prompt": "One.", "config": {"model": "a/b"}}))
        git("config", "user.name", "".join(HIDDEN))
        git.commit(f"x{''.join(HIDDEN)}{''.join(ESCAPES)}")
        git("update-ref", "refs/remotes/origin/a\u202eb\u200b", "HEAD")
        monkeypatch.setenv("GITHUB_BASE_REF", "a\u202eb\u200b")
        mail: Json = {"description": PROMPT, "system_prompt_file": "p.md", "config": CONFIG}
        git.write("presets/mail.yaml", dump(mail))
        git.write("presets/p.md", f"{PROMPT}\n".replace("\r\n", "\n"))
        git.write("presets/second.yaml", dump({"system_prompt": PROMPT, "config": {"model": "a/b"}}))
        git.commit("Change", time=1)
        shell("plan", "--out", "plan.json", "-w", "live")
        yield git


SYNTAX = ["&{} x", "*{}", "!{} x", "{}: {", '"{}', "{}: 1\n{}: 2", "%{}\n---", "- {}\n x"]


def break_files(git: Git) -> None:
    """Adds files that are not valid, in as many ways as there are hostile texts."""
    for number, text in enumerate(EVERY):
        config: Json = {text: text, "provider": {"sort": text}}
        document: dict[str, Json] = {"kind": text, "slug": text, text: text, "config": config}
        git.write(f"presets/bad/n{number}.yaml", dump({**document, "overrides": {text: {"config": {}}}}))
        git.write(f"presets/prompt/n{number}.yaml", dump({"system_prompt_file": f"../../{text[:80]}"}))
        way = SYNTAX[number % len(SYNTAX)]
        git.write(f"presets/syntax/n{number}.yaml", way.replace("{}", text[:200]))
    for name in NAMES:
        git.write(f"presets/{name}/{name}.yaml", "config: {modle: a}")


def check(ran: Ran, words: tuple[str, ...], *, runs_in_actions: bool = False) -> None:
    """Nothing that was printed acts on a terminal or a runner, and JSON is JSON."""
    for text in (ran.out, ran.err):
        shown = OWN_COLOURS.sub("", text)
        assert acting(shown) == [], words
        if runs_in_actions:
            assert all(re.match(r"::(error|warning) (file=|title=presetctl::)", it) for it in executed(shown)), words
            shown = re.sub("^::.*", "", shown, flags=re.MULTILINE)
        assert commands(shown) == [], words
    if "json" in words and "--help" not in words:
        json.loads(ran.out)


def run_everything(shell: Shell, *, every: bool = False) -> None:
    for leaf in CALLED:
        for words in ways(leaf, LEAVES[leaf], every=every):
            check(shell(*words, code=None), words, runs_in_actions="github" in words)


def test_hostile_presets_and_a_hostile_workspace(shell: Shell, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    run_everything(shell)
    monkeypatch.setenv("FORCE_COLOR", "1")
    run_everything(shell)
    assert "\x1b[1mWorkspace live" in shell("list", "-w", "live").out


def test_hostile_files_that_are_not_valid(shell: Shell, git: Git) -> None:
    break_files(git)
    run_everything(shell)
    found = shell("validate", "--format", "json", code=3).json
    assert found["summary"]["errors"] > 4 * len(EVERY)
    assert {problem["file"] for problem in found["problems"]} >= {f"presets/{name}/{name}.yaml" for name in NAMES}


@pytest.mark.torture
def test_every_option_of_every_command(shell: Shell, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    run_everything(shell, every=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    run_everything(shell, every=True)
    break_files(git)
    run_everything(shell, every=True)


def test_hostile_errors(shell: Shell, git: Git) -> None:
    for text in ["".join(REMOTE[start : start + 5]) for start in range(0, len(REMOTE), 5)]:
        Hostile.refusals = [text]
        for words in (["apply", "-w", "live", "--yes"], ["plan", "-w", "id"], ["show", text], ["plan", f"--{text}"]):
            for format_ in ("human", "json"):
                check(shell(*words, "--format", format_, code=None), (*words, format_))
        for words in (["diff", text, "HEAD"], ["rollback", "mail", "--to", text, "-w", "live"], [text], ["-C", text]):
            check(shell(*words, code=None), tuple(words))


def test_a_hostile_plan_in_a_file(shell: Shell, git: Git) -> None:
    made = hostile_plan()
    changes = [replace(change, slug=text, kind=text) for text in EVERY for change in made.changes[:1]]
    target = replace(made.workspace, name="".join(HIDDEN), provider="".join(ESCAPES))
    plan = replace(made, workspace=target, changes=tuple(changes), orphaned=tuple(EVERY), base="".join(ESCAPES))
    plan = replace(plan, fingerprint=fingerprint(plan.workspace, plan.changes))
    shell.write("hostile.json", as_text(plan_document(plan)))
    for words in (["show", "hostile.json"], ["show", "hostile.json", "--format", "json"]):
        ran = shell(*words)
        assert len(ran.out) > 10_000
        check(ran, tuple(words))
    check(shell("apply", "hostile.json", "--yes", code=64), ("apply",))


def test_documents_say_exactly_what_is_there(shell: Shell, git: Git) -> None:
    prompt = PROMPT.replace("\r\n", "\n")
    shown = shell("show", "mail", "-w", "live", "--format", "json").json
    assert (shown["system_prompt"], shown["config"], shown["description"]) == (prompt, CONFIG, PROMPT)
    second = shell("show", "second", "-w", "live", "--format", "json").json
    assert second["system_prompt"] == PROMPT
    body = shell("render", "mail", "-w", "live").json
    assert body["messages"][0]["content"] == prompt
    plan = shell("plan", "-w", "live", "--format", "json").json
    (mail,) = [change for change in plan["changes"] if change["slug"] == "mail"]
    fields = {field["path"]: field for field in mail["fields"]}
    assert fields["system_prompt"]["before"] == LIVE["system_prompt"]
    before = [field["before"] for field in fields.values() if isinstance(field.get("before"), dict)]
    assert [{"deep": [text]} for text in REMOTE if {"deep": [text]} not in before] == []
    listed = {row["slug"] for row in shell("list", "-w", "live", "--format", "json").json["presets"]}
    assert listed >= set(REMOTE)
    history = shell("history", "mail", "-w", "live", "--format", "json").json["versions"]
    assert [(v["created_at"], v["creator"]) for v in history] == [(v["created_at"],) * 2 for v in VERSIONS]
    assert history[0]["commit"]["subject"].startswith("x")


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse such names")
@pytest.mark.parametrize("words", [["validate"], ["validate", "--format", "json"], ["fmt"], ["plan", "-w", "live"]])
def test_names_that_are_not_utf8(shell: Shell, git: Git, words: list[str]) -> None:
    folder = os.fsencode(shell.folder / "presets") + b"/\xff\x1b[2J\xed\xa0\x80"
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(folder + b"/n.yaml")).write_text("config: {model: a}")
    check(shell(*words, code=3), tuple(words))
