"""What goes wrong in the emulator: answers that are errors, and databases that can't be used."""

from __future__ import annotations


class ApiError(Exception):
    """An answer that is an error: the HTTP status and the message of its body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class UnusableDatabaseError(Exception):
    """The database file can't be opened, is damaged, or belongs to something else. It's left as it is."""


def bad_request(message: str) -> ApiError:
    """400: the request breaks a rule of the API, named by ``message``."""
    return ApiError(400, message)


def not_found(message: str = "Resource not found") -> ApiError:
    """404: there is no such thing, or it is hidden."""
    return ApiError(404, message)


def conflict(message: str) -> ApiError:
    """409: the state of the preset doesn't allow the operation."""
    return ApiError(409, message)
