"""A comparison is a function of two states: these tables are its definition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.comparison import Compared, Comparison, Held, Likeness, Origin, Place, compare
from presetctl.domain.change import ABSENT
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content
from presetctl.domain.values import Json
from tests.unit.memory import KIND

CHAT = replace(KIND, name="chat", defaults={("top_p",): 1, ("seed",): 0})
OTHER = replace(KIND, name="other", defaults={("top_p",): 0.5, ("tier",): "auto"}, opaque=frozenset({("tools",)}))


def held(kind: Kind | None, not_kept: tuple[str, ...] = (), **config: Any) -> Held:
    return Held(Content(None, config), kind, None if kind else 3, not_kept)


def one(before: Held | None, after: Held | None) -> Compared:
    sides = [{} if side is None else {"a": side} for side in (before, after)]
    (found,) = compare(sides[0], sides[1], [("a", "a")], lambda _: CHAT)
    return found


def fields(before: Held, after: Held) -> dict[str, tuple[object, object]]:
    found = one(before, after)
    assert (found.likeness is Likeness.DIFFERENT) is bool(found.fields)
    return {field.name: (field.before, field.after) for field in found.fields}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (held(CHAT, m=1), held(CHAT, m=1.0), {}),
        (held(CHAT, m=1), held(CHAT, m=2), {"config.m": (1, 2)}),
        (held(CHAT), held(CHAT, top_p=1), {}),
        (held(CHAT, top_p=1, x=None), held(CHAT, y=[]), {}),
        (held(CHAT, seed=0), held(CHAT, seed=1), {"config.seed": (0, 1)}),
        (held(CHAT, seed=1), held(OTHER), {"config.seed": (1, ABSENT)}),
        (held(CHAT, seed=0), held(OTHER, tier="auto"), {}),
        (held(CHAT, top_p=1), held(OTHER), {"config.top_p": (1, ABSENT)}),
        (held(CHAT), held(OTHER, tools=[{"x": None}]), {"config.tools": (ABSENT, [{"x": None}])}),
        # As a plan says: what is declared and not stored is a change, be it a default.
        (held(None), held(CHAT, top_p=1), {"config.top_p": (ABSENT, 1)}),
        (held(CHAT, top_p=1), held(None), {"config.top_p": (1, ABSENT)}),
        (held(None, top_p=1), held(CHAT), {}),
        (held(CHAT), held(None, top_p=1, cache_enabled=True), {}),
        (held(None, ("seed",)), held(CHAT, seed=5), {}),
        (held(CHAT, seed=5), held(None, ("seed",), seed=6), {}),
        (held(CHAT, ("seed",), seed=5), held(CHAT, seed=6), {"config.seed": (5, 6)}),
        (held(None, top_p=1), held(None), {}),
        (held(None), held(None, top_p=1, seed=None), {}),
        (held(None, ("seed",), seed=5), held(None, seed=6), {"config.seed": (5, 6)}),
        (held(None, cache_enabled=True), held(None), {"config.cache_enabled": (True, ABSENT)}),
    ],
)
def test_what_is_a_difference(before: Held, after: Held, expected: dict[str, Any]) -> None:
    assert fields(before, after) == expected
    assert fields(after, before) == {name: (new, old) for name, (old, new) in expected.items()}


def test_a_request_field_is_compared_under_the_name_that_it_is_stored_by() -> None:
    renamed = replace(KIND, config={"stop_sequences": replace(KIND.config["seed"], name="stop")})
    assert fields(held(renamed, stop_sequences=["x"]), held(CHAT, stop=["x"])) == {}
    assert fields(held(None, stop=["x"]), held(renamed, stop_sequences=["x"])) == {}


def test_presets_that_one_side_lacks() -> None:
    here = held(CHAT, m=1)
    assert (one(here, None).likeness, one(None, here).likeness) == (Likeness.ONLY_FROM, Likeness.ONLY_TO)
    assert one(here, None).fields == ()


def test_presets_come_by_slug_and_may_have_two() -> None:
    sides = {"a": held(CHAT, m=1), "b": held(CHAT, m=2)}
    found = compare(sides, sides, [("b", "b"), ("a", "b")], lambda _: CHAT)
    assert [(it.slug, it.other_slug, it.likeness) for it in found] == [
        ("a", "b", Likeness.DIFFERENT),
        ("b", "b", Likeness.SAME),
    ]
    place = Place(Origin.FILES, "w")
    comparison = Comparison(place, place, found)
    assert comparison.differs
    assert comparison.summary == {
        Likeness.SAME: 1, Likeness.DIFFERENT: 1, Likeness.ONLY_FROM: 0, Likeness.ONLY_TO: 0,
    }  # fmt: skip
    assert not Comparison(place, place, found[1:]).differs


PLAIN: st.SearchStrategy[Json] = st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 0.5, "auto"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2)
)
SIDES = st.builds(
    lambda kind, config: held(kind, **config),
    st.sampled_from([CHAT, OTHER, None]),
    st.dictionaries(st.sampled_from(["top_p", "seed", "tier", "tools", "cache_enabled"]), VALUES, max_size=4),
)


@given(SIDES, SIDES)
def test_the_other_way_round_the_same_differs(before: Held, after: Held) -> None:
    there, back = fields(before, after), fields(after, before)
    assert {name: (new, old) for name, (old, new) in back.items()} == there
    assert fields(before, before) == {}
