"""The log: fenced, gapless, all or nothing (S-01 … S-08)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.ledger.errors import Conflict, Fenced
from storage.ledger.protocol import Append, Event, Kind, NewAttempt, NewEvent, Snapshot, StoredResponse, View

pytestmark = pytest.mark.contract


async def test_append_returns_sequences_and_database_time(world: Any, make: Any) -> None:
    """S-01: an append gets consecutive sequences after the head and the database's time."""
    claim = await world.own()
    committed = await world.ledger.append(Append("prj_1", claim.epoch, claim.seq, (make(), make())))
    assert (committed.first_seq, committed.last_seq) == (claim.seq + 1, claim.seq + 2)
    assert committed.at_ms == world.clock.now == await world.ledger.now_ms()
    assert await world.ledger.head("prj_1") == committed.last_seq


async def test_every_column_comes_back(world: Any) -> None:
    """S-01: a row is read back as it was written."""
    claim = await world.own()
    new = NewEvent("@scene:s1", Kind.EVENT, "take.made", b"\x00\xff", "scn_é", 7, 3, "usr_🎬", 0.25, 99)
    await world.write(claim, claim.seq, new)
    row = (await world.ledger.read("prj_1", after=claim.seq))[0]
    assert row == Event(
        "prj_1", claim.seq + 1, claim.epoch, world.clock.now, "@scene:s1", Kind.EVENT, "take.made", b"\x00\xff",
        "scn_é", 7, 3, "usr_🎬", 0.25, 99,
    )  # fmt: skip
    assert isinstance(row.kind, Kind)


@pytest.mark.parametrize(("epoch_off", "seq_off"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
async def test_wrong_epoch_or_sequence_is_fenced(world: Any, make: Any, epoch_off: int, seq_off: int) -> None:
    """S-02: an append commits only if the head carries its epoch and its expected sequence."""
    claim = await world.own()
    with pytest.raises(Fenced) as caught:
        await world.ledger.append(Append("prj_1", claim.epoch + epoch_off, claim.seq + seq_off, (make(),)))
    assert (caught.value.found_epoch, caught.value.found_seq) == (claim.epoch, claim.seq)
    assert caught.value.retryable
    assert await world.ledger.head("prj_1") == claim.seq


async def test_unknown_home_is_fenced(world: Any, make: Any) -> None:
    """S-02: nobody writes a home that nobody claimed."""
    with pytest.raises(Fenced):
        await world.ledger.append(Append("prj_none", 0, 0, (make(),)))
    assert await world.ledger.head("prj_none") == 0
    assert await world.ledger.read("prj_none") == []
    assert await world.ledger.owner("prj_none") is None


async def test_pipelined_appends_keep_their_order(world: Any, make: Any) -> None:
    """S-03: append k+1 may be submitted before k is committed."""
    claim = await world.own()
    tasks = [
        asyncio.ensure_future(world.ledger.append(Append("prj_1", claim.epoch, claim.seq + k, (make(body=b"%d" % k),))))
        for k in range(50)
    ]
    done = await asyncio.gather(*tasks)
    assert [c.first_seq for c in done] == list(range(claim.seq + 1, claim.seq + 51))
    rows = await world.ledger.read("prj_1", after=claim.seq)
    assert [row.body for row in rows] == [b"%d" % k for k in range(50)]


async def test_when_k_fails_its_successors_are_fenced(world: Any, make: Any) -> None:
    """S-03: if k fails, k+1 fails as Fenced, and nothing of either is stored."""
    claim = await world.own()
    stale = Append("prj_1", claim.epoch - 1, claim.seq, (make(),))
    after = Append("prj_1", claim.epoch, claim.seq + 1, (make(),))
    first, second = await asyncio.gather(world.ledger.append(stale), world.ledger.append(after), return_exceptions=True)
    assert isinstance(first, Fenced)
    assert isinstance(second, Fenced)
    assert await world.ledger.head("prj_1") == claim.seq


async def test_a_fenced_append_does_not_harm_its_neighbours(world: Any, make: Any) -> None:
    """S-04: one that is refused shares no fate with others of its batch."""
    claims = [await world.own(f"prj_{i}") for i in range(20)]
    appends = [Append(c.home, c.epoch + (i % 5 == 0), c.seq, (make(),)) for i, c in enumerate(claims)]
    results = await asyncio.gather(*(world.ledger.append(a) for a in appends), return_exceptions=True)
    assert [isinstance(r, Fenced) for r in results] == [i % 5 == 0 for i in range(20)]
    heads = [await world.ledger.head(c.home) for c in claims]
    assert heads == [c.seq + (i % 5 != 0) for i, c in enumerate(claims)]


async def test_everything_of_an_append_commits_together(world: Any, make: Any) -> None:
    """S-05: rows, projections, attempts and the stored answer become visible together."""
    claim = await world.own()
    append = Append(
        "prj_1",
        claim.epoch,
        claim.seq,
        (make(), make()),
        views=(View("scene", "scn_1", "prj_1", "prj_1", "a", b"v"),),
        attempts=(NewAttempt("att_1", "prj_1", "scn_1", "job_1", "enhance", 1, b"r", 1000),),
        response=StoredResponse("usr_1", "key", b"hash", b"answer"),
    )
    committed = await world.ledger.append(append)
    view = await world.ledger.view("scene", "scn_1")
    assert view == View("scene", "scn_1", "prj_1", "prj_1", "a", b"v", committed.last_seq)
    answer = await world.ledger.response("prj_1", "usr_1", "key")
    assert answer == StoredResponse("usr_1", "key", b"hash", b"answer", committed.last_seq)
    assert (await world.ledger.attempt("att_1")).request == b"r"


@pytest.mark.parametrize("twice", ["response", "attempt id", "attempt number"])
async def test_what_may_exist_once_is_refused_whole(world: Any, make: Any, twice: str) -> None:
    """S-06: a repeated idempotency key or attempt stores nothing of its append; neighbours commit."""
    claim = await world.own()
    other = await world.own("prj_2")
    first = Append(
        "prj_1",
        claim.epoch,
        claim.seq,
        (make(),),
        attempts=(NewAttempt("att_1", "prj_1", "s", "job", "step", 1, b"", 1),),
        response=StoredResponse("u", "k", b"h", b"1"),
    )
    head = (await world.ledger.append(first)).last_seq
    repeat = {
        "response": {"response": StoredResponse("u", "k", b"h", b"2")},
        "attempt id": {"attempts": (NewAttempt("att_1", "prj_1", "s", "job", "step", 2, b"", 1),)},
        "attempt number": {"attempts": (NewAttempt("att_2", "prj_1", "s", "job", "step", 1, b"", 1),)},
    }[twice]
    again = Append("prj_1", claim.epoch, head, (make(),), views=(View("x", "x", "prj_1", "", "", b"x"),), **repeat)
    refused, neighbour = await asyncio.gather(
        world.ledger.append(again),
        world.ledger.append(Append("prj_2", other.epoch, other.seq, (make(),))),
        return_exceptions=True,
    )
    assert isinstance(refused, Conflict)
    assert not refused.retryable
    assert neighbour.last_seq == other.seq + 1
    assert await world.ledger.head("prj_1") == head
    assert await world.ledger.view("x", "x") is None
    assert (await world.ledger.response("prj_1", "u", "k")).body == b"1"
    assert await world.ledger.attempt("att_2") is None
    assert await world.write(claim, head) == head + 1


async def test_an_append_without_rows_checks_the_head(world: Any) -> None:
    """S-02: a projection refresh is fenced like any append and moves no head."""
    claim = await world.own()
    view = View("scene", "scn_1", "prj_1", "", "a", b"v")
    committed = await world.ledger.append(Append("prj_1", claim.epoch, claim.seq, (), views=(view,)))
    assert committed.last_seq == claim.seq == await world.ledger.head("prj_1")
    with pytest.raises(Fenced):
        await world.ledger.append(Append("prj_1", claim.epoch + 1, claim.seq, (), views=(view,)))


async def test_malformed_appends_fail_alone(world: Any, make: Any) -> None:
    """S-04: what no ledger may store is a ValueError of its caller, and the ledger goes on."""
    claim = await world.own()
    bad = [
        Append("prj_1", claim.epoch, claim.seq, (make(),), views=(View("k", "i", "prj_2", "", "", b""),)),
        Append("prj_1", claim.epoch, claim.seq, (make(doc="x" * 600),)),
        Append("prj_1", claim.epoch, claim.seq, (make(body="text"),)),
        Append("", claim.epoch, claim.seq, (make(),)),
    ]
    for append in bad:
        with pytest.raises(ValueError):
            await world.ledger.append(append)
    assert await world.write(claim, claim.seq) == claim.seq + 1


async def test_read_filters_and_pages(world: Any, make: Any) -> None:
    """S-07: after < seq <= upto, by document and kind, in order, at most limit."""
    claim = await world.own()
    rows = [make(doc=f"d{i % 2}", kind=Kind.UPDATES if i % 3 else Kind.EVENT) for i in range(12)]
    await world.write(claim, claim.seq, *rows)
    base = claim.seq
    read = world.ledger.read
    assert [e.seq for e in await read("prj_1")] == list(range(1, base + 13))
    assert [e.seq for e in await read("prj_1", after=base + 2, upto=base + 4)] == [base + 3, base + 4]
    assert [e.seq for e in await read("prj_1", doc="d0")] == [base + 1 + i for i in range(0, 12, 2)]
    assert [e.seq for e in await read("prj_1", doc="d0", after=base + 1, upto=base + 5)] == [base + 3, base + 5]
    assert [e.seq for e in await read("prj_1", kinds=[Kind.OWNERSHIP])] == [1]
    events = await read("prj_1", doc="d1", kinds=(Kind.EVENT,))
    assert [e.seq for e in events] == [base + 1 + i for i in (3, 9)]
    assert [e.seq for e in await read("prj_1", after=base, limit=3)] == [base + 1, base + 2, base + 3]
    assert await read("prj_1", kinds=[]) == []
    assert await read("prj_1", limit=0) == []


async def test_read_back_is_newest_first(world: Any, make: Any) -> None:
    """S-07: history pages from the head, or strictly below a sequence, of one scene or all."""
    claim = await world.own()
    await world.write(claim, claim.seq, *(make(scene=f"s{i % 2}" if i else None) for i in range(6)))
    base = claim.seq
    back = world.ledger.read_back
    assert [e.seq for e in await back("prj_1", before=None, scene=None, limit=2)] == [base + 6, base + 5]
    assert [e.seq for e in await back("prj_1", before=base + 2, scene=None, limit=9)] == [base + 1, base]
    assert [e.seq for e in await back("prj_1", before=None, scene="s1", limit=9)] == [base + 6, base + 4, base + 2]
    assert [e.seq for e in await back("prj_1", before=base + 4, scene="s1", limit=9)] == [base + 2]
    assert await back("prj_1", before=1, scene=None, limit=9) == []


async def test_snapshots_keep_the_newest_and_the_one_before(world: Any) -> None:
    """S-08: a snapshot is stored by the owner only, never backwards, never ahead of the head."""
    claim = await world.own()
    head = await world.write(claim, claim.seq, *(NewEvent("d", Kind.EVENT, "t", b"") for _ in range(5)))

    async def put(seq: int, epoch: int = claim.epoch) -> bool:
        return await world.ledger.put_snapshot(Snapshot("prj_1", "d", seq, 1, b"%d" % seq), epoch=epoch)

    assert await world.ledger.snapshot("prj_1", "d") is None
    assert [await put(2), await put(3), await put(4)] == [True, True, True]
    assert not await put(4)
    assert not await put(1)
    assert not await put(head + 1)
    assert not await put(5, epoch=claim.epoch + 1)
    newest = await world.ledger.snapshot("prj_1", "d")
    assert newest == Snapshot("prj_1", "d", 4, 1, b"4")
    assert (await world.ledger.snapshot("prj_1", "d", before=4)).seq == 3
    assert await world.ledger.snapshot("prj_1", "d", before=3) is None
    assert await world.ledger.snapshot("prj_1", "other") is None


async def test_change_token_moves_with_every_commit(world: Any) -> None:
    """S-07: the token changes when anything was committed and stays when nothing was."""
    claim = await world.own()
    tokens = [await world.ledger.change_token()]
    assert await world.ledger.change_token() == tokens[0]
    for seq in range(claim.seq, claim.seq + 3):
        await world.write(claim, seq)
        tokens.append(await world.ledger.change_token())
    assert len(set(tokens)) == 4
