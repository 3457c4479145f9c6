"""Step 6: the checkpoint of a scene's exit, now that everything that follows from it is worked out.

The invariant: the exit asked for a checkpoint with its deferred part *pending* (`actors.workflow.exits`); this answers
the same request with the four parts of the seed and `complete`. Which of a scene's consequences are in is read here;
the whole project's checkpoint of the same exit (`actors.project.checkpoints`) is told too.
"""

from __future__ import annotations

from typing import Final

from actors.workflow.rows import RowKind, Rows

PENDING: Final = "pending"
PROCESSING: Final = "processing"
COMPLETE: Final = "complete"
SCENE_EXIT: Final = "scene_exit"


def run(rows: Rows) -> float:
    facts, world = rows.own(RowKind.FACTS), rows.own(RowKind.WORLD)
    narrative = rows.own(RowKind.NARRATIVE)
    rows.write(
        RowKind.CHECKPOINT,
        {
            "type": SCENE_EXIT,
            "deferred_status": COMPLETE,
            "entity_state": {"people": world["people"], "things": world["things"]},
            "truth_set": {
                "facts": len(facts["facts"]),
                "knowledge": len(rows.own(RowKind.KNOWLEDGE)["edges"]),
                "relations": len(rows.own(RowKind.RELATIONS)["edges"]),
            },
            "narrative_position": {"position": narrative["position"], "links": len(narrative["links"])},
            "world_state": {name: world[name] for name in ("hour", "weather", "place", "place_name")},
        },
    )
    return 1.0
