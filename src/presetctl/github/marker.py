"""The hidden first line of what presetctl writes on GitHub: JSON in an HTML comment, for presetctl alone.

It counts only at the very start of a text, where nothing from a file or a workspace ever stands, and only in texts of
the right author.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from presetctl.domain.strict_json import JsonError, parse_json
from presetctl.domain.values import JsonObject
from presetctl.report.json import as_text, header

MAX_MARK_CHARACTERS = 4096
_LINE = re.compile(r"<!-- presetctl (\{[^<>\r\n]*\}) -->(?=\r?\n|\Z)")
_ESCAPED = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>@&"})


class About(StrEnum):
    """What a text is about."""

    PLAN = "plan"
    DRIFT = "drift"
    SUPERSEDED = "superseded"
    STALE = "stale"


class Mark(BaseModel):
    """What every marker says."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)

    workspace: str


class PlanMark(Mark):
    """Of a comment with a plan.

    ``head`` is the commit that the pull request had then, ``commit`` the one that was checked out. ``trusted`` says
    that the plan was made by a run of the repository itself, and not of a fork.
    """

    about: Literal["plan"] = "plan"
    fingerprint: str
    changed: bool
    offline: bool
    trusted: bool
    head: str | None
    commit: str | None
    run_id: int | None
    artifact: str | None


class DriftMark(Mark):
    """Of an issue about drift. ``digest`` is equal as long as the drift is the same; empty where there is none."""

    about: Literal["drift"] = "drift"
    digest: str


class SupersededMark(Mark):
    """Of a comment that another one took the place of."""

    about: Literal["superseded"] = "superseded"


class StaleMark(Mark):
    """Of a comment that says that the approved plan no longer holds."""

    about: Literal["stale"] = "stale"


_Mark = TypeVar("_Mark", bound=Mark)


def marked(mark: Mark) -> str:
    """The line for ``mark``: nothing in it ends the HTML comment, mentions anybody, or stands on another line."""
    text = as_text({**header(), **mark.model_dump()}, indent=None).translate(_ESCAPED).replace("--", "-\\u002d")
    return f"<!-- presetctl {text} -->"


def read_mark(text: str, kind: type[_Mark]) -> _Mark | None:
    """The marker that a text starts with; None where it has none of this kind."""
    document = _document(text)
    if document is None or document.get("about") != kind.model_fields["about"].default:
        return None
    try:
        return kind.model_validate(document)
    except ValidationError:
        return None


def _document(text: str) -> JsonObject | None:
    line = _LINE.match(text, 0, MAX_MARK_CHARACTERS)
    try:
        found = None if line is None else parse_json(line[1].encode(), what="the marker")
    except (JsonError, UnicodeEncodeError):
        return None
    return found if isinstance(found, dict) else None
