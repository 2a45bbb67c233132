"""Drift as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from presetctl.domain.change import FieldChange
from presetctl.domain.state import Version
from presetctl.domain.values import Json
from presetctl.drift import Drift
from presetctl.report.json import field_document, header
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, field_lines, many

_VERSIONS_SHOWN = 10


def drift_text(found: Sequence[Drift], workspace: str, commit: str, presets: int, style: Style) -> str:
    """Each preset that isn't as declared: what is live instead, by field, and who made which version when."""
    head = style(f"Workspace {workspace}", bold=True) + f" against commit {commit[:12]}"
    lines = [head, ""]
    for drift in found:
        lines += [*_drift(drift, style), ""]
    if found:
        lines.append(f"Drift: {len(found)} of {many(presets, 'preset')} not as declared.")
    else:
        lines.append(f"No drift: {many(presets, 'preset')} as declared.")
    return inert("\n".join(lines))


def _drift(drift: Drift, style: Style) -> Iterator[str]:
    file = style(one_line(drift.file), dim=True)
    if drift.live is None:
        yield f"{style(f'- {drift.slug}', 'red', bold=True)}  not in the workspace  {file}"
        return
    yield f"{style(f'~ {drift.slug}', 'yellow', bold=True)}  {_version(drift.live)}  {file}"
    for field in drift.fields:
        plain = FieldChange(field.path, field.before, field.after)
        yield from (f"    {line}" if line.strip() else "" for line in field_lines(plain, style))
    older = drift.versions[:-1]
    if older:
        yield style("    versions made before it, also not as declared:", dim=True)
        yield from (f"      {_version(version)}" for version in older[-_VERSIONS_SHOWN:])
    if len(older) > _VERSIONS_SHOWN:
        yield style(f"      and {many(len(older) - _VERSIONS_SHOWN, 'older version')}", dim=True)


def _version(version: Version) -> str:
    by = f" by {one_line(version.creator)}" if version.creator else ""
    at = f", {one_line(version.created_at)}" if version.created_at else ""
    return f"version {version.number}{at}{by}"


def drift_document(found: Sequence[Drift], workspace: str, commit: str, presets: int) -> dict[str, Json]:
    """What drifted, and who made which versions when, as far as the workspace tells."""
    return {
        **header(),
        "workspace": workspace,
        "commit": commit,
        "drifts": [
            {
                "slug": drift.slug,
                "kind": drift.kind,
                "file": drift.file,
                "version": None if drift.live is None else drift.live.number,
                "fields": [field_document(field) for field in drift.fields],
                "versions": [
                    {"version": v.number, "version_id": v.id, "created_at": v.created_at, "creator": v.creator}
                    for v in drift.versions
                ],
            }
            for drift in found
        ],
        "summary": {"presets": presets, "drifted": len(found)},
    }
