"""Who is in a story and where it plays: identities of its people and environments of its places, as words and films
tell them, and as people set them.

The invariant: made of the projections when asked, by the folds of `actors.continuity`; each entry read from a script
quotes it, what people set is told apart from what was read, and a picture is a signed address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import strawberry

from actors.continuity.people_known import Person, people_of_story
from actors.continuity.places_known import Place, places_of
from actors.continuity.reads import reads_of
from actors.continuity.rules import Known, Names
from actors.screenplay.names import name_key
from actors.views import ProjectView, SceneView, TakeView
from serve_app.graphql.context import Context, Info, not_found
from serve_app.graphql.described import described
from serve_app.graphql.loaders import SCENES_MAX
from serve_app.graphql.ports import SignMedia
from serve_app.graphql.who_and_where_nodes import (
    ReferenceFrame,
    StoryPerson,
    StoryPlace,
    person_scene,
    place_node,
    voice_node,
    words_of,
)

TAKES_MAX = 2_000
"""Of a project, looked at for pictures. Over: the newest of a very long history may be missed."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the projections hold of a project."""

    project: ProjectView
    scripts: list[tuple[str, str]]
    takes: dict[str, TakeView]  # the newest of each scene


async def _told(context: Context, project: ProjectView) -> _Told:
    reader = context.ports.reader
    rows = await reader.views("scene", home=project.id, parent=project.id, limit=SCENES_MAX)
    taken = await reader.views("take", home=project.id, limit=TAKES_MAX, newest_first=True)
    newest: dict[str, TakeView] = {}
    for row in taken:
        take = TakeView.from_blob(row.body or b"")
        before = newest.get(take.scene)
        if before is None or take.created_at_ms >= before.created_at_ms:
            newest[take.scene] = take
    return _Told(project, [(row.id, SceneView.from_blob(row.body or b"").script) for row in rows], newest)


def _cast(project: ProjectView) -> list[Known]:
    return [Known(each["name"], tuple(project.aliases.get(each["id"], ()))) for each in project.cast]


def _people(told: _Told) -> tuple[Person, ...]:
    names, reads = reads_of(told.scripts, _cast(told.project))
    return people_of_story(reads, names)


def _places(told: _Told) -> tuple[Place, ...]:
    _, reads = reads_of(told.scripts, _cast(told.project))
    return places_of(reads, Names(Known(each["name"]) for each in told.project.places))


def best_frame(person: str, people: Sequence[Person], takes: Mapping[str, TakeView]) -> tuple[TakeView, str] | None:
    """The measured rule: of films of scenes they are in, first those with the fewest people, then the best scored, then
    the earliest in the story. Its still is the film's most telling frame (`gpu.media.poster`)."""
    crowd: dict[str, int] = {}
    for each in people:
        for scene in each.scenes:
            crowd[scene.scene] = crowd.get(scene.scene, 0) + 1
    mine = next((each.scenes for each in people if each.key == person), [])
    shown = [(at, scene) for at, scene in enumerate(mine) if scene.scene in takes]
    if not shown:
        return None
    _, best = min(shown, key=lambda s: (crowd[s[1].scene], -(takes[s[1].scene].quality_score or 0.0), s[0]))
    others = crowd[best.scene] - 1
    who = "alone" if not others else f"with {others} other{'s' if others > 1 else ''}"
    score = takes[best.scene].quality_score
    measured = "" if score is None else f", scored {score:.2f}"
    return takes[best.scene], f"The most telling frame of scene {best.number}'s film: {who} there{measured}."


@strawberry.type
class WhoAndWhereQueries:
    @described("Who everybody in the story is: looks, voice, age and expression by scene, as told and as set.")
    async def story_identity(self, info: Info, project_id: strawberry.ID) -> list[StoryPerson]:
        found = await info.context.project(project_id)
        if found is None:
            raise not_found("project", project_id)
        told = await _told(info.context, found[1])
        people = await asyncio.to_thread(_people, told)
        cast = {name_key(each["name"]): each["id"] for each in told.project.cast}
        sign = info.context.ports.sign_media
        return [_person(each, people, cast.get(each.key), told, sign) for each in people]

    @described("The story's places: light, things and where they stand by scene, from words; pictures from films.")
    async def environment(
        self, info: Info, project_id: strawberry.ID, scene_id: strawberry.ID | None = None
    ) -> list[StoryPlace]:
        found = await info.context.project(project_id)
        if found is None:
            raise not_found("project", project_id)
        told = await _told(info.context, found[1])
        places = await asyncio.to_thread(_places, told)
        wanted = [p for p in places if scene_id is None or any(s.scene == scene_id for s in p.scenes)]
        return [place_node(each, told.takes, info.context.ports.sign_media) for each in wanted]


def _person(person: Person, people: Sequence[Person], cast: str | None, told: _Told, sign: SignMedia) -> StoryPerson:
    project, key = told.project, told.project.portraits.get(cast or "")
    voice = project.voices.get(cast or "")
    frame = best_frame(person.key, people, told.takes)
    return StoryPerson(
        key=person.key,
        name=person.name,
        cast_id=strawberry.ID(cast) if cast is not None else None,
        portrait_url=sign(key) if key else None,
        looks=words_of(person.looks.values()),
        told_voice=words_of(person.voice.values()),
        set_voice=voice_node(voice, sign) if voice else None,
        appearances=[person_scene(each) for each in person.scenes],
        best_frame=ReferenceFrame(
            url=sign(frame[0].thumbnail_key), scene_id=strawberry.ID(frame[0].scene), why=frame[1]
        ) if frame else None,
    )  # fmt: skip
