"""What is asked of a writer that takes its time, and what it tells while it writes: light values and one port.

Owns `StreamWriter`, its typed error, and the record of how a scene was written. Invariant: a call tells `Delta`s and
ends with a `Written` or a `WriterError`; cancelling the task that awaits it aborts the work where it runs, and what it
had cost by then is lost, not hidden. Film grammar makes the slots; such a writer only phrases them. The record
(`Enhancement`) is what people review and what costs are counted from; it is no part of a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gpu.enhance.protocol import EnhancedScene, EnhanceError, EnhanceRequest, Wire

RETRYABLE = {
    "quota": False,
    "rate_limited": True,
    "unavailable": True,
    "timeout": True,
    "bad_output": True,
    "refused": False,
}
"""Codes of a writer's errors, and whether the same call may do better later."""


class WriterError(EnhanceError):
    """Why a writer gave nothing.

    quota: its account is empty · rate_limited: come again after `retry_after_s` · unavailable: not reached or ill ·
    timeout · bad_output: not what the schema asked for · refused: it will not write this, or knows no such key or
    model. `usage` and `cost_micro` are what the call had used by then.
    """

    def __init__(self, code: str, message: str, retry_after_s: float | None = None, usage: Usage | None = None) -> None:
        super().__init__(code, message, RETRYABLE[code])
        self.args = (code, message, retry_after_s, usage)  # as pickled: see `EnhanceError`
        self.retry_after_s, self.usage = retry_after_s, usage or Usage()


@dataclass(frozen=True, slots=True)
class Usage(Wire):
    """Tokens of one or more calls; `cached_tokens` are those of the prompt that need not be read again."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Millionths of a currency unit per thousand tokens; zero for what runs on our own machines."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def of(self, usage: Usage) -> int:
        """Millionths, rounded up: a cost is never shown as less than it was."""
        fresh = max(0, usage.prompt_tokens - usage.cached_tokens)
        thousandths = fresh * self.prompt + usage.cached_tokens * self.cached
        return -(-(thousandths + usage.completion_tokens * self.completion) // 1000)


@dataclass(frozen=True, slots=True)
class Delta:
    """How far a writer is: `done` of `total` shots, and the words of the shot that it is writing."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class ShotWords(Wire):
    """Who phrased a shot. `lost`: what did not survive in another writer's words, so that the grammar's stand."""

    writer: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What one writer answers."""

    scene: EnhancedScene
    shots: tuple[ShotWords, ...]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Said:
    """What one writer answers to questions of a table read, in order, as its words came."""

    texts: tuple[str, ...]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Try(Wire):
    """One writer that was asked, or was not because of `code`; an empty code is success."""

    writer: str
    model: str = ""
    code: str = ""
    message: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_micro: int = 0

    @classmethod
    def _nested(cls) -> Mapping[str, Any]:
        return {"usage": Usage.from_dict}


@dataclass(frozen=True, slots=True)
class Enhancement(Wire):
    """How a scene came to its words: asked in the order of `tries`, written by `writer`.

    `degraded_from`: the writers that come before it in the configured order and gave nothing.
    """

    writer: str
    model: str = ""
    degraded_from: tuple[str, ...] = ()
    tries: tuple[Try, ...] = ()
    shots: tuple[ShotWords, ...] = ()
    currency: str = "USD"
    elapsed_ms: int = 0

    @classmethod
    def _nested(cls) -> Mapping[str, Any]:
        return {"tries": Try.from_dict, "shots": ShotWords.from_dict}

    @property
    def usage(self) -> Usage:
        return sum((each.usage for each in self.tries), Usage())

    @property
    def cost_micro(self) -> int:
        return sum(each.cost_micro for each in self.tries)

    def again(self, job: str) -> Enhancement:
        """The same words for another job, at no cost. `job`: whose they are."""
        told = Try(self.writer, self.model, "", f"as written before, for {job}")
        return replace(self, tries=(told,), elapsed_ms=0)


Tell = Callable[[Delta], None]


class StreamWriter(Protocol):
    """A writer that streams. Its methods belong to one loop."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def write(self, request: EnhanceRequest, tell: Tell) -> Written:
        """Raises `WriterError`, and EnhanceError("unknown_brain"). Cancelling aborts."""
        ...

    def usage_max(self, request: EnhanceRequest) -> Usage:
        """The most a call for this request can use: what a budget must have room for."""
        ...

    async def check(self) -> None:
        """Raises WriterError("unavailable") when it cannot write at all."""
        ...

    async def close(self) -> None: ...
