"""Problems as a JUnit report."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.report.junit import problems_junit
from tests.hostile import EVERY, UNREADABLE, acting, commands
from tests.unit.report.examples import HOSTILE, MARKDOWN, problem


def test_a_report() -> None:
    found = [problem("first"), problem("<second>", suggestion="x"), problem("third", severity="warning", file="b.yaml")]
    assert (
        problems_junit(found, ["presets/a.yaml", "c.yaml"])
        == """\
<testsuites tests="3" failures="1" errors="0">
  <testsuite name="presetctl validate" tests="3" failures="1" errors="0" skipped="0">
    <testcase name="b.yaml" classname="presetctl.validate" file="b.yaml">
      <system-out>b.yaml:2:3: warning: third [a-rule at config.x]</system-out>
    </testcase>
    <testcase name="c.yaml" classname="presetctl.validate" file="c.yaml" />
    <testcase name="presets/a.yaml" classname="presetctl.validate" file="presets/a.yaml">
      <failure message="first (and 1 more error)" type="a-rule">presets/a.yaml:2:3: error: first [a-rule at config.x]
presets/a.yaml:2:3: error: &lt;second&gt; [a-rule at config.x]
    → x</failure>
    </testcase>
  </testsuite>
</testsuites>"""
    )


def test_nothing_to_check() -> None:
    (suite,) = ElementTree.fromstring(problems_junit([], []))
    assert suite.get("tests") == "0"


def check(text: str) -> None:
    shown = problems_junit([problem(text, file=text, path=text, suggestion=text, rule=text)], [text])
    assert (acting(shown), commands(shown)) == ([], [])
    tags = [element.tag for element in ElementTree.fromstring(shown).iter()]
    assert tags == ["testsuites", "testsuite", "testcase", "failure"]


@pytest.mark.parametrize("text", [*EVERY, *UNREADABLE, *MARKDOWN, HOSTILE, "]]>", "&#0;", "\ufffe\uffff"])
def test_hostile_problems(text: str) -> None:
    check(text)


@given(st.text())
def test_any_text_is_text(text: str) -> None:
    check(text)
