"""Commands that take long, recorded before they are processed: a crash between the two loses nothing anybody asked for.

Owns which recorded commands of a home have no terminal yet. Invariants: the row is committed before the work begins and
taken away by the very append that holds the effect and its stored answer, so the effect happens exactly once and a
retry gets the same answer; each ownership counts one try before it begins, so a command that ends its owners is parked
instead of ending all of them. Short commands are not in here: for them recording and effect are one append (decision
0020).

A decision may owe commands (`Decision.owes`): they are recorded in its append and begun right after it, by nobody's
asking. What such a one is refused for nobody hears, so it is parked with the reason, unless trying later can help: then
it is tried later.

Rows are `actors.outbox.protocol.Entry`s of kind `command`: `inbox` while there is no terminal (order_key: when it was
recorded, so that any host finds what nobody holds), `outbox_dead` once parked, where a person may put it back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from actors.commands import Answer, CommandError, Envelope
from actors.outbox.protocol import DEAD, Entry
from actors.runtime.ids import derive_id
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Committed, Ledger, StoredResponse, View

logger = logging.getLogger("storyforge.runtime")

COMMAND = "command"
INBOX = "inbox"

TRIES_MAX = 3
"""Ownerships that may begin a command without ending it. Over: it is parked."""

OWED = "owed"
"""In the body of an entry that a decision owes."""

SCAN_ROWS = 500
"""Recorded commands read when a home is opened; more would be those of a home that nobody could open for long."""

MOOT = frozenset({"WITHDRAWN", "ILLEGAL_MOVE"})
"""Refusals of a command that a decision owes which nobody needs to hear of: what it was for is over."""

AT_ONCE_MAX = 4
"""Recorded commands of one home that are asked at the same time: an order of 200 films leaves turns to people."""

PROBLEM_CHARS_MAX = 300

AGAIN_MS = 5_000
"""Between two tries of a live owner whose ledger refused the effect."""

Write = Callable[[Sequence[View], StoredResponse | None], Awaitable[Committed]]
Ask = Callable[[Envelope], Awaitable[Answer]]


class Inbox:
    def __init__(self, home: str, ledger: Ledger, write: Write, ask: Ask, now_ms: Callable[[], int]) -> None:
        self.home = home
        self._ledger, self._write, self._ask, self._now_ms = ledger, write, ask, now_ms
        self._open: dict[str, Entry] = {}
        self._begun: set[str] = set()  # counted in this ownership
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    # what a turn uses
    def owes(self, envelope: Envelope) -> bool:
        """Whether this very command is recorded and has no terminal, whoever sends it now."""
        return bool(self._open) and _id(envelope) in self._open

    def owing(self, envelopes: Sequence[Envelope]) -> list[Entry]:
        """Entries for the append of a decision that owes these."""
        now = self._now_ms()
        return [
            Entry(
                _id(each), self.home, COMMAND, each.target, each.command.type, at, now, {**each.to_dict(), OWED: True}
            )
            for at, each in enumerate(envelopes)
        ]

    def owed(self, entries: Sequence[Entry]) -> None:
        """That append is committed: they begin, a few at a time."""
        self._open |= {each.id: each for each in entries}
        if entries:
            self.again()

    async def record(self, envelope: Envelope) -> str:
        """Commit that this command was asked for and is begun now. Raises `CommandError` PARKED, `LedgerError`."""
        id = _id(envelope)
        found = self._open.get(id)
        if found is not None and id in self._begun:
            return id
        if found is None:
            parked = await self._ledger.view(DEAD, id)
            if parked is not None and parked.body is not None:
                raise _parked()
            now = self._now_ms()
            found = Entry(id, self.home, COMMAND, envelope.target, envelope.command.type, 0, now, envelope.to_dict())
            found = replace(found, due_ms=now)
        found = replace(found, tries=found.tries + 1)
        if found.tries > TRIES_MAX:
            await self._park(found)
            raise _parked()
        await self._write([found.row(INBOX)], None)
        self._open[id] = found
        self._begun.add(id)
        return id

    def ending(self, id: str | None) -> list[View]:
        """What goes into the append that holds the effect."""
        found = self._open.get(id) if id is not None else None
        return [found.no_row(INBOX)] if found is not None else []

    def ended(self, id: str | None) -> None:
        """That append is committed."""
        if id is not None:
            self._open.pop(id, None)
            self._begun.discard(id)

    async def refused(self, id: str | None, error: CommandError | None = None) -> None:
        """A refusal is an end too: whoever asked has heard it. One that nobody asked for is parked, or tried later."""
        found = self._open.get(id) if id is not None else None
        if found is None:
            return
        if found.body.get(OWED) and error is not None:
            if error.retryable:
                return
            if error.code not in MOOT:
                return await self._park(found, f"{error.code}: {error.message}")
        await self._write([found.no_row(INBOX)], None)
        self.ended(id)

    def crashed(self, id: str | None) -> None:
        """A fault of ours: the next try counts."""
        if id is not None:
            self._begun.discard(id)

    # what the home uses
    async def scan(self) -> None:
        """On activation: begin again what has no terminal. Raises `LedgerError`."""
        for row in await self._ledger.views(INBOX, home=self.home, limit=SCAN_ROWS):
            if row.body is not None and row.id not in self._open:
                self._open[row.id] = Entry.of(row)
        self.again()

    def again(self) -> None:
        """Ask for what is open and not under way, the oldest first."""
        late = self._now_ms() - AGAIN_MS
        for id, entry in list(self._open.items()):
            waits = id in self._begun and entry.due_ms > late
            if len(self._asking) >= AT_ONCE_MAX:
                return  # the next begins when one of these ends
            if not self._closed and not waits and id not in self._asking:
                self._open[id] = replace(entry, due_ms=self._now_ms())
                task = asyncio.get_running_loop().create_task(self._one(entry), name=f"inbox-{id}")
                self._asking[id] = task
                task.add_done_callback(partial(self._asked, id))

    def _asked(self, id: str, _done: asyncio.Task[None]) -> None:
        self._asking.pop(id, None)
        if any(not each.due_ms for each in self._open.values()):  # begun by nobody yet; others have their pause
            self.again()

    async def put_back(self, id: str, response: StoredResponse | None) -> Committed | None:
        """Begin a parked command anew; None: there is no such one. Raises `LedgerError`."""
        row = await self._ledger.view(DEAD, id)
        if row is None or row.body is None or row.home != self.home or Entry.of(row).kind != COMMAND:
            return None
        entry = replace(Entry.of(row).again(), due_ms=self._now_ms())
        committed = await self._write([entry.no_row(DEAD), entry.row(INBOX)], response)
        self._open[id] = entry
        self.again()
        return committed

    @property
    def busy(self) -> bool:
        return bool(self._open)

    def close(self) -> None:
        self._closed = True
        for task in self._asking.values():
            task.cancel()

    async def _one(self, entry: Entry) -> None:
        try:
            await self._ask(Envelope.from_dict(entry.body))
        except (CommandError, LedgerError) as error:
            logger.info("a recorded command ended otherwise", extra={"home": self.home, "code": error.code})
        except Exception:
            logger.exception("a recorded command failed", extra={"home": self.home, "command": entry.type})

    async def _park(self, entry: Entry, problem: str = "POISON") -> None:
        parked = replace(entry, problem=problem[:PROBLEM_CHARS_MAX], done_ms=self._now_ms())
        await self._write([entry.no_row(INBOX), parked.row(DEAD)], None)
        self.ended(entry.id)
        log = logger.error if problem == "POISON" else logger.info
        log("a command is parked", extra={"home": self.home, "command": entry.type, "entry": entry.id})


def _parked() -> CommandError:
    words = f"this request ended the server that worked on it {TRIES_MAX} times; an operator can put it back"
    return CommandError("PARKED", words, ("input", "idempotencyKey"))


def recorded_id(home: str, principal: str, key: str) -> str:
    return derive_id("cmd", home, principal, key)


def _id(envelope: Envelope) -> str:
    return recorded_id(envelope.home, envelope.principal, envelope.key)
