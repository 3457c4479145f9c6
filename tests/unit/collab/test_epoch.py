"""Document epochs: the same content under fresh ids, and nobody merges the old life into the new."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pycrdt
import pytest

from collab import hocuspocus, wire
from collab.close_codes import CloseCode, CollabError
from collab.limits import Limits
from collab.ports import Entry, Lineage, Loaded, Refused, RequestKey
from collab.renewal import flattened, roots_of, salvaged, without_burial
from collab.room import Room
from collab.session import Access
from collab.updates import read_header
from tests.unit.collab.stage import BEN, Author, HeldLog, Wire, enter, opened, text_of, turns
from tests.unit.collab.test_admission import LIMITS, everything, updates

pytestmark = pytest.mark.unit

PROMPT = Limits(flush_window_s_min=0, flush_window_s_per_session=0)


class RenewableLog(HeldLog):
    """A log that starts epochs: what a room finds there after `renew` is the last one."""

    def __init__(self, updates: Sequence[bytes] = (), **options: Any) -> None:
        super().__init__(updates, **options)
        self.lineage = Lineage({77: "ana"})
        self.base: list[bytes] | None = None
        self.fail: Refused | None = None

    async def load(self) -> Loaded:
        loaded = await super().load()
        return Loaded(loaded.snapshot, loaded.snapshot_seq, self.base or loaded.tail, loaded.seq, self.lineage)

    async def updates(self) -> Sequence[bytes]:
        return [entry.update for row in self.rows for entry in row]

    async def renew(self, epoch: int, entry: Entry, by: str, key: RequestKey | None) -> int:
        if self.fail is not None:
            raise self.fail
        self.rows.append([entry])
        self.base = [without_burial(entry.update)]
        self.lineage = Lineage({entry.client: entry.principal}, epoch, self.lineage.retired | set(self.lineage.owners))
        return len(self.rows)


async def written() -> tuple[Room, RenewableLog, Author]:
    author = Author(77)
    for word in ("one ", "two ", "three"):
        author.type(word)
    del author.script[0:4]
    log = RenewableLog(author.updates)
    return await opened(log, PROMPT), log, author


def shown(doc: pycrdt.Doc[Any], roots: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for name in roots:
        kind = roots_of(doc.get_update())[name]
        value = doc.get(name, type=kind)
        found.append(value.diff() if isinstance(value, pycrdt.Text) else value.to_py())
    return found


@pytest.mark.parametrize("number", [0, 1])
def test_a_copy_reads_as_its_original(number: int) -> None:
    """R-68: text with formatting and embeds, values, nested types; under one client id, without what was deleted."""
    original: pycrdt.Doc[Any] = pycrdt.Doc()
    original.apply_update(updates()[number])
    client, update = flattened(original)
    copy: pycrdt.Doc[Any] = pycrdt.Doc()
    copy.apply_update(update)
    roots = sorted(roots_of(update))
    assert roots
    assert shown(copy, roots) == shown(original, roots)
    assert {each for each, _, _ in read_header(update, LIMITS).structs} == {client}
    assert read_header(update, LIMITS).gone == ()


def test_a_text_is_known_though_its_first_character_is_gone() -> None:
    """R-68: bytes do not say what a root is; what is left of it does."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(everything())
    script = doc.get("script", type=pycrdt.Text)
    del script[0:1]
    assert roots_of(doc.get_update())["script"] is pycrdt.Text


def test_xml_is_refused_before_anything_is_written() -> None:
    """R-68."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("page", type=pycrdt.XmlFragment).children.append(pycrdt.XmlElement("p", {"a": "1"}))
    with pytest.raises(CollabError, match="XML"):
        flattened(doc)


async def test_a_renewed_document_has_its_text_and_none_of_its_past() -> None:
    """R-68: smaller, next epoch, old ids retired; whoever folds all rows reads the same text."""
    room, log, _ = await written()
    renewed = await room.renew("ana", "@server")
    assert (renewed.epoch, renewed.left_out, room.closed) == (2, 0, True)
    again = await opened(log, PROMPT)
    assert (again.epoch, again.document.retired) == (2, frozenset((77,)))
    assert again.text("script") == "two three"
    assert text_of([entry.update for row in log.rows for entry in row]) == "two three"


async def test_everybody_is_sent_away_and_the_past_is_not_merged() -> None:
    """R-69, W-71: 4409 at the renewal, at a step 1 that knows the old ids, at updates of theirs; never a merge."""
    room, log, author = await written()
    here, socket = enter(room)
    here.receive(wire.sync_step1(b"\x00"))
    await room.renew("ana", "@server")
    assert socket.code == CloseCode.STALE_DOCUMENT
    again = await opened(log, PROMPT)
    late, socket = enter(again, synced=False)
    late.receive(wire.sync_step1(author.doc.get_state()))
    assert socket.code == CloseCode.STALE_DOCUMENT
    fresh = Author(88, author.doc.get_update())
    stale = [author.type("!"), fresh.type("late words"), author.doc.get_update()]
    del fresh.script[0:2]
    stale.append(fresh.updates[-1])
    for update in stale:
        for message in (wire.sync_update(update), wire.sync_step2(update)):
            session, socket = enter(again)
            session.receive(message)
            assert socket.code == CloseCode.STALE_DOCUMENT
    await turns(20)
    assert again.text("script") == "two three"


async def test_a_stock_client_of_this_epoch_is_welcome() -> None:
    """R-69: empty, with ids of this epoch, or with words of its own that no epoch has seen."""
    room, log, _ = await written()
    await room.renew("ana", "@server")
    again = await opened(log, PROMPT)
    seen = Author(88, again.document.merged())
    offline = Author(99)
    for author in (seen, offline):
        session, socket = enter(again, synced=False)
        session.receive(wire.sync_step1(author.doc.get_state()))
        session.receive(wire.sync_update(author.type(" and on")))
        await turns(20)
        assert socket.code is None
    assert sorted(again.text("script")) == sorted("two three and on and on")


async def test_hocuspocus_is_told_per_document() -> None:
    """W-71: a close message for the document, whose reason says which life the copy belongs to."""
    room, log, author = await written()
    await room.renew("ana", "@server")
    again = await opened(log, PROMPT)
    socket = Wire()
    session = again.join(socket, "ben", Access.WRITE, BEN, hocuspocus.framing("scene:scn_1"))
    session.receive(wire.sync_step1(author.doc.get_state()))
    assert socket.code == CloseCode.STALE_DOCUMENT
    assert "earlier life" in socket.reason


async def test_words_on_their_way_are_in_the_new_epoch() -> None:
    """R-68: they are committed first; nothing is taken in while the copy is made."""
    room, log, author = await written()
    session, socket = enter(room)
    log.held = True
    session.receive(wire.sync_update(author.type("!")))
    renewing = asyncio.ensure_future(room.renew("ana", "@server"))
    await turns(20)
    assert not socket.reading
    log.release()
    await renewing
    log.held = False
    assert (await opened(log, PROMPT)).text("script") == "two three!"


async def test_a_renewal_that_fails_leaves_everything_as_it_was() -> None:
    """R-68: the room lives on, its sockets are read again."""
    room, log, author = await written()
    session, socket = enter(room)
    log.fail = Refused("LEDGER_UNAVAILABLE", "disk full")
    with pytest.raises(Refused):
        await room.renew("ana", "@server")
    session.receive(wire.sync_update(author.type("!")))
    await turns(20)
    assert (socket.code, socket.reading, room.epoch) == (None, True, 1)
    assert room.text("script") == "two three!"


async def test_an_unreadable_document_is_rebuilt_of_what_applies() -> None:
    """R-68: from the rows, in order; how many did not apply is said."""
    author = Author(77)
    child_of_text = bytes.fromhex("01014e0024004d000161016200")
    rows = [author.type("kept"), child_of_text, author.type(" too")]
    doc, lost = salvaged(rows)
    assert (str(doc.get("script", type=pycrdt.Text)), lost) == ("kept too", 1)
    log = RenewableLog(rows)
    room = await opened(log, PROMPT)
    with pytest.raises(CollabError):
        room.text("script")
    renewed = await room.renew("ana", "@server")
    assert renewed.left_out == 1
    assert (await opened(log, PROMPT)).text("script") == "kept too"


async def test_a_log_without_epochs_starts_none() -> None:
    """R-68."""
    room = await opened(HeldLog())
    with pytest.raises(CollabError, match="epoch"):
        await room.renew("ana", "@server")
