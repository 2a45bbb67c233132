"""The versions of a preset, for people and for machines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from presetctl.domain.history import Commit, VersionHistory, VersionRecord
from presetctl.domain.preset import Content
from presetctl.domain.state import Version
from presetctl.report.history import history_document, history_text
from presetctl.report.json import as_text
from presetctl.report.text import Style
from tests.unit.report.examples import HOSTILE, field
from tests.unit.report.test_json import validator

COMMIT = Commit("c" * 40, "2026-04-20T10:00:00Z", "Ada", "Start")
NOTHING = Content(None, {})
FIELDS = (field(("config", "temperature"), 0.5, 0.7), field(("system_prompt",), "Be kind.\n\nx", "Be calm.\n\nx"))
MAIL = VersionHistory(
    "mail",
    "one",
    (
        VersionRecord(Version("v1", 1, NOTHING, "2026-04-20T10:01:00Z", "ada"), False, COMMIT),
        VersionRecord(Version("v2", 2, NOTHING, "2026-04-20T10:02:00Z"), True, None, FIELDS),
        VersionRecord(Version("v3", 3, NOTHING), False, replace(COMMIT, pull_request=7)),
    ),
)
EMPTY = VersionHistory("mail", "one", (), ("no git",))
BAD = VersionRecord(
    Version(HOSTILE, 1, NOTHING, HOSTILE, HOSTILE),
    True,
    Commit(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1),
    (field(("config", HOSTILE), HOSTILE, [HOSTILE]), field(("system_prompt",), None, HOSTILE)),
)
HOSTILE_HISTORY = VersionHistory(HOSTILE, "one", (BAD, replace(BAD, commit=None)), (HOSTILE,))


def test_newest_first_with_commits_and_changes() -> None:
    assert (
        history_text(MAIL, Style())
        == """\
mail  workspace one

version 3
    cccccccccccc #7 Start

version 2  2026-04-20T10:02:00Z  live
    edited outside git
    ~ config.temperature: 0.5 → 0.7
    ~ system_prompt:
        - Be [-kind-].
        + Be {+calm+}.

          x

version 1  2026-04-20T10:01:00Z  by ada
    cccccccccccc Start

3 versions: 2 from commits, 1 edited outside git."""
    )


def test_without_fields() -> None:
    text = history_text(MAIL, Style(), fields=False)
    assert "temperature" not in text
    assert "edited outside git" in text


def test_where_history_has_gaps_nobody_is_blamed() -> None:
    text = history_text(replace(MAIL, limits=("the clone is shallow",)), Style())
    assert "\n    no commit found\n" in text
    assert text.endswith("\n\n! the clone is shallow\n3 versions: 2 from commits, 1 no commit found.")
    assert history_text(EMPTY, Style()).endswith("! no git\nNo versions.")


def test_colours() -> None:
    text = history_text(MAIL, Style(colour=True))
    assert "\x1b[32mlive\x1b[0m" in text
    assert "\x1b[35medited outside git\x1b[0m" in text


@pytest.mark.parametrize("history", [MAIL, EMPTY, HOSTILE_HISTORY])
def test_documents_keep_to_their_schema_and_are_harmless(history: VersionHistory) -> None:
    document = history_document(history)
    validator("history").validate(document)
    text = as_text(document)
    assert json.loads(text) == document
    assert text.isascii()
    assert "##[" not in text


def test_hostile_text_is_harmless() -> None:
    text = history_text(HOSTILE_HISTORY, Style())
    assert not [character for character in text if ord(character) < 32 and character != "\n"]
    assert "\u202e" not in text
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
