"""One attempt in the dispatcher's hand: what was asked, what is known of it, what people read of it.

Owns the words. Invariant: a state is told from what the lists say alone; a worker that is not ours shows no progress
and cannot be stopped, and the message says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from storage.ledger.protocol import Attempt
from storage.queue.protocol import Job, Seen

UNREACHED = "VIDEO_GENERATION|The list of remote jobs does not answer; it is tried again"
QUEUED = "VIDEO_GENERATION|Waiting for a remote worker"
STRANGER = "VIDEO_GENERATION|With a remote worker that shows no progress and cannot be stopped"
FORGOTTEN = "VIDEO_GENERATION|The list of remote jobs forgot it; it is asked again soon"
PREFIX = "remote/"
"""Begins the name of every dispatcher, and of nobody else."""

WORDS_CHARS_MAX = 160
PROGRESS_BYTES_MAX = 4_096


@dataclass(slots=True, eq=False)
class Held:
    """Times are of the dispatcher's own clock, in seconds. `asked`: it was pushed, as far as we know."""

    attempt: Attempt
    request: dict[str, Any]
    job: Job
    body: bytes
    ends_at: float
    asked: bool = False
    try_at: float = 0.0
    missing_since: float | None = None
    progress: float = 0.0
    message: str = QUEUED
    ours: bool = False  # a worker of ours said how far it is
    finishing: bool = False
    told_asked: bool = False  # the row says that it was asked
    stopped: bool = False

    @property
    def holder(self) -> str:
        """The name it was claimed under."""
        return self.attempt.worker or ""

    def saw(self, seen: Seen, now: float) -> None:
        """What the lists know of it."""
        said = progress_of(seen.progress)
        if said is not None:
            self.ours, (self.progress, self.message) = True, said
        if seen.sent or said is not None:
            self.missing_since = None
        elif self.missing_since is None:
            self.missing_since = now
            self.message = FORGOTTEN

    def in_the_list(self, waiting: bool) -> None:
        """Whether it is still there, of one that nobody reports on."""
        if not self.finishing and self.missing_since is None:
            self.message = QUEUED if waiting else STRANGER

    def lost(self, now: float, lost_s: float) -> bool:
        """Forgotten for so long that whoever took it before would have said something: ask again."""
        return self.missing_since is not None and now - self.missing_since >= lost_s

    # as the report of a step: `gpu` asks it from a thread
    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None:
        self.progress, self.message = min(1.0, max(0.0, progress)), message

    def cancelled(self) -> bool:
        return self.stopped


def write_progress(progress: float, message: str, worker: str) -> bytes:
    """What a worker of ours keeps under the job's progress key."""
    said = {"progress": round(progress, 4), "message": message[:WORDS_CHARS_MAX], "worker": worker}
    return json.dumps(said, ensure_ascii=False).encode()


def progress_of(body: bytes | None) -> tuple[float, str] | None:
    if body is None or len(body) > PROGRESS_BYTES_MAX:
        return None
    try:
        said = json.loads(body)
        progress, message = float(said["progress"]), str(said["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not 0.0 <= progress <= 1.0:
        return None
    words = "".join(c for c in message[:WORDS_CHARS_MAX] if c.isprintable())
    return progress, words or QUEUED
