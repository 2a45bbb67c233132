"""Comparisons as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from presetctl.comparison import Compared, Comparison, Held, Likeness, Origin, Place
from presetctl.domain.values import Json
from presetctl.report.json import field_document, header
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, field_lines, many

_SIGNS = {
    Likeness.DIFFERENT: ("~", "yellow"),
    Likeness.ONLY_FROM: ("-", "red"),
    Likeness.ONLY_TO: ("+", "green"),
}


def comparison_text(comparison: Comparison, style: Style) -> str:
    """What is compared, each preset that differs by field, and a last line that counts them."""
    before, after = comparison.before, comparison.after
    lines = [f"{style('From', bold=True)} {_place(before)}", f"{style('To', bold=True)}   {_place(after)}", ""]
    for preset in comparison.presets:
        if preset.likeness is not Likeness.SAME:
            lines += [*_preset(preset, comparison, style), ""]
    return inert("\n".join([*lines, _summary(comparison)]))


def _place(place: Place) -> str:
    name = one_line(place.workspace)
    match place.origin:
        case Origin.FILES:
            return f"the files, for {name}"
        case Origin.COMMIT:
            return f"commit {one_line(str(place.commit)[:12])}, for {name}"
        case Origin.LIVE:
            return f"what is live in {name}"
        case Origin.VERSION:
            return f"version {place.version} in {name}"


def _preset(preset: Compared, comparison: Comparison, style: Style) -> Iterator[str]:
    sign, colour = _SIGNS[preset.likeness]
    slugs = _arrow(one_line(preset.slug), one_line(preset.other_slug))
    words = [style(f"{sign} {slugs}", colour, bold=True), _versions(preset), style(_kinds(preset), dim=True)]
    if preset.likeness is not Likeness.DIFFERENT:
        only = comparison.before if preset.likeness is Likeness.ONLY_FROM else comparison.after
        words.append(f"only in {_place(only)}")
    yield "  ".join(word for word in words if word)
    for field in preset.fields:
        yield from (f"    {line}" if line.strip() else "" for line in field_lines(field, style))


def _versions(preset: Compared) -> str:
    numbers = [str(side.version) for side in (preset.before, preset.after) if side and side.version is not None]
    return f"version {_arrow(numbers[0], numbers[-1])}" if numbers else ""


def _kinds(preset: Compared) -> str:
    names = [one_line(side.kind.name) for side in (preset.before, preset.after) if side and side.kind is not None]
    return _arrow(names[0], names[-1]) if names else ""


def _arrow(one: str, other: str) -> str:
    return one if one == other else f"{one} → {other}"


def _summary(comparison: Comparison) -> str:
    counts, all_of_them = comparison.summary, many(len(comparison.presets), "preset")
    if not comparison.differs:
        return f"No differences: {all_of_them} compared."
    words = {
        Likeness.DIFFERENT: "different",
        Likeness.ONLY_FROM: "only in the first",
        Likeness.ONLY_TO: "only in the second",
        Likeness.SAME: "the same",
    }
    return f"{all_of_them} compared: {', '.join(f'{counts[it]} {text}' for it, text in words.items() if counts[it])}."


def comparison_document(comparison: Comparison) -> dict[str, Json]:
    """Both sides, and every preset that was compared, the same ones too."""
    return {
        **header(),
        "from": _place_document(comparison.before),
        "to": _place_document(comparison.after),
        "presets": [_document(preset) for preset in comparison.presets],
        "summary": {likeness.value: number for likeness, number in comparison.summary.items()},
    }


def _place_document(place: Place) -> dict[str, Json]:
    return {
        "origin": place.origin.value,
        "workspace": place.workspace,
        "commit": place.commit,
        "version": place.version,
    }


def _document(preset: Compared) -> dict[str, Json]:
    return {
        "result": preset.likeness.value,
        "from": _side(preset.slug, preset.before),
        "to": _side(preset.other_slug, preset.after),
        "fields": [field_document(field) for field in preset.fields],
    }


def _side(slug: str, held: Held | None) -> dict[str, Json] | None:
    if held is None:
        return None
    return {"slug": slug, "kind": None if held.kind is None else held.kind.name, "version": held.version}
