"""The script supervisor's breakdown: a row a scene, with what is seen there and what comes in from the scenes before.

Invariant: a pure function of the scripts in story order and the cast's names. A row tells what words say and
what lasts from earlier scenes (`since` the scene it is from); nothing is guessed beyond the
readers of `actors.screenplay`. Scene numbers are the script's own, else counted; people are numbered by first entrance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actors.continuity.keeping import Kept, Lasting, of_people
from actors.continuity.lighting import LightBeat
from actors.continuity.places_known import places_of
from actors.continuity.reads import SceneRead, reads_of
from actors.continuity.rules.view import Known, Names
from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Setting, TimeOfDay
from actors.screenplay.pages import eighths
from actors.screenplay.prose_entities import entities_in
from actors.workflow.weather import weather_in

ITEMS_MAX = 40
"""Of one cell. Over: the first, and `more` says how many were left off."""

SYNOPSIS_CHARS_MAX = 120
_SETTINGS: dict[Setting, str] = {
    "interior": "INT",
    "exterior": "EXT",
    "interior_exterior": "INT/EXT",
    "establishing": "EST",
}
_SEASONS = (("spring", "SPRING"), ("summer", "SUMMER"), ("autumn", "AUTUMN|FALL"), ("winter", "WINTER"))
_SEASON = tuple((name, re.compile(rf"\b(?:{said})\b")) for name, said in _SEASONS)
_LOOKS = re.compile(
    r"\b(?:(?:[a-z]+ )?(?:hair|braids?|beard|moustache|mustache|stubble|make-?up|lipstick|mascara|scars?|tattoos?"
    r"|freckles|wig|eye ?patch)|(?:blood|mud|sweat|tears|soot|dust|paint)(?:-stained|y)?)\b",
    re.IGNORECASE,
)
_SMALL_WORDS = frozenset(
    ["the", "a", "an", "his", "her", "their", "its", "of", "with", "and", "in", "on", "to", "for", "by", "from"]
)


@dataclass(frozen=True, slots=True)
class Item:
    """``who``: a person's name, "" for the scene itself; ``since``: number of the scene it comes from, "" for this."""

    words: str
    who: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One scene. ``length``: eighths of a page; ``cast``: number and name; ``day``: D1, N1 …, "" outside the clock."""

    scene: str
    number: str
    heading: str
    setting: str
    place: str
    time: TimeOfDay | None
    day: str
    length: int
    cast: tuple[tuple[int, str], ...] = ()
    props: tuple[Item, ...] = ()
    wardrobe: tuple[Item, ...] = ()
    looks: tuple[Item, ...] = ()
    vehicles: tuple[Item, ...] = ()
    weather: str = ""
    season: str = ""
    light: tuple[Item, ...] = ()
    synopsis: str = ""
    more: int = 0


def sheet_of(scripts: Iterable[tuple[str, str]], cast: Sequence[Known] = ()) -> tuple[SheetRow, ...]:
    """``scripts``: (scene id, text) in story order. Heavy (about 2 ms a page): for a thread."""
    names, reads = reads_of(scripts, cast)
    numbers: dict[str, tuple[int, str]] = {}
    kept = Kept()
    lit = {scene.scene: scene.light for place in places_of(reads) for scene in place.scenes}
    return tuple(
        _row(read, names, numbers, kept if read.day is not None else Kept(), lit.get(read.scene, ())) for read in reads
    )


def _row(
    read: SceneRead,
    names: Names,
    numbers: dict[str, tuple[int, str]],
    kept: Kept,
    light: Sequence[LightBeat],
) -> SheetRow:
    heading, number, day = read.found.heading, read.number, read.day
    people = _people(read.found, names, numbers)
    if day is not None:
        kept.enter(day)
    kept.hear(read.told, number)
    weather = weather_in(read.script, read.found.actions)
    worn = _shown(kept.wears, people, number)
    cells = {
        "props": _props(read, _shown(kept.holds, people, number), worn),
        "wardrobe": worn,
        "looks": [*_shown(kept.hurt, people, number, "hurt: "), *_looks(read)],
        "vehicles": _vehicles(read),
    }
    length = eighths(read.script)
    if read.chars > len(read.script):
        length = length * read.chars // len(read.script)
    return SheetRow(
        scene=read.scene,
        number=number,
        heading=heading.text if heading is not None else "",
        setting=_SETTINGS.get(heading.setting, "") if heading is not None and heading.setting else "",
        place=(heading.place or "") if heading is not None else "",
        time=read.found.time_of_day,
        day=day.label if day is not None else "",
        length=length,
        cast=tuple(people.values()),
        weather=weather[0] if weather is not None else "",
        season=_season(heading.text if heading is not None else ""),
        light=_light(light),
        synopsis=_synopsis(read.found),
        more=sum(max(0, len(items) - ITEMS_MAX) for items in cells.values()),
        **{name: tuple(items[:ITEMS_MAX]) for name, items in cells.items()},
    )


def _people(found: Breakdown, names: Names, numbers: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """Who is in the scene: key → (number in the story, name)."""
    here: dict[str, tuple[int, str]] = {}
    for person in found.cast:
        key = names.person_key(person.name)
        shown = names.find_person(person.key) or person.name
        here[key] = numbers.setdefault(key, (len(numbers) + 1, shown))
    return dict(sorted(here.items(), key=lambda each: each[1][0]))


def _props(read: SceneRead, held: list[Item], worn: list[Item]) -> list[Item]:
    """What is in somebody's hand, and what else is seen and not worn."""
    named = {item.words.rpartition(" ")[2] for item in worn} | {item.words for item in held}
    return [*held, *(Item(prop.name) for prop in read.found.props if prop.name not in named)]


def _looks(read: SceneRead) -> list[Item]:
    said = (match.group() for action in read.found.actions for match in _LOOKS.finditer(action.text))
    seen = dict.fromkeys(" ".join(w for w in each.lower().split() if w not in _SMALL_WORDS) for each in said)
    return [Item(each) for each in seen]


def _vehicles(read: SceneRead) -> list[Item]:
    heads = (e.head for a in read.found.actions for e in entities_in(a.text) if e.kind == "vehicle")
    return [Item(each) for each in dict.fromkeys(head.lower() if not head.isupper() else head for head in heads)]


def _shown(
    kept: dict[str, dict[str, Lasting]], people: dict[str, tuple[int, str]], number: str, before: str = ""
) -> list[Item]:
    """Of those who are here; what this scene says itself is since nothing."""
    return [
        Item(f"{before}{each.words}", people[who][1], "" if each.since == number else each.since)
        for who, each in of_people(kept, people)
    ]


def _light(beats: Sequence[LightBeat]) -> tuple[Item, ...]:
    """How the scene is lit, beat by beat; what nobody said is not in it."""
    said = [Item(each.level, since=each.since) for each in beats if each.level != "unknown"]
    return tuple(said[:ITEMS_MAX])


def _season(heading: str) -> str:
    return next((name for name, pattern in _SEASON if pattern.search(heading.upper())), "")


def _synopsis(found: Breakdown) -> str:
    """The first words of action, as they stand."""
    first = next((" ".join(action.text.split()) for action in found.actions if action.text.strip()), "")
    if len(first) <= SYNOPSIS_CHARS_MAX:
        return first
    return f"{first[: SYNOPSIS_CHARS_MAX - 1].rsplit(' ', 1)[0]}…"
