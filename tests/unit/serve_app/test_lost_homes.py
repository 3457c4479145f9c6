"""A host that lost a home from memory while the ledger says it is its own: people get in, over any host."""

from __future__ import annotations

import pytest

from tests.unit.serve_app.test_two_hosts import Pair, pair

pytestmark = pytest.mark.unit
__all__ = ["pair"]


async def test_a_home_that_only_the_ledger_says_is_there_takes_sockets_over_the_other_host(pair: Pair) -> None:
    """A-108: after a lost answer, or a lease that ended and began anew; told "released" by that owner, the socket would
    be closed with 4509 for ever."""
    project, scene = await pair.story()
    owner = pair.owner(project)
    assert owner is not None
    home = owner.core.runtime.owned(project)
    assert home is not None
    home.lose("a commit's answer was lost")
    assert pair.owner(project) is None
    other = pair.two if owner is pair.one else pair.one
    async with other.person(project, scene, "Ada") as ada:
        await ada.type(" <there>")
        await ada.until_acknowledged(10)
