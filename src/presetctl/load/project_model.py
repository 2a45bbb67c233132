"""What presetctl.yaml may say. These models are the source of schemas/project.schema.json.

They check, and presetctl.domain.project has the same settings as plain values: pydantic takes longer to import than
everything else that a check of presets needs. So a file that is surely valid doesn't get here: what the schema leaves
open, presetctl.load.project_settings looks at, and whatever is a rule stands in presetctl.load.project_rules for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from presetctl.domain.preset import DEFAULT_KIND
from presetctl.domain.project import OPENROUTER_URL, WORKSPACE_NAME
from presetctl.load.project_rules import (
    check_default,
    check_prompts,
    check_user,
    check_users,
    checked_entry,
    checked_share,
    checked_url,
    checked_version,
)

WorkspaceName = Annotated[str, StringConstraints(pattern=WORKSPACE_NAME)]
VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
VariableName = Annotated[str, StringConstraints(pattern=VARIABLE_NAME)]


Url = Annotated[str, AfterValidator(checked_url)]


PRINCIPAL = r"^(role|group|user)/[^/\s]([^/\n\r]{0,126}[^/\s])?$"
Principal = Annotated[str, StringConstraints(pattern=PRINCIPAL)]

KeyringEntry = Annotated[str, AfterValidator(checked_entry)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Limits(_Settings):
    """How much one apply may overwrite or archive without being told the number."""

    updates: Annotated[int | str, BeforeValidator(checked_share)] = Field(
        default="30%", description="Live presets that one apply may overwrite: a number, or a share such as 30%."
    )
    archives: Annotated[int | str, BeforeValidator(checked_share)] = Field(
        default=5,
        description="Presets that one apply may archive: a number, or a share of the managed ones such as 10%.",
    )
    minimum: int = Field(default=10, ge=0, description="The limit of updates counts from this many live presets on.")


class _Workspace(_Settings):
    """What the workspaces of all providers have."""

    not_kept: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Config fields that this workspace is known not to keep; they are sent, but never compared.",
    )
    protected: bool = Field(
        default=False, description="Apply only where the workspace's name is typed or given to --allow-protected."
    )
    limits: Limits = Field(default_factory=Limits, description="How much one apply may overwrite or remove.")
    lock: Literal["git"] | None = Field(
        default=None, description="`git`: one apply at a time, by a lock on the git remote that all share."
    )
    record: Literal["notes"] | None = Field(
        default=None, description="`notes`: apply adds a git note to the commit that it applied."
    )
    timeout: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="Seconds that one call may take in all, and again all waits between its tries.",
    )
    trust_env: bool = Field(
        default=False, description="Take proxies and certificates from the environment and logins from .netrc."
    )


class OpenRouterWorkspace(_Workspace):
    """A workspace of OpenRouter, or the embedded emulator of one."""

    provider: Literal["openrouter"] = Field(description="The kind of workspace.")
    url: Url = Field(
        default=OPENROUTER_URL,
        description="The whole base address, or `embedded` for the workspace inside presetctl: no key, no network.",
    )
    api_key_env: VariableName = Field(
        default="OPENROUTER_API_KEY", description="Name of the environment variable that holds the key."
    )
    api_key_keyring: KeyringEntry | None = Field(
        default=None,
        description="SERVICE/USER: where the keyring of this machine has the key, if the variable is empty.",
    )
    management_key_env: VariableName = Field(
        default="OPENROUTER_MANAGEMENT_KEY",
        description="Name of the environment variable with the management key, which archiving and restoring need.",
    )
    management_key_keyring: KeyringEntry | None = Field(
        default=None,
        description="SERVICE/USER: where the keyring of this machine has the management key, if the variable is empty.",
    )
    workspace_id: str | None = Field(
        default=None, min_length=1, description="Refuse a key that opens any other workspace than this one."
    )
    prune: Literal["report", "archive"] = Field(
        default="report",
        description="What becomes of presets whose file was removed: they are reported, or apply archives them.",
    )


class LibreChatUser(_Settings):
    """One of several users of a LibreChat server who get the same presets."""

    email_env: VariableName | None = Field(
        default=None, description="Name of the environment variable that holds the user's mail address."
    )
    password_env: VariableName | None = Field(
        default=None, description="Name of the environment variable that holds the user's password."
    )
    token_env: VariableName | None = Field(
        default=None, description="Name of the environment variable with an access token of the user, instead of both."
    )
    user_id: str | None = Field(
        default=None, min_length=1, description="Refuse an account that is any other user than this one."
    )

    @model_validator(mode="after")
    def _has_variables(self) -> LibreChatUser:
        check_user(self.email_env, self.password_env, self.token_env)
        return self


class LibreChatWorkspace(_Workspace):
    """The presets of one user of a LibreChat server, or of several, or the embedded emulator of one."""

    provider: Literal["librechat"] = Field(description="The kind of workspace.")
    url: Url = Field(
        description="The server's address without /api, or `embedded` for the server inside presetctl: no account, no "
        "network."
    )
    email_env: VariableName = Field(
        default="LIBRECHAT_EMAIL",
        description="Name of the environment variable that holds the mail address to log in with.",
    )
    password_env: VariableName = Field(
        default="LIBRECHAT_PASSWORD", description="Name of the environment variable that holds the password."
    )
    token_env: VariableName | None = Field(
        default=None,
        description="Name of the environment variable with an access token, where nobody can log in with a password.",
    )
    user_id: str | None = Field(
        default=None, min_length=1, description="Refuse an account that is any other user than this one."
    )
    users: dict[WorkspaceName, LibreChatUser] = Field(
        default_factory=dict,
        description="Several users who get the same presets, by a name of your choice: chat/alice is one of chat's.",
    )
    publish: Literal["modelSpecs"] | None = Field(
        default=None,
        description="`modelSpecs`: the presets become model specs, which others are given, instead of presets of the "
        "account; it must be an administrator's.",
    )
    publish_to: Principal = Field(
        default="role/USER",
        description="Who gets the model specs: role/NAME, or group/ID or user/ID. Without `publish` it says nothing.",
    )
    login_wait: float = Field(
        default=600,
        ge=0,
        le=3600,
        description="Seconds to wait in all where the server lets nobody log in for a while.",
    )
    prune: Literal["report", "delete"] = Field(
        default="report",
        description="What becomes of presets whose file was removed: they are reported, or apply deletes them.",
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> LibreChatWorkspace:
        check_users(self.model_fields_set, bool(self.users), self.publish)
        return self


Workspace = OpenRouterWorkspace | LibreChatWorkspace
WORKSPACES: Mapping[str, type[Workspace]] = {"openrouter": OpenRouterWorkspace, "librechat": LibreChatWorkspace}
"""The settings of a workspace, by its provider."""


class Defaults(_Settings):
    """What lies under every preset."""

    kind: str = Field(default=DEFAULT_KIND, description="The kind of presets that don't name one.")
    description: str | None = None
    system_prompt: str | None = Field(default=None, min_length=1)
    system_prompt_file: str | None = Field(default=None, min_length=1)
    config: dict[str, Any] = Field(
        default_factory=dict, description="Fields under every preset's own, where its kind is of the same provider."
    )

    @model_validator(mode="after")
    def _one_prompt(self) -> Defaults:
        check_prompts(self.system_prompt, self.system_prompt_file)
        return self


class Project(_Settings):
    """presetctl.yaml."""

    version: Literal[1] = Field(description="The version of this file's format.")
    default_workspace: WorkspaceName | None = Field(
        default=None, description="The workspace that commands use without -w."
    )
    presets: str = Field(default="presets", min_length=1, description="The folder with the preset files.")
    defaults: Defaults = Field(default_factory=Defaults)
    workspaces: dict[WorkspaceName, Annotated[Workspace, Field(discriminator="provider")]] = Field(min_length=1)

    @field_validator("version", mode="before")
    @classmethod
    def _whole_number(cls, value: Any) -> Any:
        return checked_version(value)

    @model_validator(mode="after")
    def _default_exists(self) -> Project:
        check_default(self.default_workspace, self.workspaces)
        return self


def project_schema() -> dict[str, Any]:
    """The JSON Schema of presetctl.yaml for editors, made from these models."""
    made = Project.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "presetctl.yaml",
        **{key: _told(value) for key, value in sorted(made.items()) if key not in {"title", "description"}},
    }


def _told(value: Any) -> Any:
    """As editors should have it. Generated titles repeat the names; docstrings are for readers of the code.

    Where names have a pattern, no other names are allowed, which pydantic doesn't write down.
    """
    if isinstance(value, list):
        return [_told(item) for item in value]
    if not isinstance(value, dict):
        return value
    told = {
        key: {name: _told(item) for name, item in inner.items()} if key in {"properties", "$defs"} else _told(inner)
        for key, inner in value.items()
        if key != "title" and not (key == "description" and value.get("type") == "object" and "properties" in value)
    }
    return {**told, "additionalProperties": False} if "patternProperties" in told else told
