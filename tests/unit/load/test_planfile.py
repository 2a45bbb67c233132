"""Plans out of files: the same as they were, or refused."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presetctl.domain.change import Action, Cause, Head, Plan
from presetctl.domain.errors import InputError
from presetctl.domain.values import Json
from presetctl.load.plans import load_plans
from presetctl.plan import fingerprint
from presetctl.report.json import as_text, plan_document, plans_document
from presetctl.report.text import Style, plan_text, plans_text
from tests.unit.report.examples import change, field, hostile_plan, plan


def signed(made: Plan) -> Plan:
    return replace(made, fingerprint=fingerprint(made.workspace, made.changes))


WHOLE = signed(
    replace(
        plan(
            change(
                "a",
                fields=(
                    field(("config", "odd key", 0, "x.y"), 1.0, [None], cause=Cause.BOTH),
                    field(("system_prompt",), "one\ntwo", "one\nthree", cause=Cause.DRIFT),
                    field(("config", "new"), None, {"a": {}}, cause=Cause.DECLARED),
                ),
                warnings=("look here",),
            ),
            change("b", Action.CREATE, version=None),
            replace(change("c", Action.NO_OP), already_live=(field(("config", "top_p"), 1, 2),)),
            change("d", Action.RESTORE),
            unmanaged=("x", "y"),
            head=Head("c" * 40, True),
        ),
        base="b" * 40,
        orphaned=("z",),
    )
)
EXAMPLES = [WHOLE, signed(hostile_plan()), signed(plan()), replace(WHOLE, offline=True, unmanaged=(), orphaned=())]


def saved(folder: Path, document: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize("made", EXAMPLES)
@pytest.mark.parametrize("style", [Style(False), Style(True)])
def test_what_is_shown_is_what_was_planned(tmp_path: Path, made: Plan, style: Style) -> None:
    text = as_text(plan_document(made))
    (found,), document = load_plans(saved(tmp_path, text))
    assert plan_text(found, style) == plan_text(made, style)
    assert as_text(document) == text
    assert plan_document(found) == plan_document(made)


def test_the_plans_of_several_workspaces(tmp_path: Path) -> None:
    found, document = load_plans(saved(tmp_path, as_text(plans_document(EXAMPLES))))
    assert plans_text(found, Style()) == plans_text(EXAMPLES, Style())
    assert as_text(document) == as_text(plans_document(EXAMPLES))


KEYS = st.text(max_size=3) | st.sampled_from(["a", "a-b", "0", "a.b", '"', "]"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.builds(
    field,
    st.lists(KEYS | st.integers(0, 5), min_size=1, max_size=4).map(tuple) | st.just(("system_prompt",)),
    VALUES,
    VALUES,
    cause=st.none() | st.sampled_from(Cause),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FIELDS, max_size=3).map(tuple), st.sampled_from(Action), st.lists(st.text(max_size=5), max_size=2))
def test_any_field_comes_back(tmp_path: Path, fields: Any, action: Action, warnings: list[str]) -> None:
    made = signed(plan(change("a", action, fields, tuple(warnings))))
    (found,), _ = load_plans(saved(tmp_path, as_text(plan_document(made))))
    assert found == made


def test_additions_to_the_format_do_no_harm(tmp_path: Path) -> None:
    document = {**plan_document(WHOLE), "format_version": "1.9", "new": {}}
    assert load_plans(saved(tmp_path, document))[0] == load_plans(saved(tmp_path, plan_document(WHOLE)))[0]


def edited(*steps: str | int, to: Any) -> dict[str, Any]:
    document: Any = copy.deepcopy(json.loads(as_text(plan_document(WHOLE))))
    place = document
    for step in steps[:-1]:
        place = place[step]
    if to is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = to
    return dict(document)


@pytest.mark.parametrize(
    ("steps", "to"),
    [
        (("format_version",), "2.0"),
        (("format_version",), 1),
        (("workspace",), "one"),
        (("workspace", "name"), None),
        (("base",), 5),
        (("offline",), "yes"),
        (("head", "dirty"), 1),
        (("changes",), {}),
        (("changes", 0, "action"), "destroy"),
        (("changes", 0, "before", "version"), "3"),
        (("changes", 0, "before", "version"), True),
        (("changes", 0, "before"), ...),
        (("changes", 0, "source", "line"), 0),
        (("changes", 0, "fields", 0, "path"), "a..b"),
        (("changes", 0, "fields", 0, "path"), 5),
        (("changes", 0, "fields", 0, "cause"), "fate"),
        (("changes", 0, "warnings"), [1]),
        (("changes", 0, "already_live"), ["]"]),
        (("unmanaged",), ...),
        (("orphaned",), "z"),
        (("summary",), {"create": "1"}),
        (("fingerprint",), "sha256:0"),
        (("fingerprint",), f"sha256:{'0' * 64}\n"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, steps: tuple[str | int, ...], to: Any) -> None:
    path = saved(tmp_path, edited(*steps, to=to))
    named = ".".join(map(str, steps))
    with pytest.raises(InputError, match=f"is not a plan of format 1: `{named}[^`]*` is missing or has another form"):
        load_plans(path)
    with pytest.raises(InputError, match=rf"`plans\.0\.{named}[^`]*` is missing or has another form"):
        load_plans(saved(tmp_path, {"format_version": "1.1", "plans": [edited(*steps, to=to)]}))


@pytest.mark.parametrize(
    ("steps", "to"),
    [
        (("fingerprint",), f"sha256:{'0' * 64}"),
        (("changes", 0, "action"), "no_op"),
        (("changes", 0, "after", "digest"), f"sha256:{'1' * 64}"),
        (("changes", 1, "slug"), "other"),
        (("workspace", "url"), "https://other.example/api/v1"),
        (("summary", "unmanaged"), 3),
        (("unmanaged",), []),
    ],
)
def test_a_plan_that_does_not_agree_with_itself(tmp_path: Path, steps: tuple[str | int, ...], to: Any) -> None:
    with pytest.raises(InputError, match="is not as presetctl wrote it") as raised:
        load_plans(saved(tmp_path, edited(*steps, to=to)))
    assert raised.value.hint == "make a new plan"


@pytest.mark.parametrize(
    "text", ["[]", "null", "", "{", '{"plans": []}', '{"plans": 1, "format_version": "1.0"}', "[" * 999]
)
def test_what_is_no_plan_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="is not a plan") as raised:
        load_plans(saved(tmp_path, text))
    assert raised.value.hint == "`presetctl plan --out FILE` makes one"


JUNK = st.recursive(
    VALUES, lambda inner: st.dictionaries(st.sampled_from([*plan_document(WHOLE), "plans"]), inner, max_size=8)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JUNK)
def test_junk_is_refused(tmp_path: Path, junk: Json) -> None:
    with pytest.raises(InputError):
        load_plans(saved(tmp_path, junk))
