"""The three tiers of events: what is never stored, what is stored with its turn, what is worked out later.

The invariant: every event an actor can commit, and everything it shows without committing it, stands here with exactly
one tier; a test walks the actors and fails for one that does not. The tiers are the storyteller's durability promise:
  IMMEDIATE    derived and ephemeral: never stored, computed again the same from what is stored
  SCENE_LOCAL  committed in the turn that decided it, whole, before anybody sees it
  DEFERRED     committed in its turn too, and *pending* from then on: what follows from it beyond the scene is worked
               out by the workflow after the scene's exit, so that nobody who writes waits for it
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Tier(enum.Enum):
    IMMEDIATE = "immediate"
    SCENE_LOCAL = "scene-local"
    DEFERRED = "deferred"


_LOCAL, _LATER = Tier.SCENE_LOCAL, Tier.DEFERRED

EVENTS: Mapping[str, Tier] = {
    "project.created": _LOCAL,
    "project.brain_set": _LOCAL,
    "project.format_set": _LOCAL,
    "brain.defined": _LOCAL,
    "format.defined": _LOCAL,
    "brain.withdrawn": _LOCAL,
    "format.withdrawn": _LOCAL,
    "project.background_set": _LOCAL,
    "project.share_set": _LOCAL,
    "project.ahead_set": _LOCAL,
    "project.cache_bound_set": _LOCAL,
    "scene.left_out": _LOCAL,
    "project.deleted": _LOCAL,
    "project.restored": _LOCAL,
    "project.erasing": _LOCAL,
    "project.erased": _LOCAL,
    "ahead.begun": _LOCAL,
    "ahead.moved": _LOCAL,
    "ahead.dropped": _LOCAL,
    "project.copied": _LOCAL,
    "repair.ordered": _LOCAL,
    "repair.cancelled": _LOCAL,
    "copy.left_out": _LOCAL,
    "cast.added": _LOCAL,
    "cast.portrait_set": _LOCAL,
    "cast.voice_set": _LOCAL,
    "cast.removed": _LOCAL,
    "scenes.moved": _LOCAL,
    "access.granted": _LOCAL,
    "access.changed": _LOCAL,
    "access.revoked": _LOCAL,
    "webhook.added": _LOCAL,
    "webhook.disabled": _LOCAL,
    "webhook.removed": _LOCAL,
    "continuity.checked": _LOCAL,
    "finding.waived": _LOCAL,
    "finding.unwaived": _LOCAL,
    "fact.set": _LOCAL,
    "facts.read": _LOCAL,
    "reading.asked": _LOCAL,
    "reading.ended": _LOCAL,
    "fact.taken_back": _LOCAL,
    "checkpoint.made": _LOCAL,
    "checkpoint.deferred": _LOCAL,
    # a scene: its words have consequences elsewhere, its lists and its lock have none
    "scene.created": _LOCAL,
    "scene.listed": _LOCAL,
    "scene.locked": _LOCAL,
    "scene.unlocked": _LOCAL,
    "scene.style_set": _LOCAL,
    "scene.left": _LOCAL,
    "scene.script_read": _LATER,
    "scene.edited": _LATER,
    "scene.restored": _LATER,
    "scene.corrected": _LATER,
    "table.said": _LOCAL,
    "table.asked": _LOCAL,
    "table.answered": _LOCAL,
    "table.stopped": _LOCAL,
    "table.accepted": _LATER,
    "table.declined": _LOCAL,
    "segment.appended": _LATER,
    "bible.written": _LOCAL,
    "workflow.started": _LATER,
    "proposal.offered": _LOCAL,
    "proposal.accepted": _LOCAL,
    "proposal.dismissed": _LOCAL,
    "version.named": _LOCAL,
    "comment.added": _LOCAL,
    "comment.resolved": _LOCAL,
    # a generation lives in its scene
    "job.created": _LOCAL,
    "job.started": _LOCAL,
    "job.routed": _LOCAL,
    "job.degraded": _LOCAL,
    "job.dropped": _LOCAL,
    "job.step": _LOCAL,
    "job.stage": _LOCAL,
    "job.script_ready": _LOCAL,
    "job.continuity_checked": _LOCAL,
    "job.held": _LOCAL,
    "job.waived": _LOCAL,
    "job.corrected": _LOCAL,
    "job.cache_answered": _LOCAL,
    "take.judged": _LOCAL,
    "take.seen": _LOCAL,
    "job.panel": _LOCAL,
    "job.board_done": _LOCAL,
    "job.preview_ready": _LOCAL,
    "job.picked": _LOCAL,
    "job.shot_picked": _LOCAL,
    "job.revised": _LOCAL,
    "job.voted": _LOCAL,
    "job.rendered": _LOCAL,
    "job.observed": _LOCAL,
    "job.final_ready": _LOCAL,
    "job.throttled": _LOCAL,
    "job.attempt_failed": _LOCAL,
    "job.failed": _LOCAL,
    "job.cancelled": _LOCAL,
    "job.retried": _LOCAL,
    # what the workflow itself says: each is a result, committed whole
    "facts.settled": _LOCAL,
    "knowledge.spread": _LOCAL,
    "relations.rippled": _LOCAL,
    "world.settled": _LOCAL,
    "narrative.linked": _LOCAL,
    "checkpoint.completed": _LOCAL,
    "workflow.step_failed": _LOCAL,
    "workflow.retried": _LOCAL,
    "workflow.superseded": _LOCAL,
    "graph.told": _LOCAL,
    "graph.ordered": _LOCAL,
    "graph.seen": _LOCAL,
    "graph.set": _LOCAL,
    "graph.described": _LOCAL,
    "meanwhile.noted": _LOCAL,
    "background.rested": _LOCAL,
}

EPHEMERAL: Mapping[str, Tier] = {
    "jobs": Tier.IMMEDIATE,  # percentages of a running step: the attempt row has them, the room shows them
}
"""Groups of `Decision.presence`: weather, shown and never stored."""

DEFERRED = frozenset(type for type, tier in EVENTS.items() if tier is Tier.DEFERRED)


def tier_of(event_type: str) -> Tier:
    """Raises `KeyError` for a type nobody has given a tier: a fault of ours."""
    return EVENTS[event_type]
