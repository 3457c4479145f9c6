"""One writer at a time over a file, across processes and threads.

Owns two lock files beside the database. The invariant: whoever waits goes before whoever just wrote. SQLite's own busy
handler polls with growing sleeps and starves; an advisory `flock` is released by the kernel when its holder dies, and
the turnstile (held while waiting for the lock) keeps a busy writer from taking it twice in a row.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from storage.ledger.errors import Unavailable

LOCK_WAIT_S_MAX = 10.0
"""How long a batch waits for other processes. Lower: spurious refusals behind a slow disk; higher: callers hang."""


class FileLock:
    """Use from one thread at a time. Two instances exclude each other, in one process or several."""

    def __init__(self, database: Path) -> None:
        self._turnstile = os.open(f"{database}.turn", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            os.close(self._turnstile)
            raise

    def acquire(self) -> None:
        """Raises `Unavailable` after `LOCK_WAIT_S_MAX`."""
        deadline = time.monotonic() + LOCK_WAIT_S_MAX
        self._wait(self._turnstile, deadline)
        try:
            self._wait(self._lock, deadline)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def release(self) -> None:
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._lock)
        os.close(self._turnstile)

    @staticmethod
    def _wait(descriptor: int, deadline: float) -> None:
        pause = 0.0001
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("another process holds the ledger's lock") from None
                time.sleep(pause)
                pause = min(pause * 1.2, 0.002)
            else:
                return
