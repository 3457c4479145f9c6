"""Ownership: one live owner a home, epochs only grow (S-10 … S-14); homes that are asked for (A-60 … A-62)."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from storage import codec
from storage.ledger.errors import Draining, Fenced, Owned
from storage.ledger.protocol import KEPT_MS, OWNERSHIP_DOC, OWNERSHIP_TYPE, WANT_MS, Append, Claim, HostRow, Kind, Owner

pytestmark = pytest.mark.contract


async def test_the_first_row_of_an_epoch_is_the_ownership_event(world: Any) -> None:
    """S-10: a claim writes epoch + 1 and its first row tells who owns it."""
    claim = await world.own()
    assert claim == Claim("prj_1", 1, 1)
    row = (await world.ledger.read("prj_1"))[0]
    assert (row.kind, row.epoch, row.seq, row.doc, row.type) == (Kind.OWNERSHIP, 1, 1, OWNERSHIP_DOC, OWNERSHIP_TYPE)
    assert codec.decode(row.body) == {"host": "host_a", "incarnation": "i1", "peer": "127.0.0.1:7000"}


async def test_a_live_owner_keeps_its_home(world: Any) -> None:
    """S-11: a claim is refused while another live host owns the home, and says who."""
    claim = await world.own()
    other = await world.ledger.heartbeat(world.host("host_b", "i2"), 5_000)
    with pytest.raises(Owned) as caught:
        await world.ledger.claim("prj_1", other)
    owner = caught.value.owner
    assert (owner.epoch, owner.seq, owner.live, owner.host.id) == (claim.epoch, claim.seq, True, "host_a")
    assert await world.write(claim, claim.seq) == 2


async def test_an_expired_owner_is_replaced_and_fenced(world: Any) -> None:
    """S-11: when the lease ran out the next claim wins, and the old owner cannot write any more."""
    old = await world.own(ttl_ms=1_000)
    new_host = await world.ledger.heartbeat(world.host("host_b", "i2"), 60_000)
    world.clock.advance(999)
    with pytest.raises(Owned):
        await world.ledger.claim("prj_1", new_host)
    world.clock.advance(1)
    assert not (await world.ledger.owner("prj_1")).live
    new = await world.ledger.claim("prj_1", new_host)
    assert new == Claim("prj_1", 2, 2)
    with pytest.raises(Fenced):
        await world.write(old, old.seq)
    with pytest.raises(Fenced):
        await world.write(old, new.seq)
    assert await world.write(new, new.seq) == 3


async def test_a_refusing_owner_can_be_deposed(world: Any) -> None:
    """S-11: `depose` names the incarnation that may be overruled, and no other."""
    await world.own()
    other = await world.ledger.heartbeat(world.host("host_b", "i2"), 5_000)
    with pytest.raises(Owned):
        await world.ledger.claim("prj_1", other, depose="i0")
    assert (await world.ledger.claim("prj_1", other, depose="i1")).epoch == 2


async def test_claiming_again_makes_a_new_epoch(world: Any) -> None:
    """S-12: a host that owns the home gets a new epoch too; its older one is fenced."""
    first = await world.own()
    second = await world.ledger.claim("prj_1", world.host())
    assert (second.epoch, second.seq) == (first.epoch + 1, first.seq + 1)
    with pytest.raises(Fenced):
        await world.write(first, second.seq)


async def test_a_new_incarnation_is_another_owner(world: Any) -> None:
    """S-11: the same host id started anew does not inherit its predecessor's lease."""
    await world.own()
    reborn = await world.ledger.heartbeat(world.host("host_a", "i9"), 5_000)
    with pytest.raises(Owned):
        await world.ledger.claim("prj_1", reborn)


async def test_release_frees_the_home_and_fences_the_epoch(world: Any) -> None:
    """S-13: after release anybody may claim, nobody may append, and the epoch never resets."""
    claim = await world.own()
    await world.ledger.release(claim, world.host())
    assert await world.ledger.owner("prj_1") == Owner("prj_1", 1, 1, None, False)
    with pytest.raises(Fenced):
        await world.write(claim, claim.seq)
    again = await world.own(host=world.host("host_b", "i2"))
    assert again == Claim("prj_1", 2, 2)
    await world.ledger.release(claim, world.host())  # no longer ours: nothing happens
    await world.ledger.release(Claim("prj_unknown", 1, 1), world.host())
    assert (await world.ledger.owner("prj_1")).host.id == "host_b"


async def test_retire_expires_the_host_row_now(world: Any) -> None:
    """S-14: a clean shutdown ends the lease without waiting for it."""
    await world.own()
    await world.ledger.retire("host_a", "i1")
    assert await world.ledger.hosts() == []
    owner = await world.ledger.owner("prj_1")
    assert not owner.live
    assert owner.host is not None
    assert (await world.own(host=world.host("host_b", "i2"))).epoch == 2
    await world.ledger.retire("host_z", "i0")


async def test_heartbeats_renew_and_hosts_lists_the_live(world: Any) -> None:
    """S-14: the row lives for ttl after the last heartbeat, in database time."""
    row = await world.ledger.heartbeat(world.host(), 1_000)
    assert row == HostRow("host_a", "i1", 4242, "127.0.0.1:7000", world.clock.now + 1_000)
    await world.ledger.heartbeat(world.host("host_b", "i2"), 500)
    world.clock.advance(600)
    assert [h.id for h in await world.ledger.hosts()] == ["host_a"]
    await world.ledger.heartbeat(world.host(), 1_000)
    world.clock.advance(900)
    assert [h.id for h in await world.ledger.hosts()] == ["host_a"]


async def test_of_many_claimants_one_wins_an_epoch(world: Any) -> None:
    """S-11: a race for an unowned home has one winner."""
    hosts = [await world.ledger.heartbeat(world.host(f"host_{i}", f"i{i}"), 5_000) for i in range(10)]
    results = await asyncio.gather(*(world.ledger.claim("prj_1", h) for h in hosts), return_exceptions=True)
    assert sum(isinstance(r, Claim) for r in results) == 1
    assert sum(isinstance(r, Owned) for r in results) == 9


async def test_the_owner_hears_a_want_with_its_heartbeat(world: Any) -> None:
    """A-60: the next heartbeat of the owner, and nobody else's, brings who asks; a want takes nothing."""
    claim = await world.own()
    other = await world.ledger.heartbeat(world.host("host_b", "i2"), 60_000)
    assert await world.ledger.want("prj_1", other, epoch=1)
    assert (await world.ledger.owner("prj_1")).wanted_by.incarnation == "i2"
    asked_at = world.clock.now
    world.clock.advance(1_000)
    heard = (await world.ledger.heartbeat(world.host(), 5_000)).asked
    assert [(w.home, w.host.id, w.host.peer, w.since_ms) for w in heard] == [
        ("prj_1", "host_b", "127.0.0.1:7000", asked_at)
    ]
    assert (await world.ledger.heartbeat(other, 60_000)).asked == ()
    with pytest.raises(Owned):
        await world.ledger.claim("prj_1", other)
    assert await world.write(claim, claim.seq) == 2


async def test_a_want_ends_with_time_epoch_and_host(world: Any) -> None:
    """A-60: what nobody renews, what asks an owner that has changed, and what the dead or leaving asked is void."""
    await world.own(ttl_ms=600_000)
    other = await world.ledger.heartbeat(world.host("host_b", "i2"), WANT_MS + 10)
    assert await world.ledger.want("prj_1", other, epoch=1)
    world.clock.advance(WANT_MS - 1)
    assert len((await world.ledger.heartbeat(world.host(), 600_000)).asked) == 1
    world.clock.advance(1)
    assert (await world.ledger.heartbeat(world.host(), 600_000)).asked == ()
    assert await world.ledger.want("prj_1", other, epoch=1), "asked again"
    world.clock.advance(10)
    assert (await world.ledger.heartbeat(world.host(), 600_000)).asked == (), "the host that asked is dead"
    assert not await world.ledger.want("prj_1", other, epoch=1), "the dead ask nothing"
    other = await world.ledger.heartbeat(other, 600_000)
    assert await world.ledger.want("prj_1", other, epoch=1)
    await world.ledger.heartbeat(HostRow("host_b", "i2", 4242, "127.0.0.1:7000", draining=True), 600_000)
    assert (await world.ledger.heartbeat(world.host(), 600_000)).asked == (), "the host that asked is leaving"
    await world.ledger.heartbeat(other, 600_000)
    await world.ledger.claim("prj_1", world.host())
    assert (await world.ledger.heartbeat(world.host(), 600_000)).asked == (), "it asked an epoch that has passed"


async def test_one_want_stands_at_a_time(world: Any) -> None:
    """A-60: a want is written by compare-and-set: the first stands until it ends, and the owner cannot ask itself."""
    claim = await world.own(ttl_ms=600_000)
    first = await world.ledger.heartbeat(world.host("host_b", "i2"), 600_000)
    second = await world.ledger.heartbeat(world.host("host_c", "i3"), 600_000)
    assert not await world.ledger.want("prj_1", first, epoch=2)
    assert not await world.ledger.want("prj_unknown", first, epoch=1)
    assert not await world.ledger.want("prj_1", world.host(), epoch=1)
    results = await asyncio.gather(*(world.ledger.want("prj_1", h, epoch=1) for h in (first, second)))
    assert results == [True, False]
    assert await world.ledger.want("prj_1", first, epoch=1), "its own want is renewed"
    await world.ledger.retire("host_b", "i2")
    assert await world.ledger.want("prj_1", second, epoch=1), "the dead stand in nobody's way"
    await world.ledger.release(claim, world.host())
    assert not await world.ledger.want("prj_1", first, epoch=1), "nobody owns it: claim it"


async def test_a_home_given_back_is_kept_for_whoever_it_is_meant_for(world: Any) -> None:
    """A-61: until it takes it, dies, drains, or some seconds pass; who comes before is told where it goes."""
    claim = await world.own(ttl_ms=600_000)
    heir = await world.ledger.heartbeat(world.host("host_b", "i2"), 600_000)
    third = await world.ledger.heartbeat(world.host("host_c", "i3"), 600_000)
    await world.ledger.release(claim, world.host(), to=heir)
    with pytest.raises(Fenced):
        await world.write(claim, claim.seq)
    with pytest.raises(Owned) as caught:
        await world.ledger.claim("prj_1", third)
    assert (caught.value.owner.host.incarnation, caught.value.owner.live) == ("i2", True)
    with pytest.raises(Owned):
        await world.ledger.claim("prj_1", world.host())
    assert [(w.home, w.host.incarnation) for w in (await world.ledger.heartbeat(heir, 600_000)).asked] == [
        ("prj_1", "i2")
    ]
    assert (await world.ledger.claim("prj_1", heir)).epoch == 2
    assert (await world.ledger.heartbeat(heir, 600_000)).asked == ()


@pytest.mark.parametrize("how", ["time", "dead", "draining", "deposed"])
async def test_a_home_is_not_kept_for_whoever_cannot_take_it(world: Any, how: str) -> None:
    """A-61: keeping never blocks a home for longer than its heir could take it."""
    claim = await world.own(ttl_ms=600_000)
    heir = await world.ledger.heartbeat(world.host("host_b", "i2"), 600_000)
    third = await world.ledger.heartbeat(world.host("host_c", "i3"), 600_000)
    await world.ledger.release(claim, world.host(), to=heir)
    if how == "time":
        world.clock.advance(KEPT_MS)
    elif how == "dead":
        await world.ledger.retire("host_b", "i2")
    elif how == "draining":
        await world.ledger.heartbeat(HostRow("host_b", "i2", 4242, "", draining=True), 600_000)
    assert (await world.ledger.claim("prj_1", third, depose="i2" if how == "deposed" else None)).epoch == 2


async def test_a_home_that_is_wanted_is_kept_for_who_wants_it(world: Any) -> None:
    """A-61: an owner that gives a home back without a word gives it to whoever asked."""
    claim = await world.own(ttl_ms=600_000)
    other = await world.ledger.heartbeat(world.host("host_b", "i2"), 600_000)
    third = await world.ledger.heartbeat(world.host("host_c", "i3"), 600_000)
    assert await world.ledger.want("prj_1", other, epoch=1)
    await world.ledger.release(claim, world.host())
    with pytest.raises(Owned):
        await world.ledger.claim("prj_1", third)
    assert (await world.ledger.claim("prj_1", other)).epoch == 2


async def test_a_draining_host_takes_nothing(world: Any) -> None:
    """A-62: it is listed as draining and goes on owning; it claims and asks for nothing, and its homes go at once."""
    claim = await world.own(ttl_ms=600_000)
    other = await world.own("prj_2", host=world.host("host_b", "i2"), ttl_ms=600_000)
    leaving = HostRow("host_a", "i1", 4242, "127.0.0.1:7000", draining=True)
    assert (await world.ledger.heartbeat(leaving, 600_000)).draining
    assert [(h.id, h.draining) for h in await world.ledger.hosts()] == [("host_a", True), ("host_b", False)]
    assert (await world.ledger.owner("prj_1")).host.draining
    assert await world.write(claim, claim.seq) == 2
    for home in ("prj_1", "prj_2", "prj_3"):
        with pytest.raises(Draining):
            await world.ledger.claim(home, leaving)
    assert not await world.ledger.want("prj_2", leaving, epoch=other.epoch)
    await world.ledger.release(claim, leaving)
    assert (await world.own(host=world.host("host_b", "i2"))).epoch == 2
    await world.ledger.heartbeat(world.host(), 600_000)
    assert not any(h.draining for h in await world.ledger.hosts())


async def test_a_claim_says_when(world: Any) -> None:
    """A-63: the minimum hold counts from the claim, in database time."""
    world.clock.advance(77)
    claim = await world.own()
    assert (claim.at_ms, (await world.ledger.owner("prj_1")).claimed_at_ms) == (world.clock.now, world.clock.now)
    world.clock.advance(1_000)
    assert (await world.ledger.claim("prj_1", world.host())).at_ms == world.clock.now


async def test_errors_survive_pickling(world: Any, make: Any) -> None:
    """S-02: errors cross processes whole."""
    claim = await world.own()
    with pytest.raises(Fenced) as caught:
        await world.ledger.append(Append("prj_1", 9, claim.seq, (make(),)))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.home, copy.epoch, copy.found_seq, str(copy)) == ("prj_1", 9, 1, str(caught.value))
