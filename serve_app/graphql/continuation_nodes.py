"""Segments and the Scene Bible as the surface shows them.

The invariant: a segment and a bible are read from the rows the owner wrote. A version nobody has needed yet has no row:
it is worked out from the same projections by the same function, and says so (`stored: false`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from actors.scene.bible import bible_id, names_from, read, sha256_of
from actors.views import BibleView, SceneView, SegmentView
from actors.workflow.carry import Given
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import described
from serve_app.graphql.scene_nodes import Take, when
from storage.ledger.protocol import View


@strawberry.type(description="What one continuation appended to its scene: words, and the take that shows them.")
class Segment:
    row: strawberry.Private[View]
    view: strawberry.Private[SegmentView]

    @classmethod
    def of(cls, row: View) -> Segment:
        return cls(row=row, view=SegmentView.from_blob(row.body or b""))

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.view.id)

    @strawberry.field
    def scene_id(self) -> strawberry.ID:
        return strawberry.ID(self.view.scene)

    @strawberry.field
    def job_id(self) -> strawberry.ID:
        return strawberry.ID(self.view.job)

    @described("From 0, in the order they were appended.")
    def index(self) -> int:
        return self.view.index

    @described("As it was appended; the script may have been edited since.")
    def text(self) -> str:
        return self.view.text

    @described("Quoted from the text: what the next continuations are told of it.")
    def summary(self) -> str:
        return self.view.summary

    @strawberry.field
    def duration_s(self) -> float:
        return self.view.duration_s

    @described("The Scene Bible's version from this segment on.")
    def bible_version(self) -> int:
        return self.view.bible_version

    @strawberry.field
    async def take(self, info: Info) -> Take | None:
        row = await info.context.loaders.one.load(("take", self.row.home, self.view.take))
        return Take.of(row, info.context) if row is not None and row.body is not None else None

    @strawberry.field
    def created_at(self) -> datetime:
        return when(self.view.created_at_ms)


@strawberry.type(description="Somebody of a scene, and how the text describes them.")
class BiblePerson:
    id: strawberry.ID
    name: str
    looks: list[str]


@strawberry.type(description="Something the text tells, with the words it is told in.")
class BibleFact:
    entity: str
    attribute: str
    value: str
    confidence: float
    quote: str


@strawberry.type(description="What holds of a scene at one version. Each take of the scene makes a new version.")
class SceneBible:
    scene_id: strawberry.ID
    version: int
    heading: str
    place: str
    interior: bool
    time_of_day: str
    weather: str | None
    cast: list[BiblePerson]
    props: list[str]
    facts: list[BibleFact]
    carried: list[str] = strawberry.field(
        description="What the scenes before leave this one: what people have on them first."
    )
    sha256: str
    stored: bool = strawberry.field(description="false: of the text as it is now; this version is not written yet.")
    created_at: datetime | None

    @classmethod
    def of(cls, bible: Mapping[str, Any], sha256: str, created_at: datetime | None) -> SceneBible:
        return cls(
            scene_id=strawberry.ID(bible["sceneId"]),
            version=bible["version"],
            heading=bible["heading"],
            place=bible["place"],
            interior=bible["interior"],
            time_of_day=bible["timeOfDay"],
            weather=bible["weather"],
            cast=[BiblePerson(id=strawberry.ID(p["id"]), name=p["name"], looks=p["looks"]) for p in bible["cast"]],
            props=list(bible["props"]),
            facts=[BibleFact(**fact) for fact in bible["facts"]],
            carried=list(bible["carried"]),
            sha256=sha256,
            stored=created_at is not None,
            created_at=created_at,
        )


async def bible_of(context: Context, home: str, scene: SceneView, version: int | None) -> SceneBible | None:
    """At a version, None: the current one. None: the scene never had that version, or it was not written."""
    asked = scene.bible_version if version is None else version
    row = await context.ports.reader.view("scene_bible", bible_id(scene.id, asked))
    if row is not None and row.body is not None:
        view = BibleView.from_blob(row.body)
        return SceneBible.of(view.bible, view.sha256, when(view.created_at_ms))
    if asked != scene.bible_version:
        return None
    found = await context.project(home)
    entering = await context.loaders.entering.load((home, scene.id))
    given, hour = (entering.given, entering.hour) if entering is not None else (Given(), None)
    names = names_from(found[1].cast if found else (), found[1].aliases if found else {})
    now = await asyncio.to_thread(read, scene.id, scene.script, names, hour, given)
    whole = {**now.bible, "version": asked}
    return SceneBible.of(whole, sha256_of(whole), None)


async def segments_of(context: Context, home: str, scene: str) -> list[Segment]:
    rows = await context.loaders.children.load(("segment", home, scene))
    return [Segment.of(row) for row in rows if row.body is not None]
