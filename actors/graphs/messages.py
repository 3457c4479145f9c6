"""What the keeper of the graph is told, and where it lives.

The invariant: each notice can be found out again: on `Started` the keeper compares what it was told with the runs of
the workflow, and takes written down are rows until it has taken them in.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.runtime.actor import Notice

GRAPH = "@graph"
"""Id of a project's one keeper of its graph."""


@dataclass(frozen=True, slots=True)
class SceneTold(Notice):
    """What follows from this scene is worked out: take it in."""

    scene: str


@dataclass(frozen=True, slots=True)
class LookAgain(Notice):
    """The order changed, or a take was observed."""
