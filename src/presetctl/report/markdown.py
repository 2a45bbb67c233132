"""Plans as Markdown for a pull request: a sentence, a table, and every preset folded, as much as a comment can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from presetctl.domain.change import ABSENT, Absent, Cause, Change, FieldChange, Plan
from presetctl.domain.outcome import Outcome
from presetctl.domain.values import Json
from presetctl.report.gfm import code, fence, grid, html_code, row
from presetctl.report.prose import text_lines
from presetctl.report.safe import inert, value_text
from presetctl.report.summary import (
    TITLES,
    Phrase,
    Told,
    action_name,
    groups,
    has_drift,
    is_short,
    is_titled,
    kind_of_change,
    long_text,
    result_name,
    shown_changes,
)
from presetctl.report.text import many

COMMENT_LIMIT = 65_536
"""The most characters that a comment on GitHub may have."""

_NAME_SHOWN = 100
_MESSAGE_SHOWN = 600
_RESULT_SHOWN = 200
_OBJECTION_SHOWN, _OBJECTIONS_LISTED = 300, 5
_NAMES_LISTED = 3
_FEW_FIELDS, _FEW_LINES = 20, 12


def length(text: str) -> int:
    """Characters as GitHub may count them: one outside the Basic Multilingual Plane counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def plans_markdown(
    plans: Sequence[Plan], limit: int = COMMENT_LIMIT, rest: str = "", measure: Callable[[str], int] = length
) -> str:
    """The plans of one or several workspaces, in at most ``limit`` characters, or what ``measure`` counts.

    Where all of it is too long, texts are shortened; then only the tables stay, and at last only as many of their rows
    as fit, with the number of those left out. ``rest`` is a sentence of ours that says where the whole of it is.
    """
    return _fitting([Told(plan) for plan in plans], limit, rest, measure)


def outcomes_markdown(plan: Plan, outcomes: Sequence[Outcome], limit: int = COMMENT_LIMIT, rest: str = "") -> str:
    """What became of a plan, in the same way."""
    return _fitting([Told(plan, tuple(outcomes))], limit, rest)


def _fitting(all_told: Sequence[Told], limit: int, rest: str, measure: Callable[[str], int] = length) -> str:
    tables = [_Table.of(told) for told in all_told]
    for shortened in (False, True):
        text = within(_whole(all_told, tables, shortened, rest), limit, measure)
        if text is not None:
            return text
    return _cut(tables, limit, rest, measure)


def within(blocks: Iterable[str], limit: int, measure: Callable[[str], int] = length) -> str | None:
    """The blocks as one text, None once they are too long: what follows is not even made."""
    found: list[str] = []
    left = limit
    for block in blocks:
        found.append(inert(block))
        left -= measure(found[-1]) + 2
        if left < 0:
            return None
    return "\n\n".join(found)


def _whole(all_told: Sequence[Told], tables: Sequence[_Table], shortened: bool, rest: str) -> Iterator[str]:
    for told, table in zip(all_told, tables, strict=True):
        yield from table.blocks(len(table.rows))
        for change in shown_changes(told.plan):
            yield _folded(change, told, shortened)
    if shortened:
        yield f"Long texts are shortened here. {rest}".rstrip()


def _cut(tables: Sequence[_Table], limit: int, rest: str, measure: Callable[[str], int]) -> str:
    """The tables of as many plans as fit, with as many rows of each as fit."""

    def made(number: int, rows: int) -> str | None:
        return within(_tables(tables, number, rows, rest), limit, measure)

    number = _most(len(tables), lambda number: made(number, 0) is not None)
    largest = max((len(table.rows) for table in tables[:number]), default=0)
    return made(number, _most(largest, lambda rows: made(number, rows) is not None)) or ""


def _most(highest: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to ``highest`` that fits, or 0."""
    low = 0
    while low < highest:
        middle = (low + highest + 1) // 2
        low, highest = (middle, highest) if fits(middle) else (low, middle - 1)
    return low


def _tables(tables: Sequence[_Table], number: int, rows: int, rest: str) -> Iterator[str]:
    for table in tables[:number]:
        yield from table.blocks(rows)
    if number < len(tables):
        yield f"{many(len(tables) - number, 'more workspace')} did not fit in here."
    yield f"Only the tables fit in here. {rest}".rstrip()


@dataclass(frozen=True)
class _Table:
    """What is said of a plan as a whole: a head, a row for each preset, and what stands below them."""

    head: Sequence[str]
    last_column: str
    rows: Sequence[Sequence[str]]
    tail: Sequence[str]

    @classmethod
    def of(cls, told: Told) -> _Table:
        rows = [_row(change, told) for change in shown_changes(told.plan)]
        return cls(list(_head(told)), "fields" if told.outcomes is None else "result", rows, list(_tail(told.plan)))

    def blocks(self, number: int) -> Iterator[str]:
        """With the first ``number`` rows, and the number of the others."""
        yield from self.head
        shown = self.rows[:number]
        if shown:
            yield grid(("preset", "action", "version", self.last_column), shown)
        if len(shown) < len(self.rows):
            yield f"{many(len(self.rows) - len(shown), 'more preset')} did not fit in here."
        yield from self.tail


def _head(told: Told) -> Iterator[str]:
    yield f"### {_said(told.title)}"
    yield _said(told.sentence)
    if told.outcomes is None and told.plan.objections:
        yield "\n".join(_objections(told.plan.objections))


def _objections(found: Sequence[str]) -> Iterator[str]:
    yield "**Apply would stop:**\n"
    yield from (f"- {code(text, _OBJECTION_SHOWN)}" for text in found[:_OBJECTIONS_LISTED])
    if len(found) > _OBJECTIONS_LISTED:
        yield f"- and {len(found) - _OBJECTIONS_LISTED} more"


def _said(phrases: Iterable[Phrase]) -> str:
    return "".join(_name(phrase.text) if phrase.foreign else phrase.text for phrase in phrases)


def _row(change: Change, told: Told) -> Sequence[str]:
    words = _field_names(change) if told.outcomes is None else _result(told.outcome(change))
    cells = [_name(change.slug), action_name(change), told.versions(change), "; ".join(words)]
    return tuple(cells)


def _result(outcome: Outcome | None) -> Iterator[str]:
    if outcome is None:
        return
    yield result_name(outcome)
    if outcome.lost:
        yield f"not kept as sent: {_names(outcome.lost)}"
    if outcome.message:
        yield code(outcome.message, _RESULT_SHOWN)


def _field_names(change: Change) -> Iterator[str]:
    words = {Cause.DECLARED: "", Cause.BOTH: "both changed ", Cause.DRIFT: "**drift** "}
    for group in groups(change):
        names = ", ".join(_name(field.name) for field in group.fields[:_NAMES_LISTED])
        more = len(group.fields) - _NAMES_LISTED
        yield f"{words[group.cause]}{names}{f' and {more} more' if more > 0 else ''}"


def _tail(plan: Plan) -> Iterator[str]:
    if plan.orphaned:
        yield f"Orphaned, declared by no file any more, and left alone: {_names(plan.orphaned)}."
    if plan.unmanaged:
        yield f"{many(len(plan.unmanaged), 'unmanaged preset')} in the workspace left alone."
    yield " · ".join(_references(plan))


def _names(names: Sequence[str], listed: int = 10) -> str:
    more = f" and {len(names) - listed} more" if len(names) > listed else ""
    return f"{', '.join(map(_name, names[:listed]))}{more}"


def _references(plan: Plan) -> Iterator[str]:
    if plan.head.commit is not None:
        dirty = " with uncommitted changes" if plan.head.dirty else ""
        yield f"files at {code(plan.head.commit[:12])}{dirty}"
    if plan.base is not None:
        yield f"base {code(plan.base[:12])}"
    yield f"fingerprint {code(plan.fingerprint.removeprefix('sha256:')[:12])}"


def _folded(change: Change, told: Told, shortened: bool) -> str:
    number, outcome = told.versions(change), told.outcome(change)
    words = [html_code(change.slug, _NAME_SHOWN), action_name(change), f"version {number}" if number else ""]
    words += [result_name(outcome)] if outcome else []
    words += ["overwrites drift"] if has_drift(change) else []
    words += [many(len(change.warnings), "warning")] if change.warnings else []
    summary = f"<details>\n<summary>{' · '.join(filter(None, words))}</summary>"
    return "\n\n".join([summary, *_content(change, shortened), "</details>"])


def _content(change: Change, shortened: bool) -> Iterator[str]:
    place = f"{change.source.file}:{change.source.line}"
    yield f"{code(place, _MESSAGE_SHOWN)} · {_name(change.kind)}"
    found = groups(change)
    for group in found:
        if is_titled(found):
            yield f"**{TITLES[group.cause]}**"
        yield from field_blocks(group.fields, shortened)
    notes = [f"- warning: {code(warning, _MESSAGE_SHOWN)}" for warning in change.warnings]
    if change.already_live:
        notes.append(f"- already live as declared: {_names([field.name for field in change.already_live])}")
    if notes:
        yield "\n".join(notes)


def field_blocks(fields: Sequence[FieldChange], shortened: bool) -> Iterator[str]:
    """Fields before and after. Short values in a table, and each long text below it."""
    shown = fields[:_FEW_FIELDS] if shortened else fields
    small = [field for field in shown if is_short(field)]
    if small:
        yield "\n".join(["| field | before | after |", "|---|---|---|", *map(_field_row, small)])
    for field in shown:
        if not is_short(field):
            yield f"{code(field.name, _MESSAGE_SHOWN)}, {kind_of_change(field)}:"
            lines = text_lines(long_text(field.before), long_text(field.after), _FEW_LINES if shortened else 0)
            yield fence(lines, "diff")
    if len(shown) < len(fields):
        yield f"{many(len(fields) - len(shown), 'more field')}."


def _field_row(field: FieldChange) -> str:
    return row([_name(field.name), _cell(field.before), _cell(field.after)])


def _cell(value: Json | Absent) -> str:
    return "not set" if value is ABSENT else code(value_text(value))


def _name(text: str) -> str:
    return code(text, _NAME_SHOWN)
