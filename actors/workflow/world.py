"""Step 5: the world as the scene leaves it: hour, weather, place, who stands where, which thing is in whose hands.

The invariant: a row says only what its own scene shows; what held before it and was not touched still holds, by the
fold over the scenes in story order (`story.world_after`).
"""

from __future__ import annotations

from typing import Any

from actors.workflow.rows import RowKind, Rows

THINGS_MAX = 64
"""Things followed of one scene, by their last mention."""


def run(rows: Rows) -> float:
    told = rows.own(RowKind.FACTS)
    facts, names = told["facts"], told["names"]
    said = {f["attribute"]: f for f in facts if f["entity"] == rows.scene}
    place = said.get("place")
    where = "" if place is None else place["value"]
    shown = "" if place is None else place["text"]
    things: dict[str, dict[str, Any]] = {}
    for fact in facts:
        thing = fact["value"]
        if fact["attribute"] == "prop" and thing not in things:
            things[thing] = _thing("", "", where, shown, fact["confidence"] * 0.5, acted=False)
        elif fact["attribute"] == "holds":
            who = fact["entity"]
            things[thing] = _thing(who, names.get(who, who), where, shown, fact["confidence"])
        elif fact["attribute"] == "leaves":
            things[thing] = _thing("", "", where, shown, fact["confidence"])
    people = {f["entity"]: names.get(f["entity"], f["entity"]) for f in facts if f["attribute"] == "present"}
    used = [fact for fact in (said.get("time_of_day"), said.get("weather"), place) if fact is not None]
    rows.write(
        RowKind.WORLD,
        {
            "hour": said["time_of_day"]["value"] if "time_of_day" in said else None,
            "weather": said["weather"]["value"] if "weather" in said else None,
            "place": where,
            "place_name": shown,
            "people": people,
            "things": dict(list(things.items())[-THINGS_MAX:]),
            "heading": told["heading"],
        },
    )
    sure = [fact["confidence"] for fact in used] + [each["confidence"] for each in things.values()]
    return round(min(sure, default=1.0), 3)


def _thing(
    holder: str, holder_name: str, place: str, place_name: str, confidence: float, *, acted: bool = True
) -> dict[str, Any]:
    """`acted`: somebody took or left it; else it was only mentioned."""
    return {
        "holder": holder,
        "holder_name": holder_name,
        "place": place,
        "place_name": place_name,
        "confidence": round(confidence, 3),
        "acted": acted,
    }
