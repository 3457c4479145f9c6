"""Two people write one scene: at once, apart, and together again (E-61 … E-65)."""

from __future__ import annotations

from itertools import zip_longest

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.conftest import wait_until
from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS, Person
from tests.screenplays import LAST_FERRY

pytestmark = pytest.mark.e2e
SYNC = 0  # the first byte of a frame that carries text


def same_scene(enter: Enter) -> tuple[Person, Person]:
    """Ada imports the ferry; Bo opens the scene she is in."""
    ada, bo = enter("Ada"), enter("Bo")
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    bo.sign_in()
    bo.open(ada.path)
    bo.at_the_desk()
    return ada, bo


def converge(ada: Person, bo: Person) -> str:
    wait_until(lambda: ada.script == bo.script, 15, "both pages show the same text")
    return ada.script


def test_e61_two_people_type_at_once_and_see_each_other(enter: Enter) -> None:
    """E-61: what two people type at once in one scene is in both pages, letter by letter whole; each sees the other's
    name at the caret and among those who are here."""
    ada, bo = same_scene(enter)
    expect(ada.scenes).to_have_count(5, timeout=SOON_MS)
    for person in (ada, bo):
        person.sees_person("Ada")
        person.sees_person("Bo")
    ada.put_caret()
    bo.put_caret(0)
    for one, other in zip_longest("\n\nThe lamp goes out.", "BO WAS HERE. 🎬 æøå", fillvalue=""):
        ada.type(one)
        bo.type(other)
    text = converge(ada, bo)
    assert text.startswith("BO WAS HERE. 🎬 æøå")
    assert text.endswith("The lamp goes out.")
    expect(ada.remote_carets("Bo")).to_have_count(1, timeout=SOON_MS)
    expect(bo.remote_carets("Ada")).to_have_count(1, timeout=SOON_MS)
    ada.light("saved")
    bo.light("saved")
    bo.page.reload()
    bo.at_the_desk()
    assert bo.script == text


def test_e62_the_light_says_saved_only_after_the_durable_echo(enter: Enter) -> None:
    """E-62: *sending* until the server has the words, *on the server* until they are committed, *saved* after that."""
    ada = enter("Ada")
    held: list[tuple[WebSocketRoute, str | bytes]] = []
    holding = {SYNC: False, 1: False}

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def back(message: str | bytes) -> None:
            kind = message[0] if isinstance(message, bytes) else -1
            if holding.get(int(kind)):
                held.append((socket, message))
            else:
                socket.send(message)

        server.on_message(back)

    ada.page.route_web_socket("**/collab/**", between)
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    holding.update({SYNC: True, 1: True})
    ada.put_caret()
    ada.type(" Held.")
    ada.light("sending")
    holding[1] = False
    ada.light("received")
    holding[SYNC] = False
    for socket, message in held:
        socket.send(message)
    ada.light("saved")


def test_e63_offline_typing_goes_on_and_comes_together_again(enter: Enter) -> None:
    """E-63: without a line the light says *offline* and typing goes on; with it, both texts meet and are saved."""
    ada, bo = same_scene(enter)
    ada.line.cut()
    ada.light("offline")
    ada.put_caret()
    ada.type("\n\nWritten on a train.")
    bo.put_caret(0)
    bo.type("Written at the office. ")
    bo.light("saved")
    assert ada.script.endswith("Written on a train.")
    assert "office" not in ada.script
    ada.light("offline")
    ada.line.mend()
    ada.sees_text("Written at the office.")
    bo.sees_text("Written on a train.")
    converge(ada, bo)
    ada.light("saved")
    bo.light("saved")
    bo.sees_person("Ada")


def test_e64_a_jump_of_daylight_is_marked_in_the_margin(enter: Enter) -> None:
    """E-64: the planted slip of scene 3 (night, then day, continuous) is told beside the words, in both pages, and goes
    when somebody repairs it."""
    ada, bo = same_scene(enter)
    for person in (ada, bo):
        person.go_to_scene(3)
        expect(person.page.get_by_test_id("finding")).not_to_have_count(0, timeout=SOON_MS)
        expect(person.page.locator(".finding-mark").first).to_be_visible(timeout=SOON_MS)
    fix = ada.page.get_by_test_id("apply-fix").first
    before = ada.page.get_by_test_id("finding").count()
    fix.click()
    for person in (ada, bo):
        expect(person.page.get_by_test_id("finding")).to_have_count(before - 1, timeout=SOON_MS)
    converge(ada, bo)


def test_e65_the_link_keeps_the_name_and_drops_the_token(enter: Enter) -> None:
    """E-65: the printed link's other parameters survive the exchange of the token; a reload keeps place and name."""
    ada = enter("Ada Lovelace")
    ada.page.goto(f"{ada.url}/?token={ada.token}&name=Ada%20Lovelace")
    ada.import_file(LAST_FERRY)
    ada.sees_person("Ada Lovelace")
    ada.go_to_scene(4)
    place = ada.page.url
    ada.page.reload()
    ada.at_the_desk()
    assert ada.page.url == place
    ada.sees_person("Ada Lovelace")
    expect(ada.scenes.nth(3).get_by_role("link")).to_have_attribute("aria-current", "page")
    assert "ELIAS" in ada.script
    cookies = {cookie["name"]: cookie for cookie in ada.context.cookies()}
    assert cookies["storyforge_session"]["httpOnly"]
    assert ada.token not in str(cookies)
