"""A project shared by links: each person gets one, with what they may do (E-80, E-81, E-122, E-123)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS, Person
from tests.e2e.test_way_in import AXE, accessible
from tests.screenplays import LAST_FERRY

pytestmark = pytest.mark.e2e


def at_work(enter: Enter) -> Person:
    ada = enter("Ada")
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    return ada


def shares(ada: Person, name: str, role: str) -> str:
    """Make a link with keys alone; its address."""
    ada.page.keyboard.press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    ada.type("Share this project")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("share-label")).to_be_visible(timeout=SOON_MS)
    ada.page.get_by_test_id("share-label").focus()
    ada.type(name)
    ada.page.get_by_role("radio", name=role).focus()
    ada.page.keyboard.press("Space")
    # While the links there are being read the button is off, and a key pressed on it is pressed for nothing.
    expect(ada.page.get_by_test_id("share-create")).to_be_enabled(timeout=SOON_MS)
    ada.page.get_by_test_id("share-create").focus()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("share-url")).to_be_visible(timeout=SOON_MS)
    return ada.page.get_by_test_id("share-url").input_value()


def test_e80_a_link_opens_one_project_as_far_as_its_role_goes(enter: Enter) -> None:
    """E-80: made and sent by Ada; Bo reads, sees that he does, and cannot write; made a writer he writes, under the
    name Ada gave him; when the link is taken back his page says so. E-122, E-123: Ada deletes the project by its title
    and restores it from the list. E-127: whoever has it open is told who deleted it and the way back; the desk returns
    by itself."""
    ada, bo = at_work(enter), enter("Bo")
    bo.page.goto(shares(ada, "Bo Lind", "Read"))
    bo.at_the_desk()
    assert "token" not in bo.page.url
    assert bo.project == ada.project
    expect(bo.page.get_by_test_id("reader")).to_have_text("You can read")
    expect(bo.page.get_by_test_id("share")).to_have_count(0)
    expect(bo.page.get_by_test_id("generate")).to_be_disabled()
    before = bo.script
    bo.put_caret()
    bo.type("graffiti")
    assert bo.script == before
    ada.page.get_by_label("What Bo Lind can do").select_option("EDITOR")
    expect(bo.page.get_by_test_id("reader")).to_have_count(0, timeout=SOON_MS)
    bo.put_caret()
    bo.type("By Bo.")
    bo.light("saved")
    ada.page.keyboard.press("Escape")
    ada.sees_text("By Bo.")
    ada.sees_person("Bo Lind")
    ada.page.get_by_test_id("share").click()
    ada.page.get_by_role("button", name="Take back the link of Bo Lind").click()
    expect(ada.page.get_by_test_id("share-links")).to_have_count(0, timeout=SOON_MS)
    # The light goes out, or the whole page with it: whichever Bo is told first, nothing says "saved" any more.
    expect(bo.page.locator('[data-testid="save-light"][data-state="saved"]')).to_have_count(0, timeout=SOON_MS)
    _deletes_and_restores(ada)


def _deletes_and_restores(ada: Person) -> None:
    """By keys: nothing happens until the title is typed; the shelf has it under *Deleted*, and gives it back."""
    project, script = ada.project, ada.script
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    ada.type("Delete this project")
    ada.page.keyboard.press("Enter")
    title = ada.page.get_by_test_id("delete-title")
    expect(title).to_be_focused(timeout=SOON_MS)
    expect(ada.page.get_by_test_id("delete-confirm")).to_be_disabled()
    ada.type("The Last")
    ada.page.keyboard.press("Enter")
    if AXE.exists():
        assert accessible(ada) == []
    expect(ada.page.get_by_test_id("delete-confirm")).to_be_disabled()
    title.fill(ada.page.locator("label strong").inner_text())
    beside = ada.context.new_page()
    beside.goto(ada.page.url)
    expect(beside.get_by_test_id("save-light")).to_have_attribute("data-state", "saved", timeout=SOON_MS)
    ada.page.keyboard.press("Enter")
    expect(beside.get_by_test_id("deleted-page")).to_contain_text("You deleted it on", timeout=SOON_MS)
    expect(beside.get_by_role("status")).to_contain_text("It can be restored until")
    expect(beside.get_by_role("button")).to_have_text(["Restore it", "All projects"])
    deleted = ada.page.get_by_test_id("deleted-projects")
    expect(deleted).to_contain_text("It can be restored until", timeout=SOON_MS)
    expect(ada.page.locator(f'[data-project-id="{project}"]')).to_have_count(0)
    ada.open(f"/p/{project}")
    expect(ada.page.get_by_role("main").get_by_text("This project was deleted.")).to_be_visible(timeout=SOON_MS)
    ada.open("/")
    deleted.get_by_role("button").first.click()
    ada.at_the_desk()
    assert (ada.project, ada.script) == (project, script)
    expect(beside.get_by_test_id("editor")).to_be_visible(timeout=SOON_MS)
    expect(beside.get_by_test_id("deleted-page")).to_have_count(0)
    beside.close()


@pytest.mark.skipif(not AXE.exists(), reason="not run: axe-core is not installed beside the editor")
def test_e81_the_share_sheet_is_accessible(enter: Enter) -> None:
    """E-81: axe finds nothing serious in it with a link just made and links listed; Escape closes it."""
    ada = at_work(enter)
    shares(ada, "Cy", "Comment")
    expect(ada.page.get_by_label("What Cy can do")).to_be_visible(timeout=SOON_MS)
    assert accessible(ada) == []
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_test_id("share-form")).to_have_count(0)
