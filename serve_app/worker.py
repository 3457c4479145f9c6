"""A worker: claims attempts, runs their step in a thread, beats while it runs, finishes by compare-and-set.

Owns its lanes (how many attempts of which steps at once) and nothing durable. Invariant: no result leaves by any other
way than the attempt row and the object store; a claim that was lost makes the result count for nothing. No Ray here:
the generation deployment and a remote worker run the same class.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from gpu.steps import Free, told_free
from serve_app.durable_steps import ClaimLost, StepCancelled
from serve_app.giving_way import Place, gives_way
from serve_app.running import GaveWay, Running
from serve_app.step_runs import Lane, Notify, Report, StepFailed, StepRun, WaitingStep
from storage.bus.protocol import ANY, Bus, BusState, Topic
from storage.codec import decode, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Attempt, AttemptState, Ledger

__all__ = ["ClaimLost", "Lane", "Notify", "Report", "StepCancelled", "StepFailed", "StepRun", "WaitingStep", "Worker"]

logger = logging.getLogger("storyforge.worker")

BEAT_S = 0.5
"""Between beats of an attempt. Longer than a fifth of ATTEMPT_STALE_MS: slow disks make live work look dead."""

POLL_S = 0.5
"""Between looks for work when nobody wakes us: the most a lost wake-up costs."""

POLL_LIVE_S = 2.0
"""The same beside a live bus. Higher: work of a worker that died waits longer for another to take it over."""

FREE_MS = 2_000
"""For so long after an end a lane may be handed its next attempt by the owner (`gpu.steps.Free`). Longer: one that has
died meanwhile costs its next attempt `ATTEMPT_STALE_MS` more often; shorter: slow owners hand nothing over."""


class Worker:
    """Runs until `stop`. `wake` may be called from the loop at any time and costs nothing when busy. `loaded` says what
    model is in memory, as attempts name it in `affinity`."""

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        runs: Mapping[str, StepRun | WaitingStep],
        lanes: tuple[Lane, ...],
        notify: Notify,
        bus: Bus | None = None,
        loaded: Callable[[], str] = str,
    ) -> None:
        self.name, self._bus, self._loaded = name, bus, loaded
        self._ledger, self._runs, self._lanes, self._notify = ledger, runs, lanes, notify
        self._woken = {lane.name: asyncio.Event() for lane in lanes}
        self._tasks: list[asyncio.Task[None]] = []
        self._active: dict[Running, str] = {}  # → attempt
        self._idle: dict[str, Lane] = {}  # lanes that found nothing and wait
        self._places: dict[str, Place] = {}  # attempt → where it runs
        self._looking: set[asyncio.Task[None]] = set()
        self._stopping = False

    def start(self) -> None:
        for lane in self._lanes:
            for slot in range(lane.slots):
                task = asyncio.get_running_loop().create_task(self._lane(lane, f"{self.name}/{lane.name}{slot}"))
                self._tasks.append(task)
        if self._bus is not None:
            self._tasks.append(asyncio.get_running_loop().create_task(self._listen(self._bus)))

    async def _listen(self, bus: Bus) -> None:
        async for wake in bus.subscribe(Topic.WORK):
            home, _, attempt = wake.what.partition("/")
            if attempt:
                self._look_at(attempt)
            elif home == ANY:
                self.wake()
            else:
                self._look_for_work()
        await asyncio.Event().wait()  # the bus was closed before us: lanes look by themselves

    def wake(self) -> None:
        """Anything may have moved: there may be work, and what runs here may have been cancelled."""
        self._look_for_work()
        for running in self._active:
            running.urgent.set()

    def _look_for_work(self) -> None:
        """Lanes that are busy look when they are done. What runs goes on: a beat is a commit, and work is no cancel.
        But what nobody asked for may have to give way."""
        for event in self._woken.values():
            event.set()
        if any(place.priority < 0 for place in self._places.values()) and not self._looking:
            self._looking.add(task := asyncio.get_running_loop().create_task(self._give_way()))
            task.add_done_callback(self._looking.discard)

    async def _give_way(self) -> None:
        try:
            queue = await self._ledger.queue()
        except LedgerError as error:
            logger.warning("the queue could not be looked at", extra={"code": error.code})
            return
        idle = [Place(lane.steps, lane.offers) for lane in self._idle.values()]
        going = gives_way([*idle, *self._places.values()], queue)
        for running, id in self._active.items():
            if id in going:
                running.gives_way = True
                running.stop()

    def _look_at(self, attempt: str) -> None:
        """It may have been cancelled, so if it runs here it beats at once."""
        for running, id in self._active.items():
            if id == attempt:
                running.urgent.set()

    def check(self) -> None:
        """Raises RuntimeError when a lane is not running any more."""
        if any(task.done() for task in self._tasks):
            raise RuntimeError("a lane of the worker has ended")

    async def stop(self) -> None:
        """Give the threads a chance to see the stop, then leave. What they held is given back, for others to go on."""
        self._stopping = True
        for running in self._active:
            running.stop()
        self.wake()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._looking, return_exceptions=True)

    async def _lane(self, lane: Lane, worker: str) -> None:
        attempt: Attempt | None = None
        while not self._stopping:
            self._woken[lane.name].clear()
            if attempt is None:
                attempt = await self._next(lane, worker)
            if attempt is not None and attempt.state is AttemptState.FAILED:  # it has taken too many of us with it
                logger.warning("an attempt lost its workers", extra={"attempt": attempt.id, "claims": attempt.claims})
                await self._tell(attempt)
                attempt = None
                continue
            if attempt is not None:
                attempt = await self._run(attempt, lane, worker)
                continue
            self._idle[worker] = lane
            with contextlib.suppress(TimeoutError):
                live = self._bus is not None and self._bus.state is BusState.LIVE
                async with asyncio.timeout(POLL_LIVE_S if live else POLL_S):
                    await self._woken[lane.name].wait()
            del self._idle[worker]

    async def _next(self, lane: Lane, worker: str) -> Attempt | None:
        """What its owner handed us when it opened it, else whatever's turn it is."""
        try:
            return await self._ledger.handed(worker) or await self._ledger.claim_attempt(
                worker, lane.steps, offers=lane.offers, loaded=self._loaded()
            )
        except LedgerError as error:
            logger.warning("no attempt could be claimed", extra={"code": error.code})
            return None

    async def _run(self, attempt: Attempt, lane: Lane, worker: str) -> Attempt | None:
        """What comes next in this lane, where the end said so at once."""
        begun_s = time.monotonic()
        running = Running(asyncio.get_running_loop(), self._ledger, attempt.id, worker)
        self._active[running] = attempt.id
        self._places[attempt.id] = Place(lane.steps, lane.offers, attempt.id, attempt.priority)
        beats = asyncio.get_running_loop().create_task(self._beat(attempt, worker, running))
        try:
            state, done, error = await self._outcome(attempt, running)
        except (asyncio.CancelledError, GaveWay) as why:
            await self._ended(running, beats)
            with contextlib.suppress(LedgerError):  # it goes stale instead
                await self._ledger.release_attempt(attempt.id, worker)
            if isinstance(why, GaveWay):
                return None
            raise
        await self._ended(running, beats)
        loaded = self._loaded()
        until_ms = (attempt.heartbeat_at_ms or 0) + int((time.monotonic() - begun_s) * 1000) + FREE_MS
        waiting = [Free(name, each.steps, each.offers, loaded, until_ms) for name, each in self._idle.items()]
        result = (
            None
            if done is None
            else encode(done | told_free([Free(worker, lane.steps, lane.offers, loaded, until_ms), *waiting]))
        )
        steps = () if self._stopping else lane.steps
        try:
            ended = await self._ledger.finish_and_claim(
                attempt.id, worker, state, result=result, error=error, steps=steps, offers=lane.offers, loaded=loaded
            )
        except LedgerError as fault:
            logger.warning("an attempt could not be finished", extra={"attempt": attempt.id, "code": fault.code})
            return None
        for each in ended.also:
            await self._tell(each)
        if ended.counted:
            await self._tell(attempt)
        else:
            logger.info("an attempt was lost to another worker", extra={"attempt": attempt.id})
        return ended.next

    async def _ended(self, running: Running, beats: asyncio.Task[None]) -> None:
        running.stop()
        del self._places[self._active.pop(running)]
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)

    async def _outcome(
        self, attempt: Attempt, running: Running
    ) -> tuple[AttemptState, dict[str, Any] | None, bytes | None]:
        try:
            if attempt.cancel_requested:  # handed over, and cancelled before we looked
                return AttemptState.CANCELLED, None, None
            run = self._runs[attempt.step]
            request = decode(attempt.request)
            if isinstance(run, WaitingStep):
                return AttemptState.DONE, await run.wait(attempt, request, running), None
            return AttemptState.DONE, await asyncio.to_thread(run, attempt, request, running), None
        except StepCancelled:
            leaves = asyncio.CancelledError if self._stopping else GaveWay if running.gives_way else None
            if leaves is not None and not await running.unwanted():
                raise leaves from None  # only we leave it: somebody else goes on with it
            return AttemptState.CANCELLED, None, None
        except asyncio.CancelledError:
            raise
        except StepFailed as failed:
            body = failed.body()
        except Exception as error:
            logger.exception("a step crashed", extra={"attempt": attempt.id, "step": attempt.step})
            code, retryable = getattr(error, "code", "STEP_CRASHED"), bool(getattr(error, "retryable", True))
            body = {
                "code": str(code),
                "message": f"{attempt.step} failed: {type(error).__name__}",
                "retryable": retryable,
            }
        return AttemptState.FAILED, None, encode(body)

    async def _beat(self, attempt: Attempt, worker: str, running: Running) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await running.urgent.wait()
            running.urgent.clear()
            try:
                async with running.storing:
                    stop = await self._beat_once(attempt, worker, running)
            except LedgerError as fault:
                logger.warning("a beat was not stored", extra={"attempt": attempt.id, "code": fault.code})
                continue
            if stop:
                running.stop()
            await self._tell(attempt)

    async def _beat_once(self, attempt: Attempt, worker: str, running: Running) -> bool:
        partial, running.partial = running.partial, None
        try:
            return await self._ledger.beat_attempt(
                attempt.id,
                worker,
                progress=running.progress,
                message=running.message,
                result=None if partial is None else encode(partial),
            )
        except LedgerError:
            running.partial = running.partial or partial
            raise

    async def _tell(self, attempt: Attempt) -> None:
        try:
            await self._notify(attempt)
        except Exception as error:  # noqa: BLE001 - a lost wake-up costs latency only: the owner re-scans
            logger.debug("the owner was not woken", extra={"attempt": attempt.id, "error": type(error).__name__})
