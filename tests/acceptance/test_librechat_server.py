"""The story of a LibreChat workspace, by the command line: on the emulator, and on a real server where there is one."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from presetctl.providers.librechat.identity import preset_id
from tests.acceptance.cli import Ran, Shell
from tests.chats import OPEN, PASSWORD, Person, Server, Wire, emulated, lost_after, needs_server, passing, real, replies
from tests.gits import Git, needs_git

ROOT = Path(__file__).parents[2]
EXAMPLES = ("code-helper", "concise-mode", "creative-writer", "research-helper")
STORED: dict[str, dict[str, Any]] = {
    "Code Helper": {
        "endpoint": "anthropic",
        "model": "claude-3-opus",
        "temperature": 0.2,
        "topP": 0.9,
        "maxOutputTokens": 4096,
        "promptPrefix": "You are an expert programmer. Provide clear, well-documented code with explanations.",
    },
    "Concise Mode": {
        "endpoint": "openAI",
        "model": "gpt-4",
        "temperature": 0.5,
        "max_tokens": 500,
        "promptPrefix": "Provide brief, direct answers. Be concise and to the point.",
    },
    "Creative Writer": {
        "endpoint": "openAI",
        "model": "gpt-4",
        "temperature": 0.9,
        "top_p": 1,
        "presence_penalty": 0.6,
        "frequency_penalty": 0.5,
        "promptPrefix": "You are a creative writing assistant who helps with storytelling, character development, and "
        "narrative structure.",
    },
    "Research Helper": {
        "endpoint": "google",
        "model": "gemini-pro",
        "temperature": 0.4,
        "topK": 40,
        "maxOutputTokens": 2048,
        "web_search": True,
        "promptPrefix": "You are a thorough research assistant. Provide accurate, well-cited information.",
    },
}
"""What the four examples are to be in LibreChat."""
OF_THE_SERVER = {"_id", "__v", "user", "presetId", "createdAt", "updatedAt", "isArchived", "tags", "title"}

pytestmark = needs_git


@dataclass
class Chat:
    """A project in git, and the user whose presets it manages."""

    shell: Shell
    git: Git
    server: Server
    person: Person
    wire: Wire
    shown: list[Ran]

    def __call__(self, *words: str, code: int = 0) -> Ran:
        ran = self.shell(*words, code=code)
        self.shown.append(ran)
        return ran

    def commit(self, message: str = "change") -> None:
        self.git.commit(message, time=len(self.shown))

    def id_of(self, slug: str) -> str:
        return preset_id(self.person.id, slug)

    def stored(self) -> dict[str, dict[str, Any]]:
        """By title, without what the server puts there."""
        return {
            row["title"]: {key: value for key, value in row.items() if key not in OF_THE_SERVER}
            for row in self.person.presets()
        }


@pytest.fixture(params=["emulated", pytest.param("real", marks=needs_server)])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with ExitStack() as stack:
        yield stack.enter_context(real()) if request.param == "real" else stack.enter_context(emulated())[1]


@pytest.fixture
def chat(shell: Shell, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    person, git = server.person(), Git.init(shell.folder)
    with passing(server) as (url, wire):
        monkeypatch.setenv("LIBRECHAT_EMAIL", person.email)
        monkeypatch.setenv("LIBRECHAT_PASSWORD", PASSWORD)
        workspace = f'{{provider: librechat, url: "{url}", prune: delete}}'
        shell.write("presetctl.yaml", f"version: 1\nworkspaces: {{chat: {workspace}}}\n")
        shell.write(".gitignore", ".presetctl/\nschemas/\n*.json\n")
        for name in EXAMPLES:
            shell.write(f"presets/{name}.yaml", (ROOT / f"presets/librechat/{name}.yaml").read_text(encoding="utf-8"))
        chat = Chat(shell, git, server, person, wire, [])
        chat.commit("Start")
        yield chat
    assert {(call.method, call.path) for call in wire.calls} <= OPEN
    logins = [call for call in wire.calls if call.line == "POST auth/login"]
    assert len(logins) <= len(chat.shown)
    for ran in chat.shown:
        assert_no_secret(ran.out + ran.err, person)


def assert_no_secret(text: str, person: Person) -> None:
    encoded = base64.b64encode(PASSWORD.encode()).decode().rstrip("=")
    for secret in (PASSWORD, quote(PASSWORD, safe=""), encoded, person.token):
        assert secret not in text


def test_the_examples_are_applied_and_then_there_is_nothing_to_do(chat: Chat) -> None:
    mine = chat.person.save(title="Mine", endpoint="openAI", promptPrefix="Arr!", tags=["work"])
    assert chat("validate").code == 0
    planned = chat("plan")
    assert planned.out.count("+ create ") == 4
    assert {call.line for call in chat.wire.calls} == {"POST auth/login", "GET presets"}
    applied = chat("apply", "--yes")
    assert applied.out.count("applied  ") == 4
    left = chat.stored()
    assert left.pop("Mine") == {"endpoint": "openAI", "promptPrefix": "Arr!"}
    assert left == STORED
    assert {row["presetId"] for row in chat.person.presets()} == {mine["presetId"], *map(chat.id_of, EXAMPLES)}
    for row in chat.person.presets():
        expected = ["work"] if row["title"] == "Mine" else ["managed-by:presetctl", f"slug:{slug_of(row['title'])}"]
        assert row["tags"] == expected
    chat.wire.lines()
    assert "No changes" in chat("plan").out
    assert "No changes" in chat("apply", "--yes").out
    assert chat.wire.writes() == []
    assert chat("drift").code == 0
    listed = chat("list", "--format", "json").json
    assert sorted(row["slug"] for row in listed["presets"] if row["state"] == "in_sync") == sorted(EXAMPLES)
    assert chat.person.preset("Mine")["updatedAt"] == mine["updatedAt"]


def slug_of(title: str) -> str:
    return title.lower().replace(" ", "-")


def test_what_is_edited_in_the_browser_is_drift_and_put_right(chat: Chat) -> None:
    chat("apply", "--yes")
    chat.person.save(presetId=chat.id_of("concise-mode"), temperature=1.5, order=3, tags_of_theirs=1)
    chat.person.save(presetId=chat.id_of("code-helper"), defaultPreset=True)
    drifted = chat("drift", code=2)
    assert "concise-mode" in drifted.out
    assert "code-helper" not in drifted.out
    planned = chat("plan", "--format", "json").json
    (change,) = [change for change in planned["changes"] if change["action"] != "no_op"]
    assert (change["slug"], change["action"]) == ("concise-mode", "update")
    assert [(field["path"], field["before"], field["after"]) for field in change["fields"]] == [
        ("config.temperature", 1.5, 0.5)
    ]
    chat("apply", "--yes")
    stored = chat.stored()
    assert stored["Concise Mode"].pop("order") == 3
    assert (stored["Code Helper"].pop("order"), stored["Code Helper"].pop("defaultPreset")) == (0, True)
    assert stored == STORED
    assert "No changes" in chat("plan").out


def test_a_field_that_goes_is_a_replacement_that_the_plan_shows(chat: Chat) -> None:
    chat("apply", "--yes")
    chat.shell.replace("presets/code-helper.yaml", "  topP: 0.9\n", "")
    chat.commit()
    planned = chat("plan")
    assert "replace code-helper" in planned.out
    assert "config.topP: 0.9" in planned.out
    before = chat.person.preset("Code Helper")
    chat.wire.lines()
    applied = chat("apply", "--yes")
    assert "applied  code-helper" in applied.out
    assert chat.wire.writes() == ["delete", "save"]
    after = chat.person.preset("Code Helper")
    assert after["presetId"] == before["presetId"]
    assert after["_id"] != before["_id"]
    expected = {key: value for key, value in STORED["Code Helper"].items() if key != "topP"}
    assert chat.stored() == {**STORED, "Code Helper": expected}
    assert "No changes" in chat("plan").out


def test_a_replacement_that_is_cut_in_two_is_finished(chat: Chat) -> None:
    chat("apply", "--yes")
    chat.shell.replace("presets/code-helper.yaml", "  topP: 0.9\n", "")
    chat.wire.play("POST presets", replies(201, {"message": "Error saving preset"}))
    failed = chat("apply", "--yes", code=6)
    assert "deleted to be made again, and that failed" in failed.out
    assert "Code Helper" not in chat.stored()
    assert "+ create code-helper" in chat("plan").out
    chat("apply", "--yes")
    assert "topP" not in chat.person.preset("Code Helper")
    assert "No changes" in chat("plan").out


def test_the_only_preset_is_made_again_without_being_taken_for_another_users(chat: Chat) -> None:
    for name in EXAMPLES[1:]:
        (chat.shell.folder / f"presets/{name}.yaml").unlink()
    chat.commit()
    chat("apply", "--yes")
    chat.shell.replace("presets/code-helper.yaml", "  topP: 0.9\n", "")
    chat.commit()
    chat.wire.play("POST presets", replies(201, {"message": "Error saving preset"}))
    chat("apply", "--yes", "--base", "HEAD~1", code=6)
    assert chat.person.presets() == []
    chat("apply", "--yes", "--base", "HEAD~1")
    assert "topP" not in chat.person.preset("Code Helper")


def test_a_file_that_goes_takes_exactly_its_preset_with_it(chat: Chat) -> None:
    chat("apply", "--yes")
    mine = chat.person.save(title="Concise Mode", endpoint="openAI", tags=["slug:concise-mode"])
    copy = chat.person.preset("Code Helper")
    chat.person.save(title="Copy", endpoint="openAI", tags=copy["tags"])
    (chat.shell.folder / "presets/concise-mode.yaml").unlink()
    chat.commit("Remove one")
    planned = chat("plan")
    assert "delete concise-mode" in planned.out
    before = {row["presetId"] for row in chat.person.presets()}
    chat.wire.lines()
    chat("apply", "--yes")
    sent = [call.body for call in chat.wire.calls if call.line == "POST presets/delete"]
    assert sent == [{"presetId": chat.id_of("concise-mode")}]
    assert chat.wire.writes() == ["delete"]
    assert before - {row["presetId"] for row in chat.person.presets()} == {chat.id_of("concise-mode")}
    assert chat.person.preset("Concise Mode")["presetId"] == mine["presetId"]
    assert "No changes" in chat("plan").out


def test_a_wrong_password_opens_nothing(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRECHAT_PASSWORD", "another horse/battery+staple")
    for words in (["plan"], ["apply", "--yes"], ["list"], ["drift"]):
        failed = chat(*words, code=7)
        assert "the login was refused: Incorrect password." in failed.err
        assert "see what LIBRECHAT_EMAIL and LIBRECHAT_PASSWORD hold" in failed.err
        assert "another horse" not in failed.out + failed.err
    assert {call.line for call in chat.wire.calls} == {"POST auth/login"}
    monkeypatch.delenv("LIBRECHAT_PASSWORD")
    assert "the variable LIBRECHAT_PASSWORD is not set" in chat("plan", code=7).err


def test_an_access_token_in_place_of_a_password(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    chat.shell.replace("presetctl.yaml", "prune: delete", "token_env: CHAT_TOKEN")
    monkeypatch.setenv("CHAT_TOKEN", chat.person.token)
    chat("apply", "--yes")
    assert chat.stored() == STORED
    assert {call.line for call in chat.wire.calls} == {"GET presets", "POST presets"}
    monkeypatch.setenv("CHAT_TOKEN", chat.person.token[:-2])
    assert "put a new one into CHAT_TOKEN" in chat("plan", code=7).err
    for odd in ("no token", "tökén", chat.person.token[:-1] + "ü"):
        monkeypatch.setenv("CHAT_TOKEN", odd)
        assert "the key in CHAT_TOKEN has characters that no key has" in chat("plan", code=7).err


def test_an_address_that_ends_with_api_is_told(chat: Chat) -> None:
    chat.shell.replace("presetctl.yaml", '", prune', '/api", prune')
    failed = chat("plan", code=8)
    assert "without /api" in failed.err
    chat.wire.calls.clear()  # the one address that it may not ask is the one that it was told


def test_a_reply_that_is_lost_is_looked_after(chat: Chat) -> None:
    chat.wire.play("POST presets", _cut(lost_after))
    applied = chat("apply", "--yes", "--format", "json").json
    assert {outcome["result"] for outcome in applied["outcomes"]} == {"applied"}
    assert chat.stored() == STORED
    assert chat.wire.writes().count("save") == 4


def _cut(passage: Any) -> Any:
    """What breaks behind the address is a bad gateway before it."""

    def cut(request: httpx.Request, send: Any) -> httpx.Response:
        try:
            return passage(request, send)  # type: ignore[no-any-return]
        except httpx.HTTPError:
            return replies(502, "Bad gateway")(request, send)

    return cut


def test_what_the_server_repeats_is_not_shown(chat: Chat) -> None:
    """Not even where it puts the password into a preset."""
    chat("apply", "--yes")
    chat.person.save(
        presetId=chat.id_of("concise-mode"), promptPrefix=f"the password is {PASSWORD}", modelLabel="drift"
    )
    for words in (["plan"], ["plan", "--format", "json"], ["list"], ["show", "concise-mode"]):
        chat(*words)
    assert "the password is ***" in chat("drift", code=2).out
    chat.wire.play("GET presets", replies(403, {"message": f"{PASSWORD} {quote(PASSWORD)}"}))
    assert "refused (403): ***" in chat("plan", code=7).err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("line", ["POST presets/delete", "POST presets"])
def test_a_replacement_under_way_when_the_process_has_to_end(chat: Chat, line: str, number: signal.Signals) -> None:
    """Killed, it's finished by the next apply; asked to end, it finishes what it began."""
    chat("apply", "--yes")
    for slug, field in (("code-helper", "  topP: 0.9\n"), ("creative-writer", "  top_p: 1\n")):
        chat.shell.replace(f"presets/{slug}.yaml", field, "")
    chat.commit()
    running = list[subprocess.Popen[str]]()
    begun = threading.Event()

    def end(request: httpx.Request, send: Any) -> httpx.Response:
        reply: httpx.Response = send()
        reply.read()
        assert begun.wait(60)
        running[0].send_signal(number)
        if number is signal.SIGKILL:
            running[0].wait(60)
        return reply

    chat.wire.play(line, end)
    command = [sys.executable, "-m", "presetctl", "apply", "--yes"]
    with subprocess.Popen(
        command, cwd=chat.shell.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        running.append(process)
        begun.set()
        said, _ = process.communicate(timeout=120)
    chat.shown.append(Ran(process.returncode, said, ""))
    cut = number is signal.SIGKILL and line == "POST presets/delete"
    assert ("Code Helper" in chat.stored()) is not cut
    assert "top_p" in chat.stored()["Creative Writer"], "nothing more is begun"
    if number is not signal.SIGKILL:
        assert process.returncode == 128 + number
        assert "applied  code-helper" in said
        assert "skipped  creative-writer" in said
    planned = chat("plan", "--format", "json").json["summary"]
    assert (planned["create"], planned["replace"]) == ((1, 1) if cut else (0, 1))
    chat("apply", "--yes")
    assert "No changes" in chat("plan").out
    assert not {"topP", "top_p"} & {*chat.stored()["Code Helper"], *chat.stored()["Creative Writer"]}
    assert {row["presetId"] for row in chat.person.presets()} == {*map(chat.id_of, EXAMPLES)}
