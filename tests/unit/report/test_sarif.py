"""Problems as SARIF, against its own schema: that of 2.1.0 by OASIS, without the prose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from presetctl import __version__
from presetctl.domain.problem import Problem
from presetctl.report.json import as_text
from presetctl.report.sarif import problems_sarif
from tests.hostile import EVERY, UNREADABLE, acting, commands
from tests.unit.report.examples import MARKDOWN, hostile_problems, problem

SCHEMA = Draft4Validator(json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text(encoding="utf-8")))


def run(*problems: Problem, folder: str = "") -> Any:
    """The one run of the log, which is valid."""
    text = as_text(problems_sarif(problems, folder))
    assert (acting(text), commands(text)) == ([], [])
    log = json.loads(text)
    assert [error.message for error in SCHEMA.iter_errors(log)] == []
    (found,) = log["runs"]
    return found


def message(text: str) -> str:
    shown: str = run(problem(text))["results"][0]["message"]["text"]
    return shown


def test_a_result() -> None:
    made = run(problem("is wrong", suggestion="write y", severity="warning"), problem(rule="b"), folder="sub/")
    result = made["results"][0]
    assert made["tool"]["driver"]["version"] == __version__
    assert [rule["id"] for rule in made["tool"]["driver"]["rules"]] == ["a-rule", "b"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("a-rule", 0, "warning")
    assert made["results"][1]["ruleIndex"] == 1
    assert result["message"] == {"text": "is wrong → write y"}
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "sub/presets/a.yaml"}, "region": {"startLine": 2, "startColumn": 3}}


def test_a_problem_of_a_whole_file_has_no_path() -> None:
    (place,) = run(problem(path=""))["results"][0]["locations"]
    assert "logicalLocations" not in place


def test_nothing_found_is_a_run_without_results() -> None:
    assert run()["results"] == []


def test_a_problem_is_known_again_wherever_its_line_moves() -> None:
    def identities(*problems: Problem) -> set[str]:
        return {result["partialFingerprints"]["presetctl/v1"] for result in run(*problems)["results"]}

    assert len(identities(problem("a"), problem("b"))) == 1
    assert len(identities(problem(), problem(rule="x"), problem(path="x"), problem(file="x"))) == 4


def test_braces_are_no_arguments_and_brackets_no_links() -> None:
    assert message("{0} [a](https://example.com) [b]") == "{{0}} [a\\](https://example.com) [b]"


@pytest.mark.parametrize("text", [*EVERY, *UNREADABLE, *MARKDOWN])
def test_hostile_problems(text: str) -> None:
    run(problem(text, file=text, path=text, suggestion=text, rule=text))


def test_hostile_problems_together() -> None:
    assert len(run(*hostile_problems())["results"]) == len(hostile_problems())


@given(st.text(min_size=1))
def test_a_file_is_never_taken_for_another_address(file: str) -> None:
    log: Any = problems_sarif([problem(file=file)])
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    parts = urlsplit(place["artifactLocation"]["uri"])
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote(parts.path, errors="surrogatepass").removeprefix("./") == file.removeprefix("./")
