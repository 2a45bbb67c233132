"""Which stored preset is which declared one: ids that are derived, and the mark that says who manages it.

A preset's id is unique among all users of a server, so that the user is part of what it is derived from. The mark is
in ``tags``, which LibreChat stores and nothing in it reads; it proves itself: a copy has another id than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from presetctl.domain.preset import SLUG
from presetctl.domain.values import Json, JsonObject

_NAMESPACE = UUID("6f0c2f3e-52a4-5d1b-9a57-0d6c1f0b7e21")
"""Fixed for ever: another one would give every preset another id."""
_MANAGED = "managed-by:presetctl"
_SLUG = "slug:"
_ADOPTED = "adopted:"


def preset_id(user: str, slug: str) -> str:
    """The id of a user's preset: the same at every time and on every machine."""
    return str(uuid5(_NAMESPACE, f"{user}/{slug}"))


@dataclass(frozen=True, slots=True)
class Mark:
    """What the tags of a managed preset say: which declared preset it is, and that it was adopted under its own id."""

    slug: str
    adopted: str | None = None

    @classmethod
    def of(cls, document: JsonObject, user: str) -> Mark | None:
        """The mark of a stored preset; None without one, or with one that belongs to another preset."""
        tags = _texts(document.get("tags"))
        slugs = [tag.removeprefix(_SLUG) for tag in tags if tag.startswith(_SLUG)]
        if _MANAGED not in tags or len(slugs) != 1 or SLUG.fullmatch(slugs[0]) is None:
            return None
        own = document.get("presetId")
        if own == preset_id(user, slugs[0]):
            return cls(slugs[0])
        return cls(slugs[0], str(own)) if f"{_ADOPTED}{own}" in tags else None

    @classmethod
    def made(cls, slug: str, user: str, own: str) -> Mark:
        """The mark for the preset ``slug`` whose id is ``own``."""
        return cls(slug, None if own == preset_id(user, slug) else own)

    def tags(self, others: Json = None) -> list[str]:
        """The tags of a preset with this mark: after those that somebody else put there."""
        kept = [tag for tag in _texts(others) if tag != _MANAGED and not tag.startswith((_SLUG, _ADOPTED))]
        adopted = [] if self.adopted is None else [f"{_ADOPTED}{self.adopted}"]
        return [*kept, _MANAGED, f"{_SLUG}{self.slug}", *adopted]


def _texts(value: Json) -> list[str]:
    tags = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    return [tag for tag in tags if isinstance(tag, str)]
