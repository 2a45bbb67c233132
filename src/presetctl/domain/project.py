"""The project: what presetctl.yaml says, once it was checked. presetctl.load.project_model says what it may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from presetctl.domain.kind import provider_of
from presetctl.domain.preset import DEFAULT_KIND

EMBEDDED = "embedded"
OPENROUTER_URL = "https://openrouter.ai/api/v1"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

WORKSPACE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
TARGET_NAME = rf"{WORKSPACE_NAME.removesuffix('$')}(?:/{WORKSPACE_NAME[1:-1]})?$"
"""The name of a workspace, or of one user's part of it: ``chat/alice``."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one apply may overwrite or archive without being told the number: counts, or shares such as 30%."""

    updates: int | str = "30%"
    archives: int | str = 5
    minimum: int = 10
    """The limit of updates counts from this many live presets on."""

    def updates_of(self, live: int) -> int:
        """How many of ``live`` presets may be overwritten."""
        return _of(live, self.updates)

    def archives_of(self, live: int) -> int:
        """How many of ``live`` presets may be archived, or may be missing all at once."""
        return _of(live, self.archives)


def _of(live: int, limit: int | str) -> int:
    return limit if isinstance(limit, int) else live * int(limit[:-1]) // 100


@dataclass(frozen=True, kw_only=True)
class _Workspace:
    """What the workspaces of all providers have. The times are seconds."""

    not_kept: tuple[str, ...] = ()
    protected: bool = False
    limits: Limits = Limits()
    lock: Literal["git"] | None = None
    record: Literal["notes"] | None = None
    timeout: float = 60
    trust_env: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenRouterWorkspace(_Workspace):
    """A workspace of OpenRouter, or the embedded emulator of one."""

    provider: Literal["openrouter"] = "openrouter"
    url: str = OPENROUTER_URL
    api_key_env: str = "OPENROUTER_API_KEY"
    api_key_keyring: str | None = None
    management_key_env: str = "OPENROUTER_MANAGEMENT_KEY"
    management_key_keyring: str | None = None
    workspace_id: str | None = None
    prune: Literal["report", "archive"] = "report"

    @property
    def prunes(self) -> bool:
        """Whether apply removes presets whose file was removed."""
        return self.prune != "report"

    @property
    def publishes(self) -> bool:
        """Whether presets become model specs there."""
        return False

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that hold what opens the workspace."""
        return (self.api_key_env,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LibreChatUser:
    """One of several users of a LibreChat server who get the same presets."""

    email_env: str | None = None
    password_env: str | None = None
    token_env: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class LibreChatWorkspace(_Workspace):
    """The presets of one user of a LibreChat server, or of several, or the embedded emulator of one."""

    provider: Literal["librechat"] = "librechat"
    url: str
    email_env: str = "LIBRECHAT_EMAIL"
    password_env: str = "LIBRECHAT_PASSWORD"  # noqa: S105 - the name of a variable
    token_env: str | None = None
    user_id: str | None = None
    users: Mapping[str, LibreChatUser] = field(default_factory=dict, hash=False)
    publish: Literal["modelSpecs"] | None = None
    publish_to: str = "role/USER"
    login_wait: float = 600
    prune: Literal["report", "delete"] = "report"

    @property
    def prunes(self) -> bool:
        """Whether apply removes presets whose file was removed."""
        return self.prune != "report"

    @property
    def publishes(self) -> bool:
        """Whether presets become model specs there."""
        return self.publish is not None

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that hold what opens the workspace, for all of its users."""
        if self.users:
            return tuple(variable for user in self.users for variable in self.of_user(user).variables)
        return (self.email_env, self.password_env) if self.token_env is None else (self.token_env,)

    def of_user(self, name: str) -> LibreChatWorkspace:
        """The workspace of one of the users."""
        user = self.users[name]
        return replace(
            self,
            email_env=user.email_env or self.email_env,
            password_env=user.password_env or self.password_env,
            token_env=user.token_env or self.token_env,
            user_id=user.user_id or self.user_id,
            users={},
        )

    @property
    def workspace_id(self) -> str | None:
        """What tells this workspace from others: its user."""
        return self.user_id


Workspace: TypeAlias = OpenRouterWorkspace | LibreChatWorkspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What lies under every preset."""

    kind: str = DEFAULT_KIND
    description: str | None = None
    system_prompt: str | None = None
    system_prompt_file: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def config_of(self, kind: str) -> Mapping[str, Any]:
        """What lies under the config of a preset of that kind: nothing where another provider names the fields."""
        return self.config if provider_of(kind) == provider_of(self.kind) else {}


def declared_name(target: str) -> str:
    """The name under which files declare presets for a target: ``chat`` for chat/alice."""
    return target.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Project:
    """presetctl.yaml."""

    version: Literal[1] = 1
    default_workspace: str | None = None
    presets: str = "presets"
    defaults: Defaults = Defaults()
    workspaces: Mapping[str, Workspace] = field(hash=False)

    @cached_property
    def targets(self) -> Mapping[str, Workspace]:
        """Every workspace as one account opens it, by name; instead of one with several users one for each of them."""
        found: dict[str, Workspace] = {}
        for name, settings in self.workspaces.items():
            users = settings.users if isinstance(settings, LibreChatWorkspace) else {}
            if isinstance(settings, LibreChatWorkspace) and users:
                found |= {f"{name}/{user}": settings.of_user(user) for user in users}
            else:
                found[name] = settings
        return found

    def targets_of(self, workspace: str) -> list[str]:
        """The names of the targets that a name stands for: itself, or one for each of its users."""
        return [name for name in self.targets if workspace in {name, declared_name(name)}]

    def default_name(self) -> str | None:
        """The workspace to use where none is named: the default one, or the only one."""
        if self.default_workspace is not None:
            return self.default_workspace
        return next(iter(self.workspaces)) if len(self.workspaces) == 1 else None


def project_of(said: Mapping[str, Any]) -> Project:
    """The project from valid settings as plain JSON: what a file says, dataclasses.asdict() makes of one, or a model.

    What isn't there has its default. ValueError, TypeError, KeyError or AttributeError for anything else.
    """
    workspaces = {name: _workspace_of(settings) for name, settings in said["workspaces"].items()}
    return Project(**{**said, "defaults": Defaults(**said.get("defaults", {})), "workspaces": workspaces})


def _workspace_of(said: Mapping[str, Any]) -> Workspace:
    settings = {**said, "limits": Limits(**said.get("limits", {})), "not_kept": tuple(said.get("not_kept", ()))}
    if said["provider"] == "openrouter":
        return OpenRouterWorkspace(**settings)
    users = {name: LibreChatUser(**user) for name, user in said.get("users", {}).items()}
    return LibreChatWorkspace(**{**settings, "users": users})
