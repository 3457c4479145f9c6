"""One frame to many sockets: the same immutable bytes object for all, and no waiting for any.

Owns the set of sessions of a room. Invariant: a session that is `Live` has been handed every committed flush; one that
cannot take more becomes `Lagging` and remembers where it stopped. Frames come from `room`, go to transports.
"""

from __future__ import annotations

from collab.session import Joining, Lagging, Live, Session


class Fanout:
    """`sessions` holds everybody; the live ones are also kept as a tuple, so that sending is one plain loop."""

    def __init__(self, outbox_bytes_max: int) -> None:
        self._outbox_bytes_max = outbox_bytes_max
        self.sessions: dict[Session, None] = {}
        self._live: tuple[Session, ...] | None = ()

    def __len__(self) -> int:
        return len(self.sessions)

    def add(self, session: Session) -> None:
        self.sessions[session] = None

    def remove(self, session: Session) -> bool:
        self._live = None
        return self.sessions.pop(session, self) is None

    def go_live(self, session: Session) -> None:
        session.state = Live()
        self._live = None

    def lag(self, session: Session, mark: int, wanted: dict[int, int] | None = None) -> None:
        session.state = Lagging(mark, wanted)
        self._live = None

    def live(self) -> tuple[Session, ...]:
        if self._live is None:
            self._live = tuple(each for each in self.sessions if isinstance(each.state, Live))
        return self._live

    def send(self, encoded: bytes, mark: int) -> None:
        """Hand a framed message to all live sessions. `mark`: the document position before what it carries."""
        outbox_bytes_max = self._outbox_bytes_max
        for session in self.live():
            transport = session.transport
            if transport.buffered_bytes() <= outbox_bytes_max:
                transport.write_shared(encoded)
            elif isinstance(session.state, Live):
                self.lag(session, mark)

    def all(self) -> list[Session]:
        return list(self.sessions)

    def joining(self) -> list[Session]:
        return [each for each in self.sessions if isinstance(each.state, Joining)]
