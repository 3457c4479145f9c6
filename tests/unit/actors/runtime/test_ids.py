"""Ids are typed, opaque, URL-safe; derived ones are the same for the same words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.ids import derive_id, is_id, new_id

pytestmark = pytest.mark.unit


def test_new_ids_are_typed_and_differ() -> None:
    """A-16: an id says its kind and nothing else."""
    made = {new_id("scn") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"scn_[a-z2-7]{26}", id) and is_id(id, "scn") and not is_id(id, "prj") for id in made)


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_derived_ids_follow_their_words(one: list[str], two: list[str]) -> None:
    """A-17: the same words, however often, give one id; other words, also when joined the same, another."""
    assert derive_id("prj", *one) == derive_id("prj", *one)
    assert (derive_id("prj", *one) == derive_id("prj", *two)) == (one == two)
    assert derive_id("prj", *one)[4:] != derive_id("tak", *one)[4:]
