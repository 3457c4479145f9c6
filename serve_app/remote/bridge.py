"""The bridge: jobs off the list into a RunPod-style endpoint, and what it answers back as results.

Owns what it follows, and nothing durable: its state is a note for each job, kept beside the lists. Invariants: that a
job is about to be asked for is noted before the request, and the run's id before anything else is done with it; so a
kill between any two steps leaves either a run to go on with, or a request of which nobody knows: that one is
reconciled (is the film there? has the time passed in which the endpoint would have ended it?), and only then asked
again. At most `in_flight` are asked at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from serve_app.remote.ending import end
from serve_app.remote.endpoint import Busy, Closed, Endpoint, EndpointFault, Refused, Status, Unknown
from serve_app.remote.held import write_progress
from serve_app.remote.worker import RECOVER_HOLDS, nothing
from storage.objects.protocol import ObjectStore, ObjectStoreError
from storage.queue.protocol import IDLE_WAIT_S, VISIBILITY_S, Job, Lists, QueueUnavailable, Result, Told, Unreadable
from storage.queue.wire import id_of_bytes, job_id_of, read_job, read_result, write_result

logger = logging.getLogger("storyforge.remote.bridge")

NAME = "bridge"
"""Its name in leases: the same at every start, so that it finds its own again."""

POLL_S = 5.0
"""Between looks at a run. Shorter: more requests; longer: a film lies finished for as long."""

SLACK_S = 60.0
"""Beyond the run's own limit, until what nobody knows counts as over; and beyond that until the lease does."""

RUNS_MAX = 3
"""How often a job is asked for of which nobody knows what became. Then it fails, in words."""

NOTE_S = 60.0
"""Between rewritings of a note: what a flush of the server costs."""

BACKOFF_S_MIN, BACKOFF_S_MAX = 1.0, 60.0
CLOSED_WAIT_S = 60.0
"""Between tries at an endpoint that does not let us in. Jobs wait; nothing is thrown away for a wrong key."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is durable of one job. `run` None: it was about to be asked for; nobody knows whether it was accepted."""

    at_ms: int
    tries: int
    run: str | None = None


class Bridge:
    """`run` returns after `leave`; what is under way goes on at the endpoint, and with the next start here."""

    def __init__(
        self,
        lists: Lists,
        endpoint: Endpoint,
        objects: ObjectStore | None,
        *,
        in_flight: int,
        grace_s: float = VISIBILITY_S,
        poll_s: float = POLL_S,
        slack_s: float = SLACK_S,
        idle_s: float = IDLE_WAIT_S,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        at: Callable[[str], Awaitable[None]] = nothing,
    ) -> None:
        self.counts = Counter[str]()
        self._lists, self._endpoint, self._objects = lists, endpoint, objects
        self._poll_s, self._slack_s, self._idle_s, self._clock_ms, self._at = poll_s, slack_s, idle_s, clock_ms, at
        self._grace_s, self._hold_s = grace_s, endpoint.run_s + 2 * slack_s
        self._places = asyncio.Semaphore(in_flight)
        self._recover_at = 0.0
        self._leaving = asyncio.Event()
        self._following: dict[str, asyncio.Task[None]] = {}

    def leave(self) -> None:
        self._leaving.set()

    async def run(self) -> None:
        wait_s = BACKOFF_S_MIN
        try:
            while not self._leaving.is_set():
                try:
                    await self._resume()
                    while not self._leaving.is_set():
                        await self._next()
                        wait_s = BACKOFF_S_MIN
                except QueueUnavailable as error:
                    logger.warning("the lists do not answer", extra={"reason": error.reason})
                    await self._rest(wait_s)
                    wait_s = min(BACKOFF_S_MAX, wait_s * 2)
        finally:
            await end(*self._following.values())

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._leaving.wait()

    async def _resume(self) -> None:
        """What a bridge before us was about: what it noted, and what it had just taken."""
        known: dict[str, tuple[Note | None, bytes]] = {}
        for body in await self._lists.in_hand(NAME):
            known[job_id_of(body) or ""] = None, body
        for id, row in (known | _read_notes(await self._lists.notes())).items():
            note, body = row
            if id in self._following:
                continue
            try:
                job = read_job(body)
            except Unreadable:
                await self._lists.note(id, None)
                continue
            self.counts["resumed"] += 1
            self._follow(job, body, note)

    async def _next(self) -> None:
        if time.monotonic() >= self._recover_at:
            self._recover_at = time.monotonic() + RECOVER_HOLDS * self._grace_s
            await self._lists.recover(grace_s=self._grace_s)
        if not await self._either(self._places.acquire()):
            return
        self._places.release()  # taken again by whoever follows
        take = asyncio.ensure_future(self._lists.take_job(self._idle_s))
        if not await self._either(take):
            return
        body = take.result()
        if body is None:
            return
        await self._at("taken")
        try:
            job = read_job(body)
        except Unreadable as error:
            await self._bury(job_id_of(body), body, error.why)
            return
        if await self._lists.lease(job.job_id, body, NAME, hold_s=self._hold_s) == 0:
            return
        await self._at("leased")
        if job.job_id in self._following:
            return
        note = _read_notes(await self._lists.notes()).get(job.job_id)
        self._follow(job, body, note[0] if note else None)
        await asyncio.sleep(0)

    async def _either(self, work: Any) -> bool:
        """Whether it is done; not, when we leave."""
        done, leave = asyncio.ensure_future(work), asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait((done, leave), return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                return False
            done.result()
            return True
        finally:
            await end(done, leave)

    def _follow(self, job: Job, body: bytes, note: Note | None) -> None:
        task = asyncio.get_running_loop().create_task(self._followed(job, body, note), name=f"bridge-{job.job_id}")
        self._following[job.job_id] = task
        task.add_done_callback(lambda _: self._following.pop(job.job_id, None))

    async def _followed(self, job: Job, body: bytes, note: Note | None) -> None:
        """One job to its end. Faults of the lists are waited out: the run goes on meanwhile."""
        async with self._places:
            run = _Following(self, job, body, note)
            wait_s = BACKOFF_S_MIN
            while True:
                try:
                    await run.to_its_end()
                    return
                except QueueUnavailable as error:
                    logger.warning("the lists do not answer", extra={"reason": error.reason})
                    await asyncio.sleep(wait_s)
                    wait_s = min(BACKOFF_S_MAX, wait_s * 2)
                except Exception:
                    logger.exception("a job of the bridge crashed", extra={"job": job.job_id})
                    await asyncio.sleep(BACKOFF_S_MAX)

    async def _bury(self, id: str | None, body: bytes, why: str) -> None:
        await self._lists.bury("job", id or id_of_bytes(body), body, why)
        self.counts["buried"] += 1
        if id is None:
            await self._lists.forget_taken(body)
        else:
            await self._lists.finish(id, body, NAME, write_result(Result(id, False, message=why, retryable=False)))


class _Over(Exception):
    """Nothing more is to be done for this job: cancelled, or with somebody else."""


class _Following:
    """One job between its note and its result."""

    def __init__(self, bridge: Bridge, job: Job, body: bytes, note: Note | None) -> None:
        self._b, self._job, self._body, self._note = bridge, job, body, note
        self._noted_at = time.monotonic()

    async def to_its_end(self) -> None:
        try:
            await self._step("VIDEO_GENERATION|On its way to the endpoint")
            while self._note is None or self._note.run is None:
                if self._note is not None and (found := await self._reconciled(self._note)) is not None:
                    await self._push(found)
                    return
                if (refusal := await self._ask()) is not None:
                    await self._push(refusal)
                    return
            await self._push(await self._watched(self._note.run))
        except _Over:
            return

    # asking
    async def _ask(self) -> Result | None:
        """Until a run is noted, or is unknown; a result: it is refused."""
        b, wait_s = self._b, BACKOFF_S_MIN
        tries = 0 if self._note is None else self._note.tries
        if tries >= RUNS_MAX:
            return self._failure(f"asked for {tries} times, and nobody knows what became of it")
        while True:
            await self._keep(Note(b._clock_ms(), tries + 1))
            await b._at("asking")
            try:
                run = await b._endpoint.run(self._job.job_id, json.loads(self._body))
            except (Busy, Closed) as fault:
                await self._keep(None if tries == 0 else Note(b._clock_ms(), tries))
                closed = isinstance(fault, Closed)
                b.counts["closed" if closed else "busy"] += 1
                logger.warning("the endpoint does not take a job", extra={"reason": fault.words})
                least = CLOSED_WAIT_S if closed else wait_s * random.uniform(0.5, 1.0)
                await self._wait(max(least, fault.wait_s), "VIDEO_GENERATION|The endpoint is busy; it is asked again")
                wait_s = min(BACKOFF_S_MAX, wait_s * 2)
                continue
            except Refused as fault:
                await b._lists.bury("job", self._job.job_id, self._body, f"the endpoint refuses it: {fault.words}")
                b.counts["refused"] += 1
                return self._failure(f"the endpoint refuses it: {fault.words}", retryable=False)
            except Unknown as fault:
                b.counts["unknown"] += 1
                logger.warning("nobody knows whether a job was taken", extra={"reason": fault.words})
                return None
            await b._at("accepted")
            await self._keep(replace(self._note or Note(b._clock_ms(), tries + 1), run=run))
            await b._at("run noted")
            b.counts["runs"] += 1
            return None

    async def _reconciled(self, note: Note) -> Result | None:
        """What became of a request nobody knows of; None: nothing can come of it any more."""
        b = self._b
        until_ms = note.at_ms + int((b._endpoint.run_s + b._slack_s) * 1000)
        while True:
            if await self._stored_since(note.at_ms):
                b.counts["reconciled"] += 1
                return Result(self._job.job_id, True, self._job.output_path, attempt=self._job.attempt)
            left_s = (until_ms - b._clock_ms()) / 1000
            if left_s <= 0:
                return None
            words = "VIDEO_GENERATION|It is not known whether the endpoint took it; it is looked for"
            await self._wait(min(b._poll_s, left_s), words)

    async def _stored_since(self, at_ms: int) -> bool:
        if self._b._objects is None:
            return False
        try:
            found = await self._b._objects.head(self._job.output_path)
        except ObjectStoreError:
            return False
        return found is not None and found.modified_ms >= at_ms - 1_000  # stores tell the time in seconds

    # watching
    async def _watched(self, run: str) -> Result:
        b, wait_s = self._b, BACKOFF_S_MIN
        until = time.monotonic() + b._endpoint.run_s + b._slack_s
        while True:
            try:
                status = await b._endpoint.status(run)
                wait_s = BACKOFF_S_MIN
            except EndpointFault as fault:
                b.counts["status_faults"] += 1
                if time.monotonic() > until:
                    return self._failure(f"the endpoint does not say what became of it: {fault.words}")
                await self._wait(max(wait_s, fault.wait_s), "VIDEO_GENERATION|The endpoint does not answer")
                wait_s = min(BACKOFF_S_MAX, wait_s * 2)
                continue
            if status is None:
                return await self._vanished()
            if (result := self._result_of(status)) is not None:
                return result
            if time.monotonic() > until:
                return self._failure(f"it was still {status.state} at the endpoint after its time")
            waits = status.state == "IN_QUEUE"
            words = "Waiting at the endpoint" if waits else "Rendering at the endpoint, which shows no progress"
            await self._wait(b._poll_s, f"VIDEO_GENERATION|{words}")

    async def _vanished(self) -> Result:
        """The endpoint forgot the run: they do, some time after its end."""
        if self._note is not None and await self._stored_since(self._note.at_ms):
            return Result(self._job.job_id, True, self._job.output_path, attempt=self._job.attempt)
        return self._failure("the endpoint does not know the run any more")

    def _result_of(self, status: Status) -> Result | None:
        if status.state == "COMPLETED":
            said = status.output if isinstance(status.output, dict) else {}
            said = {"status": "success", **said, "job_id": self._job.job_id}
            try:
                return replace(read_result(json.dumps(said).encode()), attempt=self._job.attempt)
            except Unreadable as error:
                return self._failure(f"the endpoint's answer is no result: {error.why}")
        if status.state in ("FAILED", "CANCELLED", "TIMED_OUT"):
            said_so = f": {status.words}" if status.words else ""
            return self._failure(f"the endpoint ended it as {status.state}{said_so}")
        return None

    # with the lists
    async def _wait(self, seconds: float, words: str) -> None:
        """Never longer than a poll without a word to the lists: a cancel must be heard."""
        until = time.monotonic() + seconds
        while True:
            await self._step(words)
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            await asyncio.sleep(min(left_s, self._b._poll_s))

    async def _step(self, words: str) -> None:
        b, id = self._b, self._job.job_id
        told = await b._lists.step(id, self._body, NAME, write_progress(0.0, words, NAME), hold_s=b._hold_s)
        if told is Told.GO_ON:
            if self._note is not None and time.monotonic() - self._noted_at > NOTE_S:
                await self._keep(self._note)
            return
        if self._note is not None and self._note.run is not None:
            with contextlib.suppress(EndpointFault):
                await b._endpoint.cancel(self._note.run)
        b.counts["cancelled" if told is Told.CANCEL else "lost"] += 1
        if told is Told.CANCEL:
            await b._lists.finish(id, self._body, NAME, None)
        await b._lists.note(id, None)
        raise _Over

    async def _keep(self, note: Note | None) -> None:
        """Durable before the next step."""
        body = self._body.decode("utf-8", "replace")
        said = None if note is None else {"at_ms": note.at_ms, "tries": note.tries, "run": note.run, "job": body}
        await self._b._lists.note(self._job.job_id, None if said is None else json.dumps(said).encode())
        self._note, self._noted_at = note, time.monotonic()

    async def _push(self, result: Result) -> None:
        job, b = self._job, self._b
        meta = {"episode_id": job.episode_id, "beat_id": job.beat_id, "attempt": job.attempt}
        await b._at("over")
        await b._lists.finish(job.job_id, self._body, NAME, write_result(result, meta=meta), to=job.result_queue)
        await b._at("pushed")
        b.counts["done" if result.success else "failed"] += 1

    def _failure(self, words: str, *, retryable: bool = True) -> Result:
        return Result(self._job.job_id, False, message=words, retryable=retryable, attempt=self._job.attempt)


def _read_notes(notes: dict[str, bytes]) -> dict[str, tuple[Note, bytes]]:
    found: dict[str, tuple[Note, bytes]] = {}
    for id, row in notes.items():
        try:
            said = json.loads(row)
            run = said["run"]
            note = Note(int(said["at_ms"]), int(said["tries"]), None if run is None else str(run))
            found[id] = note, str(said["job"]).encode()
        except (ValueError, KeyError, TypeError):
            logger.warning("a note of the bridge could not be read", extra={"job": id})
    return found
