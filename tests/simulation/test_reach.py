"""Worlds are worth what happens in them: everything that is hard in a room is met by some of the first seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from actors.runtime.pipeline import Pipeline
from actors.runtime.rooms import Rooms
from collab.close_codes import CloseCode
from collab.commits import Commits
from collab.fanout import Fanout
from collab.joins import Joins
from collab.proposals import Proposals
from collab.room import Room
from collab.session import Pause, Session
from collab.waiting_room import WaitingRoom
from tests.simulation.clients import HocuspocusProvider, Page
from tests.simulation.world import run_world

pytestmark = pytest.mark.simulation

SEEDS = range(1, 121)
WATCHED: list[tuple[type, str, Callable[..., str | None]]] = [
    (Rooms, "evict", lambda *_: "a room is asked to leave memory"),
    (Pipeline, "_break", lambda *_: "an append fails"),
    (Pipeline, "lose", lambda _, reason: f"a home is lost: {reason.split(' ')[0]}"),
    (Commits, "_commit_is_slow", lambda *_: "a commit is slow"),
    (Fanout, "lag", lambda *_: "a reader is slow"),
    (Joins, "_send_whole", lambda *_: "a joiner is sent the shared snapshot"),
    (Joins, "_send_diff", lambda *_: "a returner is compared elsewhere"),
    (WaitingRoom, "called", lambda room, session: "a joiner was told its position" if session in room._told else None),
    (Proposals, "_park", lambda *_: "an offer is parked"),
    (Session, "deny_write", lambda *_: "a reader writes"),
    (Session, "refuse", lambda *_: "words under an id of somebody else are refused"),
    (Session, "pause", lambda _, why: f"a socket is not read: {why.name}"),
    (Session, "close", lambda _, code, *_detail: f"closed: {code.name}"),
    (Room, "abandon", lambda *_: "an edit by the server is abandoned"),
    (Room, "renew", lambda *_: "a document is renewed"),
    (Page, "_gives_up", lambda page, socket: "a handshake fails" if page.socket is socket else None),
    (HocuspocusProvider, "opened", lambda each: "a queue waits for a socket" if each.page.queue else None),
]
EXPECTED = {
    "a room is asked to leave memory",
    "an append fails",
    "a home is lost: a",
    "a home is lost: epoch",
    "a home is lost: the",
    "a commit is slow",
    "a reader is slow",
    "a joiner is sent the shared snapshot",
    "a returner is compared elsewhere",
    "a joiner was told its position",
    "an offer is parked",
    "a reader writes",
    "words under an id of somebody else are refused",
    f"a socket is not read: {Pause.BACKLOG.name}",
    f"a socket is not read: {Pause.SLOW_COMMIT.name}",
    f"a socket is not read: {Pause.OUTBOX.name}",
    f"closed: {CloseCode.LEDGER_UNAVAILABLE.name}",
    f"closed: {CloseCode.MOVED.name}",
    f"closed: {CloseCode.GOING_AWAY.name}",
    f"closed: {CloseCode.FORBIDDEN.name}",
    "an edit by the server is abandoned",
    "a document is renewed",
    f"closed: {CloseCode.STALE_DOCUMENT.name}",
    "a handshake fails",
    "a queue waits for a socket",
}


def test_the_first_worlds_meet_what_is_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-20: or the other tests of this folder prove less than they say."""
    met: Counter[str] = Counter()

    def watch(owner: type, name: str, what: Callable[..., str | None]) -> None:
        method = getattr(owner, name)

        def watched(*args: Any, **how: Any) -> Any:
            found = what(*args, *how.values())
            if found:
                met[found] += 1
            return method(*args, **how)

        monkeypatch.setattr(owner, name, watched)

    for each in WATCHED:
        watch(*each)
    for seed in SEEDS:
        run_world(seed)
        if met.keys() >= EXPECTED:
            return
    missed = sorted(EXPECTED - met.keys())
    assert not missed, f"{missed} in {dict(met)}"
