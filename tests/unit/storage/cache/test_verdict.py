"""Hit, warm or miss: filters, slots, words, in that order, and the reasons in words."""

from __future__ import annotations

from typing import Any

import pytest

from storage.cache.verdict import Film, judge, reworded
from tests.unit.storage.cache.asks import ask_of

pytestmark = pytest.mark.unit

WORDS = "Ann pushes Ben. The camera tilts up."


def film(*texts: str, **other: Any) -> Film:
    return Film.of_ask(ask_of(*texts, **other))


def test_the_same_in_other_words_is_a_hit() -> None:
    """K-65: equal slots and like words are a hit; with words less like it is warm, whatever else is equal."""
    one, other = film("A man walks slowly. Camera pans left."), film("A guy strolls slowly. The camera pans left.")
    assert (one.gate, one.key) == (other.gate, other.key)
    assert one.digest != other.digest
    assert reworded(one, other) == [0]
    found = judge(one, other, 0.93, 0.9)
    assert (found.verdict, found.why[0]) == ("hit", "every slot is equal")
    assert judge(one, other, 0.89, 0.9).verdict == "warm"
    assert judge(one, one, 0.0, 2.0).why == ("the same words",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Ann pushes Ben. The camera tilts down.", "camera direction: up / down"),
        ("Ben pushes Ann. The camera tilts up.", ""),
        ("Ann does not push Ben. The camera tilts up.", ""),
    ],
)
def test_a_slot_that_differs_is_never_a_hit(words: str, said: str) -> None:
    """K-65: direction, roles and negation part two films however alike their words are, and the reason names it."""
    found = judge(film(WORDS), film(words), 0.999, 0.5)
    assert found.verdict != "hit"
    assert found.why
    assert said in " ".join(found.why)


@pytest.mark.parametrize(
    "name", ["scope", "kind", "model", "size", "seconds", "brain", "place", "inside", "cast", "references"]
)
def test_a_hard_filter_refuses_at_once(name: str) -> None:
    """K-65: a film of another model, size, brain, place, people, looks or reference is a miss, and nothing is lent."""
    found = judge(film(WORDS), film(WORDS, **{name: "other"}), 1.0, 0.0)
    assert (found.verdict, found.sure) == ("miss", None)
    assert len(found.why) == 1


@pytest.mark.parametrize("name", ["hour", "beat", "state", "writer"])
def test_what_moves_a_picture_may_still_lend_its_looks(name: str) -> None:
    """K-65: the same people at the same place at another hour are never the same film; their seed is worth having."""
    assert judge(film(WORDS), film(WORDS, **{name: "other"}), 1.0, 0.0).verdict == "warm"


def test_moments_are_compared_one_by_one_in_order() -> None:
    """K-65: a film of several moments is a hit only when each is; order and dialogue count; the reason says where."""
    one = film("Ann runs.", "Ben sleeps.", line="Go!")
    assert judge(one, film("Ann runs.", "Ben sleeps.", line="go!"), 1.0, 0.9).verdict == "hit"
    swapped = judge(one, film("Ben sleeps.", "Ann runs.", line="Go!"), 1.0, 0.9)
    assert swapped.verdict != "hit"
    assert swapped.why[0].startswith("moment 1, ")
    (why,) = judge(one, film("Ann runs.", "Ben sleeps.", line="Stay!"), 1.0, 0.9).why
    assert why == "moment 3, line: “Go!” / “Stay!”"
    shorter = judge(one, film("Ann runs.", "Ben sleeps."), 1.0, 0.9)
    assert (shorter.verdict, shorter.why) == ("miss", ("moments: 3 / 2",))


def test_much_that_differs_lends_nothing() -> None:
    """K-65: beyond a few slots it is another scene."""
    other = film("Two dogs bark at dawn in heavy snow. The camera pans right. Close-up. Oil painting style.")
    assert judge(film(WORDS), other, 0.9, 0.1).verdict == "miss"
