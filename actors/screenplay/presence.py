"""Who is in a scene in person: by a line on screen, or by doing something in action; and who comes and goes.

Invariant: a voice from elsewhere (V.O., O.S., on the phone) is nobody's presence, and a name that is only mentioned
neither: somebody stands at the head of a sentence and does what not only bodies do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.happenings import Happening
from actors.screenplay.sentences import Person
from actors.screenplay.vocabulary import words

_ELSEWHERE = re.compile(
    r"\b(?:V\.?\s?O|O\.?\s?S|O\.?\s?C|PHONE|RADIO|TV|TELEVISION|SCREEN|MONITOR|VIDEO|RECORD\w*|TAPE|FILTER\w*|INTERCOM|VOICE"
    r"|PRE-?LAP|SPEAKER|HOLOGRAM|GHOST|VISION|MEMORY|YOUNG\w*|NARRAT\w*|CLONE|TWIN|DOUBLE|IMPOST\w+|HEADSET|COMM?S?|WALKIE\S*|VIDEO\S*)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:INTERCUT|PHONE|TELEPHONE|CALL|RADIO|SCREEN|VIDEO|TV|MONITOR|DREAM|IMAGIN\w+|PHOTO\w*)\b", re.IGNORECASE
)
_APART_HEADING = re.compile(r"\b(?:INTERCUT|PHONE|TELEPHONE|CALL|VIDEO|DREAM)\b", re.IGNORECASE)
_SUFFERS = words(
    """
    is was has does as us lies falls hangs drops slumps sinks floats bleeds rots dies remains seems appears
    collapses disappears needs stays rests belongs sags sprawls drifts burns drowns this his its yes perhaps always
    sometimes afterwards towards besides thus plus minus across less unless whereas others themselves ourselves goes
    looms means costs
    """
)
_GOES = words(
    """
    leaves exits departs goes hurries rushes runs walks storms drives rides disappears vanishes heads flees escapes
    """
)
_COMES = words(
    """
    enters arrives returns comes bursts appears emerges joins hurries rushes runs walks storms steps pulls drives
    """
)
_NEXT = re.compile(
    r"(?:,[^,.\n]{1,70},)?\s+(?:(?:then|now|slowly|quietly|suddenly|quickly|\w{3,}ly)\s+)?([a-z]+)\b\s*(\w*)"
)
_CLAUSE_START = re.compile(r"(?:^|[.!?…\"”)\n:;—–-])\s*(?:(?:And|Then|Now|But|Suddenly|Slowly|Finally),?\s+)?$")


def presence_in(script: str, scene: Breakdown, people: Sequence[Person], keys: dict[str, str]) -> Iterator[Happening]:
    """``keys``: whose each spelling of the scene is."""
    for person in scene.cast:
        cues = {span.start for span in person.cues}
        off = _off_screen(script, cues)
        for span in person.cues:
            if span.start not in off:
                yield Happening("speaks", keys[person.key], span)
    for each in people:
        yield from _acting(script, each)


def apart(scene: Breakdown) -> bool:
    """A scene that shows two places, or somebody by telephone or on a screen."""
    if scene.heading is not None and _APART_HEADING.search(scene.heading.text):
        return True
    shown = (*scene.actions, *scene.transitions)
    return any(_APART.search(each.text) for each in shown) or any(
        _ELSEWHERE.search(line.parenthetical) for line in scene.lines if line.parenthetical
    )


def _off_screen(script: str, cues: set[int]) -> set[int]:
    found = set()
    for start in cues:
        line_end = script.find("\n", start)
        line = script[start : line_end if line_end >= 0 else len(script)]
        before = script.rfind("\n", 0, start) + 1
        if _ELSEWHERE.search(line) or _ELSEWHERE.search(script[before:start]):
            found.add(start)
    return found


def _acting(script: str, person: Person) -> Iterator[Happening]:
    start, end = person.span
    line = script.rfind("\n", 0, start) + 1
    if not _CLAUSE_START.search(script, max(line, start - 40), start) and start != line:
        return
    found = _NEXT.match(script, end)
    if found is None:
        return
    verb, after = found.group(1), found.group(2)
    stop = min((i for i in (script.find(mark, end) for mark in ".!?\n") if i >= 0), default=len(script) - 1)
    clause = type(person.span)(start, min(stop + 1, len(script)))
    if len(verb) > 3 and verb.endswith("s") and not verb.endswith("ss") and verb not in _SUFFERS:
        yield Happening("acts", person.who, clause)
    if verb in _GOES and (
        verb in ("leaves", "exits", "departs", "flees") or after in ("out", "off", "away", "for", "from", "past")
    ):
        yield Happening("leaves", person.who, clause)
    if verb in _COMES and (
        verb in ("enters", "arrives", "returns", "emerges", "appears", "joins")
        or after in ("in", "into", "up", "through", "out", "over")
    ):
        yield Happening("enters", person.who, clause)
