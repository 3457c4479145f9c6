"""Our worker on the lists: takes a job, renders it, stores what it made, pushes the result; anywhere with a GPU.

Owns the job in its hand, and nothing durable: a job lies among the taken until its result is pushed. Invariants: one
job at a time; while it renders, a step a second renews its lease, says how far it is and hears of a cancel; SIGTERM
puts the job back in front at once; a worker that is killed loses its job to whoever looks after `hold_s`. No Ray, no
ledger: the lists and the object store are all it reaches.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from serve_app.remote.ending import end
from serve_app.remote.held import write_progress
from serve_app.step_runs import Report, StepCancelled, StepFailed
from storage.queue.protocol import IDLE_WAIT_S, VISIBILITY_S, Job, Lists, QueueUnavailable, Result, Told, Unreadable
from storage.queue.wire import id_of_bytes, job_id_of, read_job, write_result

logger = logging.getLogger("storyforge.remote.worker")

STEP_S = 1.0
"""Between two words to the lists while a job renders: a cancel is heard this much later, and then at the next frame or
denoise step. Shorter: more commands, which small servers count."""

RECOVER_HOLDS = 5
"""Every so many visibility timeouts an idle worker looks for what dead ones held. More often: an idle fleet sends
commands for nothing; a dispatcher that waits for a job looks by itself."""

RETRY_S_MIN, RETRY_S_MAX = 0.5, 30.0
STARTING = "VIDEO_GENERATION|A remote worker begins"


class Renders(Protocol):
    """What a worker does with a job, in a thread. Raises `StepFailed` or `StepCancelled`."""

    def render(self, job: Job, delivery: int, report: Report) -> Result: ...


async def nothing(_boundary: str) -> None:
    """Nobody dies here."""


class Hand:
    """The job in hand between its thread and the lists: the report of its step."""

    def __init__(self, job: Job, body: bytes) -> None:
        self.job, self.body = job, body
        self.progress, self.message = 0.0, STARTING
        self.cancel, self.lost = False, False
        self._stop = threading.Event()

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None:
        self.progress, self.message = min(1.0, max(0.0, progress)), message

    def cancelled(self) -> bool:
        return self._stop.is_set()

    def durable(self, partial: dict[str, Any]) -> None:
        """Nothing to keep here: a remote attempt has no partial result."""

    async def stored(self, partial: dict[str, Any]) -> None:
        return None

    async def unwanted(self) -> bool:
        return self.cancel

    def stop(self) -> None:
        self._stop.set()


class RemoteWorker:
    """`run` returns after `leave`. `at` is awaited at every boundary between two durable steps: tests die there."""

    def __init__(
        self,
        name: str,
        lists: Lists,
        renders: Renders,
        *,
        hold_s: float = VISIBILITY_S,
        step_s: float = STEP_S,
        idle_s: float = IDLE_WAIT_S,
        at: Callable[[str], Awaitable[None]] = nothing,
    ) -> None:
        self.name, self.counts = name, Counter[str]()
        self._lists, self._renders = lists, renders
        self._hold_s, self._step_s, self._idle_s, self._at = hold_s, step_s, idle_s, at
        self._leaving = asyncio.Event()
        self._hand: Hand | None = None
        self._recover_at = 0.0

    def leave(self) -> None:
        """Put down what is in hand, and end."""
        self._leaving.set()
        if self._hand is not None:
            self._hand.stop()

    async def run(self) -> None:
        wait_s = RETRY_S_MIN
        while not self._leaving.is_set():
            try:
                await self._recover()
                body = await self._take()
                wait_s = RETRY_S_MIN
                if body is not None:
                    await self._at("taken")
                    await self._do(body)
            except QueueUnavailable as error:
                logger.warning("the lists do not answer", extra={"reason": error.reason})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._leaving.wait()
                wait_s = min(RETRY_S_MAX, wait_s * 2)

    async def _recover(self) -> None:
        if time.monotonic() >= self._recover_at:
            self._recover_at = time.monotonic() + RECOVER_HOLDS * self._hold_s
            await self._lists.recover(grace_s=self._hold_s)

    async def _take(self) -> bytes | None:
        """A job taken while we leave lies among the taken without a lease: it is handed out again after its grace."""
        take = asyncio.ensure_future(self._lists.take_job(self._idle_s))
        leave = asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait((take, leave), return_when=asyncio.FIRST_COMPLETED)
            return take.result() if take.done() else None
        finally:
            await end(take, leave)

    async def _do(self, body: bytes) -> None:
        try:
            job = read_job(body)
        except Unreadable as error:
            await self._bury(body, error.why)
            return
        delivery = await self._lists.lease(job.job_id, body, self.name, hold_s=self._hold_s)
        if delivery == 0:
            self.counts["in_another_hand"] += 1
            return
        await self._at("leased")
        hand = self._hand = Hand(job, body)
        try:
            if self._leaving.is_set():
                await self._lists.release(job.job_id, body, self.name)
                return
            result = await self._render(hand, delivery)
        finally:
            self._hand = None
        if result is None and not hand.cancel:
            return  # lost, or put back
        await self._at("rendered")
        written = None if result is None else write_result(result, meta=_meta(job))
        await self._push(hand, written)
        await self._at("pushed")
        self.counts["cancelled" if result is None else "done" if result.success else "failed"] += 1

    async def _bury(self, body: bytes, why: str) -> None:
        """Not a job. Its sender, if it can be told, is told; the letter is there before the entry goes."""
        id = job_id_of(body)
        await self._lists.bury("job", id or id_of_bytes(body), body, why)
        await self._at("buried")
        if id is None:
            await self._lists.forget_taken(body)
        else:
            refused = write_result(Result(id, False, message=f"not a job: {why}", retryable=False))
            await self._lists.finish(id, body, self.name, refused)
        self.counts["unreadable"] += 1

    async def _render(self, hand: Hand, delivery: int) -> Result | None:
        """None: cancelled, lost, or put back because we leave."""
        work = asyncio.ensure_future(asyncio.to_thread(self._renders.render, hand.job, delivery, hand))
        steps = asyncio.ensure_future(self._steps(hand))
        leave = asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait((work, leave), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                hand.stop()
                await end(steps)
                await self._lists.release(hand.job.job_id, hand.body, self.name)
                self.counts["put_back"] += 1
                work.add_done_callback(_drop)
                return None
            return self._outcome(hand, work)
        finally:
            await end(steps, leave)

    def _outcome(self, hand: Hand, work: asyncio.Future[Result]) -> Result | None:
        job = hand.job
        try:
            return work.result()
        except StepCancelled:
            return None
        except StepFailed as error:
            words = f"{error.message} ({error.code})"
            return Result(job.job_id, False, message=words, retryable=error.retryable, attempt=job.attempt)
        except Exception as error:
            logger.exception("a job crashed", extra={"job": job.job_id})
            words = f"rendering failed: {type(error).__name__}"
            return Result(job.job_id, False, message=words, attempt=job.attempt)

    async def _steps(self, hand: Hand) -> None:
        while True:
            said = write_progress(hand.progress, hand.message, self.name)
            try:
                told = await self._lists.step(hand.job.job_id, hand.body, self.name, said, hold_s=self._hold_s)
            except QueueUnavailable:
                told = Told.GO_ON  # the lease may run out: then somebody else begins too, and the first result counts
            hand.cancel, hand.lost = told is Told.CANCEL, told is Told.LOST
            if told is not Told.GO_ON:
                hand.stop()
                return
            await asyncio.sleep(self._step_s)

    async def _push(self, hand: Hand, written: bytes | None) -> None:
        """Hours of rendering are in it: it is pushed as soon as the lists answer, or left for others when we leave."""
        wait_s = RETRY_S_MIN
        while True:
            try:
                queue = hand.job.result_queue
                await self._lists.finish(hand.job.job_id, hand.body, self.name, written, to=queue)
                return
            except QueueUnavailable:
                if self._leaving.is_set():
                    raise
                await asyncio.sleep(wait_s)
                wait_s = min(RETRY_S_MAX, wait_s * 2)


def _meta(job: Job) -> dict[str, Any]:
    return {"episode_id": job.episode_id, "beat_id": job.beat_id, "attempt": job.attempt}


def _drop(work: asyncio.Future[Result]) -> None:
    """Whatever the thread of a job that was put back still says."""
    if not work.cancelled():
        work.exception()
