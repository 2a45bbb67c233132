"""Plans, outcomes and problems as text for people. Everything from files or a workspace is made harmless here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from presetctl.domain.change import ABSENT, Action, Cause, Change, FieldChange, Plan
from presetctl.domain.kind import provider_of
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.problem import Problem, Severity
from presetctl.domain.provider import capabilities
from presetctl.report.safe import inert, one_line, pair_text, value_text, visible
from presetctl.report.words import Line, Sign, prompt_difference

_SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("±", "yellow"),
    Action.ARCHIVE: ("-", "red"),
    Action.DELETE: ("-", "red"),
    Action.RESTORE: ("↑", "cyan"),
    Action.NO_OP: ("=", "white"),
}
_RESULT_COLOURS = {
    Result.APPLIED: "green",
    Result.UNCHANGED: "green",
    Result.NOT_PERSISTED: "yellow",
    Result.CONFLICT: "red",
    Result.FAILED: "red",
    Result.UNKNOWN: "red",
    Result.SKIPPED: "yellow",
}
_CAUSES = {
    Cause.DRIFT: "(drift: changed in the workspace, would be overwritten)",
    Cause.BOTH: "(changed here and in the workspace: the latter would be overwritten)",
}
_LINE_COLOURS = {Sign.REMOVED: "red", Sign.ADDED: "green"}
_NEW_PROMPT_LINES = 6
_LISTED = 20
_PATH_SHOWN = 100


@dataclass(frozen=True)
class Style:
    """Colours, or none. Without colours changed words stand in ``[-…-]`` and ``{+…+}``."""

    colour: bool = False

    def __call__(self, text: str, colour: str = "", *, bold: bool = False, dim: bool = False) -> str:
        if not self.colour:
            return text
        return click.style(text, fg=colour or None, bold=bold or None, dim=dim or None)

    def mark(self, text: str, sign: Sign) -> str:
        """A changed part of a line."""
        if self.colour:
            return click.style(text, fg=_LINE_COLOURS[sign], reverse=True)
        return f"[-{text}-]" if sign is Sign.REMOVED else f"{{+{text}+}}"


def plan_text(plan: Plan, style: Style) -> str:
    """A plan: what would happen to each preset, by field, and a last line that sums it up."""
    where = plan.workspace
    place = f"{one_line(where.provider)}, {one_line(where.url)}"
    lines = [style(f"Workspace {one_line(where.name)}", bold=True) + f" ({place})"]
    if plan.offline:
        lines.append(
            f"Offline: what the files change since commit {one_line(str(plan.base)[:12])}; no workspace was read."
        )
    elif plan.base is not None:
        lines.append(f"Base: commit {one_line(plan.base[:12])}.")
    lines.append("")
    for change in plan.changes:
        if change.writes or change.warnings or change.already_live:
            lines += [*_change(change, style, plan.offline), ""]
    return inert("\n".join([*lines, summary_line(plan)]))


def plans_text(plans: Sequence[Plan], style: Style) -> str:
    """Several plans, one after the other, and at the end a line for each."""
    texts = [plan_text(plan, style) for plan in plans]
    if len(plans) > 1:
        names = [one_line(plan.workspace.name) for plan in plans]
        width = max(map(len, names))
        lines = (f"{name:<{width}}  {summary_line(plan)}" for name, plan in zip(names, plans, strict=True))
        texts.append(inert("\n".join(lines)))
    return "\n\n".join(texts)


def summary_line(plan: Plan) -> str:
    """``No changes …`` or how many presets would be created, updated and so on."""
    counts = [
        f"{plan.count(action)} to {action}" for action in Action if action is not Action.NO_OP and plan.count(action)
    ]
    same, hidden = plan.count(Action.NO_OP) - plan.unreadable, f", {plan.unreadable} unreadable" * bool(plan.unreadable)
    left = f" {many(len(plan.unmanaged), 'unmanaged preset')} in the workspace left alone." if plan.unmanaged else ""
    if plan.orphaned:
        left += f" Orphaned, declared by no file any more, and left alone: {_names(plan.orphaned)}."
    if not counts:
        return f"No changes: {many(same, 'preset')} as declared{hidden}.{left}"
    return f"Plan: {', '.join([*counts, f'{same} unchanged'])}{hidden}.{left}"


def _names(slugs: Sequence[str]) -> str:
    more = f" and {len(slugs) - _LISTED} more" if len(slugs) > _LISTED else ""
    return f"{', '.join(one_line(slug) for slug in slugs[:_LISTED])}{more}"


def many(number: int, noun: str) -> str:
    """A number with its noun: ``1 preset``, ``2 presets``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def version_step(change: Change, offline: bool = False) -> str:
    """The live version and the next one: ``3 → 4``; just one of them, or nothing, where there is no other.

    Nothing, too, where the provider keeps no versions.
    """
    live = change.before.version if change.before else 0
    if live is None or not capabilities(provider_of(change.kind)).versions:
        return ""
    if offline or change.removes or change.action in {Action.NO_OP, Action.RESTORE}:
        return str(live) if live else ""
    return f"{live} → {live + 1}" if live else "1"


def _change(change: Change, style: Style, offline: bool) -> Iterator[str]:
    sign, colour = _SIGNS[change.action]
    step = version_step(change, offline)
    version = f"version {step}" if step else ""
    action = "unchanged" if change.action is Action.NO_OP else change.action.value
    head = style(f"{sign} {action} {one_line(change.slug)}", colour, bold=True)
    words = [head, version, style(one_line(change.kind), dim=True)]
    yield "  ".join(word for word in [*words, style(one_line(str(change.source.file)), dim=True)] if word)
    for field in change.fields:
        yield from (f"    {line}" if line.strip() else "" for line in field_lines(field, style))
    for field in change.already_live:
        yield "    " + style(f"= {one_line(field.name)}: already live as declared", dim=True)
    for warning in change.warnings:
        yield "    " + style(f"! {visible(warning)}", "yellow")


def field_lines(field: FieldChange, style: Style) -> Iterator[str]:
    """A field's lines, and at the end of the first what else than the files has changed it."""
    first, *rest = _bare_lines(field, style)
    cause = _CAUSES.get(field.cause) if field.cause is not None else None
    yield f"{first}  {style(cause, 'magenta')}" if cause else first
    yield from rest


def _bare_lines(field: FieldChange, style: Style) -> Iterator[str]:
    """The lines of one field change, from before to after."""
    name = one_line(field.name)
    if field.path == ("system_prompt",):
        yield from _prompt(field, style)
    elif field.before is ABSENT:
        yield style(f"+ {name}: {value_text(field.after)}", "green")
    elif field.after is ABSENT:
        yield style(f"- {name}: {value_text(field.before)}", "red")
    else:
        before, after = pair_text(field.before, field.after)
        yield f"{style(f'~ {name}:', 'yellow')} {before} → {after}"


def _prompt(field: FieldChange, style: Style) -> Iterator[str]:
    before = field.before if isinstance(field.before, str) else ""
    after = field.after if isinstance(field.after, str) else ""
    if before and after:
        yield style("~ system_prompt:", "yellow")
        if before.endswith("\n") and after.endswith("\n"):
            before, after = before[:-1], after[:-1]  # the end of the last line is no line
        yield from (f"    {_prompt_line(line, style)}" for line in prompt_difference(before, after))
        return
    sign, text, colour = ("+", after, "green") if after else ("-", before, "red")
    lines = text.removesuffix("\n").split("\n")
    yield style(f"{sign} system_prompt: {many(len(lines), 'line')}, {many(len(text), 'character')}", colour)
    shown = lines if len(lines) <= _NEW_PROMPT_LINES + 1 else lines[:_NEW_PROMPT_LINES]
    yield from (style(f"    {sign} {visible(line)}".rstrip(), colour) for line in shown)
    if len(shown) < len(lines):
        yield style(f"    … {many(len(lines) - len(shown), 'more line')}", dim=True)


def _prompt_line(line: Line, style: Style) -> str:
    if line.sign is Sign.GAP:
        return style(f"… {many(int(line.spans[0].text), 'unchanged line')}", dim=True)
    if line.sign is Sign.SAME:
        return f"  {visible(line.spans[0].text)}".rstrip()
    colour = _LINE_COLOURS[line.sign]
    parts = (
        style.mark(visible(span.text), line.sign) if span.marked else style(visible(span.text), colour)
        for span in line.spans
    )
    return style(f"{line.sign} ", colour) + "".join(parts)


def outcome_text(outcome: Outcome, style: Style) -> str:
    """One outcome, as it happens."""
    change, version = outcome.change, f" version {outcome.version}" if outcome.version is not None else ""
    head = style(f"{outcome.result.value.replace('_', ' ')}", _RESULT_COLOURS[outcome.result], bold=True)
    line = f"{head}  {change.slug}{version}"
    if outcome.lost:
        line += f": not kept as sent: {', '.join(one_line(name) for name in outcome.lost)}"
    return inert(f"{line}: {one_line(outcome.message)}" if outcome.message else line)


def outcomes_summary(outcomes: Sequence[Outcome], workspace: str) -> str:
    """What became of all changes, with version numbers, and what to do about what was not kept."""
    counts = [(result, [o for o in outcomes if o.result is result]) for result in Result]
    parts = [f"{len(found)} {result.value.replace('_', ' ')}" for result, found in counts if found]
    lines = [f"Apply: {', '.join(parts) or 'nothing to do'}."]
    live = [f"{o.change.slug} version {o.version}" for o in outcomes if o.version is not None]
    if live:
        more = f" and {len(live) - _LISTED} more" if len(live) > _LISTED else ""
        lines.append(f"Live now: {', '.join(live[:_LISTED])}{more}.")
    lost = (name for outcome in outcomes for name in outcome.lost)
    fields = sorted({name.removeprefix("config.").split("[")[0] for name in lost if name.startswith("config.")})
    if fields:
        names = ", ".join(one_line(name) for name in fields)
        lines.append(
            f"{workspace} did not keep {names} as sent. "
            f"If it never does, add `not_kept: [{names}]` to it in presetctl.yaml."
        )
    if any(outcome.exit_code and outcome.result is not Result.NOT_PERSISTED for outcome in outcomes):
        lines.append("The next `presetctl plan` shows exactly what remains.")
    return inert("\n".join(lines))


def problems_text(problems: Iterable[Problem], style: Style) -> str:
    """Problems, one paragraph each: ``file:line:column``, severity, path, rule, message, suggestion."""
    return inert("\n".join(_problem(problem, style) for problem in problems))


def _problem(problem: Problem, style: Style) -> str:
    colour = "red" if problem.severity is Severity.ERROR else "yellow"
    head = f"{style(one_line(str(problem.location)), bold=True)}: {style(problem.severity.value, colour)}: "
    shown = problem.path if len(problem.path) <= _PATH_SHOWN else f"{problem.path[:_PATH_SHOWN]}…"
    path = f" at {one_line(shown)}" if shown else ""
    text = f"{head}{one_line(problem.message)} {style(f'[{one_line(problem.rule)}{path}]', dim=True)}"
    return f"{text}\n    → {one_line(problem.suggestion)}" if problem.suggestion else text


def validation_summary(problems: Sequence[Problem], files: int) -> str:
    """The last line of validate."""
    if not files and not problems:
        return "No preset files found."
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        return f"{many(files, 'file')} checked, all valid."
    found = [many(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    fixable = sum(problem.fix is not None for problem in problems)
    hint = f" `presetctl validate --fix` puts {fixable} right." if fixable else ""
    return f"{many(files, 'file')} checked: {', '.join(found)}.{hint}"
