"""Projections: written with the append, paged by (order key, id) (S-20, S-21)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.ledger.protocol import Append, View

pytestmark = pytest.mark.contract


def scene(id: str, order: str, parent: str = "prj_1", body: bytes | None = b"v", home: str = "prj_1") -> View:
    return View("scene", id, home, parent, order, body)


async def put(world: Any, claim: Any, seq: int, *views: View) -> int:
    return (await world.ledger.append(Append(claim.home, claim.epoch, seq, (), views=views))).last_seq


async def test_a_view_is_replaced_and_deleted(world: Any) -> None:
    """S-20: the newest write of (kind, id) stands; body None deletes it."""
    claim = await world.own()
    await put(world, claim, claim.seq, scene("a", "1"), scene("b", "2"))
    await put(world, claim, claim.seq, scene("a", "3", parent="prj_x", body=b"w"), scene("b", "2", body=None))
    assert await world.ledger.view("scene", "a") == View("scene", "a", "prj_1", "prj_x", "3", b"w", claim.seq)
    assert await world.ledger.view("scene", "b") is None
    assert await world.ledger.view("project", "a") is None
    await put(world, claim, claim.seq, scene("gone", "", body=None))


async def test_views_page_by_order_key_then_id(world: Any) -> None:
    """S-21: strictly after the given pair, in both directions, without gaps or repeats."""
    claim = await world.own()
    keys = [("a", "k1"), ("b", "k1"), ("c", "k0"), ("d", "k2"), ("é", "k2"), ("🎬", "k2")]
    await put(world, claim, claim.seq, *(scene(id, order) for id, order in keys))
    expected = sorted((order, id) for id, order in keys)
    for newest_first in (False, True):
        seen: list[tuple[str, str]] = []
        after = None
        while page := await world.ledger.views("scene", after=after, limit=2, newest_first=newest_first):
            seen.extend((v.order_key, v.id) for v in page)
            after = seen[-1]
        assert seen == (expected[::-1] if newest_first else expected)


async def test_views_filter_by_home_and_parent(world: Any) -> None:
    """S-21: None means any; "" means top level."""
    one, two = await world.own("prj_1"), await world.own("prj_2")
    await put(world, one, one.seq, scene("a", "1"), scene("b", "2", parent=""))
    await put(world, two, two.seq, scene("c", "3", parent="prj_2", home="prj_2"))

    async def ids(**filters: Any) -> list[str]:
        found = [v.id for v in await world.ledger.views("scene", **filters)]
        assert await world.ledger.count_views("scene", **filters) == len(found)
        return found

    assert await ids() == ["a", "b", "c"]
    assert await ids(home="prj_1") == ["a", "b"]
    assert await ids(parent="") == ["b"]
    assert await ids(home="prj_2", parent="prj_2") == ["c"]
    assert await ids(home="prj_1", parent="prj_2") == []
    assert await world.ledger.views("project") == []
