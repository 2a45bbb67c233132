"""The operations of the API: each takes a request and gives the document of its answer, or raises ApiError."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from presetctl.emulator.access import Access, Caller
from presetctl.emulator.catalogue import models
from presetctl.emulator.checks import number
from presetctl.emulator.errors import ApiError, bad_request, not_found
from presetctl.emulator.jsontext import Json, parse_object
from presetctl.emulator.persist import content_of
from presetctl.emulator.rules import REQUESTS
from presetctl.emulator.store import Page, SavePolicy, Store
from presetctl.emulator.switches import Switches

BASE = "/api/v1"
BODY_LIMIT = 4 * 1024 * 1024

_SLUG = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class Emulated:
    """What the operations work on."""

    store: Store
    access: Access
    switches: Switches


Document: TypeAlias = dict[str, Json]
Operation: TypeAlias = Callable[[Emulated, Request, Mapping[str, str]], Document]


def list_models(_emulated: Emulated, _request: Request, _path: Mapping[str, str]) -> Document:
    """GET /models, which needs no key."""
    return {"data": models()}


def read_key(emulated: Emulated, request: Request, _path: Mapping[str, str]) -> Document:
    """GET /key: what the key of the request opens."""
    caller = _caller(emulated, request)
    is_management = caller.role == "management"
    return {
        "data": {
            "label": f"emulator ({caller.role} key)",
            "workspace_id": caller.workspace,
            "organization_id": None,
            "is_management_key": is_management,
            "is_provisioning_key": is_management,
            "is_free_tier": False,
            "limit": None,
            "limit_remaining": None,
            "limit_reset": None,
            "include_byok_in_limit": False,
            **dict.fromkeys(_USAGE, 0),
            "expires_at": None,
            "rate_limit": {"requests": -1, "interval": "10s", "note": "This field is deprecated."},
        }
    }


_USAGE = tuple(f"{kind}{span}" for kind in ("usage", "byok_usage") for span in ("", "_daily", "_weekly", "_monthly"))


def list_presets(emulated: Emulated, request: Request, _path: Mapping[str, str]) -> Document:
    """GET /presets."""
    caller = _caller(emulated, request)
    archived = emulated.switches.archived_rows == "listed"
    return emulated.store.presets(caller.workspace, _page(request), archived=archived)


def get_preset(emulated: Emulated, request: Request, path: Mapping[str, str]) -> Document:
    """GET /presets/{slug}."""
    caller = _caller(emulated, request)
    return {"data": emulated.store.preset(caller.workspace, _slug(path))}


def list_versions(emulated: Emulated, request: Request, path: Mapping[str, str]) -> Document:
    """GET /presets/{slug}/versions."""
    caller = _caller(emulated, request)
    return emulated.store.versions(caller.workspace, _slug(path), _page(request))


def get_version(emulated: Emulated, request: Request, path: Mapping[str, str]) -> Document:
    """GET /presets/{slug}/versions/{version}."""
    caller = _caller(emulated, request)
    slug, wanted = _slug(path), path["version"]
    return {"data": emulated.store.version(caller.workspace, slug, _integer("version", wanted, 1))}


def save_preset(emulated: Emulated, request: Request, path: Mapping[str, str]) -> Document:
    """POST /presets/{slug}/{request kind}."""
    caller = _caller(emulated, request)
    if not caller.may_write:
        raise ApiError(403, "This key may only read")
    slug = _slug(path)
    switches = emulated.switches
    content = content_of(path["kind"], _json_body(request), switches)
    policy = SavePolicy(
        revive_archived=switches.post_to_archived == "revive",
        skip_identical=switches.identical_post == "unchanged",
    )
    return {"data": emulated.store.save(caller.workspace, slug, content, policy)}


def archive_preset(emulated: Emulated, request: Request, path: Mapping[str, str]) -> Document:
    """DELETE /presets/{slug}."""
    workspace = _archive_workspace(emulated, request)
    return {"data": emulated.store.archive(workspace, _slug(path))}


def restore_preset(emulated: Emulated, request: Request, path: Mapping[str, str]) -> Document:
    """POST /presets/{slug}/restore."""
    workspace = _archive_workspace(emulated, request)
    return {"data": emulated.store.restore(workspace, _slug(path))}


def _caller(emulated: Emulated, request: Request) -> Caller:
    return emulated.access.caller(request.headers.get("Authorization"))


def _archive_workspace(emulated: Emulated, request: Request) -> str:
    """Where to archive or restore: what ``workspace_id`` in the query or the body says, else the key's workspace."""
    caller = _caller(emulated, request)
    if emulated.switches.archive == "missing":
        raise not_found()
    if not caller.may_archive:
        raise ApiError(403, "Only management keys can perform this operation")
    body = _body(request)
    in_body = parse_object(body).get("workspace_id") if body else None
    wanted = {str(value) for value in (request.args.get("workspace_id"), in_body) if value is not None}
    if len(wanted) > 1:
        raise bad_request("workspace_id: query and body disagree")
    return emulated.access.named(wanted.pop()) if wanted else caller.workspace


def _slug(path: Mapping[str, str]) -> str:
    slug = path["slug"]
    if not _SLUG.fullmatch(slug):
        raise bad_request("slug: Invalid string: must be URL-safe and at most 128 characters long")
    return slug


def _page(request: Request) -> Page:
    offset, limit = request.args.get("offset", "0"), request.args.get("limit", "50")
    return Page(_integer("offset", offset, 0), _integer("limit", limit, 1, 100))


def _integer(name: str, text: str, low: int, high: int | None = None) -> int:
    if not _INTEGER.fullmatch(text):
        raise bad_request(f"{name}: Invalid input: expected int, received NaN")
    value = int(text)
    for fault in number(low, high)(name, value):
        raise bad_request(fault)
    return value


def _json_body(request: Request) -> dict[str, Json]:
    if not request.is_json:
        raise bad_request("Content-Type must be application/json")
    return parse_object(_body(request))


def _body(request: Request) -> bytes:
    request.max_content_length = BODY_LIMIT
    return request.get_data(cache=False)


def _rules() -> list[Rule]:
    preset = f"{BASE}/presets/<slug>"
    return [
        _rule("GET", f"{BASE}/models", list_models),
        _rule("GET", f"{BASE}/key", read_key),
        _rule("GET", f"{BASE}/presets", list_presets),
        _rule("GET", preset, get_preset),
        _rule("DELETE", preset, archive_preset),
        _rule("POST", f"{preset}/restore", restore_preset),
        _rule("GET", f"{preset}/versions", list_versions),
        _rule("GET", f"{preset}/versions/<version>", get_version),
        *(_rule("POST", f"{preset}/{kind}", save_preset, kind) for kind in REQUESTS),
    ]


def _rule(method: str, path: str, operation: Operation, kind: str | None = None) -> Rule:
    return Rule(path, methods=[method], endpoint=operation, defaults={"kind": kind} if kind else None)


ROUTES = Map(_rules(), merge_slashes=False, redirect_defaults=False)
