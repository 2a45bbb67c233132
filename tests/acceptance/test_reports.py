"""``--format`` and ``--report`` of the commands that have results in several formats."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.cli import Shell
from tests.gfm import foreign
from tests.hostile import executed


@pytest.fixture
def project(shell: Shell) -> Shell:
    shell("init")
    return shell


def test_several_reports_at_once(project: Shell) -> None:
    ran = project("plan", "--report", "markdown=out.md", "--report", "json=out.json", "--report", "human=out.txt")
    files = {name: (project.folder / name).read_text(encoding="utf-8") for name in ("out.md", "out.json", "out.txt")}
    assert files["out.txt"] == ran.out
    assert files["out.json"] == project("plan", "--format", "json").out
    assert files["out.md"] == project("plan", "--format", "markdown").out
    assert files["out.md"].startswith("### Plan for `local`\n\nApplying this creates 1 preset in `local`.\n")
    assert ran.err.count("The report is in ") == 3


def test_a_saved_plan_has_the_same_reports(project: Shell) -> None:
    shown = project("plan", "--format", "markdown", "--out", "plan.json").out
    assert project("show", "plan.json", "--format", "markdown").out == shown
    project("show", "plan.json", "--report", "markdown=again.md")
    assert (project.folder / "again.md").read_text(encoding="utf-8") == shown


def test_all_workspaces_are_in_one_report(project: Shell) -> None:
    project.replace("presetctl.yaml", "workspaces:", "workspaces:\n  other: {provider: openrouter, url: embedded}")
    shown = project("plan", "--all-workspaces", "--format", "markdown", "--report", "json=out.json").out
    assert [f"### Plan for `{name}`" in shown for name in ("local", "other")] == [True, True]
    assert foreign(shown) == []
    assert len(json.loads((project.folder / "out.json").read_text(encoding="utf-8"))["plans"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--report", "xml=out"], "--report takes FORMAT=FILE, and not xml=out"),
        (["--report", "json"], "--report takes FORMAT=FILE, and not json"),
        (["--report", "json="], "--report takes FORMAT=FILE, and not json="),
        (["--report", "json=a", "--report", "human=./a"], "two reports can't both be in a"),
        (["--out", "a", "--report", "human=./a"], "--out and --report can't both be in a"),
    ],
)
def test_reports_that_are_not_possible(project: Shell, words: list[str], said: str) -> None:
    assert said in project("plan", *words, code=64).err
    assert not (project.folder / "a").exists()


def test_a_report_that_cannot_be_written(project: Shell) -> None:
    ran = project("plan", "--report", "json=no/such/folder.json", code=1)
    assert "no/such/folder.json can't be written" in ran.err
    assert ran.out == ""


def test_a_preset_has_no_markdown(project: Shell) -> None:
    for words in (["--format", "markdown"], ["--report", "markdown=a.md"]):
        assert "a preset has no format markdown" in project("show", "example", *words, code=64).err
    project("show", "example", "--report", "json=a.json")
    assert (project.folder / "a.json").read_text() == project("show", "example", "--format", "json").out


def test_a_cut_report_says_where_the_whole_of_it_is(project: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = "".join(f"    {number} {'x' * 80}\n" for number in range(1_000))
    project.write("presets/long.yaml", f"system_prompt: |\n{prompt}config: {{model: a/b}}\n")
    assert project("plan", "--format", "markdown").out.endswith("shortened here. `presetctl plan` shows all of it.\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/dev/null")
    assert project("plan", "--format", "markdown").out.endswith("The job summary has all of it.\n")


def test_what_validate_finds_in_every_format(project: Shell) -> None:
    project.replace("presets/example.yaml", "temperature", "temprature")
    names = {"sarif": "out.sarif", "junit": "out.xml", "json": "out.json", "human": "out.txt"}
    reports = [word for form, name in names.items() for word in ("--report", f"{form}={name}")]
    log = project("validate", "--format", "github", *reports, code=3).out
    written = {form: (project.folder / name).read_text(encoding="utf-8") for form, name in names.items()}
    for form, text in written.items():
        assert project("validate", "--format", form, code=3).out == text
    (result,) = json.loads(written["sarif"])["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 7
    assert '<testsuite name="presetctl validate" tests="1" failures="1"' in written["junit"]
    assert [line.partition(",")[0] for line in executed(log)] == ["::error file=presets/example.yaml"]
    assert "presets/example.yaml:7:3: error:" in log
    assert log.endswith("1 file checked: 1 error.\n")


@pytest.mark.parametrize("form", ["sarif", "junit", "github"])
def test_a_project_file_that_is_not_valid_is_reported_too(project: Shell, form: str) -> None:
    project.write("presetctl.yaml", "version: 1\nworkspaces: {}\n")
    ran = project("validate", "--format", form, code=3)
    assert "presetctl.yaml" in ran.out
    human = project("validate", "--report", f"{form}=out", code=3)
    assert human.err.startswith("The report is in out.\npresetctl.yaml:2:")
    assert "presetctl.yaml" in (project.folder / "out").read_text(encoding="utf-8")


def test_no_project_is_no_finding(shell: Shell) -> None:
    assert "no presetctl.yaml" in shell("validate", "--format", "sarif", code=3).err


def test_what_became_of_an_apply_in_every_format(project: Shell) -> None:
    names = {"markdown": "out.md", "html": "out.html", "json": "out.json", "human": "out.txt"}
    reports = [word for form, name in names.items() for word in ("--report", f"{form}={name}")]
    ran = project("apply", "--yes", *reports)
    written = {form: (project.folder / name).read_text(encoding="utf-8") for form, name in names.items()}
    assert written["human"] == ran.out
    assert json.loads(written["json"])["outcomes"][0]["result"] == "applied"
    assert written["markdown"].startswith("### Apply to `local`\n\nApplied 1 of 1 change to `local`.\n")
    assert "| `example` | create | 1 | applied |" in written["markdown"]
    assert "<title>Apply to local</title>" in written["html"]
    assert foreign(written["markdown"]) == []
    project("apply", "--yes", *reports)
    again = (project.folder / "out.md").read_text(encoding="utf-8")
    assert again.startswith("### Apply to `local`\n\nNothing would change in `local`: 1 preset as declared.\n")


def test_nothing_is_applied_where_the_report_has_no_place(project: Shell) -> None:
    for place in ("no/such/folder.md", "presets"):
        assert "can't be written" in project("apply", "--yes", "--report", f"markdown={place}", code=64).err
    assert "1 to create" in project("plan").out
