"""A step waits for an object store that is away, with what it made in its hands.

Owns the waiting, nothing else. Invariant: what was rendered is neither thrown away nor rendered anew because its store
is restarted; whoever watches is told in one sentence, a cancel is heard all the same, and a store that stays away past
the limit fails the step as before. Only faults of the way there are waited for: what the store refuses is refused.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from serve_app.step_runs import Report, StepCancelled
from serve_app.steps.stores import StepStores
from storage.objects.protocol import ObjectStoreError

logger = logging.getLogger("storyforge.steps")

AWAY_S_MAX = 60.0
"""How long a quick step waits. Within half of its deadline: who waits on is taken for stuck."""

FILM_AWAY_S_MAX = 240.0
"""How long a finished film waits to be stored. Shorter: a film of many minutes is rendered anew for an outage that was
not longer than that; longer: its attempt passes its deadline, and another worker begins."""

AGAIN_S_MIN, AGAIN_S_MAX = 0.25, 4.0
"""Between two tries, doubled each time."""

TICK_S = 0.05
"""Between two looks at a cancel."""

AWAY = "The object store does not answer: waiting for it"
WAITED_FOR = frozenset({"IO", "THROTTLED"})

T = TypeVar("T")


def patiently(
    stores: StepStores,
    ask: Callable[[], Coroutine[Any, Any, T]],
    report: Report,
    progress: float,
    stage: str,
    *,
    away_s_max: float = AWAY_S_MAX,
) -> T:
    """What `ask` answers, asked again while its store is away. From a step's thread. Raises `StepCancelled`, and
    `ObjectStoreError` for what waiting does not mend."""
    ends_s, again_s = time.monotonic() + away_s_max, AGAIN_S_MIN
    while True:
        try:
            return stores.wait(ask())
        except ObjectStoreError as error:
            if error.code not in WAITED_FOR or not error.retryable or time.monotonic() + again_s > ends_s:
                raise
            logger.warning("a step waits for the object store", extra={"code": error.code, "again_s": again_s})
        report(progress, f"{stage}|{AWAY}")
        until_s = time.monotonic() + again_s
        while time.monotonic() < until_s:
            if report.cancelled():
                raise StepCancelled
            time.sleep(TICK_S)
        again_s = min(again_s * 2, AGAIN_S_MAX)
