"""The LibreChat adapter against the emulator, in process and over a port, and against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.chats import KINDS, Server, credentials, emulated, needs_server, opened, real, served
from tests.contract.suite import ProviderContract, Workspace

CONFIGS: dict[str, dict[str, Any]] = {
    "librechat/openAI": {
        "title": "Ünï ✓ «title»",
        "model": "gpt-5",
        "temperature": 0.7,
        "top_p": 1.0,
        "stop": ["a", "b\n"],
        "max_tokens": 100,
        "web_search": True,
    },
    "librechat/azureOpenAI": {"title": "t", "model": "gpt-5", "presence_penalty": -0.5},
    "librechat/custom": {"title": "t", "endpoint": "My own", "model": "m", "frequency_penalty": 1e-7},
    "librechat/anthropic": {"title": "t", "model": "claude", "topK": 3, "maxOutputTokens": 4096, "thinking": False},
    "librechat/google": {
        "title": "t",
        "model": "gemini",
        "examples": [{"input": {"content": "a.b $c"}, "output": {"content": ""}}],
        "thinkingBudget": -1,
    },
    "librechat/bedrock": {"title": "t", "model": "eu.anthropic.claude", "region": "eu-1", "stop": []},
    "librechat/assistants": {"title": "t", "assistant_id": "asst_1", "model": "m"},
    "librechat/azureAssistants": {"title": "t", "assistant_id": "asst_1"},
    "librechat/agents": {"title": "t", "agent_id": "agent_1", "greeting": "Hi\u200b"},
}


@contextmanager
def workspace_of(server: Server) -> Iterator[Workspace]:
    person = server.person()
    with opened(server, credentials(person)) as it:
        yield Workspace(it.reader, it.writer, KINDS, CONFIGS)
    assert [call.line for call in it.wire.calls[:1]] in ([], ["POST auth/login"])
    assert {call.line for call in it.wire.calls[1:]} <= {"GET presets", "POST presets", "POST presets/delete"}


class TestEmulated(ProviderContract):
    many = 21  # the list has no pages

    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with emulated() as (_, server), workspace_of(server) as workspace:
            yield workspace

    def test_identity(self, workspace: Workspace) -> None:
        assert workspace.reader.identity().workspace_id


class TestServed(TestEmulated):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with served() as server, workspace_of(server) as workspace:
            yield workspace


@needs_server
class TestReal(TestEmulated):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with real() as server, workspace_of(server) as workspace:
            yield workspace
