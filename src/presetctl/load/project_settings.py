"""The value of presetctl.yaml → its settings, where it is surely valid, as nearly every one is.

The models of presetctl.load.project_model have the last word, and say what is wrong. But importing what they are made
of takes longer than a whole check of presets. So jsonschema-rs looks first, by the schema that was derived from the
models, and then come the rules that no schema can tell. Wherever the two ways could differ (1.0 for a whole number,
what counts as a space) nothing is sure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from presetctl.bounded import read_bounded
from presetctl.domain.project import Project, project_of
from presetctl.domain.values import Json
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
from presetctl.packaged import PROJECT_SCHEMA, packaged_schemas
from presetctl.validate import SchemaChecker

_MAX_BYTES: Final = 1024 * 1024

_Said: TypeAlias = Mapping[str, Any]
"""Settings as the file has them."""
_Rules: TypeAlias = Mapping[str, Callable[[Any], Any]]
"""What a setting is kept as, by its name; a ValueError where that isn't sure."""


class _UnsureError(ValueError):
    """A closer look is needed."""


def sure_project(value: Json) -> Project | None:
    """The settings in a file with this value: those that the models would give. None where it's not surely valid."""
    try:
        if isinstance(value, Mapping) and _is_json(value) and _checker().surely_valid(value):
            return _project(value)
    except (OSError, ValueError):  # a rule is broken; or the schema can't be read, which only costs time
        pass
    return None


def _is_json(value: Json) -> bool:
    """Whether it's nothing but JSON. jsonschema-rs overlooks keys that are numbers, and half of a surrogate pair."""
    try:
        data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        return False
    return bool(json.loads(data) == value)


@cache
def _checker() -> SchemaChecker:
    """By the schema of this presetctl: that of a project with schemas of its own may be another's."""
    return SchemaChecker(json.loads(read_bounded(packaged_schemas() / PROJECT_SCHEMA, _MAX_BYTES)), "presetctl.yaml")


def _project(said: _Said) -> Project:
    defaults = said.get("defaults", {})
    checked_version(said["version"])
    check_default(said.get("default_workspace"), said["workspaces"])
    check_prompts(defaults.get("system_prompt"), defaults.get("system_prompt_file"))
    workspaces = {name: _workspace(settings) for name, settings in said["workspaces"].items()}
    return project_of({**said, "workspaces": workspaces})


def _workspace(said: _Said) -> _Said:
    users = said.get("users", {})
    check_users(said, bool(users), said.get("publish"))
    for user in users.values():
        check_user(user.get("email_env"), user.get("password_env"), user.get("token_env"))
    return _ruled(said, OF_WORKSPACE)


def _limits(said: _Said) -> _Said:
    return _ruled(said, OF_LIMITS)


def _ruled(said: _Said, rules: _Rules) -> _Said:
    """The settings as they are kept. None stands for one that isn't there, and breaks no rule."""
    return {name: value if value is None or name not in rules else rules[name](value) for name, value in said.items()}


def _whole(value: int | float) -> int:
    """To a JSON Schema 10.0 is a whole number, to the models it is none."""
    if isinstance(value, int):
        return value
    raise _UnsureError


def _ascii(text: str) -> str:
    """Its pattern speaks of spaces, and of those beyond ASCII not every reader of patterns has the same idea."""
    if text.isascii():
        return text
    raise _UnsureError


# The settings of which more is to be known than the schema tells.
OF_WORKSPACE: Final[_Rules] = {
    "url": checked_url,
    "api_key_keyring": checked_entry,
    "management_key_keyring": checked_entry,
    "limits": _limits,
    "timeout": float,
    "login_wait": float,
    "publish_to": _ascii,
}
OF_LIMITS: Final[_Rules] = {
    "updates": checked_share,
    "archives": checked_share,
    "minimum": _whole,
}
