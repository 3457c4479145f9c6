"""From a scene's text to what the prompt writer is asked: the breakdown's slots, with the project's own ids and clock.

The invariant: a pure function of the script, the project's names, the time of day the story has reached, and what the
scenes before were found to leave it (`actors.workflow.carry`); any script gives a valid request. Findings are for
people: they do not go into a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from actors.continuity.actor import ContinuityActor
from actors.continuity.rules import Known
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.beats import beats_by_scene
from actors.project.carrying import left_out_of
from actors.project.styles import Chosen
from actors.runtime.actor import Beside, Context
from actors.scene import injection, so_far, style
from actors.screenplay import slots
from actors.screenplay.breakdown import breakdown
from actors.screenplay.heading import TimeOfDay
from actors.screenplay.names import name_key
from actors.workflow.actor import WorkflowActor
from actors.workflow.carry import Given
from actors.workflow.messages import WORKFLOW
from gpu.enhance.formats import Beat
from gpu.enhance.protocol import ShotBefore

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


@dataclass(frozen=True, slots=True)
class Names:
    """The project's people as requests need them: `cast` by id, `aliases` by id."""

    cast: Mapping[str, str]
    aliases: Mapping[str, Sequence[str]]
    places: tuple[str, ...] = ()

    def known(self) -> list[Known]:
        return [Known(name, tuple(self.aliases.get(id, ()))) for id, name in self.cast.items()]

    def ids(self) -> dict[str, str]:
        """One id under every spelling."""
        found: dict[str, str] = {}
        for id, name in self.cast.items():
            for spelling in (name, *self.aliases.get(id, ())):
                found.setdefault(name_key(spelling), id)
        return found


def given_before(scene: SceneActor, ctx: Context, *, goes_on: bool = False) -> Beside:
    """What the scenes before give this one, worked out beside the loop before the request is made. `goes_on`: what is
    asked for follows on the end of the scene itself."""
    workflow, script = ctx.peer(WorkflowActor, WORKFLOW), ctx.text(scene.doc, "script")
    project, told = ctx.peer(ProjectActor, scene.home), told_before(scene, ctx)
    carried = workflow.carried_into(scene.id, script, project) if workflow is not None else Given

    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    heard, id = continuity.heard() if continuity is not None else (), scene.id
    looks = continuity.looks() if continuity is not None else {}
    wish = injection.Wish(looks, left_out_of(project, scene.id), goes_on)

    def work() -> Given:
        return replace(injection.brought_into(id, heard, carried(), wish), so_far=told())

    return work


def told_before(scene: SceneActor, ctx: Context) -> Callable[[], tuple[str, ...]]:
    """The story so far, as work for a thread; `ctx.scripts()` gives the beats where the script has no acts."""
    continuity, project = ctx.peer(ContinuityActor, CONTINUITY), ctx.peer(ProjectActor, scene.home)
    if continuity is None or project is None or project.facts is None or not ctx.scripts():
        return tuple  # without scripts a take is being made, not asked for
    format, lengths = style.laid_out(scene, project, ctx)
    story, id = continuity.telling(), scene.id
    return lambda: so_far.before(id, story, beats_by_scene(format, lengths))


def given_of(ctx: Context) -> Given:
    """As it was read beside the loop, alone or with what else the turn wanted (`actors.scene.reading`)."""
    found = getattr(ctx.computed, "given", ctx.computed)
    return found if isinstance(found, Given) else Given()


def enhance_request(
    scene: str, script: str, *, brain: Chosen, beat: Beat | None, seed: str, project: ProjectActor, ctx: Context
) -> dict[str, Any]:
    """The dict form of `gpu.enhance.protocol.EnhanceRequest`."""
    look = {"brain": brain.id, "brain_data": brain.data, "beat": beat.words if beat else ""}
    return request_for(scene, script, look=look, seed=seed, project=project, ctx=ctx)


def request_for(
    scene: str, script: str, *, look: Mapping[str, Any], seed: str, project: ProjectActor, ctx: Context
) -> dict[str, Any]:
    """`look`: {"brain", "brain_data", "beat"}."""
    facts, continuity = project.facts, ctx.peer(ContinuityActor, CONTINUITY)
    names = Names(facts.cast, facts.aliases) if facts else Names({}, {})
    clock = continuity.time_before(scene) if continuity else None
    return request_of(script, names, look=look, seed=seed, clock=clock, given=given_of(ctx))


def request_of(
    script: str, names: Names, *, look: Mapping[str, Any], seed: str, clock: TimeOfDay | None, given: Given
) -> dict[str, Any]:
    """Pure: all that is asked of a prompt writer."""
    return slots.enhance_request(
        script,
        breakdown(script, names.cast.values()),
        **look,
        seed=int(seed),
        entity_ids=names.ids(),
        time_before=clock,
        weather_before=given.weather,
        descriptors=given.looks,
        continuity_notes=injection.merged(given),
        so_far=given.so_far,
        shot_before=shot_before(given),
    ).to_dict()


def shot_before(given: Given) -> ShotBefore | None:
    """How the film ends that the scene goes on from, as a writer is told it."""
    shot = injection.shot_told(given)
    return ShotBefore(shot.light, shot.colours, shot.sha256) if shot is not None else None
