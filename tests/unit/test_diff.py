"""Field changes: what counts as a difference, and how it is named."""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from typing import Any

import pytest
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from presetctl.diff import (
    _config_changes,
    _whole_list,
    cause_of,
    field_changes,
    holds_nothing,
    is_literal,
    wiped,
    without_inert,
)
from presetctl.domain.change import ABSENT, Cause, FieldChange
from presetctl.domain.kind import Kind
from presetctl.domain.preset import Content
from presetctl.domain.values import Path, canonical

KIND = Kind(
    name="k",
    operation="POST /presets/{slug}/k",
    system_prompt="messages",
    config={},
    defaults={("provider", "allow_fallbacks"): True, ("provider", "tries"): 1},
    opaque=frozenset({("response_format", "schema")}),
    dashboard_only=frozenset({"cache_enabled"}),
)


def changes(before: dict[str, Any] | None, after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    old = None if before is None else Content(None, before)
    return [(c.name, c.before, c.after) for c in field_changes(old, Content(None, after), KIND)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1}, {"a": 1.0}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}),
        ({"a": 1, "seed": None}, {"a": 1}),
        ({"a": 1, "stop": []}, {"a": 1}),
        ({"a": 1}, {"a": 1, "stop": []}),
        ({"a": 1}, {"a": 1, "seed": None}),
        ({"a": 1, "seed": None}, {"a": 1, "seed": []}),
        ({"provider": {"sort": None, "order": [], "allow_fallbacks": True}}, {}),
        ({"provider": {"sort": None, "order": [], "allow_fallbacks": True}}, {"provider": None}),
        ({"provider": {"allow_fallbacks": True}}, {"provider": {"allow_fallbacks": None}}),
        ({"provider": {"only": ["x"], "allow_fallbacks": True}}, {"provider": {"only": ["x"]}}),
        ({"cache_enabled": True}, {}),
    ],
)
def test_what_means_nothing_is_no_difference(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert changes(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": True}, [("config.a", 1, True)]),
        ({"a": 1}, {"a": "1"}, [("config.a", 1, "1")]),
        ({"a": 1}, {}, [("config.a", 1, ABSENT)]),
        ({}, {"a": 1}, [("config.a", ABSENT, 1)]),
        (None, {"a": {"b": 1}}, [("config.a", ABSENT, {"b": 1})]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("config.a.b", 1, 2)]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, [("config.a", ["x", "y"], ["y", "x"])]),
        ({"a": ["x"]}, {"a": ["x", "y"]}, [("config.a", ["x"], ["x", "y"])]),
        ({"a": []}, {"a": ["y"]}, [("config.a", [], ["y"])]),
        ({"a": None}, {"a": 2}, [("config.a", None, 2)]),
        ({"a": 2}, {"a": None}, [("config.a", 2, None)]),
        ({"a": {"b": 1}}, {"a": 5}, [("config.a", {"b": 1}, 5)]),
        ({"t": [{"n": 1}]}, {"t": [{"n": 2}]}, [("config.t[0].n", 1, 2)]),
        ({"t": [{"n": 1}]}, {"t": [{"n": 1}, {"n": 2}]}, [("config.t[1]", ABSENT, {"n": 2})]),
        ({"t": [{"n": ["a"]}]}, {"t": [{"n": ["b"]}]}, [("config.t[0].n", ["a"], ["b"])]),
        ({"provider": {"allow_fallbacks": False}}, {}, [("config.provider", {"allow_fallbacks": False}, ABSENT)]),
        ({"provider": {"tries": True}}, {}, [("config.provider", {"tries": True}, ABSENT)]),
        ({"a b": 1}, {}, [('config["a b"]', 1, ABSENT)]),
        (
            {"response_format": {"schema": {"default": None}}},
            {"response_format": {"schema": {}}},
            [("config.response_format.schema.default", None, ABSENT)],
        ),
        (
            {"response_format": {"schema": {"required": []}}},
            {"response_format": {}},
            [("config.response_format.schema", {"required": []}, ABSENT)],
        ),
    ],
)
def test_differences_are_named(
    before: dict[str, Any] | None, after: dict[str, Any], expected: list[tuple[str, Any, Any]]
) -> None:
    assert changes(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a", "b", [("a", "b")]),
        (None, "b", [(ABSENT, "b")]),
        ("a", None, [("a", ABSENT)]),
        ("", None, []),
        (None, "", []),
        ("a", "a ", [("a", "a ")]),
    ],
)
def test_system_prompt(before: str | None, after: str | None, expected: list[tuple[Any, Any]]) -> None:
    found = field_changes(Content(before, {}), Content(after, {}), KIND)
    assert [(c.before, c.after) for c in found] == expected
    assert all(c.name == "system_prompt" for c in found)


def test_fields_come_in_order_of_path() -> None:
    names = [
        name for name, _, _ in changes({"t": [{"a": n} for n in range(12)]}, {"t": [{"a": -n - 1} for n in range(12)]})
    ]
    assert names == [f"config.t[{n}].a" for n in range(12)]


def test_a_write_wipes_what_only_the_dashboard_sets() -> None:
    assert wiped(Content(None, {"cache_enabled": True, "a": 1}), KIND) == ("cache_enabled",)
    assert wiped(None, KIND) == ()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.[] \"'é", max_size=3), inner, max_size=3),
    max_leaves=12,
)


def test_items_that_are_mappings_are_compared_by_their_place() -> None:
    """Nobody can tell a moved item from an edited one, and places are what the files show."""
    assert changes({"t": [{"a": 1}, {"b": 2}]}, {"t": [{"b": 2}]}) == [
        ("config.t[0].a", 1, ABSENT),
        ("config.t[0].b", ABSENT, 2),
        ("config.t[1]", {"b": 2}, ABSENT),
    ]


@pytest.mark.parametrize("extra", [{"allow_fallbacks": True}, {"tries": 1}])
def test_between_equals_a_default_that_only_one_side_has_is_no_difference_wherever_it_stands(extra: Any) -> None:
    plain = Content(None, {"provider": {"only": ["a"]}})
    full = Content(None, {"provider": {"only": ["a"], **extra}})
    assert field_changes(plain, full, KIND, mutual=True) == field_changes(full, plain, KIND, mutual=True) == ()
    assert field_changes(plain, full, KIND) != (), "a workspace that lacks what files declare is told"


def test_what_is_empty_inside_an_opaque_value_is_something() -> None:
    assert changes(None, {"response_format": {"schema": {}}}) == [("config.response_format", ABSENT, {"schema": {}})]
    assert changes(None, {"response_format": {"schema": None}}) == []


CONFIGS = st.dictionaries(st.text("abcd\"'[].", min_size=1, max_size=3), VALUES, max_size=4)


@given(CONFIGS, CONFIGS)
def test_applying_the_fields_to_before_leaves_nothing_to_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Each field says enough to carry it out, and carrying them all out settles the difference."""
    result: Any = {"config": copy.deepcopy(before)}
    found = field_changes(Content(None, before), Content(None, after), KIND)
    removals = [change for change in found if change.after is ABSENT]
    for change in [*(change for change in found if change.after is not ABSENT), *reversed(removals)]:
        *way, last = change.path
        place = result
        for step in way:
            place = place[step]
        if change.after is ABSENT:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(change.after)
        else:
            place[last] = change.after
    assert field_changes(Content(None, result["config"]), Content(None, after), KIND) == ()


@given(CONFIGS, CONFIGS, CONFIGS)
def test_each_cause_is_right_by_definition(
    base: dict[str, Any], actual: dict[str, Any], desired: dict[str, Any]
) -> None:
    """Declared where base ≠ desired, drift where actual ≠ base, at the place of the field; one of them always holds."""
    contents = [Content(None, config) for config in (base, actual, desired)]
    declared = field_changes(contents[0], contents[2], KIND)
    drifted = field_changes(contents[1], contents[0], KIND)
    for change in field_changes(contents[1], contents[2], KIND):
        cause = cause_of(change.path, contents[0], contents[1], contents[2], KIND)
        assert touched(change.path, declared) or cause is Cause.DRIFT
        assert touched(change.path, drifted) or cause is Cause.DECLARED


def touched(path: Path, fields: tuple[FieldChange, ...]) -> bool:
    return any(field.path[: len(path)] == path[: len(field.path)] for field in fields)


@pytest.mark.parametrize(
    ("base", "actual", "desired", "cause"),
    [
        ({"a": 1}, {"a": 1}, {"a": 2}, Cause.DECLARED),
        ({"a": 1}, {"a": 2}, {"a": 1.0}, Cause.DRIFT),
        ({"a": 1}, {"a": 2}, {"a": 3}, Cause.BOTH),
        (None, {"a": 2}, {"a": 3}, Cause.BOTH),
        (None, None, {"a": 3}, Cause.DECLARED),
        ({"a": 3}, None, {"a": 3}, Cause.DRIFT),
        ({"a": 1}, {"a": 1}, {}, Cause.DECLARED),
        ({}, {"a": 1}, {}, Cause.DRIFT),
        ({"a": None}, {"a": 1}, {}, Cause.DRIFT),
    ],
)
def test_causes(base: Any, actual: Any, desired: Any, cause: Cause) -> None:
    contents = [None if config is None else Content("p", config) for config in (base, actual, desired)]
    assert contents[2] is not None
    assert cause_of(("config", "a"), contents[0], contents[1], contents[2], KIND) is cause


@pytest.mark.parametrize(
    ("base", "actual", "desired", "cause"),
    [
        ("a", "a", "b", Cause.DECLARED),
        ("a", "b", "a", Cause.DRIFT),
        ("", "b", None, Cause.DRIFT),
        ("a", "b", "c", Cause.BOTH),
    ],
)
def test_causes_of_prompts(base: str, actual: str, desired: str | None, cause: Cause) -> None:
    contents = [Content(prompt, {}) for prompt in (base, actual, desired)]
    assert cause_of(("system_prompt",), contents[0], contents[1], contents[2], KIND) is cause


def test_the_cause_of_a_nested_field_that_a_server_added_a_default_to() -> None:
    path = ("config", "provider", "allow_fallbacks")
    configs: list[dict[str, Any]] = [{"provider": {"allow_fallbacks": value}} for value in (True, False)]
    base, actual, desired = Content(None, {}), Content(None, configs[0]), Content(None, configs[1])
    assert cause_of(path, base, actual, desired, KIND) is Cause.DECLARED


@pytest.mark.parametrize(
    ("path", "literal"),
    [
        (("x",), True),
        (("x", "y"), True),
        (("response_format",), False),
        (("response_format", "schema", "z"), True),
        (("a", "b"), False),
        (("a", 0), True),
    ],
)
def test_what_stands_in_lists_and_opaque_values_is_literal(path: Path, literal: bool) -> None:
    assert is_literal(path, replace(KIND, opaque=KIND.opaque | {("x",)})) is literal


@pytest.mark.parametrize(
    ("value", "path", "nothing"),
    [
        (ABSENT, ("system_prompt",), True),
        ("", ("system_prompt",), False),
        (True, ("config", "provider", "allow_fallbacks"), True),
        (True, ("config", "provider", "zdr"), False),
        (None, ("config", "response_format", "schema"), True),
        ({}, ("config", "response_format", "schema"), False),
    ],
)
def test_what_says_nothing(value: Any, path: Path, nothing: bool) -> None:
    assert holds_nothing(value, KIND, path) is nothing


@given(CONFIGS)
def test_nothing_differs_from_itself(config: dict[str, Any]) -> None:
    assert field_changes(Content("p", config), Content("p", copy.deepcopy(config)), KIND) == ()


@pytest.mark.parametrize("value", [None, [], {}, {"a": None}])
def test_nothing_and_as_good_as_nothing_have_one_cause(value: Any) -> None:
    actual, desired = Content(None, {"a": {"b": 1}}), Content(None, {})
    assert cause_of(("config", "a"), Content(None, {"a": value}), actual, desired, KIND) is Cause.DRIFT


def test_causes_inside_lists_and_opaque_values_are_exact() -> None:
    path = ("config", "response_format", "schema", "default")
    base, actual = ({"response_format": {"schema": inner}} for inner in ({"default": None}, {"default": 1}))
    desired: dict[str, Any] = {"response_format": {"schema": {}}}
    contents = [Content(None, config) for config in (base, actual, desired)]
    assert cause_of(path, contents[0], contents[1], contents[2], KIND) is Cause.BOTH
    lists: list[list[Any]] = [[], [None], [[]]]
    contents = [Content(None, {"t": items}) for items in lists]
    assert cause_of(("config", "t", 0), contents[0], contents[1], contents[2], KIND) is Cause.BOTH


def test_what_to_declare_of_a_stored_config() -> None:
    stored: dict[str, Any] = {
        "model": "m",
        "seed": None,
        "stop": [],
        "cache_enabled": True,
        "provider": {"allow_fallbacks": True, "sort": None, "only": ["a"]},
        "response_format": {"schema": {"default": None}},
    }
    assert without_inert(stored, KIND) == {
        "model": "m",
        "provider": {"only": ["a"]},
        "response_format": {"schema": {"default": None}},
    }


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ((), False),
        (("provider",), False),
        (("tools", 0), True),
        (("tools", 0, "function", "parameters"), True),
        (("response_format",), False),
        (("response_format", "schema"), True),
        (("response_format", "schema", "properties"), True),
    ],
)
def test_what_lists_and_opaque_values_hold_is_declared_as_it_is(path: Path, same: bool) -> None:
    stored: dict[str, Any] = {"default": None, "enum": [], "x": {"y": None}, "z": 1}
    assert without_inert(stored, KIND, path) == (stored if same else {"z": 1})


SMALL: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([0.5, 1.0, "", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
CONFIGS = st.dictionaries(st.sampled_from("abcd"), SMALL, max_size=4)


@given(CONFIGS, CONFIGS)
def test_what_differs_is_what_deepdiff_finds(old: dict[str, Any], new: dict[str, Any]) -> None:
    tree = DeepDiff(canonical(old), canonical(new), view="tree", threshold_to_diff_deeper=0, zip_ordered_iterables=True)
    paths = {tuple(level.path(output_format="list")) for levels in tree.values() for level in levels}
    found = [change.path[1:] for change in _config_changes(old, new)]
    assert set(found) == {_whole_list(path, old, new) for path in paths}
    assert len(found) == len(set(found))


def test_a_list_of_lists_changes_item_by_item() -> None:
    assert changes({"a": [[1], [2, 3]]}, {"a": [[1], [2]]}) == [("config.a[1]", [2, 3], [2])]
    assert changes({"a": [[1], 2]}, {"a": [[1], 3]}) == [("config.a[1]", 2, 3)]


def test_a_list_counts_as_a_whole_only_where_both_sides_hold_plain_values() -> None:
    plain, deep = [1, 2], [{"x": 1}, 2]
    assert changes({"a": plain}, {"a": deep}) == [("config.a[0]", 1, {"x": 1})]
    assert changes({"a": deep}, {"a": plain}) == [("config.a[0]", {"x": 1}, 1)]
    assert changes({"a": [plain]}, {"a": [deep]}) == [("config.a[0][0]", 1, {"x": 1})]
    assert changes({"a": [deep]}, {"a": [plain]}) == [("config.a[0][0]", {"x": 1}, 1)]


@pytest.mark.parametrize(
    ("one", "other"), [([1, 2], [1, 3]), ([1], "1"), ([{"x": 1}], 1), ([{"x": 1}], {"x": 1}), ("a", "b"), (1, None)]
)
def test_deepdiff_is_loaded_only_for_what_lists_hold(one: Any, other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepdiff", None)
    assert changes({"a": {"b": one}}, {"a": {"b": other}}) == [("config.a.b", one, other)]
    assert changes({"a": {"b": other}}, {"a": {"b": one}}) == [("config.a.b", other, one)]


def test_a_null_in_an_opaque_value_is_there_or_not() -> None:
    plain, null = ({"response_format": {"schema": it}} for it in ({"type": "x"}, {"type": "x", "default": None}))
    assert changes(plain, null) == [("config.response_format.schema.default", ABSENT, None)]
    assert changes(null, plain) == [("config.response_format.schema.default", None, ABSENT)]


def test_keys_with_underscores_are_keys() -> None:
    assert changes({"a": {"__b": 1}}, {"a": {"__b": 2}}) == [("config.a.__b", 1, 2)]
    assert changes({"a": [{"__b": 1}]}, {"a": [{"__b": 2}]}) == [("config.a[0].__b", 1, 2)]


def test_what_is_left_alone_counts_only_where_it_is_declared() -> None:
    kind = replace(KIND, left_alone=frozenset({"order"}))
    said, silent, other = (Content(None, config) for config in ({"order": 1}, {}, {"order": 2}))
    assert field_changes(said, silent, kind) == ()
    assert [(it.before, it.after) for it in field_changes(silent, said, kind)] == [(ABSENT, 1)]
    assert [(it.before, it.after) for it in field_changes(other, said, kind)] == [(2, 1)]
    assert [it.name for it in field_changes(said, silent, kind, mutual=True)] == ["config.order"]


def test_a_null_that_makes_a_preset_unusable_means_something() -> None:
    kind = replace(KIND, not_null=frozenset({"top_p"}))
    poisoned = Content(None, {"top_p": None, "other": None})
    assert [(it.name, it.before, it.after) for it in field_changes(poisoned, Content(None, {}), kind)] == [
        ("config.top_p", None, ABSENT)
    ]
    assert without_inert({**poisoned.config, "temperature": 1}, kind) == {"temperature": 1}
    assert without_inert({"top_p": 0.5}, kind) == {"top_p": 0.5}
    assert field_changes(Content(None, {"top_p": []}), Content(None, {}), kind) == (), "only a null does that"
