"""What a person leaves out of a scene's prompt, of all that the scenes before give it.

Pure decisions of the project actor, who can be asked for any scene of it. The invariants: a choice counts from the next
generation on and changes no film that is there; what is left out is still shown (`Scene.carries`), marked as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import CommandError, LeaveOut
from actors.runtime.actor import Context, Decision, Draft

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

SECTIONS_MAX = 16
SECTION_CHARS_MAX = 40
"""A section is a name of `actors.scene.injection.SECTIONS`, or of a newer release: kept as it is said."""


def decide(project: ProjectActor, command: LeaveOut, ctx: Context) -> Decision:
    """The whole choice for a scene; none: everything is carried. Raises `CommandError` NOT_FOUND, BAD_SECTIONS."""
    if command.scene not in project.scenes:
        raise CommandError("NOT_FOUND", "this project has no such scene", ("input", "sceneId"))
    sections = sorted({each.strip() for each in command.sections})
    if len(sections) > SECTIONS_MAX or any(not 0 < len(each) <= SECTION_CHARS_MAX for each in sections):
        words = f"names at most {SECTIONS_MAX} sections of `Scene.carries`"
        raise CommandError("BAD_SECTIONS", words, ("input", "leftOut"))
    facts = project.facts
    kept = {**(facts.left_out if facts is not None else {}), command.scene: sections}
    return Decision(
        events=[Draft("scene.left_out", {"scene": command.scene, "sections": sections, "by": ctx.principal})],
        views=[project.changed(left_out={scene: out for scene, out in kept.items() if out})],
        ids={"project": project.home, "scene": command.scene},
    )


def left_out_of(project: ProjectActor | None, scene: str) -> tuple[str, ...]:
    facts = project.facts if project is not None else None
    return tuple(facts.left_out.get(scene, ())) if facts is not None else ()
