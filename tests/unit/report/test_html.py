"""Plans as a page: what a parser of HTML finds in it. What a browser makes of it is in tests/browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presetctl.domain.change import Action, Plan
from presetctl.report.html import outcomes_html, plans_html
from presetctl.report.safe import visible
from tests.hostile import EVERY, UNREADABLE, acting, commands
from tests.unit.report.examples import (
    MARKDOWN,
    TARGET,
    change,
    field,
    hostile_file,
    hostile_plan,
    ordinary_plan,
    outcomes_of,
    plan,
    said_everywhere,
)

TAGS = {
    "a", "b", "body", "button", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "fieldset", "footer",
    "form", "h1", "h2", "h3", "h4", "head", "header", "html", "input", "ins", "label", "legend", "li", "main", "meta",
    "nav", "p", "script", "section", "span", "strong", "style", "summary", "table", "tbody", "td", "th", "thead",
    "title", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "aria-label", "aria-labelledby", "autocomplete", "charset", "checked", "class", "colspan", "content",
    "data-action", "data-drift", "data-item", "data-label", "data-line", "for", "hidden", "href", "http-equiv", "id",
    "lang", "name", "open", "role", "scope", "spellcheck", "tabindex", "type",
}  # fmt: skip


class Page(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags = Counter[str]()
        self.attributes = Counter[str]()
        self.hrefs: list[str] = []
        self.other: list[str] = []
        self.raw: dict[str, str] = {}
        self.policy = ""
        self._lines: list[str] = [""]
        self._inside: str | None = None
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        values = dict(attrs)
        self.attributes.update(values.keys())
        self.hrefs += [values["href"] or ""] if "href" in values else []
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        self._inside = tag if tag in {"script", "style"} else None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside] = self.raw.get(self._inside, "") + data
        else:
            self._lines.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)

    def unknown_decl(self, data: str) -> None:
        self.other.append(data)


def page(*plans: Plan) -> Page:
    """The page of plans, checked."""
    return checked(plans_html(plans))


def checked(html: str) -> Page:
    """A page, in which there is nothing but what the template says."""
    assert (acting(html), commands(html)) == ([], [])
    found = Page(html)
    assert set(found.tags) <= TAGS
    assert set(found.attributes) <= ATTRIBUTES
    assert found.other == []
    assert found.tags["script"] == found.tags["style"] == found.tags["title"] == 1
    assert all(re.fullmatch(r"#[a-z0-9-]+", href) for href in found.hrefs)
    return found


def test_a_page_needs_nothing_else_and_lets_nothing_else_run() -> None:
    found = page(ordinary_plan())
    hashes = {
        tag: f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for tag, text in found.raw.items()
    }
    assert found.policy == (
        f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"url\(|@import|https?:", found.raw["style"] + found.raw["script"])


def test_what_it_says() -> None:
    text = " ".join(page(ordinary_plan()).text.split())
    for words in (
        "Applying this creates 1 preset, updates 2 presets, replaces 1 preset, archives 1 preset and restores 1 preset",
        "Drift, changed in the workspace alone: applying overwrites it",
        "Changed in the files, and in the workspace too: applying overwrites the latter",
        "Warning: loses cache_enabled",
        "Already live as declared: config.model",
        "Orphaned, declared by no file any more, and left alone: ancient.",
        "2 unmanaged presets in the workspace left alone.",
        "commit cccccccccccc with uncommitted changes",
        "email-copywriter update version 3 → 4 overwrites drift 1 warning presets/email-copywriter.yaml:1",
    ):
        assert words in text


def test_nothing_to_do() -> None:
    found = page(plan(change(action=Action.NO_OP)))
    assert "Nothing would change in production: 1 preset as declared." in found.text
    assert found.tags["form"] == found.tags["details"] == 0


def test_what_became_of_a_plan() -> None:
    made = ordinary_plan()
    text = " ".join(checked(outcomes_html(made, outcomes_of(made))).text.split())
    assert "Apply to production Applied 1 of 6 changes to production; 1 unchanged, 1 conflict" in text
    assert "email-copywriter update applied version 4 overwrites drift" in text
    assert "replaced replace not persisted version 3" in text
    assert "the workspace refused it Not kept as sent: the workspace refused it" in text


def test_several_workspaces_are_one_page() -> None:
    plans = [replace(ordinary_plan(), workspace=replace(TARGET, name=name)) for name in ("one", "two")]
    found = page(*plans)
    assert "Plans for 2 workspaces" in found.text
    assert found.tags["section"] == 2
    assert len(found.hrefs) == len(set(found.hrefs))


@pytest.mark.parametrize("text", [*EVERY, *UNREADABLE, *MARKDOWN])
def test_any_text_is_text(text: str) -> None:
    plain = page(said_everywhere("x")).tags
    made = said_everywhere(text)
    checked(outcomes_html(made, outcomes_of(made, text)))
    found = page(made, made)
    assert found.tags["a"] == 2 * plain["a"] + 1  # and one for each workspace, without that to skip
    (new,) = made.changes[1].fields
    assert isinstance(new.after, str)
    for line in new.after.removesuffix("\n").split("\n"):
        assert _inert(visible(line)) in _inert(found.text)


def _inert(text: str) -> str:
    """Without the characters that are shown by their number where a runner would find a command."""
    return re.sub(r"\\u\{(?:3a|23)\}|[:#]", "", text)


@given(st.text(max_size=40))
def test_any_drawn_text_is_text(text: str) -> None:
    page(said_everywhere(text))


@pytest.mark.parametrize("made", [hostile_plan(), hostile_file()])
def test_hostile_plans(made: Plan) -> None:
    page(made)


def test_long_texts_and_many_presets() -> None:
    prompt = "\n".join(f"line {n} {'word ' * 20}" for n in range(1_800))
    fields = (field(("system_prompt",), prompt, f"{prompt}\nnew"), field(("config", "x"), None, prompt))
    made = plan(*(change(f"p{n}", fields=(field(("system_prompt",), "old", "new"),)) for n in range(300)))
    found = page(replace(made, changes=(change("long", fields=fields), *made.changes)))
    assert found.tags["details"] == 301
    assert "1798 unchanged lines" in found.text
    assert "line 1799" in found.text
