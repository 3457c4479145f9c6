"""What a scene is given by those before it: words for its prompt and for people, and the weather it opens in.

The invariant: a pure fold of contributions of *earlier* scenes, so a scene that was worked out a moment ago counts from
the next request on, and one still being worked out does not yet. Only what concerns the people, things and place of
this scene is carried, the surest first, each note with the scene it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from actors.continuity.clock import UNBROKEN
from actors.continuity.rules import Known, Names
from actors.continuity.seen import Look
from actors.screenplay.breakdown import breakdown
from actors.screenplay.heading import Relation
from actors.screenplay.names import name_key
from actors.workflow.rows import Data, RowKind
from actors.workflow.story import World, fold_relations, in_order, names_in, ranks, world_after
from actors.workflow.weather import weather_in
from gpu.video.protocol import Weather

NOTES_MAX = 16
"""Notes carried into one scene. More: the prompt is about what was, not what is."""

NOTE_CONFIDENCE_MIN = 0.4
"""Less sure is not told to a prompt; lists show it."""

SCENES_BACK_MAX = 200
"""Earlier scenes looked at. A feature has 120; past it only the nearest count."""

RELATIONS_MAX, RECALLED_MAX = 4, 2

Stored = Mapping[RowKind, Mapping[str, Data]]


@dataclass(frozen=True, slots=True)
class Carried:
    words: str
    confidence: float
    scene: str  # whose words, or whose workflow, says so
    section: str = ""  # of `actors.scene.injection.SECTIONS`
    about: str = ""  # the thing whose holder it tells, "": it tells of none
    left_out: bool = False  # by a person: shown, and told to nobody who writes


@dataclass(frozen=True, slots=True)
class Here:
    """What the scene itself names: people and things by key, its place, and how it follows on the one before."""

    people: frozenset[str]
    things: frozenset[str]
    place: str
    relation: Relation | None
    weather_told: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What a scene's prompt is given by the scenes before; `weather`: the scene opens in it and tells none itself."""

    notes: tuple[Carried, ...] = ()
    weather: Weather | None = None
    looks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of people the scene does not introduce
    shot: Look | None = None  # of the film before, where the scene goes on from it without a break
    so_far: tuple[str, ...] = ()  # quoted from the scenes before, for writers that read prose: never a fact


def give(scene: str, script: str, project: Data, rows: Stored, faded: Mapping[str, float]) -> Given:
    """Pure and heavy (it reads up to `SCENES_BACK_MAX` scenes): for a thread."""
    if not any(rows.values()):
        return Given()
    here = here_of(script, known_cast(project))
    notes = carried(scene, here, project, rows, faded)
    return Given(notes, weather_for(here, opening(scene, project, rows)))


def here_of(script: str, cast: list[Known]) -> Here:
    names = Names(cast)
    found = breakdown(script, (s for each in cast for s in (each.name, *each.aliases)))
    people = {name_key(names.find_person(person.key) or person.key) for person in found.cast}
    place = name_key(found.place) if found.place else ""
    told = weather_in(script, found.actions) is not None
    return Here(frozenset(people), frozenset(prop.name for prop in found.props), place, found.relation, told)


def known_cast(project: Data) -> list[Known]:
    return [Known(each["name"], tuple(each["aliases"])) for each in project["cast"]]


def carried(scene: str, here: Here, project: Data, rows: Stored, faded: Mapping[str, float]) -> tuple[Carried, ...]:
    """Notes for a scene, the surest first."""
    rank = ranks(project)
    at = rank.get(scene, 0)
    near = {kind: _before(kept, rank, at) for kind, kept in rows.items()}
    notes = [
        *_things(near[RowKind.WORLD], rank, scene, here),
        *_heard(near[RowKind.KNOWLEDGE], rank, here),
        *_ties(near[RowKind.RELATIONS], rank, here, faded),
        *_recalled(near[RowKind.NARRATIVE], rank, here),
    ]
    sure = [note for note in notes if note.confidence >= NOTE_CONFIDENCE_MIN]
    return tuple(sorted(sure, key=lambda note: (-note.confidence, note.words)))[:NOTES_MAX]


def opening(scene: str, project: Data, rows: Stored) -> World | None:
    """The world a scene opens in."""
    rank = ranks(project)
    return world_after(_before(rows[RowKind.WORLD], rank, rank.get(scene, 0)), rank, scene, before=True)


def weather_for(here: Here, world: World | None) -> Weather | None:
    """The weather of the scene before, where this one tells none and goes on without a break or in the same place."""
    if (
        world is None
        or here.weather_told
        or not (here.relation in UNBROKEN or (here.place and here.place == world.place))
    ):
        return None
    return world.weather


def _before(rows: Mapping[str, Data], rank: Mapping[str, int], at: int) -> dict[str, Data]:
    return {s: rows[s] for s in rows if s in rank and max(0, at - SCENES_BACK_MAX) <= rank[s] < at}


def _things(world: Mapping[str, Data], rank: Mapping[str, int], scene: str, here: Here) -> Iterator[Carried]:
    state = world_after(world, rank, scene, before=True)
    for thing, told in state.things.items() if state is not None else ():
        if told["holder"] in here.people:
            words = f"{told['holder_name']} still has the {thing}"
            yield Carried(words, told["confidence"], told["scene"], about=thing)
        elif thing in here.things and told["holder"]:
            words = f"the {thing} was last with {told['holder_name']}"
            yield Carried(words, told["confidence"], told["scene"], about=thing)


def _heard(knowledge: Mapping[str, Data], rank: Mapping[str, int], here: Here) -> Iterator[Carried]:
    for scene, data in in_order(knowledge, rank):
        for edge in data["edges"]:
            if edge["who"] in here.people or edge["who"] == f"@{here.place}":
                yield Carried(edge["words"].rstrip("."), edge["confidence"], scene)


def _ties(
    relations: Mapping[str, Data], rank: Mapping[str, int], here: Here, faded: Mapping[str, float]
) -> Iterator[Carried]:
    names, told = names_in(relations), 0
    for tie in fold_relations(relations, rank, faded, among=here.people):
        if told < RELATIONS_MAX:
            told += 1
            one, two = names.get(tie.one, tie.one), names.get(tie.two, tie.two)
            met = f"{one} and {two} have met (tie {tie.strength:g})"
            never = f"{one} and {two} have not met, but share others (tie {tie.strength:g})"
            yield Carried(never if tie.hops else met, tie.confidence, tie.scenes[0])


def _recalled(narrative: Mapping[str, Data], rank: Mapping[str, int], here: Here) -> Iterator[Carried]:
    """The nearest scenes before that share somebody or the place."""
    told = 0
    for scene, node in reversed(in_order(narrative, rank)):
        if here.people & set(node["people"]) or (here.place and here.place == node["place"]):
            told += 1
            yield Carried(f"before this: {node['gist']}", 0.9, scene)
        if told == RECALLED_MAX:
            return
