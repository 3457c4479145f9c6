"""The stated day of a team runs the same everywhere, and the cache shows nobody a film that was not meant."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

import pytest

from benchmarks.cache import session
from gpu.embed.lexical import LexicalEmbedder

pytestmark = pytest.mark.unit

STATED = tomllib.loads(session.STATED.read_text())


def test_the_day_is_the_same_on_every_machine() -> None:
    asks = list(session.Day(STATED).asks())
    assert asks == list(session.Day(STATED).asks())
    assert len(asks) == 25 * (1 + STATED["asks_after"])
    assert {ask.what for ask in asks} == {"first", *STATED["mix"]}
    assert sum(STATED["mix"].values()) == 100


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return session.measure(LexicalEmbedder())


def test_nobody_is_shown_a_film_that_was_not_meant(told: dict[str, Any]) -> None:
    """K-82, of whole scenes: what people changed is rendered, what broke or was made before is not rendered again."""
    assert told["false"] == 0
    assert sum(told["levels"].values()) == told["asks"] == 175
    for what in ("first", "change", "seed"):
        assert told["by_what"][what]["full"] == sum(told["by_what"][what].values()), what
    assert told["by_what"]["retry"]["full"] == 0
    assert told["by_what"]["tidy"]["full"] <= 2, "a comma or a capital asks for no other film"
    assert told["plain_cosine_on_changes"].get("false", 0) > 0, "plain cosine shows the old film for some changes"


def test_the_desk_is_answered_before_it_draws(told: dict[str, Any]) -> None:
    """K-104, on the stated day: who chooses frames gets films that are there, fewer than who lets us pick, and many
    more than while only those of the picked frames were asked for; frames drawn instead are counted as films."""
    before, now = (told["desk"][flow]["levels"] for flow in (session.DESK_BEFORE, session.DESK))
    assert sum(before.values()) == sum(now.values()) == 175
    assert (before["L2"], before["shared"]) == (0, 0)
    assert told["levels"]["full"] < now["full"] < before["full"] - 20
    assert [told["desk"][flow]["false"] for flow in told["desk"]] == [0, 0]
    assert told["desk"][session.DESK]["drawn_instead"] > 0


def test_money_counts_what_was_rendered() -> None:
    found = session.money(Counter(L1=2, L2=10, shared=1, full=7), STATED)
    assert found["low"] == {"without": 10.0, "with": 3.6, "saved": 0.64}
    assert found["high"]["with"] == 14.1
