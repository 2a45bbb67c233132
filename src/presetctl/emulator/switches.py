"""How the emulator reads the API where its behaviour is documented nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """One reading of what is undocumented; the defaults are the likeliest one.

    ``unknown_fields``: whether config-like request fields of unknown persistence are stored.
    ``server_defaults``: whether stored configs get nulls, empty lists and default booleans that nobody sent.
    ``identical_post``: whether sending again what is already designated makes a version.
    ``archive``: whether the workspace has the archive and restore operations; ``missing`` answers 404.
    ``archived_rows``: whether the list leaves archived presets out, or shows them with their status.
    ``post_to_archived``: whether writing to an archived slug is refused with 409 or brings the preset back.
    ``nulls``: whether top-level nulls of a request are stored.
    ``json_form``: whether key order and number form survive; ``normalized`` sorts keys and turns 1.0 into 1.
    """

    unknown_fields: Literal["keep", "drop"] = "keep"
    server_defaults: bool = False
    identical_post: Literal["version", "unchanged"] = "version"
    archive: Literal["supported", "missing"] = "supported"
    archived_rows: Literal["hidden", "listed"] = "hidden"
    post_to_archived: Literal["conflict", "revive"] = "conflict"
    nulls: Literal["keep", "drop"] = "keep"
    json_form: Literal["verbatim", "normalized"] = "verbatim"
