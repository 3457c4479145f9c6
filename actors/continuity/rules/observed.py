"""Rule told_seen_conflict: what the script says of a scene against what its newest take shows of it.

Asks for an explicit word of the script (an hour, INT. or EXT., a weather, lights that are on or out, a line spoken on
screen) and a film far on the other side: a measure, or an observer's fact it is sure of. Lets pass: dusk and dawn,
scenes that show more than one place, light between dark and bright, a light that changes within the scene, weather that
goes with the other. Both sides are quoted: the words, and the take with its seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.continuity.codes import CODES
from actors.continuity.facts import Fact, quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.heading import Span
from actors.screenplay.lights import STATES, lights_in
from actors.screenplay.names import name_key, people_of
from actors.screenplay.slots import off_screen
from actors.workflow.weather import weather_in

CODE = "told_seen_conflict"
SURE_MIN = 0.6
"""Below it an observer's fact is listed and contradicts nobody."""

NO = frozenset(("no", "none", "0", "absent", "nobody"))


@dataclass(frozen=True, slots=True)
class Said:
    """``about``: a person's key, "" for the scene; ``against``: what a film may not show of ``attribute`` then."""

    attribute: str
    words: str
    span: Span
    against: frozenset[str]
    about: str = ""
    change: str = ""  # in the script, where one word of it would do


Told = tuple[Said, ...]
_DAY, _NIGHT = frozenset(("day", "morning", "noon", "afternoon")), frozenset(("night", "midnight"))
_HOURS = {"night": _DAY, "day": _NIGHT, "morning": _NIGHT}
_LIGHT = {"night": frozenset(("bright",)), "day": frozenset(("dark",))}
_SETTINGS = {"interior": frozenset(("exterior", "outdoors")), "exterior": frozenset(("interior", "indoors"))}
_DRY = frozenset(("clear", "sunny", "dry"))
_WEATHERS = {"rain": _DRY | {"snow"}, "storm": _DRY, "snow": _DRY | {"rain"}, "fog": frozenset(("clear", "sunny"))}
_LIT = {"is_lit": frozenset(("dark",)), "is_dark": frozenset(("bright",))}


def read(view: SceneView, /) -> Told:
    return tuple(_said(view))


def _said(view: SceneView) -> Iterator[Said]:
    heading = view.breakdown.heading
    if heading is not None and heading.time_span is not None and heading.time_of_day in _HOURS:
        hour, span = heading.time_of_day, heading.time_span
        if heading.setting == "exterior" and hour in _LIGHT:
            yield Said("light", f"{hour} outdoors", span, _LIGHT[hour], change=hour.upper())
        yield Said("hour", hour, span, _HOURS[hour], change=hour.upper())
    if heading is not None and heading.setting in _SETTINGS:
        yield Said("setting", f"it is {heading.setting}", heading.span, _SETTINGS[heading.setting])
    weather = weather_in(view.script, view.breakdown.actions)
    if weather is not None and weather[0] in _WEATHERS:
        yield Said("weather", weather[0], weather[1], _WEATHERS[weather[0]])
    yield from _lights(view)
    yield from _speakers(view)


def _lights(view: SceneView) -> Iterator[Said]:
    """Of a room whose light is told once and never changes."""
    heading = view.breakdown.heading
    told = list(lights_in(view.script, view.breakdown)) if heading is not None and heading.setting == "interior" else []
    if len(told) == 1 and told[0].kind in STATES and told[0].kind in _LIT:
        words = "the lights are on" if told[0].kind == "is_lit" else "it is dark"
        yield Said("light", words, told[0].span, _LIT[told[0].kind])


def _speakers(view: SceneView) -> Iterator[Said]:
    """Who speaks in the picture, and never out of it; and that somebody does."""
    voices = {name_key(who) for line in view.breakdown.lines if off_screen(line) for who in people_of(line.speaker)}
    seen = [person for person in view.breakdown.cast if person.cues and person.key not in voices]
    for person in seen:
        yield Said("present", f"{person.name} speaks here", person.cues[0], NO, person.key)
    if seen:
        yield Said("people", f"{seen[0].name} speaks here", seen[0].cues[0], NO)


def judge(story: Sequence[tuple[SceneView, Told]], /) -> Iterator[FindingDraft]:
    seen: dict[str, list[Fact]] = {}
    for fact in story[0][0].premise.facts if story else ():
        if fact.layer == "seen" and fact.valid_from is not None and fact.confidence >= SURE_MIN:
            seen.setdefault(fact.valid_from.scene_id, []).append(fact)
    for view, told in story if seen else ():
        for fact in seen.get(view.id, ()):
            yield from _conflicts(view, told, fact)


def _conflicts(view: SceneView, told: Told, fact: Fact) -> Iterator[FindingDraft]:
    about = "" if fact.entity == view.id else view.premise.cast.person_key(fact.entity)
    for said in told:
        known = view.premise.cast.person_key(said.about) if said.about else ""
        if said.attribute == fact.attribute and known == about and fact.value in said.against:
            yield conflict(view, said.words, said.span, fact, said.change)
            return


def conflict(view: SceneView, words: str, span: Span, fact: Fact, change: str = "") -> FindingDraft:
    """Words of the script and seconds of the film that do not agree."""
    about = () if fact.entity == view.id else (fact.entity,)
    shows = fact.value if fact.attribute == "light" else fact.evidence.text.partition(": ")[2] or fact.value
    way_out = f"change {change} in the heading" if change else "change the words"
    return FindingDraft(
        finding_id(CODE, view.id, *about, fact.attribute, words, fact.value),
        CODE,
        CODES[CODE].severity,
        view.id,
        f"The script says {words}, but the film is {shows} ({fact.evidence.text})."
        if fact.attribute == "light"
        else f"The script says {words}, but in the film {shows} ({fact.evidence.text.partition(': ')[0]}).",
        (quote(view.id, view.script, span), fact.evidence),
        f"Generate the scene again, or {way_out}.",
    )
