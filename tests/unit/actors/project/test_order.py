"""Order keys: always another one between two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.project.order import key_after, key_between, keys

pytestmark = pytest.mark.unit


@given(st.lists(st.integers(0, 10_000), max_size=150))
def test_a_key_fits_between_any_two(places: list[int]) -> None:
    """A-29: inserting anywhere, in any order, keeps keys strictly sorted."""
    made = keys(3)
    for place in places:
        at = place % (len(made) + 1)
        low = made[at - 1] if at else None
        high = made[at] if at < len(made) else None
        made.insert(at, key_between(low, high))
    assert made == sorted(set(made))


def test_appending_does_not_grow_keys() -> None:
    """A-29: ten thousand scenes at the end have keys of five characters."""
    assert {len(key) for key in keys(10_000)} == {5}


@given(st.text(max_size=30))
def test_foreign_keys_are_respected(foreign: str) -> None:
    """A-29: a key an editor made by its own rule still has one after it."""
    assert key_after(foreign) > foreign
