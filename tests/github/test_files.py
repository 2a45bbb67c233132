"""``presetctl ci summary`` and ``presetctl ci outputs``: what the runner reads from files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from presetctl.domain.values import Json
from tests.acceptance.cli import Shell
from tests.gfm import foreign
from tests.github.plans import changing, quiet, save, sealed
from tests.hostile import EVERY
from tests.unit.report.examples import hostile_plan, said_everywhere

MIB = 1024 * 1024


@pytest.fixture
def summary(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = shell.folder / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


@pytest.fixture
def outputs(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = shell.folder / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(path))
    return path


def read(path: Path) -> dict[str, str]:
    """What the runner makes of the file: every value stands between two lines with its delimiter."""
    found: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").split("\n")[:-1])
    for line in lines:
        name, mark, delimiter = line.partition("<<")
        assert mark, line
        value = []
        while (part := next(lines)) != delimiter:
            value.append(part)
        found[name] = "\n".join(value)
    return found


def test_a_summary_has_all_plans_and_is_added_to(shell: Shell, summary: Path) -> None:
    summary.write_text("# Before\n\n")
    save(shell, changing(), changing(workspace="staging"))
    ran = shell("ci", "summary", "plan.json", save(shell, quiet("other"), name="second.json"))
    text = summary.read_text()
    assert [text.count(f"### Plan for `{name}`") for name in ("production", "staging", "other")] == [1, 1, 1]
    assert text.startswith("# Before\n\n### Plan")
    assert text.endswith("\n\n")
    assert ran.out + ran.err == ""


@pytest.mark.parametrize("character", ["한"])
def test_a_summary_is_never_too_large(shell: Shell, summary: Path, character: str) -> None:
    made = hostile_plan()
    change = replace(made.changes[0], fields=tuple(replace(f, after=character * 400) for f in made.changes[0].fields))
    plan = sealed(made, *(replace(change, slug=f"slug-{n}") for n in range(200)))
    shell("ci", "summary", save(shell, plan))
    first = summary.stat().st_size
    assert 50_000 < first <= MIB
    summary.write_bytes(b"x" * (MIB - 3000))
    shell("ci", "summary", "plan.json")
    assert MIB - 3000 < summary.stat().st_size <= MIB
    summary.write_bytes(b"x" * MIB)
    assert "nothing was added" in shell("ci", "summary", "plan.json").err
    assert summary.stat().st_size == MIB


def test_a_hostile_summary(shell: Shell, summary: Path) -> None:
    plans = [sealed(said_everywhere(text)) for text in EVERY]
    shell("ci", "summary", save(shell, *plans))
    assert foreign(summary.read_text(encoding="utf-8")) == []


def test_outputs_of_a_plan(shell: Shell, outputs: Path) -> None:
    plan = changing()
    shell("ci", "outputs", save(shell, plan))
    assert read(outputs) == {
        "changed": "true", "blocked": "false", "stale": "false", "counts": json.dumps(dict(plan.summary)),
        "fingerprint": plan.fingerprint, "plan-path": str((shell.folder / "plan.json").resolve()),
        "changed-slugs": '["mail"]', "failure-reason": "",
    }  # fmt: skip
    shell("ci", "outputs", save(shell, quiet()))
    assert read(outputs)["changed"] == "false", "the last value counts"


def test_outputs_of_several_plans(shell: Shell, outputs: Path) -> None:
    shell("ci", "outputs", save(shell, changing("b"), changing("a", workspace="staging"), quiet("other")))
    found = read(outputs)
    assert (found["changed"], found["fingerprint"], found["changed-slugs"]) == ("true", "", '["a", "b"]')
    assert json.loads(found["counts"])["update"] == 2


def test_every_delimiter_is_another(shell: Shell, outputs: Path) -> None:
    save(shell, changing())
    for _ in range(3):
        shell("ci", "outputs", "plan.json")
    delimiters = {line.partition("<<")[2] for line in outputs.read_text().splitlines() if "<<" in line}
    assert len(delimiters) == 3
    assert all(len(delimiter) >= 32 for delimiter in delimiters)


def test_hostile_outputs(shell: Shell, outputs: Path) -> None:
    made = hostile_plan()
    changes = [replace(made.changes[0], slug=text) for text in EVERY]
    shell("ci", "outputs", save(shell, sealed(made, *changes)))
    assert json.loads(read(outputs)["changed-slugs"]) == sorted(EVERY)
    for text in EVERY:
        shell.write("plan.json", json.dumps(error(3, f"{text}\nchanged<<x\ntrue\nx")))
        shell("ci", "outputs", "plan.json")
        found = read(outputs)
        assert set(found) == set(read(outputs)) >= {"changed", "failure-reason"}
        assert (found["changed"], "\n" in found["failure-reason"]) == ("false", False)


def error(code: int, message: str = "why") -> Json:
    return {
        "format_version": "1.0",
        "error": {"code": code, "name": "x", "message": message, "hint": "", "problems": []},
    }


def test_a_plan_that_apply_would_stop_at_is_blocked(shell: Shell, outputs: Path) -> None:
    plan = replace(changing(), objections=("too much (--allow-updates 4 agrees)",))
    shell("ci", "outputs", save(shell, plan))
    found = read(outputs)
    assert (found["blocked"], found["changed"], found["failure-reason"]) == ("true", "true", "")


@pytest.mark.parametrize(
    ("code", "blocked", "stale"), [(4, "true", "false"), (5, "false", "true"), (7, "false", "false")]
)
def test_outputs_of_commands_that_failed(shell: Shell, outputs: Path, code: int, blocked: str, stale: str) -> None:
    shell.write("failed.json", json.dumps(error(code)))
    shell("ci", "outputs", "failed.json")
    found = read(outputs)
    assert (found["blocked"], found["stale"], found["failure-reason"], found["plan-path"]) == (
        blocked,
        stale,
        "why",
        "",
    )
    shell("ci", "outputs", save(shell, changing()), "--apply", "failed.json")
    found = read(outputs)
    assert (found["blocked"], found["stale"], found["failure-reason"], found["changed"]) == (
        blocked,
        stale,
        "why",
        "true",
    )


@pytest.mark.parametrize(
    ("results", "stale", "reason"),
    [
        ([("a", "applied", ""), ("b", "unchanged", "")], "false", ""),
        ([("a", "conflict", "moved"), ("b", "skipped", "")], "true", "a: conflict: moved"),
        ([("a", "applied", ""), ("b", "conflict", "moved")], "false", "b: conflict: moved"),
        ([("a", "applied", ""), ("b", "not_persisted", "")], "false", "b: not persisted"),
        ([("a", "failed", "refused\nhere"), ("b", "skipped", "")], "false", "a: failed: refused\\nhere"),
    ],
)
def test_outputs_of_an_apply(
    shell: Shell, outputs: Path, results: list[tuple[str, str, str]], stale: str, reason: str
) -> None:
    rows: Json = [{"slug": slug, "result": result, "message": message} for slug, result, message in results]
    shell.write("apply.json", json.dumps({"format_version": "1.0", "outcomes": rows}))
    shell("ci", "outputs", save(shell, changing()), "--apply", "apply.json")
    found = read(outputs)
    assert (found["stale"], found["blocked"], found["failure-reason"]) == (stale, "false", reason)


def test_outputs_of_real_commands(shell: Shell, outputs: Path) -> None:
    shell("init")
    shell.write("plan.json", shell("plan", "--format", "json").out)
    shell.write("apply.json", shell("apply", "--yes", "--format", "json").out)
    shell("ci", "outputs", "plan.json", "--apply", "apply.json")
    found = read(outputs)
    assert (found["changed"], found["failure-reason"], json.loads(found["counts"])["create"]) == ("true", "", 1)
    shell.write("plan.json", shell("plan", "-w", "none", "--format", "json", code=None).out)
    shell("ci", "outputs", "plan.json")
    assert "none" in read(outputs)["failure-reason"]


@pytest.mark.parametrize("words", [["outputs"], ["summary"]])
def test_files_that_cannot_be(shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    variable = {"outputs": "GITHUB_OUTPUT", "summary": "GITHUB_STEP_SUMMARY"}[words[0]]
    save(shell, changing())
    assert f"{variable} is not set" in shell("ci", *words, "plan.json", code=64).err
    for name in (str(shell.folder), str(shell.folder / "no" / "such"), "/dev/null", "\0"):
        monkeypatch.setenv(variable, name) if name != "\0" else None
        shell("ci", *words, "plan.json", code=1)


def test_files_that_are_none(shell: Shell, outputs: Path) -> None:
    save(shell, changing())
    assert "the plan gone.json can't be read" in shell("ci", "outputs", "gone.json", code=3).err
    assert (
        "the apply gone.json can't be read" in shell("ci", "outputs", "plan.json", "--apply", "gone.json", code=3).err
    )
    shell.write("apply.json", "{}")
    assert "not a report of an apply" in shell("ci", "outputs", "plan.json", "--apply", "apply.json", code=3).err
    assert not outputs.exists()
