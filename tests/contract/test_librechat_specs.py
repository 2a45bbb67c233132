"""Model specs that a workspace publishes, against the emulated LibreChat server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from presetctl.apply import Applier, Conduct
from presetctl.domain.change import Action
from presetctl.domain.errors import AccessError, AmbiguousError, NotFoundError, RemoteError
from presetctl.domain.kind import Kind
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.values import Json, JsonObject
from presetctl.emulator.librechat.app import Account, Fault, LibreChat, Settings, create_app
from presetctl.emulator.server import serve
from presetctl.persistence import kept, kind_of
from presetctl.providers.http import HttpJson
from presetctl.providers.librechat.session import Password, Session
from presetctl.providers.librechat.specs import ModelSpecsReader, ModelSpecsWriter
from presetctl.specs.schemas import SchemaLibrary
from presetctl.waiting import Pause
from tests.contract.suite import ProviderContract, Workspace

ADMIN, ANN = Account("root@example.com", "correct horse"), Account("ann@example.com", "battery staple")
SCHEMAS = SchemaLibrary.packaged()
KINDS = {
    name: replace(kind_of(SCHEMAS.config_schema(name)), replaced_whole=True)
    for name in SCHEMAS.kinds()
    if name.startswith("librechat/")
}
CONFIGS: dict[str, dict[str, Any]] = {
    "librechat/openAI": {"endpoint": "openAI", "model": "m", "temperature": 0.5, "stop": ["a"], "title": "A"},
    "librechat/custom": {
        "endpoint": "Own", "endpointType": "custom", "model": "m", "title": "B", "description": "D",
        "model_spec": {"group": "G", "order": 1.5, "subagents": {"enabled": True}},
    },
    "librechat/bedrock": {"endpoint": "bedrock", "model": "eu.anthropic.x", "title": "C"},
    "librechat/agents": {"endpoint": "agents", "agent_id": "x", "title": "D"},
}  # fmt: skip
USERS = "/api/admin/config/role/USER"


def password(account: Account) -> Password:
    return Password(account.email, account.password)


class Opened:
    """A server, a session on it, and both sides of the workspace."""

    def __init__(self, app: LibreChat, http: HttpJson, account: Account = ADMIN, principal: str = "role/USER") -> None:
        self.app = app
        self.session = Session(http, password(account))
        self.told: list[str] = []
        self.reader = ModelSpecsReader(self.session, principal, self.kind, self.told.append)
        self.writer = ModelSpecsWriter(self.session, self.reader, self.kind)

    def kind(self, name: str) -> Kind:
        return KINDS[name]

    def lay(self, overrides: JsonObject, method: str = "PUT", principal: str = "role/USER") -> Any:
        """What another administrator does."""
        with httpx.Client(transport=httpx.WSGITransport(self.app), base_url="http://emulator") as client:
            token = client.post("/api/auth/login", json={"email": ADMIN.email, "password": ADMIN.password}).json()
            headers = {"Authorization": f"Bearer {token['token']}"}
            reply = client.request(method, f"/api/admin/config/{principal}", json=overrides, headers=headers)
            assert reply.status_code < 300, reply.text
            return reply.json()

    def held(self, principal: str = "role/USER") -> Any:
        return self.lay({}, "GET", principal)["config"]


@contextmanager
def opened(account: Account = ADMIN, **more: Any) -> Iterator[Opened]:
    with create_app(accounts=[ADMIN, ANN], settings=Settings(login_max=0)) as app:
        http = HttpJson("http://embedded.invalid", {}, timeout=30, transport=lambda: httpx.WSGITransport(app))
        yield Opened(app, http, account, **more)
        http.close()


@pytest.fixture
def specs() -> Iterator[Opened]:
    with opened() as server:
        yield server


def preset(slug: str = "a", prompt: str | None = "P", **config: Json) -> Preset:
    content = Content(prompt, {"model": "m", "title": slug.title(), **config})
    return Preset(slug, "librechat/openAI", content, Location(f"presets/{slug}.yaml"))


class TestInProcess(ProviderContract):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with opened() as server:
            yield Workspace(server.reader, server.writer, KINDS, CONFIGS)

    def test_a_write_replaces_everything(self, workspace: Workspace) -> None:
        for slug, kind, config in [("a", "librechat/custom", {"endpoint": "Own", "title": "A"})]:
            whole = Preset(slug, kind, Content("P", CONFIGS[kind]), Location("x"))
            self.apply(workspace, whole)
            smaller = replace(whole, content=Content(None, config))
            (change,) = self.plan(workspace, smaller).pending
            assert change.action is Action.UPDATE
            self.apply(workspace, smaller)
            found = workspace.reader.read_presets([slug])[0]
            assert found is not None
            assert found.version is not None
            assert found.version.content == kept(KINDS[kind], smaller.content)


class TestOnAPort(TestInProcess):
    @contextmanager
    def open_workspace(self) -> Iterator[Workspace]:
        with (
            create_app(accounts=[ADMIN]) as app,
            serve(app, base="") as url,
        ):
            http = HttpJson(url, {}, timeout=30)
            server = Opened(app, http)
            yield Workspace(server.reader, server.writer, KINDS, CONFIGS)
            http.close()


# --- What is there besides ---


def test_everything_else_stays_as_it_was(specs: Opened) -> None:
    theirs: JsonObject = {
        "name": "Their Spec",
        "label": "T",
        "preset": {"endpoint": "openAI", "empty": {}},
        "new": {"deep": [1]},
    }
    overrides: dict[str, Json] = {
        "interface": {"presets": True, "customWelcome": "Hi"},
        "modelSpecs": {"enforce": True, "list": [theirs, {"name": "z"}]},
        "endpoints": {"custom": [{"name": "Own", "empty": {}}]},
    }
    specs.lay({"overrides": overrides, "priority": 7})
    specs.writer.write(preset("b"))
    specs.writer.write(preset("b", title="Again"))
    specs.writer.remove("b")
    specs.writer.write(preset("a", model_spec={"order": 1}))
    held = specs.held()
    (mine,) = (entry for entry in held["overrides"]["modelSpecs"]["list"] if entry["name"] == "a")
    assert held["overrides"] == overrides | {"modelSpecs": {"enforce": True, "list": [mine, theirs, {"name": "z"}]}}
    assert (held["priority"], held["configVersion"]) == (7, 5)


def test_only_the_list_is_ever_sent(specs: Opened) -> None:
    specs.lay({"overrides": {"a": 1, "modelSpecs": {"list": []}}})
    specs.writer.write(preset())
    specs.writer.remove("a")
    writes = [(method, path) for method, path in specs.app.requests if method not in {"GET", "POST"}]
    assert writes == [("PUT", USERS), ("PATCH", f"{USERS}/fields"), ("PATCH", f"{USERS}/fields")]


def test_what_is_stored_already_is_not_sent(specs: Opened) -> None:
    first = specs.writer.write(preset())
    assert specs.writer.write(preset()) == first
    assert specs.held()["configVersion"] == 1


def test_a_section_that_is_null_is_one_without_a_list(specs: Opened) -> None:
    specs.lay({"overrides": {"modelSpecs": None, "a": 1}})
    specs.writer.write(preset())
    assert [entry["name"] for entry in specs.held()["overrides"]["modelSpecs"]["list"]] == ["a"]
    assert specs.held()["overrides"]["a"] == 1


@pytest.mark.parametrize("odd", ["not-a-list", [1], [{"name": "a"}, {"name": "a"}]])
def test_what_is_no_list_is_never_written_over(specs: Opened, odd: Json) -> None:
    specs.lay({"overrides": {"modelSpecs": {"list": odd}}})
    for call in (specs.reader.list_presets, lambda: specs.writer.write(preset()), lambda: specs.writer.remove("a")):
        with pytest.raises(RemoteError, match="is not a list of model specs"):
            call()
    assert specs.held()["overrides"] == {"modelSpecs": {"list": odd}}


def test_names_that_no_slug_can_be_are_not_managed(specs: Opened) -> None:
    specs.lay({"overrides": {"modelSpecs": {"list": [{"name": "Their Spec"}, {"name": "mine"}]}}})
    rows = specs.reader.list_presets().rows
    assert [(row.slug, row.managed) for row in rows] == [("Their Spec", False), ("mine", True)]


def test_another_principal_is_another_workspace(specs: Opened) -> None:
    specs.writer.write(preset())
    with opened(principal="group/a b") as other:
        other.writer.write(preset("b"))
        assert other.held("group/a b")["principalId"] == "a b"
        assert [row.slug for row in other.reader.list_presets().rows] == ["b"]


def test_it_is_told_once_where_all_of_it_is_switched_off(specs: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    specs.writer.write(preset())
    real = specs.session.get

    def off(path: str, also: Any = ()) -> Any:
        reply = real(path, also)
        assert isinstance(reply.body, dict)
        return replace(reply, body={"config": {**reply.body["config"], "isActive": False}})

    monkeypatch.setattr(specs.session, "get", off)
    specs.reader.list_presets()
    specs.reader.list_presets()
    assert specs.told == ["What is laid over the configuration for role/USER is switched off there."]


# --- Who may, and where there is nothing of the kind ---


def test_it_needs_an_administrator() -> None:
    with opened(ANN) as server:
        for call in (server.reader.list_presets, lambda: server.writer.write(preset())):
            with pytest.raises(AccessError, match=r"refused \(403\): Forbidden") as refused:
                call()
            assert "administrator" in refused.value.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [(b'{"error": "Insufficient permissions"}', ": Insufficient permissions"), (b'{"error": {}}', ""), (b"[]", "")],
)
def test_what_the_server_says_of_a_refusal(specs: Opened, body: bytes, said: str) -> None:
    specs.app.faults.add(Fault(status=403, method="GET", body=body))
    with pytest.raises(AccessError) as refused:
        specs.reader.list_presets()
    assert refused.value.message.endswith(f"refused (403){said}")


def test_a_server_without_the_routes() -> None:
    with opened() as server:
        server.app.faults.add(Fault(status=404, path_end="/USER"))
        with pytest.raises(RemoteError, match="not found") as missing:
            server.reader.list_presets()
        assert "0.8.7" in missing.value.hint


def test_what_goes_and_is_not_there(specs: Opened) -> None:
    with pytest.raises(NotFoundError):
        specs.writer.remove("a")
    with pytest.raises(NotFoundError, match="can't be restored"):
        specs.writer.restore("a")
    assert specs.reader.identity().workspace_id == specs.session.user
    specs.writer.prepare_archiving()
    assert {method for method, _ in specs.app.requests} <= {"GET", "POST"}


def test_more_than_the_server_takes_is_not_sent(specs: Opened) -> None:
    with pytest.raises(RemoteError, match="more than 3 MiB"):
        specs.writer.write(preset(prompt="x" * 3 * 1024 * 1024))
    assert ("PATCH", f"{USERS}/fields") not in specs.app.requests


# --- Others who write at the same time ---


def meddle(specs: Opened, monkeypatch: pytest.MonkeyPatch, change: JsonObject) -> None:
    """Lets somebody else write just before our write."""
    real = specs.session.patch

    def after_theirs(path: str, body: Json, also: Any = ()) -> Any:
        monkeypatch.setattr(specs.session, "patch", real)
        specs.lay(change)
        return real(path, body, also)

    monkeypatch.setattr(specs.session, "patch", after_theirs)


@pytest.mark.parametrize(
    "theirs",
    [
        {"overrides": {"modelSpecs": {"list": [{"name": "new"}]}}},
        {"overrides": {"other": 1}},
        {"overrides": {"modelSpecs": {"enforce": True}}},
    ],
)
def test_a_write_in_between_is_told(specs: Opened, monkeypatch: pytest.MonkeyPatch, theirs: JsonObject) -> None:
    specs.lay({"overrides": {"modelSpecs": {"list": []}}})
    meddle(specs, monkeypatch, theirs)
    with pytest.raises(RemoteError, match="may have been changed by somebody else"):
        specs.writer.write(preset())


def test_the_rest_is_compared_too(specs: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    specs.lay({"overrides": {"a": 1}})
    real, calls = specs.reader.laid, []

    def laid() -> Any:
        calls.append(1)
        found = real()
        return found if len(calls) == 1 else replace(found, overrides={"a": 2, "modelSpecs": {"list": []}})

    monkeypatch.setattr(specs.reader, "laid", laid)
    with pytest.raises(RemoteError, match="other parts of the configuration"):
        specs.writer.write(preset())


def test_an_entry_that_is_not_there_afterwards_is_told(specs: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    real = specs.reader.laid

    def laid() -> Any:
        found = real()
        return replace(found, entries=(), overrides={}) if found.version else found

    monkeypatch.setattr(specs.reader, "laid", laid)
    with pytest.raises(RemoteError, match="was not stored, although the server says so"):
        specs.writer.write(preset())


def test_a_plan_that_somebody_overtook_is_a_conflict(specs: Opened) -> None:
    suite, workspace = ProviderContract(), Workspace(specs.reader, specs.writer, KINDS, CONFIGS)
    suite.apply(workspace, preset())
    plan = suite.plan(workspace, mine := preset(prompt="mine"))
    specs.lay({"overrides": {"modelSpecs": {"list": [{"name": "a", "label": "theirs"}]}}})
    (outcome,) = Applier(specs.reader, specs.writer, KINDS).apply(plan, {"a": mine})
    assert outcome.result is Result.CONFLICT
    assert specs.held()["overrides"]["modelSpecs"]["list"] == [{"name": "a", "label": "theirs"}]


def test_many_at_the_same_time_lose_nothing(specs: Opened) -> None:
    suite, workspace = ProviderContract(), Workspace(specs.reader, specs.writer, KINDS, CONFIGS)
    presets = [preset(f"p-{number:02}") for number in range(20)]
    plan = suite.plan(workspace, *presets)
    applier = Applier(specs.reader, specs.writer, KINDS, conduct=Conduct(parallelism=8))
    outcomes = list(applier.apply(plan, {each.slug: each for each in presets}))
    assert {outcome.result for outcome in outcomes} == {Result.APPLIED}
    assert [row.slug for row in specs.reader.list_presets().rows] == [each.slug for each in presets]
    assert specs.held()["configVersion"] == 20


# --- Replies that are lost, or make no sense ---


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_reply_is_looked_after(specs: Opened, applied: bool) -> None:
    suite, workspace = ProviderContract(), Workspace(specs.reader, specs.writer, KINDS, CONFIGS)
    plan = suite.plan(workspace, preset())
    specs.app.faults.add(Fault(status=502, method="PATCH", written=applied))
    applier = Applier(specs.reader, specs.writer, KINDS, pause=Pause(sleep=lambda _: False))
    (outcome,) = applier.apply(plan, {"a": preset()})
    assert outcome.result is Result.APPLIED
    assert specs.held()["configVersion"] == 1


@pytest.mark.parametrize("body", [b'{"message": "No actionable field entries provided"}', b"[]"])
def test_a_reply_about_nothing_leaves_a_doubt(specs: Opened, body: bytes) -> None:
    specs.app.faults.add(Fault(status=200, method="PATCH", body=body))
    with pytest.raises(AmbiguousError, match="not about the configuration"):
        specs.writer.write(preset())


def test_a_reply_without_a_config(specs: Opened) -> None:
    specs.app.faults.add(Fault(status=200, method="GET", body=b"{}"))
    with pytest.raises(RemoteError, match="no config in it"):
        specs.reader.list_presets()
