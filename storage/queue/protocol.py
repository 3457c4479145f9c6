"""The two lists of remote rendering: what a job and a result are, and what may be done with them.

Owns the words of both sides (`Job`, `Names`, `Told`, `DeadLetter`), the bounds and the port `Lists`; no I/O. Invariant:
whatever is taken off a list lies in another one, or has been answered, until somebody said that it is dealt with; so a
death at any point leaves nothing that cannot be found. Jobs come from the dispatcher (or from another program that
speaks the same form) and go to workers; results go back.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JOB_BYTES_MAX = 256 * 1024
RESULT_BYTES_MAX = 256 * 1024
"""One entry of a list. A longer one goes to the dead letters, cut."""

DEAD_MAX = 1_000
"""Dead letters kept; of more the oldest go."""

DELIVERIES_MAX = 3
"""How often a job is handed out whose workers die in it. More: a job that kills workers kills more of them; less: two
reboots in a row lose a job of an hour."""

VISIBILITY_S = 60.0
"""How long a worker that says nothing keeps a job. Shorter: a long pause gives its job away; longer: what a dead worker
held waits as long."""

IDLE_WAIT_S = 90.0
"""How long one blocking read waits. Shorter: more commands for nothing (960 a day and reader at 90 s); longer: gateways
cut connections that are silent."""

SENT_TTL_S = 48 * 3600
"""How long a marker says that a job was pushed. Longer than any deadline, or a job is pushed twice."""

PROGRESS_TTL_S = 120
CANCEL_TTL_S = 3600

BACKENDS = ("stub", "veo", "animatediff", "svd")
"""The names that workers of these lists know."""

NAME = re.compile(r"[A-Za-z0-9._:{}@/+-]{1,128}")
"""Of lists, jobs and workers. No "|", which divides the fields of a lease."""


class QueueUnavailable(Exception):
    """The server of the lists cannot be reached or refuses; nothing is known of the last call. Try again."""

    code, retryable = "QUEUE_UNAVAILABLE", True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreadable(ValueError):
    """An entry of a list that is no job or no result; trying again cannot help."""

    code, retryable = "UNREADABLE", False

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Names:
    """The two lists; what else we keep is under the names that begin with theirs."""

    jobs: str = "storyworld:gpu:jobs"
    results: str = "storyworld:gpu:results"


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is asked. `style`, `params` and `meta` are whatever the sender says, within the bounds."""

    job_id: str
    backend: str
    prompt: str
    duration_s: float
    output_path: str
    style: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    start_frame_path: str | None = None
    end_frame_path: str | None = None
    episode_id: str = ""
    beat_id: str = ""
    attempt: int = 1
    created_at: str = ""
    original_backend: str = ""
    result_queue: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a worker answered, as far as it can be believed: everything but the first two may be missing."""

    job_id: str
    success: bool
    video: str | None = None  # an address, signed for a while, or a key of the object store
    media: Mapping[str, Any] | None = None  # of a worker of ours: the finished take
    backend: str | None = None  # what really rendered
    latency_s: float | None = None
    gpu: str | None = None
    message: str = ""  # of a failure; never a trace
    retryable: bool = True
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One job as the lists know it. `sent`: its marker stands. `progress`: what a worker of ours says, raw."""

    sent: bool
    progress: bytes | None


class Told(enum.Enum):
    """What a worker hears of the job in its hand."""

    GO_ON = 0
    CANCEL = 1
    LOST = 2  # somebody else has it now


Kind = Literal["job", "result"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`id`: the job's, or of an entry that names none, one made of its bytes."""

    id: str
    kind: Kind
    why: str
    at_ms: int
    body: str


@dataclass(frozen=True, slots=True)
class Sizes:
    jobs: int
    taken: int
    results: int
    results_taken: int
    dead: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found in the hands of workers that say nothing any more."""

    again: int
    dead: int


class Lists(Protocol):
    """Every method may raise `QueueUnavailable`. Bodies are bytes as they lie in the lists: they are the identity of an
    entry, so hand back exactly what you took."""

    async def close(self) -> None: ...

    # who asks for work
    async def offer(self, job_id: str, body: bytes) -> bool:
        """Push unless it was pushed before; one step, so that it is pushed once however often it is offered."""
        ...

    async def look(self, ids: Sequence[str]) -> list[Seen]: ...

    async def waiting(self, bodies: Sequence[bytes]) -> list[bool]:
        """Whether each is still in the list, which nobody but its reader changes."""
        ...

    async def withdraw(self, job_id: str, body: bytes) -> bool:
        """Take it back, and tell whoever has it to stop; True: nobody had it yet."""
        ...

    async def take_result(self, wait_s: float) -> bytes | None:
        """The next result, which then lies among the taken until `settle`."""
        ...

    async def taken_results(self) -> list[bytes]: ...
    async def settle(self, body: bytes) -> None:
        """What it says is committed: it, and copies of it to the byte, leave the taken."""
        ...

    # who does it
    async def take_job(self, wait_s: float) -> bytes | None: ...

    async def lease(self, job_id: str, body: bytes, worker: str, *, hold_s: float = VISIBILITY_S) -> int:
        """Which delivery this is, from 1; 0: another worker has this job in hand, and our copy of it is gone."""
        ...

    async def step(
        self, job_id: str, body: bytes, worker: str, progress: bytes | None, *, hold_s: float = VISIBILITY_S
    ) -> Told:
        """Keep it, say how far it is, hear whether to stop. What was forgotten meanwhile (a flush) is put back."""
        ...

    async def finish(
        self, job_id: str, body: bytes, worker: str, result: bytes | None, *, to: str | None = None
    ) -> None:
        """Push the result (`to`: into that list) and let go of the job in one step. None: only let go."""
        ...

    async def release(self, job_id: str, body: bytes, worker: str) -> bool:
        """Back to the front of the list, not counted as a delivery. False: it was not ours any more."""
        ...

    async def forget_taken(self, body: bytes) -> None:
        """An entry that is no job leaves the jobs in hand; it lies among the dead letters by now."""
        ...

    async def in_hand(self, worker: str) -> list[bytes]:
        """What a worker of that name holds, dead or alive: for one whose name is the same at every start."""
        ...

    async def note(self, job_id: str, body: bytes | None) -> None:
        """What the bridge must not forget of a job; gone with its result."""
        ...

    async def notes(self) -> dict[str, bytes]: ...

    async def recover(self, *, grace_s: float = VISIBILITY_S) -> Recovered:
        """Hand out again what lies with workers that say nothing any more; after `DELIVERIES_MAX` it is dead.
        `grace_s`: how long one may take to say that it has it."""
        ...

    # who runs it
    async def bury(self, kind: Kind, id: str, body: bytes, why: str) -> None:
        """Among the dead letters. The caller takes it from where it lay, afterwards."""
        ...

    async def dead(self) -> list[DeadLetter]: ...

    async def requeue(self, id: str) -> int:
        """Back to where it came from, as if new; how many letters had that id."""
        ...

    async def drop(self, id: str) -> int: ...
    async def sizes(self) -> Sizes: ...
