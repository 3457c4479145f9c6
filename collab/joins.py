"""How a socket gets what it lacks: step 1 -> step 2 for who joins, one diff for a slow reader that has drained.

Owns the framed snapshot that all joiners share, and who of this room waits for a turn. Invariants: what a joiner is
sent is committed; nothing is committed between its answer and its going live, so it misses nothing; an answer that is
not small waits at the host's `JoinGate` and gives its place back when the socket has taken it, has ended, or is slow.

A large document goes out as an update with the shared snapshot, then a step 2 with the tail: the snapshot stays the
same bytes object while people type, and a client says "synced" only when it has both. Bytes come from
`collab.document`, go to the session's transport.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from collab import wire
from collab.clock import Clock, Timer
from collab.close_codes import CloseCode
from collab.document import EMPTY_UPDATE, Document
from collab.fanout import Fanout
from collab.folding import Folder, diff
from collab.join_gate import JoinGate, Ticket
from collab.lib0 import var_string
from collab.limits import Limits
from collab.returning import tail_answer
from collab.session import Closed, Joining, Lagging, Session, Waiting
from collab.transport import WRITE_HIGH_BYTES, encode_binary_frame
from collab.waiting_room import WaitingRoom

log = logging.getLogger(__name__)


class Joins:
    """Of one room. `document` may raise while the room is not open; `show_everyone` sends the presence of all."""

    def __init__(
        self,
        doc_name: str,
        document: Callable[[], Document],
        fanout: Fanout,
        limits: Limits,
        clock: Clock,
        gate: JoinGate,
        folder: Folder,
        show_everyone: Callable[[Session], None],
    ) -> None:
        self._doc_name, self._document, self._fanout, self._show_everyone = doc_name, document, fanout, show_everyone
        self._limits, self._clock, self._gate, self._folder = limits, clock, gate, folder
        self._shared_prefixes = (b"", var_string(doc_name))
        self._small = max(limits.join_small_bytes, limits.join_tail_bytes_max)
        self._frames: dict[str, tuple[object, dict[bytes, bytes]]] = {}
        self._tickets: dict[Session, Ticket] = {}
        self._diffs: set[asyncio.Task[None]] = set()
        self._waiting_room = WaitingRoom(gate, self, self._waiting, clock, limits)
        self._forgetting: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer, or has not taken it yet."""
        return bool(self._tickets)

    # answers

    def answer(self, session: Session, clocks: dict[int, int]) -> None:
        """Step 1 -> step 2 from committed state. A session that owes too much gets it once it has drained."""
        document, state = self._document(), session.state
        if isinstance(state, Waiting):
            session.state = Waiting(clocks, state.mark)
            return
        came = state.mark if isinstance(state, Joining | Lagging) else None
        if session.full():
            self._fanout.lag(session, document.mark if came is None else came, clocks)
            return
        if not clocks and document.size_bytes <= self._limits.join_small_bytes:
            whole = lambda: wire.sync_step2(document.merged())  # noqa: E731 - framed only if no one has before
            self._finish(session, self._frame("whole", document.mark, session, whole))
        elif document.size_bytes <= self._limits.join_small_bytes:
            self._finish(session, self._own(session, diff(document.merged(), wire.state_vector(clocks))), came)
        elif clocks and (lacking := tail_answer(document, clocks, self._small)) is not None:
            self._finish(session, self._own(session, lacking), came)
        else:
            self._wait(session, clocks, document.mark if came is None else came)

    def _wait(self, session: Session, clocks: dict[int, int], came: int) -> None:
        self._release(session)
        self._fanout.hold(session, clocks, came)
        ticket = self._gate.enter(self, self._document().size_bytes, lambda: self._turn(session))
        self._tickets[session] = ticket
        if isinstance(session.state, Closed):
            self._release(session)
        elif ticket.waiting:
            self._waiting_room.entered()
        else:
            self._taken(session)

    def _turn(self, session: Session) -> None:
        """Called by the gate, perhaps before `enter` has returned. Never raises: the gate serves other rooms too."""
        try:
            if isinstance(session.state, Waiting):
                self._serve(session, session.state)
        except Exception:
            log.exception("a joiner could not be answered", extra={"doc": self._doc_name})
            session.close(CloseCode.RESYNC)

    def _serve(self, session: Session, state: Waiting) -> None:
        self._waiting_room.called(session)
        document = self._document()
        if not state.wanted:
            self._send_whole(session, document)
        elif document.size_bytes <= self._limits.join_diff_inline_bytes:
            lacking = diff(document.merged(), wire.state_vector(state.wanted))
            self._finish(session, self._own(session, lacking), state.mark)
        else:
            task = asyncio.ensure_future(self._send_diff(session, wire.state_vector(state.wanted)))
            self._diffs.add(task)
            task.add_done_callback(self._diffs.discard)
            return
        self._taken(session)

    def _send_whole(self, session: Session, document: Document) -> None:
        base, mark = document.base()
        session.hand(self._frame("base", mark, session, lambda: wire.sync_update(base)))
        self._finish(session, self._tail_frame(session, document, mark))

    async def _send_diff(self, session: Session, vector: bytes) -> None:
        async with self._gate.diffing():
            if not isinstance(session.state, Waiting):
                return
            base, mark = self._document().base()
            try:
                lacking = await self._folder.diff(base, vector)
            except Exception:
                log.exception("diff failed elsewhere", extra={"doc": self._doc_name})
                lacking = diff(base, vector)
        state = session.state
        if isinstance(state, Waiting):
            session.write(wire.sync_update(lacking))
            came = state.mark if state.mark < mark else None  # else the tail echoes it
            self._finish(session, self._tail_frame(session, self._document(), mark), came)
            self._taken(session)

    def _tail_frame(self, session: Session, document: Document, mark: int) -> bytes:
        """What came after `mark`, merged once for all who join between two commits."""
        tail = lambda: wire.sync_step2(document.since(mark) or EMPTY_UPDATE)  # noqa: E731
        return self._frame("tail", (mark, document.mark), session, tail)

    def _frame(self, what: str, version: object, session: Session, message: Callable[[], bytes]) -> bytes:
        """A message framed once for all who share the prefix; a prefix of one's own is not kept."""
        prefix = session.framing.prefix
        kept = self._frames.get(what)
        if kept is None or kept[0] != version:
            kept = self._frames[what] = (version, {})
        if (framed := kept[1].get(prefix)) is None:
            framed = encode_binary_frame(prefix + message())
            if prefix in self._shared_prefixes:
                kept[1][prefix] = framed
                if self._forgetting is None:
                    self._forgetting = self._clock.call_later(self._limits.join_frame_idle_s, self.drop)
        return framed

    def _own(self, session: Session, lacking: bytes) -> bytes:
        return encode_binary_frame(session.framing.prefix + wire.sync_step2(lacking))

    def _finish(self, session: Session, step2: bytes, came: int | None = None) -> None:
        """`came`: what was committed from there may be its own and claimed by its step 1: only an echo confirms it."""
        session.hand(step2)
        missed = None if came is None else self._document().since(came)
        if missed is not None:
            session.write(wire.sync_update(missed))
        if session.framing.receipts:
            session.write(wire.sync_step1(self._document().state_vector()))
        self.go_live(session)

    def go_live(self, session: Session) -> None:
        """From now on it gets every flush; first it learns who is here."""
        if not isinstance(session.state, Closed):
            self._fanout.go_live(session)
            self._show_everyone(session)

    # places

    def _taken(self, session: Session) -> None:
        """Give the place back if the socket took everything at once; else it says so when it has drained."""
        answered = not isinstance(session.state, Waiting)
        if answered and session.transport.buffered_bytes() <= WRITE_HIGH_BYTES:
            self._release(session)

    def _release(self, session: Session) -> None:
        ticket = self._tickets.pop(session, None)
        if ticket is not None:
            ticket.over()

    def left(self, session: Session) -> None:
        self._waiting_room.left(session)
        self._release(session)

    def _waiting(self) -> dict[Ticket, Session]:
        return {ticket: session for session, ticket in self._tickets.items() if ticket.waiting}

    def catch_up(self, session: Session) -> None:
        """A socket has drained: its place is free; a slow reader gets one diff from where it stopped, and is live."""
        state = session.state
        if isinstance(state, Waiting):
            return
        self._release(session)
        if not isinstance(state, Lagging):
            return
        if state.wanted is not None:
            self.answer(session, state.wanted)
            return
        missed = self._document().since(state.mark)
        if missed is not None:
            session.write(wire.sync_update(missed))
        self.go_live(session)

    # memory

    def drop(self) -> None:
        """Let go of what can be framed again."""
        self._frames.clear()
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None

    def stop(self) -> None:
        """The room has shut: every session has left."""
        self.drop()
        self._waiting_room.stop()
        for task in self._diffs:
            task.cancel()
