"""One real browser for all of these tests, and what of it a machine may lack.

Without Chromium, Playwright or axe-core the tests are skipped, and say what is missing. In CI nothing is skipped: there
they fail.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from presetctl.domain.change import Plan
from presetctl.report.html import plans_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_MISSING = [
    part
    for part, there in (
        ("Chromium (of the system: apt-get install chromium)", CHROMIUM is not None),
        ("Playwright (a Python package, of the extra `dev`)", importlib.util.find_spec("playwright") is not None),
        ("axe-core (make browser)", AXE.is_file()),
    )
    if not there
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not _MISSING or os.environ.get("CI"):
        return
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(_MISSING)}"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert not _MISSING, f"not installed: {', '.join(_MISSING)}"
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to run as root with it
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@dataclass
class Pages:
    """Opens pages, and hears what the browser complains of in them, and what they ask for beside themselves."""

    browser: Browser
    folder: Path
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, *plans: Plan, **options: Any) -> Page:
        """The page of plans, with the options of a browser's context."""
        file = self.folder / f"{len(self.contexts)}.html"
        file.write_text(plans_html(plans), encoding="utf-8")
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._heard(request.url, file))
        page.goto(file.as_uri())
        return page

    def _heard(self, url: str, file: Path) -> None:
        if url.partition("#")[0] != file.as_uri():
            self.complaints.append(f"request: {url}")


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Pages]:
    """To open pages, none of which complains or asks for more."""
    pages = Pages(browser, tmp_path)
    yield pages
    for context in pages.contexts:
        context.close()
    assert pages.complaints == []
