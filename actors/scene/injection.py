"""What comes into a scene from those before it, put before whoever writes its prompt.

The invariant: a pure fold over what continuity has read of the earlier scenes and over what their workflows left, so
every note stands on words somebody wrote. `SECTIONS` is the list of what is looked for, the most telling first, each
with its budget; all of them share the budget of the prompt, and each note names the scene it comes from, for review.
A dream brings and is brought nothing of what people have on them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from actors.continuity.identity_lines import identity_lines
from actors.continuity.keeping import CHANGED, Kept
from actors.continuity.rules import SceneView
from actors.continuity.rules.given import with_given
from actors.continuity.rules.telling import UNBROKEN
from actors.continuity.seen import Look
from actors.screenplay.breakdown import Appearance
from actors.screenplay.hands import ANYBODY, one_thing
from actors.screenplay.happenings import Happening
from actors.screenplay.names import name_key
from actors.screenplay.slots import described
from actors.workflow.carry import Carried, Given

NOTES_CHARS_MAX = 1_200
"""Of all notes of one prompt: about 300 tokens. Over: the least important are left off."""

LOOKS_MAX = 4
"""Words of one person's first description, in parts."""

DESCRIBED_WITHIN_CHARS = 160
CONFIDENCE = {"wounds": 0.8, "clothes": 0.8, "hands": 0.7, "shot": 0.9}
"""How sure a note is: of words, as of the facts of its kind (`actors.continuity.fold`); of what was measured, more."""

SHOT = "shot"

_CLOTHES = frozenset(("wears", "dons", "sheds", "changes"))
_THINGS = frozenset(("gains", "uses", "loses", "destroys"))

Heard = Sequence[tuple[SceneView, tuple[Happening, ...]]]
Looks = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Entrance:
    """What is known when a scene begins. `people`: who is in it, by key, as it writes them; `earlier`: story order;
    `moved`: by thing, the place in `earlier` of the last scene in whose words it changes hands; `carried`: what
    the workflows of earlier scenes leave; `shot`: how the film ends that this scene goes on from."""

    view: SceneView
    told: tuple[Happening, ...]
    earlier: Heard
    kept: Kept
    people: Mapping[str, str]
    moved: Mapping[str, int]
    carried: tuple[Carried, ...]
    shot: Look | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """`looks`: by scene, how its newest take ends; `left_out`: sections a person wants out of this scene's prompt;
    `goes_on`: what is asked for follows on the end of the scene itself."""

    looks: Mapping[str, Look] = field(default_factory=dict)
    left_out: Collection[str] = ()
    goes_on: bool = False


Reader = Callable[[Entrance], Iterable[Carried]]


@dataclass(frozen=True, slots=True)
class Section:
    """`chars_max`: of its notes in one prompt; over, its later ones are left off."""

    name: str
    chars_max: int
    read: Reader


def brought_into(scene: str, story: Heard, given: Given | None = None, wish: Wish | None = None) -> Given:
    """`given` with the looks of people the scene does not introduce and with the notes of every section, in order."""
    carried, wish = given or Given(), wish or Wish()
    looks: dict[str, tuple[str, ...]] = {}
    moved: dict[str, int] = {}
    kept = Kept()
    whole = with_given(story)
    for at, (view, told) in enumerate(whole):
        if view.day is not None:
            kept.enter(view.day)
        if view.id == scene:
            people = {view.premise.cast.person_key(p.name): p.name for p in view.breakdown.cast}
            shot = wish.looks.get(scene) if wish.goes_on else _shot_before(view, whole[:at], wish.looks)
            here = Entrance(view, told, whole[:at], kept, people, moved, carried.notes, shot)
            return replace(carried, looks=_looks(view, looks), notes=within_budget(here, wish.left_out), shot=shot)
        for person in view.breakdown.cast:
            if words := _introduced(view, person):
                looks.setdefault(view.premise.cast.person_key(person.name), words)
        if view.day is not None:
            kept.hear(told, view.id)
            moved |= {event.what: at for event in told if event.kind in _THINGS and event.what}
    return replace(carried, notes=_cut(carried.notes, NOTES_CHARS_MAX))


def within_budget(here: Entrance, left_out: Collection[str] = ()) -> tuple[Carried, ...]:
    """Each section within its own budget, and all within the prompt's; a note said twice is said once. What a person
    left out is listed and takes no room."""
    found: dict[str, Carried] = {}
    for section in SECTIONS:
        out = section.name in left_out
        for note in _cut(section.read(here), section.chars_max):
            found.setdefault(note.words, replace(note, section=section.name, left_out=out))
    return _cut(found.values(), NOTES_CHARS_MAX)


def merged(given: Given) -> tuple[str, ...]:
    """The notes as words for a prompt, but for the shot before, which has a slot of its own."""
    return tuple(note.words for note in given.notes if note.section != SHOT and not note.left_out)


def shot_told(given: Given) -> Look | None:
    """The shot before, where it found room and nobody left it out."""
    told = any(note.section == SHOT and not note.left_out for note in given.notes)
    return given.shot if told else None


def _cut(notes: Iterable[Carried], chars_max: int) -> tuple[Carried, ...]:
    found: list[Carried] = []
    for note in notes:
        chars_max -= 0 if note.left_out else len(note.words) + 2
        if chars_max < 0:
            break
        found.append(note)
    return tuple(found)


def _looks(view: SceneView, known: Mapping[str, tuple[str, ...]]) -> Looks:
    people = {p.key: view.premise.cast.person_key(p.name) for p in view.breakdown.cast if not _introduced(view, p)}
    return {key: known[who] for key, who in people.items() if who in known}


def _introduced(view: SceneView, person: Appearance) -> tuple[str, ...]:
    said = (t for s in person.introductions for t in described(view.script[s.end : s.end + DESCRIBED_WITHIN_CHARS]))
    return tuple(dict.fromkeys(said))[:LOOKS_MAX]


def _shot_before(view: SceneView, earlier: Heard, looks: Mapping[str, Look]) -> Look | None:
    """Of the scene right before, where this one says that it goes on without a break in the same place: a cut to
    another place or hour carries its people (`wounds`, `clothes`, `hands`, looks), not the light."""
    before = earlier[-1][0] if earlier else None
    if before is None or before.day is None or view.day is None or before.day.run != view.day.run:
        return None
    here, there = view.breakdown, before.breakdown
    same_place = here.place is not None and there.place is not None and name_key(here.place) == name_key(there.place)
    if not same_place or here.relation not in UNBROKEN or here.setting != there.setting:
        return None
    return looks.get(before.id)


# sections
def _shot(here: Entrance) -> Iterator[Carried]:
    if here.shot is not None:
        words = f"goes on from the shot before: {here.shot.light}"
        yield Carried(words, CONFIDENCE["shot"], here.shot.scene)


def _wounds(here: Entrance) -> Iterator[Carried]:
    for who, name in _awake(here):
        for wound in here.kept.hurt.get(who, {}).values():
            yield Carried(f"{name} is still hurt: {wound.words}", CONFIDENCE["wounds"], wound.since)


def _clothes(here: Entrance) -> Iterator[Carried]:
    dressed = {event.who for event in here.told if event.kind in _CLOTHES}
    for who, name in _awake(here):
        worn = [each for thing, each in here.kept.wears.get(who, {}).items() if thing != CHANGED]
        if worn and who not in dressed:
            words = f"{name} still wears: {', '.join(each.words for each in worn)}"
            yield Carried(words, CONFIDENCE["clothes"], worn[-1].since)


def _hands(here: Entrance) -> Iterator[Carried]:
    """What somebody took and has had since the story day began; nobody need have left a scene for it. Whoever only
    *uses* a thing (kicks the gate) may not have it in hand, so that is not told."""
    named = {one_thing(prop.name) for prop in here.view.breakdown.props}
    for who, things in here.kept.holds.items() if here.view.day is not None else ():
        for thing, held in things.items():
            if held.taken and who in here.people:
                words = f"{here.people[who]} still has the {held.words}"
                yield Carried(words, CONFIDENCE["hands"], held.since, about=thing)
            elif held.taken and thing in named and who != ANYBODY:
                last = here.view.premise.cast.find_person(who) or who.upper()
                yield Carried(f"the {held.words} was last with {last}", CONFIDENCE["hands"], held.since, about=thing)


def _identity(here: Entrance) -> Iterator[Carried]:
    for line in identity_lines(here.view, [view for view, _ in here.earlier], here.people):
        yield Carried(line.words, line.confidence, line.scene)


def _before(here: Entrance) -> Iterator[Carried]:
    """What workflows leave, but for things of which the words of the same or a later scene know better."""
    rank = {view.id: at for at, (view, _) in enumerate(here.earlier)}
    known = {note.about for note in _hands(here)}
    for note in here.carried:
        thing = one_thing(note.about) if note.about else ""
        if not thing or not (thing in known or here.moved.get(thing, -1) > rank.get(note.scene, -1)):
            yield note


def _awake(here: Entrance) -> Iterable[tuple[str, str]]:
    """Who comes in from the story's own days."""
    return here.people.items() if here.view.day is not None else ()


SECTIONS: tuple[Section, ...] = (
    Section("wounds", 300, _wounds),
    Section("clothes", 400, _clothes),
    Section("hands", 300, _hands),
    Section("identity", 300, _identity),
    Section(SHOT, 200, _shot),
    Section("before", NOTES_CHARS_MAX, _before),
)
"""In the order in which a prompt is told them. A section that finds nothing leaves its room to those after it."""
