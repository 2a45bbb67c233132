"""The page of plans in a real browser: its layout, its filters, who can use it, and that prompts stay text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from presetctl.domain.change import Action
from presetctl.report.safe import visible
from tests.browser.conftest import AXE, Pages
from tests.unit.report.examples import (
    CORPUS,
    TARGET,
    change,
    corpus,
    field,
    hostile_plan,
    ordinary_plan,
    plan,
    said_everywhere,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTHS = (1280, 768, 360)
SEEN = "all => all.filter((it) => it.checkVisibility()).map((it) => it.textContent)"
LINES = """all => all.filter((it) => it.dataset.line)
  .map((it) => [...it.childNodes].filter((part) => part.className !== "sign"))
  .map((parts) => parts.map((part) => part.textContent).join(""))"""
STICKING_OUT = """() => [...document.querySelectorAll("body *")]
  .filter((it) => it.getClientRects().length && !it.closest(".unseen, .skip, thead"))
  .filter((it) => it.getBoundingClientRect().right > innerWidth + 1 || it.getBoundingClientRect().left < -1)
  .map((it) => it.outerHTML.slice(0, 200))"""


def shown(page: Page) -> list[str]:
    """The presets that can be seen, by their headings; the overview shows the same ones."""
    names, rows = (page.locator(it).evaluate_all(SEEN) for it in ("details.preset h3", ".overview tbody th"))
    assert names == rows
    return list(names)


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_fits_the_width(show: Pages, width: int) -> None:
    plans = (ordinary_plan(), said_everywhere("wide " * 60), said_everywhere("x" * 4_000), hostile_plan())
    page = show(*plans, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(STICKING_OUT) == []


def test_texts_stand_side_by_side_where_there_is_room(show: Pages) -> None:
    for width, beside in ((1280, True), (768, True), (360, False)):
        page = show(ordinary_plan(), viewport={"width": width, "height": 800})
        row = page.locator(".text.changed tr.differs").first
        old, new = (row.locator(f"td.{side}").bounding_box() for side in ("old", "new"))
        assert old is not None
        assert new is not None
        assert (old["y"] == new["y"], old["x"] + old["width"] <= new["x"] + 1) == (beside, beside)
        assert row.locator("del").all_inner_texts() == ["120"]
        assert row.locator("ins").all_inner_texts() == ["90", ", in three paragraphs"]


def test_light_and_dark(show: Pages) -> None:
    colours = [
        show(ordinary_plan(), color_scheme=scheme).evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        for scheme in ("light", "dark")
    ]
    (light, ink), (dark, chalk) = ([sum(map(int, it[4:-1].split(", "))) for it in pair] for pair in colours)
    assert light > ink + 400
    assert chalk > dark + 400


def test_filters_need_no_script(show: Pages) -> None:
    page = show(ordinary_plan(), java_script_enabled=False)
    assert not page.locator("#search").is_visible()
    everything = shown(page)
    assert len(everything) == 7
    page.locator("#show-update").uncheck()
    assert shown(page) == [name for name in everything if name not in {"email-copywriter", everything[1]}]
    page.locator("#show-update").check()
    page.locator("#only-drift").check()
    assert shown(page) == ["email-copywriter"]
    assert "Be brief" in page.locator(".text.changed").first.inner_text()


def test_every_action_has_its_colour_and_its_filter(show: Pages) -> None:
    actions = [action for action in Action if action is not Action.NO_OP]
    page = show(plan(*(change(action.value, action) for action in actions)), java_script_enabled=False)
    everything = shown(page)
    assert everything == actions
    for item in page.locator("details.preset").all():
        action, slug = item.get_attribute("data-action"), item.locator("h3").inner_text()
        badge = item.locator(f".badge.{action}").first
        assert badge.evaluate("element => getComputedStyle(element).backgroundColor") != "rgba(0, 0, 0, 0)", action
        page.locator(f"#show-{action}").uncheck()
        assert slug not in shown(page)
        page.locator(f"#show-{action}").check()
    assert shown(page) == everything


def test_presets_are_found_by_name(show: Pages) -> None:
    page = show(ordinary_plan())
    count = page.locator("#count")
    assert count.inner_text() == "7 of 7 shown"
    page.locator("#search").fill("RE")
    assert shown(page) == ["a-preset-whose-slug-is-so-long-that-it-has-to-wrap-on-a-phone", "replaced", "restored"]
    page.locator("#show-restore").uncheck()
    assert (len(shown(page)), count.inner_text()) == (2, "2 of 7 shown")
    page.locator("#search").fill("")
    assert count.inner_text() == "6 of 7 shown"
    page.locator("#fold").click()
    assert page.locator("details[open]").count() == 0
    page.locator(".overview a", has_text="support-triage").click()
    assert page.locator("details[open] h3").all_inner_texts() == ["support-triage"]
    page.locator("#search").press("Enter")
    assert page.url.endswith(".html#preset-0-2")


def test_all_of_it_works_by_keyboard(show: Pages) -> None:
    page = show(ordinary_plan())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "show-create"
    page.keyboard.press("Space")
    assert "support-triage" not in shown(page)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    assert page.locator("details.preset:not([open]) h3").all_inner_texts() == ["email-copywriter"]


def test_print_has_all_texts_and_no_controls(show: Pages) -> None:
    page = show(ordinary_plan(), color_scheme="dark")
    page.locator("#fold").click()
    page.emulate_media(media="print", color_scheme="light")
    assert not page.locator(".filters").is_visible()
    last = page.locator(".text.new td", has_text="Rule 59")
    assert last.is_visible()
    assert page.evaluate(
        "document.querySelector('.text.tall').scrollHeight <= document.querySelector('.text.tall').clientHeight"
    )
    assert page.pdf().startswith(b"%PDF")


def test_hostile_texts_stay_text(show: Pages) -> None:
    made = corpus()
    page = show(made)
    for number, text in enumerate(CORPUS):
        preset = page.locator(f"#preset-0-{number}")
        lines = preset.locator(".text").last.locator("td.new").evaluate_all(LINES)
        assert _inert("\n".join(lines)) == _inert(visible(f"{text}\nnew"))
    found = page.evaluate("""() => ({
        scripts: document.scripts.length,
        loaded: document.querySelectorAll("img, svg, iframe, object, embed, link, video, audio, base, math").length,
        handlers: [...document.querySelectorAll("*")].flatMap((it) => it.getAttributeNames())
          .filter((it) => it.startsWith("on")),
        links: [...document.links].filter((it) => !it.getAttribute("href").startsWith("#")).length,
        comments: document.createNodeIterator(document, NodeFilter.SHOW_COMMENT).nextNode() === null,
    })""")
    assert found == {"scripts": 1, "loaded": 0, "handlers": [], "links": 0, "comments": True}


def _inert(text: str) -> str:
    return text.replace("\\u{3a}", ":").replace("\\u{23}", "#")


def test_the_policy_lets_nothing_else_run_or_load(show: Pages) -> None:
    page = show(ordinary_plan())
    refused = page.evaluate("""async () => {
        const refused = [];
        document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        const image = document.createElement("img");
        image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
        image.setAttribute("onerror", "window.ran = true");
        document.body.append(script, style, image);
        await new Promise((resolve) => image.addEventListener("error", resolve));
        await new Promise((resolve) => setTimeout(resolve));
        return { refused, ran: window.ran === true, seen: document.body.offsetHeight > 0 };
    }""")
    assert (refused["ran"], refused["seen"]) == (False, True)
    assert {"img-src", "script-src-elem", "script-src-attr", "style-src-elem"} <= set(refused["refused"])
    assert len(show.complaints) == 4
    show.complaints.clear()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_nothing_bars_anybody(show: Pages, width: int, scheme: str) -> None:
    two = replace(said_everywhere("<b>x</b>"), workspace=replace(TARGET, name="second"))
    page = show(ordinary_plan(), two, viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(path=AXE)  # which the policy would refuse
    page.add_style_tag(content=".preset { content-visibility: visible !important }")  # axe looks at what is painted
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = [(it["impact"], it["id"], [node["html"] for node in it["nodes"]][:3]) for it in result["violations"]]
    assert found == []


def test_many_presets_and_a_long_prompt(show: Pages) -> None:
    prompt = "\n".join(f"line {number} {'word ' * 20}" for number in range(1_900))
    assert len(prompt) > 200_000
    changes = [change(f"p{n}", fields=(field(("system_prompt",), "old word", "new word"),)) for n in range(300)]
    long = change("long", fields=(field(("system_prompt",), None, prompt),))
    page = show(plan(*changes, long))
    page.locator("#search").fill("long")
    assert shown(page) == ["long"]
    assert page.locator(".text.tall tr").count() == 1_900
    assert page.locator("#count").inner_text() == "1 of 301 shown"
