"""What was seen in takes, as facts of the layer *seen*: measured by an observer, in the film of a scene.

Invariant: a fact here is of a scene's newest take and names the take, the seconds and the observer: one measured number
put into a word, or what an observer that knows the story's names says it shows (`actors.scene.reporting`). Comes from
the projection of takes, so it is read again whenever a project is opened. So is how the newest take of each scene looks
at its end (`Look`), which the next scene may go on from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actors.continuity.facts import Beat, Evidence, Fact
from actors.runtime.actor import Notice
from actors.screenplay.names import name_key
from actors.views import TakeView
from storage.ledger.protocol import View

TAKES_READ_MAX = 2_000
"""Takes looked at when a project is opened. More: the newest of a very long history may be missed."""

LIGHT = "light"
DARK_LUMA_MAX, BRIGHT_LUMA_MIN = 25.0, 165.0
"""Mean light of a film, 0..255. Between them nothing is said: a lit room at night is no night sky."""

BLACK_SHARE_MIN, STILL_SHARE_MIN = 0.3, 0.6
"""From which share of its frames on a film is called so, as the technical observer judges it."""

MEASURES = ("mean_luma", "black_share", "frozen_share", "cuts")
MEASURED_CONFIDENCE = 0.9


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
    """What was measured of each scene's newest take, then what observers say it shows, by scene."""
    return tuple(fact for _, take in sorted(takes.items()) for fact in (*_measured(take), *_reported(take)))


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


def _measured(take: TakeView) -> Iterator[Fact]:
    """Numbers of a film that put themselves into a word. A number between two words says nothing."""
    seen = take.seen or {}
    luma, black, frozen, cuts = (_number(seen.get(name)) for name in MEASURES)
    if luma is not None and not DARK_LUMA_MAX < luma < BRIGHT_LUMA_MIN:
        value = "dark" if luma <= DARK_LUMA_MAX else "bright"
        yield _fact(take, LIGHT, value, f"mean light {round(luma)} of 255")
    if black is not None and black >= BLACK_SHARE_MIN:
        yield _fact(take, "picture", "black", f"{black:.0%} of it is black")
    if frozen is not None and frozen >= STILL_SHARE_MIN:
        yield _fact(take, "motion", "still", f"{frozen:.0%} of it stands still")
    if cuts is not None:
        yield _fact(take, "shots", str(round(cuts) + 1), f"it cuts {round(cuts)} times")


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _fact(take: TakeView, attribute: str, value: str, measure: str) -> Fact:
    evidence = Evidence(take.scene, 0, 0, f"take {take.id}: {measure}", take.id, 0.0, take.duration_s)
    author = str((take.seen or {}).get("observer", ""))
    return Fact(take.scene, attribute, value, evidence, MEASURED_CONFIDENCE, "seen", Beat(take.scene, 0), author=author)


def _reported(take: TakeView) -> Iterator[Fact]:
    """By an observer that knows names: about somebody, or about the scene itself where it names nobody."""
    for each in take.shows:
        about, begins, ends = name_key(each["entity"]) or take.scene, float(each["from_s"]), float(each["to_s"])
        words = f"take {take.id}, {moment(begins)}–{moment(ends)}: {each['observer']} sees {_said(each)}"
        evidence = Evidence(take.scene, 0, 0, words, take.id, begins, ends)
        value, sure = str(each["value"]).casefold(), float(each["confidence"])
        begin, author = Beat(take.scene, 0), str(each["observer"])
        yield Fact(about, str(each["attribute"]), value, evidence, sure, "seen", begin, author=author)


def _said(each: Mapping[str, Any]) -> str:
    said = f"{str(each['attribute']).replace('_', ' ')}: {each['value']}"
    return f"{each['entity']}, {said}" if each["entity"] else said


def moment(seconds: float) -> str:
    """``0:07``, as players count."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
