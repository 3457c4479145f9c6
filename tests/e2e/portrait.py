"""Takes the picture of the README: `python -m tests.e2e.portrait http://127.0.0.1:8000 TOKEN docs/images/desk.png`.

Two people at the desk of the sample screenplay, a finding beside the words, the board and a finished take. Needs a
running StoryForge and a Chromium; makes a new project there.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.e2e.conftest import ARGS, VIEW
from tests.e2e.line import Line
from tests.e2e.person import SOON_MS, Person
from tests.screenplays import LAST_FERRY

SCENE = 3
TAKE_MS = 120_000
SHOT_BEFORE = (1, 2)
# A moment of the film without a caption over the picture.
BETWEEN_LINES = """() => {
  const video = document.querySelector('video')
  return video.currentTime > 2 && !video.textTracks[0].activeCues?.length
}"""


def portray(url: str, token: str, picture: Path) -> None:
    port = urlsplit(url).port
    assert port is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        people = []
        for name in ("Lena Okafor", "Maya Lind"):
            people.append(Person(name, browser.new_context(viewport=VIEW), Line(port), token))  # type: ignore[arg-type]
            people[-1].sign_in()
        ada, bo = people
        ada.import_file(LAST_FERRY)
        for number in SHOT_BEFORE:
            ada.go_to_scene(number)
            _film(ada)
        ada.go_to_scene(SCENE)
        bo.open(ada.path)
        bo.at_the_desk()
        _film(ada)
        _play(ada)
        _write(ada, bo)
        ada.page.screenshot(path=picture)
        for person in people:
            person.context.close()
            person.line.close()
        browser.close()
    Image.open(picture).convert("RGB").save(picture, optimize=True)


def _film(ada: Person) -> None:
    ada.page.get_by_test_id("generate").click()
    expect(ada.job()).to_have_text(re.compile("Pick a frame|Held for you"), timeout=TAKE_MS)
    if ada.page.get_by_test_id("proceed").count():  # the picture shows a script with its slips in it
        ada.page.get_by_test_id("proceed").click()
    expect(ada.job()).to_have_text("Pick a frame", timeout=TAKE_MS)
    ada.page.get_by_test_id("panel").nth(1).click()
    expect(ada.job()).to_have_text("The take is ready", timeout=TAKE_MS)


def _play(ada: Person) -> None:
    video = ada.page.get_by_test_id("player")
    expect(video).to_be_visible(timeout=SOON_MS)
    ada.page.mouse.move(600, 780)
    ada.page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    video.evaluate("(video) => { video.muted = true; return video.play() }")


def _write(ada: Person, bo: Person) -> None:
    text = ada.script
    ada.put_caret(text.index("Lower the ramp.") + len("Lower the ramp."))
    bo.put_caret(text.index("the window") + len("the win"))
    expect(ada.page.get_by_test_id("finding")).not_to_have_count(0, timeout=SOON_MS)
    expect(ada.remote_carets(bo.name)).to_have_count(1, timeout=SOON_MS)
    ada.light("saved")
    ada.page.locator(".finding-mark").first.hover()
    expect(ada.page.locator(".cm-tooltip-hover")).to_be_visible(timeout=SOON_MS)
    ada.page.wait_for_function(BETWEEN_LINES)
    bo.put_caret(text.index("the window") + len("the"))
    ada.page.wait_for_timeout(400)  # the caret has moved, and its name is shown while it does


if __name__ == "__main__":
    portray(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
