"""What is promoted and what is kept, and the override that it takes."""

from __future__ import annotations

from typing import Any

import pytest

from presetctl.domain.change import ABSENT
from presetctl.domain.kind import Evidence, Kept, Kind
from presetctl.domain.preset import Content
from presetctl.promotion import (
    Difference,
    Overrides,
    Promotion,
    Promotions,
    Verdict,
    differences,
    idle,
    names,
    patch,
    promoted_override,
)

FIELDS = ("model", "seed", "provider", "stop", "tools", "choice", "bias")
KIND = Kind(
    name="k",
    operation="",
    system_prompt="messages",
    config={name: Kept(name, Evidence.UNKNOWN) for name in FIELDS} | {"limit": Kept("kept_limit", Evidence.UNKNOWN)},
    defaults={("provider", "fallbacks"): True},
    opaque=frozenset({("bias",)}),
    dashboard_only=frozenset({"cache_enabled"}),
)


def content(prompt: str | None = None, **config: Any) -> Content:
    return Content(prompt, config)


def found(
    source: Content, target: Content, own: dict[str, Any], theirs: dict[str, Any] | None = None, *include: str
) -> dict[str, str]:
    overrides = Overrides(("s", theirs or {}), ("t", own))
    return {it.name: it.verdict.value for it in differences(source, target, KIND, overrides, include)}


@pytest.mark.parametrize(
    ("override", "path", "where"),
    [
        ({"config": {"seed": 1}}, ("config", "seed"), ("config", "seed")),
        ({"config": {"seed": None}}, ("config", "seed"), ("config", "seed")),
        ({"config": {"seed": 1}}, ("config", "model"), None),
        ({"config": {"provider": None}}, ("config", "provider", "sort"), ("config", "provider")),
        ({"config": {"provider": {"sort": "x"}}}, ("config", "provider"), ("config", "provider")),
        ({"config": {"provider": {"sort": "x"}}}, ("config", "provider", "zdr"), None),
        ({"config": {"provider": {}}}, ("config", "provider"), None),
        ({"config": None}, ("config", "seed"), None),
        ({"system_prompt": None}, ("system_prompt",), ("system_prompt",)),
        ({"system_prompt_file": "a.md"}, ("system_prompt",), ("system_prompt",)),
        ({"description": "d"}, ("system_prompt",), None),
    ],
)
def test_what_an_override_names(override: dict[str, Any], path: tuple[str, ...], where: object) -> None:
    assert names(override, path) == where


def test_what_the_target_names_is_kept_and_all_else_promoted() -> None:
    source = content("P", model="m", seed=1, provider={"sort": "a", "zdr": True})
    target = content("Q", model="n", seed=2, provider={"sort": "b"})
    own = {"system_prompt": "Q", "config": {"model": "n", "provider": {"sort": "b"}}}
    assert found(source, target, own) == {
        "config.model": "kept",
        "config.provider.sort": "kept",
        "config.provider.zdr": "promoted",
        "config.seed": "promoted",
        "system_prompt": "kept",
    }
    assert found(source, source, own) == {}


@pytest.mark.parametrize(
    ("include", "promoted"),
    [
        (("config.model",), {"config.model"}),
        (("config.provider",), {"config.provider.sort"}),
        (("system_prompt",), {"system_prompt"}),
        (("config",), set()),
        (("model", "config.provider.sor", ""), set()),
        (("config.model", "system_prompt"), {"config.model", "system_prompt"}),
    ],
)
def test_a_kept_field_is_promoted_by_its_name_alone(include: tuple[str, ...], promoted: set[str]) -> None:
    own = {"system_prompt": "Q", "config": {"model": "n", "provider": {"sort": "b"}}}
    verdicts = found(content("P", model="m"), content("Q", model="n", provider={"sort": "b"}), own, None, *include)
    assert {name for name, verdict in verdicts.items() if verdict == "promoted"} == promoted


def test_a_mapping_of_one_side_falls_into_its_fields() -> None:
    own = {"config": {"provider": {"zdr": True}}}
    only_target = content(provider={"zdr": True, "sort": "a", "order": [], "only": None})
    assert found(content(), only_target, own) == {"config.provider.sort": "promoted", "config.provider.zdr": "kept"}
    added = content(provider={"sort": "a", "max": {"price": 0}, "order": [], "fallbacks": True})
    assert found(added, content(), {}) == {"config.provider.max.price": "promoted", "config.provider.sort": "promoted"}


def test_lists_opaque_values_and_what_an_override_replaces_are_one_field() -> None:
    tools = [{"name": "a", "strict": True}, {"name": "b"}]
    assert found(content(tools=tools), content(tools=[{"name": "x"}, {"name": "y"}]), {}) == {
        "config.tools": "promoted"
    }
    assert found(content(bias={"1": 2}), content(), {}) == {"config.bias": "promoted"}
    assert found(content(), content(bias={"1": 2}), {"config": {"bias": {"1": 2}}}) == {"config.bias": "kept"}
    removed = {"config": {"provider": None}}
    assert found(content(provider={"sort": "a", "zdr": True}), content(), removed) == {"config.provider": "kept"}
    assert found(content(choice={"type": "x"}), content(choice="auto"), {}) == {"config.choice": "promoted"}


def test_a_mapping_in_a_list_is_a_difference_also_where_all_in_it_is_null() -> None:
    for here, there in (({"x": {"y": None}}, {}), ({}, {"x": {"y": []}})):
        source, target = content(tools=[{"f": here}]), content(tools=[{"f": there}])
        assert found(source, target, {}) == {"config.tools": "promoted"}
        assert override({}, source, target, {"tools": [{"f": there}]}) == {"config": {"tools": [{"f": here}]}}


def test_names_are_those_of_the_files_and_what_only_the_dashboard_sets_is_left_alone() -> None:
    source = content(kept_limit=5, cache_enabled=True)
    own, theirs = {"config": {"limit": 7}}, {"config": {"limit": 5}}
    (only,) = differences(source, content(kept_limit=7), KIND, Overrides(("s", theirs), ("t", own)))
    assert (only.name, only.verdict, only.named_in) == ("config.limit", Verdict.KEPT, ("t", "s"))
    assert (only.changes[0].before, only.changes[0].after) == (7, 5)


def override(
    own: dict[str, Any], source: Content, target: Content, below: dict[str, Any], *include: str, **prompt: Any
) -> dict[str, Any]:
    differing = differences(source, target, KIND, Overrides(("s", {}), ("t", own)), include)
    return promoted_override(own, source, {"config": below}, differing, prompt, KIND)


def test_what_is_promoted_comes_into_the_override() -> None:
    own = {"description": "d", "config": {"model": "n"}}
    source, below = content(model="m", seed=1, provider={"sort": "a"}), {"model": "m", "seed": 2}
    made = override(own, source, content(model="n", seed=2), below)
    assert made == {"description": "d", "config": {"model": "n", "seed": 1, "provider": {"sort": "a"}}}
    assert own == {"description": "d", "config": {"model": "n"}}


def test_what_the_target_loses_is_null_and_what_lies_below_is_named_no_longer() -> None:
    assert override({}, content(), content(seed=2), {"seed": 2}) == {"config": {"seed": None}}
    own = {"config": {"provider": {"sort": "b"}}, "protected": True}
    same = content(provider={"sort": "a"})
    made = override(own, same, content(provider={"sort": "b"}), {"provider": {"sort": "a"}}, "config.provider")
    assert made == {"protected": True}


def test_a_whole_value_without_what_servers_add() -> None:
    source = content(provider={"sort": "a", "fallbacks": True, "order": []})
    own = {"config": {"provider": None}}
    made = override(own, source, content(), {"provider": {"sort": "b", "zdr": True}}, "config.provider")
    assert made == {"config": {"provider": {"sort": "a", "zdr": None}}}
    tools = [{"name": "a", "order": []}]
    assert override({}, content(tools=tools), content(tools=[{"name": "b", "order": []}]), {}) == {
        "config": {"tools": tools}
    }
    opaque: dict[str, Any] = {"1": None, "2": []}
    assert override({}, content(bias=opaque), content(), {}) == {"config": {"bias": opaque}}


def test_the_prompt_takes_the_place_of_both_its_keys() -> None:
    own = {"system_prompt_file": "q.md", "config": {"seed": 1}}
    same = {"seed": 1}
    made = override(own, content("P", **same), content("Q", **same), {}, "system_prompt", system_prompt="P")
    assert made == {"system_prompt": "P", "config": {"seed": 1}}
    assert override(own, content("P", **same), content("Q", **same), {}, "system_prompt") == {"config": {"seed": 1}}
    assert override(own, content("P", **same), content("Q", **same), {}, system_prompt="P") == own


@pytest.mark.parametrize(
    ("below", "wanted", "expected"),
    [
        (1, 1.0, ABSENT),
        (1, 2, 2),
        (ABSENT, 2, 2),
        (ABSENT, ABSENT, ABSENT),
        (None, ABSENT, ABSENT),
        (3, ABSENT, None),
        (3, None, None),
        ({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"d": 2}}, {"b": {"c": None, "d": 2}}),
        ({"a": 1}, {"a": 1}, ABSENT),
        ([1], {"a": 1}, {"a": 1}),
        ({"a": 1}, [1], [1]),
    ],
)
def test_patches(below: Any, wanted: Any, expected: Any) -> None:
    assert patch(below, wanted) == expected


def test_sums() -> None:
    source, target = content(model="m", provider={"sort": "a"}, seed=1), content(model="n", seed=2)
    one = differences(source, target, KIND, Overrides(("s", {}), ("t", {"config": {"model": "n"}})))
    done = Promotion("a", "k", "a.yaml", one, {"a.yaml": (b"1", b"2")})
    refused = Promotion("b", "k", "b.yaml", one, refused="no")
    all_of_them = Promotions("s", "t", False, (done, refused))
    assert (all_of_them.count(Verdict.PROMOTED), all_of_them.count(Verdict.KEPT)) == (2, 2)
    assert all_of_them.files == {"a.yaml": (b"1", b"2")}
    assert all_of_them.refused == (refused,)
    assert isinstance(done.having(Verdict.KEPT)[0], Difference)
    assert idle(["config.seed", "config.provider", "config.model", "config"], all_of_them) == ("config.model", "config")
