"""What must be true of jobs that came to the continuity gate, once everything has healed.

Owns no state. What is planted holds until somebody lets it go on · who lets it go on is named · a correction is in the
script in the same append, and a segment has the words that were corrected last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.scene.gate import holds
from storage.codec import decode
from storage.ledger.protocol import Event, Kind
from tests.simulation.homes_directors import ATTIC, MORE

if TYPE_CHECKING:
    from tests.simulation.homes_world import World

APPEND_ROWS_MAX = 64
"""Rows of one append that writes into a scene: fewer than this."""


async def check_gate(world: World) -> None:
    for home in world.homes:
        rows = await world.ledger.read(home, limit=1_000_000)
        scenes = sorted(await world.ledger.views("scene", home=home, limit=100), key=lambda row: row.order_key)
        _passed(rows, scenes[ATTIC].id)
        _corrected(rows)
        _continued(rows)


def _passed(rows: Sequence[Event], planted: str) -> None:
    """Of the planted scene nothing goes by itself; whatever went with an error, somebody let go."""
    for row in rows:
        if row.type == "job.continuity_checked":
            told = decode(row.body)
            if row.scene == planted:
                assert told["how"] in ("proceeded", "waived"), f"{told['job']} went through the gate: {told['how']}"
            if any(holds(each) for each in told["issues"]):
                assert told["how"] == "proceeded", f"{told['job']} went on with an error: {told['how']}"


def _corrected(rows: Sequence[Event]) -> None:
    for at, row in enumerate(rows):
        if row.type == "scene.corrected":
            doc, beside = f"scene:{row.scene}", rows[at : at + APPEND_ROWS_MAX]
            found = [each for each in beside if each.kind is Kind.UPDATES and each.doc == doc]
            assert found, f"a correction that is not in {doc}"
            assert found[0].at_ms == row.at_ms, f"a correction of {doc} in another append than its job's"


def _continued(rows: Sequence[Event]) -> None:
    """A segment has the words of its job as they were corrected last, and so has the edit that brings it."""
    words: dict[str, str] = {}
    for at, row in enumerate(rows):
        told: dict[str, Any] = decode(row.body) if row.kind is Kind.EVENT else {}
        if row.type == "job.corrected" and told.get("continuation"):
            words[told["job"]] = told["continuation"]["continuationText"]
        elif row.type == "segment.appended":
            asked = words.get(told["job"], MORE)
            assert told["text"] == asked, f"{told['job']} wrote other words than it was corrected to"
            beside = [each for each in rows[at : at + APPEND_ROWS_MAX] if each.doc == f"scene:{row.scene}"]
            assert beside, f"{told['job']} wrote nothing into its scene"
            assert asked.encode() in beside[0].body, f"{told['job']} wrote other words into its scene"
