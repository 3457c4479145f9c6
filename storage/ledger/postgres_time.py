"""The database's time in statements.

Owns one expression: milliseconds by the server's clock when the statement runs, or what a test's clock says. The
invariant: no row's time and no lease's end comes from the clock of a StoryForge process.
"""

from __future__ import annotations

from collections.abc import Callable

NOW = "coalesce(%(now)s::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
"""Put it into SQL and `now` into its parameters."""

TestClock = Callable[[], int] | None


def now_of(clock: TestClock) -> int | None:
    return None if clock is None else clock()
