"""Drift as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from presetctl.domain.change import FieldChange
from presetctl.domain.kind import provider_of
from presetctl.domain.provider import capabilities
from presetctl.domain.state import Version
from presetctl.domain.values import Json
from presetctl.drift import Drift, DriftReport
from presetctl.report.inventory import commit_document, commit_text
from presetctl.report.json import field_document, header
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, field_lines, many

FORMAT_VERSION = "1.3"
_VERSIONS_SHOWN = 10
_NEVER = "not in the workspace, and no version of it: never applied, or removed for good"
_NEVER_OR_DELETED = "not in the workspace: never applied, or deleted there"


def drift_text(report: DriftReport, style: Style) -> str:
    """Each preset that isn't as declared: what is live instead, by field, and who made which version when.

    Those that were only not applied yet stand apart, one line each.
    """
    lines = [style(f"Workspace {report.workspace}", bold=True) + f" against commit {report.commit[:12]}", ""]
    for drift in report.drifted:
        lines += [*_drift(drift, style), ""]
    if report.pending:
        lines += [*(_pending(drift, style) for drift in report.pending), ""]
    if report.unreadable:
        lines += [*(_unreadable(drift, style) for drift in report.unreadable), ""]
    if report.unkept:
        lines += [*(_unkept(drift, style) for drift in report.unkept), ""]
    if report.drifted:
        lines += [style(f"! drift may be a commit that was not applied yet: {one_line(limit)}", "yellow")
                  for limit in report.limits]  # fmt: skip
    return inert("\n".join([*lines, _summary(report)]))


def _summary(report: DriftReport) -> str:
    drifted, pending = len(report.drifted), len(report.pending)
    waiting = f" {many(pending, 'preset')} pending: `presetctl plan` shows what apply would change." if pending else ""
    if drifted:
        return f"Drift: {drifted} of {many(report.presets, 'preset')} not as declared.{waiting}"
    same = report.presets - pending - len(report.unreadable)
    return f"No drift: {many(same, 'preset')} as declared.{waiting}"


def _pending(drift: Drift, style: Style) -> str:
    why = _NEVER if capabilities(provider_of(drift.kind)).versions else _NEVER_OR_DELETED
    if drift.unmarked:
        why = "there without presetctl's mark: nothing was applied to it yet"
    elif drift.live is not None and drift.commit is not None:
        live = "what is live is" if drift.live.number is None else f"{drift.live.name} is live,"
        why = f"{live} from commit {commit_text(drift.commit)}; not applied yet"
    return f"{style(f'… {drift.slug}', 'cyan', bold=True)}  pending: {why}  {style(one_line(drift.file), dim=True)}"


def _unkept(drift: Drift, style: Style) -> str:
    fields = ", ".join(one_line(field.name) for field in drift.fields)
    number = "" if drift.live is None else f"{drift.live.name} "
    return f"{style(f'= {drift.slug}', bold=True)}  {number}lacks only {fields}, which the workspace doesn't keep"


def _unreadable(drift: Drift, style: Style) -> str:
    why = "unreadable: the server's content filter hides what it says"
    return f"{style(f'? {drift.slug}', 'red', bold=True)}  {why}  {style(one_line(drift.file), dim=True)}"


def _drift(drift: Drift, style: Style) -> Iterator[str]:
    file = style(one_line(drift.file), dim=True)
    if drift.live is None:
        where = "archived in the workspace" if drift.archived else "not in the workspace any more"
        yield f"{style(f'- {drift.slug}', 'red', bold=True)}  {where}  {file}"
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
    at = one_line(version.created_at)
    if version.number is None:
        return f"changed {at}{by}" if at else "changed"
    return f"{version.name}{f', {at}' if at else ''}{by}"


def drift_document(report: DriftReport) -> dict[str, Json]:
    """What drifted, and who made which versions when, as far as the workspace tells; and what was not applied yet."""
    return {
        **header(FORMAT_VERSION),
        "workspace": report.workspace,
        "commit": report.commit,
        "drifts": [_drift_document(drift) for drift in report.drifted],
        "pending": [
            {**_facts(drift), "commit": None if drift.commit is None else commit_document(drift.commit)}
            for drift in report.pending
        ],
        "unkept": [_facts(drift) for drift in report.unkept],
        "unreadable": [{"slug": it.slug, "kind": it.kind, "file": it.file} for it in report.unreadable],
        "limits": list(report.limits),
        "summary": {
            "presets": report.presets,
            "drifted": len(report.drifted),
            "pending": len(report.pending),
            "unkept": len(report.unkept),
            "unreadable": len(report.unreadable),
        },
    }


def _facts(drift: Drift) -> dict[str, Json]:
    return {
        "slug": drift.slug,
        "kind": drift.kind,
        "file": drift.file,
        "version": None if drift.live is None else drift.live.number,
        "fields": [field_document(field) for field in drift.fields],
    }


def _drift_document(drift: Drift) -> dict[str, Json]:
    return {
        **_facts(drift),
        "archived": drift.archived,
        "versions": [
            {"version": v.number, "version_id": v.id, "created_at": v.created_at, "creator": v.creator}
            for v in drift.versions
        ],
    }
