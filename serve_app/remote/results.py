"""Results off the list: read, finished, committed, and only then let go.

Owns which results are in hand, and nothing durable. Invariants: a result leaves the taken after what it says is
committed by compare-and-set on its attempt's row; the first outcome counts, and every other result is counted and
dropped with its reason. Any dispatcher finishes what any other holds, in its name: results come to whoever reads first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from gpu.steps import Step
from serve_app.remote.asking import MEDIA_NAME, REQUEST_NAME, beside, job_of
from serve_app.remote.ending import end
from serve_app.remote.finishing import Finisher
from serve_app.remote.held import PREFIX, Held
from serve_app.step_runs import Notify, StepCancelled, StepFailed
from serve_app.steps.keeping import keep_film
from storage.cache.exact import ExactCache
from storage.codec import decode, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import FINAL_STATES, Attempt, AttemptState, Ledger
from storage.objects.protocol import ObjectStore, ObjectStoreError
from storage.queue.protocol import IDLE_WAIT_S, Lists, QueueUnavailable, Result, Unreadable
from storage.queue.wire import id_of_bytes, job_id_of, read_result, write_job

logger = logging.getLogger("storyforge.remote")

FINISHES_MAX = 2
"""Films through the finisher at once: each keeps a core busy. Over: results wait among the taken."""

DEALING_MAX = 64
"""Results in hand at once. Over: the list keeps them."""

RETRY_S_MIN, RETRY_S_MAX = 0.5, 15.0
"""Between tries while the lists or the ledger do not answer; doubles."""

COMMITS_MAX = 5
"""Tries to finish a row that changes hands meanwhile."""

At = Callable[[str], Awaitable[None]]
"""Awaited at every boundary between two durable steps, by its name: tests die there."""

Outcome = tuple[AttemptState, dict[str, Any]]


class Results:
    """`held`: what the dispatcher holds, shared with it. `read` runs until it is cancelled."""

    def __init__(
        self,
        ledger: Ledger,
        lists: Lists,
        objects: ObjectStore,
        cache: ExactCache,
        finisher: Finisher,
        notify: Notify,
        held: dict[str, Held],
        *,
        backends: Sequence[str],
        at: At,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._ledger, self._lists, self._objects, self._cache = ledger, lists, objects, cache
        self._finisher, self._notify, self._held = finisher, notify, held
        self._backends, self._at = backends, at
        self._dealing: set[bytes] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # job → who deals with it now
        self._deals: set[asyncio.Task[None]] = set()
        self._finishes = asyncio.Semaphore(FINISHES_MAX)
        self._places = asyncio.Semaphore(DEALING_MAX)

    async def stop(self) -> None:
        await end(*self._deals)

    async def read(self) -> None:
        """After every fault the taken are read again: a result may have been moved by a call whose answer was lost."""
        wait_s = RETRY_S_MIN
        while True:
            try:
                await self.drain()
                wait_s = RETRY_S_MIN
                while True:
                    body = await self._lists.take_result(IDLE_WAIT_S)
                    if body is not None:
                        await self._at("result taken")
                        await self._deal_with(body)
            except QueueUnavailable as error:
                logger.warning("the list of results does not answer", extra={"reason": error.reason})
                await asyncio.sleep(wait_s)
                wait_s = min(RETRY_S_MAX, wait_s * 2)

    async def drain(self, only: str | None = None) -> None:
        for body in await self._lists.taken_results():
            if only is None or job_id_of(body) == only:
                await self._deal_with(body)

    async def _deal_with(self, body: bytes) -> None:
        if body in self._dealing:
            return
        self._dealing.add(body)
        await self._places.acquire()
        task = asyncio.get_running_loop().create_task(self._deal(body), name="remote-result")
        self._deals.add(task)
        task.add_done_callback(lambda _: self._dealt(task, body))

    def _dealt(self, task: asyncio.Task[None], body: bytes) -> None:
        self._deals.discard(task)
        self._dealing.discard(body)
        self._places.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a remote result could not be dealt with", exc_info=error)

    async def _deal(self, body: bytes) -> None:
        """One result, until it is settled; a place that does not answer is tried again."""
        wait_s = RETRY_S_MIN
        while True:
            try:
                if not await self._answer(body):
                    return  # its attempt is nobody's now: whoever claims it reads the taken again
                await self._at("committed")
                await self._lists.settle(body)
                return
            except (QueueUnavailable, LedgerError) as error:
                logger.warning("a remote result waits", extra={"code": error.code})
                await asyncio.sleep(wait_s)
                wait_s = min(RETRY_S_MAX, wait_s * 2)

    async def _answer(self, body: bytes) -> bool:
        """Whether the result is dealt with."""
        try:
            result = read_result(body)
        except Unreadable as error:
            await self._lists.bury("result", job_id_of(body) or id_of_bytes(body), body, error.why)
            self._dropped("unreadable", error.why)
            return True
        turn = self._turns.setdefault(result.job_id, asyncio.Lock())
        async with turn:  # of two results of one job the second finds the first committed, and makes no film of its own
            return await self._answered(result)

    async def _answered(self, result: Result) -> bool:
        row = await self._ledger.attempt(result.job_id)
        reason = _no_use(row, result)
        if reason is not None or row is None:
            self._dropped(reason or "unknown", result.job_id)
            return True
        if row.state is AttemptState.OPEN:
            return False
        held = self._held.get(row.id) or self._guest(row)
        held.finishing = True
        try:
            outcome = await self._outcome(row, held, result)
        finally:
            held.finishing = False
        await self._at("finished")
        if outcome is not None and not await self.commit(row, outcome):
            self._dropped("late", row.id)
        self._held.pop(row.id, None)
        if outcome is not None and outcome[0] is AttemptState.DONE:
            await self._tidy(held)
        return True

    async def _tidy(self, held: Held) -> None:
        """What was only for the way. Left behind by a death here, it waits for the bucket's own rules."""
        path = held.job.output_path
        with contextlib.suppress(ObjectStoreError):
            for key in (path, beside(path, REQUEST_NAME), beside(path, MEDIA_NAME)):
                await self._objects.delete(key)

    def _guest(self, row: Attempt) -> Held:
        """Of an attempt that another dispatcher holds: finished here, beaten there."""
        request = decode(row.request)
        job = job_of(row, request, self._backends)
        return Held(row, request, job, write_job(job), time.monotonic() + row.timeout_ms / 1000, asked=True)

    async def _outcome(self, row: Attempt, held: Held, result: Result) -> Outcome | None:
        if not result.success:
            words = result.message or "the remote worker failed without saying why"
            return failed("REMOTE_FAILED", words, result.retryable)
        try:
            async with self._finishes:
                media = await self._finisher.finish(row, held.request, held.job.backend, result, held)
        except StepCancelled:
            return None
        except StepFailed as error:
            return failed(error.code, error.message, error.retryable)
        except (QueueUnavailable, LedgerError):
            raise
        except Exception as error:
            logger.exception("a remote film could not be finished", extra={"attempt": row.id})
            return failed("REMOTE_BAD_FILM", f"the film could not be finished ({type(error).__name__})", True)
        await self._at("media stored")
        await keep_film(self._cache, held.request["recipe_hash"], media, row)
        return AttemptState.DONE, media

    async def commit(self, row: Attempt, outcome: Outcome) -> bool:
        """By compare-and-set, in the name of whichever dispatcher holds it. False: somebody's outcome stands."""
        state, said = outcome
        body = encode(said)
        result, error = (body, None) if state is AttemptState.DONE else (None, body)
        for _ in range(COMMITS_MAX):
            holder = row.worker or ""
            if await self._ledger.finish_attempt(row.id, holder, state, result=result, error=error):
                self.counts["done" if state is AttemptState.DONE else "failed"] += 1
                await self._tell(row)
                return True
            found = await self._ledger.attempt(row.id)
            if found is None or found.state is not AttemptState.CLAIMED or found.worker == holder:
                return False
            if not (found.worker or "").startswith(PREFIX):
                return False
            row = found
        return False

    def _dropped(self, reason: str, about: str) -> None:
        self.counts[f"dropped_{reason}"] += 1
        logger.info("a remote result was dropped", extra={"reason": reason, "about": about[:200]})

    async def _tell(self, attempt: Attempt) -> None:
        try:
            await self._notify(attempt)
        except Exception as error:  # noqa: BLE001 - a lost wake-up costs latency only: the owner re-scans
            logger.debug("the owner was not woken", extra={"attempt": attempt.id, "error": type(error).__name__})


def _no_use(row: Attempt | None, result: Result) -> str | None:
    """Why a result counts for nothing, if it does."""
    if row is None or row.step != Step.VIDEO:
        return "unknown"
    if row.state in FINAL_STATES:
        return "duplicate" if row.state is AttemptState.DONE and result.success else "late"
    if row.state is AttemptState.CLAIMED and not (row.worker or "").startswith(PREFIX):
        return "unknown"
    return "late" if result.attempt is not None and result.attempt != row.number else None


def failed(code: str, message: str, retryable: bool) -> Outcome:
    return AttemptState.FAILED, {"code": code, "message": message, "retryable": retryable}
