"""How a scene looks from outside: its row in the lists, and its value in `live`.

The invariant: both are written in the append that changes them, and say what is true after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from actors.project.actor import live_scene
from actors.runtime.actor import Context, Decision, ViewDraft
from actors.runtime.edits import Edit, Op, SetKey
from actors.scene.job import Job
from actors.scene.status import status_of
from actors.views import SceneView

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def show_scene(
    scene: SceneActor,
    decision: Decision,
    ctx: Context,
    *,
    locked: bool | None = None,
    jobs: Mapping[str, Job] | None = None,
    takes: int | None = None,
    bible_version: int | None = None,
    thumbnail: str | None = None,
    styled: tuple[str, str] | None = None,
    script: str | None = None,
    ops: list[Op] | None = None,
) -> None:
    """Add the row and the value, as they are after this decision; None: as they are now."""
    working = any(job.live for job in (scene.jobs if jobs is None else jobs).values())
    locked, takes = scene.locked if locked is None else locked, scene.takes if takes is None else takes
    script, known = ctx.text(scene.doc, "script") if script is None else script, scene.place(ctx)
    heading, status = scene.heading(ctx), status_of(locked=locked, working=working, takes=takes).value
    thumbnail = thumbnail or scene.thumbnail_key
    brain, format = styled or (scene.brain, scene.format)
    view = SceneView(
        id=scene.id,
        project=scene.home,
        heading=heading,
        script=script,
        status=status,
        bible_version=scene.bible_version if bible_version is None else bible_version,
        revision="0",
        created_at_ms=known.created_at_ms,
        thumbnail_key=thumbnail,
        brain=brain,
        format=format,
    )
    decision.views.append(ViewDraft("scene", scene.id, scene.home, known.order, view))
    decision.edits.append(
        Edit("live", (*(ops or ()), SetKey("scenes", scene.id, live_scene(heading, status, thumbnail))))
    )
