"""Step 2: what people and places that were not in the scene come to know, or are touched by.

The invariant: nobody who was in the scene is told by it; each edge names who, what, through whom, with its quotation
and a confidence below that of the fact it comes from. Two ways so far: somebody absent was spoken of, and something
that stood elsewhere (or was in absent hands) was taken along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.workflow.rows import Data, RowKind, Rows
from actors.workflow.story import fold_props, ranks

EDGES_MAX = 64
"""Edges of one scene; the surest are kept."""

SPREAD_CONFIDENCE = 0.8
"""Each step away from what was seen is so much less sure."""


def run(rows: Rows) -> float:
    facts = rows.own(RowKind.FACTS)
    here = {f["entity"] for f in facts["facts"] if f["attribute"] == "present"}
    edges = [*_spoken_of(facts, here), *_missed(facts, here, rows)]
    edges.sort(key=lambda edge: (-edge["confidence"], edge["at"], edge["who"]))
    kept = edges[:EDGES_MAX]
    rows.write(RowKind.KNOWLEDGE, {"edges": kept, "omitted": len(edges) - len(kept)})
    return round(min((edge["confidence"] for edge in kept), default=1.0), 3)


MENTIONED_CONFIDENCE = 0.6
"""A thing that was only mentioned in a place was perhaps not left there."""


def _edge(
    kind: str, who: str, what: str, by: str, fact: Mapping[str, Any], words: str, share: float = 1.0
) -> dict[str, Any]:
    sure = round(fact["confidence"] * SPREAD_CONFIDENCE * share, 3)
    told = {"kind": kind, "who": who, "what": what, "by": by, "confidence": sure, "words": words}
    return {**told, "at": fact["at"], "text": fact["text"]}


def _spoken_of(facts: Data, here: set[str]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    names = facts["names"]
    for fact in facts["facts"]:
        who, by = fact["entity"], fact["value"]
        if fact["attribute"] == "spoken_of" and who not in here and (who, by) not in found:
            words = f"{names.get(who, who)} was not there, but {names.get(by, by)} spoke of them."
            found[who, by] = _edge("spoken_of", who, "", by, fact, words)
    return list(found.values())


def _missed(facts: Data, here: set[str], rows: Rows) -> list[dict[str, Any]]:
    """A thing that the story left somewhere else, or with somebody absent, is taken along here."""
    rank = ranks(rows.own(RowKind.PROJECT))
    earlier = {s: w for s, w in rows.others(RowKind.WORLD).items() if rank.get(s, 0) < rank.get(rows.scene, 0)}
    left = fold_props(earlier, rank)
    place = next((f["value"] for f in facts["facts"] if f["attribute"] == "place"), "")
    names, found = facts["names"], dict[str, dict[str, Any]]()
    for fact in facts["facts"]:
        thing, by = fact["value"], fact["entity"]
        was = left.get(thing)
        if fact["attribute"] != "holds" or was is None or thing in found:
            continue
        taker = names.get(by, by)
        if was["holder"] and was["holder"] != by and was["holder"] not in here:
            words = f"{was['holder_name']} no longer has the {thing}: {taker} took it."
            found[thing] = _edge("misses", was["holder"], thing, by, fact, words)
        elif not was["holder"] and was["place"] and was["place"] != place:
            words = f"The {thing} is gone from {was['place_name']}: {taker} took it."
            share = 1.0 if was["acted"] else MENTIONED_CONFIDENCE
            found[thing] = _edge("misses", f"@{was['place']}", thing, by, fact, words, share)
    return list(found.values())
