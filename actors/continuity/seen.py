"""What was seen in takes, as facts of the layer *seen*: measured by an observer, in the film of a scene.

Invariant: a fact here is one measured number put into a word, of the scene's newest take, with the take and the
observer that measured it. Comes from the projection of takes, so it is read again whenever a project is opened. So is
how the newest take of each scene looks at its end (`Look`), which the next scene may go on from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class Look:
    """The contact sheet of a scene's newest take: its picture by key and hash, and in words and colours how it ends."""

    scene: str
    take: str
    key: str
    sha256: str
    light: str
    colours: tuple[str, ...] = ()


Takes = Mapping[str, TakeView]
"""By scene: its newest take."""


def newest_takes(rows: Iterable[View]) -> Takes:
    newest: dict[str, TakeView] = {}
    for row in rows:
        take = TakeView.from_blob(row.body) if row.body is not None else None
        if take is not None:
            before = newest.get(take.scene)
            if before is None or take.created_at_ms >= before.created_at_ms:
                newest[take.scene] = take
    return newest


def facts_of_takes(takes: Takes) -> tuple[Fact, ...]:
    """One fact a scene at most, by scene."""
    found = (_light(take) for _, take in sorted(takes.items()))
    return tuple(fact for fact in found if fact is not None)


def look_of(take: TakeView) -> Look | None:
    """None: nobody made a sheet of it; takes older than sheets have none."""
    sheet = take.sheet
    if not sheet:
        return None
    words, colours = str(sheet["light"]), tuple(str(each) for each in sheet["colours"])
    return Look(take.scene, take.id, str(sheet["key"]), str(sheet["sha256"]), words, colours)


def looks_of(takes: Takes) -> Mapping[str, Look]:
    found = {scene: look_of(take) for scene, take in takes.items()}
    return {scene: look for scene, look in found.items() if look is not None}


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
