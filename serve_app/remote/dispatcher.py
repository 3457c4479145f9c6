"""The dispatcher: attempts that need a remote worker, out to the lists and, through `results`, back.

Owns what it holds (`Held`) and nothing durable. Invariants: the attempt row was committed by its owner before anything
is pushed; a job is pushed under the attempt's id, once; deadlines are the rows'. It holds many at once, in one task: a
job elsewhere costs a row, not a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gpu.enhance.protocol import EnhanceError
from gpu.steps import Step
from serve_app.remote.asking import REQUEST_NAME, beside, job_of, request_body
from serve_app.remote.ending import end
from serve_app.remote.finishing import Finisher
from serve_app.remote.held import PREFIX, QUEUED, UNREACHED, Held
from serve_app.remote.results import RETRY_S_MIN, At, Outcome, Results, failed
from serve_app.step_runs import Notify
from storage.bus.protocol import Bus, Topic
from storage.cache.exact import ExactCache
from storage.codec import CodecError, decode, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Attempt, AttemptState, Ledger
from storage.objects.protocol import ObjectStore, ObjectStoreError
from storage.queue.protocol import Lists, QueueUnavailable
from storage.queue.wire import write_job

logger = logging.getLogger("storyforge.remote")

NEEDS = "remote"
"""What an attempt needs that goes to the lists (`serve_app.video_offers`)."""

HELD_MAX = 256
"""Attempts in the hands of one dispatcher. More wait as open rows, where cancelling them is free."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are looked at."""

    beat_s: float = 1.0
    """Of what is held; a fifth of ATTEMPT_STALE_MS, so that a slow disk does not make it look dead."""
    look_s: float = 2.0
    """At progress and markers, while something is held. With nothing held the server hears nothing."""
    deep_s: float = 15.0
    """For what nobody reports on, and for what dead workers hold."""
    poll_s: float = 2.0
    """For open attempts when nobody wakes us. A claim that finds nothing costs one read."""
    hold_s: float = 60.0
    """A worker that says nothing for so long loses its job."""
    lost_s: float = 60.0
    """A job that the lists forgot waits so long before it is pushed again: whoever took it before may say something."""


async def nothing(_boundary: str) -> None:
    """Nobody dies here."""


class Dispatcher:
    """Runs until `stop`."""

    def __init__(
        self,
        ledger: Ledger,
        lists: Lists,
        objects: ObjectStore,
        cache: ExactCache,
        finisher: Finisher,
        notify: Notify,
        *,
        backends: Sequence[str],
        pace: Pace = Pace(),
        bus: Bus | None = None,
        clock: Callable[[], float] = time.monotonic,
        at: At = nothing,
    ) -> None:
        self.name = _new_name()
        self._ledger, self._lists, self._objects = ledger, lists, objects
        self._notify, self._backends = notify, tuple(backends)
        self._pace, self._bus, self._clock, self._at = pace, bus, clock, at
        self._held: dict[str, Held] = {}
        self._withdrawals: dict[str, bytes] = {}
        self._results = Results(
            ledger, lists, objects, cache, finisher, notify, self._held, backends=self._backends, at=at
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def counts(self) -> Counter[str]:
        """What became of jobs and results: done, failed, dropped_{reason}, asked_again, recovered, given_up."""
        return self._results.counts

    def start(self) -> None:
        for work in (self._claims(), self._tends(), self._results.read()):
            self._tasks.append(asyncio.get_running_loop().create_task(work, name="remote-dispatcher"))
        if self._bus is not None:
            self._tasks.append(asyncio.get_running_loop().create_task(self._listen(self._bus)))

    def wake(self) -> None:
        self._woken.set()

    def check(self) -> None:
        """Raises RuntimeError when a part of it has ended."""
        if any(task.done() for task in self._tasks):
            raise RuntimeError("a part of the remote dispatcher has ended")

    async def stop(self) -> None:
        """Leave: what was asked goes on elsewhere, and the rows are anybody's again at once."""
        for held in self._held.values():
            held.stopped = True
        await end(*self._tasks)
        await self._results.stop()
        for held in self._held.values():
            with contextlib.suppress(LedgerError):
                await self._ledger.release_attempt(held.attempt.id, held.holder)
        self._held.clear()
        await self._lists.close()

    async def _listen(self, bus: Bus) -> None:
        async for _wake in bus.subscribe(Topic.WORK):
            self.wake()
        await asyncio.Event().wait()  # the bus was closed before us: we look by ourselves

    # out
    async def _claims(self) -> None:
        while True:
            self._woken.clear()
            attempt = None
            if len(self._held) < HELD_MAX:
                try:
                    attempt = await self._ledger.claim_attempt(self.name, (Step.VIDEO,), offers=(NEEDS,))
                except LedgerError as error:
                    logger.warning("no remote attempt could be claimed", extra={"code": error.code})
                    self.name = _new_name()  # it may have been claimed all the same: nobody claims from itself
            if attempt is not None:
                with contextlib.suppress(LedgerError):
                    await self._hold(attempt)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.poll_s):
                    await self._woken.wait()

    async def _hold(self, attempt: Attempt) -> None:
        if attempt.state is not AttemptState.CLAIMED:  # it was ended instead: too many died with it
            await self._tell(attempt)
            return
        if attempt.needs != NEEDS:  # it needs nobody in particular: a worker here is quicker
            await self._ledger.release_attempt(attempt.id, attempt.worker or "")
            await asyncio.sleep(self._pace.poll_s)
            return
        await self._at("claimed")
        try:
            request = decode(attempt.request)
            job = job_of(attempt, request, self._backends)
        except (CodecError, EnhanceError, ObjectStoreError, KeyError, TypeError, ValueError):
            await self._refuse(attempt, failed("BAD_REQUEST", "the request cannot be put on the list", False))
            return
        ends_at = self._clock() + attempt.timeout_ms / 1000
        held = Held(attempt, request, job, write_job(job), ends_at)
        held.asked = held.told_asked = _was_asked(attempt)
        self._held[attempt.id] = held
        if not held.asked:
            await self._ask(held)
        if attempt.claims > 1 or held.asked:  # its result may lie among the taken of a dispatcher that died
            with contextlib.suppress(QueueUnavailable):
                await self._results.drain(attempt.id)

    async def _refuse(self, attempt: Attempt, outcome: Outcome) -> None:
        while True:
            try:
                await self._results.commit(attempt, outcome)
                return
            except LedgerError:
                await asyncio.sleep(RETRY_S_MIN)

    async def _ask(self, held: Held) -> None:
        """Everything of the job before the job: whoever takes it finds its request."""
        held.try_at = math.inf  # not twice at once
        try:
            key = beside(held.job.output_path, REQUEST_NAME)
            body = request_body(held.request)
            await self._objects.put(key, body, content_type="application/octet-stream")
            await self._at("request stored")
            await self._lists.offer(held.attempt.id, held.body)
        except (QueueUnavailable, ObjectStoreError) as error:
            logger.warning("a remote job could not be pushed", extra={"attempt": held.attempt.id, "code": error.code})
            held.try_at, held.message = self._clock() + self._pace.look_s, UNREACHED
            return
        await self._at("pushed")
        held.asked, held.missing_since = True, None
        held.message = QUEUED

    # what is held
    async def _tends(self) -> None:
        look_at = deep_at = 0.0
        while True:
            await asyncio.sleep(self._pace.beat_s)
            await asyncio.gather(*(self._tend(held) for held in list(self._held.values())))
            now = self._clock()
            try:
                if self._withdrawals:
                    await self._withdraw()
                if self._held and now >= look_at:
                    look_at = now + self._pace.look_s
                    await self._look(now)
                if self._held and now >= deep_at:
                    deep_at = now + self._pace.deep_s
                    await self._look_deep()
            except QueueUnavailable as error:
                logger.warning("the lists could not be looked at", extra={"reason": error.reason})

    async def _tend(self, held: Held) -> None:
        id, now = held.attempt.id, self._clock()
        asked_now = held.asked and not held.told_asked
        try:
            stop = await self._ledger.beat_attempt(
                id,
                held.holder,
                progress=held.progress,
                message=held.message,
                result=encode({NEEDS: {"asked": True}}) if asked_now else None,
            )
            if stop:
                await self._stopped(held)
                return
            held.told_asked = held.told_asked or asked_now
            await self._tell(held.attempt)
            if now >= held.ends_at and not held.finishing:
                await self._overdue(held)
            elif not held.asked and now >= held.try_at:
                await self._ask(held)
        except LedgerError as error:
            logger.warning("a beat of a remote attempt was not stored", extra={"attempt": id, "code": error.code})

    async def _stopped(self, held: Held) -> None:
        """Cancelled by a person, finished in our name, or lost to another dispatcher."""
        held.stopped = True
        row = await self._ledger.attempt(held.attempt.id)
        if row is not None and row.state is AttemptState.CLAIMED and row.worker == held.holder:
            await self._ledger.finish_attempt(row.id, held.holder, AttemptState.CANCELLED, result=None, error=None)
            self._withdrawals[row.id] = held.body
            await self._tell(row)
        self._held.pop(held.attempt.id, None)

    async def _overdue(self, held: Held) -> None:
        minutes = held.attempt.timeout_ms / 60_000
        words = f"no remote worker answered within {minutes:.3g} minutes"
        await self._results.commit(held.attempt, failed("TIMEOUT", words, True))
        self._withdrawals[held.attempt.id] = held.body
        self._held.pop(held.attempt.id, None)

    async def _withdraw(self) -> None:
        for id, body in list(self._withdrawals.items()):
            await self._lists.withdraw(id, body)
            self._withdrawals.pop(id, None)

    async def _look(self, now: float) -> None:
        asked = [held for held in self._held.values() if held.asked and not held.finishing]
        for held, seen in zip(asked, await self._lists.look([held.attempt.id for held in asked]), strict=True):
            held.saw(seen, now)
            if held.lost(now, self._pace.lost_s):
                self.counts["asked_again"] += 1
                held.asked, held.try_at = False, now

    async def _look_deep(self) -> None:
        quiet = [held for held in self._held.values() if held.asked and not held.ours and not held.finishing]
        for held, waiting in zip(quiet, await self._lists.waiting([held.body for held in quiet]), strict=True):
            held.in_the_list(waiting)
        found = await self._lists.recover(grace_s=self._pace.hold_s)
        self.counts["recovered"] += found.again
        self.counts["given_up"] += found.dead

    async def _tell(self, attempt: Attempt) -> None:
        try:
            await self._notify(attempt)
        except Exception as error:  # noqa: BLE001 - a lost wake-up costs latency only: the owner re-scans
            logger.debug("the owner was not woken", extra={"attempt": attempt.id, "error": type(error).__name__})


def _was_asked(attempt: Attempt) -> bool:
    """Whether a dispatcher before us pushed it, as the row says."""
    if attempt.result is None:
        return False
    try:
        said = decode(attempt.result)
    except CodecError:
        return False
    return isinstance(said, dict) and isinstance(said.get(NEEDS), dict) and said[NEEDS].get("asked") is True


def _new_name() -> str:
    return f"{PREFIX}{secrets.token_hex(6)}"
