"""Small checks of JSON values that combine into the rules of a request. Each yields the faults that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from presetctl.emulator.jsontext import Json, json_type

Check: TypeAlias = Callable[[str, Json], Iterator[str]]
"""``check(path, value)`` yields ``path: what is wrong``, nothing if all is well."""

NULL = "null"


def fault(path: str, what: str) -> str:
    """One line for a fault at ``path``, which is empty for the whole body."""
    return f"{path}: {what}" if path else what


def missing(path: str, expected: str) -> str:
    """The fault of a required field that isn't there."""
    return fault(path, f"Invalid input: expected {expected}, received undefined")


def below(path: str, step: str | int) -> str:
    """The path of what is inside ``path``."""
    return f"{path}.{step}" if path else str(step)


def anything(_path: str, _value: Json) -> Iterator[str]:
    """Every value will do."""
    return iter(())


def boolean(path: str, value: Json) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield _wrong(path, "boolean", value)


def text(longest: int | None = None) -> Check:
    """A string, at most so many characters long."""

    def check(path: str, value: Json) -> Iterator[str]:
        if not isinstance(value, str):
            yield _wrong(path, "string", value)
        elif longest is not None and len(value) > longest:
            yield fault(path, f"Too big: expected string to have <={longest} characters")

    return check


def number(low: float | None = None, high: float | None = None, *, whole: bool = False) -> Check:
    """A number within bounds; ``whole`` asks for an integer, and 1.0 is one."""

    def check(path: str, value: Json) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield _wrong(path, "number", value)
        elif whole and value != int(value):
            yield _wrong(path, "int", value)
        elif low is not None and value < low:
            yield fault(path, f"Too small: expected number to be >={low}")
        elif high is not None and value > high:
            yield fault(path, f"Too big: expected number to be <={high}")

    return check


def one_of(*words: str | bool) -> Check:
    """Exactly one of the given strings (or booleans)."""
    shown = "|".join(f'"{word}"' if isinstance(word, str) else str(word).lower() for word in words)
    expected = f"Invalid option: expected one of {shown}" if len(words) > 1 else f"Invalid input: expected {shown}"

    def check(path: str, value: Json) -> Iterator[str]:
        if not isinstance(value, str | bool) or value not in words:
            yield fault(path, expected)

    return check


def only_null(path: str, value: Json) -> Iterator[str]:
    """Null and nothing else."""
    if value is not None:
        yield _wrong(path, NULL, value)


def nullable(inner: Check) -> Check:
    """Null, or what ``inner`` accepts."""

    def check(path: str, value: Json) -> Iterator[str]:
        if value is not None:
            yield from inner(path, value)

    return check


def array(item: Check = anything, fewest: int = 0, most: int | None = None) -> Check:
    """A list of ``item`` with bounds on its length."""

    def check(path: str, value: Json) -> Iterator[str]:
        if not isinstance(value, list):
            yield _wrong(path, "array", value)
            return
        if len(value) < fewest:
            yield fault(path, f"Too small: expected array to have >={fewest} items")
        if most is not None and len(value) > most:
            yield fault(path, f"Too big: expected array to have <={most} items")
        for index, element in enumerate(value):
            yield from item(below(path, index), element)

    return check


def mapping(value_check: Check, most: int | None = None, key_check: Check = anything) -> Check:
    """An object whose keys are free, with one rule for all values and one for all keys."""

    def check(path: str, value: Json) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong(path, "object", value)
            return
        if most is not None and len(value) > most:
            yield fault(path, f"Too big: expected object to have <={most} keys")
        for key, element in value.items():
            yield from key_check(below(path, key), key)
            yield from value_check(below(path, key), element)

    return check


def shape(fields: Mapping[str, Check], required: Mapping[str, str] | None = None, *, closed: bool = False) -> Check:
    """An object with named fields. ``required`` maps the names that must be there to the type to ask for."""

    def check(path: str, value: Json) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong(path, "object", value)
            return
        for name, expected in (required or {}).items():
            if name not in value:
                yield missing(below(path, name), expected)
        for name, element in value.items():
            if name in fields:
                yield from fields[name](below(path, name), element)
            elif closed:
                yield fault(path, f'Unrecognized key: "{name}"')

    return check


def either(*options: Check) -> Check:
    """What at least one of ``options`` accepts."""

    def check(path: str, value: Json) -> Iterator[str]:
        if all(any(option(path, value)) for option in options):
            yield fault(path, "Invalid input")

    return check


def tagged(tag: str, branches: Mapping[str, Check]) -> Check:
    """An object whose field ``tag`` says which of ``branches`` it follows."""
    known = one_of(*branches)

    def check(path: str, value: Json) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong(path, "object", value)
            return
        name = value.get(tag)
        if isinstance(name, str) and name in branches:
            yield from branches[name](path, value)
        else:
            yield from known(below(path, tag), name)

    return check


def _wrong(path: str, expected: str, value: Json) -> str:
    return fault(path, f"Invalid input: expected {expected}, received {json_type(value)}")
