"""What a librechat.yaml has of modelSpecs otherwise than the presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from presetctl.domain.values import Json, JsonObject, canonical_json
from presetctl.model_specs import in_order
from presetctl.report.promotion import diff_lines
from presetctl.report.safe import inert, one_line, visible
from presetctl.report.text import Style, many

_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def entries_of(held: Json) -> Sequence[Json]:
    """What a list of entries holds, each with its keys in the one order; what is no list is one odd entry."""
    if held is None:
        return ()
    items = held if isinstance(held, Sequence) and not isinstance(held, str) else (held,)
    return [in_order(item) if isinstance(item, Mapping) else item for item in items]


def section_difference(
    file: str, held: Sequence[Json], wanted: Sequence[JsonObject], dump: Callable[[Json], str], style: Style
) -> str:
    """The lines in which they differ, and a sentence on which entries do. ``dump`` writes YAML."""
    lines = diff_lines(file, dump(list(held)).encode(), dump(list(wanted)).encode())
    shown = [style(visible(line), _COLOURS.get(line[:1], "")) for line in lines]
    return inert("\n".join([*shown, f"\n{one_line(file)} differs from the presets: {_counts(held, wanted)}."]))


def undeclared(held: Sequence[Json], wanted: Sequence[JsonObject]) -> list[str]:
    """The names of entries that no preset declares, in their order."""
    ours = _by_name(wanted)
    return [name for name in _by_name(held) if name not in ours]


def _counts(held: Sequence[Json], wanted: Sequence[JsonObject]) -> str:
    theirs, ours = _by_name(held), _by_name(wanted)
    changed = sum(canonical_json(theirs[name]) != canonical_json(ours[name]) for name in theirs.keys() & ours.keys())
    other = len(held) - len(theirs)
    parts = [(len(ours.keys() - theirs.keys()), "missing"), (changed, "different")]
    parts += [(len(undeclared(held, wanted)) + other, "that no preset declares")]
    said = [f"{many(count, 'model spec')} {what}" for count, what in parts if count]
    return ", ".join(said) or "the order of the model specs"


def _by_name(entries: Sequence[Json]) -> dict[str, Json]:
    return {str(each.get("name")): each for each in entries if isinstance(each, Mapping)}
