"""The versions of a preset as text and as JSON, with the commits that they come from."""

from __future__ import annotations

from collections.abc import Iterator

from presetctl.domain.history import VersionHistory, VersionRecord
from presetctl.domain.values import Json
from presetctl.report.inventory import commit_document, commit_text
from presetctl.report.json import field_document, header
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, field_lines, many


def history_text(history: VersionHistory, style: Style, *, fields: bool = True) -> str:
    """Every version, newest first, with its commit and with what it changed; or every commit that changed it."""
    lines = [f"{style(one_line(history.slug), bold=True)}  workspace {history.workspace}", ""]
    for record in reversed(history.records):
        lines += [*_record(record, history, style), *(_fields(record, style) if fields else ()), ""]
    lines += [style(f"! {one_line(limit)}", "yellow") for limit in history.limits]
    return inert("\n".join([*lines, _summary(history)]))


def _record(record: VersionRecord, history: VersionHistory, style: Style) -> Iterator[str]:
    version, commit = record.version, record.commit
    facts = [one_line(version.created_at), f"by {one_line(version.creator)}" if version.creator else ""]
    live = style("live", "green") if record.live else ""
    origin = _unknown(bool(history.limits)) if commit is None else commit_text(commit)
    head = version.name if history.counted else origin
    yield "  ".join(word for word in [style(head, bold=True), *facts, live] if word)
    if history.counted:
        yield f"    {style(origin, 'magenta' if commit is None else 'cyan')}"


def _fields(record: VersionRecord, style: Style) -> Iterator[str]:
    changes = (line for field in record.fields for line in field_lines(field, style))
    yield from (f"    {line}" if line.strip() else "" for line in changes)


def _unknown(limited: bool) -> str:
    return "no commit found" if limited else "edited outside git"


def _summary(history: VersionHistory) -> str:
    if not history.counted:
        changed = sum(not record.live or record.commit is not None for record in history.records)
        return f"{many(changed, 'commit')} changed it. {_live(history)}"
    known = sum(record.commit is not None for record in history.records)
    counts = ((known, "from commits"), (len(history.records) - known, _unknown(bool(history.limits))))
    parts = ", ".join(f"{number} {words}" for number, words in counts if number)
    return f"{many(len(history.records), 'version')}: {parts}." if parts else "No versions."


def _live(history: VersionHistory) -> str:
    found = [record.commit for record in history.records if record.live]
    if not found:
        return "Nothing of that is known to be live." if history.limits else "Nothing of that is live."
    if found[0] is None:
        return f"What is live comes from no commit{' that is known' if history.limits else ''}."
    return f"What is live comes from {one_line(found[0].id[:12])}."


def history_document(history: VersionHistory) -> dict[str, Json]:
    """Every version, oldest first; where none are counted, what commits declared, with times and authors of those."""
    return {
        **header(),
        "workspace": history.workspace,
        "slug": history.slug,
        "versions": [_version(record) for record in history.records],
        "limits": list(history.limits),
    }


def _version(record: VersionRecord) -> dict[str, Json]:
    version = record.version
    return {
        "version": version.number,
        "version_id": version.id,
        "created_at": version.created_at,
        "creator": version.creator,
        "live": record.live,
        "commit": None if record.commit is None else commit_document(record.commit),
        "fields": [field_document(field) for field in record.fields],
    }
