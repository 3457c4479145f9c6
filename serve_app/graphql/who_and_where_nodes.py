"""Nodes of who is in a story and where it plays: what `who_and_where` answers with.

The invariant: each entry read from a script quotes it, what people set is told apart from what was read, and a picture
is a signed address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import strawberry

from actors.continuity import facts as read
from actors.continuity.people_known import PersonScene
from actors.continuity.places_known import Place, PlaceScene
from actors.continuity.places_seen import Likeness, SeenIn, light_of, likenesses, palette_of, seen_in
from actors.views import TakeView
from serve_app.graphql.ports import SignMedia
from serve_app.graphql.scene_nodes import Evidence


@strawberry.type(description="Something a script says, with its words.")
class ToldWords:
    attribute: str
    value: str
    confidence: float
    evidence: Evidence


@strawberry.type(description="`low` to `high` years; `counted`: of them, passed since the words were said.")
class ToldAge:
    low: int
    high: int
    counted: int
    evidence: Evidence


@strawberry.type(description="How somebody sounds, as people set it.")
class SetVoiceNode:
    timbre: str
    accent: str
    pace: str
    sample_url: str | None
    sample_key: str | None


@strawberry.type
class PersonInScene:
    scene_id: strawberry.ID
    number: str
    age: ToldAge | None
    expressions: list[ToldWords]
    voice: list[ToldWords] = strawberry.field(description="How their lines are said here.")


@strawberry.type(description="A picture of a film that may stand for them. Nobody looked for a face in it.")
class ReferenceFrame:
    url: str
    scene_id: strawberry.ID
    why: str


@strawberry.type(description="`castId` is null for whom no cast list has.")
class StoryPerson:
    key: str
    name: str
    cast_id: strawberry.ID | None
    portrait_url: str | None
    looks: list[ToldWords]
    told_voice: list[ToldWords]
    set_voice: SetVoiceNode | None
    appearances: list[PersonInScene]
    best_frame: ReferenceFrame | None


@strawberry.type(description="From its evidence on. `since`: the scene it is carried from; null: this scene says so.")
class LightState:
    level: str = strawberry.field(description="daylight, twilight, night, lit, dim, candle, dark, unknown.")
    evidence: Evidence
    since: str | None


@strawberry.type
class LyingThing:
    thing: str
    where: str
    since: str
    evidence: Evidence


@strawberry.type
class Swatch:
    colour: str
    share: float


@strawberry.type(description="What a film shows of a place. `far`: unlike the others of its light; a note, no finding.")
class PlacePicture:
    url: str
    take_id: strawberry.ID
    palette: list[Swatch]
    compared: int
    likeness: float | None
    far: bool


@strawberry.type
class PlaceInScene:
    scene_id: strawberry.ID
    number: str
    story_day: str | None
    time_of_day: str | None
    light: list[LightState]
    lies: list[LyingThing]
    picture: PlacePicture | None


@strawberry.type
class StoryPlace:
    key: str
    name: str
    features: list[ToldWords]
    relations: list[StoryRelation]
    palette: list[Swatch]
    visits: list[PlaceInScene]


@strawberry.type(description="`thing` stands `relation` of `other`.")
class StoryRelation:
    thing: str
    relation: str
    other: str
    evidence: Evidence


def voice_node(voice: Mapping[str, str], sign: SignMedia) -> SetVoiceNode:
    key = voice.get("key")
    return SetVoiceNode(
        timbre=voice.get("timbre", ""),
        accent=voice.get("accent", ""),
        pace=voice.get("pace", ""),
        sample_url=sign(key) if key else None,
        sample_key=key,
    )


def person_scene(scene: PersonScene) -> PersonInScene:
    age = scene.age
    return PersonInScene(
        scene_id=strawberry.ID(scene.scene),
        number=scene.number,
        age=ToldAge(low=age.low, high=age.high, counted=age.counted, evidence=_evidence(age.evidence)) if age else None,
        expressions=words_of(scene.expressions),
        voice=words_of(scene.voice),
    )


def place_node(place: Place, takes: Mapping[str, TakeView], sign: SignMedia) -> StoryPlace:
    seen = [_seen(scene, takes[scene.scene]) for scene in place.scenes if scene.scene in takes]
    shown = [each for each in seen if each is not None]
    like = likenesses(shown)
    by_scene = {each.scene: each for each in shown}
    return StoryPlace(
        key=place.key,
        name=place.name,
        features=words_of(place.features.values()),
        relations=[
            StoryRelation(thing=f.entity, relation=f.attribute, other=f.value, evidence=_evidence(f.evidence))
            for f in place.relations.values()
        ],
        palette=_swatches(palette_of(shown)),
        visits=[
            _place_scene(each, takes.get(each.scene), by_scene.get(each.scene), like.get(each.scene), sign)
            for each in place.scenes
        ],
    )


def _seen(scene: PlaceScene, take: TakeView) -> SeenIn | None:
    return seen_in(scene.scene, take.id, take.seen, light_of(scene.time))


def _place_scene(
    scene: PlaceScene, take: TakeView | None, seen: SeenIn | None, like: Likeness | None, sign: SignMedia
) -> PlaceInScene:
    picture = None
    if take is not None:
        picture = PlacePicture(
            url=sign(take.thumbnail_key),
            take_id=strawberry.ID(take.id),
            palette=_swatches(seen.palette if seen is not None else ()),
            compared=like.others if like is not None else 0,
            likeness=None if like is None or like.cosine is None else round(like.cosine, 3),
            far=like is not None and like.far,
        )
    return PlaceInScene(
        scene_id=strawberry.ID(scene.scene),
        number=scene.number,
        story_day=scene.day or None,
        time_of_day=scene.time,
        light=[
            LightState(level=beat.level, evidence=_evidence(beat.evidence), since=beat.since or None)
            for beat in scene.light
        ],
        lies=[
            LyingThing(thing=each.thing, where=each.where, since=each.since, evidence=_evidence(each.evidence))
            for each in scene.things
        ],
        picture=picture,
    )


def words_of(facts: Iterable[read.Fact]) -> list[ToldWords]:
    return [
        ToldWords(attribute=f.attribute, value=f.value, confidence=f.confidence, evidence=_evidence(f.evidence))
        for f in facts
    ]


def _evidence(found: read.Evidence) -> Evidence:
    return Evidence(scene_id=strawberry.ID(found.scene_id), start=found.start, end=found.end, text=found.text)


def _swatches(colours: Iterable[tuple[str, float]]) -> list[Swatch]:
    return [Swatch(colour=colour, share=share) for colour, share in colours]
