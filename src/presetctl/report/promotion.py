"""Promotions as text and as JSON: what differs between two workspaces, what stays, and the edit of the files."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from presetctl.domain.change import ABSENT, Absent, FieldChange
from presetctl.domain.values import Json
from presetctl.promotion import PROMPT, Difference, Promotion, Promotions, Verdict
from presetctl.report.json import header
from presetctl.report.safe import inert, one_line, value_text, visible
from presetctl.report.text import Style, field_lines, many

_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def promotions_text(found: Promotions, style: Style) -> str:
    """By preset what changes in the target, from what it has to what the source has, and what is kept; the edit."""
    live = " (live)" if found.live else ""
    lines = [style(f"{found.source}{live} → {found.target}", bold=True), ""]
    for promotion in found.presets:
        if promotion.differences:
            lines += [*_promotion(promotion, found, style), ""]
    for path, (before, after) in found.files.items():
        lines += [*(_diff_line(line, style) for line in diff_lines(path, before, after)), ""]
    if found.missing:
        names = ", ".join(map(one_line, found.missing))
        lines += [style(f"! {found.source} serves nothing of {names}", "yellow"), ""]
    return inert("\n".join([*lines, _summary(found)]))


def _promotion(promotion: Promotion, found: Promotions, style: Style) -> Iterator[str]:
    head = style(f"~ {promotion.slug}", "yellow", bold=True)
    yield f"{head}  {style(one_line(promotion.kind), dim=True)}  {style(one_line(promotion.file), dim=True)}"
    for difference in promotion.having(Verdict.PROMOTED):
        for change in difference.changes:
            yield from (f"    {line}" if line.strip() else "" for line in field_lines(change, style))
    kept = promotion.having(Verdict.KEPT)
    if kept:
        yield "    meant to differ, and kept (--include FIELD promotes one):"
    for difference in kept:
        for change in difference.changes:
            yield from (f"    {line}" if line.strip() else "" for line in _kept_lines(difference, change, found, style))
    for note in promotion.notes:
        yield "    " + style(f"! {one_line(note)}", "yellow")
    if promotion.refused is not None:
        yield "    " + style(f"! refused: {one_line(promotion.refused)}", "red")


def _kept_lines(difference: Difference, change: FieldChange, found: Promotions, style: Style) -> Iterator[str]:
    where = ", ".join(f"overrides.{name}" for name in difference.named_in)
    name = style(f"= {one_line(change.name)}:", "cyan")
    if change.path == PROMPT:
        yield f"{name} as it is in {found.target}  {style(f'({where})', dim=True)}; {found.source} has"
        _, *rest = field_lines(change, style)
        yield from rest
        return
    mine, theirs = _shown(change.before), _shown(change.after)
    yield f"{name} {mine} in {found.target}, {theirs} in {found.source}  {style(f'({where})', dim=True)}"


def _shown(value: Json | Absent) -> str:
    return "nothing" if isinstance(value, Absent) else value_text(value)


def diff_lines(path: str, before: bytes, after: bytes) -> list[str]:
    """A unified diff of one file, without line ends. ``before`` is empty for a new file."""
    old, new = (_lines(data) for data in (before, after))
    names = (f"a/{path}" if before else "/dev/null", f"b/{path}")
    found = unified_diff(old, new, *names, lineterm="")
    return [part for line in found for part in line.split("\0")]


def _lines(data: bytes) -> list[str]:
    r"""Lines without their ends; of what lacks the last one, git's words for that come after it."""
    lines = data.decode("utf-8", "replace").split("\n")
    last = lines.pop()
    return [*lines, f"{last}\0\\ No newline at end of file"] if last else lines


def _diff_line(line: str, style: Style) -> str:
    return style(visible(line).rstrip("\n"), _DIFF_COLOURS.get(line[:1], ""))


def _summary(found: Promotions) -> str:
    promoted, kept = found.count(Verdict.PROMOTED), found.count(Verdict.KEPT)
    refused = f" Refused: {', '.join(it.slug for it in found.refused)}." if found.refused else ""
    also = f" {many(kept, 'field')} kept as meant to differ." if kept else ""
    if not promoted:
        same = f"{many(len(found.presets), 'preset')} compared"
        return f"Nothing to promote: {same}.{also}{refused}"
    edited = sum(bool(promotion.files) for promotion in found.presets)
    return f"Promote: {many(promoted, 'field')} of {many(edited, 'preset')}.{also}{refused}"


def promotions_document(found: Promotions, written: bool) -> dict[str, Json]:
    """Every preset that was looked at, with its differences, and the edit of each file as a unified diff."""
    return {
        **header(),
        "from": found.source,
        "to": found.target,
        "live": found.live,
        "written": written,
        "presets": [_promotion_document(promotion) for promotion in found.presets],
        "missing": list(found.missing),
        "files": [
            {"path": path, "new": not before, "diff": "".join(f"{line}\n" for line in diff_lines(path, before, after))}
            for path, (before, after) in found.files.items()
        ],
        "summary": {
            "presets": len(found.presets),
            "promoted": found.count(Verdict.PROMOTED),
            "kept": found.count(Verdict.KEPT),
            "refused": len(found.refused),
        },
    }


def _promotion_document(promotion: Promotion) -> dict[str, Json]:
    return {
        "slug": promotion.slug,
        "kind": promotion.kind,
        "file": promotion.file,
        "fields": [_field(it, change) for it in promotion.differences for change in it.changes],
        "notes": list(promotion.notes),
        "refused": promotion.refused,
    }


def _field(difference: Difference, change: FieldChange) -> dict[str, Json]:
    """One field; ``from`` or ``to`` is left out where that workspace has no value, which is not the same as null."""
    result: dict[str, Json] = {
        "path": change.name,
        "verdict": difference.verdict.value,
        "part_of": difference.name,
        "named_in": [f"overrides.{name}" for name in difference.named_in],
    }
    if change.after is not ABSENT:
        result["from"] = change.after
    if change.before is not ABSENT:
        result["to"] = change.before
    return result
