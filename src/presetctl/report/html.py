"""Plans as one HTML page that needs nothing else: no network, no script to be read, and nothing in it can run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from presetctl import __version__
from presetctl.domain.change import ABSENT, Absent, Cause, Change, FieldChange, Plan
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.values import Json
from presetctl.report.safe import inert, one_line, value_text, visible
from presetctl.report.sides import Row, side_by_side
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

if TYPE_CHECKING:
    from jinja2 import Template

_NAMES_LISTED = 20
_NAME_SHOWN = 200
_FEW_ROWS = 40


@dataclass(frozen=True)
class _Field:
    """A field change: short values as they are, or a long text as rows."""

    name: str
    kind: str
    before: str
    after: str
    rows: Sequence[Row]

    @property
    def is_tall(self) -> bool:
        """Whether a text that has one side only is worth a box that scrolls."""
        return self.kind != "changed" and len(self.rows) > _FEW_ROWS


@dataclass(frozen=True)
class _Group:
    """The fields that somebody caused; ``title`` is empty where nothing needs to be said about it."""

    title: str
    cause: str
    fields: Sequence[_Field]

    @property
    def short(self) -> Sequence[_Field]:
        return [field for field in self.fields if not field.rows]

    @property
    def long(self) -> Sequence[_Field]:
        return [field for field in self.fields if field.rows]


@dataclass(frozen=True)
class _Result:
    """What became of a change; ``good`` where nothing needs to be looked at."""

    name: str
    good: bool
    message: str
    lost: str


@dataclass(frozen=True)
class _Preset:
    """One change, all of it text to be shown."""

    id: str
    slug: str
    action: str
    versions: str
    result: _Result | None
    place: str
    kind: str
    drift: bool
    groups: Sequence[_Group]
    warnings: Sequence[str]
    already_live: str


@dataclass(frozen=True)
class _Workspace:
    """One plan, all of it text to be shown."""

    name: str
    sentence: Sequence[Phrase]
    presets: Sequence[_Preset]
    objections: Sequence[str]
    orphaned: str
    unmanaged: str
    facts: Sequence[tuple[str, str]]

    @property
    def counts_versions(self) -> bool:
        """Whether there is any version to be shown."""
        return any(preset.versions for preset in self.presets)


def plans_html(plans: Sequence[Plan]) -> str:
    """The plans of one or several workspaces as a page, whose policy lets only its own script and style do anything."""
    return _page([Told(plan) for plan in plans])


def outcomes_html(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """What became of a plan, as the same page."""
    return _page([Told(plan, tuple(outcomes))])


def _page(all_told: Sequence[Told]) -> str:
    workspaces = [_workspace(told, number) for number, told in enumerate(all_told)]
    presets = [preset for workspace in workspaces for preset in workspace.presets]
    actions = {name: sum(preset.action == name for preset in presets) for name in _ACTIONS}
    style, script = _part("plan.css"), _part("plan.js")
    page = _template().render(
        title=_title(all_told),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        workspaces=workspaces,
        actions={name: number for name, number in actions.items() if number},
        drifted=sum(preset.drift for preset in presets),
        total=len(presets),
        version=__version__,
    )
    return inert(page)


_ACTIONS = ("create", "update", "replace", "archive", "delete", "restore", "unchanged")


def _title(all_told: Sequence[Told]) -> str:
    if len(all_told) == 1:
        return "".join(_name(phrase.text) if phrase.foreign else phrase.text for phrase in all_told[0].title)
    return f"Plans for {many(len(all_told), 'workspace')}"


def _workspace(told: Told, number: int) -> _Workspace:
    plan = told.plan
    presets = [_preset(c, f"preset-{number}-{place}", told) for place, c in enumerate(shown_changes(plan))]
    unmanaged = f"{many(len(plan.unmanaged), 'unmanaged preset')} in the workspace left alone."
    return _Workspace(
        name=_name(plan.workspace.name),
        sentence=[Phrase(_name(phrase.text), True) if phrase.foreign else phrase for phrase in told.sentence],
        presets=presets,
        objections=[one_line(text) for text in plan.objections] if told.outcomes is None else [],
        orphaned=_names(plan.orphaned),
        unmanaged=unmanaged if plan.unmanaged else "",
        facts=list(_facts(plan)),
    )


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    where = plan.workspace
    yield "Workspace", _name(where.name)
    yield "Provider", f"{_name(where.provider)}, {_name(where.url)}"
    if plan.head.commit is not None:
        yield "Files", f"commit {one_line(plan.head.commit[:12])}{' with uncommitted changes' * plan.head.dirty}"
    if plan.base is not None:
        yield "Base", f"commit {one_line(plan.base[:12])}"
    yield "Fingerprint", one_line(plan.fingerprint.removeprefix("sha256:")[:12])


def _preset(change: Change, id_: str, told: Told) -> _Preset:
    found = groups(change)
    titled = is_titled(found)
    return _Preset(
        id=id_,
        slug=_name(change.slug),
        action=action_name(change),
        versions=told.versions(change),
        result=_result(told.outcome(change)),
        place=one_line(f"{change.source.file}:{change.source.line}"),
        kind=_name(change.kind),
        drift=has_drift(change),
        groups=[_group(group.cause, group.fields, titled) for group in found],
        warnings=[visible(warning) for warning in change.warnings],
        already_live=_names([field.name for field in change.already_live]),
    )


def _result(outcome: Outcome | None) -> _Result | None:
    if outcome is None:
        return None
    good = outcome.result in {Result.APPLIED, Result.UNCHANGED}
    return _Result(result_name(outcome), good, visible(outcome.message), _names(outcome.lost))


def _group(cause: Cause, fields: Sequence[FieldChange], titled: bool) -> _Group:
    return _Group(TITLES[cause] if titled else "", cause.value, [_field(field) for field in fields])


def _field(field: FieldChange) -> _Field:
    rows = [] if is_short(field) else side_by_side(long_text(field.before), long_text(field.after))
    return _Field(
        one_line(field.name), kind_of_change(field), "" if rows else _value(field.before),
        "" if rows else _value(field.after), rows,
    )  # fmt: skip


def _value(value: Json | Absent) -> str:
    """A short value as JSON; empty, which no JSON is, where there is none."""
    return "" if value is ABSENT else value_text(value)


def _name(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _NAME_SHOWN else f"{shown[: _NAME_SHOWN - 1]}…"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_LISTED} more" if len(names) > _NAMES_LISTED else ""
    return f"{', '.join(map(_name, names[:_NAMES_LISTED]))}{more}"


@cache
def _part(name: str) -> str:
    return files("presetctl.report").joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a policy names an inline style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    environment.filters["visible"] = visible
    environment.filters["many"] = many
    return environment.from_string(_part("plan.html"))
