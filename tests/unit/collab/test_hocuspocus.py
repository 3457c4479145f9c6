"""The Hocuspocus protocol: golden frames of the stock providers, hostile bytes, receipts, one framing for a room."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab import hocuspocus, wire
from collab.close_codes import CollabError, Malformed, TooLarge
from collab.hocuspocus import NOT_SAVED, SAVED, Type
from collab.lib0 import var_bytes, var_string
from collab.limits import Limits
from collab.receipts import NOTHING_DUE, Receipts
from collab.room import Room
from collab.session import Access, Session
from collab.updates import Header, read_header
from tests.unit.collab.stage import ANA, BEN, LIMITS, Author, HeldLog, Wire, enter, opened, text_of, turns, until

pytestmark = pytest.mark.unit

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data/golden/hocuspocus-wire.json").read_text())
NAME, TOKEN = GOLDEN["name"], GOLDEN["token"]
PREFIX = hocuspocus.framing(NAME).prefix
providers = pytest.mark.parametrize("provider", ["3", "4"])
EMPTY = b"\x00\x00"


@providers
def test_golden_frames_of_the_providers_are_read(provider: str) -> None:
    """W-44: 3.4 and 4.8 (whose auth message carries its version) as they write."""
    frames = {key: bytes.fromhex(text) for key, text in GOLDEN["providers"][provider].items()}
    envelopes = {key: hocuspocus.read_envelope(frame, LIMITS) for key, frame in frames.items()}
    read = {key: each for key, each in envelopes.items() if each is not None}
    assert {each.name for each in read.values()} == {NAME}
    assert [each.type for each in read.values()] == [
        Type.AUTH, Type.SYNC, Type.AWARENESS, Type.SYNC, Type.STATELESS, Type.SYNC, Type.CLOSE,
    ]  # fmt: skip
    assert hocuspocus.read_token(read["token"].body, LIMITS) == TOKEN
    assert wire.read_message(read["step1"].body, LIMITS) == wire.SyncStep1({1234567890: 3})
    assert isinstance(wire.read_message(read["awareness"].body, LIMITS), wire.AwarenessMessage)
    update = wire.read_message(read["update"].body, LIMITS)
    assert isinstance(update, wire.SyncUpdate)
    assert read_header(update.update, LIMITS).structs == ((1234567890, 3, 4),)
    assert PREFIX + wire.sync_update(update.update) == frames["update"]
    step2 = wire.read_message(read["step2"].body, LIMITS)  # its answer to our step 1
    assert isinstance(step2, wire.SyncStep2)
    assert read_header(step2.update, LIMITS).structs == ((1234567890, 0, 4),)
    assert PREFIX + wire.sync_step2(step2.update) == frames["step2"]


def test_golden_frames_of_the_server_are_written() -> None:
    """W-44: bit for bit as @hocuspocus/common writes what providers read."""
    assert {
        "read_write": PREFIX + hocuspocus.authenticated(writes=True),
        "readonly": PREFIX + hocuspocus.authenticated(writes=False),
        "denied": PREFIX + hocuspocus.permission_denied("no such document"),
        "saved": PREFIX + SAVED,
        "not_saved": PREFIX + NOT_SAVED,
        "closed": PREFIX + hocuspocus.closed("zu groß"),
    } == {key: bytes.fromhex(text) for key, text in GOLDEN["server"].items()}


def test_names_sessions_replies_and_pings() -> None:
    """W-44: a session id stays in front and out of the name; a SyncReply reads as Sync; pings have no name."""
    frame = var_string("outline\0abc") + bytes((Type.SYNC_REPLY, 1)) + var_bytes(EMPTY)
    envelope = hocuspocus.read_envelope(frame, LIMITS)
    assert envelope is not None
    assert (envelope.name, envelope.key, envelope.type) == ("outline", "outline\0abc", Type.SYNC)
    assert wire.read_message(envelope.body, LIMITS) == wire.SyncStep2(EMPTY)
    assert (
        hocuspocus.read_envelope(hocuspocus.PING, LIMITS) is hocuspocus.read_envelope(hocuspocus.PONG, LIMITS) is None
    )


def test_names_tokens_and_frames_have_limits() -> None:
    """W-44."""
    limits = Limits(document_name_bytes_max=8, token_bytes_max=8, frame_bytes_max=64, update_bytes_max=32)
    for frame in (bytes(65), var_string("123456789") + b"\x00"):
        with pytest.raises(TooLarge):
            hocuspocus.read_envelope(frame, limits)
    with pytest.raises(TooLarge):
        hocuspocus.read_token(b"\x02\x00" + var_string("123456789"), limits)
    for body in (b"\x02\x01" + var_string("x"), b"\x02\x00" + var_string("x") + var_string("4") + b"\x00"):
        with pytest.raises(Malformed):
            hocuspocus.read_token(body, limits)
    with pytest.raises(Malformed):
        hocuspocus.read_envelope(var_string("a") + b"\x0b", limits)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_envelope_or_a_typed_error(frame: bytes) -> None:
    """W-08, W-44."""
    with contextlib.suppress(CollabError):
        envelope = hocuspocus.read_envelope(frame, LIMITS)
        if envelope is not None and envelope.type is Type.AUTH:
            hocuspocus.read_token(envelope.body, LIMITS)


def header(*structs: tuple[int, int, int]) -> Header:
    return Header(structs=structs, deletes=() if structs else ((1, 0, 1),))


def test_receipts_count_as_the_provider_does() -> None:
    """W-43: nothing from before the last step 1, nothing the offline queue repeats, everything else."""
    receipts = Receipts()
    early = receipts.due(header((7, 0, 5)), live=True)
    receipts.began({7: 8})
    queued = receipts.due(header((7, 5, 8)), live=True)
    typed = receipts.due(header((7, 8, 9)), live=True)
    foreign = receipts.due(header((9, 0, 1)), live=True)
    deleted = receipts.due(header(), live=True)
    step2 = receipts.due(header((7, 5, 9)), live=False)
    after = receipts.due(header((7, 6, 7)), live=True)  # nothing is queued any more: it counts
    assert early == queued == NOTHING_DUE
    assert [receipts.counts(each) for each in (early, queued)] == [False, False]
    assert all(receipts.counts(each) for each in (typed, foreign, deleted, step2, after))
    receipts.began({7: 9})
    assert not any(receipts.counts(each) for each in (typed, foreign, deleted, step2, after))


def sit(
    room: Room, name: str = "ana", access: Access = Access.WRITE, key: str = "scene:scn_1"
) -> tuple[Session, Wire, bytes]:
    """A Hocuspocus session that has said step 1 of an empty document; what was sent so far is forgotten."""
    socket, framing = Wire(), hocuspocus.framing(key)
    session = room.join(socket, name, access, ANA, framing)
    assert socket.sent == []  # a provider counts one answer to one step 1 of ours: it gets that after its own
    session.receive(wire.sync_step1(b"\x00"))
    kinds = [each[len(framing.prefix) : len(framing.prefix) + 2] for each in socket.sent]
    assert kinds[:2] == [b"\x00\x01", b"\x00\x00"]
    socket.sent.clear()
    socket.shared.clear()
    return session, socket, framing.prefix


async def test_a_receipt_leaves_after_the_commit_one_a_message() -> None:
    """W-42, W-03: three messages, one row, one fanned-out update, three receipts; before the commit nothing."""
    log = HeldLog()
    room = await opened(log)
    ana, socket, prefix = sit(room)
    ana.receive(wire.sync_step2(EMPTY))
    assert socket.sent == [prefix + SAVED]  # an empty step 2 is in the log already
    log.held = True
    author = Author(5)
    ana.receive(wire.sync_update(author.type("a")))
    for letter in "bcd":
        ana.receive(wire.sync_update(author.type(letter)))
    await turns()
    assert socket.sent == [prefix + SAVED]
    log.release()
    await turns()
    assert socket.sent[2:] == [prefix + SAVED]  # the first went at once, in its own row
    await until(lambda: bool(log.waiting))
    log.release()
    await turns()
    assert socket.sent.count(prefix + SAVED) == 5
    assert socket.sent[-3:] == [prefix + SAVED] * 3
    assert room.text("script") == "abcd"
    ana.receive(wire.sync_update(author.updates[0]))
    assert socket.sent.count(prefix + SAVED) == 6  # sent again, committed before
    await room.close()


async def test_what_failed_to_commit_gets_no_receipt() -> None:
    """W-42: a refused flush ends its sender with a retry code, and says nothing was saved."""
    log = HeldLog()
    room = await opened(log)
    ana, socket, prefix = sit(room)
    log.fail_next = RuntimeError("disk")
    ana.receive(wire.sync_update(Author(5).type("x")))
    await turns()
    assert socket.code is not None
    assert prefix + SAVED not in socket.sent
    await room.close()


async def test_a_message_from_before_the_last_step_1_gets_no_receipt() -> None:
    """W-43: a forced sync starts the client's count anew while a commit is on its way."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, socket, prefix = sit(room)
    author = Author(5)
    ana.receive(wire.sync_update(author.type("x")))
    ana.receive(wire.sync_step1(author.doc.get_state()))
    log.release()
    await turns()
    assert prefix + SAVED not in socket.sent
    ana.receive(wire.sync_step2(author.updates[0]))
    assert socket.sent[-1] == prefix + SAVED
    await room.close()


async def test_a_reader_is_told_that_it_did_not_write() -> None:
    """W-45: SyncStatus(false) for what is new, true for what is known; the socket stays open and live."""
    room = await opened(HeldLog([Author(5).type("known")]))
    reader, socket, prefix = sit(room, access=Access.READ)
    reader.receive(wire.sync_step2(room.document.merged()))
    reader.receive(wire.sync_update(Author(6).type("new")))
    assert socket.sent == [prefix + SAVED, prefix + NOT_SAVED]
    ben, _ = enter(room, "ben", user=BEN)
    ben.receive(wire.sync_update(Author(7).type("more")))
    await turns()
    assert socket.sent[-1].startswith(prefix + b"\x00\x02")
    assert "new" not in room.text("script")
    await room.close()


async def test_one_frame_for_all_of_a_framing() -> None:
    """W-49: the two protocols side by side: each message framed once for each, the same bytes object for all."""
    room = await opened(HeldLog())
    _, one, prefix = sit(room, "one")
    _, two, _ = sit(room, "two")
    _, tab, tab_prefix = sit(room, "tab", key="scene:scn_1\0s1")
    plain, plain_wire = enter(room, "ben", user=BEN)
    plain_wire.shared.clear()
    plain.receive(wire.sync_update(Author(5).type("hi")))
    await turns()
    assert one.shared[-1] is two.shared[-1]
    message = plain_wire.sent[-1]
    assert text_of([message[3:]]) == "hi"
    assert (one.sent[-1], tab.sent[-1]) == (prefix + message, tab_prefix + message)
    fresh: list[Wire] = []
    for _ in range(2):
        socket = Wire()
        room.join(socket, "cyd", Access.WRITE, ANA, hocuspocus.framing("scene:scn_1")).receive(wire.sync_step1(b"\x00"))
        fresh.append(socket)
    assert fresh[0].shared[0] is fresh[1].shared[0]  # the snapshot too
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    step2 = wire.read_message(fresh[0].sent[0][len(prefix) :], LIMITS)
    assert isinstance(step2, wire.SyncStep2)
    doc.apply_update(step2.update)
    assert str(doc.get("script", type=pycrdt.Text)) == "hi"
    await room.close()
