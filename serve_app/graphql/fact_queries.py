"""What is known of a story, fact by fact: who said or read it, in which words, from which beat to which.

The invariant: read from the projections alone with the functions the supervisor reads with; no actor is woken, and a
partner is told what the rules go by. Some tenths of a second for a feature, on a thread.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass

import strawberry
from graphql import GraphQLError

from actors.continuity.by_hand import as_facts, fact_id
from actors.continuity.facts import Beat, Fact
from actors.continuity.hearing import hear
from actors.continuity.rules import Names
from actors.continuity.seen import TAKES_READ_MAX, facts_of_takes, newest_takes
from actors.continuity.told import Asked, Place, asked_for, every_fact, place_of
from actors.reading.views import READ_FACTS, ReadFactsView, facts_of_rows
from actors.screenplay.names import name_key
from actors.views import SceneView, SetFactsView
from actors.workflow.carry import known_cast
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import described
from serve_app.graphql.entrances import ROWS_MAX, project_data
from serve_app.graphql.ports import Reader
from serve_app.graphql.project_nodes import PageInfo, page_size
from serve_app.graphql.scene_nodes import Evidence


@strawberry.enum(description="TOLD: words of the script; SEEN: measured in a film.")
class FactLayer(enum.Enum):
    TOLD = "told"
    SEEN = "seen"


@strawberry.enum(description="Who read a fact; LLM reads what the rules' words do not say, and is less sure.")
class FactReader(enum.Enum):
    RULES = "rules"
    LLM = "llm"
    PERSON = "person"
    OBSERVER = "observer"


@strawberry.type(
    name="StoryBeat", description="A moment of the story: a scene, and a place in its script in code points."
)
class BeatNode:
    scene_id: strawberry.ID
    at: int

    @classmethod
    def of(cls, beat: Beat | None) -> BeatNode | None:
        return None if beat is None else cls(scene_id=strawberry.ID(beat.scene_id), at=beat.at)


@strawberry.input
class StoryBeatInput:
    scene_id: strawberry.ID
    at: int = 0


@strawberry.type(name="Fact", description="What holds in the story from one beat to another, and who says so.")
class FactNode:
    entity: str = strawberry.field(description="Key of a name, or the scene's id where it is about the scene itself.")
    name: str = strawberry.field(description='The entity as people write it; "" for a scene.')
    attribute: str
    value: str
    evidence: Evidence
    confidence: float
    layer: FactLayer
    reader: FactReader
    author: str | None = strawberry.field(description="Who set it, or what saw it; null: it was read.")
    set_fact_id: strawberry.ID | None = strawberry.field(description="Of the fact set by hand that this is.")
    valid_from: BeatNode | None = strawberry.field(description="null: from the beginning.")
    valid_to: BeatNode | None = strawberry.field(description="null: nothing in the story ends it.")


@strawberry.type
class FactEdge:
    node: FactNode
    cursor: str


@strawberry.type
class FactConnection:
    edges: list[FactEdge]
    page_info: PageInfo
    total_count: int


@dataclass(frozen=True, slots=True)
class _Story:
    home: str
    rank: Mapping[str, int]
    names: Names
    authors: Mapping[str, str]  # of facts set by hand, by their ids
    facts: tuple[Fact, ...]


async def _read(reader: Reader, home: str) -> _Story:
    rows = await reader.views("scene", home=home, parent=home, limit=ROWS_MAX)
    texts = {row.id: SceneView.from_blob(row.body).script for row in rows if row.body is not None}
    cast = known_cast(await project_data(reader, home, list(texts)))
    takes = await reader.views("take", home=home, limit=TAKES_READ_MAX)
    kept = await reader.views("set_facts", home=home, limit=ROWS_MAX)
    said = [each for row in kept if row.body is not None for each in SetFactsView.from_blob(row.body).facts]

    guessed = await reader.views(READ_FACTS, home=home, limit=ROWS_MAX)
    read = [ReadFactsView.from_blob(row.body) for row in guessed if row.body is not None]

    def work() -> tuple[Fact, ...]:
        others = (*facts_of_takes(newest_takes(takes)), *facts_of_rows(read, texts))
        return every_fact(hear(texts.items(), cast, as_facts(said, texts)), others)

    rank = {scene: at for at, scene in enumerate(texts)}
    authors = {each["id"]: each["name"] or each["by"] for each in said}
    return _Story(home, rank, Names(cast), authors, await asyncio.to_thread(work))


@strawberry.type
class FactQueries:
    @described(
        "What is known of the story, by the beat a fact begins at. `sceneId`: those that begin in it; `atBeat`: those "
        "that hold at that moment; `entity`: about somebody or something by name, or a scene by its id."
    )
    async def facts(
        self,
        info: Info,
        project_id: strawberry.ID,
        scene_id: strawberry.ID | None = None,
        entity: str | None = None,
        attribute: str | None = None,
        layer: FactLayer | None = None,
        at_beat: StoryBeatInput | None = None,
        first: int | None = 50,
        after: str | None = None,
    ) -> FactConnection:
        size, place = page_size(first, 50), _place(after)
        if await info.context.project(project_id) is None:
            raise not_found("project", project_id)
        story = await _read(info.context.ports.reader, str(project_id))
        for scene in (scene_id, at_beat.scene_id if at_beat else None):
            if scene is not None and scene not in story.rank:
                raise not_found("scene", scene)
        about = None if entity is None else _entity(entity, story)
        beat = Beat(str(at_beat.scene_id), at_beat.at) if at_beat else None
        asked = Asked(scene_id, about, attribute, layer.value if layer else None, beat)
        return _page(story, asked_for(story.facts, asked, story.rank), size, place)


def _entity(said: str, story: _Story) -> str:
    return said if said in story.rank else story.names.person_key(said) or name_key(said)


def _page(story: _Story, facts: tuple[Fact, ...], size: int, after: Place | None) -> FactConnection:
    places = [place_of(fact, story.rank) for fact in facts]
    left = [at for at, place in enumerate(places) if after is None or place > after]
    edges = [FactEdge(node=_node(facts[at], story), cursor=_cursor(places[at])) for at in left[:size]]
    page = PageInfo(
        has_next_page=len(left) > size,
        has_previous_page=len(left) < len(facts),
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return FactConnection(edges=edges, page_info=page, total_count=len(facts))


def _node(fact: Fact, story: _Story) -> FactNode:
    said, by_hand = fact.evidence, None
    if fact.reader == "person" and fact.valid_from is not None:
        by_hand = fact_id(story.home, fact.valid_from.scene_id, fact.entity, fact.attribute, fact.value)
    return FactNode(
        entity=fact.entity,
        name="" if fact.entity in story.rank else story.names.find_person(fact.entity) or fact.entity,
        attribute=fact.attribute,
        value=fact.value,
        evidence=Evidence(
            scene_id=strawberry.ID(said.scene_id),
            start=said.start,
            end=said.end,
            text=said.text,
            take_id=strawberry.ID(said.take) if said.take else None,
            from_s=said.from_s if said.take else None,
            to_s=said.to_s if said.take else None,
        ),
        confidence=fact.confidence,
        layer=FactLayer(fact.layer),
        reader=FactReader(fact.reader),
        author=story.authors.get(by_hand or "", fact.author) or None,
        set_fact_id=strawberry.ID(by_hand) if by_hand is not None else None,
        valid_from=BeatNode.of(fact.valid_from),
        valid_to=BeatNode.of(fact.valid_to),
    )


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()


def _place(cursor: str | None) -> Place | None:
    """Raises GraphQLError BAD_CURSOR."""
    if cursor is None:
        return None
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        scene, at, entity, attribute, value, reader = raw
        return int(scene), int(at), str(entity), str(attribute), str(value), str(reader)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        words = "This cursor is not one of ours."
        raise GraphQLError(words, extensions={"code": "BAD_CURSOR", "retryable": False}) from error
