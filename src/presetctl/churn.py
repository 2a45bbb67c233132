"""No churn: where a live version lacks only what the workspace doesn't keep, another one would lack it too.

That the workspace doesn't keep a field can't be asked. It's taken as shown where all of this is so: nobody knows
whether the field is kept; the live version was written after the files got their present content; no version of the
preset ever had the field; and the live version can't come from files without it, since no commit declares what it
holds, or since the version before it holds just the same, so that whoever wrote it meant to change something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from presetctl.diff import holds_nothing, value_at
from presetctl.domain.change import FieldChange
from presetctl.domain.kind import Evidence, Kind
from presetctl.domain.preset import Preset
from presetctl.domain.state import Version
from presetctl.domain.values import show_path
from presetctl.persistence import evidence
from presetctl.ports import AskPast, DeclaredPast, PresetReader


@dataclass(frozen=True)
class Shown:
    """Finds out what a workspace was shown not to keep. It asks for versions and for history only where it must."""

    reader: PresetReader
    kinds: Mapping[str, Kind]
    ask_past: AskPast

    def __call__(
        self, preset: Preset, fields: Sequence[FieldChange], live: Version, versions: Sequence[Version] | None = None
    ) -> bool:
        """Whether the ``fields``, from live to declared, are all that differs and are shown not to be kept.

        Errors: AccessError, RemoteError.
        """
        kind = self.kinds[preset.kind]
        past = self.ask_past() if fields and only_lacks(fields, kind) else None
        if past is None:
            return False
        known = self.reader.list_versions(preset.slug) if versions is None else versions
        return shown_unkept(preset.slug, fields, kind, live, known, past.since(preset), past)


def only_lacks(fields: Sequence[FieldChange], kind: Kind) -> bool:
    """Whether all that differs is missing from what is live (before), and none of it is known to be kept."""
    return all(holds_nothing(f.before, kind, f.path) and evidence(kind, f.path) is Evidence.UNKNOWN for f in fields)


def shown_unkept(
    slug: str,
    fields: Sequence[FieldChange],
    kind: Kind,
    live: Version,
    versions: Sequence[Version],
    since: float | None,
    past: DeclaredPast,
) -> bool:
    """Whether it's shown that writing again, to add just the ``fields`` that are lacking, would change nothing.

    ``versions`` are all of the preset, oldest first; ``since`` is when its files got their present content, in
    seconds since 1970.
    """
    written = _seconds(live.created_at)
    if written is None or since is None or written < since:
        return False
    held = ((value_at(version.content.as_json(), f.path), f.path) for version in versions for f in fields)
    if not all(holds_nothing(value, kind, path) for value, path in held):
        return False
    earlier = [version for version in versions if (version.number or 0) < (live.number or 0)]
    if earlier and earlier[-1].content.digest == live.content.digest:
        return True
    return not past.may_come_from_files(slug, live.content)


def warning(fields: Sequence[FieldChange], live: Version, workspace: str) -> str:
    """What to tell of fields that are not written again."""
    paths = [field.path for field in fields]
    lacking = ", ".join(f"`{show_path(path[1:])}`" for path in paths)
    settled = ", ".join(sorted({str(path[1]) for path in paths}))
    return (
        f"{live.name} was written after this preset's files last changed and lacks only {lacking}: the "
        f"workspace doesn't keep it. `not_kept: [{settled}]` under {workspace} in presetctl.yaml settles that; "
        "--retry writes it once more"
    )


def _seconds(time: str) -> float | None:
    """Seconds since 1970, where a remote's time is one with a time zone."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()
