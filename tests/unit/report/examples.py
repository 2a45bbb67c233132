"""Plans, outcomes and problems to report, ordinary and hostile."""

from __future__ import annotations

from dataclasses import replace

from presetctl.domain.change import ABSENT, Action, Cause, Change, FieldChange, Head, Live, Plan, Target
from presetctl.domain.outcome import Outcome, Result
from presetctl.domain.problem import Location, Problem, Severity
from presetctl.domain.values import Json, Path
from tests.hostile import EVERY, UNREADABLE

DIGEST = "sha256:" + "0" * 64
TARGET = Target("production", "openrouter", "https://openrouter.ai/api/v1", "ws-1")

ESCAPES = "\x1b[2J\x1b[31m\x1b]0;title\x07\x9b1A\x1bc"
HIDDEN = "a\u202eb\u2066c\u200bd\ufeffe\U000e0041f\u2028g\u00adh"
RAW = ESCAPES + HIDDEN + "\r\x08\x7f\x00"
COMMANDS = "x\n::error file=a.py::owned\n  ::add-mask::e\n\u3000::stop-commands::t\n##[add-mask]e %0A::error::owned"
HOSTILE = RAW + COMMANDS


def field(path: Path, before: Json = None, after: Json = None, *, cause: Cause | None = None) -> FieldChange:
    """A field change; None stands for no value."""
    return FieldChange(path, ABSENT if before is None else before, ABSENT if after is None else after, cause)


def change(
    slug: str = "a",
    action: Action = Action.UPDATE,
    fields: tuple[FieldChange, ...] = (),
    warnings: tuple[str, ...] = (),
    version: int | None = 3,
    file: str | None = None,
) -> Change:
    """A change that was planned against ``version``."""
    before = None if version is None else Live(version, f"v{version}", DIGEST)
    source = Location(file or f"presets/{slug}.yaml")
    return Change(slug, "openrouter/messages", action, source, before, DIGEST, fields, warnings)


def plan(*changes: Change, unmanaged: tuple[str, ...] = (), target: Target = TARGET, head: Head = Head()) -> Plan:
    return Plan(target, head, changes, unmanaged, DIGEST)


def problem(message: str = "is wrong", *, file: str = "presets/a.yaml", **more: str) -> Problem:
    """A problem in line 2, column 3."""
    severity = Severity(more.pop("severity", "error"))
    path, suggestion = more.pop("path", "config.x"), more.pop("suggestion", "")
    return Problem(Location(file, 2, 3), path, more.pop("rule", "a-rule"), message, suggestion, severity)


def hostile_plan() -> Plan:
    """Everything in it that can come from a file or a workspace is hostile."""
    fields = (
        field(("config", HOSTILE), HOSTILE, {HOSTILE: [HOSTILE]}),
        field(("config", "gone"), HOSTILE),
        field(("config", "new"), None, HOSTILE),
        field(("system_prompt",), f"same\n{HOSTILE}\n::notice::same\nold", f"same\n{HOSTILE}\n::notice::same\nnew"),
    )
    created = change("b", Action.CREATE, (field(("system_prompt",), None, HOSTILE),), version=None)
    removed = change("c", Action.UPDATE, (field(("system_prompt",), HOSTILE),))
    warned = change("d", Action.NO_OP, warnings=(f"loses {HOSTILE}",), file=f"presets/{HOSTILE}.yaml")
    target = Target("production", "openrouter", f"https://x/{HOSTILE}", HOSTILE)
    return plan(change("a", fields=fields), created, removed, warned, unmanaged=(HOSTILE,), target=target)


def hostile_file() -> Plan:
    """A plan as a file may say it that presetctl never wrote."""
    made = change(HOSTILE, fields=(field((HOSTILE, 0), HOSTILE, HOSTILE),), version=10**100)
    already = replace(change("b", Action.NO_OP), already_live=(field((HOSTILE,)),))
    target = Target(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    return replace(
        plan(replace(made, kind=HOSTILE), already, target=target, head=Head(HOSTILE)), base=HOSTILE, orphaned=(HOSTILE,)
    )


def hostile_outcomes() -> list[Outcome]:
    refused = Outcome(change(), Result.FAILED, message=f"refused: {HOSTILE}", exit_code=8)
    lossy = Outcome(change(), Result.NOT_PERSISTED, 4, (f"config.{HOSTILE}", "system_prompt"), exit_code=6)
    return [refused, lossy]


def hostile_problems() -> list[Problem]:
    return [
        problem(HOSTILE, file=HOSTILE, path=HOSTILE, suggestion=HOSTILE),
        problem("::error::x", file="::error file=x::y"),
    ]


MARKDOWN = [
    "`", "``", "```", "````\n```\n~~~~", "` x", "x `", " ", "\\", "\\|", "|", "a | b\n|---|---|\n| c | d |", "`|`",
    "\\`",
    "```\n</details>\n<details open><summary>ours</summary>\n\n# Approved", "\n\n</summary></details>\n\n---\n",
    "@octocat @org/team user@example.com", "#1 GH-2 org/repo#3 fixes #4 824a874734d6f3c1b0d2", "closes #1\nfixes #2",
    "http://example.com https://example.com/a?b=c www.example.com <https://example.com> mailto:a@b.example",
    "[a](https://example.com) ![b](https://example.com/b.png) [c][d]\n\n[d]: https://example.com",
    "<img src=x onerror=alert(1)> <script>alert(1)</script> <a href='javascript:alert(1)'>a</a> <svg/onload=x> <b>",
    "<!-- presetctl {} --> <![CDATA[x]]> <?php ?> <!DOCTYPE html>", "-->", "&lt;b&gt; &#64;octocat &amp;",
    "# heading\n\n- item\n1. item\n> quote\n\n---\n***\n    code\n\nx\n===", "*a* **b** _c_ ~~d~~ ^e^ ==f==",
    "- [x] done\n- [ ] not done", "[^1]\n\n[^1]: note", "> [!WARNING]\n> x", ":rocket: :+1:", "$x$ $$y$$ $`z`$",
    "```mermaid\ngraph TD\n```", "```suggestion\nx\n```", "%%{init}%%", "\t- x", "\u00a0", "a  \nb",
    "{{ x }} {% raw %}",
    "[-x-]{+y+}", "@@ 3 unchanged lines @@", "diff --git a/x b/x\n--- a\n+++ b", "javascript:alert(1)", "style='x'",
]  # fmt: skip
"""What means something in GitHub's Markdown or in HTML, or would like to."""


CORPUS = [*EVERY, *UNREADABLE, *MARKDOWN]


def corpus(longest: int = 10_000) -> Plan:
    """A preset for each hostile text, which is its slug, its warning, a field and a part of its prompt."""
    return plan(*(_hostile_change(number, text[:longest]) for number, text in enumerate(CORPUS)))


def _hostile_change(number: int, text: str) -> Change:
    fields = (field(("config", text), text, f"{text} 2"), field(("system_prompt",), "old", f"{text}\nnew"))
    return change(f"{number} {text}", fields=fields, warnings=(text,))


def corpus_of_problems(longest: int = 10_000) -> list[Problem]:
    """A problem for each hostile text, which stands wherever a file can put it."""
    return [
        problem(text, file=text, path=text, suggestion=text, severity=severity)
        for number, text in enumerate(it[:longest] for it in CORPUS)
        for severity in (Severity.ERROR if number % 2 else Severity.WARNING,)
    ]


def said_everywhere(text: str) -> Plan:
    """A plan in which one text stands in every place that a file, a workspace or history may fill."""
    fields = (
        replace(field(("config", text), text, f"{text}2"), cause=Cause.DECLARED),
        replace(field((text, 1), None, {text: [text]}), cause=Cause.BOTH),
        replace(field(("config", "long"), {text: text * 100}, [text, text]), cause=Cause.DRIFT),
        field(("config", "gone"), text),
        field(("system_prompt",), f"same\n{text}\nold {text} word", f"same\n{text}\nnew {text} word\n{text}"),
    )
    made = replace(
        change(text, fields=fields, warnings=(text,), file=text), kind=text, already_live=(field(("config", text)),)
    )
    created = change("new", Action.CREATE, (field(("system_prompt",), None, text),), version=None)
    target = Target(text, text, text, text)
    bare = plan(made, created, target=target, head=Head(text))
    return replace(bare, base=text, orphaned=(text,), unmanaged=(text,), objections=(text,))


def ordinary_plan() -> Plan:
    """Every action, every cause, short and long values, and names as long as they get."""
    old = "Write marketing email, in our voice.\n\nBe brief: at most 120 words.\nNever use exclamation marks.\n"
    new = old.replace("at most 120 words", "at most 90 words, in three paragraphs") + "If unsure, say so.\n"
    schema: Json = {"type": "json_schema", "json_schema": {"name": "triage", "schema": {"enum": ["low", "high"] * 9}}}
    mail = (
        field(("config", "model"), "a/small", "a/large", cause=Cause.DECLARED),
        field(("config", "provider", "sort"), None, "price", cause=Cause.DECLARED),
        field(("system_prompt",), old, new, cause=Cause.DECLARED),
        field(("config", "top_p"), 0.9, 0.8, cause=Cause.BOTH),
        field(("config", "temperature"), 0.2, 0.7, cause=Cause.DRIFT),
        field(("config", "stop"), ["END"], cause=Cause.DRIFT),
    )
    triage = (
        field(("config", "response_format"), None, schema),
        field(("system_prompt",), None, "\n".join(f"Rule {n}: sort each ticket." for n in range(60))),
    )
    long = field(("config", "a", "deeply", "nested", "field", "with", "a", "long", "name"), "x" * 110, "y" * 110)
    changes = (
        change("email-copywriter", fields=mail, warnings=("loses cache_enabled: needs --allow-wipe email-copywriter",)),
        change("a-preset-whose-slug-is-so-long-that-it-has-to-wrap-on-a-phone", fields=(long,)),
        change("support-triage", Action.CREATE, triage, version=None),
        change("replaced", Action.REPLACE, (field(("config", "model"), "a/b", "a/c"),)),
        change("restored", Action.RESTORE, (field(("system_prompt",), "Gone."),), version=7),
        replace(change("done", Action.NO_OP), already_live=(field(("config", "model")),)),
        change("same", Action.NO_OP),
        change("old-summarizer", Action.ARCHIVE, version=12),
    )
    made = plan(*changes, unmanaged=("u", "v"), head=Head("c" * 40, dirty=True))
    return replace(made, base="b" * 40, orphaned=("ancient",))


def outcomes_of(made: Plan, message: str = "the workspace refused it") -> list[Outcome]:
    """One of each result, for as many as the plan has changes to write."""
    return [
        Outcome(
            it, result, 4 if result is Result.APPLIED else None, (message,) * (result is Result.NOT_PERSISTED), message
        )
        for it, result in zip(made.pending, Result, strict=False)
    ]
