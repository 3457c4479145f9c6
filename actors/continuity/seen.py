"""What was seen in takes, as facts of the layer *seen*: measured by an observer, in the film of a scene.

Invariant: a fact here is one measured number put into a word, of the scene's newest take, with the take and the
observer that measured it. Comes from the projection of takes, so it is read again whenever a project is opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actors.continuity.facts import Beat, Evidence, Fact
from actors.runtime.actor import Notice
from actors.views import TakeView
from storage.ledger.protocol import View

TAKES_READ_MAX = 2_000
"""Takes looked at when a project is opened. More: the newest of a very long history may be missed."""

LIGHT = "light"
DARK_LUMA_MAX, BRIGHT_LUMA_MIN = 25.0, 165.0
"""Mean light of a film, 0..255. Between them nothing is said: a lit room at night is no night sky."""


@dataclass(frozen=True, slots=True)
class TakeSeen(Notice):
    """A scene has a new take, and an observer looked at it. Found again on activation: takes are read then."""


def facts_of_takes(rows: Iterable[View]) -> tuple[Fact, ...]:
    """One fact a scene at most, by scene."""
    newest: dict[str, TakeView] = {}
    for row in rows:
        take = TakeView.from_blob(row.body) if row.body is not None else None
        if take is not None and take.seen is not None:
            before = newest.get(take.scene)
            if before is None or take.created_at_ms >= before.created_at_ms:
                newest[take.scene] = take
    found = (_light(take) for _, take in sorted(newest.items()))
    return tuple(fact for fact in found if fact is not None)


def _light(take: TakeView) -> Fact | None:
    seen = take.seen or {}
    luma = seen.get("mean_luma")
    if not isinstance(luma, int | float) or DARK_LUMA_MAX < luma < BRIGHT_LUMA_MIN:
        return None
    words = f"take {take.id}: mean light {round(luma)} of 255"
    evidence = Evidence(take.scene, 0, 0, words)
    value = "dark" if luma <= DARK_LUMA_MAX else "bright"
    author = str(seen.get("observer", ""))
    beat = Beat(take.scene, 0)
    return Fact(take.scene, LIGHT, value, evidence, 0.9, "seen", valid_from=beat, author=author, reader="observer")
