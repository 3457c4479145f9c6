"""Each step alone, on rows made by hand or by the steps before it."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from actors.workflow import checkpoint, narrative, offscreen, resolve, ripple, story, world
from actors.workflow.rows import RowKind, Rows, Scope
from actors.workflow.steps import SPECS, Step, due
from storage.codec import decode, encode
from tests.unit.actors.workflow.tale import BACK, PIER, ROOM

pytestmark = pytest.mark.unit

CAST = [{"name": name, "aliases": []} for name in ("ANNA", "BEN", "CARL")]
PROJECT = {"cast": CAST, "order": ["s1", "s2", "s3"]}


def rows(step: Step, scene: str = "s1", own: dict[RowKind, Any] | None = None, others: Any = None) -> Rows:
    found: dict[RowKind, Any] = {
        kind: {scene: data} for kind, data in {RowKind.PROJECT: PROJECT, **(own or {})}.items()
    }
    found |= {kind: {**found.get(kind, {}), **data} for kind, data in (others or {}).items()}
    return Rows(step.value, SPECS[step].declared, scene, found)


def settled(script: str, scene: str = "s1") -> dict[str, Any]:
    given = rows(Step.RESOLVE, scene, {RowKind.EXIT: {"script": script, "heading": script.partition("\n")[0]}})
    resolve.run(given)
    return given.written[RowKind.FACTS]


def told(script: str, attribute: str) -> list[tuple[str, str]]:
    return [(f["entity"], f["value"]) for f in settled(script)["facts"] if f["attribute"] == attribute]


def test_c40_facts_have_span_quotation_and_confidence() -> None:
    """C-40: who was there, holding what, telling whom of whom, where, when, in what weather."""
    found = settled(PIER)["facts"]
    assert all(PIER[f["at"][0] : f["at"][1]] == f["text"] and 0 < f["confidence"] <= 1 for f in found)
    shown = {(f["entity"], f["attribute"], f["value"]) for f in found}
    assert {
        ("anna", "present", ""),
        ("ben", "present", ""),
        ("anna", "holds", "lantern"),
        ("carl", "spoken_of", "anna"),
        ("anna", "addresses", "ben"),
        ("ben", "addresses", "anna"),
        ("s1", "place", "pier"),
        ("s1", "time_of_day", "night"),
        ("s1", "weather", "rain"),
    } <= shown
    assert ("carl", "present", "") not in shown


@pytest.mark.parametrize(
    ("action", "holds", "leaves"),
    [
        ("ANNA takes the lantern.", [("anna", "lantern")], []),
        ("ANNA gives BEN the lantern.", [("ben", "lantern")], []),
        ("BEN walks in. He picks up a knife.", [("ben", "knife")], []),
        ("BEN drops the knife on the table.", [], [("ben", "knife")]),
        ("A lantern swings over the table.", [], []),
    ],
)
def test_c40_hands_are_read_sentence_by_sentence(
    action: str, holds: list[tuple[str, str]], leaves: list[tuple[str, str]]
) -> None:
    """C-40: the thing right after the verb, in the hands of who is named, or was named before."""
    script = f"INT. ROOM - DAY\n\n{action}\n"
    assert told(script, "holds") == holds
    assert told(script, "leaves") == leaves


def test_c40_a_voice_from_elsewhere_is_not_there_and_any_text_is_read() -> None:
    """C-40: heard is not present; facts are bounded and the rest is counted."""
    assert told("INT. ROOM - DAY\n\nANNA listens.\n\nBEN (V.O.)\nI am far away.\n", "present") == [("anna", "")]
    for text in ("", "\0", "INT.", "مرحبا\n\nشخص\nكلام", "(" * 500, "ANNA " * 3_000):
        settled(text)
    many = settled("INT. ROOM - DAY\n\n" + "ANNA\nBen!\n\nBEN\nAnna!\n\n" * 600)
    assert len(many["facts"]) == resolve.FACTS_MAX
    assert many["omitted"] > 0


def test_c41_only_who_was_not_there_is_concerned() -> None:
    """C-41: spoken of while away; a thing taken along is missed where it was left."""
    given = rows(Step.OFFSCREEN, "s1", {RowKind.FACTS: settled(PIER)})
    assert offscreen.run(given) == pytest.approx(0.64)
    (edge,) = given.written[RowKind.KNOWLEDGE]["edges"]
    assert (edge["kind"], edge["who"], edge["by"]) == ("spoken_of", "carl", "anna")
    assert edge["text"] == "Where is Carl? Ben, answer me."
    left, mentioned = (
        _missed(f"INT. CAVE - DAY\n\n{action}\n") for action in ("BEN leaves the lantern.", "BEN sees the lantern.")
    )
    assert (left["who"], left["words"]) == ("@cave", "The lantern is gone from CAVE: ANNA took it.")
    assert mentioned["confidence"] == pytest.approx(left["confidence"] * offscreen.MENTIONED_CONFIDENCE, abs=0.001)
    stolen = _missed("INT. CAVE - DAY\n\nCARL takes the lantern.\n")
    assert (stolen["who"], stolen["words"]) == ("carl", "CARL no longer has the lantern: ANNA took it.")


def _missed(before: str) -> dict[str, Any]:
    earlier = rows(Step.WORLD, "s1", {RowKind.FACTS: settled(before)})
    world.run(earlier)
    facts = settled(PIER, "s2")
    given = rows(Step.OFFSCREEN, "s2", {RowKind.FACTS: facts}, {RowKind.WORLD: {"s1": earlier.written[RowKind.WORLD]}})
    offscreen.run(given)
    (found,) = [e for e in given.written[RowKind.KNOWLEDGE]["edges"] if e["kind"] == "misses"]
    return dict(found)


def test_c42_a_tie_ripples_weaker_with_each_hop_and_ends() -> None:
    """C-42: along a chain of acquaintances, to at most so many hops, never to who was there."""
    chain = ["ben", "c1", "c2", "c3", "c4", "c5"]
    known = {
        f"k{at}": {"edges": [[one, two, 1.0, 1.0, 0] if one < two else [two, one, 1.0, 1.0, 0]], "names": {}}
        for at, (one, two) in enumerate(pairwise(chain))
    }
    given = rows(Step.RIPPLE, "s1", {RowKind.FACTS: settled(PIER)}, {RowKind.RELATIONS: known})
    ripple.run(given)
    edges = given.written[RowKind.RELATIONS]["edges"]
    assert ["anna", "ben", 1.5, 1.0, 0] in edges
    far = {edge[1]: edge for edge in edges if edge[4] > 0}
    assert set(far) == {"c1", "c2", "c3"}
    assert [far[name][4] for name in ("c1", "c2", "c3")] == [1, 2, 3]
    strengths = [far[name][2] for name in ("c1", "c2", "c3")]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] <= 1.5 * ripple.ATTENUATION
    assert far["c3"][3] == pytest.approx(ripple.HOP_CONFIDENCE**3, abs=0.001)


def test_c42_a_crowd_is_bounded() -> None:
    """C-42"""
    facts = [
        {"entity": f"p{n:02}", "attribute": "present", "value": "", "confidence": 1.0, "at": [0, 1], "text": "x"}
        for n in range(30)
    ]
    given = rows(Step.RIPPLE, "s1", {RowKind.FACTS: {"facts": facts, "names": {}}}, {RowKind.RELATIONS: {}})
    ripple.run(given)
    assert len(given.written[RowKind.RELATIONS]["edges"]) == ripple.DIRECT_MAX


def test_c43_the_world_after_a_scene_keeps_what_later_scenes_do_not_touch() -> None:
    """C-43: a mention takes nothing out of somebody's hands, leaving it does; hour and weather last."""
    told_by = {}
    for scene, script in (("s1", PIER), ("s2", "INT. ROOM - DAY\n\nBEN looks at the lantern.\n")):
        given = rows(Step.WORLD, scene, {RowKind.FACTS: settled(script, scene)})
        world.run(given)
        told_by[scene] = given.written[RowKind.WORLD]
    rank = story.ranks(PROJECT)
    after = story.world_after(told_by, rank, "s2")
    assert after is not None
    assert (after.scene, after.hour, after.weather, after.place_name) == ("s2", "day", "rain", "ROOM")
    assert after.things["lantern"]["holder"] == "anna"
    before = story.world_after(told_by, rank, "s2", before=True)
    assert before is not None
    assert (before.scene, before.hour) == ("s1", "night")
    assert story.world_after(told_by, rank, "s1", before=True) is None
    given = rows(Step.WORLD, "s2", {RowKind.FACTS: settled("INT. ROOM - DAY\n\nANNA drops the lantern.\n", "s2")})
    world.run(given)
    dropped = story.world_after({**told_by, "s2": given.written[RowKind.WORLD]}, rank, "s3")
    assert dropped is not None
    assert (dropped.things["lantern"]["holder"], dropped.things["lantern"]["place_name"]) == ("", "ROOM")


def _linked(scene: str, script: str, others: dict[str, Any]) -> dict[str, Any]:
    facts = settled(script, scene)
    heard = rows(Step.OFFSCREEN, scene, {RowKind.FACTS: facts}, {RowKind.WORLD: {}})
    offscreen.run(heard)
    tied = rows(Step.RIPPLE, scene, {RowKind.FACTS: facts}, {RowKind.RELATIONS: {}})
    ripple.run(tied)
    own = {RowKind.FACTS: facts, **heard.written, **tied.written}
    given = rows(Step.NARRATIVE, scene, own, {RowKind.NARRATIVE: others})
    narrative.run(given)
    return given.written[RowKind.NARRATIVE]


def test_c44_scenes_are_tied_by_what_they_share_and_what_the_earlier_one_set_going() -> None:
    """C-44: in the story's order, whichever was left first; scenes that share nothing are not tied."""
    first = _linked("s1", PIER, {})
    third = _linked("s3", BACK, {"s1": first})
    (link,) = third["links"]
    assert (link["scene"], link["from"], link["people"], link["place"]) == ("s1", True, ["anna"], "pier")
    assert link["causes"] == ["carl"], "spoken of there, and here in person"
    assert (first["position"], third["position"]) == (0.0, 1.0)
    (back,) = _linked("s1", PIER, {"s3": third})["links"]
    assert (back["from"], back["causes"]) == (False, ["carl"])
    assert _linked("s2", "INT. MOON - DAY\n\nDust.\n", {"s1": first})["links"] == []


def test_c45_the_checkpoint_holds_the_four_parts_and_says_complete() -> None:
    """C-45"""
    facts = settled(ROOM, "s2")
    own: dict[RowKind, Any] = {RowKind.FACTS: facts}
    given = rows(Step.WORLD, "s2", own)
    world.run(given)
    own |= given.written
    own[RowKind.NARRATIVE] = _linked("s2", ROOM, {})
    own[RowKind.KNOWLEDGE] = {"edges": [], "omitted": 0}
    own[RowKind.RELATIONS] = {"edges": [], "names": {}}
    given = rows(Step.CHECKPOINT, "s2", own)
    checkpoint.run(given)
    kept = given.written[RowKind.CHECKPOINT]
    assert {"entity_state", "truth_set", "narrative_position", "world_state"} <= set(kept)
    assert (kept["type"], kept["deferred_status"]) == ("scene_exit", "complete")
    assert kept["entity_state"]["people"] == {"ben": "BEN", "carl": "CARL"}


def test_a82_the_graph_is_the_seed_s_and_steps_are_due_when_all_before_them_are_done() -> None:
    """A-82: 1, then 2, 3 and 5 in any order, 4 after 2 and 3, 6 at the end; every kind has one writer."""
    order, done = [], frozenset[Step]()
    while (step := due(done, frozenset())) is not None:
        order.append(step)
        done |= {step}
    assert order[0] is Step.RESOLVE
    assert set(order[1:4]) == {Step.OFFSCREEN, Step.RIPPLE, Step.WORLD}
    assert order[4:] == [Step.NARRATIVE, Step.CHECKPOINT]
    assert due(frozenset({Step.RESOLVE}), frozenset({Step.OFFSCREEN, Step.RIPPLE})) is Step.WORLD
    assert due(frozenset({Step.RESOLVE, Step.WORLD}), frozenset({Step.OFFSCREEN, Step.RIPPLE})) is None
    writers = [spec.declared.writes for spec in SPECS.values()]
    assert len(set(writers)) == len(writers)
    for step, spec in SPECS.items():
        for kind, scope in spec.declared.reads:
            if scope is Scope.OWN and kind in writers:
                (writer,) = [each for each, other in SPECS.items() if other.declared.writes is kind]
                assert writer in _all_before(step), f"{step} reads {kind} of a step it does not wait for"


def _all_before(step: Step) -> set[Step]:
    return {each for after in SPECS[step].after for each in (after, *_all_before(after))}


PIECES = (
    "INT. ROOM - DAY",
    "EXT. PIER - CONTINUOUS",
    ".",
    "ANNA",
    "BEN (V.O.)",
    "@شخص",
    "Anna, where is Carl?",
    "ANNA gives BEN the lantern. He drops it.",
    "CARL takes the lantern from Anna, in the rain.",
    "(beat)",
    "/* hidden",
    "[[note]]",
    "🎬 " * 5,
    "",
    "ALL",
    "CUT TO:",
    "\0",
)


@pytest.mark.parametrize("seed", range(8))
def test_c40_whatever_people_write_every_step_has_an_answer(seed: int) -> None:
    """C-40: any pieces in any order go through all six steps, scene after scene, with a confidence each."""
    random = Random(seed)
    known: dict[RowKind, dict[str, Any]] = {}
    for scene in (*PROJECT["order"], *PROJECT["order"]):
        script = "".join(random.choice(PIECES) + random.choice(("\n", "\n\n", " ")) for _ in range(60))
        known[RowKind.EXIT] = {scene: {"script": script, "heading": ""}}
        known[RowKind.PROJECT] = {scene: PROJECT}
        for step, spec in SPECS.items():
            given = Rows(step.value, spec.declared, scene, known)
            assert 0 <= spec.run(given) <= 1
            kind = spec.declared.writes
            known[kind] = {**known.get(kind, {}), scene: decode(encode(given.written[kind]))}
    assert set(known[RowKind.CHECKPOINT]) == set(PROJECT["order"])
