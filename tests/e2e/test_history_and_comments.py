"""Two people look back at a scene and talk about its words (E-46 … E-48)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import Stack, wait_until
from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS, Person
from tests.e2e.test_two_people import converge, same_scene
from tests.e2e.test_way_in import AXE, accessible

pytestmark = pytest.mark.e2e

SELECT = """([from, to]) => {
  const view = (document.querySelector('.cm-content').cmTile ?? document.querySelector('.cm-content').cmView).view
  view.focus()
  view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true })
}"""


def select(person: Person, words: str) -> None:
    at = person.script.index(words)
    person.page.evaluate(SELECT, [at, at + len(words)])


def comments(person: Person) -> Locator:
    return person.page.get_by_test_id("comment")


def marked(person: Person) -> str:
    """The words that carry the comment's line on this page."""
    return "".join(person.page.locator(".remark").all_inner_texts())


def remark(person: Person, words: str, text: str) -> None:
    """Select words and say something about them, with keys alone."""
    select(person, words)
    person.page.keyboard.press("Control+Alt+m")
    expect(person.page.get_by_test_id("comment-text")).to_be_focused()
    person.type(text)
    person.page.keyboard.press("Control+Enter")


def test_e46_a_comment_follows_its_words_on_both_pages(enter: Enter) -> None:
    """E-46: a comment shows on both pages, moves with its words, is answered and settled, and outlives them."""
    ada, bo = same_scene(enter)
    words = "What does it say?"
    remark(ada, words, "Who says this? 🎬")
    for person in (ada, bo):
        expect(comments(person)).to_have_count(1, timeout=SOON_MS)
        expect(comments(person)).to_contain_text("Who says this? 🎬")
        wait_until(lambda who=person: marked(who) == words, 10, "the words are marked")
    bo.put_caret(bo.script.index(words))
    bo.type("(softly) ")
    bo.put_caret(0)
    bo.type("BO WROTE THIS FIRST. ")
    converge(ada, bo)
    assert marked(ada) == words
    comments(bo).get_by_test_id("reply").click()
    bo.page.get_by_test_id("comment-text").fill("The captain.")
    bo.page.get_by_test_id("send-comment").click()
    expect(comments(ada)).to_contain_text("The captain.", timeout=SOON_MS)
    expect(comments(ada)).to_contain_text("Bo")
    select(bo, words)
    bo.page.keyboard.press("Delete")
    for person in (ada, bo):
        expect(comments(person)).to_have_attribute("data-gone", "true", timeout=SOON_MS)
        expect(comments(person)).to_contain_text("The text it spoke about is gone.")
        expect(comments(person)).to_contain_text(words)
    comments(ada).get_by_test_id("resolve").click()
    expect(comments(bo)).to_have_count(0, timeout=SOON_MS)
    bo.page.get_by_role("button", name="Show 1 settled").click()
    expect(comments(bo)).to_contain_text("Settled by Ada")
    bo.light("saved")


def test_e47_history_shows_who_wrote_what_and_brings_it_back(enter: Enter) -> None:
    """E-47: the page of the past shows additions and removals by author; a named version is brought back as a new edit
    that the other sees, and that can be taken back in the same way."""
    ada, bo = same_scene(enter)
    begun = ada.script
    bo.put_caret()
    bo.type("\n\nBo adds a line.")
    bo.light("saved")
    ada.sees_text("Bo adds a line.")
    select(ada, "What does it say?")
    ada.type("What do they want now?")
    ada.light("saved")
    before = converge(ada, bo)
    ada.page.get_by_test_id("history").click()
    past = ada.page.get_by_test_id("past-page")
    expect(past.locator('ins[data-author="Bo"]')).to_contain_text("Bo adds a line.", timeout=SOON_MS)
    expect(past.locator('ins[data-author="Ada"]').first).to_be_visible()
    ada.page.get_by_test_id("name-version").click()
    ada.page.get_by_label("What should it be called?").fill("Before the storm")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("version")).to_contain_text("Before the storm", timeout=SOON_MS)
    slider = ada.page.get_by_test_id("slide-to")
    slider.focus()
    ada.page.keyboard.press("Home")
    ada.page.keyboard.press("ArrowRight")
    expect(past).not_to_contain_text("Bo adds a line.", timeout=SOON_MS)
    expect(past).to_contain_text("What does it say?")
    ada.page.get_by_test_id("restore").click()
    ada.page.get_by_test_id("confirm-restore").click()
    expect(ada.page.get_by_test_id("editor")).to_be_visible(timeout=SOON_MS)
    for person in (ada, bo):
        wait_until(lambda who=person: who.script == begun, 15, "the text reads as it did")
    ada.light("saved")
    ada.page.keyboard.press("Control+Alt+h")
    ada.page.get_by_test_id("version").click()
    expect(past).to_contain_text("Bo adds a line.", timeout=SOON_MS)
    ada.page.get_by_test_id("restore").click()
    ada.page.get_by_test_id("confirm-restore").click()
    wait_until(lambda: bo.script == before, 15, "going back was taken back")
    bo.light("saved")


@pytest.mark.skipif(not AXE.exists(), reason="not run: axe-core is not installed beside the editor")
def test_e48_history_and_comments_are_for_everybody(enter: Enter) -> None:
    """E-48: axe finds nothing serious with a thread and a composer open, nor in the history."""
    ada, _bo = same_scene(enter)
    remark(ada, "What does it say?", "A question.")
    expect(comments(ada)).to_have_count(1, timeout=SOON_MS)
    comments(ada).get_by_test_id("reply").click()
    assert accessible(ada) == []
    ada.page.keyboard.press("Escape")
    ada.put_caret()
    ada.type(" More.")
    ada.light("saved")
    ada.page.keyboard.press("Control+k")
    ada.type("history of this")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("past-page").locator("ins")).to_contain_text("More.", timeout=SOON_MS)
    assert accessible(ada) == []
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_test_id("editor")).to_be_visible(timeout=SOON_MS)


CHECKPOINTS = "query ($id: ID!) { checkpoints(projectId: $id) { label type } }"


def test_e82_a_version_of_the_whole_project_is_saved(enter: Enter, stack: Stack) -> None:
    """E-82: by keys alone; it says the name it is kept under, and partners find it."""
    ada, _ = same_scene(enter)
    ada.page.keyboard.press("Control+k")
    ada.palette().fill("save a version")
    ada.page.keyboard.press("Enter")
    said = ada.page.get_by_text("The whole project as it is now is kept as")
    expect(said).to_be_visible(timeout=SOON_MS)
    name = said.inner_text().split("“")[1].split("”")[0]
    saved = stack.graphql(CHECKPOINTS, id=ada.project)["checkpoints"]
    assert {"label": name, "type": "MANUAL_SAVE"} in saved
