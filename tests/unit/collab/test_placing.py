"""What stands behind a gap: kept, sent on, and shown to nobody until the gap has closed."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
import pytest

from collab import wire
from collab.coverage import RangeSet
from collab.history import Author as By
from collab.history import Row
from collab.notes import Notes
from collab.placing import placeable
from collab.renewal import rewrite, salvaged
from tests.unit.collab.stage import Author, HeldLog, enter, opened, text_of, turns

pytestmark = pytest.mark.unit


def behind_a_gap() -> list[bytes]:
    """A first word, what closes the gap, and a last one before the first, which hangs from nothing else."""
    author = Author(77)
    first, gap = author.type("world"), author.type("!")
    author.script.insert(0, "hello ")
    return [first, gap, author.updates[-1]]


async def test_what_stands_behind_a_gap_is_not_read() -> None:
    """A-111: as in every Yjs, in a room that is kept up, in one that is opened anew, and by an edit of the server's,
    which must not hang from it; once the gap has closed it is read."""
    first, gap, last = behind_a_gap()
    assert text_of([first, last]) == "hello world"  # what Yrs makes of it
    log = HeldLog()
    room = await opened(log)
    ana, _ = enter(room)
    for update in (first, last):
        ana.receive(wire.sync_update(update))
        await turns()
        await room._commits.drain()
        assert room.text("script") == "world"
    again = await opened(log)
    assert again.text("script") == "world"
    await again.edit(lambda doc: doc.get("script", type=pycrdt.Text).insert(0, "the "), "server")
    assert again.text("script") == "the world"
    await again.close()
    room = await opened(log)
    ana, _ = enter(room)
    assert room.text("script") == "the world"
    ana.receive(wire.sync_update(gap))
    await room._commits.drain()
    assert sorted(room.text("script").split()) == ["hello", "the", "world!"]
    await room.close()


async def test_a_gap_costs_those_who_have_none_no_rebuilding() -> None:
    """A-111: while one person's gap is open, what others write is put into the document that is there."""
    first, _, last = behind_a_gap()
    room = await opened(HeldLog([first, last]))
    ben, _ = enter(room, "ben")
    doc, author = room.hydrate(), Author(88, first)
    for _ in range(3):
        ben.receive(wire.sync_update(author.type("?")))
        await room._commits.drain()
        assert room.hydrate() is doc
    assert room.text("script") == "world???"
    await room.close()


async def test_a_document_with_a_gap_is_renewed_as_it_reads() -> None:
    """A-111: also where it is saved row by row; what nobody was shown is not carried over."""
    first, _, last = behind_a_gap()
    doc, lost = salvaged([first, last])
    assert (str(doc.get("script", type=pycrdt.Text)), lost) == ("world", 0)
    log: Any = HeldLog([first, last])
    room = await opened(log)
    assert text_of([(await rewrite(room.document, log)).base]) == "world"
    await room.close()


def test_comments_behind_a_gap_wait() -> None:
    """A-111."""
    said: list[bytes] = []
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=7)
    subscription = doc.observe(lambda event: said.append(event.update))
    comments = doc.get("comments", type=pycrdt.Map)
    for id in ("c1", "c2", "c3"):
        comments[id] = {"text": id, "name": "Ana", "at": 1}
    doc.unobserve(subscription)
    notes = Notes()
    notes.extend([Row(1, 1, [(By("ana"), said[0])]), Row(2, 2, [(By("ana"), said[2])])])
    assert [each.text for each in notes.comments()] == ["c1"]


def test_an_update_without_a_gap_is_given_as_it_is() -> None:
    """A-111: not rewritten, not even copied."""
    first, gap, last = behind_a_gap()
    whole = pycrdt.merge_updates(first, gap, last)
    assert placeable(whole) is whole
    assert placeable(b"\x00\x00") == b"\x00\x00"
    assert placeable(pycrdt.merge_updates(first, last)) == first


@pytest.mark.parametrize("seed", range(10))
def test_gaps_are_known_without_counting(seed: int) -> None:
    """A-111: a read asks whether there is a gap; what is counted along is what a count finds."""
    rnd, held, many = random.Random(seed), RangeSet(), RangeSet()
    for _ in range(30):
        some = [
            (rnd.randint(1, 3), at := rnd.randrange(300), at + rnd.randint(1, 9)) for _ in range(rnd.choice((1, 80)))
        ]
        held.add_all(some)
        many.add_all(held.copy().ranges())
        runs: dict[int, list[int]] = {}
        for client, start, _ in held.ranges():
            runs.setdefault(client, []).append(start)
        assert len(held) == len(held.copy()) == len(many) == sum(map(len, runs.values()))
        assert held.gapped() == {client for client, starts in runs.items() if starts != [0]}
        assert (len(held) == len(held.clocks())) == held.gapless() == (not held.gapped())
