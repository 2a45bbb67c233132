"""Every error has the exit code that the command line promises."""

from __future__ import annotations

import pytest

from presetctl.domain import errors
from presetctl.domain.errors import InputError, PresetctlError, RemoteError
from presetctl.domain.problem import Location, Problem, Severity

CODES = {
    "PresetctlError": (1, "error"),
    "InputError": (3, "invalid_input"),
    "GitError": (3, "git"),
    "SafetyError": (4, "stopped"),
    "StaleError": (5, "stale"),
    "AccessError": (7, "access"),
    "RemoteError": (8, "remote"),
    "NotFoundError": (8, "not_found"),
    "BusyError": (8, "busy"),
    "ConflictError": (5, "conflict"),
    "AmbiguousError": (8, "ambiguous"),
    "DamageError": (6, "damage"),
    "UsageError": (64, "usage"),
}


def test_codes_and_names_are_fixed() -> None:
    types = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    found = {name: kind for name, kind in types.items() if issubclass(kind, PresetctlError)}
    assert found == types
    assert {name: (kind.exit_code, kind.name) for name, kind in found.items()} == CODES


@pytest.mark.parametrize("name", ["NotFoundError", "BusyError", "ConflictError", "DamageError", "AmbiguousError"])
def test_what_the_remote_says_is_one_family(name: str) -> None:
    assert issubclass(getattr(errors, name), RemoteError)


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = RemoteError("it broke", hint="mend it")
    assert (str(error), error.message, error.hint) == ("it broke", "it broke", "mend it")
    assert RemoteError("it broke").hint == ""


def test_an_input_error_carries_its_problems() -> None:
    problem = Problem(Location("a.yaml"), "", "rule", "is wrong")
    assert InputError("bad", problems=[problem]).problems == (problem,)
    assert InputError("bad").problems == ()


def test_problems_stand_in_the_order_of_their_places() -> None:
    places = [Location("b"), Location("a", 10), Location("a", 2, 9), Location("a", 2)]
    problems = [Problem(place, "", "rule", "m", severity=severity) for place in places for severity in Severity]
    assert [str(problem.location) for problem in sorted(problems)][::2] == ["a:2:1", "a:2:9", "a:10:1", "b:1:1"]
