"""Entering a scene: definition, entities, graph, frames, trigger map, narrator; each step timed.

The invariant: pure work on values for a thread (only the graph is asked on the loop, before), the same values for the
same story; times are measured beside it and decide nothing. Read by answers, by GraphQL and by the benchmark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

from actors.scene import so_far
from actors.tableread.knowing import NARRATOR, Frame, Heard, Scene, bonds_of, definition, entities, frame_of
from actors.tableread.triggers import Triggers, triggers_of

STEPS = ("definition", "entities", "graph", "frames", "triggers", "narrator")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Given:
    """What is gathered on the loop. `names`: spelling → key of the cast; `graph_ms`: what asking for the ties took."""

    scene: str
    names: Mapping[str, str]
    ties: tuple[Any, ...] = ()
    graph_ms: float = 0.0
    style: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Narrated:
    """What the narrator has before them, in words. `style`: the brain's."""

    setting: str = ""
    so_far: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    style: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    scene: Scene
    frames: Mapping[str, Frame]
    triggers: Triggers
    narrated: Narrated
    steps: tuple[tuple[str, float], ...]
    whole: bool = True

    @property
    def total_ms(self) -> float:
        return round(sum(ms for _, ms in self.steps), 2)

    def told(self) -> dict[str, Any]:
        """As people see it, plain values."""
        return {
            "steps": [list(step) for step in self.steps],
            "total": self.total_ms,
            "whole": self.whole,
            "frames": [frame.told() for frame in self.frames.values()],
            "triggers": [
                [word, [[t.kind, t.about, t.who, t.words, t.confidence, list(t.roles)] for t in touches]]
                for word, touches in self.triggers.items()
            ],
            "narrator": {
                "setting": self.narrated.setting,
                "so_far": list(self.narrated.so_far),
                "people": list(self.narrated.people),
                "style": self.narrated.style,
            },
        }


@dataclass(slots=True)
class _Clock:
    steps: list[tuple[str, float]] = field(default_factory=list)

    def time(self, name: str, work: Callable[[], _T], more_ms: float = 0.0) -> _T:
        began = perf_counter()
        found = work()
        self.steps.append((name, round((perf_counter() - began) * 1000 + more_ms, 2)))
        return found


def enter(given: Given, story: Heard) -> Entry | None:
    """None: the scene was not read yet."""
    clock = _Clock()
    scene = clock.time("definition", lambda: definition(given.scene, story))
    if scene is None:
        return None
    clock.time("entities", lambda: entities(scene))
    bonds = clock.time(
        "graph",
        lambda: {who: bonds_of(who, given.ties, {**scene.names, **scene.people}) for who in scene.people},
        given.graph_ms,
    )
    roles = (NARRATOR, *scene.people)
    frames = clock.time("frames", lambda: {role: frame_of(role, scene, bonds.get(role, ())) for role in roles})
    triggers = clock.time("triggers", lambda: triggers_of(scene, frames.values(), {**_own(scene), **given.names}))
    narrated = clock.time("narrator", lambda: _narrated(given, scene))
    return Entry(scene, frames, triggers, narrated, tuple(clock.steps), given.whole)


def _own(scene: Scene) -> dict[str, str]:
    return {name.casefold(): key for key, name in (*scene.names.items(), *scene.people.items())}


def _narrated(given: Given, scene: Scene) -> Narrated:
    heading = scene.view.breakdown.heading
    telling = [(view.id, view.script, view.breakdown) for view, _ in scene.story]
    return Narrated(
        heading.text if heading is not None else "",
        so_far.before(given.scene, telling, {}),
        tuple(scene.people.values()),
        given.style,
    )
