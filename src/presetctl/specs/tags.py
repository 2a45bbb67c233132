"""Which field of several objects says which of them is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from presetctl.specs.merge import Components, allowed_values, types_of

_USUAL: Final = ("type", "id", "role")

Values: TypeAlias = tuple[str, ...] | None
"""The texts that a branch allows for a field; None for any text."""


@dataclass(frozen=True)
class Tag:
    """A field that tells branches apart. Branches are known by their index."""

    name: str
    values: tuple[Values, ...]
    """For each branch, the texts that it allows for the field."""
    optional: tuple[int, ...]
    """The branches that may lack the field."""

    @property
    def known(self) -> tuple[str, ...]:
        """All texts that a branch names, in the order of the branches."""
        return tuple(dict.fromkeys(text for texts in self.values for text in texts or ()))

    @property
    def any_value(self) -> tuple[int, ...]:
        """The branches that allow any text; they stand for those that no other branch names."""
        return tuple(index for index, texts in enumerate(self.values) if texts is None)

    def groups(self) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        """Texts, and the branches that name them; texts with the same branches together."""
        found: dict[tuple[int, ...], list[str]] = {}
        for text in self.known:
            members = tuple(index for index, texts in enumerate(self.values) if text in (texts or ()))
            found.setdefault(members, []).append(text)
        return [(tuple(texts), members) for members, texts in found.items()]

    def tells_apart(self) -> bool:
        """Whether it decides anything: a field that says the same in all branches doesn't."""
        return bool(self.known) and (bool(self.any_value) or any(len(m) < len(self.values) for _, m in self.groups()))

    def rank(self, hint: str | None) -> tuple[bool, int, int, int, str]:
        """Smaller is better: named by the document, then more named values, then seldom absent, then usual names."""
        usual = _USUAL.index(self.name) if self.name in _USUAL else len(_USUAL)
        return self.name != hint, len(self.any_value), len(self.optional), usual, self.name


def choose_tag(
    branches: Sequence[Mapping[str, Any]], components: Components, used: frozenset[str], hint: str | None
) -> Tag | None:
    """The best tag of worked-out objects, other than the fields ``used`` before; None if there is none.

    A tag is a field that every branch declares as text, and for which some name the texts they allow.
    """
    shared = set.intersection(*(set(branch.get("properties", {})) for branch in branches)) - used
    tags = [tag for name in sorted(shared) if (tag := _tag(name, branches, components)) and tag.tells_apart()]
    return min(tags, key=lambda tag: tag.rank(hint), default=None)


def _tag(name: str, branches: Sequence[Mapping[str, Any]], components: Components) -> Tag | None:
    values = []
    for branch in branches:
        texts = _texts(branch["properties"][name], components)
        if texts == ():
            return None
        values.append(texts)
    optional = tuple(index for index, branch in enumerate(branches) if name not in branch.get("required", ()))
    return Tag(name, tuple(values), optional)


def _texts(schema: Mapping[str, Any], components: Components) -> Values:
    """The texts that a field allows: () for a field that isn't text."""
    flat = components.flat(schema)
    if "anyOf" in flat:
        found: list[str] = []
        for _, branch in components.branches(flat):
            texts = _texts(branch, components)
            if not texts:
                return texts
            found.extend(texts)
        return tuple(found)
    if types_of(flat) != ("string",):
        return ()
    return allowed_values(flat) or None
