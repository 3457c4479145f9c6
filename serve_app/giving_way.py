"""Which attempts a worker gives back because somebody waits: what nobody asked for stops for what somebody did.

Pure. The invariants: only work below priority 0 gives way, one for each that waits and that no idle lane here can take;
what it has so far stays on its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.ledger.places import Queue


@dataclass(frozen=True, slots=True)
class Place:
    """A lane with what it runs; "": nothing."""

    steps: Sequence[str]
    offers: Sequence[str]
    attempt: str = ""
    priority: int = 0

    def takes(self, step: str, needs: str) -> bool:
        return step in self.steps and (not needs or needs in self.offers)


def gives_way(places: Iterable[Place], queue: Queue) -> set[str]:
    """Attempts."""
    idle = [each for each in places if not each.attempt]
    behind = [each for each in places if each.attempt and each.priority < 0]
    found: set[str] = set()
    for row in queue.rows:
        if row.claimed_at_ms is not None or row.priority < 0 or row.not_before_ms > queue.at_ms:
            continue
        for lanes in (idle, behind):
            place = next((each for each in lanes if each.takes(row.step, row.needs)), None)
            if place is not None:
                lanes.remove(place)
                found |= {place.attempt} - {""}
                break
    return found
