"""Random files, earlier files and workspaces, on the real emulator: after an apply nothing drifts, and nothing is left.

The files are real YAML, checked against the derived schemas; the workspace is the embedded one, as every command opens
it, in each of its readings of what is documented nowhere.
"""

from __future__ import annotations

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
from presetctl.domain.state import BaseState
from presetctl.emulator.app import Emulator, create_app
from presetctl.emulator.switches import Switches
from presetctl.guard import Consent
from presetctl.load.dump_yaml import dump
from presetctl.providers.registry import Connection, connect
from presetctl.reconcile import Planned
from presetctl.repository import Repository, Selection, load
from presetctl.specs.schemas import SchemaLibrary
from tests.unit.memory import Past
from tests.unit.trees import MemoryTree

SCHEMAS = SchemaLibrary.packaged()
PROJECT = """\
version: 1
default_workspace: live
defaults: {config: {top_p: 0.9}}
workspaces:
  live: {provider: openrouter, url: embedded, prune: archive}
  other: {provider: openrouter, url: embedded}
"""
SLUGS = ("a", "b", "c", "d")
VERBS = {Action.ARCHIVE: "DELETE"}

NUMBERS = st.sampled_from([0, 0.25, 1, 1.0])
WORDS = st.sampled_from(["x", "no", "1e3", "- y", "é😀"])
EFFORT = st.fixed_dictionaries({"effort": st.sampled_from(["low", "high"])})
PROVIDER = st.fixed_dictionaries(
    {},
    optional={
        "sort": st.sampled_from(["price", "latency", None]),
        "order": st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True),
        "allow_fallbacks": st.booleans(),
        "zdr": st.booleans(),
    },
)
TOOL = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(["f", "g"])},
            optional={"parameters": st.just({"type": "object", "default": None}), "description": WORDS},
        ),
    }
)
COMMON = {"temperature": NUMBERS, "top_p": NUMBERS, "provider": PROVIDER}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "openrouter/chat-completions": {
        **COMMON,
        "temperature": NUMBERS | st.none(),
        "max_tokens": st.integers(1, 3),
        "seed": st.integers(0, 2) | st.none(),
        "stop": st.lists(WORDS, min_size=1, max_size=3) | WORDS,
        "reasoning": EFFORT,
        "tools": st.lists(TOOL, min_size=1, max_size=2),
    },
    "openrouter/messages": {**COMMON, "max_tokens": st.integers(1, 3), "top_k": st.integers(1, 3)},
    "openrouter/responses": {**COMMON, "max_output_tokens": st.integers(1, 3), "reasoning": EFFORT},
}
MODELS = {"model": st.sampled_from(["m/1", "m/2"])}
PROMPTS = st.sampled_from(["Be brief.", "Be kind.\n\n  Always.\n", "::error::x", " lead"])


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """What one preset file says."""
    kind = draw(st.sampled_from(sorted(FIELDS)))
    config = draw(st.fixed_dictionaries(MODELS, optional=dict(FIELDS[kind])))
    value: dict[str, Any] = {"kind": kind, "config": config}
    if draw(st.booleans()):
        value["system_prompt"] = draw(PROMPTS)
    if draw(st.integers(0, 3)) == 0:
        value["overrides"] = {"live": {"config": {"model": "m/3", "top_p": None}}}
    return value


HELD = st.tuples(
    st.fixed_dictionaries(
        MODELS,
        optional={
            **FIELDS["openrouter/responses"],
            **FIELDS["openrouter/chat-completions"],
            "cache_enabled": st.booleans(),
            "of_next_year": st.none() | NUMBERS,
            "stop": st.just([]) | st.lists(WORDS, max_size=2),
        },
    ),
    st.none() | PROMPTS,
)


@dataclass(frozen=True)
class World:
    """What the files said, what they say, and what somebody saved in the dashboard, by slug."""

    base: Mapping[str, dict[str, Any]]
    desired: Mapping[str, dict[str, Any]]
    held: Mapping[str, tuple[dict[str, Any], str | None]]
    switches: Switches


def some(of: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(SLUGS), of, max_size=len(SLUGS))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Base, desired and actual, alike more often than chance would have it."""
    base = draw(some(files()))
    edited = draw(st.sets(st.sampled_from(SLUGS)))
    other = draw(some(files()))
    desired = {slug: side[slug] for slug in SLUGS if slug in (side := other if slug in edited else base)}
    switches = Switches(
        server_defaults=draw(st.booleans()),
        identical_post=draw(st.sampled_from(["version", "unchanged"])),
        nulls=draw(st.sampled_from(["keep", "drop"])),
        json_form=draw(st.sampled_from(["verbatim", "normalized"])),
    )
    return World(base, desired, draw(some(HELD)), switches)


def repository(presets: Mapping[str, dict[str, Any]]) -> Repository:
    texts = {f"presets/{slug}.yaml": dump(value) for slug, value in presets.items()}
    made = load(MemoryTree({"presetctl.yaml": PROJECT, **texts}), SCHEMAS)
    assert made.problems == (), (texts, made.problems)
    return made


def connected(app: Emulator, made: Repository) -> Connection:
    return connect("live", made.settings("live"), made.kinds.kind, {}, lambda: httpx.WSGITransport(app))


def written(app: Emulator) -> list[str]:
    return sorted(f"{method} {path.split('/')[4]}" for method, path in app.requests if method != "GET")


def live(app: Emulator, slug: str) -> object:
    return app._emulated.store.preset(app.workspaces["default"], slug)


def check(world: World) -> None:
    with create_app(switches=world.switches) as app:
        for slug, (config, prompt) in world.held.items():
            app.dashboard_save("default", slug, config, prompt)
        made = repository(world.desired)
        with closing(connected(app, made)) as connection:
            check_with(world, app, made, connection)


def check_with(world: World, app: Emulator, made: Repository, connection: Connection) -> None:
    before, now = repository(world.base).rendered.workspaces["live"], made.rendered.workspaces["live"]
    base, lasts = BaseState("b" * 40, "named base", before), {s: LastDeclared("b" * 40, it) for s, it in before.items()}
    past = Past(orphans=sorted(before), lasts=lasts, arrived=None)
    theirs = {slug: live(app, slug) for slug in world.held if slug not in before and slug not in now}

    def planned() -> Planned:
        return reconcile.plan(made, "live", connection.reader, Head(), Selection(), base, ask_past=lambda: past)

    first = planned()
    for change in first.plan.changes:
        for said in {change.action, *(field.cause for field in change.fields)}:
            event(str(said))
    app.requests.clear()
    everything = Consent(frozenset(SLUGS), updates=len(SLUGS), archives=len(SLUGS))
    outcomes = list(reconcile.apply(made, first, connection.reader, connection.writer, everything))
    assert {outcome.result for outcome in outcomes} <= {Result.APPLIED}, outcomes
    assert written(app) == sorted(f"{VERBS.get(it.action, 'POST')} {it.slug}" for it in first.plan.pending)
    assert reconcile.find_drift(made, "live", connection.reader, BaseState("c" * 40, "HEAD", now)) == []
    second = planned().plan
    assert (second.pending, second.orphaned, second.unmanaged) == ((), (), tuple(sorted(theirs)))
    assert {slug: live(app, slug) for slug in theirs} == theirs


@given(worlds())
@settings(max_examples=60)
def test_apply_followed_by_drift_is_empty(world: World) -> None:
    check(world)


@pytest.mark.torture
@given(worlds())
@settings(max_examples=1500)
def test_apply_followed_by_drift_is_empty_many_times(world: World) -> None:
    check(world)
