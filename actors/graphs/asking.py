"""What a person may say of the graph: a tie and what it is worth, a way and what it costs, what a scene weighs.

Pure. The invariant: what is accepted fits its column and its meaning, whatever the client sent; a refusal names the
field. What a person says stands over what the script tells, and their taking it back lets the script speak again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from actors.commands import CommandError, DescribeScene, SetRelation
from actors.graphs.parts import cleaned, node_id
from actors.screenplay.names import name_key
from storage.graphs.rows import EDGE_FIELDS, EdgeLabel, NodeLabel

SET_MAX = 2_000
"""Edges people set in one project. Over: refused until some are taken back."""

_ENDS = {
    EdgeLabel.RELATES_TO: (NodeLabel.CHARACTER, NodeLabel.CHARACTER),
    EdgeLabel.LEADS_TO: (NodeLabel.SCENE, NodeLabel.SCENE),
    EdgeLabel.SCENE_AT: (NodeLabel.SCENE, NodeLabel.SETTING),
    EdgeLabel.ADJACENT_TO: (NodeLabel.SETTING, NodeLabel.SETTING),
    EdgeLabel.CONTAINS: (NodeLabel.ZONE, NodeLabel.SETTING),
    EdgeLabel.CAST_OF: (NodeLabel.CHARACTER, NodeLabel.SCENE),
    EdgeLabel.PROP_OF: (NodeLabel.ENTITY, NodeLabel.SCENE),
}
_RANGES = {
    "trust_competence": (-1.0, 1.0),
    "trust_benevolence": (-1.0, 1.0),
    "debt": (0.0, 1.0),
    "traversal_cost": (0.0, 1e6),
}
_OF_LABEL = {
    EdgeLabel.RELATES_TO: ("trust_competence", "trust_benevolence", "debt"),
    EdgeLabel.ADJACENT_TO: ("traversal_cost",),
}
_SPELLED = {
    "trust_competence": "trustCompetence",
    "trust_benevolence": "trustBenevolence",
    "debt": "debt",
    "traversal_cost": "traversalCost",
}


def relation_set(command: SetRelation, is_scene: Callable[[str], bool], by: str, now_ms: int) -> dict[str, Any]:
    """The event. Raises `CommandError`."""
    label = next((each for each in EdgeLabel if each.value == command.label), None)
    if label is None:
        raise CommandError("BAD_VALUE", "no such kind of edge", ("input", "label"))
    ends = [
        _end(kind, value, name, is_scene)
        for kind, value, name in zip(_ENDS[label], (command.source, command.target), ("source", "target"), strict=True)
    ]
    if ends[0] == ends[1]:
        raise CommandError("BAD_VALUE", "an edge leads from one to another", ("input", "target"))
    fields = {name: value for name, value in asdict(command).items() if name in EDGE_FIELDS and value is not None}
    for name, value in fields.items():
        if name not in _OF_LABEL.get(label, ()):
            raise CommandError("BAD_VALUE", f"{label.value} has no such field", ("input", _SPELLED[name]))
        low, high = _RANGES[name]
        if not math.isfinite(value) or not low <= value <= high:
            raise CommandError("BAD_VALUE", f"from {low:g} to {high:g}", ("input", _SPELLED[name]))
    return {
        "label": label.value,
        "source": ends[0],
        "target": ends[1],
        "fields": {name: float(value) for name, value in fields.items()},
        "removed": command.removed,
        "cleared": command.cleared,
        "words": command.words,
        "by": by,
        "at_ms": now_ms,
    }


def scene_described(command: DescribeScene, by: str, now_ms: int) -> dict[str, Any]:
    """The event. Raises `CommandError`."""
    mass = command.authored_mass
    if mass is not None and (not math.isfinite(mass) or not 0 <= mass <= 1e6):
        raise CommandError("BAD_VALUE", "from 0 to 1000000", ("input", "authoredMass"))
    return {
        "node": command.scene,
        "scene_type": command.scene_type or None,
        "authored_mass": None if mass is None else float(mass),
        "words": command.words,
        "by": by,
        "at_ms": now_ms,
    }


def _end(label: NodeLabel, value: str, field: str, is_scene: Callable[[str], bool]) -> str:
    """A node's id, of an id or of a name as people write it."""
    if label is NodeLabel.SCENE:
        if not is_scene(value):
            raise CommandError("NOT_FOUND", "no such scene", ("input", field))
        return value
    prefix = f"{label.value.lower()}:"
    key = cleaned(name_key(value.removeprefix(prefix)))
    if not key:
        raise CommandError("BAD_VALUE", "a name has letters", ("input", field))
    return node_id(label, key)
