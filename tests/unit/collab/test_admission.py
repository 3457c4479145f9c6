"""What may reach the log: each struct id once, cut out of updates that repeat what is known."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab import wire
from collab.close_codes import CloseCode
from collab.coverage import RangeSet
from collab.cutting import cut
from collab.limits import Limits
from collab.ports import Refused
from collab.updates import Range, read_header
from tests.unit.collab.stage import Author, HeldLog, enter, opened, text_of, turns

pytestmark = pytest.mark.unit

GOLDEN = json.loads((Path(__file__).parents[2] / "data/golden/collab-wire.json").read_text())
LIMITS = Limits()
PROMPT = Limits(flush_window_s_min=0, flush_window_s_per_session=0)

# Found by fuzzing: one struct id with two contents, and the merged document kept the one that can have no children.
TWO_CONTENTS = {
    "text, then garbage, then a child of the garbage": (
        "0101d285d8cc04000401067363726970741b494e542e20d985d982d987d989202d204e4947485420f09f8eac0a00",
        "0101d285d8cc0400004000",
        "0102d285d8cc271f2700d285d8cc04000763617074696f6e020400d285d8cc041f0568656c6c6f00",
    ),
    "values, then a map, then a child of the map": (
        "0113d285d8cc04000101067363726970740384d285d8cc0402012e84d285d8cc0403012084d285d8cc040416d985d982d987d989202d204e4947485420f09f8eac0ac4d285d8cc0404d285d8cc040502c3a9c6d285d8cc0402d285d8cc040304626f6c640474727565c6d285d8cc0404d285d8cc041504626f6c64046e756c6cc6d285d8cc0403d285d8cc040404626f6c64046e756c6cc5d285d8cc0418d285d8cc04040d7b22696d616765223a2278227dc6d285d8cc0419d285d8cc040404626f6c640474727565210106706172616d73046d6f6f6401a8d285d8cc041b0177046461776e280106706172616d73036101750b7d017dc6017c3fc000007b3fb999999999999a78797e7f7702c3bc7601016175017a00000000000000017402010221010670616e656c730270310100060801046c697374037d017d027d03070103786d0903017087d285d8cc0428060400d285d8cc0429017401d285d8cc040300031b011e07",
        "0102d285d8cc041e27010670616e656c73027031010064" + "00",
        "010285d8cc041f2700d285d8cc041e0763617074696f6e020400d285d8cc041f0568656c6c6f00",
    ),
}


def everything() -> bytes:
    """One client's update that holds every content Yjs splits, and some that it does not."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=7)
    text = doc.get("script", type=pycrdt.Text)
    text += "INT. café 🎬🎬 — night"
    text.insert(3, "ZZ", {"bold": True})
    values = doc.get("values", type=pycrdt.Array)
    values.extend([1, "two", None, [3, {"four": 5.5}], True, "été"])
    panels = doc.get("panels", type=pycrdt.Map)
    panels["p1"] = pycrdt.Map({"caption": pycrdt.Text("wide"), "n": 1})
    panels["gone"] = "x"
    del panels["gone"]
    del text[5:12]
    return doc.get_update()


def updates() -> list[bytes]:
    return [everything(), *(bytes.fromhex(each) for each in (*GOLDEN["updates"], GOLDEN["full"], GOLDEN["both"]))]


def shown(*updates: bytes) -> tuple[object, ...]:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for each in updates:
        doc.apply_update(each)
    script = doc.get("script", type=pycrdt.Text)
    roots = [doc.get(name, type=pycrdt.Map).to_py() for name in ("params", "panels")]
    return script.diff(), *roots, doc.get("values", type=pycrdt.Array).to_py(), doc.get_state()


def parts(header_structs: Sequence[Range], source: random.Random) -> tuple[list[Range], list[Range]]:
    """All clocks, dealt out to two piles in random pieces."""
    piles: tuple[list[Range], list[Range]] = ([], [])
    for client, start, end in header_structs:
        at = start
        while at < end:
            until = min(end, at + source.randint(1, 6))
            source.choice(piles).append((client, at, until))
            at = until
    return piles


@pytest.mark.parametrize("number", range(len(updates())))
def test_an_update_cut_in_two_says_the_same(number: int) -> None:
    """R-60: every wanted clock with its own content, in either order, whatever the content is."""
    update = updates()[number]
    header, whole = read_header(update, LIMITS), shown(update)
    for seed in range(40):
        mine, theirs = parts(header.structs, random.Random(seed))
        halves = [cut(update, pile, deletes, LIMITS) for pile, deletes in ((mine, header.deletes), (theirs, ()))]
        found = [range for half in halves for range in read_header(half, LIMITS).structs]
        joined = RangeSet()
        joined.add_all(found)
        assert joined.covers_all(header.structs)
        assert sum(end - start for _, start, end in found) == sum(end - start for _, start, end in header.structs)
        for order in (halves, halves[::-1]):
            assert _equal_but_split_characters(shown(pycrdt.merge_updates(*order)), whole)


def _equal_but_split_characters(found: tuple[object, ...], whole: tuple[object, ...]) -> bool:
    """Equal; or a character of two UTF-16 units was cut in the middle, which makes it two U+FFFD, as in Yjs."""
    return found == whole or "\ufffd" in str(found[0])


@pytest.mark.parametrize("number", range(len(updates())))
def test_a_known_beginning_is_cut_off_as_the_reference_does(number: int) -> None:
    """R-60: what Yrs makes of "all but these clocks", for every client at its own clock."""
    update = updates()[number]
    header = read_header(update, LIMITS)
    for seed in range(30):
        source = random.Random(seed)
        kept = [(client, source.randrange(start, end), end) for client, start, end in header.structs]
        known = [(client, start, at) for (client, start, _), (_, at, _) in zip(header.structs, kept, strict=True)]
        before = cut(update, [each for each in known if each[1] < each[2]], (), LIMITS)
        if "\ufffd" in before.decode(errors="ignore"):
            continue  # cut in the middle of a character: Yrs forgets half of it, Yjs and we do not
        theirs = pycrdt.get_update(update, wire.state_vector({client: start for client, start, _ in kept}))
        assert shown(before, cut(update, kept, header.deletes, LIMITS)) == shown(before, theirs)


@pytest.mark.parametrize("sent", TWO_CONTENTS.values(), ids=TWO_CONTENTS.keys())
async def test_a_struct_id_has_one_content_for_ever(sent: tuple[str, ...]) -> None:
    """R-60: the first content stands, the document reads, and whoever builds on the second is refused."""
    log = HeldLog()
    room = await opened(log)
    for each in sent:
        session, _ = enter(room, "eve")
        session.receive(wire.sync_update(bytes.fromhex(each)))
        session.closed()
        await turns()
        room.document.merged()
        await room._commits.drain()
    assert "NIGHT" in room.text("script")
    assert len([entry for row in log.rows for entry in row if entry.update != b"\x00\x00"]) <= 2
    again = await opened(log)
    assert again.text("script") == room.text("script")


async def test_only_the_part_that_is_new_is_logged() -> None:
    """R-60: a step 2 that holds more than we lack adds what we lack, gaps between included."""
    author = Author(77)
    for word in ("one ", "two ", "three ", "four "):
        author.type(word)
    log = HeldLog([author.updates[0]])
    room = await opened(log, PROMPT)
    session, socket = enter(room)
    session.receive(wire.sync_update(author.updates[2]))  # comes before what it builds on
    await turns()
    session.receive(wire.sync_step2(author.doc.get_update()))
    await turns()
    assert socket.code is None
    structs = [read_header(entry.update, LIMITS).structs for row in log.rows for entry in row]
    assert structs == [((77, 0, 4),), ((77, 8, 14),), ((77, 4, 8), (77, 14, 19))]
    assert room.text("script") == "one two three four "


async def test_two_sockets_of_one_client_log_its_words_once() -> None:
    """R-61: what is on its way already is left out, and acknowledged with the commit it leans on."""
    author = Author(77)
    first = author.type("hello ")
    author.type("world")
    both = author.doc.get_update()
    log = HeldLog(held=True)
    room = await opened(log, PROMPT)
    old, _ = enter(room)
    new, socket = enter(room)
    old.receive(wire.sync_update(first))
    new.receive(wire.sync_step2(both))
    assert socket.updates() == []
    log.release()
    await turns()
    assert text_of(socket.updates()) == "hello "
    log.release()
    await turns()
    assert socket.text() == "hello world"
    assert [read_header(e.update, LIMITS).structs for row in log.rows for e in row] == [((77, 0, 6),), ((77, 6, 11),)]


async def test_what_leans_on_a_flush_that_fails_fails_with_it() -> None:
    """R-61: nobody is told "saved" for words that are in no row; both senders come again with all of it."""
    author = Author(77)
    first = author.type("hello ")
    author.type("world")
    log = HeldLog(held=True)
    room = await opened(log, PROMPT)
    old, old_socket = enter(room)
    new, new_socket = enter(room)
    old.receive(wire.sync_update(first))
    new.receive(wire.sync_step2(author.doc.get_update()))
    log.release(Refused("LEDGER_UNAVAILABLE", "disk full"))
    await turns()
    assert (old_socket.code, new_socket.code) == (CloseCode.LEDGER_UNAVAILABLE, CloseCode.LEDGER_UNAVAILABLE)
    log.held = False
    again, _ = enter(room)
    again.receive(wire.sync_step2(author.doc.get_update()))
    await turns()
    assert room.text("script") == "hello world"
