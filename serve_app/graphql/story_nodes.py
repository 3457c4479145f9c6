"""What follows from scenes beyond themselves, as the surface shows it: workflows, the world, relations, knowledge.

The invariant: read from committed rows with the same folds the actors use (`actors.workflow.story`), so a partner and a
prompt are told the same; no actor is woken. Everything that is a conclusion carries where it comes from and how sure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import strawberry

from actors.graphs.parts import node_id
from actors.scene.injection import shot_told
from actors.views import SceneView
from actors.workflow.carry import Carried, Given, opening
from actors.workflow.checkpoint import COMPLETE, PENDING, PROCESSING
from actors.workflow.rows import Data, RowKind
from actors.workflow.steps import SPECS, Step
from actors.workflow.story import World, ranks, world_after
from actors.workflow.views import MeanwhileView, WorkflowView
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import described
from serve_app.graphql.entrances import project_data, stored
from serve_app.graphql.enums import StepState, WorkflowState
from serve_app.graphql.scene_nodes import when
from storage.codec import decode
from storage.graphs.rows import GRAPH_NODE, Node, NodeLabel, node_of, row_id
from storage.ledger.protocol import Event, View

AS_OF_ROWS_MAX = 5_000
"""Rows of a project's log looked at for a past world; an older one is not found."""

SAID = {
    "RUNNING": "What follows from this scene is being worked out.",
    "COMPLETE": "Everything that follows from this scene is worked out.",
    "FAILED": "Working out what follows from this scene failed; it can be tried again.",
    "SUPERSEDED": "A newer exit of this scene took its place.",
}


@strawberry.type(description="One step of what is worked out after a scene was left.")
class WorkflowStep:
    name: str
    words: str = strawberry.field(description="What it does, for people.")
    state: StepState
    tries: int
    error: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> WorkflowStep:
        error = data.get("error")
        known = next((step for step in Step if step.value == data["name"]), None)
        return cls(
            name=str(data["name"]),
            words=SPECS[known].words if known else str(data["name"]),
            state=StepState.__members__.get(str(data["state"]), StepState.WAITING),
            tries=int(data["tries"]),
            error=f"{error['code']}: {error['message']}" if error else None,
        )


@strawberry.type(description="What follows from a scene beyond itself, worked out after its exit; nobody waits for it.")
class Workflow:
    id: strawberry.ID
    scene_id: strawberry.ID
    state: WorkflowState
    message: str
    cause: str = strawberry.field(description="locked; left: nobody was in it any more; continued: by new words.")
    started_at: datetime
    deferred_status: str = strawberry.field(description="Of the exit's checkpoint: pending, processing, complete.")
    stale: bool = strawberry.field(description="The scene's words are not those it was left with.")
    steps: list[WorkflowStep]

    @classmethod
    def of(cls, row: View, scene: SceneView) -> Workflow:
        view = WorkflowView.from_blob(row.body or b"")
        begun = any(step["state"] == "DONE" for step in view.steps)
        status = COMPLETE if view.state == "COMPLETE" else PROCESSING if begun else PENDING
        return cls(
            id=strawberry.ID(view.id),
            scene_id=strawberry.ID(view.scene),
            state=WorkflowState.__members__.get(view.state, WorkflowState.RUNNING),
            message=SAID.get(view.state, view.state),
            cause=view.cause,
            started_at=when(view.started_at_ms),
            deferred_status=status,
            stale=digest(scene.script) != view.script_sha256,
            steps=[WorkflowStep.of(step) for step in view.steps],
        )


@strawberry.type(description="A thing of the story as it was last seen.")
class Thing:
    name: str
    holder: str | None = strawberry.field(description="Who has it; null: nobody.")
    place: str | None
    scene_id: strawberry.ID
    confidence: float


@strawberry.type(description="What a film showed of the world: beside what scripts tell, never over it.")
class WorldSeen:
    of: strawberry.ID = strawberry.field(description="Whom or what of: `character:anna`, `entity:lantern`, or a scene.")
    attribute: str
    value: str
    confidence: float
    scene_id: strawberry.ID = strawberry.field(description="Whose film.")
    take_id: strawberry.ID
    observation: str
    video: str


@strawberry.type(description="The world at one moment of the story.")
class WorldState:
    nodes: strawberry.Private[tuple[str, tuple[str, ...]]]  # project, ids of the graph; none of a past world
    scene_id: strawberry.ID
    at_end: bool = strawberry.field(description="As this scene leaves it; false: as those before leave it to this one.")
    of_scene_id: strawberry.ID = strawberry.field(description="The last scene that told of it.")
    hour: str | None
    weather: str | None
    place: str | None
    people: list[str]
    things: list[Thing]
    settled: bool = strawberry.field(description="Everything that follows from that scene has been worked out.")

    @described("What films showed of its people, its things and its scene, with observation and video.")
    async def seen(self, info: Info) -> list[WorldSeen]:
        home, ids = self.nodes
        rows = await info.context.loaders.one.load_many([(GRAPH_NODE, home, row_id(home, id)) for id in ids])
        found = (node_of(row.body) for row in rows if row is not None and row.body is not None)
        return [each for node in found for each in _seen_of(node)]

    @classmethod
    def of(cls, home: str, scene: str, world: World, at_end: bool, settled: bool, *, now: bool) -> WorldState:
        people = (node_id(NodeLabel.CHARACTER, key) for key in world.people)
        things = (node_id(NodeLabel.ENTITY, name) for name in world.things)
        return cls(
            nodes=(home, (world.scene, *people, *things) if now else ()),
            scene_id=strawberry.ID(scene),
            at_end=at_end,
            of_scene_id=strawberry.ID(world.scene),
            hour=world.hour,
            weather=world.weather,
            place=world.place_name or None,
            people=list(world.people.values()),
            things=[
                Thing(
                    name=name,
                    holder=told["holder_name"] or None,
                    place=told["place_name"] or None,
                    scene_id=strawberry.ID(told["scene"]),
                    confidence=told["confidence"],
                )
                for name, told in sorted(world.things.items())
            ],
            settled=settled,
        )


@strawberry.type(description="A tie between two people of the story, summed over its scenes.")
class Relation:
    people: list[str]
    strength: float
    confidence: float
    hops: int = strawberry.field(description="0: they met; more: only through so many others.")
    scene_ids: list[strawberry.ID] = strawberry.field(description="The latest scenes that made it.")


@strawberry.type(description="Something a scene is given by those before it.")
class CarriedNote:
    words: str
    confidence: float
    scene_id: strawberry.ID = strawberry.field(description="The scene it comes from.")
    section: str = strawberry.field(
        description="What of: wounds, clothes, hands, identity, shot (how the film before ends), before (by workflows)."
    )
    left_out: bool = strawberry.field(description="A person keeps it out of the scene's prompt.")

    @classmethod
    def of(cls, note: Carried) -> CarriedNote:
        return cls(
            words=note.words,
            confidence=note.confidence,
            scene_id=strawberry.ID(note.scene),
            section=note.section,
            left_out=note.left_out,
        )


@strawberry.type(description="Something noted while nobody had the project open.")
class MeanwhileNote:
    id: strawberry.ID
    kind: str = strawberry.field(description="time, goal or balance.")
    words: str
    at: datetime
    source: str
    confidence: float
    scene_id: strawberry.ID | None

    @classmethod
    def of(cls, row: View) -> MeanwhileNote:
        view = MeanwhileView.from_blob(row.body or b"")
        return cls(
            id=strawberry.ID(view.id),
            kind=view.kind,
            words=view.words,
            at=when(view.at_ms),
            source=view.source,
            confidence=view.confidence,
            scene_id=strawberry.ID(view.scene) if view.scene else None,
        )


def digest(script: str) -> str:
    return hashlib.sha256(script.encode("utf-8", "surrogatepass")).hexdigest()


async def workflow_of(context: Context, scene: SceneView) -> Workflow | None:
    """The newest of a scene."""
    rows = await context.loaders.newest.load(("workflow", scene.project, scene.id))
    return Workflow.of(rows[0], scene) if rows else None


@strawberry.type(description="The end of the film that this scene goes on from without a break, in the same place.")
class ShotBefore:
    scene_id: strawberry.ID
    take_id: strawberry.ID
    sheet_url: str = strawberry.field(description="A contact sheet of that film, by a signed address.")
    light: str = strawberry.field(description="Light and colours in words, as the prompt is told them.")
    colours: list[str] = strawberry.field(description="As #rrggbb, the most of it first.")
    left_out: bool = strawberry.field(description="A person keeps it out of the scene's generation.")

    @classmethod
    def of(cls, given: Given, context: Context) -> ShotBefore | None:
        shot = given.shot
        if shot is None:
            return None
        return cls(
            scene_id=strawberry.ID(shot.scene),
            take_id=strawberry.ID(shot.take),
            sheet_url=context.ports.sign_media(shot.key),
            light=shot.light,
            colours=list(shot.colours),
            left_out=shot_told(given) is None,
        )


async def shot_before_of(context: Context, home: str, scene: SceneView) -> ShotBefore | None:
    """What the next generation goes on from, or would, if a person had not left it out."""
    entering = await context.loaders.entering.load((home, scene.id))
    return ShotBefore.of(entering.given, context) if entering is not None else None


async def carried_into(context: Context, home: str, scene: SceneView) -> list[CarriedNote]:
    entering = await context.loaders.entering.load((home, scene.id))
    return [CarriedNote.of(note) for note in entering.given.notes] if entering is not None else []


async def world_of(context: Context, home: str, scene: str, as_of: int | None) -> WorldState | None:
    """At the end of a scene that was left; else as the scenes before leave it to it. None: nothing is known."""
    reader = context.ports.reader
    project = await project_data(reader, home)
    rows = await stored(reader, home, RowKind.WORLD, RowKind.CHECKPOINT)
    if as_of is not None:
        rows = {**rows, RowKind.WORLD: await _worlds_as_of(context, home, as_of)}
    at_end = scene in rows[RowKind.WORLD]
    world = world_after(rows[RowKind.WORLD], ranks(project), scene) if at_end else opening(scene, project, rows)
    if world is None:
        return None
    kept = rows[RowKind.CHECKPOINT].get(world.scene, {})
    settled = kept.get("deferred_status") == COMPLETE
    return WorldState.of(home, scene, world, at_end, settled, now=as_of is None)


def _seen_of(node: Node) -> Iterator[WorldSeen]:
    state = json.loads(node.state)
    film = state.get("seen") or state.get("observed") or {}
    for attribute, (value, confidence, observation) in film.get("facts", {}).items():
        yield WorldSeen(
            of=strawberry.ID(node.id),
            attribute=attribute,
            value=str(value),
            confidence=confidence,
            scene_id=strawberry.ID(film.get("scene", node.id)),
            take_id=strawberry.ID(film["take"]),
            observation=observation,
            video=film["video"],
        )


async def _worlds_as_of(context: Context, home: str, as_of: int) -> dict[str, Data]:
    """What scenes had contributed when the log stood at a sequence."""
    found: dict[str, Data] = {}
    before, looked = as_of + 1, 0
    while looked < AS_OF_ROWS_MAX:
        page: list[Event] = await context.ports.reader.read_back(home, before=before, scene=None, limit=500)
        for row in page:
            if row.type == SPECS[Step.WORLD].event and row.scene and row.scene not in found:
                found[row.scene] = decode(row.body)["row"]
        looked += len(page)
        if len(page) < 500:
            break
        before = page[-1].seq
    return found
