"""How far a change reaches: which films are not, or would not be, what would be made of their scenes.

The invariant: staleness is a comparison of two requests of the same making: the one a film was made with (its row) and
the one its scene would be asked with (the owner's answer); nothing is guessed. Filming them again is an order of its
own (`serve_app.graphql.repair_operations`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError

from actors.commands import Answer, AskRadius
from actors.project.styles import SCENES_READ_MAX
from actors.scene.radius import differing, parts_of
from actors.views import EnhancementView, JobView, SceneView, TakeView
from gpu.enhance.grammar import WRITER_NAME
from serve_app.graphql.context import Context, Info, not_found
from serve_app.graphql.described import described
from serve_app.graphql.sending import send
from storage.ledger.protocol import View

WHY = {
    "words": "its words",
    "hour": "its hour",
    "weather": "its weather",
    "cast": "who is in it",
    "looks": "how somebody looks",
    "before": "what came before",
    "light": "how the film before it ends",
    "beat": "its beat of the story",
    "brain": "its brain",
    "style": "what its brain says",
    "so_far": "the story so far",
    "portrait": "a reference picture",
}

_RADIUS = "What films would be made with now is compared with what they were made with; nothing is changed."
_CHANGE = "Null: nothing changes, what is stale now is told."


@strawberry.input(description="A fact as `setFact` takes it; `holds` false: it is taken back.")
class BlastFact:
    scene_id: strawberry.ID
    entity: str
    attribute: str
    value: str | None = None
    quote: str | None = None
    holds: bool = True

    def to_dict(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("entity", "attribute", "holds")}
        return {"scene": str(self.scene_id), **named, "value": self.value or "", "quote": self.quote or ""}


@strawberry.input(description="Changes that are thought of: a scene's text, a name, a picture, a fact, the look.")
class BlastChange:
    scene_id: strawberry.ID | None = None
    text: str | None = strawberry.field(default=None, description="The whole script `sceneId` would have.")
    cast_id: strawberry.ID | None = None
    name: str | None = strawberry.field(default=None, description="Of `castId`; null: they leave the cast.")
    portrait_of: strawberry.ID | None = strawberry.field(default=None, description="Whose reference picture changes.")
    brain: str | None = strawberry.field(default=None, description="The project's.")
    format: str | None = strawberry.field(default=None, description="The project's.")
    fact: BlastFact | None = strawberry.field(default=None, description="Set by hand.")


@strawberry.type(description="A scene whose newest film is not what would be made of it.")
class StaleScene:
    scene_id: strawberry.ID
    heading: str
    take_id: strawberry.ID
    job_id: strawberry.ID
    reasons: list[str] = strawberry.field(description="In words, what differs.")
    already: bool = strawberry.field(description="It is stale as things are, whatever this change does.")
    panels: int = strawberry.field(description="Frames of its board, which are stale with it.")
    cost: float | None = strawberry.field(description="Of filming it again, as it was estimated; null: nobody said.")
    unit: str | None
    work_s: float | None


@strawberry.type(description="What it costs to film them all again, in one unit.")
class RepairCost:
    amount: float
    unit: str


@strawberry.type
class BlastRadius:
    scenes: list[StaleScene] = strawberry.field(description="In story order.")
    takes: int
    panels: int
    costs: list[RepairCost]
    work_s: float


@dataclass(frozen=True, slots=True)
class Made:
    """The newest film of a scene that was made of its whole script."""

    take: TakeView
    job: JobView
    enhanced: EnhancementView

    @property
    def told_so_far(self) -> bool:
        """Whether its words were written by somebody who was told the story before it."""
        return str(self.enhanced.enhanced.get("writer") or WRITER_NAME) != WRITER_NAME

    def entities(self) -> set[str]:
        return {str(each["entity_id"]) for each in self.enhanced.request.get("cast") or ()}


@strawberry.type
class RadiusQueries:
    @described("Which scenes, frames and takes a change makes stale, and what it costs to film them again. " + _RADIUS)
    async def blast_radius(
        self, info: Info, project_id: strawberry.ID, change: BlastChange | None = None
    ) -> BlastRadius:
        context, home = info.context, str(project_id)
        if await context.project(home) is None:
            raise not_found("project", home)
        rows = await context.ports.reader.views("scene", home=home, limit=SCENES_READ_MAX)
        scenes = [SceneView.from_blob(row.body) for row in rows if row.body is not None]
        if not scenes:
            return _sum([])
        made = await _made(context, home, scenes)
        so_far = any(each.told_so_far for each in made.values())
        told = await _ask(context, home, scenes, change or BlastChange(), so_far)
        stale = [_stale(scene, made[scene.id], told, change) for scene in scenes if scene.id in made]
        return _sum([each for each in stale if each is not None])


async def _ask(
    context: Context, home: str, scenes: Sequence[SceneView], change: BlastChange, so_far: bool
) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Of whoever holds the project. Raises `GraphQLError` with the code of a refusal."""
    at = str(change.scene_id) if change.scene_id is not None else scenes[0].id
    if at not in {scene.id for scene in scenes}:
        raise not_found("scene", at)
    text = change.text if change.scene_id is not None else None
    fact = change.fact.to_dict() if change.fact is not None else None
    look = (change.brain or "", change.format or "")
    command = AskRadius(at, text, str(change.cast_id or ""), change.name or "", *look, fact, so_far)
    sent = await send(context, home, at, _hash(home, json.dumps(command.to_dict(), sort_keys=True)), command)
    if not isinstance(sent, Answer):
        raise GraphQLError(sent[0].message, extensions={"code": sent[0].code, "retryable": sent[0].code == "BUSY"})
    told: dict[str, dict[str, dict[str, str]]] = json.loads(sent.ids["radius"])
    return told


async def _made(context: Context, home: str, scenes: Sequence[SceneView]) -> dict[str, Made]:
    loaders = context.loaders
    takes = await asyncio.gather(*(loaders.newest.load(("take", home, scene.id)) for scene in scenes))
    found = await asyncio.gather(*(_newest(context, home, rows) for rows in takes))
    return {scene.id: made for scene, made in zip(scenes, found, strict=True) if made is not None}


async def _newest(context: Context, home: str, takes: Sequence[View]) -> Made | None:
    """A continuation's film is of its own words: the scene's is the newest of the others."""
    for row in takes:
        take = TakeView.from_blob(row.body or b"")
        job, words = await asyncio.gather(
            context.loaders.one.load(("job", home, take.job)), context.loaders.one.load(("enhancement", home, take.job))
        )
        if job is None or words is None or job.body is None or words.body is None:
            return None
        seen = JobView.from_blob(job.body)
        if seen.segment is None:
            return Made(take, seen, EnhancementView.from_blob(words.body))
    return None


def _stale(
    scene: SceneView,
    made: Made,
    told: Mapping[str, Mapping[str, Mapping[str, str]]],
    change: BlastChange | None,
) -> StaleScene | None:
    """None: its film is what would be made, or this change is nothing to it."""
    was, now = parts_of(made.enhanced.request), told["now"].get(scene.id)
    before = [] if now is None else differing(was, now, made.told_so_far)
    reasons = before
    if change is not None:
        then = told["after"].get(scene.id)
        reasons = [] if then is None else differing(was, then, made.told_so_far)
        if change.portrait_of is not None and str(change.portrait_of) in made.entities():
            reasons.append("portrait")
    if not reasons:
        return None
    price: Mapping[str, Any] = made.enhanced.estimates[0] if made.enhanced.estimates else {}
    return StaleScene(
        scene_id=strawberry.ID(scene.id),
        heading=scene.heading,
        take_id=strawberry.ID(made.take.id),
        job_id=strawberry.ID(made.job.id),
        reasons=[WHY[each] for each in reasons],
        already=bool(before),
        panels=len(made.job.panels),
        cost=price.get("cost"),
        unit=price.get("unit") or None,
        work_s=price.get("work_s") or None,
    )


def _sum(stale: list[StaleScene]) -> BlastRadius:
    costs: dict[str, float] = defaultdict(float)
    for each in stale:
        if each.cost is not None and each.unit is not None:
            costs[each.unit] += each.cost
    return BlastRadius(
        scenes=stale,
        takes=len(stale),
        panels=sum(each.panels for each in stale),
        costs=[RepairCost(amount=round(amount, 6), unit=unit) for unit, amount in sorted(costs.items())],
        work_s=round(sum(each.work_s or 0.0 for each in stale), 3),
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
