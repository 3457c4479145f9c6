"""The story so far, by act and by scene, as prompts are told it.

The invariant: read from the ledger's rows alone and quoted word for word; nothing here is a fact of the story.
"""

from __future__ import annotations

import asyncio

import strawberry

from actors.project.beats import beats_by_scene
from actors.scene.bible import part_of
from actors.scene.so_far import Act, acts_of
from actors.screenplay.breakdown import breakdown
from actors.views import SceneView
from gpu.enhance.formats import Format
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import described
from serve_app.graphql.loaders import SCENES_MAX
from serve_app.graphql.style_nodes import known_format


@strawberry.type(description="One scene in quotations from it: at most 300 characters.")
class SceneSummary:
    scene_id: strawberry.ID
    heading: str
    words: str


@strawberry.type(description="An act: a section of the script, else a beat of the format; empty name: the whole story.")
class ActSummary:
    name: str
    words: str
    scenes: list[SceneSummary]


@strawberry.type
class SoFarQueries:
    @described("The story in short, by act and by scene, quoted from the script: what prompts are told of what was.")
    async def story_so_far(self, info: Info, project_id: strawberry.ID) -> list[ActSummary]:
        found = await info.context.project(project_id)
        if found is None:
            raise not_found("project", project_id)
        rows = await info.context.ports.reader.views("scene", home=project_id, parent=project_id, limit=SCENES_MAX)
        scripts = {row.id: SceneView.from_blob(row.body or b"").script for row in rows}
        format = await known_format(info.context, project_id, found[1].format)
        return [_act(act) for act in await asyncio.to_thread(_told, scripts, format)]


def _told(scripts: dict[str, str], format: Format | None) -> tuple[Act, ...]:
    """Pure and, for a feature, some tenths of a second: for a thread."""
    beats = beats_by_scene(format, {scene: len(script) for scene, script in scripts.items()})
    read = {scene: part_of(script) if script else "" for scene, script in scripts.items()}
    return acts_of([(scene, script, breakdown(script)) for scene, script in read.items()], beats)


def _act(act: Act) -> ActSummary:
    scenes = [SceneSummary(scene_id=strawberry.ID(s.scene), heading=s.heading, words=s.words) for s in act.scenes]
    return ActSummary(name=act.name, words=act.words, scenes=scenes)
