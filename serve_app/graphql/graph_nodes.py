"""The story's graph as the surface shows it: answers of its calls, and what each edge rests on.

The invariant: read from the ledger's tables with the calls the actors use (`storage.graphs.calls`); no actor is woken.
A call out of bounds is refused with the argument's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import described
from serve_app.graphql.graph_evidence import GraphEvidence, bounded, evidence_of, node_key
from serve_app.graphql.graph_picture import GraphPicture
from serve_app.graphql.project_nodes import page_size
from storage.graphs import temporal
from storage.graphs.calls import (
    ROWS_MAX,
    AdjacentSettings,
    Call,
    CastSubgraph,
    Occurrence,
    Occurrences,
    ReachableScenes,
    ScenesNearby,
    SocialDistance,
    TensionPairs,
    TensionScenes,
    TrustToward,
    within,
)
from storage.graphs.rows import node_of, row_id

EVENTS_MAX = 8
"""Of a sequence: each is a question of its own."""


@strawberry.type(description="A tie from one character to another.")
class GraphTie:
    project: strawberry.Private[str]
    source: strawberry.ID
    target: strawberry.ID
    strength: float | None
    confidence: float | None
    trust_competence: float | None = strawberry.field(description="-1 to 1, as a person set it; null: nobody has.")
    trust_benevolence: float | None
    debt: float | None

    @described("What it rests on: spans of scripts, films, people.")
    async def evidence(self, info: Info) -> list[GraphEvidence]:
        return await evidence_of(info, self.project, "RELATES_TO", str(self.source), str(self.target))


@strawberry.type
class GraphPath:
    hops: int
    nodes: list[strawberry.ID]


@strawberry.type
class GraphTrust:
    source: strawberry.ID
    name: str
    trust_competence: float
    trust_benevolence: float


@strawberry.type
class GraphScene:
    scene_id: strawberry.ID
    name: str
    scene_type: str | None = None
    authored_mass: float | None = None
    hops: int | None = None
    tension_edges: int | None = None


@strawberry.type
class GraphSetting:
    id: strawberry.ID
    name: str
    traversal_cost: float | None


@strawberry.type
class GraphNearby:
    setting: strawberry.ID
    setting_name: str
    hops: int
    scene: GraphScene


@strawberry.type(description="Who distrusts whom, with how who does was left by the story.")
class GraphPair:
    source: strawberry.ID
    target: strawberry.ID
    trust_competence: float
    scene_id: strawberry.ID | None = strawberry.field(description="The last scene the source was in.")
    at: strawberry.ID | None = strawberry.field(description="The setting of that scene.")
    observation: str | None = strawberry.field(description="Of the film that showed the source last.")
    video: str | None

    @classmethod
    def of(cls, source: str, target: str, trust: float, state: Mapping[str, Any]) -> GraphPair:
        seen = state.get("seen", {})
        return cls(
            source=strawberry.ID(source),
            target=strawberry.ID(target),
            trust_competence=trust,
            scene_id=strawberry.ID(state["scene"]) if state.get("scene") else None,
            at=strawberry.ID(state["at"]) if state.get("at") else None,
            observation=seen.get("observation"),
            video=seen.get("video"),
        )


@strawberry.type(description="Whether something holds of the story's order.")
class GraphMoment:
    holds: bool
    scene_ids: list[strawberry.ID]
    days: int | None = strawberry.field(default=None, description="Of the story, where both scenes have a day.")


@strawberry.type(
    description="The story's graph. People, things, settings and zones go by name (Anna) or id (character:anna)."
)
class StoryGraph(GraphPicture):
    async def _ask(self, info: Info, make: Callable[[], Call]) -> list[Any]:
        return await info.context.ports.reader.graph(self.project, bounded(make))

    async def _page(self, info: Info, skip: int, size: int, make: Callable[[int], Call]) -> list[Any]:
        """Of an answer in one order, so many after so many."""
        bounded(lambda: within("skip", skip, ROWS_MAX, 0))
        return (await self._ask(info, lambda: make(skip + size)))[skip:] if size else []

    @described("Ties among these characters, by source and target.")
    async def cast_subgraph(
        self, info: Info, cast: list[strawberry.ID], first: int | None = 50, skip: int = 0
    ) -> list[GraphTie]:
        names, size = tuple(node_key("character", who) for who in cast), page_size(first, 50)
        return [
            GraphTie(
                project=self.project,
                source=strawberry.ID(tie.source),
                target=strawberry.ID(tie.target),
                strength=tie.strength,
                confidence=tie.confidence,
                trust_competence=tie.trust_competence,
                trust_benevolence=tie.trust_benevolence,
                debt=tie.debt,
            )
            for tie in await self._page(info, skip, size, lambda most: CastSubgraph(names, most))
        ]

    @described("The shortest way between two characters over ties, 4 hops at most; null: there is none.")
    async def social_distance(
        self, info: Info, source: strawberry.ID, target: strawberry.ID, hops: int = 4
    ) -> GraphPath | None:
        ends = node_key("character", source), node_key("character", target)
        for path in await self._ask(info, lambda: SocialDistance(*ends, hops)):
            return GraphPath(hops=len(path.nodes) - 1, nodes=[strawberry.ID(node) for node in path.nodes])
        return None

    @described("Who trusts this character, over both thresholds, most first.")
    async def trust_toward(
        self,
        info: Info,
        target: strawberry.ID,
        competence_over: float = 0.5,
        benevolence_over: float = 0.3,
        first: int | None = 50,
        skip: int = 0,
    ) -> list[GraphTrust]:
        who, size = node_key("character", target), page_size(first, 50)
        found = await self._page(
            info, skip, size, lambda most: TrustToward(who, competence_over, benevolence_over, most)
        )
        return [
            GraphTrust(
                source=strawberry.ID(trust.source),
                name=trust.name,
                trust_competence=trust.trust_competence,
                trust_benevolence=trust.trust_benevolence,
            )
            for trust in found
        ]

    @described("Scenes this one leads to, 3 hops at most, nearest first.")
    async def reachable_scenes(
        self, info: Info, scene_id: strawberry.ID, hops: int = 3, first: int | None = 50, skip: int = 0
    ) -> list[GraphScene]:
        size = page_size(first, 50)
        return [
            GraphScene(
                scene_id=strawberry.ID(scene.scene),
                name=scene.name,
                scene_type=scene.scene_type,
                authored_mass=scene.authored_mass,
                hops=scene.hops,
            )
            for scene in await self._page(info, skip, size, lambda most: ReachableScenes(str(scene_id), hops, most))
        ]

    @described("Scenes up to 2 hops ahead in whose cast somebody distrusts, or owes, another; most such ties first.")
    async def tension_scenes(
        self,
        info: Info,
        scene_id: strawberry.ID,
        hops: int = 2,
        trust_under: float = -0.3,
        debt_over: float = 0.5,
        first: int | None = 50,
        skip: int = 0,
    ) -> list[GraphScene]:
        size = page_size(first, 50)
        found = await self._page(
            info, skip, size, lambda most: TensionScenes(str(scene_id), hops, trust_under, debt_over, most)
        )
        return [
            GraphScene(scene_id=strawberry.ID(scene.scene), name=scene.name, tension_edges=scene.tension_edges)
            for scene in found
        ]

    @described("Where one gets to from a setting, cheapest first.")
    async def adjacent_settings(
        self, info: Info, setting: strawberry.ID, first: int | None = 50, skip: int = 0
    ) -> list[GraphSetting]:
        here, size = node_key("setting", setting), page_size(first, 50)
        return [
            GraphSetting(id=strawberry.ID(near.setting), name=near.name, traversal_cost=near.traversal_cost)
            for near in await self._page(info, skip, size, lambda most: AdjacentSettings(here, most))
        ]

    @described("Scenes at settings near this one, 2 hops at most.")
    async def scenes_nearby(
        self, info: Info, setting: strawberry.ID, hops: int = 2, first: int | None = 50, skip: int = 0
    ) -> list[GraphNearby]:
        here, size = node_key("setting", setting), page_size(first, 50)
        return [
            GraphNearby(
                setting=strawberry.ID(near.setting),
                setting_name=near.setting_name,
                hops=near.hops,
                scene=GraphScene(
                    scene_id=strawberry.ID(near.scene),
                    name=near.name,
                    scene_type=near.scene_type,
                    authored_mass=near.authored_mass,
                ),
            )
            for near in await self._page(info, skip, size, lambda most: ScenesNearby(here, hops, most))
        ]

    @described("Who distrusts whom, worst first, with how who does was left by the story.")
    async def tension_pairs(
        self, info: Info, trust_under: float = -0.3, first: int | None = 50, skip: int = 0
    ) -> list[GraphPair]:
        size = page_size(first, 50)
        found = await self._page(info, skip, size, lambda most: TensionPairs(trust_under, most))
        return [GraphPair.of(pair.source, pair.target, pair.trust_competence, json.loads(pair.state)) for pair in found]

    @described("Whether, before this scene, all of these had come together; the first scene in which they did.")
    async def after(self, info: Info, event: list[strawberry.ID], scene_id: strawberry.ID) -> GraphMoment:
        found, now = await self._occurrences(info, event), await self._moment(info, scene_id)
        first = temporal.after(found, now)
        return GraphMoment(holds=first is not None, scene_ids=[strawberry.ID(first.scene)] if first else [])

    @described("The last time before this scene that all of these had come together, and the days since.")
    async def since(self, info: Info, event: list[strawberry.ID], scene_id: strawberry.ID) -> GraphMoment:
        found, now = await self._occurrences(info, event), await self._moment(info, scene_id)
        last = temporal.since(found, now)
        if last is None:
            return GraphMoment(holds=False, scene_ids=[])
        return GraphMoment(holds=True, scene_ids=[strawberry.ID(last.scene)], days=last.days)

    @described("Whether these come about one after the other, each in a later scene; 8 events at most.")
    async def sequence(self, info: Info, events: list[list[strawberry.ID]]) -> GraphMoment:
        bounded(lambda: within("events", len(events), EVENTS_MAX))
        found = [await self._occurrences(info, event, "events") for event in events]
        scenes = temporal.sequence(found)
        return GraphMoment(holds=scenes is not None, scene_ids=[strawberry.ID(scene) for scene in scenes or ()])

    async def _occurrences(self, info: Info, event: list[strawberry.ID], argument: str = "event") -> list[Occurrence]:
        nodes = tuple(node_key("character", node) for node in event)
        return await info.context.ports.reader.graph(self.project, bounded(lambda: Occurrences(nodes), argument))

    async def _moment(self, info: Info, scene: strawberry.ID) -> Occurrence:
        row = await info.context.ports.reader.view("graph_node", row_id(self.project, str(scene)))
        if row is None or row.body is None:
            raise not_found("scene", str(scene))
        node = node_of(row.body)
        return Occurrence(node.id, node.name, node.place, node.story_day)
