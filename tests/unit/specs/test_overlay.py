from __future__ import annotations

from typing import Any

import pytest

from presetctl.domain.errors import InputError
from presetctl.specs.overlay import apply_overlay, read_overlay
from presetctl.specs.reading import dump_json
from tests.unit.specs.support import EDITIONS, copied, document, overlay


def applied(value: dict[str, Any], *actions: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    written = dump_json({"overlay": "1.0.0", "info": {}, "actions": list(actions)})
    return apply_overlay(value, read_overlay(written, "f"))


@pytest.mark.parametrize(
    ("target", "update", "result"),
    [
        ("$", {"c": 1}, {"a": {"b": [1, {"x": 2}]}, "c": 1}),
        ("$.a", {"b": [3]}, {"a": {"b": [1, {"x": 2}, 3]}}),
        ("$.a", {"b": 5}, {"a": {"b": 5}}),
        ("$.a.b", 3, {"a": {"b": [1, {"x": 2}, 3]}}),
        ("$.a.b", [3], {"a": {"b": [1, {"x": 2}, [3]]}}),
        ("$.a.b[0]", 7, {"a": {"b": [7, {"x": 2}]}}),
        ("$.a.b[1]", {"y": {"z": 1}}, {"a": {"b": [1, {"x": 2, "y": {"z": 1}}]}}),
        ("$['a'][\"b\"][1].x", None, {"a": {"b": [1, {"x": None}]}}),
        ("$.*.b[1]", {"x": 3}, {"a": {"b": [1, {"x": 3}]}}),
        ("$.a.b[*]", 0, {"a": {"b": [0, 0]}}),
    ],
)
def test_update(target: str, update: Any, result: dict[str, Any]) -> None:
    before: dict[str, Any] = {"a": {"b": [1, {"x": 2}]}}
    assert applied(before, {"target": target, "update": update}) == (result, [])
    assert before == {"a": {"b": [1, {"x": 2}]}}


@pytest.mark.parametrize(
    ("target", "result"),
    [
        ("$.a", {"l": [1, 2, 3]}),
        ("$.l[*]", {"a": {"b": 1}, "l": []}),
        ("$.l[1]", {"a": {"b": 1}, "l": [1, 3]}),
        ("$.a.*", {"a": {}, "l": [1, 2, 3]}),
    ],
)
def test_remove(target: str, result: dict[str, Any]) -> None:
    assert applied({"a": {"b": 1}, "l": [1, 2, 3]}, {"target": target, "remove": True}) == (result, [])


def test_what_matched_nothing_is_told() -> None:
    targets = ["$.a.b", "$.l[7]", "$.l.x", "$.a[0]", "$.a.*", "$.t.*"]
    result, unmatched = applied({"a": 1, "l": [1], "t": "x"}, *({"target": t, "update": 1} for t in targets))
    assert result == {"a": 1, "l": [1], "t": "x"}
    assert unmatched == targets


def test_an_action_can_build_on_the_one_before() -> None:
    result, _ = applied(
        {"a": {"old": 1}},
        {"target": "$.a", "remove": True, "description": "why"},
        {"target": "$", "update": {"a": {"new": 1}}, "remove": False},
    )
    assert result == {"a": {"new": 1}}


def test_an_update_is_not_shared_between_targets() -> None:
    result, _ = applied(
        {"a": [{}, {}]}, {"target": "$.a[*]", "update": {"n": {}}}, {"target": "$.a[0].n", "update": {"x": 1}}
    )
    assert result == {"a": [{"n": {"x": 1}}, {"n": {}}]}


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ("nothing", "f has no list `actions`"),
        ([5], "actions[0] has no target"),
        ([{"target": "$.a", "update": 1}, {"update": 1}], "actions[1] has no target"),
        ([{"target": "$.a"}], "must have either `update` or `remove: true`"),
        ([{"target": "$.a", "update": 1, "remove": True}], "must have either `update` or `remove: true`"),
        ([{"target": "$.a", "remove": "yes"}], "has keys that an overlay action doesn't have"),
        ([{"target": "$.a", "updat": 1}], "has keys that an overlay action doesn't have"),
        ([{"target": "$", "remove": True}], "would remove the whole document"),
        ([{"target": "a.b", "update": 1}], "the target a.b is not understood"),
        ([{"target": "", "update": 1}], "the target  is not understood"),
        ([{"target": "$..a", "update": 1}], "the target $..a is not understood"),
        ([{"target": "$.a[?(@.b)]", "update": 1}], "is not understood"),
        ([{"target": "$.a[-1]", "update": 1}], "is not understood"),
        ([{"target": "$.a[0:2]", "update": 1}], "is not understood"),
    ],
)
def test_what_is_refused(actions: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_overlay(dump_json({"overlay": "1.0.0", "actions": actions}), "f")
    assert message in caught.value.message


def test_another_kind_of_file() -> None:
    with pytest.raises(InputError, match="f is not an OpenAPI Overlay 1 document"):
        read_overlay(b"openapi: 3.1.0", "f")


def test_every_action_serves_an_edition_and_says_where_it_is_from() -> None:
    unmatched = [set(apply_overlay(copied(document(edition)), overlay())[1]) for edition in EDITIONS]
    assert set.intersection(*unmatched) == set()
