"""Step 4: where the scene stands in the story, and what ties it to the scenes around it.

The invariant: a link goes between two scenes and says what they share; it is *causal* when the later one shows what the
earlier one set going: somebody spoken of while away appears, a thing that was taken turns up again. Direction follows
the story's order as it was then.
"""

from __future__ import annotations

from typing import Any

from actors.workflow.rows import Data, RowKind, Rows
from actors.workflow.story import ranks

LINKS_MAX = 24
"""Links of one scene; the heaviest are kept."""

PERSON_WEIGHT, THING_WEIGHT, PLACE_WEIGHT, CAUSE_WEIGHT = 1.0, 0.7, 0.5, 2.0
GIST_PEOPLE_MAX, GIST_THINGS_MAX = 4, 3


def run(rows: Rows) -> float:
    told, rank = rows.own(RowKind.FACTS), ranks(rows.own(RowKind.PROJECT))
    node = _node(told, rows.own(RowKind.KNOWLEDGE))
    here = rank.get(rows.scene, len(rank))
    links = [
        link
        for scene, other in rows.others(RowKind.NARRATIVE).items()
        if scene in rank and (link := _link(scene, node, other, rank[scene] < here)) is not None
    ]
    links.sort(key=lambda link: (-link["weight"], link["scene"]))
    ties = rows.own(RowKind.RELATIONS)["edges"]
    rows.write(
        RowKind.NARRATIVE,
        {
            **node,
            "position": round(here / max(1, len(rank) - 1), 4),
            "tension": round(sum(edge[2] for edge in ties if edge[4] == 0) / max(1, len(node["people"])), 3),
            "links": links[:LINKS_MAX],
        },
    )
    return round(min((link["confidence"] for link in links[:LINKS_MAX]), default=1.0), 3)


def _node(told: Data, knowledge: Data) -> dict[str, Any]:
    facts, names = told["facts"], told["names"]
    people = {f["entity"]: names.get(f["entity"], f["entity"]) for f in facts if f["attribute"] == "present"}
    things = list(dict.fromkeys(f["value"] for f in facts if f["attribute"] in ("prop", "holds")))
    place = next((f for f in facts if f["attribute"] == "place"), None)
    held = {f["value"]: people.get(f["entity"], f["entity"]) for f in facts if f["attribute"] == "holds"}
    who = ", ".join(list(people.values())[:GIST_PEOPLE_MAX]) or "nobody"
    what = "; ".join(f"{name} has the {thing}" for thing, name in list(held.items())[:GIST_THINGS_MAX])
    return {
        "people": people,
        "things": things,
        "place": place["value"] if place else "",
        "taken": sorted(held),
        "spoken_of": sorted({e["who"] for e in knowledge["edges"] if e["kind"] == "spoken_of"}),
        "gist": f"{who} at {place['text'] if place else 'an unnamed place'}{f': {what}' if what else ''}",
        "heading": told["heading"],
    }


def _link(scene: str, node: Data, other: Data, before: bool) -> dict[str, Any] | None:
    """`before`: the other scene comes earlier in the story."""
    people = sorted(set(node["people"]) & set(other["people"]))
    things = sorted(set(node["things"]) & set(other["things"]))
    place = node["place"] if node["place"] and node["place"] == other["place"] else ""
    first, then = (other, node) if before else (node, other)
    causes = sorted(set(first["spoken_of"]) & set(then["people"])) + sorted(set(first["taken"]) & set(then["things"]))
    shared = PERSON_WEIGHT * len(people) + THING_WEIGHT * len(things) + PLACE_WEIGHT * bool(place)
    weight = shared + CAUSE_WEIGHT * len(causes)
    if not weight:
        return None
    return {
        "scene": scene,
        "from": before,
        "people": people,
        "things": things,
        "place": place,
        "causes": causes,
        "weight": round(weight, 3),
        "confidence": 0.9 if people else 0.6,
    }
