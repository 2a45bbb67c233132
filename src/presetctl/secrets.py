"""What looks like a key in the text of a file. Git never forgets one, so it's found before it gets there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from presetctl.domain.problem import Location, Problem

RULE = "secret"
_HINT = (
    "take it out, and revoke it if it is a real one: keys belong in the environment, under the name in api_key_env; "
    "if it is none, write a comment with `presetctl: allow-secret` on this line or alone on the one above"
)


@dataclass(frozen=True, slots=True)
class _Form:
    """How the keys of one issuer look: ``start``, then ``rest``. Texts without ``start`` are not searched further."""

    kind: str
    start: str
    rest: str


@cache
def _pattern(form: _Form) -> re.Pattern[str]:
    """Looks for the start first, which is fast, and only then at what stands before it.

    Nothing starts inside of a word, so that no part of a text is looked at more than a few times.
    """
    start = re.escape(form.start)
    return re.compile(rf"{start}(?<![A-Za-z0-9_-]{start})(?P<body>{form.rest})", re.ASCII)


_END = r"(?![A-Za-z0-9_-])"
_FORMS = (
    _Form("an OpenRouter key", "sk-or-", rf"(?:v[0-9]-)?[A-Za-z0-9]{{32,}}{_END}"),
    _Form("an Anthropic key", "sk-ant-", r"[A-Za-z0-9_-]{24,}"),
    _Form("an OpenAI key", "sk-proj-", r"[A-Za-z0-9_-]{24,}"),
    _Form("an OpenAI key", "sk-svcacct-", r"[A-Za-z0-9_-]{24,}"),
    _Form("an OpenAI key", "sk-admin-", r"[A-Za-z0-9_-]{24,}"),
    _Form("an API key", "sk-", rf"[A-Za-z0-9]{{32,}}{_END}"),
    _Form("a Stripe key", "sk_live_", r"[A-Za-z0-9]{20,}"),
    _Form("an AWS access key", "AKIA", rf"[A-Z0-9]{{16}}{_END}"),
    _Form("an AWS access key", "ASIA", rf"[A-Z0-9]{{16}}{_END}"),
    *(_Form("a GitHub token", start, r"[A-Za-z0-9]{36,}") for start in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    _Form("a GitHub token", "github_pat_", r"[A-Za-z0-9_]{40,}"),
    _Form("a GitLab token", "glpat-", r"[A-Za-z0-9_-]{20,}"),
    _Form("a Google key", "AIza", rf"[A-Za-z0-9_-]{{35}}{_END}"),
    _Form("a Hugging Face token", "hf_", rf"[A-Za-z0-9]{{34}}{_END}"),
    _Form("a Groq key", "gsk_", r"[A-Za-z0-9]{40,}"),
    _Form("an xAI key", "xai-", r"[A-Za-z0-9]{60,}"),
    *(_Form("a Slack token", f"xox{letter}-", r"[A-Za-z0-9-]{20,}") for letter in "abeoprs"),
    _Form("a JSON Web Token", "eyJ", r"[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    # Line ends, or escapes of them, stand between the first line and the key itself.
    _Form("a private key", "-----BEGIN ", r"(?:[A-Z]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{0,100}?[A-Za-z0-9+/]{40}"),
)
_LONG_WORD = re.compile(r"[A-Za-z0-9_+/-]{16}")
"""Something like this is in every key, whatever its form, and in few other texts: the quickest look at one."""
_PLACEHOLDER = re.compile(
    r"example|your|placeholder|redacted|dummy|fake|sample|insert|replace|changeme|goes[_-]?here|api[_-]?key|"
    r"123456|abcdef|(.)\1{5}",
    re.IGNORECASE,
)
"""What nobody would find in a key that was drawn at random."""
_FEWEST_CHARACTERS = 8
_SHOWN = 6
_MOST = 100
_WAIVER = re.compile(r"(?:#|<!--)[ \t]*presetctl:[ \t]*allow-secret\b")
_WAIVER_ALONE = re.compile(rf"[ \t]*{_WAIVER.pattern}[^\n]*")


def secret_problems(text: str, file: str) -> tuple[Problem, ...]:
    """A problem for everything in ``text``, the whole of ``file``, that looks like a key and has no waiver.

    A waiver is a comment on the same line, or alone on the line above. The key itself is in no message. In a file with
    very many, the first hundred are told.
    """
    return tuple(_problem(text, file, position, form) for position, form in islice(_unwaived(text), _MOST))


def _unwaived(text: str) -> Iterator[tuple[int, _Form]]:
    waived: dict[int, bool] = {}  # by where a line begins: one line may hold very many
    for position, form in sorted(_found(text), key=lambda it: it[0]):
        begin = text.rfind("\n", 0, position) + 1
        if begin not in waived:
            waived[begin] = _is_waived(text, begin)
        if not waived[begin]:
            yield position, form


def _found(text: str) -> Iterator[tuple[int, _Form]]:
    if _LONG_WORD.search(text) is None:
        return
    for form in _FORMS:
        if form.start in text:
            yield from ((match.start(), form) for match in _pattern(form).finditer(text) if _may_be_real(match["body"]))


def _may_be_real(body: str) -> bool:
    """Whether it may have been drawn at random, rather than written as an example."""
    return len(set(body)) >= _FEWEST_CHARACTERS and _PLACEHOLDER.search(body) is None


def _is_waived(text: str, begin: int) -> bool:
    """Whether a waiver stands on the line that begins there, or alone on the one above."""
    end = text.find("\n", begin)
    line = text[begin:] if end < 0 else text[begin:end]
    above = text[text.rfind("\n", 0, begin - 1) + 1 : begin - 1] if begin else ""
    return _WAIVER.search(line) is not None or _WAIVER_ALONE.fullmatch(above) is not None


def _problem(text: str, file: str, position: int, form: _Form) -> Problem:
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    shown = f" (`{form.start[:_SHOWN]}…`)"
    return Problem(Location(file, line, column), "", RULE, f"this looks like {form.kind}{shown}", _HINT)
