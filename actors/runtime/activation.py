"""One actor, live: a bounded mailbox and one turn at a time.

Owns the queue of one actor and its state, a closed set:
  LOADING      reading snapshot and events; messages wait
  ACTIVE       idle, its state is the fold of every committed event
  TURNING      one message is being decided or committed
  PASSIVATING  refuses messages; the host is forgetting it
  GONE         dropped; whoever still holds it must route again
The invariant: a message is decided only after everything before it was committed or refused.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from actors.commands import Answer, CommandError, Envelope
from actors.runtime.actor import Actor, Message, Notice
from actors.runtime.clock import Clock
from actors.runtime.errors import HomeLost, busy

logger = logging.getLogger("storyforge.runtime")


class State(enum.Enum):
    LOADING = "loading"
    ACTIVE = "active"
    TURNING = "turning"
    PASSIVATING = "passivating"
    GONE = "gone"


LEGAL: dict[State, frozenset[State]] = {
    State.LOADING: frozenset({State.ACTIVE, State.GONE}),
    State.ACTIVE: frozenset({State.TURNING, State.PASSIVATING, State.GONE}),
    State.TURNING: frozenset({State.ACTIVE, State.GONE}),
    State.PASSIVATING: frozenset({State.GONE}),
    State.GONE: frozenset(),
}


class IllegalMove(RuntimeError):
    """A state machine was asked for a move it does not have: a fault of ours, never of a caller."""

    def __init__(self, what: str, expected: str, got: str) -> None:
        super().__init__(what, expected, got)
        self.what, self.expected, self.got = what, expected, got

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.got}"


@dataclass(slots=True)
class Work:
    """A message in a mailbox; `reply` is None for notices."""

    message: Message
    envelope: Envelope | None = None
    reply: asyncio.Future[Answer] | None = None


Load = Callable[[Actor], Awaitable[None]]
Turn = Callable[["Activation", Work], Awaitable[Answer | None]]


class Activation:
    def __init__(self, actor: Actor, load: Load, turn: Turn, clock: Clock, mailbox_max: int) -> None:
        self.actor = actor
        self._state = State.LOADING
        self.idle_since_ms = clock.now_ms()
        self._turn, self._clock, self._mailbox_max = turn, clock, mailbox_max
        self._mailbox: deque[Work] = deque()
        self._gone = "dropped"
        self._running: asyncio.Task[None] | None = None
        self._loading = asyncio.get_running_loop().create_task(self._load(load))
        self._loading.add_done_callback(_seen)

    @property
    def state(self) -> State:
        return self._state

    @property
    def waiting(self) -> int:
        return len(self._mailbox)

    async def loaded(self) -> None:
        """Wait for the first ACTIVE. Raises what the load raised."""
        await asyncio.shield(self._loading)

    def ask(self, envelope: Envelope) -> asyncio.Future[Answer]:
        """Queue a command. Raises `CommandError` BUSY, `HomeLost`."""
        reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        reply.add_done_callback(_seen)
        self._offer(Work(envelope.command, envelope, reply))
        return reply

    def tell(self, notice: Notice) -> None:
        """Queue a notice; one that already waits is not queued twice. Raises `CommandError` BUSY, `HomeLost`."""
        if any(work.reply is None and work.message == notice for work in self._mailbox):
            return
        self._offer(Work(notice))

    def passivate(self) -> bool:
        """Begin to leave if nothing waits; True when it left."""
        if self.state is not State.ACTIVE or self._mailbox:
            return False
        self._move(State.PASSIVATING)
        self._move(State.GONE)
        return True

    def drop(self, reason: str) -> None:
        """Leave at once: everything waiting, and the running turn, is refused with `HomeLost`."""
        if self.state is State.GONE:
            return
        self._state, self._gone = State.GONE, reason
        error = HomeLost(self.actor.home, reason)
        while self._mailbox:
            _refuse(self._mailbox.popleft(), error)
        for task in (self._loading, self._running):
            if task is not None and task is not asyncio.current_task():
                task.cancel()

    async def idle(self) -> None:
        """Wait until the mailbox is empty and no turn runs."""
        while self._running is not None and not self._running.done():
            await asyncio.wait({self._running})

    def _offer(self, work: Work) -> None:
        if self.state in (State.PASSIVATING, State.GONE):
            raise HomeLost(self.actor.home, self._gone)
        if len(self._mailbox) >= self._mailbox_max:
            raise busy(f"the mailbox of {self.actor.id}", self._mailbox_max)
        self._mailbox.append(work)
        self._start()

    def _start(self) -> None:
        if self.state is State.ACTIVE and self._mailbox and (self._running is None or self._running.done()):
            self._running = asyncio.get_running_loop().create_task(self._drain())
            self._running.add_done_callback(lambda _: self._start())

    async def _load(self, load: Load) -> None:
        try:
            await load(self.actor)
        except BaseException as error:
            self._state, self._gone = State.GONE, f"could not be loaded: {type(error).__name__}"
            refusal = error if isinstance(error, Exception) else HomeLost(self.actor.home, self._gone)
            while self._mailbox:
                _refuse(self._mailbox.popleft(), refusal)
            raise
        self._move(State.ACTIVE)
        self._start()

    async def _drain(self) -> None:
        while self._mailbox and self._is(State.ACTIVE):
            work = self._mailbox.popleft()
            self._move(State.TURNING)
            try:
                await self._one(work)
            finally:
                if self._is(State.TURNING):
                    self._move(State.ACTIVE)
                self.idle_since_ms = self._clock.now_ms()
            await asyncio.sleep(0)  # a turn may end without ever waiting; the others of this loop come first

    async def _one(self, work: Work) -> None:
        try:
            answer = await self._turn(self, work)
        except asyncio.CancelledError:
            _refuse(work, HomeLost(self.actor.home, self._gone))
            raise
        except Exception as error:
            if work.reply is None:
                expected = isinstance(error, CommandError) or hasattr(error, "retryable")
                logger.log(
                    logging.INFO if expected else logging.ERROR,
                    "a notice could not be handled",
                    exc_info=None if expected else error,
                    extra={"actor": self.actor.id, "notice": type(work.message).__name__},
                )
            _refuse(work, error)
        else:
            if work.reply is not None and answer is not None and not work.reply.done():
                work.reply.set_result(answer)

    def _is(self, state: State) -> bool:
        return self._state is state

    def _move(self, state: State) -> None:
        if state not in LEGAL[self.state]:
            wanted = " or ".join(sorted(s.value for s in LEGAL[self.state])) or "nothing"
            raise IllegalMove(f"activation of {self.actor.id}", wanted, state.value)
        self._state = state


def _refuse(work: Work, error: Exception) -> None:
    if work.reply is not None and not work.reply.done():
        work.reply.set_exception(error)


def _seen(future: asyncio.Future[Answer] | asyncio.Task[None]) -> None:
    if not future.cancelled():
        future.exception()
