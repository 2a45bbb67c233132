"""Inventories for people and for machines."""

from __future__ import annotations

import json

import pytest

from presetctl.domain.change import ABSENT, FieldChange
from presetctl.domain.history import Commit
from presetctl.domain.preset import Content, Preset
from presetctl.domain.problem import Location
from presetctl.domain.state import Status, Version
from presetctl.inventory import Row, Standing
from presetctl.report.inventory import commit_text, inventory_document, inventory_text, summary
from presetctl.report.json import as_text
from presetctl.report.text import Style
from tests.unit.report.examples import HOSTILE
from tests.unit.report.test_json import validator

COMMIT = Commit("c" * 40, "2026-04-20T10:00:00Z", "Ada", "Calm the tone (#12)", 12)


def preset(slug: str) -> Preset:
    return Preset(slug, "openrouter/messages", Content("p", {}), Location(f"presets/{slug}.yaml"))


def fields(*names: str) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(("config", name), ABSENT, 1) for name in names)


def version(number: int = 3, created_at: str = "2026-04-20T10:00:00Z") -> Version:
    return Version("id", number, Content(None, {}), created_at)


def hostile() -> list[Row]:
    bad = Preset(HOSTILE, HOSTILE, Content(HOSTILE, {}), Location(HOSTILE))
    commit = Commit(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1)
    return [Row(HOSTILE, Standing.DRIFTED, Status.UNKNOWN, bad, version(1, HOSTILE), fields(HOSTILE), commit)]


ROWS = [
    Row("a", Standing.IN_SYNC, Status.ACTIVE, preset("a"), version()),
    Row("b", Standing.PENDING, Status.DISABLED, preset("b"), version(12, ""), fields("model"), COMMIT),
    Row("but", Standing.IN_SYNC, Status.ACTIVE, preset("but"), version(), fields("seed")),
    Row("long-one", Standing.PENDING, None, preset("long-one")),
    Row("many", Standing.DRIFTED, Status.ACTIVE, preset("many"), version(), fields(*"vwxyz")),
    Row("once", Standing.ORPHANED, Status.ACTIVE),
    Row("theirs", Standing.UNMANAGED, Status.ACTIVE),
    Row("gone", Standing.ARCHIVED, Status.ARCHIVED, preset("gone")),
]


def test_a_table() -> None:
    assert (
        inventory_text(ROWS, "production", Style())
        == """\
Workspace production

SLUG      KIND                 VERSION  SINCE                 STATE
a         openrouter/messages  3        2026-04-20T10:00:00Z  in sync
b         openrouter/messages  12       -                     pending (config.model), disabled, live from cccccccccccc \
Calm the tone (#12)
but       openrouter/messages  3        2026-04-20T10:00:00Z  in sync (but for config.seed: not kept there)
long-one  openrouter/messages  -        -                     pending (not in the workspace yet)
many      openrouter/messages  3        2026-04-20T10:00:00Z  drifted (config.v, config.w, config.x and 2 more)
once      -                    -        -                     orphaned
theirs    -                    -        -                     unmanaged
gone      openrouter/messages  -        -                     archived

8 presets: 2 in sync, 2 pending, 1 drifted, 1 orphaned, 1 unmanaged, 1 archived."""
    )


def test_nothing() -> None:
    assert summary([]) == "No presets."
    assert inventory_text([], "one", Style()).endswith("STATE\n\nNo presets.")


def test_what_history_could_not_tell_is_said() -> None:
    assert "\n! this clone is shallow\n1 preset: 1 in sync." in inventory_text(
        ROWS[:1], "one", Style(), ["this clone is shallow"]
    )


def test_colours_mark_the_state_alone() -> None:
    assert "  \x1b[32min sync\x1b[0m" in inventory_text(ROWS, "one", Style(colour=True))


@pytest.mark.parametrize(
    ("commit", "text"),
    [
        (COMMIT, "cccccccccccc Calm the tone (#12)"),
        (Commit("a" * 40, "", "", "Calm", 7), "aaaaaaaaaaaa #7 Calm"),
        (Commit("a" * 40, "", "", "x" * 60 + " (#7)", 7), "aaaaaaaaaaaa #7 " + "x" * 59 + "…"),
        (Commit("a" * 40, "", "", "x" * 60), "aaaaaaaaaaaa " + "x" * 60),
        (Commit("a" * 40, "", "", "x" * 61), "aaaaaaaaaaaa " + "x" * 59 + "…"),
        (Commit("a" * 40, "", "", ""), "aaaaaaaaaaaa"),
        (Commit("a" * 40, "", "", "Calm", elsewhere=True), "aaaaaaaaaaaa Calm (on another branch)"),
    ],
)
def test_a_commit(commit: Commit, text: str) -> None:
    assert commit_text(commit) == text


@pytest.mark.parametrize("rows", [[], ROWS, hostile()])
def test_documents_keep_to_their_schema_and_are_harmless(rows: list[Row]) -> None:
    document = inventory_document(rows, "one", ["a limit"])
    validator("list").validate(document)
    text = as_text(document)
    assert json.loads(text) == document
    assert text.isascii()
    assert "##[" not in text


def test_hostile_text_is_harmless() -> None:
    text = inventory_text(hostile(), "one", Style(), [HOSTILE])
    assert not [character for character in text if ord(character) < 32 and character != "\n"]
    assert "\u202e" not in text
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
    assert len(text.split("\n")) == 7
