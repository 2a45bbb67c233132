"""The routes by which an admin lays something over the server's configuration.

The test server that the scenario runs against has none of them: they follow what was observed on a whole server of
version 0.8.7, and its source. Nothing that is written is checked, and what belongs to a role's permissions or to the
file alone is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.wrappers import Response

from presetctl.emulator.jsontext import Json
from presetctl.emulator.librechat.configs import PRIORITY, Configs, WriteError
from presetctl.emulator.librechat.presets import Document, replied
from presetctl.emulator.librechat.replies import Refused, document, message

_PRINCIPALS = ("user", "group", "role", "public")
_MOST_ENTRIES = 100
_UNSAFE = frozenset({"__proto__", "constructor", "prototype"})
_FILE_ONLY = "filters"
_PERMISSIONS = {
    "prompts", "agents", "bookmarks", "memories", "multiConvo", "temporaryChat", "runCode", "webSearch", "fileSearch",
    "fileCitations", "peoplePicker", "marketplace", "mcpServers", "remoteAgents", "skills", "sharedLinks", "schedules",
}  # fmt: skip
_PERMISSION_PARTS = ("use", "create", "share", "public", "users", "groups", "roles", "configureObo")
_HIDDEN = frozenset({"promptPrefix", "instructions", "additional_instructions", "system", "context", "examples"})


class AdminRoutes:
    """Everything below /api/admin/config, for somebody who may call it."""

    def __init__(self, configs: Configs) -> None:
        self._configs = configs

    def answer(self, method: str, steps: Sequence[str], body: Mapping[str, Json]) -> Response:
        """The answer to a call of the path whose ``steps`` follow /api/admin/config."""
        match method, [*(step.lower() if index == 2 else step for index, step in enumerate(steps))]:
            case "GET", []:
                return document(200, {"configs": [*self._configs.list()]})
            case "GET", [base] if base.lower() == "base":
                return document(200, {"config": {}})
            case "GET", [kind, name]:
                found = self._configs.find(_checked(kind), name)
                return _error(404, "Config not found") if found is None else document(200, {"config": found})
            case "PUT", [kind, name]:
                return self._put(_checked(kind), name, body)
            case "DELETE", [kind, name]:
                gone = self._configs.delete(_checked(kind), name)
                return document(200, {"success": True}) if gone else _error(404, "Config not found")
            case "PATCH", [kind, name, "fields"]:
                return self._patch(_checked(kind), name, body)
        return message(404, "Endpoint not found")

    def _put(self, kind: str, name: str, body: Mapping[str, Json]) -> Response:
        overrides, priority = body.get("overrides"), body.get("priority")
        if not isinstance(overrides, dict):
            return _error(400, "overrides must be a plain object")
        _check_priority(priority)
        kept = _without_permissions(overrides)
        if not kept and priority is None:
            return document(200, {"message": "No actionable override sections provided"})
        stored = self._configs.put(kind, name, kept, PRIORITY if priority is None else priority)
        return document(201 if stored["configVersion"] == 1 else 200, {"config": _written(stored)})

    def _patch(self, kind: str, name: str, body: Mapping[str, Json]) -> Response:
        entries, priority = body.get("entries"), body.get("priority")
        _check_priority(priority)
        if not isinstance(entries, list) or not entries:
            return _error(400, "entries array is required and must not be empty")
        if len(entries) > _MOST_ENTRIES:
            return _error(400, f"entries array exceeds maximum of {_MOST_ENTRIES}")
        fields = _fields(entries)
        if not fields:
            return document(200, {"message": "No actionable field entries provided"})
        try:
            stored = self._configs.patch(kind, name, fields, priority)
        except WriteError:
            return _error(500, "Failed to patch config fields")
        return document(200, {"config": _written(stored)})


def startup(merged: Mapping[str, Json]) -> Document:
    """What a browser is told when it starts: the model specs, without what their prompts say."""
    specs = merged.get("modelSpecs")
    listed = specs.get("list") if isinstance(specs, dict) else None
    if not isinstance(specs, dict) or not isinstance(listed, list) or not listed:
        return {"appTitle": "LibreChat"}
    return {"appTitle": "LibreChat", "modelSpecs": {**specs, "list": [_shown(each) for each in listed]}}


def _shown(spec: Json) -> Json:
    preset = spec.get("preset") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(preset, dict):
        return spec
    return spec | {"preset": {key: value for key, value in preset.items() if key not in _HIDDEN}}


def _error(status: int, text: str) -> Response:
    return document(status, {"error": text})


def _checked(kind: str) -> str:
    if kind not in _PRINCIPALS:
        raise Refused(_error(400, f"Invalid principalType: {kind}"))
    return kind


def _check_priority(priority: Json) -> None:
    if priority is None or (isinstance(priority, int | float) and not isinstance(priority, bool) and priority >= 0):
        return
    raise Refused(_error(400, "priority must be a non-negative number"))


def _written(stored: Document) -> Document:
    return {key: value for key, value in ((key, replied(value)) for key, value in stored.items()) if value != {}}


def _without_permissions(overrides: Mapping[str, Any]) -> Document:
    kept = {key: value for key, value in overrides.items() if key != _FILE_ONLY}
    interface = overrides.get("interface")
    if isinstance(interface, dict):
        del kept["interface"]
        fields = {key: _beside_permissions(key, value) for key, value in interface.items()}
        left = {key: value for key, value in fields.items() if value is not None or key not in _PERMISSIONS}
        kept |= {"interface": left} if left else {}
    return kept


def _beside_permissions(field: str, value: Any) -> Any:
    if field not in _PERMISSIONS:
        return value
    parts = value.items() if isinstance(value, dict) else ()
    return {key: part for key, part in parts if key not in _PERMISSION_PARTS} or None


def _fields(entries: Sequence[Any]) -> Document:
    """The entries that count, by path. Refused for one that is none, or comes twice."""
    named = [(_path(entry), entry.get("value")) for entry in entries]
    fields: Document = {}
    for path, value in named:
        if _is_dropped(path.split(".")):
            continue
        if path in fields:
            raise Refused(_error(400, f"Duplicate fieldPath: {path}"))
        fields[path] = value
    return fields


def _path(entry: Any) -> str:
    path = entry.get("fieldPath") if isinstance(entry, dict) else None
    if isinstance(path, str) and path and not _UNSAFE & set(path.split(".")):
        return path
    raise Refused(_error(400, f"Invalid or unsafe field path: {path if isinstance(path, str) else 'undefined'}"))


def _is_dropped(steps: Sequence[str]) -> bool:
    if steps[0] == _FILE_ONLY:
        return True
    if steps[0] != "interface" or len(steps) < 2 or steps[1] not in _PERMISSIONS:
        return False
    return len(steps) == 2 or steps[2] in _PERMISSION_PARTS
