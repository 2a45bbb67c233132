from __future__ import annotations

import re

import jsonschema_rs
import pytest

from presetctl.domain.errors import InputError
from presetctl.specs.patterns import portable

SAME = [
    "^[a-z]+$", r"^\w+-\d{2,}$", r"[\w.-]+", "^(?:a|b)c$", r"\.\$", ".", "a{3}", r"^[^\d]$", "(ab)c*", "a|b+", "", "x?",
    "^(a(?:b)?)c$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", SAME)
@pytest.mark.parametrize(
    "text", ["abc", "abc\n", "٣", "a-12", "a-1٣", "é", ".$", "\u2028", "aaa", "", "bc", "ac", "5", "x"]
)
def test_python_and_ecma_agree(pattern: str, text: str) -> None:
    schema = {"pattern": portable(pattern)}
    assert bool(re.search(schema["pattern"], text)) == jsonschema_rs.Draft202012Validator(schema).is_valid(text)


def test_what_it_becomes() -> None:
    assert portable(r"^[\w-]+$") == r"^[A-Za-z0-9_-]+(?![\s\S])"
    assert portable(r"\d.") == r"[0-9][^\n\r\u2028\u2029]"
    assert not re.search(portable("^[a-z]+$"), "abc\n")


@pytest.mark.parametrize(
    "pattern",
    [
        *("^(a+)+$", "(?:a|b)*", "((a*)b)*", "a**", "a+?", "a++", "*a", "(*a)", "|*", "{2}", "a{1"),
        *("(?=a)", "(?<n>a)", "(?P<n>a)", "(a", "a)", "[a", "a$b", "(a$)"),
        *(r"\p{L}", r"\1", r"\s", r"[\s]", r"a\b", "a\\"),
    ],
)
def test_what_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="can't be used everywhere"):
        portable(pattern)
