"""A film from the cache says so, is refused by keys or drawn instead, and is counted in the cache report (E-95, E-96,
E-115, E-120, E-121)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.conftest import Stack
from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS, Person
from tests.e2e.test_way_in import AXE, accessible

pytestmark = pytest.mark.e2e
TAKE_MS = 30_000

BEFORE = "INT. HALL - DAY\n\n" + "Nothing much happens for a while.\n\n" * 200
"""So long that the scenes after it stand in one beat of the story."""
REST = " slowly through heavy rain to the corner, stops there and looks down the empty street for a long time.\n\n"
"""Rain, for it always moves: a film in which nothing does is told as frozen and kept for nobody."""
HEAD = "EXT. STREET - NIGHT\n\n"
STORY = BEFORE + HEAD + "A man walks" + REST + HEAD + "A guy walks" + REST + HEAD + "A man walks" + REST
TAKES = "query($id: ID!) { scene(id: $id) { takes { id cacheVerdict videoUrl cache { judged ofSceneId } } } }"


def film(person: Person, stack: Stack, scene: int) -> None:
    """Generated without a board, as partners do; shown to whoever is in the scene."""
    person.go_to_scene(scene)
    stack.mutate("generateScene", "job { id }", sceneId=person.scene_id, autoPick=True)
    expect(person.page.get_by_test_id("take")).to_have_count(1, timeout=TAKE_MS)


def _reports(ada: Person) -> None:
    """Two films of three asked for were made; the one of the cache was wrong, as Ada said."""
    ada.page.keyboard.press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    ada.palette().fill("cache report")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("cache-summary")).to_contain_text(
        "1 of 3 films came from the cache", timeout=SOON_MS
    )
    expect(ada.page.get_by_test_id("cache-bar-all")).to_contain_text("33.3 %; planned 60 %")
    second = ada.page.get_by_test_id("cache-levels").locator('[data-level="L2"]')
    expect(second).to_contain_text("100 % of 1 judged (20.6 % to 100 %)")
    bound = ada.page.get_by_test_id("cache-bound")
    bound.fill("9999")
    bound.press("Enter")
    expect(ada.page.get_by_role("alert").filter(has_text="1 to 2000 wrong answers among 10,000")).to_be_visible()
    if AXE.exists():
        assert accessible(ada) == []
    bound.fill("20")
    bound.press("Enter")
    expect(ada.page.get_by_test_id("cache-bound-now")).to_contain_text("20 in 10,000 (0.2 %)", timeout=SOON_MS)
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_test_id("cache-summary")).to_have_count(0)


def _draws_instead(ada: Person, stack: Stack, first: str) -> None:
    """The editor's own Generate asks before it draws: the film is there at once, and frames when they are wanted."""
    ada.go_to_scene(4)
    ada.page.get_by_test_id("generate").click()
    expect(ada.page.get_by_test_id("take")).to_have_count(1, timeout=TAKE_MS)
    expect(ada.page.get_by_test_id("origin-words")).to_contain_text("The film of scene 2", timeout=SOON_MS)
    expect(ada.page.get_by_test_id("panel")).to_have_count(0)
    expect(ada.page.get_by_test_id("draw-frames")).to_be_enabled()
    if AXE.exists():
        assert accessible(ada) == []
    ada.page.keyboard.press("Control+k")
    expect(ada.palette()).to_be_focused(timeout=SOON_MS)
    ada.palette().fill("draw frames")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("panel").first).to_be_visible(timeout=TAKE_MS)
    (shown,) = stack.graphql(TAKES, id=ada.scene_id)["scene"]["takes"]
    assert (shown["cacheVerdict"], shown["cache"]) == ("hit", {"judged": None, "ofSceneId": first})


def test_e96_a_film_of_the_cache_is_refused_by_keys(enter: Enter, stack: Stack) -> None:
    """E-95, E-96: of two scenes worded alike the second take says that it is the first one's film and how sure that
    was; *Not this*, a command and a button, is told back with what follows, and the next film is rendered. E-120,
    E-121: the cache report, opened by keys, counts them and takes a bound, or says what one may be. E-115: a
    third scene in the first one's words is shown its film by Generate itself, before a frame is drawn; *Draw frames
    instead* brings frames, and the film stays."""
    ada = enter("Ada")
    ada.sign_in()
    ada.drop_file("alike.fountain", STORY)
    ada.at_the_desk()
    film(ada, stack, 2)
    first = ada.scene_id
    film(ada, stack, 3)
    words = ada.page.get_by_test_id("origin-words")
    expect(words).to_contain_text("The film of scene 2, asked for in other words · sure", timeout=SOON_MS)
    expect(ada.page.get_by_test_id("origin-follows")).to_contain_text("never answered with this film again")
    (given,) = stack.graphql(TAKES, id=ada.scene_id)["scene"]["takes"]
    assert (given["cacheVerdict"], given["cache"]) == ("hit", {"judged": None, "ofSceneId": first})

    if AXE.exists():
        assert accessible(ada) == []
    ada.page.keyboard.press("Control+k")
    ada.palette().fill("not this")
    for label in ("Not this: the film is not what was asked for", "Not this, generate another film"):
        expect(ada.page.get_by_role("option", name=label)).to_be_visible()
    ada.page.keyboard.press("Escape")
    ada.page.get_by_test_id("not-this").focus()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("origin-follows")).to_have_text(
        "Not this: these words are not answered with this film again.", timeout=SOON_MS
    )
    expect(ada.page.get_by_test_id("another-film")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("take")).to_have_count(2, timeout=TAKE_MS)
    _reports(ada)
    takes = stack.graphql(TAKES, id=ada.scene_id)["scene"]["takes"]
    (old,) = [each for each in takes if each["id"] == given["id"]]
    (new,) = [each for each in takes if each["id"] != given["id"]]
    assert (old["cache"]["judged"], new["cacheVerdict"]) == (False, "miss")
    assert new["videoUrl"].split("/")[-2:] != old["videoUrl"].split("/")[-2:]
    _draws_instead(ada, stack, first)
