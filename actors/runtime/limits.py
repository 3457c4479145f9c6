"""Every bound of the runtime, with its unit, and what breaks when it is moved.

The invariant: an instance that exists is within its bounds. Made once at start and handed to `StoryRuntime`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

NEVER_MS = 1 << 53
"""A time that does not come."""


@dataclass(frozen=True, slots=True)
class RuntimeLimits:
    mailbox_max: int = 256
    """Waiting turns of one actor; one more is refused BUSY. Higher: a stuck ledger hides behind long queues."""

    appends_in_flight_max: int = 256
    """Appends of one home that wait for the ledger, held ones included; one more is refused BUSY."""

    snapshot_every_events: int = 200
    """Rows of an actor between snapshots. Lower: more writing; higher: slower activation."""

    checkpoint_every_rows: int = 2_000
    """Rows of a home after which a checkpoint is made by itself. Lower: more writing; higher: a longer delta."""

    checkpoint_every_bytes: int = 8 * 1024 * 1024
    """The same in bytes of bodies, counted by this owner."""

    archive_after_ms: int = NEVER_MS
    """Rows older than this leave for the object store by themselves, behind checkpoints. `NEVER_MS`: when asked."""

    archive_look_ms: int = 3_600_000
    """Between two looks for such rows in a home."""

    archive_rows_min: int = 1_000
    """So many must be old enough before a look does anything. Fewer: many small objects."""

    lease_ttl_ms: int = 6_000
    """Life of the host row without a beat. Lower: a long pause loses homes; higher: a crash blocks them for longer."""

    lease_margin_ms: int = 1_000
    """We give up this long before the row expires, so that a deposed owner stops showing before a new one starts."""

    hold_ms: int = 60_000
    """A home that people have open stays at least this long where it is, but for death and drain. Lower: a home between
    two crowds goes to and fro, and each move sends everybody away once; higher: tunnels last longer."""

    majority_ms: int = 5_000
    """Another host must have carried most of a home's sockets for so long before the home goes there. Lower: it goes
    after people who only look in; higher: their frames take the longer way for longer."""

    actor_idle_ms: int = 60_000
    """An actor without turns for this long is passivated."""

    scene_grace_ms: int = 300_000
    """A changed scene that nobody has open for this long is left: what follows from it is worked out. Shorter: people
    who reload a page are taken for gone; longer: later scenes do not know of it."""

    home_idle_ms: int = 300_000
    """A home without turns, open rooms or running jobs for this long is released."""

    sweep_ms: int = 5_000
    """Between looks for idle actors and homes."""

    rescan_ms: int = 1_000
    """Between looks at open attempts: the most that a lost wake-up costs."""

    unattended_ms: int = 5_000
    """Between looks for homes that owe something and that nobody holds: the most a crash delays what it owed."""

    memory_look_ms: int = 1_000
    """Between readings of the host's memory. Longer: more can be taken in before something is let go of."""

    trim_ms: int = 60_000
    """Between two returns of freed memory to the system after rooms were closed; each holds the loop for some
    milliseconds."""

    document_unread_ms: int = 60_000
    """A Y.Doc that nobody has read for this long is dropped; its bytes stay."""

    settle_ms: int = 300
    """Quiet after the last commit of a script before its readers (continuity, views) re-read it."""

    settle_lag_ms: int = 1_500
    """A script in steady change is re-read at least this often; views may lag by 2 s."""

    retry_ms: int = 100
    """Between tries of a heartbeat or a head re-read that failed."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{field.name} must be a whole number from 1, got {value!r}")
        if 3 * self.lease_margin_ms >= self.lease_ttl_ms:  # beats come every third: one may be lost
            raise ValueError(f"lease_margin_ms {self.lease_margin_ms} must be under a third of {self.lease_ttl_ms}")
        if self.settle_ms > self.settle_lag_ms:
            raise ValueError(f"settle_ms {self.settle_ms} must be at most settle_lag_ms {self.settle_lag_ms}")
