"""Inventories as text and as JSON: what `presetctl list` and `presetctl status` say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from presetctl.domain.history import Commit
from presetctl.domain.state import Status
from presetctl.domain.values import Json
from presetctl.inventory import Row, Standing, counted
from presetctl.report.json import header
from presetctl.report.safe import inert, one_line
from presetctl.report.text import Style, many

FORMAT_VERSION = "1.1"
_COLOURS = {
    Standing.IN_SYNC: "green",
    Standing.PENDING: "yellow",
    Standing.DRIFTED: "magenta",
    Standing.ORPHANED: "red",
    Standing.UNMANAGED: "",
    Standing.ARCHIVED: "",
    Standing.UNREADABLE: "red",
}
_FIELDS_SHOWN = 3
_SUBJECT_SHOWN = 60


def inventory_text(
    rows: Sequence[Row], workspace: str, style: Style, limits: Sequence[str] = (), *, counted: bool = True
) -> str:
    """A table of presets, and a last line that counts them. ``limits`` say what history couldn't tell.

    Where no versions are ``counted``, there's no column for them, nor any other that has nothing in it.
    """
    table: list[tuple[str, ...]] = [("SLUG", "KIND", "VERSION", "SINCE", "STATE"), *(_cells(row) for row in rows)]
    if not counted:
        columns = [column for column in range(len(table[0])) if any(line[column] != "-" for line in table[1:])]
        table = [tuple(line[column] for column in columns or (0, 1, 3, 4)) for line in table]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]) - 1)]
    padded = ["  ".join([*map(str.ljust, line[:-1], widths), ""]) for line in table]
    lines = [style(f"Workspace {workspace}", bold=True), "", style(f"{padded[0]}STATE", dim=True)]
    for start, cells, row in zip(padded[1:], table[1:], rows, strict=True):
        lines.append(start + style(cells[-1], _COLOURS[row.standing]))
    lines += ["", *(style(f"! {one_line(limit)}", "yellow") for limit in limits), summary(rows)]
    return inert("\n".join(lines))


def summary(rows: Sequence[Row]) -> str:
    """``3 presets: 2 in sync, 1 pending.``"""
    counts = [f"{number} {_words(standing)}" for standing, number in counted(rows).items() if number]
    return f"{many(len(rows), 'preset')}: {', '.join(counts)}." if counts else "No presets."


def _cells(row: Row) -> tuple[str, ...]:
    kind = one_line(row.preset.kind) if row.preset is not None else "-"
    version = "-" if row.live is None or row.live.number is None else str(row.live.number)
    since = (one_line(row.live.created_at) if row.live is not None else "") or "-"
    return one_line(row.slug), kind, version, since, ", ".join(_states(row))


def _states(row: Row) -> Iterable[str]:
    detail = ""
    if row.preset is not None and row.status is None:
        detail = " (not in the workspace yet)"
    elif row.standing is Standing.UNREADABLE:
        detail = " (the server's content filter hides what it says)"
    elif row.unmarked:
        adopts = row.standing is Standing.PENDING
        detail = " (there, to be adopted)" if adopts else " (there without presetctl's mark, so it is left alone)"
    elif row.fields:
        names = [one_line(field.name) for field in row.fields]
        more = f" and {len(names) - _FIELDS_SHOWN} more" if len(names) > _FIELDS_SHOWN else ""
        detail = ", ".join(names[:_FIELDS_SHOWN]) + more
        detail = f" ({detail})" if row.standing is not Standing.IN_SYNC else f" (but for {detail}: not kept there)"
    yield f"{_words(row.standing)}{detail}"
    if row.status in {Status.DISABLED, Status.UNREADABLE} and row.standing is not Standing.UNREADABLE:
        yield str(row.status)
    if row.commit is not None:
        yield f"live from {commit_text(row.commit)}"


def commit_text(commit: Commit) -> str:
    """``1a2b3c4d5e6f Calm the tone (#12)``: short id and subject, with the pull request before it if it lacks that."""
    where = "(on another branch)" if commit.elsewhere else ""
    subject, number = one_line(commit.subject), f"#{commit.pull_request}"
    shown = subject if len(subject) <= _SUBJECT_SHOWN else f"{subject[: _SUBJECT_SHOWN - 1]}…"
    words = [one_line(commit.id[:12]), "" if commit.pull_request is None or number in shown else number, shown, where]
    return " ".join(word for word in words if word)


def _words(standing: Standing) -> str:
    return standing.value.replace("_", " ")


def inventory_document(rows: Sequence[Row], workspace: str, limits: Sequence[str] = ()) -> dict[str, Json]:
    """Every preset with how it stands; ``null`` for what was not read."""
    return {
        **header(FORMAT_VERSION),
        "workspace": workspace,
        "presets": [_row(row) for row in rows],
        "limits": list(limits),
        "summary": {standing.value: number for standing, number in counted(rows).items()},
    }


def _row(row: Row) -> dict[str, Json]:
    return {
        "slug": row.slug,
        "state": row.standing.value,
        "status": None if row.status is None else row.status.value,
        "kind": None if row.preset is None else row.preset.kind,
        "file": None if row.preset is None else row.preset.source.file,
        "version": None if row.live is None else row.live.number,
        "since": None if row.live is None else row.live.created_at,
        "differs": [field.name for field in row.fields],
        "commit": None if row.commit is None else commit_document(row.commit),
    }


def commit_document(commit: Commit) -> dict[str, Json]:
    """A commit."""
    return {
        "id": commit.id,
        "time": commit.time,
        "author": commit.author,
        "subject": commit.subject,
        "pull_request": commit.pull_request,
        "elsewhere": commit.elsewhere,
    }
