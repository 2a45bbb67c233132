"""Which of the known words somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that is most like ``word``, or None where none is as like as ``cutoff`` says (1 is the same)."""
    from difflib import get_close_matches  # only what is wrong needs it

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)
