"""A host that is stopped past its lease and wakes: the proof that a zombie writes nothing and keeps nobody."""

from __future__ import annotations

import pytest

from tests.conftest import Stack
from tests.serve import replicas
from tests.serve.zombies import sleeps_past_its_lease

pytestmark = pytest.mark.serve


async def test_a103_a_zombie_writes_nothing_and_its_people_come_back(stack: Stack) -> None:
    """A-103: an owner stopped past its lease; another claims, people type there; it wakes: no row of its epoch after
    the new one's, its sockets are closed with a retry code, and everybody has everything once."""
    took = await sleeps_past_its_lease(stack, "Zombie")
    print(f"\n{replicas.seconds(took)}")
