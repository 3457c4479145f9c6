"""One message to many sockets: the same immutable bytes object for all of a framing, and no waiting for any.

Owns the set of sessions of a room. Invariant: a session that is `Live` has been handed every committed flush; one that
cannot take more becomes `Lagging` and remembers where it stopped; nothing is sent once the document is not `held` any
more. Messages come from `room`, go to transports.
"""

from __future__ import annotations

from collections.abc import Callable

from collab.session import Joining, Lagging, Live, Session, Waiting
from collab.transport import encode_binary_frame

Groups = tuple[tuple[bytes, tuple[Session, ...]], ...]
"""(what stands before a message, who gets it framed so)."""


class Fanout:
    """`sessions` holds everybody; the live ones are also kept by framing, so that sending is one plain loop."""

    def __init__(self, outbox_bytes_max: int, held: Callable[[], bool]) -> None:
        self._outbox_bytes_max, self._held = outbox_bytes_max, held
        self.sessions: dict[Session, None] = {}
        self._live: Groups | None = ()

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

    def hold(self, session: Session, wanted: dict[int, int], mark: int) -> None:
        """It waits its turn for an answer to its step 1."""
        session.state = Waiting(wanted, mark)
        self._live = None

    def live(self) -> Groups:
        if self._live is None:
            groups: dict[bytes, list[Session]] = {}
            for each in self.sessions:
                if isinstance(each.state, Live):
                    groups.setdefault(each.framing.prefix, []).append(each)
            self._live = tuple((prefix, tuple(each)) for prefix, each in groups.items())
        return self._live

    def send(self, message: bytes, mark: int) -> None:
        """Hand a message to all live sessions. `mark`: the document position before what it carries."""
        if not self._held():
            return
        outbox_bytes_max = self._outbox_bytes_max
        for prefix, sessions in self.live():
            encoded = encode_binary_frame(prefix + message if prefix else message)
            for session in sessions:
                transport = session.transport
                if transport.buffered_bytes() <= outbox_bytes_max:
                    transport.write_shared(encoded)
                elif isinstance(session.state, Live):
                    self.lag(session, mark)

    def all(self) -> list[Session]:
        return list(self.sessions)

    def joining(self) -> list[Session]:
        return [each for each in self.sessions if isinstance(each.state, Joining)]
