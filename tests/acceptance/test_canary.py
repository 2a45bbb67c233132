"""A key that must show nowhere goes through every command, also one that will only be written next year.

The commands, their arguments and their options are asked of the command line itself. Each is run against workspaces
that take the key, refuse it, or repeat all that they were sent, and once with a mistake in its deepest call and a whole
traceback. Then what it printed and every file that it left are searched.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import quote

import httpx
import pytest

from presetctl.emulator.app import KeyGrant, create_app
from presetctl.emulator.server import serve
from tests.acceptance.cli import Shell
from tests.acceptance.commands import CALLED, LEAVES, ways
from tests.gits import Git, needs_git
from tests.keys import LETTERS, drawn

pytestmark = needs_git

CANARY = f"sk-or-v1-{drawn(LETTERS, 61)}-_~"
FORMS = {
    CANARY,
    CANARY[-8:],
    CANARY[12:-12],
    quote(CANARY, safe=""),
    *(base64.b64encode(b" " * n + CANARY.encode()).decode()[4:-4] for n in range(3)),
    *(base64.urlsafe_b64encode(b" " * n + CANARY.encode()).decode()[4:-4] for n in range(3)),
    CANARY.encode().hex(),
    CANARY[::-1],
}


class Echo(BaseHTTPRequestHandler):
    """Says no, in one of several ways, and repeats all that it was sent."""

    protocol_version = "HTTP/1.1"
    status: ClassVar[int] = 400

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = (
            f"{self.headers['Authorization']} {base64.b64encode(self.headers['Authorization'][7:].encode()).decode()}"
        )
        error = {"code": self.status, "message": f"{said} in {self.headers}", "metadata": {said: said}}
        row = {"id": said, "slug": said, "status": said, "label": said, "workspace_id": said}
        whole = {"data": [row], "total_count": 1} if self.path.startswith("/api/v1/presets?") else {"data": row}
        body = json.dumps(whole if self.status == 200 else {"error": error}).encode()
        self.send_response(self.status, said)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Said", said)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Garbled(Echo):
    """Answers with what isn't HTTP at all, and repeats all that it was sent."""

    def do_GET(self) -> None:
        self.wfile.write(f"{self.headers['Authorization']}\r\n{self.headers}".encode())
        self.close_connection = True

    do_POST = do_GET  # noqa: N815 - the name that http.server calls


@contextmanager
def echoing(status: int) -> Iterator[str]:
    handler = type("Handler", (Echo if status else Garbled,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v1"
        server.shutdown()


@contextmanager
def emulated(key: str) -> Iterator[str]:
    with create_app(keys=[KeyGrant(key, "live", "management")]) as app, serve(app) as url:
        app.dashboard_save("live", "theirs", {"model": "x/y"}, "Theirs.")
        yield url


WORKSPACES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "takes it": lambda: emulated(CANARY),
    "refuses it": lambda: emulated("another"),
    "repeats it with 200": lambda: echoing(200),
    "repeats it with 400": lambda: echoing(400),
    "repeats it with 401": lambda: echoing(401),
}


@dataclass(frozen=True)
class Cage:
    """A project, the home of the person who works in it, and all that was printed there."""

    shell: Shell
    folder: Path
    said: list[str]

    def run(self, *words: str) -> int:
        try:
            ran = self.shell(*words, code=None)
        except Exception as error:  # only with PRESETCTL_DEBUG, and then Python would print this
            self.said.append("".join(traceback.format_exception(error)))
            return 1
        self.said.append(f"{ran.out}{ran.err}")
        return ran.code

    def leaks(self) -> list[str]:
        """Where the key is to be found, in any form."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "key"]
        texts = {str(path): path.read_bytes() for path in files}
        texts |= {text: text.encode("utf-8", "backslashreplace") for text in self.said}
        return [name for name, data in texts.items() if any(form.encode() in data for form in FORMS)]


@pytest.fixture
def cage(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cage:
    home = tmp_path / "home"
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    home.mkdir()
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("PRESETCTL_DEBUG", "1")
    monkeypatch.setenv("OPENROUTER_API_KEY", CANARY)
    return Cage(Shell(tmp_path / "project", capsys), tmp_path, [])


def start(cage: Cage, url: str) -> None:
    """A project with a preset that the workspace has in another form, and a plan for it."""
    git = Git.init(cage.shell.folder)
    workspaces = f"{{live: {{provider: openrouter, url: '{url}'}}, other: {{provider: openrouter, url: embedded}}}}"
    git.write("presetctl.yaml", f"version: 1\ndefault_workspace: live\nworkspaces: {workspaces}\n")
    git.write("presets/mail.yaml", "system_prompt: One.\nconfig: {model: a/b}\n")
    git.commit("Start")
    cage.run("apply", "--yes")
    git.write("presets/mail.yaml", "system_prompt: Two.\nconfig: {model: a/b, temperature: 0.5}\n")
    git.commit("Change", time=1)
    git.write("presets/mail.yaml", "system_prompt: Three.\nconfig: {model: c/d}\n")
    spec = Path(__file__).parents[2] / "schemas/openrouter/openapi.json"
    (cage.shell.folder / "spec.json").write_bytes(spec.read_bytes())
    cage.run("plan", "--out", "plan.json")


@pytest.mark.parametrize("workspace", WORKSPACES)
def test_no_command_tells_the_key(cage: Cage, workspace: str) -> None:
    codes = everything(cage, workspace)
    assert cage.leaks() == []
    asked = {codes["plan", "-w", "live"], codes["list", "-w", "live", "--format", "json"]}
    assert asked <= {"takes it": {0}, "refuses it": {7}}.get(workspace, {0, 5, 7, 8}), "the workspace was not reached"


def test_no_command_tells_a_key_from_a_file(cage: Cage, monkeypatch: pytest.MonkeyPatch) -> None:
    (cage.folder / "key").write_text(f"{CANARY}\n")
    monkeypatch.delenv("OPENROUTER_API_KEY")
    monkeypatch.setenv("OPENROUTER_API_KEY_FILE", str(cage.folder / "key"))
    assert everything(cage, "takes it")["plan", "-w", "live"] == 0
    assert cage.leaks() == []


def everything(cage: Cage, workspace: str) -> dict[tuple[str, ...], int]:
    """Calls every command in every way; gives the exit codes."""
    with WORKSPACES[workspace]() as url:
        start(cage, url)
        codes = {words: cage.run(*words) for leaf in CALLED for words in ways(leaf, LEAVES[leaf])}
    assert "Traceback" not in "".join(cage.said)
    return codes


@pytest.mark.parametrize("status", [403, 404, 409, 422, 0])
def test_no_refusal_tells_the_key(cage: Cage, status: int) -> None:
    with echoing(status) as url:
        start(cage, url)
        if status:
            cage.run("apply", "--yes", "--format", "json")
            cage.run("list")
    assert cage.leaks() == []
    assert any("***" in text for text in cage.said)


def test_no_traceback_tells_the_key(cage: Cage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        assert CANARY in request.headers["Authorization"]
        raise RuntimeError(f"a mistake with {request!r}, {request.headers!r}, {transport!r}")

    with emulated(CANARY) as url:
        start(cage, url)
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", fail)
        cage.said.clear()
        for leaf in CALLED:
            for words in ways(leaf, LEAVES[leaf]):
                cage.run(*words)
    assert sum("RuntimeError: a mistake with" in text for text in cage.said) > 10
    assert cage.leaks() == []


def test_a_served_workspace_does_not_tell_its_keys(cage: Cage) -> None:
    cage.shell.folder.mkdir()
    words = [sys.executable, "-m", "presetctl", "serve", "--port", "0", "--db", "served.sqlite3"]
    with subprocess.Popen(
        [*words, "--key", f"{CANARY}=live"], cwd=cage.shell.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().decode(), process.stdout.readline().decode()]
        url = next(line.split()[-1] for line in said if line.startswith("Serving"))
        for key in (CANARY, f"{CANARY}x"):
            headers = {"Authorization": f"Bearer {key}"}
            for path in ("/presets", "/key", "/nothing", f"/presets/{'a' * 300}"):
                cage.said.append(httpx.get(url + path, headers=headers, trust_env=False).text)
        process.terminate()
        cage.said.extend([*said, process.communicate(timeout=60)[0].decode()])
    for wrong in (f"{CANARY}=", f"{CANARY}", f"{CANARY}=live:owner", f"{CANARY}=live={CANARY}"):
        cage.run("serve", "--key", wrong)
    cage.run("serve", "--key", f"{CANARY}=a", "--key", f"{CANARY}=b")
    assert cage.leaks() == []
