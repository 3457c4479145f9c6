"""Takes the picture of the README: `python -m tests.e2e.portrait http://127.0.0.1:8000 TOKEN docs/images/desk.png`.

Two people at the desk of the sample screenplay, a finding beside the words, the board and a finished take. Needs a
running StoryForge and a Chromium; makes a new project there.
"""

from __future__ import annotations

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
COLOURS = 256
SECONDS_INTO_TAKE = 3.2


def portray(url: str, token: str, picture: Path) -> None:
    port = urlsplit(url).port
    assert port is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        people = []
        for name in ("Ada Moreau", "Bo Lindqvist"):
            people.append(Person(name, browser.new_context(viewport=VIEW), Line(port), token))  # type: ignore[arg-type]
            people[-1].sign_in()
        ada, bo = people
        ada.import_file(LAST_FERRY)
        ada.go_to_scene(SCENE)
        bo.open(ada.path)
        bo.at_the_desk()
        _film(ada)
        _write(ada, bo)
        ada.page.screenshot(path=picture)
        for person in people:
            person.context.close()
            person.line.close()
        browser.close()
    Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(picture, optimize=True)


def _film(ada: Person) -> None:
    ada.page.get_by_test_id("generate").click()
    expect(ada.job()).to_have_text("Pick a frame", timeout=TAKE_MS)
    ada.page.get_by_test_id("panel").nth(1).click()
    expect(ada.job()).to_have_text("The take is ready", timeout=TAKE_MS)
    video = ada.page.get_by_test_id("player")
    video.evaluate(
        """(video, at) => new Promise((done) => {
          video.muted = true
          video.addEventListener('seeked', () => setTimeout(done, 300), { once: true })
          const seek = () => { video.currentTime = at }
          if (video.readyState >= 1) seek()
          else video.addEventListener('loadedmetadata', seek, { once: true })
        })""",
        SECONDS_INTO_TAKE,
    )


def _write(ada: Person, bo: Person) -> None:
    text = ada.script
    bo.put_caret(text.index("Nobody takes the midnight boat.") + len("Nobody takes"))
    ada.put_caret(text.index("Lower the ramp.") + len("Lower the ramp."))
    expect(ada.page.get_by_test_id("finding")).not_to_have_count(0, timeout=SOON_MS)
    expect(ada.remote_carets("Bo")).to_have_count(1, timeout=SOON_MS)
    ada.page.mouse.move(0, 0)
    ada.light("saved")


if __name__ == "__main__":
    portray(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
