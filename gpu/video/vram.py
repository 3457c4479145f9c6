"""The memory ledger of one accelerator: what each loaded model takes, what a job needs beside it, who leaves first.

Pure: it counts and decides; the card (`gpu/video/diffusers_card.py`) measures, loads and unloads. Invariant: what is
booked never exceeds the capacity, and what is in use is never chosen to leave. A refusal says in words what is lacking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gpu.video.protocol import VideoError

GIB = 1024**3
UNMEASURED_WORK_SHARE = 0.25
"""Of a model's own size, until a job of that bucket was measured. Lower: a first job may run out of memory."""


@dataclass(slots=True)
class Booked:
    bytes: int
    used_at: int
    working: dict[str, int] = field(default_factory=dict)  # bucket → the most a job of it took beside the model


class VramLedger:
    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self._booked: dict[str, Booked] = {}
        self._known: dict[str, Booked] = {}  # models that left: what they took the last time
        self._clock = 0

    @property
    def resident(self) -> dict[str, int]:
        """Bytes of each loaded model, the longest unused first."""
        return {name: each.bytes for name, each in sorted(self._booked.items(), key=lambda item: item[1].used_at)}

    @property
    def free_bytes(self) -> int:
        return self.capacity_bytes - sum(each.bytes for each in self._booked.values())

    def needed(self, name: str, estimate_bytes: int, bucket: str) -> int:
        """What the model and a job of this bucket take together, as measured, else as estimated."""
        known = self._booked.get(name) or self._known.get(name)
        size = known.bytes if known else estimate_bytes
        working = known.working if known else {}
        guess = max([*working.values(), int(size * UNMEASURED_WORK_SHARE)])
        return size + working.get(bucket, guess)

    def leavers(self, name: str, estimate_bytes: int, bucket: str) -> list[str]:
        """Who must leave, in this order, before `name` can work. Raises VideoError("no_memory")."""
        needed = self.needed(name, estimate_bytes, bucket)
        if needed > self.capacity_bytes:
            raise VideoError(
                "no_memory",
                f"{name} needs about {_gib(needed)} for {bucket}; this device has {_gib(self.capacity_bytes)} in all",
                False,
            )
        free = self.capacity_bytes - sum(each.bytes for key, each in self._booked.items() if key != name)
        out = []
        for other, size in self.resident.items():
            if free >= needed:
                break
            if other != name:
                out.append(other)
                free += size
        return out

    def book(self, name: str, size_bytes: int) -> None:
        self._clock += 1
        before = self._known.pop(name, None)
        self._booked[name] = Booked(size_bytes, self._clock, before.working if before else {})

    def use(self, name: str) -> None:
        self._clock += 1
        self._booked[name].used_at = self._clock

    def worked(self, name: str, bucket: str, peak_bytes: int) -> None:
        """A job of this bucket took so much beside the model."""
        entry = self._booked.get(name) or self._known.get(name)
        if entry is not None:
            entry.working[bucket] = max(peak_bytes, entry.working.get(bucket, 0))

    def left(self, name: str) -> None:
        entry = self._booked.pop(name, None)
        if entry is not None:
            self._known[name] = entry


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / 1024**2:.1f} MiB"
