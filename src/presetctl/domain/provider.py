"""What providers can do with presets: what decides how plans, applies and words differ between them."""

from __future__ import annotations

from dataclasses import dataclass

OPENROUTER = "openrouter"
LIBRECHAT = "librechat"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one provider can do."""

    versions: bool = True
    """Whether every write makes a version that stays, numbered from 1."""
    archives: bool = True
    """Whether what goes is hidden and can be restored; otherwise it's deleted for good."""
    unsets: bool = True
    """Whether a write can take a field away; otherwise its preset has to be deleted and made again."""

    @property
    def removed(self) -> str:
        """The word for a preset that was taken away."""
        return "archived" if self.archives else "deleted"


_ALL = Capabilities()
_BY_PROVIDER = {LIBRECHAT: Capabilities(versions=False, archives=False, unsets=False)}


def capabilities(provider: str) -> Capabilities:
    """What a provider can do; one that isn't known here is expected to be able to do everything."""
    return _BY_PROVIDER.get(provider, _ALL)
