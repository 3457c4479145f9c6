"""A film's clips at a vendor: each submitted once, waited for, fetched; or all of them cleared away.

Owns the order of things that makes a paid call happen once: the intent is durable before the request leaves, the
vendor's task id before anything else is done with the answer. Whoever claims the attempt anew goes on from what the row
says: a task id is looked at; an intent without one is reconciled with the vendor, and where the vendor cannot tell, it
is a person who decides (SUBMISSION_UNKNOWN). A cancel deletes the vendor's tasks; a worker that only leaves does not.

Partial result on the attempt's row, per clip: {"clips": {"0": {"submitting": nonce, "task": id | absent}}}.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gpu.video.videos_api import Expired, VideosApi
from gpu.video.videos_api_clips import Clip
from gpu.video.videos_api_wire import (
    MODERATED,
    QUOTA,
    REFUSED,
    SUBMISSION_UNKNOWN,
    THROTTLED,
    TIMEOUT,
    Task,
    VendorFault,
    failed,
    fields_of,
)
from serve_app.step_runs import ClaimLost, Report, StepCancelled
from storage.codec import CodecError, decode
from storage.ledger.protocol import Attempt

logger = logging.getLogger("storyforge.vendors")
T = TypeVar("T")

POLL_GROWTH, POLL_S_MAX = 1.4, 15.0
"""The wait between two looks grows to this: a long render costs few requests."""
STOP_S = 0.25
"""Between looks at whether to stop."""
ASK_TRIES = 4
"""Tries of a submission nobody knows of, of a look, a list or a fetch that goes wrong in passing, in a row."""
ADDRESSES_MAX = 4
"""Addresses of one clip's content that we let expire."""
LISTS = 2
"""Looks through a vendor's list before a submission counts as not accepted: lists may lag behind."""
_DEFINITE = frozenset({MODERATED, REFUSED, QUOTA})
"""Refusals of a request that would have met the first try of it, too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of all clips. `pictures`: clip → a JPEG of `size` that it starts from."""

    negative: str
    seed: int
    size: tuple[int, int]
    pictures: Mapping[int, bytes]


class VendorTasks:
    """The tasks of one attempt at one endpoint. `slots`: how many it is to hold at once. `told` hears 0..1."""

    def __init__(
        self,
        api: VideosApi,
        slots: asyncio.Semaphore,
        attempt: Attempt,
        asked: Asked,
        report: Report,
        told: Callable[[float], None],
    ) -> None:
        self._api, self._slots, self._attempt = api, slots, attempt.id
        self._asked, self._report, self._told = asked, report, told
        self._clips = _before(attempt)
        self._until_s = time.monotonic() + api.endpoint.patience_s
        self._done: dict[int, float] = {}

    @property
    def ids(self) -> list[str]:
        return [clip["task"] for _, clip in sorted(self._clips.items()) if "task" in clip]

    async def fetched(self, clips: Sequence[Clip], folder: Path) -> list[Path]:
        """A file for each clip. The first fault ends the others: nobody wants half a film. Raises `VendorFault`,
        `StepCancelled`."""
        paths = [folder / f"{clip.index}.mp4" for clip in clips]
        try:
            async with asyncio.TaskGroup() as group:
                for clip, path in zip(clips, paths, strict=True):
                    group.create_task(self._clip(clip, len(clips), path))
        except BaseExceptionGroup as faults:
            fault = _worst(faults)
            if not isinstance(fault, ClaimLost) and (isinstance(fault, VendorFault) or await self._report.unwanted()):
                await self._clear()
            raise fault from None
        return paths

    async def _clear(self) -> None:
        """What the vendor still has of ours is deleted: nobody waits for it any more."""
        for task in self.ids:
            try:
                await self._api.delete(task)
            except VendorFault as fault:
                logger.warning("a vendor's task stays", extra={"endpoint": self._api.endpoint.name, "code": fault.code})

    async def _clip(self, clip: Clip, of: int, to: Path) -> None:
        while self._slots.locked():  # a semaphore would not notice a cancel
            await self._pause(STOP_S)
        async with self._slots:
            task = self._known(clip).get("task") or await self._submit(clip)
            await self._complete(clip, of, task)
            await self._fetch(task, to)

    # once
    async def _submit(self, clip: Clip) -> str:
        """The task id, durable. An intent that is on the row already is another worker's: what became of it is asked
        first. Raises `VendorFault` SUBMISSION_UNKNOWN where nobody can tell."""
        nonce, unknown, tries = f"{self._attempt}.{clip.index}", "submitting" in self._known(clip), ASK_TRIES
        if not unknown:
            await self._api.moderate(clip.prompt)
            self._clips[str(clip.index)] = {"submitting": nonce}
            await self._keep()
        while True:
            try:
                found = await self._found(nonce) if unknown else None
                return await self._accepted(clip, found) if found else await self._posted(clip, nonce)
            except VendorFault as fault:
                if fault.accepted is not False or (unknown and fault.code not in _DEFINITE):
                    unknown, tries = True, tries - 1
                    if tries == 0 or fault.code == SUBMISSION_UNKNOWN:
                        raise _unknown(self._api, clip) from fault
                elif not self._worth_waiting(fault):
                    await self._take_back(clip)
                    raise
                wait_s = fault.retry_after_s or self._api.endpoint.poll_s
            await self._pause(min(POLL_S_MAX, wait_s))

    def _worth_waiting(self, fault: VendorFault) -> bool:
        """A rate limit in mid-film is waited out here: starting over would throw away clips that are paid for."""
        return fault.code == THROTTLED and bool(self.ids) and time.monotonic() < self._until_s

    async def _posted(self, clip: Clip, nonce: str) -> str:
        """A request that has left is waited for whoever stops meanwhile: its task must be known to be cleared away, or
        to be gone on with."""
        asked = self._asked
        fields = fields_of(
            self._api.endpoint, clip.prompt, asked.negative, clip.seconds, asked.size, asked.seed + clip.index, nonce
        )
        posting = asyncio.ensure_future(self._api.submit(fields, nonce, asked.pictures.get(clip.index)))
        try:
            task = await asyncio.shield(posting)
        except asyncio.CancelledError:
            with contextlib.suppress(VendorFault, StepCancelled):
                await self._accepted(clip, await posting)
            raise
        return await self._accepted(clip, task)

    async def _accepted(self, clip: Clip, task: Task) -> str:
        self._clips[str(clip.index)] = {**self._known(clip), "task": task.id}
        await self._keep()
        return task.id

    async def _take_back(self, clip: Clip) -> None:
        """The vendor surely has nothing: whoever comes next may submit."""
        self._clips.pop(str(clip.index), None)
        await self._keep()

    async def _found(self, nonce: str) -> Task | None:
        """What became of a submission whose answer is lost. None: the vendor has not got it, or takes the same key as
        the same request, so it may be sent (again)."""
        name, how = self._api.endpoint.name, self._api.endpoint.reconcile
        logger.warning("a submission is reconciled", extra={"endpoint": name, "attempt": self._attempt, "how": how})
        if how == "idempotency":
            return None
        if how == "none":
            raise VendorFault(SUBMISSION_UNKNOWN, f"{name} cannot tell", False, None)
        for look in range(LISTS):
            if look:
                await self._pause(self._api.endpoint.poll_s)
            if (task := await self._api.find(nonce)) is not None:
                return task
        return None

    # looking
    async def _complete(self, clip: Clip, of: int, id: str) -> None:
        wait_s = self._api.endpoint.poll_s
        while True:
            task = await self._patiently(lambda: self._api.look(id))
            if task.status == "failed":
                raise failed(self._api.endpoint, task)
            self._done[clip.index] = 1.0 if task.status == "completed" else task.progress
            self._told(sum(self._done.values()) / of)
            if task.status == "completed":
                return
            if time.monotonic() > self._until_s:
                raise VendorFault(TIMEOUT, f"{self._api.endpoint.name} was not ready in time", True, True)
            await self._pause(wait_s)
            wait_s = min(POLL_S_MAX, wait_s * POLL_GROWTH)

    async def _fetch(self, id: str, to: Path) -> None:
        for left in range(ADDRESSES_MAX, 0, -1):
            try:
                return await self._patiently(lambda: self._api.fetch(id, to))
            except Expired:
                if left == 1:
                    raise

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """`ask` until it answers: what goes wrong in passing is asked again, never submitted again."""
        left = ASK_TRIES
        while True:
            left -= 1
            try:
                return await ask()
            except Expired:
                raise
            except VendorFault as fault:
                if left == 0 or not fault.retryable or time.monotonic() > self._until_s:
                    raise
                wait_s = fault.retry_after_s or self._api.endpoint.poll_s * 2 ** (ASK_TRIES - left)
            await self._pause(min(POLL_S_MAX, wait_s))

    # what the row says
    def _known(self, clip: Clip) -> dict[str, Any]:
        return self._clips.get(str(clip.index), {})

    async def _keep(self) -> None:
        await self._report.stored({"clips": self._clips})

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._report.cancelled():
            left = until - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(STOP_S, left))
        raise StepCancelled


def _unknown(api: VideosApi, clip: Clip) -> VendorFault:
    name = api.endpoint.name
    said = f"{name} may have accepted clip {clip.index + 1} and cannot tell; look there, then retry the job"
    return VendorFault(SUBMISSION_UNKNOWN, said, False, None)


def _before(attempt: Attempt) -> dict[str, dict[str, Any]]:
    """What an earlier worker of this attempt left."""
    with contextlib.suppress(CodecError, KeyError, TypeError, AttributeError):
        found = decode(attempt.result or b"")["clips"]
        return {str(index): dict(clip) for index, clip in found.items()}
    return {}


def _worst(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    """One of several: what nobody can know comes first, then what somebody asked for."""
    flat: list[BaseException] = []
    for fault in faults.exceptions:
        flat += fault.exceptions if isinstance(fault, BaseExceptionGroup) else [fault]
    unknown = [f for f in flat if isinstance(f, VendorFault) and f.code == SUBMISSION_UNKNOWN]
    lost = [f for f in flat if isinstance(f, ClaimLost)]
    stopped = [f for f in flat if isinstance(f, StepCancelled)]
    return (lost or unknown or stopped or flat)[0]
