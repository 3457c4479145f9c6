"""The configured writers of a role, in order: the first that can, writes; film grammar stands at the end of every list.

Invariant: a scene is always written, each writer that gave nothing is named with its code, and what was spent on the
way is in the record. A writer that is ill, or said when to come again, is left alone until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from gpu.enhance.budget import Budget, Clock, TokenBucket
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.phrasing import BYTES_PER_CHAR_MAX, Call, PhrasingWriter
from gpu.enhance.protocol import EnhancedScene, EnhanceRequest
from gpu.enhance.writer import (
    Enhancement,
    Price,
    Said,
    ShotWords,
    StreamWriter,
    Tell,
    Try,
    Usage,
    WriterError,
    Written,
)

_Got = TypeVar("_Got", Written, Said)

COOL_DOWN_S = {"unavailable": 10.0, "timeout": 10.0, "rate_limited": 5.0, "quota": 60.0}
"""How long a writer is passed over after an error of this code. Shorter: every scene waits for the same broken server;
longer: one that came back stands idle."""

REST_S_MAX = 300.0
"""The longest a server's own Retry-After is believed."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One writer with what it may do. `seconds_max`: for a whole scene."""

    writer: StreamWriter
    bucket: TokenBucket
    seconds_max: float
    price: Price = field(default_factory=Price)


class Chain:
    """One per process and role; `clock` counts seconds and never goes back."""

    def __init__(self, rungs: Sequence[Rung], budget: Budget, *, currency: str, clock: Clock) -> None:
        self._rungs, self._budget, self._currency, self._clock = tuple(rungs), budget, currency, clock
        self._grammar = GrammarWriter()
        self._rests: dict[str, tuple[float, str]] = {}  # writer → until when, and the code that sent it there

    @property
    def first(self) -> StreamWriter | None:
        """Who writes where nothing is wrong; None: film grammar."""
        return self._rungs[0].writer if self._rungs else None

    async def write(self, project: str, request: EnhanceRequest, tell: Tell) -> tuple[EnhancedScene, Enhancement]:
        """Raises only EnhanceError("unknown_brain") and the like: the request's own faults. Cancelling aborts."""
        began = self._clock()
        tries: list[Try] = []
        for rung in self._rungs:
            usage, ask = partial(rung.writer.usage_max, request), partial(rung.writer.write, request, tell)
            tried, written = await self._try(rung, project, usage, ask)
            tries.append(tried)
            if written is not None:
                return written.scene, self._record(written, tries, began)
        scene = await asyncio.to_thread(self._grammar.write, request)
        tries.append(Try(self._grammar.name))
        return scene, self._record(Written(scene, ()), tries, began)

    async def talk(self, project: str, calls: Sequence[Call]) -> tuple[tuple[str, ...], Enhancement]:
        """Answers of the first writer that gives any, as they came; none where nobody does: film grammar has answered
        already, and stands. Never raises. Cancelling aborts."""
        began, tries = self._clock(), list[Try]()
        asked = sum(len((call.rules + call.scene + call.ask).encode()) for call in calls)
        most = Usage(asked // 2, sum(call.tokens_max for call in calls) // BYTES_PER_CHAR_MAX)
        for rung in self._rungs:
            writer = rung.writer
            if not isinstance(writer, PhrasingWriter):
                tries.append(Try(writer.name, writer.model, "unavailable", "its worker did not take the line in time"))
                continue
            tried, said = await self._try(rung, project, lambda: most, partial(writer.talk, calls))
            tries.append(tried)
            if said is not None:
                return said.texts, self._told(writer.name, tries, (), began)
        return (), self._told(self._grammar.name, [*tries, Try(self._grammar.name)], (), began)

    async def check(self) -> None:
        """Raises WriterError when a writer of our own processes is ill: remote ones are only passed over."""
        for rung in self._rungs:
            await rung.writer.check()

    async def close(self) -> None:
        for rung in self._rungs:
            await rung.writer.close()

    async def _try(
        self, rung: Rung, project: str, usage_max: Callable[[], Usage], ask: Callable[[], Awaitable[_Got]]
    ) -> tuple[Try, _Got | None]:
        name, model, most = rung.writer.name, rung.writer.model, 0
        try:
            self._may(rung)
            most = rung.price.of(usage_max()) if rung.price != Price() else 0
            with await self._budget.reserve(project, most):
                async with asyncio.timeout(rung.seconds_max):
                    written = await ask()
            return Try(name, model, "", "", written.usage, rung.price.of(written.usage)), written
        except WriterError as error:
            used = error.usage
            self._rest(name, error)
            return Try(name, model, error.code, error.message, used, rung.price.of(used)), None
        except TimeoutError:
            self._rest(name, WriterError("timeout", ""))
            words = f"no scene within {rung.seconds_max:g} s; counted as the most it can have cost"
            return Try(name, model, "timeout", words, Usage(), most), None

    def _may(self, rung: Rung) -> None:
        until, code = self._rests.get(rung.writer.name, (0.0, ""))
        left = until - self._clock()
        if left > 0:
            raise _Resting(code, f"left alone for {left:.0f} s more", left)
        wait_s = rung.bucket.take()
        if wait_s:
            raise _Resting("rate_limited", "our own rate limit", wait_s)

    def _rest(self, name: str, error: WriterError) -> None:
        if isinstance(error, _Resting) or error.code not in COOL_DOWN_S:
            return
        for_s = COOL_DOWN_S[error.code] if error.retry_after_s is None else min(REST_S_MAX, error.retry_after_s)
        self._rests[name] = (self._clock() + for_s, error.code)

    def _record(self, written: Written, tries: list[Try], began: float) -> Enhancement:
        return self._told(written.scene.writer, tries, written.shots, began)

    def _told(self, wrote: str, tries: list[Try], shots: tuple[ShotWords, ...], began: float) -> Enhancement:
        return Enhancement(
            writer=wrote,
            model=next((each.model for each in tries if each.writer == wrote), ""),
            degraded_from=tuple(each.writer for each in tries if each.writer != wrote),
            tries=tuple(tries),
            shots=shots,
            currency=self._currency,
            elapsed_ms=round((self._clock() - began) * 1000),
        )


class _Resting(WriterError):
    """Not asked at all."""
