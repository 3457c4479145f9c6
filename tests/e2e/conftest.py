"""One Chromium per module, one fresh context per person. Needs the running stack and a Chromium on this machine.

The browser lives no longer than its module: Playwright's own loop would be in the way of asynchronous tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.conftest import Stack
from tests.e2e.line import Line
from tests.e2e.person import Person

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
VIEW = {"width": 1280, "height": 800}

Enter = Callable[[str], Person]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def enter(browser: Browser, stack: Stack, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Enter]:
    """`enter("Ada")`: a person with a browser of their own, not yet signed in. After a failed test their screens lie
    beside its data; after a good one their pages must have had nothing to complain about."""
    people: list[Person] = []

    def come(name: str) -> Person:
        context: BrowserContext = browser.new_context(viewport=VIEW, reduced_motion="reduce")  # type: ignore[arg-type]
        people.append(Person(name, context, Line(stack.port), stack.token))
        return people[-1]

    yield come
    for person in people:
        shot = re.sub(r"\W+", "-", f"{request.node.name}-{person.name}")
        person.page.screenshot(path=tmp_path / f"{shot}.png")
        person.context.close()
        person.line.close()
    assert [complaint for person in people for complaint in person.complaints] == []
