"""A whole feature, dropped on the page (E-73)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import Stack
from tests.e2e.conftest import Enter
from tests.screenplays import feature_length

pytestmark = pytest.mark.e2e
SCENES = 120
OPEN_S = 10.0


def test_e73_a_feature_is_dropped_opened_and_comes_out_the_same(enter: Enter, stack: Stack, tmp_path: Path) -> None:
    """E-73: 120 scenes are all on the strip, the first ready to write in, within ten seconds of the drop; what comes
    out again is what went in, byte for byte."""
    text = feature_length(scenes=SCENES)
    ada = enter("Ada")
    ada.sign_in()
    began = time.monotonic()
    ada.drop_file("a-long-one.fountain", text)
    expect(ada.scenes).to_have_count(SCENES, timeout=OPEN_S * 1000)
    expect(ada.page.get_by_test_id("editor")).to_be_visible(timeout=OPEN_S * 1000)
    took = time.monotonic() - began
    assert took < OPEN_S, f"{took:.1f} s"
    ada.light("saved")
    out = stack.graphql("query($id: ID!) { exportFountain(projectId: $id) }", id=ada.project)["exportFountain"]
    assert out == text
    with ada.page.expect_download() as download:
        ada.page.keyboard.press("Control+k")
        ada.palette().fill("save the screenplay")
        ada.page.keyboard.press("Enter")
    saved = tmp_path / "saved.fountain"
    download.value.save_as(saved)
    assert saved.read_bytes() == text.encode()
