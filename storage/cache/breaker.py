"""Who asks a service that does not answer, and how often: one caller in a while, so that a dead one costs one timeout.

Owns three states: closed (everybody asks), open (nobody, until the rest is over), half open (one asks, the others do
not wait for it). The invariant: between two questions to a service that is down lies at least `rest_s`, however many
callers there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable

REST_S = 5.0
"""How long a service that failed is left alone. Lower: its timeout is paid more often; higher: it is missed longer."""


class Breaker:
    """Not thread-safe: one loop's, or behind the caller's lock."""

    def __init__(self, *, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest_s, self._clock = rest_s, clock
        self._again_at: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        return self._again_at is not None

    def allows(self) -> bool:
        """Whether to ask now; who is told yes tells how it went, by `worked` or `failed`."""
        if self._again_at is None:
            return True
        if self._probing or self._clock() < self._again_at:
            return False
        self._probing = True
        return True

    def worked(self) -> None:
        self._again_at, self._probing = None, False

    def failed(self) -> None:
        self._again_at, self._probing = self._clock() + self._rest_s, False

    def given_up(self) -> None:
        """Who was asking was cancelled: nothing is known, and the next may ask."""
        self._probing = False
