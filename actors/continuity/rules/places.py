"""Rule two_places: one person in two places at the same time, or a city away a moment later.

Asks for words that say "at the same time" in the heading, or two cities in unbroken scenes. Lets pass: a bare SAME,
which mostly means the hour, neighbouring rooms, telephones, screens and intercuts, whoever leaves in the one scene or
comes into the other, and two people or more who are named in both: they went there together. And every scene with a
word that may show somebody who is elsewhere, or somebody on their way (`actors.screenplay.unreal`): this finding holds
a film.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from actors.continuity.findings import FindingDraft
from actors.continuity.rules.telling import UNBROKEN, Story, Told, shown, slip
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening
from actors.screenplay.names import name_key
from actors.screenplay.presence import apart
from actors.screenplay.unreal import shows_another_place, under_way
from actors.screenplay.vocabulary import phrases, words

_SAME_TIME = re.compile(r"\b(?:SAME\s+TIME|SIMULTANEOUS(?:LY)?|MEANWHILE|SAME\s+MOMENT)\b", re.IGNORECASE)
_CITIES = phrases(
    """
    paris | london | new york | tokyo | berlin | moscow | rome | madrid | vienna | chicago | los angeles |
    san francisco | boston | cairo | istanbul | athens | dublin | lisbon | prague | warsaw | budapest |
    beijing | shanghai | hong kong | singapore | bangkok | mumbai | delhi | sydney | melbourne | toronto |
    montreal | vancouver | miami | seattle | houston | dallas | denver | atlanta | las vegas | new orleans |
    mexico city | rio de janeiro | buenos aires | lima | bogota | nairobi | lagos | cape town | johannesburg |
    casablanca | marrakech | jerusalem | beirut | tehran | baghdad | kabul | oslo | stockholm | copenhagen |
    helsinki | reykjavik | amsterdam | brussels | zurich | geneva | milan | venice | naples | barcelona |
    munich | hamburg | seoul | osaka | kyoto | manila | jakarta | hanoi | saigon | honolulu | edinburgh
    """
)
_PARTS = re.compile(r"\s[-–—]+\s|[,./;:()]")
_IN_CITY = re.compile(
    rf"({'|'.join(sorted(_CITIES, key=len, reverse=True))})"
    r"(?:\s+(?:apartment|flat|office|hotel|streets?|rooftop|caf[eé]|bar|restaurant|square|park|alley|penthouse|suite|house))?"
)
_PASSAGES = words(
    """
    car cab taxi limo train bus tram metro subway elevator lift boat ferry van truck plane jet ambulance carriage
    hall hallway corridor stairs stairwell staircase porch lobby foyer driveway doorway gate landing
    """
)
_NEAR = words(
    "house home mansion apartment flat building office hotel school ship train plane car castle hospital station"
)
_SMALL = words("the a of in at s")


def judge(story: Story) -> Iterator[FindingDraft]:
    previous: tuple[SceneView, Told] | None = None
    for view, told in story:
        if previous is not None and told and previous[1] and not view.aside and not previous[0].aside:
            yield from _between(view, told, *previous)
        previous = (view, told)


def _between(view: SceneView, told: Told, before: SceneView, told_before: Told) -> Iterator[FindingDraft]:
    heading, last = view.breakdown.heading, before.breakdown.heading
    if heading is None or last is None or heading.place is None or last.place is None:
        return
    at_once = _SAME_TIME.search(heading.text) is not None
    cities = (_city(last.text), _city(heading.text)) if heading.relation in UNBROKEN else (None, None)
    far = None not in cities and cities[0] != cities[1]
    if not (at_once or far) or (not far and _neighbours(heading.place, last.place)):
        return
    if any(apart(each) or shows_another_place(each) for each in (view.breakdown, before.breakdown)):
        return
    if under_way(before.breakdown):
        return
    gone = {each.who for each in told_before if each.kind == "leaves"} | {e.who for e in told if e.kind == "enters"}
    here, there = _present(told), _present(told_before)
    named = {person.key for person in view.breakdown.cast} & {person.key for person in before.breakdown.cast}
    if len(named) > 1 and not far:
        return
    for who in sorted(here.keys() & there.keys()):
        if far or who not in gone:
            yield _finding(view, here[who], before, there[who], far)


def _present(told: Told) -> dict[str, Happening]:
    found: dict[str, Happening] = {}
    for each in told:
        if each.kind in ("speaks", "acts"):
            found.setdefault(each.who, each)
    return found


def _finding(view: SceneView, here: Happening, before: SceneView, there: Happening, far: bool) -> FindingDraft:
    name = shown(view, here.who)
    places = f"{before.breakdown.place} and {view.breakdown.place}"
    return slip(
        "two_places",
        (view, here),
        (before, there),
        f"{name} is in {places} " + ("within a moment." if far else "at the same time."),
        f"Let time pass between the scenes, or give this to somebody other than {name}.",
        here.who,
    )


def _city(text: str) -> str | None:
    """A part of the heading that is a city, alone or before a plain noun: not HOTEL PARIS, VENICE BEACH, LONDON FOG."""
    parts = (part.strip().casefold() for part in _PARTS.split(text))
    found = {match.group(1) for part in parts if (match := _IN_CITY.fullmatch(part)) is not None}
    return found.pop() if len(found) == 1 else None


def _neighbours(one: str, other: str) -> bool:
    """Places that share a word are parts of one: HOUSE - KITCHEN and HOUSE - HALL."""
    first, second = (set(re.findall(r"[^\W\d_]+", name_key(place))) - _SMALL for place in (one, other))
    return bool(first & second) or not first or not second or any(_room(each) in _PASSAGES for each in (one, other))


def _room(place: str) -> str:
    """The last word of what a place is first called: TRAIN COMPARTMENT is no train."""
    found = re.findall(r"[^\W\d_]+", name_key(re.split(r"\s[-–—]+\s", place)[0]))
    return found[-1] if found else ""
