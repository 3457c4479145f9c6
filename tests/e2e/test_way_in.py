"""The door, the keyboard, and everybody's eyes (E-09, E-70 … E-72)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT
from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS, Person
from tests.screenplays import LAST_FERRY

pytestmark = pytest.mark.e2e
AXE = ROOT / "editor" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """async () => (await axe.run({ resultTypes: ['violations'] })).violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)"""


def test_e09_a_wrong_token_meets_a_sign_in_page(enter: Enter) -> None:
    """E-09: a wrong token opens nothing, and the page says so and asks for the right one."""
    eve = enter("Eve")
    answer = eve.page.goto(f"{eve.url}/?token=guessed")
    assert answer is not None
    assert answer.status == 401
    expect(eve.page.get_by_role("alert")).to_contain_text("does not open this studio")
    assert eve.page.request.get(eve.url + "/assets/x.js").status == 401
    expect(eve.page.get_by_label("Token")).to_be_focused()
    eve.page.get_by_label("Token").fill(eve.token)
    eve.page.get_by_role("button", name="Open the studio").click()
    expect(eve.page.get_by_test_id("new-project").first).to_be_visible(timeout=SOON_MS)
    eve.complaints.clear()  # the browser itself logs the 401


def test_e09_without_a_session_a_project_address_asks_to_sign_in(enter: Enter) -> None:
    """E-09: the address of a project says nothing to somebody who is not signed in."""
    eve = enter("Eve")
    answer = eve.page.goto(f"{eve.url}/p/prj_doesnotmatter")
    assert answer is not None
    assert answer.status == 401
    expect(eve.page.get_by_label("Token")).to_be_visible()
    icon = eve.page.locator("link[rel=icon]").get_attribute("href")
    assert icon is not None
    assert icon.startswith("data:")  # or the browser asks for one that is not there, sooner or later
    assert all("401" in each for each in eve.complaints)
    eve.complaints.clear()


def test_e70_a_project_that_does_not_exist_is_said_in_words(enter: Enter) -> None:
    """E-70: a foreign project id in the address: one clear sentence and a way back, no spinner for ever."""
    ada = enter("Ada")
    ada.sign_in()
    ada.open("/p/prj_0000000000000000000000")
    expect(ada.page.get_by_role("heading", name="This project does not open")).to_be_visible(timeout=SOON_MS)
    expect(ada.page.get_by_text("There is no such project, or it is not yours to open.")).to_be_visible()
    ada.page.get_by_role("button", name="All projects").click()
    expect(ada.page.get_by_test_id("new-project").first).to_be_visible(timeout=SOON_MS)


def test_e71_the_keyboard_alone_is_enough(enter: Enter) -> None:
    """E-71: without a mouse: find a scene in the palette, write in it, step to the next one, come back."""
    ada = enter("Ada")
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    press = ada.page.keyboard.press
    press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    ada.type("open water")
    options = ada.page.get_by_role("option")
    expect(options).not_to_have_count(0)
    scene = ada.page.get_by_role("option", name=re.compile(r"^5\s.*OPEN WATER"))
    for _ in range(options.count()):
        if scene.get_attribute("aria-selected") == "true":
            break
        press("ArrowDown")
    press("Enter")
    expect(ada.scenes.nth(4).get_by_role("link")).to_have_attribute("aria-current", "page", timeout=SOON_MS)
    ada.at_the_desk()
    ada.page.locator("[data-region='page'] .cm-content").focus()
    ada.type("By hand. ")
    ada.light("saved")
    assert "By hand. " in ada.script
    press("Alt+PageUp")
    expect(ada.scenes.nth(3).get_by_role("link")).to_have_attribute("aria-current", "page", timeout=SOON_MS)
    press("Alt+PageDown")
    expect(ada.scenes.nth(4).get_by_role("link")).to_have_attribute("aria-current", "page", timeout=SOON_MS)
    ada.sees_text("By hand. ")
    press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    press("Escape")
    expect(ada.palette()).to_have_count(0)


def accessible(person: Person) -> list[str]:
    source = AXE.read_text(encoding="utf-8")
    person.page.evaluate(f"() => {{ {source} }}")
    found: list[str] = person.page.evaluate(SERIOUS)
    return found


@pytest.mark.skipif(not AXE.exists(), reason="not run: axe-core is not installed beside the editor")
def test_e72_nothing_serious_stands_in_the_way_of_anybody(enter: Enter, tmp_path: Path) -> None:
    """E-72: axe finds no serious violation on the shelf, at the desk with findings, or in the palette."""
    ada = enter("Ada")
    ada.page.goto(f"{ada.url}/?token={ada.token}&name=Ada")
    expect(ada.page.get_by_test_id("new-project").first).to_be_visible(timeout=SOON_MS)
    assert accessible(ada) == []
    ada.import_file(LAST_FERRY)
    ada.go_to_scene(3)
    expect(ada.page.get_by_test_id("finding")).not_to_have_count(0, timeout=SOON_MS)
    assert accessible(ada) == []
    ada.page.keyboard.press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    assert accessible(ada) == []
