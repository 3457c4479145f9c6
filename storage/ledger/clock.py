"""The database's clocks: wall time for rows, boot time for leases.

The invariant: a lease is never lengthened or cut by somebody setting the wall clock. An embedded database has no clock
of its own, so its machine's clocks are the database's; every process on the file shares them. Boot time counts sleep,
and is comparable only within one boot, hence `boot_id`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _boot_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """Milliseconds. Tests inject their own."""

    wall_ms: Callable[[], int]
    boot_ms: Callable[[], int]
    boot_id: str


def machine_clocks() -> Clocks:
    """Linux boot time; elsewhere wall time serves both: a changed clock may shift leases, and fencing keeps it safe."""
    try:
        return Clocks(_wall_ms, _boot_ms, Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    except (OSError, AttributeError):
        return Clocks(_wall_ms, _wall_ms, "wall")
