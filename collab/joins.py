"""How a socket gets what it lacks: step 1 -> step 2 for who joins, one diff for a slow reader that has drained.

Owns the framed whole document that all joiners share. Invariant: what a joiner is sent is committed, and nothing is
committed between its step 2 and its going live, so it misses nothing. Bytes come from
`collab.document`, go to the session's transport.
"""

from __future__ import annotations

from collections.abc import Callable

from collab import wire
from collab.document import Document
from collab.fanout import Fanout
from collab.lib0 import var_string
from collab.session import Closed, Joining, Lagging, Session
from collab.transport import encode_binary_frame


class Joins:
    """Of one room. `document` may raise while the room is not open; `show_everyone` sends the presence of all."""

    def __init__(
        self,
        doc_name: str,
        document: Callable[[], Document],
        fanout: Fanout,
        show_everyone: Callable[[Session], None],
    ) -> None:
        self._document, self._fanout, self._show_everyone = document, fanout, show_everyone
        self._shared_prefixes = (b"", var_string(doc_name))
        self._full_frames: tuple[int, dict[bytes, bytes]] = (-1, {})

    def answer(self, session: Session, clocks: dict[int, int]) -> None:
        """Step 1 -> step 2 from committed state. A session that owes too much gets it once it has drained."""
        document, state = self._document(), session.state
        came = state.mark if isinstance(state, Joining | Lagging) else None
        if session.full():
            self._fanout.lag(session, document.mark if came is None else came, clocks)
            return
        if clocks:
            session.write(wire.sync_step2(document.diff(clocks)))
            missed = None if came is None else document.since(came)
            if missed is not None:
                session.write(wire.sync_update(missed))
        else:
            session.transport.write_shared(self._full_frame(document, session.framing.prefix))
        if session.framing.receipts:
            session.write(wire.sync_step1(document.state_vector()))
        self.go_live(session)

    def _full_frame(self, document: Document, prefix: bytes) -> bytes:
        """The whole document, framed once for all who share the prefix; a prefix of one's own is not kept."""
        if self._full_frames[0] != document.mark:
            self._full_frames = (document.mark, {})
        frames = self._full_frames[1]
        if (framed := frames.get(prefix)) is None:
            framed = encode_binary_frame(prefix + wire.sync_step2(document.merged()))
            if prefix in self._shared_prefixes:
                frames[prefix] = framed
        return framed

    def go_live(self, session: Session) -> None:
        """From now on it gets every flush; first it learns who is here."""
        if not isinstance(session.state, Closed):
            self._fanout.go_live(session)
            self._show_everyone(session)

    def catch_up(self, session: Session) -> None:
        """A slow reader has drained: one diff from where it stopped, and it is live again."""
        state = session.state
        if not isinstance(state, Lagging):
            return
        if state.wanted is not None:
            self.answer(session, state.wanted)
            return
        missed = self._document().since(state.mark)
        if missed is not None:
            session.write(wire.sync_update(missed))
        self.go_live(session)
