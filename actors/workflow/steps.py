"""The deferred workflow as a graph: six steps, what each waits for, reads and writes, and the event its result is.

The invariant: the graph is acyclic and a step is due exactly when every step it waits for is done. Steps are pure
functions of their rows; `actors.workflow.actor` runs them one after the other beside the loop and commits each result.

  1 resolve → (2 offscreen ‖ 3 ripple ‖ 5 world) → 4 narrative (after 2, 3) → 6 checkpoint (after all)
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from actors.workflow import checkpoint, narrative, offscreen, resolve, ripple, world
from actors.workflow.rows import Declared, RowKind, Rows, Scope


class Step(enum.StrEnum):
    """Values are stored."""

    RESOLVE = "resolve"
    OFFSCREEN = "offscreen"
    RIPPLE = "ripple"
    WORLD = "world"
    NARRATIVE = "narrative"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Spec:
    """`event`: the type its result is committed as. `words`: what it does, as people read it."""

    after: tuple[Step, ...]
    declared: Declared
    event: str
    words: str
    run: Callable[[Rows], float]  # writes its row, answers its confidence, 0..1


def _reads(*kinds: tuple[RowKind, Scope]) -> frozenset[tuple[RowKind, Scope]]:
    return frozenset(kinds)


_OWN, _OTHERS = Scope.OWN, Scope.OTHERS
_PROJECT = (RowKind.PROJECT, _OWN)
_FACTS = (RowKind.FACTS, _OWN)

SPECS: Mapping[Step, Spec] = {
    Step.RESOLVE: Spec(
        (),
        Declared(_reads((RowKind.EXIT, _OWN), _PROJECT), RowKind.FACTS),
        "facts.settled",
        "Settling what the scene tells",
        resolve.run,
    ),
    Step.OFFSCREEN: Spec(
        (Step.RESOLVE,),
        Declared(_reads(_FACTS, (RowKind.WORLD, _OTHERS), _PROJECT), RowKind.KNOWLEDGE),
        "knowledge.spread",
        "Finding out whom it concerns that was not there",
        offscreen.run,
    ),
    Step.RIPPLE: Spec(
        (Step.RESOLVE,),
        Declared(_reads(_FACTS, (RowKind.RELATIONS, _OTHERS)), RowKind.RELATIONS),
        "relations.rippled",
        "Following what it does to relations",
        ripple.run,
    ),
    Step.WORLD: Spec(
        (Step.RESOLVE,),
        Declared(_reads(_FACTS), RowKind.WORLD),
        "world.settled",
        "Writing down the world as the scene leaves it",
        world.run,
    ),
    Step.NARRATIVE: Spec(
        (Step.OFFSCREEN, Step.RIPPLE),
        Declared(
            _reads(
                _FACTS,
                (RowKind.KNOWLEDGE, _OWN),
                (RowKind.RELATIONS, _OWN),
                (RowKind.NARRATIVE, _OTHERS),
                _PROJECT,
            ),
            RowKind.NARRATIVE,
        ),
        "narrative.linked",
        "Tying it to the scenes around it",
        narrative.run,
    ),
    Step.CHECKPOINT: Spec(
        (Step.NARRATIVE, Step.WORLD),
        Declared(
            _reads(
                _FACTS,
                (RowKind.KNOWLEDGE, _OWN),
                (RowKind.RELATIONS, _OWN),
                (RowKind.WORLD, _OWN),
                (RowKind.NARRATIVE, _OWN),
            ),
            RowKind.CHECKPOINT,
        ),
        "checkpoint.completed",
        "Keeping a checkpoint with everything worked out",
        checkpoint.run,
    ),
}

RESULTS: Mapping[str, Step] = {spec.event: step for step, spec in SPECS.items()}

STEP_TRIES_MAX = 3
"""Tries of one step; then its workflow has failed and waits for a person. Steps are pure, so more rarely helps."""


def due(done: frozenset[Step], failed: frozenset[Step]) -> Step | None:
    """The next step that can run, in the order of the table; None: nothing can."""
    for step, spec in SPECS.items():
        if step not in done and step not in failed and done.issuperset(spec.after):
            return step
    return None
