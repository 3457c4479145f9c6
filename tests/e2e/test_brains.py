"""Choosing how a story is seen and laid out, and making a brain of one's own, in the browser."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS
from tests.e2e.test_way_in import AXE, accessible

pytestmark = pytest.mark.e2e
TWO = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEXT. RIVER - DAY\n\nWILL (30s) rows away from him.\n"


def test_e93_a_brain_of_ones_own_and_the_beat_of_a_scene(enter: Enter) -> None:
    """E-93 E-94: the format's beat shows beside its choice; a brain is made from another's text, a refusal names the
    field, and whoever has the project open may choose it at once."""
    ada, bo = enter("Ada"), enter("Bo")
    ada.sign_in()
    ada.drop_file("soup.fountain", TWO)
    ada.at_the_desk()
    bo.sign_in()
    bo.open(f"/p/{ada.project}")
    bo.at_the_desk()

    page = ada.page
    expect(page.get_by_test_id("format")).to_have_value("three-act", timeout=SOON_MS)
    page.get_by_test_id("format").select_option("vertical-series")
    expect(page.get_by_test_id("beat")).to_have_text("Escalation", timeout=SOON_MS)
    expect(bo.page.get_by_test_id("format")).to_have_value("vertical-series", timeout=SOON_MS)

    page.get_by_test_id("own-brain").get_by_text("Make a brain of your own").click()
    text = page.get_by_test_id("own-brain-text")
    made = json.loads(text.input_value())
    assert made["id"] == "my-thriller"
    text.fill(json.dumps({**made, "look": {**made["look"], "palette": ["red"]}}))
    page.get_by_test_id("own-brain-save").click()
    expect(page.get_by_test_id("own-brain-problem")).to_contain_text("ook.palette must hold #rrggbb", timeout=SOON_MS)
    if AXE.exists():
        assert accessible(ada) == []
    text.fill(json.dumps({**made, "name": "Broth"}))
    page.get_by_test_id("own-brain-save").click()
    expect(page.get_by_role("radio", name="Broth")).to_be_checked(timeout=SOON_MS)
    expect(bo.page.get_by_role("radio", name="Broth")).to_be_checked(timeout=SOON_MS)
