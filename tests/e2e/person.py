"""A person at the desk: one browser of their own, and what they see and do, in the words of the editor.

Invariant: nothing here knows how the editor is built beyond its `data-testid` hooks and roles; one context per person,
so cookies, storage and the line to the server are theirs alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.line import Line

SOON_MS = 15_000

# The whole text, not only the lines that are drawn; remote carets are no part of it.
SCRIPT_OF = """() => {
  const content = document.querySelector('.cm-content')
  return content === null ? null : (content.cmTile ?? content.cmView).view.state.doc.toString()
}"""
# Where a click would put the caret, but at any place, drawn or not.
CARET_AT = """(at) => {
  const view = (document.querySelector('.cm-content').cmTile ?? document.querySelector('.cm-content').cmView).view
  view.focus()
  view.dispatch({ selection: { anchor: at < 0 ? view.state.doc.length : at }, scrollIntoView: true })
}"""


class Person:
    def __init__(self, name: str, context: BrowserContext, line: Line, token: str) -> None:
        self.name, self.context, self.line, self.url, self.token = name, context, line, line.url, token
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        # A connection that a test cuts is logged by the browser itself: no fault of the page.
        if message.type == "error" and "net::ERR_" not in message.text and "WebSocket connection" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self) -> None:
        """The printed link, with the name a person gives; the token is gone from the address afterwards."""
        self.page.goto(f"{self.url}/?token={self.token}&name={self.name}")
        expect(self.page.get_by_test_id("new-project").first).to_be_visible(timeout=SOON_MS)
        assert "token" not in self.page.url

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    # the shelf
    def import_file(self, path: Path) -> str:
        """Choose a screenplay; the project's id, once its first scene can be written in."""
        self.page.get_by_test_id("import-input").first.set_input_files(path)
        self.at_the_desk()
        return self.project

    def drop_file(self, name: str, text: str) -> None:
        """Drop a file of this name on the page, as the browser tells the page about it."""
        drop = """([name, text]) => {
          const data = new DataTransfer()
          data.items.add(new File([text], name, { type: 'text/plain' }))
          for (const type of ['dragenter', 'dragover', 'drop']) {
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }))
          }
        }"""
        self.page.evaluate(drop, [name, text])

    # the desk
    def at_the_desk(self) -> None:
        expect(self.page.get_by_test_id("editor")).to_be_visible(timeout=SOON_MS)
        self.light("saved")

    @property
    def path(self) -> str:
        """What another person opens to be where this one is."""
        return self.page.url.removeprefix(self.url)

    @property
    def project(self) -> str:
        found = re.search(r"/p/(prj_[\w-]+)", self.page.url)
        assert found, self.page.url
        return found.group(1)

    @property
    def scene_id(self) -> str:
        found = re.search(r"/s/(scn_[\w-]+)", self.page.url)
        assert found, self.page.url
        return found.group(1)

    @property
    def scenes(self) -> Locator:
        return self.page.get_by_test_id("scene-item")

    def go_to_scene(self, number: int) -> None:
        item = self.scenes.nth(number - 1)
        item.get_by_role("link").click()
        self.page.wait_for_url(f"**/s/{item.get_attribute('data-scene-id')}")
        self.at_the_desk()

    @property
    def script(self) -> str:
        text: str | None = self.page.evaluate(SCRIPT_OF)
        assert text is not None, "no scene is open"
        return text

    def put_caret(self, at: int = -1) -> None:
        """At this UTF-16 offset of the script; -1: its end."""
        self.page.evaluate(CARET_AT, at)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def sees_text(self, text: str) -> None:
        self.page.wait_for_function(f"(text) => ({SCRIPT_OF})()?.includes(text)", arg=text, timeout=SOON_MS)

    def light(self, state: str) -> None:
        expect(self.page.get_by_test_id("save-light")).to_have_attribute("data-state", state, timeout=SOON_MS)

    def sees_person(self, name: str) -> None:
        avatar = self.page.get_by_test_id("people-avatar").and_(self.page.locator(f'[data-name="{name}"]'))
        expect(avatar).to_have_count(1, timeout=SOON_MS)

    def remote_carets(self, name: str) -> Locator:
        return self.page.locator(".cm-ySelectionInfo", has_text=name)

    def finding(self, code: str) -> Locator:
        return self.page.locator(f'[data-testid="finding"][data-code="{code}"]')

    def job(self) -> Locator:
        return self.page.get_by_test_id("job-stage")

    def palette(self) -> Locator:
        return self.page.get_by_role("combobox", name="Find a command or a scene")
