"""What presetctl.yaml may say of a workspace's address, and which workspace is the default one."""

from __future__ import annotations

import dataclasses

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from presetctl.domain import project as plain
from presetctl.domain.project import OPENROUTER_URL, project_of
from presetctl.load.project_model import (
    Defaults,
    LibreChatUser,
    LibreChatWorkspace,
    Limits,
    OpenRouterWorkspace,
    Project,
    Workspace,
    project_schema,
)


def workspace(url: str = OPENROUTER_URL) -> OpenRouterWorkspace:
    return OpenRouterWorkspace(provider="openrouter", url=url)


def settings(model: Project) -> plain.Project:
    return project_of(model.model_dump())


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("embedded", "embedded"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://eu.example.com:8443/a/b/", "https://eu.example.com:8443/a/b"),
        ("https://[2001:db8::1]/api", "https://[2001:db8::1]/api"),
        ("http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080/api/v1"),
        ("http://localhost/api/v1", "http://localhost/api/v1"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses(url: str, kept: str) -> None:
    assert workspace(url).url == kept


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must be `embedded` or a whole address"),
        ("openrouter.ai/api/v1", "must be `embedded` or a whole address"),
        ("//openrouter.ai/api", "must be `embedded` or a whole address"),
        ("ftp://example.com", "must be `embedded` or a whole address"),
        ("file:///etc/passwd", "must be `embedded` or a whole address"),
        ("https://", "must be `embedded` or a whole address"),
        ("Embedded", "must be `embedded` or a whole address"),
        ("https://[::1", "is not an address"),
        ("https://example.com:99999/", "is not an address"),
        ("https://example.com:port/", "is not an address"),
        ("https://user:secret@example.com/", "must not hold a user name or password"),
        ("https://user@example.com/", "must not hold a user name or password"),
        ("https://@example.com/", "must not hold a user name or password"),
        ("https://example.com/api?x=1", "must end with the path"),
        ("https://example.com/api?", "must end with the path"),
        ("https://example.com/api#", "must end with the path"),
        ("https://example.com/a b", "must end with the path"),
        ("https://example.com/a\r\nHost: x", "must end with the path"),
        ("https://exam\tple.com/", "must end with the path"),
        (" https://example.com/", "must end with the path"),
        ("http://example.com/api", "must be https"),
        ("http://localhost.example.com/", "must be https"),
        ("http://127.0.0.1.example.com/", "must be https"),
        ("http://0.0.0.0/", "must be https"),
    ],
)
def test_addresses_that_are_refused(url: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason) as raised:
        workspace(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("entry", ["presetctl/me", "https://openrouter.ai/me@example.com", "a b/c d"])
def test_entries_of_a_keyring(entry: str) -> None:
    made = OpenRouterWorkspace(provider="openrouter", api_key_keyring=entry)
    assert made.api_key_keyring == entry


@pytest.mark.parametrize("entry", ["", "presetctl", "/me", "presetctl/", "a/b\n", "a\0/b"])
def test_entries_of_a_keyring_that_are_refused(entry: str) -> None:
    with pytest.raises(ValidationError, match="must be SERVICE/USER, as in `keyring set SERVICE USER`"):
        OpenRouterWorkspace(provider="openrouter", api_key_keyring=entry)


@pytest.mark.parametrize("name", ["one", "One-2_x", "1", "a" * 64])
def test_names_of_workspaces(name: str) -> None:
    assert settings(Project(version=1, workspaces={name: workspace()})).default_name() == name


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "..", "a\n", "é", "a" * 65])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Project(version=1, workspaces={name: workspace()})


def test_without_a_default_one_of_several_must_be_named() -> None:
    both: dict[str, Workspace] = {"one": workspace(), "two": workspace()}
    assert settings(Project(version=1, workspaces=both)).default_name() is None
    assert settings(Project(version=1, workspaces=both, default_workspace="two")).default_name() == "two"
    with pytest.raises(ValidationError, match="default_workspace is three, but no workspace has that name"):
        Project(version=1, workspaces=both, default_workspace="three")


def test_defaults_have_one_prompt_at_most() -> None:
    assert Defaults(system_prompt="x").system_prompt_file is None
    with pytest.raises(ValidationError, match="keep one"):
        Defaults(system_prompt="x", system_prompt_file="y")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        workspace().url = "x"  # type: ignore[misc]


def test_the_schema_for_editors() -> None:
    schema = project_schema()
    Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator(schema)
    least = {"version": 1, "workspaces": {"one": {"provider": "openrouter", "url": "embedded", "not_kept": ["seed"]}}}
    assert checker.is_valid(least)
    assert checker.is_valid({**least, "default_workspace": "one", "defaults": {"config": {"model": "m"}}})
    several: tuple[dict[str, object], ...] = (
        {"version": 2},
        {"workspaces": {}},
        {"urll": "x"},
        {"workspaces": {"one": {}}},
        {"presets": ""},
    )
    for wrong in several:
        assert not checker.is_valid({**least, **wrong})
    described = schema["$defs"]["OpenRouterWorkspace"]["properties"]["workspace_id"]
    assert "title" not in described
    assert described["description"].startswith("Refuse a key")


MODELS: list[type[BaseModel]] = [Project, Defaults, Limits, OpenRouterWorkspace, LibreChatWorkspace, LibreChatUser]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_plain_settings_have_the_fields_and_defaults_of_the_models(model: type[BaseModel]) -> None:
    fields = {field.name: field for field in dataclasses.fields(getattr(plain, model.__name__))}
    assert fields.keys() == model.model_fields.keys()
    for name, checked in model.model_fields.items():
        field, default = fields[name], checked.get_default(call_default_factory=True)
        if checked.is_required():
            assert field.default in {dataclasses.MISSING, "openrouter", "librechat", 1}
            continue
        made = {} if field.default is dataclasses.MISSING else field.default
        default = default.model_dump() if isinstance(default, BaseModel) else default
        assert (dataclasses.asdict(made) if isinstance(made, plain.Limits | plain.Defaults) else made) == default
