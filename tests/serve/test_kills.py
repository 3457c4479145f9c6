"""The long proof: the owner is killed again and again while people type. Run by `make proof`; KILLS=n for fewer."""

from __future__ import annotations

import os

import pytest

from tests.conftest import Stack
from tests.serve.kills import kill_again_and_again

pytestmark = [pytest.mark.serve, pytest.mark.proof]

KILLS = int(os.environ.get("KILLS", "50"))


async def test_a30_fifty_kills_lose_nothing_that_was_acknowledged(stack: Stack) -> None:
    """A-30: after each kill both people are back, everything acknowledged is there once, and the texts are equal."""
    print(f"\n{await kill_again_and_again(stack, KILLS)}")
