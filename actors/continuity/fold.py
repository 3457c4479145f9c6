"""Facts of the whole story: what holds of whom, from which beat to which, and what changed it.

Invariant: a pure fold over what scenes tell, in story order. A fact begins and ends with a happening of the story, or
with a person's word (`author`), which wins over what was read up to its beat; where people are holds for their scene.
Nothing is known of scenes outside the clock (a dream, a flashback). Feeds the supervisor's sheet, graphs and prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from actors.continuity.facts import Beat, Fact, quote
from actors.continuity.rules.telling import Told, of_story
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening
from actors.screenplay.names import name_key

ALIVE, HOLDS, WEARS, HURT, KNOWS, AT, DAY = "alive", "holds", "wears", "hurt", "knows", "at", "story_day"
CONFIDENCE: Mapping[str, float] = {ALIVE: 0.9, HOLDS: 0.7, WEARS: 0.8, HURT: 0.8, KNOWS: 0.7, AT: 0.9, DAY: 0.8}
"""How sure a fact read from words is; a person's is certain."""

_ENDS = {"lacks": HOLDS, "well": HURT}
_Key = tuple[str, str, str]  # entity, attribute, what of it there is one of


class _Open:
    """Facts that still hold, by what there can be one of; ended ones in the order they ended."""

    def __init__(self) -> None:
        self.ended: list[Fact] = []
        self._open: dict[_Key, Fact] = {}

    def begin(self, key: _Key, fact: Fact) -> None:
        before = self._open.get(key)
        if before is not None and before.author and not fact.author and _within(before, fact):
            return  # a person said how long it holds
        if before is None or before.value != fact.value or fact.author:
            self.end(key, fact.valid_from)
            self._open[key] = fact

    def end(self, key: _Key, beat: Beat | None) -> None:
        fact = self._open.pop(key, None)
        if fact is not None:
            self.ended.append(fact if fact.valid_to is not None else replace(fact, valid_to=beat))

    def end_all(self, entity: str, attribute: str, beat: Beat) -> None:
        for key in [key for key in self._open if key[:2] == (entity, attribute)]:
            self.end(key, beat)

    def holders(self, thing: str) -> list[_Key]:
        return [key for key in self._open if key[1:] == (HOLDS, thing)]

    def all(self) -> list[Fact]:
        return [*self.ended, *self._open.values()]


def _within(lasting: Fact, fact: Fact) -> bool:
    to, begins = lasting.valid_to, fact.valid_from
    return to is not None and begins is not None and to.scene_id == begins.scene_id and begins.at < to.at


def story_facts(story: Sequence[tuple[SceneView, Told]]) -> tuple[Fact, ...]:
    """Facts by the beat they begin at. ``story``: scenes in order with their happenings."""
    facts = _Open()
    rank = {view.id: at for at, (view, _) in enumerate(story)}
    given: dict[str, list[Fact]] = {}
    for fact in story[0][0].premise.facts if story else ():
        if fact.layer == "told" and fact.valid_from is not None:
            given.setdefault(fact.valid_from.scene_id, []).append(fact)
    told = {view.id: happened for view, happened in of_story(story)}
    for view, _ in story:
        by_hand = sorted(given.get(view.id, ()), key=lambda fact: fact.valid_from.at if fact.valid_from else 0)
        _scene(view, told.get(view.id, ()), by_hand, facts)
    known = [fact for fact in facts.all() if fact.valid_from is None or fact.valid_from.scene_id in rank]
    return tuple(sorted(known, key=lambda fact: _place(fact, rank)))


def _place(fact: Fact, rank: Mapping[str, int]) -> tuple[int, int, str, str, str]:
    beat = fact.valid_from
    at = (0, 0) if beat is None else (rank[beat.scene_id], beat.at)
    return (*at, fact.entity, fact.attribute, fact.value)


def _scene(view: SceneView, told: Iterable[Happening], by_hand: list[Fact], facts: _Open) -> None:
    heading = view.breakdown.heading
    if view.day is not None and heading is not None:
        begin = Beat(view.id, 0)
        whole = quote(view.id, view.script, heading.span)
        facts.begin((view.id, DAY, ""), Fact(view.id, DAY, view.day.label, whole, CONFIDENCE[DAY], valid_from=begin))
    for each in told:
        while by_hand and by_hand[0].valid_from is not None and by_hand[0].valid_from.at < each.span.start:
            _by_hand(by_hand.pop(0), facts)
        _happening(view, each, facts)
    for fact in by_hand:
        _by_hand(fact, facts)
    facts.end((view.id, DAY, ""), Beat(view.id, len(view.script)))


def _by_hand(fact: Fact, facts: _Open) -> None:
    if fact.attribute in _ENDS:
        facts.end(_key(fact.entity, _ENDS[fact.attribute], fact.value), fact.valid_from)
        return
    for key in facts.holders(fact.value) if fact.attribute == HOLDS else ():
        facts.end(key, fact.valid_from)
    facts.begin(_key(fact.entity, fact.attribute, fact.value), fact)


def _key(entity: str, attribute: str, value: str) -> _Key:
    """One fact of life, place and each garment; one for each thing, wound and piece of knowledge."""
    if attribute in (ALIVE, AT, DAY):
        return entity, attribute, ""
    return entity, attribute, value.rsplit(maxsplit=1)[-1] if attribute == WEARS and value else value


def _happening(view: SceneView, each: Happening, facts: _Open) -> None:
    beat = Beat(view.id, each.span.start)
    for attribute, value in _begun(view, each):
        seen = quote(view.id, view.script, each.span)
        fact = Fact(each.who, attribute, value, seen, CONFIDENCE[attribute], valid_from=beat)
        facts.begin(_key(each.who, attribute, value), fact)
    if each.kind == "loses":
        facts.end((each.who, HOLDS, each.what), beat)
    elif each.kind == "destroys":
        for key in facts.holders(each.what):
            facts.end(key, beat)
    elif each.kind == "changes":
        facts.end_all(each.who, WEARS, beat)
    elif each.kind == "sheds":
        facts.end((each.who, WEARS, each.what), beat)
    elif each.kind == "heals":
        facts.end_all(each.who, HURT, beat)


def _begun(view: SceneView, each: Happening) -> Iterator[tuple[str, str]]:
    match each.kind:
        case "dies":
            yield ALIVE, "no"
        case "lives":
            yield ALIVE, "yes"
        case "gains" | "uses":
            yield HOLDS, each.what
        case "wears" | "dons":
            yield WEARS, f"{each.value} {each.what}".strip()
        case "is_hurt" | "shows_wound":
            yield HURT, f"{each.value} {each.what}".strip()
        case "knows" | "learns":
            yield KNOWS, each.what
        case "speaks" | "acts" if view.breakdown.place:
            yield AT, name_key(view.breakdown.place)
        case _:
            return
