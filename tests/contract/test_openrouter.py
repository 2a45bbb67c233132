"""The OpenRouter adapter against the emulator: in process and over a port, and whatever the emulator's switches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presetctl.domain.errors import NotFoundError
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.server import serve
from presetctl.emulator.switches import Switches
from presetctl.persistence import kind_of
from presetctl.providers.http import HttpJson
from presetctl.providers.openrouter import OpenRouterReader, OpenRouterWriter
from presetctl.specs.schemas import SchemaLibrary
from tests.contract.suite import ProviderContract, Workspace

SCHEMAS = SchemaLibrary.packaged()
KINDS = {name: kind_of(SCHEMAS.config_schema(name)) for name in SCHEMAS.kinds()}
CONFIGS: dict[str, dict[str, Any]] = {
    "openrouter/chat-completions": {
        "model": "openai/gpt-5.4",
        "temperature": 0.5,
        "provider": {"sort": "price", "only": ["openai", "azure"]},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "default": None}}}],
    },
    "openrouter/messages": {"model": "anthropic/claude-opus-4.6", "max_tokens": 1024, "top_p": 1.0},
    "openrouter/responses": {"model": "openai/gpt-5.4", "temperature": 1, "provider": {"order": ["a", "b"]}},
}


@contextmanager
def in_process(app: Emulator) -> Iterator[Workspace]:
    http = HttpJson(
        "http://embedded.invalid/api/v1", {"Authorization": "Bearer k"}, timeout=30,
        transport=lambda: httpx.WSGITransport(app),
    )  # fmt: skip
    try:
        yield Workspace(OpenRouterReader(http), OpenRouterWriter(http, KINDS.__getitem__), KINDS, CONFIGS)
    finally:
        http.close()


class TestInProcess(ProviderContract):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with create_app() as app, in_process(app) as workspace:
            yield workspace

    def test_identity(self, workspace: Workspace) -> None:
        assert workspace.reader.identity().workspace_id is not None


class TestServerDefaults(TestInProcess):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        switches = Switches(server_defaults=True, json_form="normalized", nulls="drop")
        with create_app(switches=switches) as app, in_process(app) as workspace:
            yield workspace


class TestOnAPort(TestInProcess):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with create_app() as app, serve(app) as url:
            http = HttpJson(url, {"Authorization": "Bearer k"}, timeout=30)
            yield Workspace(OpenRouterReader(http), OpenRouterWriter(http, KINDS.__getitem__), KINDS, CONFIGS)
            http.close()


def switches() -> st.SearchStrategy[Switches]:
    return st.builds(
        Switches,
        unknown_fields=st.sampled_from(["keep", "drop"]),
        server_defaults=st.booleans(),
        identical_post=st.sampled_from(["version", "unchanged"]),
        nulls=st.sampled_from(["keep", "drop"]),
        json_form=st.sampled_from(["verbatim", "normalized"]),
    )


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from(["openai/gpt-5.4", "x/y"]),
    "temperature": st.sampled_from([0, 0.5, 1, 1.0, 2]) | st.none(),
    "seed": st.integers(0, 3) | st.none(),
    "stop": st.lists(st.text("ab\n", min_size=1, max_size=2), max_size=2) | st.none(),
    "max_tokens": st.integers(1, 5),
    "provider": st.fixed_dictionaries(
        {},
        optional={
            "sort": st.sampled_from(["price", None]),
            "only": st.lists(st.sampled_from("abc"), max_size=2),
            "allow_fallbacks": st.booleans(),
            "zdr": st.booleans() | st.none(),
        },
    ),
    "tools": st.lists(
        st.builds(
            lambda name: {"type": "function", "function": {"name": name, "parameters": {}}}, st.sampled_from("fg")
        ),
        max_size=2,
    ),
}
CONTENTS = st.builds(
    Content,
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.fixed_dictionaries({"model": FIELDS["model"]}, optional={k: v for k, v in FIELDS.items() if k != "model"}),
)
SUITE = ProviderContract()


@settings(max_examples=60)
@given(switches(), st.lists(CONTENTS, min_size=1, max_size=3))
def test_plan_after_apply_is_empty(switches: Switches, contents: list[Content]) -> None:
    """Once what the workspace is shown not to keep is named in not_kept, whatever the emulator's switches."""
    with create_app(switches=switches) as app, in_process(app) as workspace:
        not_kept: tuple[str, ...] = ()
        for number, content in enumerate(contents, 1):
            preset = Preset("a", "openrouter/chat-completions", content, Location("a.yaml"))
            outcomes = SUITE.apply(workspace, preset, not_kept=not_kept)
            assert {o.result for o in outcomes} <= {Result.APPLIED, Result.UNCHANGED, Result.NOT_PERSISTED}
            lost = {name.removeprefix("config.") for outcome in outcomes for name in outcome.lost}
            assert not lost or switches.unknown_fields == "drop"
            not_kept = (*not_kept, *sorted(lost))
            assert SUITE.plan(workspace, preset, not_kept=not_kept).pending == ()
            version = workspace.reader.read_presets(["a"])[0]
            assert version is not None
            assert version.version is not None
            assert (version.version.number or 0) <= number, "no apply makes more than one version"


@pytest.mark.parametrize("archive", ["supported", "missing"])
def test_restore(archive: Literal["supported", "missing"]) -> None:
    with create_app(switches=Switches(archive=archive)) as app, in_process(app) as workspace:
        preset = SUITE.preset(workspace)
        workspace.writer.write(preset)
        app.dashboard_set_status("default", "a", "archived")
        if archive == "missing":
            with pytest.raises(NotFoundError, match="doesn't know how"):
                workspace.writer.restore("a")
        else:
            restored = workspace.writer.restore("a").version
            assert restored is not None
            assert restored.number == 1


def test_every_kind_writes_through_its_own_operation() -> None:
    with create_app() as app, in_process(app) as workspace:
        for number, kind in enumerate(CONFIGS):
            workspace.writer.write(Preset(f"p-{number}", kind, Content("p", CONFIGS[kind]), Location("x")))
        posted = [path for method, path in app.requests if method == "POST"]
    assert posted == [
        "/api/v1/presets/p-0/chat/completions",
        "/api/v1/presets/p-1/messages",
        "/api/v1/presets/p-2/responses",
    ]
