"""Random base, desired and actual: each field's cause is right by definition, and nothing drifts after an apply.

The definition is written here once more, from scratch: a content is a table of leaves, and two tables mean the same
where every leaf does. It shares no code with what it checks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from presetctl.apply import Applier
from presetctl.domain.change import Action, Cause, FieldChange, Head, Plan, Target
from presetctl.domain.outcome import Result
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import ActualPreset, ActualState, BaseState, Status, Version
from presetctl.domain.values import Json, Path
from presetctl.drift import Comparer
from presetctl.plan import make_plan
from tests.unit.memory import KIND, Memory

DEFAULTS: dict[Path, Json] = {("provider", "fallbacks"): True, ("tier",): "auto"}
OPAQUE: Path = ("tools",)
DASHBOARD = "cache_enabled"
RULES = replace(KIND, defaults=DEFAULTS, opaque=frozenset({OPAQUE}), dashboard_only=frozenset({DASHBOARD}))
TARGET = Target("w", "memory", "memory:", None)

Leaves = dict[Path, Any]
"""A content's values that are no mappings, by path from the content's root."""


def leaves(content: Content | None) -> Leaves:
    if content is None:
        return {}
    found: Leaves = {("system_prompt",): content.system_prompt}

    def walk(value: Any, path: Path) -> None:
        if isinstance(value, dict) and path[1:] != OPAQUE:
            for key, item in value.items():
                walk(item, (*path, key))
        else:
            found[path] = value

    for key, value in content.config.items():
        walk(value, ("config", key))
    return found


def exactly(value: Any) -> Any:
    """Something that is equal for equal JSON: 1 is 1.0 and is not true."""
    match value:
        case bool() | str() | None:
            return type(value).__name__, value
        case dict():
            return "object", {key: exactly(item) for key, item in value.items()}
        case list():
            return "array", [exactly(item) for item in value]
    return "number", value


def says_nothing(leaf: Any, path: Path) -> bool:
    return leaf is None or (path[1:] != OPAQUE and leaf in ([], "") and (leaf == [] or path == ("system_prompt",)))


def leaf_same(held: Leaves, declared: Leaves, path: Path) -> bool:
    """Whether a leaf of what is held, a stored content say, is as good as the one of what is declared."""
    old, new = held.get(path), declared.get(path)
    if says_nothing(old, path) and says_nothing(new, path):
        return True
    if says_nothing(new, path) and path in held and path[1:] in DEFAULTS:
        return bool(exactly(old) == exactly(DEFAULTS[path[1:]]))
    return bool(exactly(old) == exactly(new)) and (path in held) == (path in declared)


def inside(value: Any, steps: Path) -> Any:
    """What a list or an opaque value holds at a place."""
    for step in steps:
        known = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if step not in known:
            return ["nothing"]
        value = value[step]
    return exactly(value)


def same_at(held: Leaves, declared: Leaves, path: Path) -> bool:
    """Whether two contents mean the same at a place: at a leaf, at all leaves below it, or at a place in a leaf."""
    for length in range(2, len(path)):
        if any(path[:length] in side and side[path[:length]] not in (None, {}) for side in (held, declared)):
            old, new = (inside(side.get(path[:length], {}), path[length:]) for side in (held, declared))
            return bool(old == new)
    below = {it for it in held.keys() | declared.keys() if it[: len(path)] == path}
    return all(leaf_same(held, declared, it) for it in below)


def defined_cause(path: Path, base: Leaves, actual: Leaves, desired: Leaves) -> Cause:
    files_changed, others_changed = not same_at(base, desired, path), not same_at(actual, base, path)
    if files_changed and others_changed:
        return Cause.BOTH
    return Cause.DECLARED if files_changed else Cause.DRIFT


NUMBERS = st.sampled_from([0, 0.5, 1, 1.0, 2])
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["m", "n"]),
        "temperature": NUMBERS | st.none() | st.booleans(),
        "tier": st.sampled_from(["auto", "flex", None]),
        "stop": st.lists(st.sampled_from("ab"), max_size=2) | st.none(),
        "provider": st.fixed_dictionaries(
            {},
            optional={
                "fallbacks": st.booleans() | st.none(),
                "order": st.lists(st.sampled_from("ab"), max_size=2),
                "price": st.dictionaries(st.sampled_from("io"), NUMBERS | st.none(), max_size=2),
            },
        ),
        "plugins": st.lists(
            st.fixed_dictionaries({"id": st.sampled_from("pq")}, optional={"max": NUMBERS}), min_size=1, max_size=2
        ),
        "tools": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from("fg")}, optional={"default": st.none() | NUMBERS}),
            max_size=2,
        ),
    },
)
PROMPTS = st.sampled_from([None, "", "Be brief.", "Be kind."])
CONTENTS = st.builds(Content, PROMPTS, CONFIGS)


@st.composite
def three(draw: st.DrawFn) -> tuple[Content | None, Content | None, Content]:
    """Base, actual and desired, alike more often than chance would have it."""
    start = draw(CONTENTS)

    def edited() -> Content:
        other = draw(CONTENTS)
        keys = draw(st.sets(st.sampled_from(["model", "temperature", "tier", "stop", "provider", "plugins", "tools"])))
        config = {key: (other if key in keys else start).config.get(key, ...) for key in {*other.config, *start.config}}
        prompt = draw(st.sampled_from([start.system_prompt, other.system_prompt]))
        return Content(prompt, {key: value for key, value in config.items() if value is not ...})

    maybe = st.sampled_from([True, True, True, False])
    base, actual = edited() if draw(maybe) else None, edited() if draw(maybe) else None
    if actual is not None and draw(st.booleans()):
        actual = replace(actual, config={**actual.config, DASHBOARD: draw(st.booleans())})
    return base, actual, edited()


@dataclass(frozen=True)
class World:
    """What the files said, what they say, and a workspace."""

    base: BaseState
    desired: dict[str, Preset]
    memory: Memory

    def actual(self) -> ActualState:
        """The workspace as a command reads it: without the contents of what is archived."""
        listed = {row.slug: row for row in self.memory.list_presets().rows}
        slugs = [slug for slug in self.desired if slug in listed and listed[slug].status is not Status.ARCHIVED]
        found = [preset for preset in self.memory.read_presets(slugs) if preset is not None]
        return ActualState(listed, {preset.slug: preset for preset in found})

    def plan(self) -> Plan:
        return make_plan(
            TARGET, Head(), self.desired, self.actual(), declared=self.desired, kinds={"k": RULES}, base=self.base
        )


def declared(slug: str, content: Content) -> Preset:
    return Preset(slug, "k", content, Location(f"presets/{slug}.yaml"))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    base, desired, memory = {}, {}, Memory()
    for slug in "abc"[: draw(st.integers(1, 3))]:
        before, held, wanted = draw(three())
        desired[slug] = declared(slug, wanted)
        if before is not None:
            base[slug] = declared(slug, before)
        if held is not None:
            status = draw(st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.DISABLED, Status.ARCHIVED]))
            version = Version(f"{slug}-4", 4, held)
            place = memory.hidden if status is Status.ARCHIVED else memory.presets
            place[slug] = ActualPreset(slug, f"id-{slug}", status, version)
    memory.put("theirs", Content("untouched", {}))
    return World(BaseState("c0ffee", "named base", base), desired, memory)


@given(worlds())
@settings(max_examples=400)
def test_every_cause_is_right_by_definition(world: World) -> None:
    actual = world.actual()
    for change in world.plan().changes:
        base = leaves(world.base.presets[change.slug].content if change.slug in world.base.presets else None)
        held = actual.presets.get(change.slug)
        live = leaves(held.version.content if held is not None and held.version is not None else None)
        wanted = leaves(world.desired[change.slug].content)
        live.pop(("config", DASHBOARD), None)
        for field in change.fields:
            event(str(field.cause))
            assert not same_at(live, wanted, field.path), field
            assert field.cause is defined_cause(field.path, base, live, wanted), field
        for field in change.already_live:
            event("already live")
            assert same_at(live, wanted, field.path), field
            assert not same_at(base, wanted, field.path), field
        if change.action is not Action.RESTORE:
            missing = [path for path in live.keys() | wanted.keys() if not leaf_same(live, wanted, path)]
            assert all(covered(path, change.fields) for path in missing), missing
            assert bool(missing) == bool(change.fields) or change.action is Action.CREATE


def covered(path: Path, fields: tuple[FieldChange, ...]) -> bool:
    return any(field.path[: len(path)] == path or path[: len(field.path)] == field.path for field in fields)


@given(worlds())
@settings(max_examples=200)
def test_nothing_drifts_after_an_apply(world: World) -> None:
    theirs = world.memory.presets["theirs"]
    outcomes = list(Applier(world.memory, world.memory, {"k": RULES}).apply(world.plan(), world.desired))
    assert {outcome.result for outcome in outcomes} <= {Result.APPLIED}
    comparer, now = Comparer({"k": RULES}), BaseState("c0ffee", "named base", world.desired)
    assert list(comparer.drifts(now, world.actual())) == []
    assert world.plan().pending == ()
    assert world.memory.presets["theirs"] == theirs
    writes = [line for line in world.memory.log if line.startswith("write")]
    assert len(writes) == len(set(writes)), "one version per change"
