"""The emulator as a WSGI application."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from presetctl.emulator.access import DEFAULT_WORKSPACE, Access, KeyGrant
from presetctl.emulator.application import Application
from presetctl.emulator.database import Database
from presetctl.emulator.errors import ApiError, UnusableDatabaseError
from presetctl.emulator.faults import Fault, error_response
from presetctl.emulator.jsontext import Json, dump
from presetctl.emulator.operations import BODY_LIMIT, ROUTES, Emulated
from presetctl.emulator.persist import Content
from presetctl.emulator.store import Clock, MakeId, SavePolicy, Store, random_id, utc_now
from presetctl.emulator.switches import Switches

__all__ = ["DEFAULT_WORKSPACE", "Emulator", "Fault", "KeyGrant", "UnusableDatabaseError", "create_app"]


def create_app(
    database: str | os.PathLike[str] = ":memory:",
    *,
    keys: Sequence[KeyGrant] = (),
    switches: Switches = Switches(),
    clock: Clock = utc_now,
    make_id: MakeId = random_id,
) -> Emulator:
    """An emulator on the SQLite file ``database``, which is made if it doesn't exist. Close it after use.

    ``keys`` says which keys there are; without any, every key opens the default workspace and may do everything.
    ``clock`` and ``make_id`` make timestamps and ids predictable.
    Errors: UnusableDatabaseError; ValueError if one key is given twice.
    """
    access = Access(keys)
    return Emulator(Emulated(Store(Database(database), clock, make_id), access, switches))


class Emulator(Application):
    """A WSGI application with OpenRouter's presets operations, for any number of threads.

    The ``dashboard_`` methods do what only a person at the provider's website can do.
    """

    def __init__(self, emulated: Emulated) -> None:
        super().__init__()
        self._emulated = emulated

    def close(self) -> None:
        """Closes the database. More than once does no harm."""
        self._emulated.store.close()

    @property
    def workspaces(self) -> Mapping[str, str]:
        """The name of every workspace and its id."""
        return self._emulated.access.workspaces

    def dashboard_save(
        self, workspace: str, slug: str, config: Mapping[str, Any], system_prompt: str | None = None
    ) -> dict[str, Json]:
        """Saves a new version with any config, also fields that no request can carry. Gives the preset."""
        content = Content(dict(config), system_prompt)
        return self._emulated.store.save(self.workspaces[workspace], slug, content, SavePolicy())

    def dashboard_set_status(
        self, workspace: str, slug: str, status: Literal["active", "disabled", "archived"]
    ) -> None:
        """Gives a preset another status. ApiError 404 if there is no such preset."""
        self._emulated.store.set_status(self.workspaces[workspace], slug, status)

    def dashboard_designate(self, workspace: str, slug: str, version: int) -> None:
        """Designates a version, not necessarily the latest. ApiError 404 if there is no such version."""
        self._emulated.store.designate(self.workspaces[workspace], slug, version)

    def _handle(self, request: Request) -> Response:
        try:
            operation, path = ROUTES.bind("emulator").match(request.path, request.method)
            document = operation(self._emulated, request, path)
        except ApiError as error:
            return error_response(error.status, error.message)
        except HTTPException as error:
            return _refusal(error)
        except sqlite3.Error as error:
            return _database_failure(error)
        return Response(dump(document), 200, content_type="application/json")


def _refusal(error: HTTPException) -> Response:
    """What werkzeug found wrong before an operation could look at it, in the API's shape."""
    match error:
        case NotFound():
            return error_response(404, "Resource not found")
        case MethodNotAllowed():
            return error_response(405, "Method not allowed", {"Allow": ", ".join(error.valid_methods or ())})
        case RequestEntityTooLarge():
            return error_response(413, f"Request body is larger than {BODY_LIMIT} bytes")
        case _:
            return error_response(400, "Request body is incomplete")


def _database_failure(error: sqlite3.Error) -> Response:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return error_response(503, "Service temporarily unavailable")
    return error_response(500, "Internal Server Error")
