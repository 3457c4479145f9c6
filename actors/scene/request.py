"""From a scene's text to what the prompt writer is asked: the breakdown's slots, with the project's own ids and clock.

The invariant: a pure function of the script, the project's names, the time of day the story has reached, and what the
scenes before were found to leave it (`actors.workflow.carry`); any script gives a valid request. Findings are for
people: they do not go into a prompt.
"""

from __future__ import annotations

from typing import Any

from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY, ProjectActor
from actors.runtime.actor import Context
from actors.screenplay import slots
from actors.screenplay.breakdown import breakdown
from actors.screenplay.names import name_key
from actors.workflow.actor import WorkflowActor
from actors.workflow.messages import WORKFLOW


def enhance_request(
    scene: str, script: str, *, brain: str, seed: str, project: ProjectActor, ctx: Context
) -> dict[str, Any]:
    """The dict form of `gpu.enhance.protocol.EnhanceRequest`. A cast member has one id under every spelling."""
    facts = project.facts
    ids: dict[str, str] = {}
    for id, name in (facts.cast if facts else {}).items():
        for spelling in (name, *(facts.aliases.get(id, ()) if facts else ())):
            ids.setdefault(name_key(spelling), id)
    found = breakdown(script, facts.cast.values() if facts else ())
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    clock = continuity.time_before(scene) if continuity else None
    workflow = ctx.peer(WorkflowActor, WORKFLOW)
    notes, weather = workflow.carried_into(scene, script, project) if workflow else ((), None)
    return slots.enhance_request(
        script,
        found,
        brain=brain,
        seed=int(seed),
        entity_ids=ids,
        time_before=clock,
        weather_before=weather,
        continuity_notes=notes,
    ).to_dict()
