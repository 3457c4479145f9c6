"""A-117: what every ledger does when a deleted home is erased."""

from __future__ import annotations

import pytest

from storage.ledger.errors import Fenced
from storage.ledger.protocol import Append, NewAttempt, Snapshot, StoredResponse, View
from storage.ledger.purging import DELETED
from storage.ledger.verify import faults
from tests.contract.storage.conftest import World, event

pytestmark = pytest.mark.contract


def view(home: str, kind: str, id: str) -> View:
    return View(kind, id, home, "", "1", b"SF")


async def fill(world: World, home: str) -> None:
    claim = await world.own(home)
    views = tuple(
        view(home, kind, home if kind == DELETED else f"{home}-{kind}") for kind in ("scene", "take", "spend", DELETED)
    )
    attempt = NewAttempt(f"att_{home}", home, "s1", f"job_{home}", "video", 1, b"", 1_000)
    answer = StoredResponse("usr", "key", b"hash", b"answer")
    rows = tuple(event(body=b"%d" % n) for n in range(8))
    await world.ledger.append(Append(home, claim.epoch, claim.seq, rows, views, (attempt,), response=answer))
    assert await world.ledger.put_snapshot(Snapshot(home, "scene:s1", 5, 1, b"state"), epoch=claim.epoch)


async def test_a_home_is_erased_and_its_neighbour_is_not(world: World) -> None:
    """A-117: in bounded calls, lowest rows first; the head, the log from the tombstone on, and what was spent stay."""
    ledger = world.ledger
    await fill(world, "prj_gone")
    await fill(world, "prj_stays")
    claim = await world.own("prj_gone")
    upto = claim.seq + 1
    await ledger.append(Append("prj_gone", claim.epoch, claim.seq, (event("@project", b"tombstone"),)))
    calls = 0
    while gone := await ledger.purge("prj_gone", epoch=claim.epoch, before=upto, limit=4):
        calls += 1
        assert gone <= 4
        assert await faults(ledger, "prj_gone") == []
    assert calls >= 6
    assert [row.body for row in await ledger.read("prj_gone")] == [b"tombstone"]
    assert await ledger.head("prj_gone") == upto
    assert await ledger.snapshot("prj_gone", "scene:s1") is None
    assert await ledger.response("prj_gone", "usr", "key") is None
    assert await ledger.attempts("prj_gone") == []
    for home, kinds in (("prj_gone", {"spend", DELETED}), ("prj_stays", {"scene", "take", "spend", DELETED})):
        found = {kind for kind in ("scene", "take", "spend", DELETED) if await ledger.views(kind, home=home)}
        assert found == kinds
    assert len(await ledger.read("prj_stays")) == 9
    assert len(await ledger.attempts("prj_stays")) == 1
    assert await ledger.response("prj_stays", "usr", "key") is not None
    again = await world.own("prj_gone")
    assert (await world.write(again, again.seq)) == again.seq + 1


async def test_only_its_owner_erases(world: World) -> None:
    """A-117: an owner that lost the home takes nothing."""
    await fill(world, "prj_gone")
    old = await world.own("prj_gone")
    new = await world.own("prj_gone")
    with pytest.raises(Fenced):
        await world.ledger.purge("prj_gone", epoch=old.epoch, before=99)
    assert await world.ledger.purge("prj_gone", epoch=new.epoch, before=99) > 0
