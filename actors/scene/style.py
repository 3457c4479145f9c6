"""How a scene is seen: its own brain and format, else the project's; and the beat it stands in.

Pure decisions of the scene actor. The invariants: what a job is made with is chosen once, when it is asked for, with
its content (`Chosen`) and its beat, so a retry uses the same whatever was changed since; the choice of a scene is an
event, mirrored into its document's `params` so that everybody who has it open sees it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import StyleScene
from actors.project.beats import beat_of
from actors.project.styles import Chosen, choose_brain, choose_format, known_format
from actors.runtime.actor import Context, Decision, Draft, Needs
from actors.runtime.edits import DropKey, Edit, Op, SetKey
from actors.scene.status import refuse_locked
from gpu.enhance.formats import Beat, Format

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor
    from actors.scene.actor import SceneActor


def needs(doc: str) -> Needs:
    return Needs(edits=(doc, "live"))


def set_style(scene: SceneActor, project: ProjectActor, command: StyleScene, ctx: Context) -> Decision:
    """The scene's row and its value in `live` are the caller's to add."""
    refuse_locked(scene, ctx)
    brain, format = command.brain or "", command.format or ""
    if brain:
        choose_brain(project, brain, ctx.catalogue)
    if format:
        format = choose_format(project.own_formats, format).id
    fact = {"brain": brain, "format": format, "by": ctx.principal}
    ops: list[Op] = []
    for name, value in (("brain", brain), ("format", format)):
        ops.append(SetKey("params", name, value) if value else DropKey("params", name))
    return Decision(
        events=[Draft("scene.style_set", fact, scene=scene.id)],
        edits=[Edit(scene.doc, tuple(ops), scene=scene.id)],
        ids={"project": scene.home, "scene": scene.id},
    )


def brain_of(scene: SceneActor, project: ProjectActor, asked: str | None, ctx: Context, field: str) -> Chosen:
    """The brain a job is made with. Raises `CommandError` UNKNOWN_BRAIN about `field`."""
    assert project.facts is not None, "a scene of a project that was never created"
    return choose_brain(project, asked or scene.brain or project.facts.brain, ctx.catalogue, field)


def beat_here(scene: SceneActor, project: ProjectActor, ctx: Context) -> Beat | None:
    """`ctx.scripts()`: every scene's text. A format nobody knows any more gives no beat."""
    format, lengths = laid_out(scene, project, ctx)
    return beat_of(format, lengths, scene.id) if format is not None else None


def laid_out(scene: SceneActor, project: ProjectActor, ctx: Context) -> tuple[Format | None, dict[str, int]]:
    """The format a scene follows, and the lengths of all scenes in story order: what beats are found by."""
    assert project.facts is not None, "a scene of a project that was never created"
    texts = ctx.scripts()
    lengths = {each.id: len(texts.get(each.id, "")) for each in project.scenes_in_order()}
    return known_format(project.own_formats, scene.format or project.facts.format), lengths
