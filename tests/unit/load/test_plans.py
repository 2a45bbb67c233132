"""Saved plans: what is read of them, and what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from presetctl.domain.change import Action
from presetctl.domain.errors import InputError, PresetctlError, StaleError, UsageError
from presetctl.load import plans
from presetctl.load.plans import load_plan
from presetctl.plan import fingerprint, moves
from presetctl.report.json import as_text, plan_document, plans_document
from tests.unit.report.examples import change, plan

CHANGES = (
    change("a"), change("b", Action.CREATE, version=None), change("c", Action.NO_OP), change("d", Action.RESTORE)
)  # fmt: skip
MADE = replace(plan(*CHANGES), fingerprint=fingerprint(plan().workspace, CHANGES), chosen=("a", "b"), excluded=("x-*",))


def saved(folder: Path, document: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_what_is_printed_can_be_read_again(tmp_path: Path) -> None:
    found = load_plan(saved(tmp_path, as_text(plan_document(MADE))))
    assert moves(found, MADE) == []
    assert (found.fingerprint, found.chosen, found.excluded) == (MADE.fingerprint, ("a", "b"), ("x-*",))


def test_a_plan_from_before_there_was_a_selection_is_about_everything(tmp_path: Path) -> None:
    document = plan_document(MADE)
    del document["selection"]
    found = load_plan(saved(tmp_path, document))
    assert (found.chosen, found.excluded) == ((), ())


def test_what_can_be_shown_and_not_applied(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="was made of several workspaces, and can't be applied"):
        load_plan(saved(tmp_path, plans_document([MADE, MADE])))
    with pytest.raises(UsageError, match="was made of no workspace"):
        load_plan(saved(tmp_path, plan_document(replace(MADE, offline=True))))


def test_additions_to_the_format_do_no_harm(tmp_path: Path) -> None:
    document = {**plan_document(MADE), "format_version": "1.9", "new": {}}
    assert load_plan(saved(tmp_path, document)).fingerprint == MADE.fingerprint


def test_a_plan_of_another_format_is_stale(tmp_path: Path) -> None:
    path = saved(tmp_path, {"format_version": "2.0" + "x" * 99})
    with pytest.raises(StaleError, match=r"has the plan format 2\.0x{17}, this presetctl writes 1") as raised:
        load_plan(path)
    assert raised.value.hint == "make a new plan"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"fingerprint": None}, "fingerprint"),
        ({"format_version": 1}, "format_version"),
        ({"workspace": "one"}, "workspace"),
        ({"changes": [{}]}, "changes.0.slug"),
        ({"changes": [{"slug": "a", "kind": "k", "action": "destroy"}]}, "changes.0.action"),
        ({"changes": {}}, "changes"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, more: dict[str, Any], named: str) -> None:
    path = saved(tmp_path, {**plan_document(MADE), **more})
    with pytest.raises(InputError, match=f"`{named}` is missing or has another form"):
        load_plan(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "`the document` is missing or has another form"),
        ("null", "`the document`"),
        ("", "the plan is not valid JSON: Expecting value at line 1, column 1"),
        ("{", "not valid JSON"),
        ('{"a": 1, "a": 2}', "an object has a key twice"),
        ("[" * 100_000, "nested more than"),
        ('{"changes": NaN}', "NaN and infinity"),
    ],
)
def test_what_is_no_plan_at_all(tmp_path: Path, text: str, reason: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(InputError, match=f"is not a plan( of format 1)?: .*{reason}") as raised:
        load_plan(path)
    assert raised.value.hint == "`presetctl plan --out FILE` makes one"


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match="not UTF-8 at byte 8"):
        load_plan(path)


def test_a_plan_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, as_text(plan_document(MADE)))
    monkeypatch.setattr(plans, "MAX_PLAN_BYTES", 100)
    with pytest.raises(InputError, match="not a regular file of at most 32 MiB"):
        load_plan(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    reasons = {
        "gone": "can't be read: No such file or directory",
        ".": "can't be read: Is a directory",
        "fifo": "not a regular file",
        "a\0b": "its path is not one",
    }
    for name, reason in reasons.items():
        with pytest.raises(PresetctlError, match=reason) as raised:
            load_plan(tmp_path / name)
        assert raised.value.exit_code == 3
