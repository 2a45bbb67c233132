"""Random files and what people do in the browser meanwhile, step by step on one emulated LibreChat server.

After every apply nothing drifts and nothing is left to plan, what isn't managed is as it was, and no null was ever
sent. The files are real YAML, checked against the derived schemas; the workspace is opened as every command opens it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from presetctl import reconcile
from presetctl.domain.change import Action, Head
from presetctl.domain.history import LastDeclared
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Preset
from presetctl.domain.state import BaseState
from presetctl.emulator.librechat.app import Account, LibreChat, Settings, create_app
from presetctl.guard import Consent
from presetctl.load.dump_yaml import dump
from presetctl.providers.librechat.identity import preset_id
from presetctl.providers.registry import EMBEDDED_EMAIL, EMBEDDED_PASSWORD, Connection, connect
from presetctl.reconcile import Planned
from presetctl.repository import Repository, Selection, load
from tests.chats import SCHEMAS, Person, Wire
from tests.unit.memory import Past
from tests.unit.trees import MemoryTree

PROJECT = """\
version: 1
default_workspace: live
defaults: {kind: librechat/openAI, config: {greeting: Hi}}
workspaces:
  live: {provider: librechat, url: embedded, prune: delete}
  other: {provider: librechat, url: embedded}
"""
SLUGS = ("a", "b", "c", "d")
USERS_OWN = ("order", "defaultPreset")
CLOCK = ("updatedAt", *USERS_OWN)

NUMBERS = st.sampled_from([0, 0.25, 1, 1.0])
WORDS = st.sampled_from(["x", "no", "1e3", "- y", "é😀", ""])
PROMPTS = st.sampled_from(["Be brief.", "Be kind.\n\n  Always.\n", "::error::x", " lead"])
COMMON = {"temperature": NUMBERS | st.none(), "modelLabel": WORDS | st.none(), "maxContextTokens": st.integers(10, 12)}
LISTS = st.lists(WORDS, max_size=2)
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "librechat/openAI": {
        **COMMON, "top_p": NUMBERS, "stop": LISTS, "web_search": st.booleans(), "max_tokens": st.integers(1, 3),
        "reasoning_effort": st.sampled_from(["", "low", None]),
    },
    "librechat/anthropic": {**COMMON, "topP": NUMBERS, "topK": st.integers(1, 3), "thinking": st.booleans()},
    "librechat/google": {
        **COMMON,
        "examples": st.lists(
            st.fixed_dictionaries({"input": st.fixed_dictionaries({"content": WORDS}),
                                   "output": st.fixed_dictionaries({"content": WORDS})}), max_size=2
        ),
    },
    "librechat/agents": {"agent_id": WORDS, "greeting": WORDS},
}  # fmt: skip
ENDPOINTS = ["openAI", "anthropic", "google", "agents", "mine", None]
HELD = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.sampled_from(ENDPOINTS),
        "endpointType": st.sampled_from(["custom", None]),
        "title": WORDS | st.none(),
        "promptPrefix": PROMPTS | st.none() | st.just(""),
        "instructions": PROMPTS,
        "order": NUMBERS | st.none(),
        "defaultPreset": st.booleans(),
        **{
            name: values | st.none()
            for kind in ("librechat/anthropic", "librechat/google", "librechat/openAI")
            for name, values in FIELDS[kind].items()
        },
    },
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """What one preset file says."""
    kind = draw(st.sampled_from(["librechat/openAI", *sorted(FIELDS)]))
    config = draw(st.fixed_dictionaries({"iconURL": st.sampled_from(["i", "j"])}, optional=dict(FIELDS[kind])))
    value: dict[str, Any] = {"kind": kind, "config": config}
    if draw(st.booleans()):
        value["system_prompt"] = draw(PROMPTS)
    if draw(st.booleans()):
        value["title"] = draw(st.sampled_from(["T", "é😀"]))
    if draw(st.integers(0, 3)) == 0:
        value["overrides"] = {"live": {"config": {"greeting": None}}}
    return value


@dataclass(frozen=True)
class Step:
    """What the files say from now on, and what somebody does in the browser before they are applied."""

    desired: Mapping[str, dict[str, Any]]
    edits: Mapping[str, dict[str, Any]]
    deleted: frozenset[str]
    unmarked: frozenset[str]
    copied: frozenset[str]
    made: dict[str, Any] | None


SOME = st.frozensets(st.sampled_from(SLUGS), max_size=1)


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Alike more often than chance would have it."""
    result: list[Step] = []
    for _ in range(draw(st.integers(1, 3))):
        before = result[-1].desired if result else {}
        other = draw(st.dictionaries(st.sampled_from(SLUGS), files(), max_size=len(SLUGS)))
        edited = draw(st.sets(st.sampled_from(SLUGS), min_size=1))
        desired = {slug: side[slug] for slug in SLUGS if slug in (side := other if slug in edited else before)}
        result.append(
            Step(
                desired,
                draw(st.dictionaries(st.sampled_from(SLUGS), HELD, max_size=2)),
                draw(SOME),
                draw(SOME) if draw(st.integers(0, 4)) == 0 else frozenset(),
                draw(SOME),
                draw(st.none() | HELD),
            )
        )
    return result


def repository(presets: Mapping[str, dict[str, Any]]) -> Repository:
    texts = {f"presets/{slug}.yaml": dump(value) for slug, value in presets.items()}
    made = load(MemoryTree({"presetctl.yaml": PROJECT, **texts}), SCHEMAS)
    assert not [problem for problem in made.problems if problem.severity == "error"], (texts, made.problems)
    return made


class Story:
    """One server, one user, and everything that happens there."""

    def __init__(self, app: LibreChat) -> None:
        self.wire = Wire(httpx.WSGITransport(app), "10.0.0.1")
        client = httpx.Client(transport=httpx.WSGITransport(app), base_url="http://chat")
        said = client.post("/api/auth/login", json={"email": EMBEDDED_EMAIL, "password": EMBEDDED_PASSWORD}).json()
        self.person = Person(client, EMBEDDED_EMAIL, said["user"]["id"], said["token"])
        self.declared: dict[str, Preset] = {}

    def own(self, slug: str) -> str:
        return preset_id(self.person.id, slug)

    def held(self) -> dict[str, dict[str, Any]]:
        return {row["presetId"]: row for row in self.person.presets()}

    def browse(self, step: Step) -> None:
        """What people do."""
        there = self.held()
        for slug in step.copied:
            if self.own(slug) in there:
                row = there[self.own(slug)]
                left_out = {"_id", "__v", "presetId", *CLOCK}
                self.person.save(**{key: value for key, value in row.items() if key not in left_out})
        for slug, fields in step.edits.items():
            if self.own(slug) in there:
                tags = ["mine", *there[self.own(slug)]["tags"]]
                self.person.save(presetId=self.own(slug), **fields, tags=list(dict.fromkeys(tags)))
        for slug in step.unmarked:
            if self.own(slug) in there:
                self.person.save(presetId=self.own(slug), tags=["mine"])
        for slug in step.deleted:
            if self.own(slug) in there:
                self.person.delete(self.own(slug))
        if step.made is not None:
            self.person.save(**step.made)

    def unmanaged(self) -> dict[str, dict[str, Any]]:
        """What is not presetctl's, less what the server changes by itself there."""
        rows = {own: row for own, row in self.held().items() if not self.is_ours(row)}
        return {own: {key: row[key] for key in row if key not in CLOCK} for own, row in rows.items()}

    def is_ours(self, row: dict[str, Any]) -> bool:
        slugs = [slug for slug in SLUGS if self.own(slug) == row["presetId"]]
        return bool(slugs) and {"managed-by:presetctl", f"slug:{slugs[0]}"} <= {*row["tags"]}

    def connected(self, made: Repository) -> Connection:
        declared = {slug: preset.adopts for slug, preset in made.rendered.workspaces["live"].items()}
        return connect("live", made.settings("live"), made.kinds.kind, {}, lambda: self.wire, declared=declared)

    def apply(self, made: Repository) -> None:
        with closing(self.connected(made)) as connection:
            self._apply(made, connection)
        self.declared |= made.rendered.workspaces["live"]

    def _apply(self, made: Repository, connection: Connection) -> None:
        now = made.rendered.workspaces["live"]
        lasts = {slug: LastDeclared("b" * 40, preset) for slug, preset in self.declared.items()}
        past = Past(orphans=sorted(lasts), lasts=lasts, arrived=None)
        theirs = self.unmanaged()
        lost = {slug for slug in now if self.own(slug) in theirs}

        def planned() -> Planned:
            return reconcile.plan(made, "live", connection.reader, Head(), Selection(), ask_past=lambda: past)

        first = planned()
        for change in first.plan.changes:
            event(str(change.action))
        self.wire.calls.clear()
        everything = Consent(frozenset(SLUGS), updates=len(SLUGS), archives=len(SLUGS), creates=len(SLUGS))
        outcomes = list(reconcile.apply(made, first, connection.reader, connection.writer, everything))
        assert {outcome.result for outcome in outcomes} <= {Result.APPLIED}, outcomes
        self._check_sent(first)
        drifts = reconcile.find_drift(made, "live", connection.reader, BaseState("c" * 40, "HEAD", now))
        assert {drift.slug for drift in drifts} <= lost
        second = planned().plan
        assert (second.pending, second.orphaned) == ((), ())
        assert len(second.unmanaged) == len(theirs) - len(lost)
        assert self.unmanaged() == theirs
        assert self.wire.lines().count("POST auth/login") == 0

    def _check_sent(self, planned: Planned) -> None:
        saves = [call.body for call in self.wire.calls if call.line == "POST presets"]
        deletions = [call.body for call in self.wire.calls if call.line == "POST presets/delete"]
        pending = planned.plan.pending
        goes = {Action.REPLACE, Action.DELETE}
        assert [body["presetId"] for body in saves] == [self.own(c.slug) for c in pending if not c.removes]
        assert sorted(json.dumps(body) for body in deletions) == sorted(
            json.dumps({"presetId": self.own(change.slug)}) for change in pending if change.action in goes
        )
        assert not [body for body in saves if None in body.values()]


def check(story: list[Step]) -> None:
    account = Account(EMBEDDED_EMAIL, EMBEDDED_PASSWORD)
    with create_app(accounts=[account], settings=Settings(login_max=0)) as app:
        played = Story(app)
        with closing(played.person.client), closing(played.wire):
            for step in story:
                played.browse(step)
                played.apply(repository(step.desired))


@given(steps())
@settings(max_examples=40)
def test_apply_followed_by_drift_is_empty(story: list[Step]) -> None:
    check(story)


@pytest.mark.torture
@given(steps())
@settings(max_examples=1500)
def test_apply_followed_by_drift_is_empty_many_times(story: list[Step]) -> None:
    check(story)
