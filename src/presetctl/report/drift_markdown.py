"""Drift as Markdown for an issue: a sentence, a table, and every preset folded, as much as an issue can hold."""

from __future__ import annotations

from collections.abc import Iterator

from presetctl.domain.change import FieldChange
from presetctl.domain.state import Version
from presetctl.drift import Drift, DriftReport
from presetctl.report.gfm import code, grid, html_code
from presetctl.report.markdown import COMMENT_LIMIT, field_blocks, within
from presetctl.report.text import many

_NAME_SHOWN = 100
_NAMES_LISTED = 3
_VERSIONS_SHOWN = 10
_LIMITS_SHOWN = 10
_MESSAGE_SHOWN = 600


def drift_markdown(report: DriftReport, limit: int = COMMENT_LIMIT) -> str:
    """What drifted in a workspace, in at most ``limit`` characters: all of it, shortened, or as many rows as fit."""
    for shortened in (False, True):
        text = within(_whole(report, shortened), limit)
        if text is not None:
            return text
    rows = len(report.drifted)
    while rows and within(_cut(report, rows), limit) is None:
        rows //= 2
    return within(_cut(report, rows), limit) or ""


def _whole(report: DriftReport, shortened: bool) -> Iterator[str]:
    yield from _head(report)
    yield from _table(report.drifted, len(report.drifted))
    for drift in report.drifted:
        yield _folded(drift, shortened)
    yield from _tail(report)


def _cut(report: DriftReport, rows: int) -> Iterator[str]:
    yield from _head(report)
    yield from _table(report.drifted, rows)
    yield from _tail(report)


def _head(report: DriftReport) -> Iterator[str]:
    yield f"### Drift in {_name(report.workspace)}"
    drifted = len(report.drifted)
    if not drifted:
        yield f"No drift: nothing is there that commit {code(report.commit[:12])} does not declare."
        return
    of = f"{drifted} of {many(report.presets, 'preset')}"
    yield f"{of} not as commit {code(report.commit[:12])} declares: somebody changed the workspace."
    yield (
        "To keep what is there, `presetctl import --update SLUG` brings it into the files; "
        "to undo it, apply the files again."
    )


def _table(drifted: tuple[Drift, ...], rows: int) -> Iterator[str]:
    if rows:
        yield grid(("preset", "live", "by", "fields"), map(_cells, drifted[:rows]))
    if rows < len(drifted):
        yield f"{many(len(drifted) - rows, 'more preset')} did not fit in here; `presetctl drift` shows all of them."


def _cells(drift: Drift) -> tuple[str, ...]:
    live = drift.live
    by = code(live.creator, _NAME_SHOWN) if live is not None and live.creator else ""
    return _name(drift.slug), _state(drift), by, _field_names(drift)


def _state(drift: Drift) -> str:
    if drift.live is None:
        return "archived" if drift.archived else "not there any more"
    return _at(drift.live)


def _field_names(drift: Drift) -> str:
    if drift.live is None:
        return ""
    more = len(drift.fields) - _NAMES_LISTED
    names = ", ".join(_name(field.name) for field in drift.fields[:_NAMES_LISTED])
    return f"{names}{f' and {more} more' if more > 0 else ''}"


def _folded(drift: Drift, shortened: bool) -> str:
    number = f" · {drift.live.name}" if drift.live is not None and drift.live.number is not None else ""
    summary = f"<details>\n<summary>{html_code(drift.slug, _NAME_SHOWN)}{number}</summary>"
    return "\n\n".join([summary, *_content(drift, shortened), "</details>"])


def _content(drift: Drift, shortened: bool) -> Iterator[str]:
    yield f"{code(drift.file, _NAME_SHOWN)} · {_name(drift.kind)} · from declared to live"
    if drift.live is None:
        yield f"In the workspace: {_state(drift)}."
        return
    yield from field_blocks([FieldChange(f.path, f.before, f.after) for f in drift.fields], shortened)
    older = drift.versions[:-1]
    if older:
        yield "Versions made before it, also not as declared:"
        yield "\n".join(f"- {_version(version)}" for version in older[-_VERSIONS_SHOWN:])


def _version(version: Version) -> str:
    by = f" by {code(version.creator, _NAME_SHOWN)}" if version.creator else ""
    return f"{_at(version)}{by}"


def _at(version: Version) -> str:
    at = code(version.created_at, _NAME_SHOWN) if version.created_at else ""
    if version.number is None:
        return f"changed {at}".rstrip()
    return f"{version.name}, {at}" if at else version.name


def _tail(report: DriftReport) -> Iterator[str]:
    if report.drifted:
        for limit in report.limits[:_LIMITS_SHOWN]:
            yield f"This may be a commit that was not applied yet: {code(limit, _MESSAGE_SHOWN)}"


def _name(text: str) -> str:
    return code(text, _NAME_SHOWN)
