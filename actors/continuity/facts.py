"""What a scene states, as facts with provenance: who is there, who speaks, where it is, at what time of day.

Invariant: every fact quotes the span it was told in; facts are derived from a scene's text and never edited by hand.
They come from a breakdown and feed the rules, the scene's prompt, and the graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.names import name_key
from actors.screenplay.prose_things import things_put

Layer = Literal["told", "seen"]
Reader = Literal["rules", "llm", "person", "observer"]
"""Who read a fact: the rules over explicit words, a language model, a person by hand, whoever saw a film."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quotation: ``[start, end)`` in Unicode code points of the scene's script; or, with a ``take``, what its film
    shows between two of its seconds, in the words of who watched it."""

    scene_id: str
    start: int
    end: int
    text: str
    take: str = ""
    from_s: float = 0.0
    to_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Beat:
    """A moment of the story: a scene, and a place in its script in code points."""

    scene_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Fact:
    """``entity`` is a name key, or the scene id for facts about the scene itself. ``confidence`` is 0..1.

    ``attribute`` is an open list: readers take the ones they know. Valid from one beat to another; None: from the
    beginning, or for as long as nothing in the story changes it. ``author`` is "" where it was read from the script; a
    person's is theirs, an observer's its name.
    """

    entity: str
    attribute: str
    value: str
    evidence: Evidence
    confidence: float = 1.0
    layer: Layer = "told"
    valid_from: Beat | None = None
    valid_to: Beat | None = None
    author: str = ""
    reader: Reader = "rules"


def quote(scene_id: str, script: str, span: Span) -> Evidence:
    return Evidence(scene_id, span.start, span.end, script[span.start : span.end])


def facts_of(scene_id: str, script: str, scene: Breakdown) -> tuple[Fact, ...]:
    """The facts a scene tells, by position. A prop is a guess (0.6), where it is put a weaker one (0.5); a name in
    action alone is nearly sure (0.9)."""
    found: list[Fact] = []
    heading = scene.heading
    if heading is not None:
        whole = quote(scene_id, script, heading.span)
        if heading.place and heading.place_span:
            place = quote(scene_id, script, heading.place_span)
            found.append(Fact(scene_id, "place", name_key(heading.place), place))
        if heading.setting:
            found.append(Fact(scene_id, "setting", heading.setting, whole))
        if heading.time_of_day and heading.time_span:
            time = quote(scene_id, script, heading.time_span)
            found.append(Fact(scene_id, "time_of_day", heading.time_of_day, time))
        if heading.relation:
            found.append(Fact(scene_id, "relation", heading.relation, whole))
    for person in scene.cast:
        first = quote(scene_id, script, person.spans[0])
        sure = 1.0 if person.cues or person.introductions else 0.9
        found.append(Fact(person.key, "present", scene_id, first, sure))
        if person.speaks:
            found.append(Fact(person.key, "speaks", scene_id, quote(scene_id, script, person.cues[0])))
    found.extend(Fact(scene_id, "prop", p.name, quote(scene_id, script, p.spans[0]), 0.6) for p in scene.props)
    for thing, where, span in things_put(script, scene):
        found.append(Fact(thing, "put", where, quote(scene_id, script, span), 0.5))
    return tuple(sorted(found, key=lambda fact: (fact.evidence.start, fact.attribute, fact.entity)))
