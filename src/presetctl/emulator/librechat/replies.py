"""Answers in the two forms that the server has: JSON, and text that says it is HTML."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from presetctl.emulator.jsontext import Json, dump


class Refused(Exception):  # noqa: N818 - an answer, not a fault of this program
    """The request ends here, with ``response``."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def document(status: int, value: Json, headers: Mapping[str, str] | None = None) -> Response:
    """``value`` as JSON."""
    return Response(dump(value), status, headers, content_type="application/json; charset=utf-8")


def message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """The JSON object with a message that most refusals are."""
    return document(status, {"message": text}, headers)


def plain(status: int, text: str) -> Response:
    """Text, which the server sends as HTML."""
    return Response(text, status, content_type="text/html; charset=utf-8")
