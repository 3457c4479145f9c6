"""What goes into which flush when more waits than one flush holds."""

from __future__ import annotations

import dataclasses

import pytest

from collab import wire
from collab.close_codes import CloseCode
from collab.limits import Limits
from tests.unit.collab.stage import Author, HeldLog, enter, opened, turns

pytestmark = pytest.mark.unit

SMALL = Limits(flush_bytes_max=4_000, flush_window_s_min=0, flush_window_s_per_session=0)
TIGHT = dataclasses.replace(SMALL, pending_bytes_pause=10_000, pending_bytes_spared=1_000)


async def test_a_letter_is_not_kept_behind_everybody_elses_pages() -> None:
    """R-24: who waits with least goes first; a sender's own updates keep their order; nothing is lost."""
    log = HeldLog(held=True)
    room = await opened(log, SMALL)
    human, _ = enter(room)
    writer = Author(7)
    agents = [(enter(room, f"agent {n}")[0], Author(1000 + n)) for n in range(5)]
    human.receive(wire.sync_update(writer.type("first")))  # in flight
    for _ in range(2):
        for session, author in agents:
            session.receive(wire.sync_update(author.type("p" * 1_500)))
    human.receive(wire.sync_update(writer.type("a")))
    human.receive(wire.sync_update(writer.type("b")))
    log.release()
    await turns()
    row = [entry.update for entry in log.waiting[0][0]]
    assert writer.updates[1:3] == [update for update in row if update in writer.updates]
    assert agents[0][1].updates[0] in row  # the oldest goes too
    while log.waiting:
        log.release()
        await turns()
    assert not room._commits.busy
    assert room._commits.bytes == 0
    text = room.text("script")
    assert text.count("p") == 5 * 2 * 1_500
    assert "firstab" in text


async def test_nobody_waits_for_ever_behind_small_edits() -> None:
    """R-24: the oldest update is in every flush, however much small work there is."""
    log = HeldLog(held=True)
    room = await opened(log, SMALL)
    big, _ = enter(room, "agent")
    page = Author(9)
    writers = [(enter(room, f"w{n}")[0], Author(100 + n)) for n in range(60)]
    writers[0][0].receive(wire.sync_update(writers[0][1].type("x")))  # in flight
    big.receive(wire.sync_update(page.type("p" * 3_900)))
    for _ in range(3):
        for session, author in writers:
            session.receive(wire.sync_update(author.type("y" * 60)))
    log.release()
    await turns()
    assert page.updates[0] in [entry.update for entry in log.waiting[0][0]]
    while log.waiting:
        log.release()
        await turns()
    assert room.text("script").count("y") == 60 * 3 * 60


async def test_who_made_the_backlog_is_paused_and_who_did_not_is_read() -> None:
    """R-25: a backlog stops the reading of those who have much waiting, not of those who have little."""
    log = HeldLog(held=True)
    room = await opened(log, TIGHT)
    human, _ = enter(room)
    agent, _ = enter(room, "agent")
    writer, page = Author(7), Author(9)
    for _ in range(8):
        agent.receive(wire.sync_update(page.type("p" * 2_000)))
    human.receive(wire.sync_update(writer.type("a")))
    assert agent.paused
    assert not human.paused
    while log.waiting:
        log.release()
        await turns()
    assert not agent.paused


async def test_an_update_larger_than_the_backlog_may_be_is_taken_when_nothing_waits() -> None:
    """R-09: else its sender would be sent away and come again with the same update for ever."""
    log = HeldLog(held=True)
    room = await opened(log, dataclasses.replace(SMALL, pending_bytes_max=1_000))
    ana, socket = enter(room)
    author = Author(7)
    ana.receive(wire.sync_update(author.type("p" * 3_000)))
    assert socket.code is None
    ana.receive(wire.sync_update(author.type("q")))
    assert socket.code == CloseCode.OVERLOADED
    log.release()
    await turns()
    assert room.text("script") == "p" * 3_000
