"""What is told of presetctl.yaml without its models is what they tell; and nearly always something is told."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, BeforeValidator

from presetctl.domain.document import Document
from presetctl.domain.problem import Location
from presetctl.domain.project import Project as Settings
from presetctl.load import project_rules, project_settings
from presetctl.load.project import load_project
from presetctl.load.project_check import checked_project
from presetctl.load.project_model import (
    Defaults,
    LibreChatUser,
    LibreChatWorkspace,
    Limits,
    OpenRouterWorkspace,
    Project,
    project_schema,
)
from presetctl.load.project_settings import OF_LIMITS, OF_WORKSPACE, sure_project
from presetctl.load.strict_yaml import parse
from presetctl.packaged import PROJECT_SCHEMA, packaged_schemas
from tests.unit.trees import MemoryTree

Rules = Mapping[str, Callable[[Any], Any]]
Model = type[BaseModel]
MODELS: list[Model] = [Project, Defaults, Limits, OpenRouterWorkspace, LibreChatWorkspace, LibreChatUser]
ROOT = Path(__file__).parents[3]


def by_models(value: Any) -> Settings | None:
    """What the models make of a file."""
    return checked_project(Document("presetctl.yaml", value, lambda *_: Location("presetctl.yaml")))[0]


def agree(value: Any) -> Settings | None:
    """What is sure of a file, which the models must say as well: 5 is not 5.0, and a tuple no list."""
    before = repr(value)
    sure = sure_project(value)
    if sure is not None:
        assert repr(sure) == repr(by_models(value))
    assert repr(value) == before
    return sure


# What every setting can be, as people write it. The first is another value than its default.

NAMES = ["KEY", "_k1", "lower"]
EMBEDDED = ["embedded", "https://chat.example.com/", "http://[::1]:80/api//"]
WORKSPACE: dict[str, list[Any]] = {
    "not_kept": [["seed", "provider.zdr"], []],
    "protected": [True, False],
    "limits": [{"updates": 3}, {}],
    "lock": ["git", None],
    "record": ["notes", None],
    "timeout": [5, 0.5, 60, 3600, 12.0],
    "trust_env": [True, False],
}
VALUES: dict[Model, dict[str, list[Any]]] = {
    Project: {
        "version": [1],
        "default_workspace": ["one", None],
        "presets": ["here/there", "ü"],
        "defaults": [{"kind": "k"}, {}],
        "workspaces": [{"one": {"provider": "openrouter"}}],
    },
    Defaults: {
        "kind": ["librechat/openAI", ""],
        "description": ["Für alle", "", None],
        "system_prompt": ["Be kind.\n", None],
        "system_prompt_file": ["prompts/all.md", None],
        "config": [{"model": "m", "top_p": 1.0, "stop": ["a", None], "seed": 9999999999999999999, "": {"x": -0.0}}, {}],
    },
    Limits: {
        "updates": [0, "100%", 10**18],
        "archives": ["7%", 5],
        "minimum": [0, 10**18],
    },
    OpenRouterWorkspace: WORKSPACE | {
        "provider": ["openrouter"],
        "url": EMBEDDED,
        "api_key_env": NAMES,
        "api_key_keyring": ["https://openrouter.ai/me", None],
        "management_key_env": NAMES,
        "management_key_keyring": ["presetctl/ünder", None],
        "workspace_id": ["w", None],
        "prune": ["archive", "report"],
    },
    LibreChatWorkspace: WORKSPACE | {
        "provider": ["librechat"],
        "url": EMBEDDED,
        "email_env": NAMES,
        "password_env": NAMES,
        "token_env": [*NAMES, None],
        "user_id": ["u", None],
        "users": [{"ann": {"token_env": "T"}}, {}],
        "publish": ["modelSpecs", None],
        "publish_to": ["group/All of us", "role/A", "user/" + "a" * 128],
        "login_wait": [0, 1.5, 3600],
        "prune": ["delete", "report"],
    },
    LibreChatUser: {
        "email_env": NAMES,
        "password_env": NAMES,
        "token_env": NAMES,
        "user_id": ["u", None],
    },
}  # fmt: skip
NEEDED = {"version", "workspaces", "provider"}


def one_workspace(kind: str, **said: Any) -> dict[str, Any]:
    """The least that a file says, and what it says of its workspace."""
    url = {"url": "embedded"} if kind == "librechat" else {}
    return {"version": 1, "workspaces": {"one": {"provider": kind, **url, **said}}}


def holding(model: Model, said: Mapping[str, Any]) -> dict[str, Any]:
    """A whole file with these settings of one of the models."""
    if model is Project:
        return {**one_workspace("openrouter"), **said}
    if model is Defaults:
        return {**one_workspace("openrouter"), "defaults": said}
    if model is Limits:
        return one_workspace("openrouter", limits=said)
    if model is OpenRouterWorkspace:
        return one_workspace("openrouter", **said)
    if model is LibreChatWorkspace:
        return one_workspace("librechat", **said)
    return one_workspace("librechat", users={"ann": complete(dict(said))})


def complete(user: dict[str, Any]) -> dict[str, Any]:
    """A user with what opens an account: a token, or both of the others."""
    if user.get("token_env") is not None:
        return {name: value for name, value in user.items() if name not in {"email_env", "password_env"}}
    return {"email_env": "E", "password_env": "P", **user}


def test_every_setting_is_here() -> None:
    assert {model: values.keys() for model, values in VALUES.items()} == {
        model: model.model_fields.keys() for model in MODELS
    }


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [(model, name, value) for model, values in VALUES.items() for name, some in values.items() for value in some],
)
def test_every_setting_is_sure(model: Model, name: str, value: Any) -> None:
    assert agree(holding(model, {name: value})) is not None


@pytest.mark.parametrize(
    "file", [*sorted(ROOT.glob("tests/cases/**/presetctl.yaml")), ROOT / "presetctl.yaml"], ids=str
)
def test_real_files_are_sure_where_they_are_valid(file: Path) -> None:
    value = parse(file.read_bytes(), str(file))
    assert (agree(value) is None) is (by_models(value) is None)


def settings_of(model: Model, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some settings of a model, each as people write it."""
    chosen = {name: st.sampled_from(some) for name, some in VALUES[model].items()} | more
    needed = {name: chosen.pop(name) for name in [*NEEDED, "url"] if name in chosen}
    return st.fixed_dictionaries(needed, optional=chosen).map(copy.deepcopy)


def of_one_or_several(said: dict[str, Any]) -> dict[str, Any]:
    own = {*LibreChatUser.model_fields, "publish"} if said.get("users") else set()
    return {name: value for name, value in said.items() if name not in own}


def with_one_prompt(said: dict[str, Any]) -> dict[str, Any]:
    two = said.get("system_prompt") is not None
    return {name: value for name, value in said.items() if not (two and name == "system_prompt_file")}


def with_its_default(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, **({"default_workspace": next(iter(said["workspaces"]))} if "default_workspace" in said else {})}


WORKSPACE_NAMES = st.sampled_from(["one", "Two_2", "3-c", "x" * 64])
LIMITS = settings_of(Limits)
USERS = st.dictionaries(WORKSPACE_NAMES, settings_of(LibreChatUser).map(complete), max_size=2)
WORKSPACES = st.one_of(
    settings_of(OpenRouterWorkspace, limits=LIMITS),
    settings_of(LibreChatWorkspace, limits=LIMITS, users=USERS).map(of_one_or_several),
)
VALID = settings_of(
    Project,
    defaults=settings_of(Defaults).map(with_one_prompt),
    workspaces=st.dictionaries(WORKSPACE_NAMES, WORKSPACES, min_size=1, max_size=3),
).map(with_its_default)

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3601, 10**18, 10**19 - 1, 1 - 10**19, 10**30, 10**400,
    0.0, -0.0, 1.0, 2.0, 10.0, 0.5, 5e-324, 3600.0000000000005, 1e300, float("inf"), float("-inf"), float("nan"),
    "", " ", "x", "1", "true", "a b", "a\n", "\ud800", "x" * 65, "ümlaut", "\0/x", "a/", "/a", "a/b\x7f", "a/\xa0",
    "0%", "30%", "100%", "101%", "007%", "-1%", "٣%", "3 %", "30%\n", "%", "1.0%",
    "http://example.com", "https://u:p@example.com", "https://example.com/?q", "https://example.com/#", "https://x ",
    "https://x/\x85", "https://x/ü//", "https://[::1", "https://[x]/", "https://x:99999", "HTTPS://X/",
    "https://x\u2100.com", "http://LOCALHOST/", "ftp://x", "http:/localhost", "https:///", "//",
    "role/\x85", "role/\ufeff", "role/a\x85", "role/\x1c", "role/\u2003x", "role/ü", "role/a\n", "role/",
    "user/a/b", "role/a ",
    "git", "notes", "modelSpecs", "report", "archive", "delete", "openrouter", "librechat", "embedded", "Embedded",
    [], ["a"], [1], [None], [["a"]], {}, {"a": "b"}, {"a\n": {"token_env": "T"}}, {"": {}}, {1: "a"}, {None: {}},
    {"a": {"token_env": "T"}}, {"a": {"email_env": "E"}}, {"a": {"token_env": "T", "email_env": "E"}},
    {"minimum": 10.0}, {"updates": True}, {"updates": 1.0}, {"provider": "openrouter"},
    {"provider": "librechat", "url": "embedded"}, ("seed",), b"seed",
]  # fmt: skip
KEYS = [name for model in MODELS for name in model.model_fields] + ["one", "two", "o ne", "a\n", "", "x" * 65, "é"]
VALUE = st.one_of(
    st.sampled_from(ODD).map(copy.deepcopy),
    st.sampled_from([value for values in VALUES.values() for some in values.values() for value in some]).map(
        copy.deepcopy
    ),
    st.integers() | st.floats() | st.text(max_size=8),
    st.builds(
        "".join, st.tuples(st.sampled_from(["role/", "https://", "http://localhost", "a/"]), st.text(max_size=4))
    ),
)
DRAWN_KEY = st.sampled_from(KEYS) | st.text(max_size=3)


def holders(value: Any) -> Iterator[dict[Any, Any] | list[Any]]:
    """Everything in a value that holds others, itself included."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from holders(inner)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A file of which something isn't as people write it."""
    value = draw(VALID)
    for _ in range(draw(st.integers(1, 3))):
        holder = draw(st.sampled_from(list(holders(value)) or [{}]))
        if isinstance(holder, list):
            holder[draw(st.integers(0, len(holder) - 1))] = draw(VALUE)
        elif draw(st.booleans()) and holder:
            holder[draw(st.sampled_from(list(holder)))] = draw(VALUE)
        elif draw(st.booleans()) or not holder:
            holder[draw(DRAWN_KEY)] = draw(VALUE)
        else:
            del holder[draw(st.sampled_from(list(holder)))]
    return value


@given(VALID)
@settings(max_examples=200)
def test_what_people_write_is_sure(value: Any) -> None:
    assert agree(value) is not None


@given(mutated())
@settings(max_examples=500)
def test_nothing_is_sure_but_what_the_models_say(value: Any) -> None:
    agree(value)


@pytest.mark.torture
@given(mutated())
@settings(max_examples=10_000)
def test_nothing_at_all_is_sure_but_what_the_models_say(value: Any) -> None:
    agree(value)


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_one_odd_value_in_every_place(odd: Any) -> None:
    for model, values in VALUES.items():
        for name in values:
            agree(holding(model, {name: copy.deepcopy(odd)}))
    agree(odd)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Project, {"version": 1.0}),
        (Project, {"version": True}),
        (Project, {"workspaces": {"o ne": {"provider": "openrouter"}}}),
        (Project, {"workspaces": {"one\n": {"provider": "openrouter"}}}),
        (Project, {"workspaces": {1: {"provider": "openrouter"}}}),
        (Project, {"default_workspace": "two"}),
        (Defaults, {"system_prompt": "a", "system_prompt_file": "b"}),
        (Defaults, {"config": {1: "a"}}),
        (Defaults, {"config": {"a": b"b"}}),
        (Defaults, {"config": {"a": float("nan")}}),
        (Defaults, {"description": "\ud800"}),
        (Limits, {"minimum": 10.0}),
        (Limits, {"updates": 1.0}),
        (Limits, {"archives": "101%"}),
        (OpenRouterWorkspace, {"timeout": float("inf")}),
        (OpenRouterWorkspace, {"timeout": True}),
        (OpenRouterWorkspace, {"url": "http://example.com"}),
        (OpenRouterWorkspace, {"management_key_keyring": "me"}),
        (OpenRouterWorkspace, {"urll": "embedded"}),
        (LibreChatWorkspace, {"login_wait": float("nan")}),
        (LibreChatWorkspace, {"publish_to": "role/\x85"}),
        (LibreChatWorkspace, {"publish_to": "role/ü"}),
        (LibreChatWorkspace, {"users": {"a n": {"token_env": "T"}}}),
        (LibreChatWorkspace, {"users": {"a": {"token_env": "T"}}, "user_id": None}),
        (LibreChatWorkspace, {"users": {"a": {"token_env": "T"}}, "publish": "modelSpecs"}),
        (LibreChatUser, {"email_env": None}),
        (LibreChatUser, {"password_env": None}),
    ],
)
def test_what_is_not_sure(model: Model, said: Mapping[str, Any]) -> None:
    assert agree(holding(model, said)) is None


# Whoever gives the models another rule learns here that it's needed in two places.


def functions_of(hint: Any, metadata: list[Any]) -> Iterator[Callable[..., Any]]:
    """The functions that look at a setting, from its annotation."""
    for each in [*metadata, *getattr(hint, "__metadata__", ())]:
        if isinstance(each, AfterValidator | BeforeValidator):
            yield each.func
        else:
            assert type(each).__name__ not in {"WrapValidator", "PlainValidator"}
    for inner in get_args(hint):
        yield from functions_of(inner, [])


@pytest.mark.parametrize(
    ("model", "rules"), [(OpenRouterWorkspace, OF_WORKSPACE), (LibreChatWorkspace, OF_WORKSPACE), (Limits, OF_LIMITS)]
)
def test_functions_of_the_models_are_rules_here(model: Model, rules: Rules) -> None:
    for name, field in model.model_fields.items():
        for function in functions_of(field.annotation, field.metadata):
            assert rules[name] is function
        if field.annotation in {int, float}:
            assert name in rules, "to a schema, 1.0 and 1 are the same number"


def test_the_other_models_have_no_such_functions_in_their_settings() -> None:
    for model in (Project, Defaults, LibreChatUser):
        for field in model.model_fields.values():
            assert field.annotation not in {int, float}
            if model is not Project:
                assert not list(functions_of(field.annotation, field.metadata))


def test_rules_about_more_than_one_setting_are_checked_here() -> None:
    def names(model: Model) -> set[str]:
        decorators = model.__pydantic_decorators__
        kinds = (decorators.validators, decorators.field_validators, decorators.root_validators)
        return {name for kind in (*kinds, decorators.model_validators) for name in kind}

    assert {model: names(model) for model in MODELS} == {
        Project: {"_whole_number", "_default_exists"},
        Defaults: {"_one_prompt"},
        Limits: set(),
        OpenRouterWorkspace: set(),
        LibreChatWorkspace: {"_one_or_several"},
        LibreChatUser: {"_has_variables"},
    }
    assert {name for name in vars(project_rules) if name.startswith("check")} <= vars(project_settings).keys()


def test_patterns_that_readers_understand_differently_are_known() -> None:
    def patterns(schema: Any, name: str) -> Iterator[tuple[str, str]]:
        if isinstance(schema, list):
            for item in schema:
                yield from patterns(item, name)
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str):
                yield name, schema["pattern"]
            for key, inner in schema.items():
                yield from patterns(inner, name if key in {"anyOf", "items"} else key)

    assert {name for name, pattern in patterns(project_schema(), "") if "\\" in pattern} == {"publish_to"}
    assert "publish_to" in OF_WORKSPACE


# The schema is that of this presetctl.


def test_the_schema_that_ships_is_that_of_the_models() -> None:
    assert json.loads((packaged_schemas() / PROJECT_SCHEMA).read_bytes()) == project_schema()


@pytest.mark.parametrize("data", [None, b"", b"[]]", b'{"type": 5}'])
def test_without_a_schema_nothing_is_sure(data: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if data is not None:
        (tmp_path / PROJECT_SCHEMA).write_bytes(data)
    monkeypatch.setattr(project_settings, "packaged_schemas", lambda: tmp_path)
    project_settings._checker.cache_clear()
    try:
        assert sure_project(one_workspace("openrouter")) is None
        text = json.dumps(one_workspace("openrouter"))
        assert load_project(MemoryTree({"presetctl.yaml": text})).project.default_name() == "one"
    finally:
        project_settings._checker.cache_clear()
