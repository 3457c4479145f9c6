"""Whether people are at a project: connected, disconnected and warm, or suspended.

Owns the session of one home, a closed set of states:
  CONNECTED     somebody has a socket
  DISCONNECTED  the last socket went; everything stays in memory for the grace, so that who comes back waits for nothing
  SUSPENDED     nobody was there for the grace: checkpoint and snapshots were written, the home is being given back (or
                was just opened, and nobody has come yet)
The invariant: what lists show (a view of kind `session`) is written by the owner after it came true; it may lag by one
look. A host that dies leaves its last word behind: whoever reads it asks whether the owner lives.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING

from actors.commands import CommandError
from actors.runtime.activation import IllegalMove
from actors.runtime.lifecycle import SessionMoved
from actors.views import SessionView
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import View

if TYPE_CHECKING:
    from actors.runtime.home import Home

logger = logging.getLogger("storyforge.runtime")


class SessionState(enum.Enum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"


_LEGAL = {
    SessionState.CONNECTED: {SessionState.DISCONNECTED},
    SessionState.DISCONNECTED: {SessionState.CONNECTED, SessionState.SUSPENDED},
    SessionState.SUSPENDED: {SessionState.CONNECTED, SessionState.DISCONNECTED},
}


class HomeSession:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._state = SessionState.SUSPENDED
        self._told: SessionState | None = None

    @property
    def state(self) -> SessionState:
        return self._state

    def came(self) -> None:
        """Somebody has a socket now."""
        if self._state is not SessionState.CONNECTED:
            self._move(SessionState.CONNECTED)
            self._home.chore(self._tell())

    async def look(self) -> None:
        """From time to time: whether the last socket went."""
        if self._told is None:
            await self._resume()
        if self._home.rooms.sessions:
            self.came()
        elif self._state is SessionState.CONNECTED:
            self._move(SessionState.DISCONNECTED)
            self._home.touch()  # the grace begins
            await self._tell()

    async def suspend(self) -> None:
        """Leave the project so that it opens fast: checkpoint, snapshots, and the word that nobody is there.

        Never raises for a refusal: the log has everything, so that leaving without it is slower and loses nothing.
        """
        home = self._home
        try:
            if home.pipeline.known > max(home.claim.seq, home.last_checkpoint()):
                await home.checkpoint()
            await home.keep_snapshots()
            if self._state is SessionState.DISCONNECTED and not home.rooms.sessions:
                self._move(SessionState.SUSPENDED)
                await self._tell()
        except (LedgerError, CommandError) as error:
            logger.warning("a project was left without a checkpoint", extra={"home": home.id, "code": error.code})

    async def _resume(self) -> None:
        """The word of the owner before: people whom a crash cut off have their grace here."""
        row = await self._home.ledger.view("session", self._home.id)
        last = SessionView.from_blob(row.body).state if row is not None and row.body is not None else "suspended"
        self._told = SessionState(last)
        if self._state is SessionState.SUSPENDED and self._told is not SessionState.SUSPENDED:
            self._move(SessionState.DISCONNECTED)
            await self._tell()

    def _move(self, state: SessionState) -> None:
        if state not in _LEGAL[self._state]:
            wanted = " or ".join(sorted(each.value for each in _LEGAL[self._state]))
            raise IllegalMove(f"session of {self._home.id}", wanted, state.value)
        self._state = state
        self._home.announce(SessionMoved(self._home.id, state.value))

    async def _tell(self) -> None:
        """Write the state of now, if that is not what is written."""
        home, state = self._home, self._state
        if self._told is state:
            return
        body = SessionView(home.id, state.value, home.now_ms())
        try:
            await home.append((), views=(View("session", home.id, home.id, home.id, "", body.blob()),))
            self._told = state
        except (LedgerError, CommandError) as error:
            logger.info("a session's state was not written", extra={"home": home.id, "code": error.code})
