"""A-77: what every ledger does when old rows leave it for the object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.ledger.archive import Archive, Chunk, view_of
from storage.ledger.archived import with_archive
from storage.ledger.errors import Conflict, Fenced
from storage.ledger.protocol import Append, Claim, Kind, Ledger
from storage.objects.local import LocalObjects
from tests.contract.storage.conftest import World, event

pytestmark = pytest.mark.contract


def joined(world: World, folder: Path) -> tuple[Ledger, Archive]:
    ledger = with_archive(world.ledger, LocalObjects(folder / "objects"))
    assert isinstance(ledger, Archive)
    return ledger, ledger  # type: ignore[return-value]


async def written(world: World, rows: int) -> Claim:
    """`rows` after the ownership event, of two streams and two scenes in turn."""
    claim = await world.own()
    news = [event(f"@scene:s{n % 2}", b"%d" % n, scene=f"s{n % 2}") for n in range(rows)]
    await world.ledger.append(Append(claim.home, claim.epoch, claim.seq, tuple(news)))
    return claim


async def list_chunk(world: World, claim: Claim, chunk: Chunk) -> None:
    head = await world.ledger.head(claim.home)
    await world.ledger.append(Append(claim.home, claim.epoch, head, (), (view_of(chunk),)))


async def everything(ledger: Ledger, home: str) -> list[object]:
    """What readers see, in every way they read."""
    return [
        await ledger.read(home),
        await ledger.read(home, limit=7),
        await ledger.read(home, doc="@scene:s1", after=3, upto=17, limit=5),
        await ledger.read(home, kinds=(Kind.OWNERSHIP,)),
        await ledger.read(home, after=9, limit=4),
        await ledger.read_back(home, before=None, scene=None, limit=100),
        await ledger.read_back(home, before=14, scene="s0", limit=4),
        await ledger.read_back(home, before=4, scene=None, limit=2),
        await ledger.head(home),
    ]


async def test_readers_see_the_same_rows_at_every_step(world: World, tmp_path: Path) -> None:
    """A-77: before, when the object is there, when it is listed, while rows leave, and when they have."""
    claim = await written(world, 20)
    ledger, archive = joined(world, tmp_path)
    before = await everything(world.ledger, claim.home)
    rows = await archive.in_ledger(claim.home, 0, 12)
    assert await everything(ledger, claim.home) == before
    chunk = await archive.store(rows)
    assert await everything(ledger, claim.home) == before
    await list_chunk(world, claim, chunk)
    assert await everything(ledger, claim.home) == before
    assert await archive.trim(chunk, epoch=claim.epoch, limit=5) == 5
    assert await everything(ledger, claim.home) == before
    assert [await archive.trim(chunk, epoch=claim.epoch, limit=5) for _ in range(3)] == [5, 2, 0]
    assert await everything(ledger, claim.home) == before
    assert [row.seq for row in await world.ledger.read(claim.home)] == list(range(13, 22))
    second = await archive.store(await archive.in_ledger(claim.home, 12, 4))
    await list_chunk(world, claim, second)
    assert await archive.trim(second, epoch=claim.epoch) == 4
    assert await everything(ledger, claim.home) == before
    assert await world.write(claim, 21) == 22
    assert (await ledger.read(claim.home))[-1].seq == 22


async def test_rows_leave_for_their_owner_alone_and_only_when_listed(world: World, tmp_path: Path) -> None:
    """A-77: another epoch is fenced; a chunk that is in no list, or does not come next, is refused; all rows stay."""
    claim = await written(world, 10)
    _, archive = joined(world, tmp_path)
    rows = await archive.in_ledger(claim.home, 0, 10)
    first, second = await archive.store(rows[:5]), await archive.store(rows[5:])
    with pytest.raises(Conflict):
        await archive.trim(first, epoch=claim.epoch)
    await list_chunk(world, claim, first)
    await list_chunk(world, claim, second)
    with pytest.raises(Conflict):
        await archive.trim(second, epoch=claim.epoch)
    with pytest.raises(Fenced):
        await archive.trim(first, epoch=claim.epoch + 1)
    await world.ledger.release(claim, world.host())
    with pytest.raises(Fenced):
        await archive.trim(first, epoch=claim.epoch)
    assert len(await world.ledger.read(claim.home)) == 11


async def test_a_second_epoch_goes_on_where_the_first_left(world: World, tmp_path: Path) -> None:
    """A-77, S-12: sequences stay gapless over rows that have left."""
    claim = await written(world, 3)
    ledger, archive = joined(world, tmp_path)
    chunk = await archive.store(await archive.in_ledger(claim.home, 0, 4))
    await list_chunk(world, claim, chunk)
    assert await archive.trim(chunk, epoch=claim.epoch) == 4
    await world.ledger.release(claim, world.host())
    again = await world.own(host=world.host("host_b", "i2"))
    assert again.seq == 5
    assert [row.seq for row in await ledger.read(claim.home)] == [1, 2, 3, 4, 5]
