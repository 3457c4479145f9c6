"""What scenes are given by those before them, from committed rows: for `Scene.carries` and a bible not written yet.

The invariant: made by the functions that make a prompt's notes (`workflow.carry.give`, `scene.injection.brought_into`),
from the projections alone: no actor is woken, and a partner is told what the next generation is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actors.continuity.by_hand import as_facts
from actors.continuity.hearing import hear
from actors.continuity.seen import Takes, looks_of, newest_takes
from actors.scene.injection import Heard, Wish, brought_into
from actors.screenplay.heading import TimeOfDay
from actors.views import ProjectView, SceneView, SetFactsView
from actors.workflow.carry import Given, Stored, give, known_cast
from actors.workflow.rows import Data, RowKind
from actors.workflow.views import RowView
from serve_app.graphql.ports import Reader

ROWS_MAX = 5_000
"""Contributions of one kind read for an answer: as many as a project has scenes."""


@dataclass(frozen=True, slots=True)
class Entering:
    """`hour`: the time of day that the scenes before leave."""

    given: Given
    hour: TimeOfDay | None


async def entrances(reader: Reader, home: str, scenes: Sequence[str]) -> dict[str, Entering]:
    """Of these scenes; the story is read once for all of them. Tenths of a second for a feature, on a thread."""
    rows = await reader.views("scene", home=home, parent=home, limit=ROWS_MAX)
    texts = {row.id: SceneView.from_blob(row.body).script for row in rows if row.body is not None}
    project = await project_data(reader, home, list(texts))
    kept = await stored(reader, home, RowKind.WORLD, RowKind.KNOWLEDGE, RowKind.RELATIONS, RowKind.NARRATIVE)
    faded = await faded_ties(reader, home)
    takes = await newest_takes_of(reader, home, _just_before(list(texts), scenes))
    by_hand = await reader.views("set_facts", home=home, limit=ROWS_MAX)
    said = [each for row in by_hand if row.body is not None for each in SetFactsView.from_blob(row.body).facts]

    def work() -> dict[str, Entering]:
        last = max((at for at, scene in enumerate(texts) if scene in scenes), default=-1)
        upto = list(texts.items())[: last + 1]
        heard = hear(upto, known_cast(project), as_facts(said, texts))
        looks, left_out = looks_of(takes), project["left_out"]
        return {
            scene: _entering(scene, texts[scene], project, (kept, faded), heard, Wish(looks, left_out.get(scene, ())))
            for scene in scenes
            if scene in texts
        }

    return await asyncio.to_thread(work)


def _entering(
    scene: str, script: str, project: Data, left: tuple[Stored, Mapping[str, float]], heard: Heard, wish: Wish
) -> Entering:
    hour = next((view.before for view, _ in heard if view.id == scene), None)
    return Entering(brought_into(scene, heard, give(scene, script, project, *left), wish), hour)


def _just_before(order: Sequence[str], scenes: Sequence[str]) -> list[str]:
    rank = {scene: at for at, scene in enumerate(order)}
    return [order[rank[scene] - 1] for scene in scenes if rank.get(scene, 0) > 0]


async def newest_takes_of(reader: Reader, home: str, scenes: Sequence[str]) -> Takes:
    found = [await reader.views("take", home=home, parent=each, limit=1, newest_first=True) for each in scenes]
    return newest_takes(row for rows in found for row in rows)


async def stored(reader: Reader, home: str, *kinds: RowKind) -> Stored:
    """The contributions of the project's scenes, by kind."""
    found: dict[RowKind, dict[str, Data]] = {}
    for kind in kinds:
        rows = await reader.views(kind.value, home=home, limit=ROWS_MAX)
        found[kind] = {row.id: RowView.from_blob(row.body).data for row in rows if row.body is not None}
    return found


async def faded_ties(reader: Reader, home: str) -> dict[str, float]:
    """What the background workflow left of ties that nobody renewed."""
    row = await reader.view(RowKind.FADED.value, home)
    if row is None or row.body is None:
        return {}
    ties: dict[str, float] = RowView.from_blob(row.body).data["ties"]
    return ties


async def project_data(reader: Reader, home: str, order: Sequence[str] | None = None) -> Data:
    """Names and order, as the actors' folds take them. `home` is one the caller may see."""
    if order is None:
        order = [row.id for row in await reader.views("scene", home=home, parent=home, limit=ROWS_MAX)]
    row = await reader.view("project", home)
    view = ProjectView.from_blob(row.body) if row is not None and row.body is not None else None
    cast = [{"name": c["name"], "aliases": view.aliases.get(c["id"], [])} for c in view.cast] if view else []
    return {"cast": cast, "order": list(order), "left_out": view.left_out if view else {}}
