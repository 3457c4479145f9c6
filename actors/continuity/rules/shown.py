"""Rule told_seen_conflict, of people: what they have, wear and suffer by the script, against what is seen of them.

Asks for a fact of the script that holds through the whole scene (nobody takes, gives, dons, sheds or heals there) and
an observer's fact it is sure of about the same person and the same thing: another colour of the same garment, the other
side of the same wound, a thing in somebody else's hand. Lets pass whatever the film may simply not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actors.continuity.facts import Fact
from actors.continuity.findings import FindingDraft
from actors.continuity.keeping import Kept, Lasting
from actors.continuity.rules.observed import SURE_MIN, conflict
from actors.continuity.rules.telling import Story, Told
from actors.continuity.rules.view import SceneView
from actors.screenplay.clothes import colour_of
from actors.screenplay.hands import one_thing
from actors.screenplay.heading import Span

_SIDES = frozenset(("left", "right"))
_MOVES = frozenset(("gains", "loses", "destroys", "uses", "wears", "dons", "sheds", "changes", "is_hurt", "heals"))


def judge(story: Story, /) -> Iterator[FindingDraft]:
    seen: dict[str, list[Fact]] = {}
    for fact in story[0][0].premise.facts if story else ():
        about_people = fact.attribute in ("wears", "holds", "hurt") and fact.valid_from is not None
        if fact.layer == "seen" and about_people and fact.confidence >= SURE_MIN and fact.valid_from is not None:
            seen.setdefault(fact.valid_from.scene_id, []).append(fact)
    kept = Kept()
    for view, told in story if seen else ():
        if view.day is None:
            continue
        kept.enter(view.day)
        for fact in seen.get(view.id, ()):
            if (said := _against(view, told, kept, fact)) is not None:
                yield conflict(view, said, _where(view, fact), fact)
        kept.hear(told, view.id)


def _against(view: SceneView, told: Told, kept: Kept, fact: Fact) -> str | None:
    """What the script says instead."""
    who, words = view.premise.cast.person_key(fact.entity), fact.value.split()
    thing = one_thing(fact.value) if words else ""
    if any(event.kind in _MOVES and (event.who == who or event.what == thing) for event in told):
        return None
    here = {view.premise.cast.person_key(person.name) for person in view.breakdown.cast}
    if who not in here or not thing:
        return None
    match fact.attribute:
        case "wears":
            worn = kept.wears.get(who, {}).get(thing)
            return _other_colour(worn, words)
        case "hurt":
            return _other_side(kept.hurt.get(who, {}), words)
        case _:
            other = next((each for each, things in kept.holds.items() if thing in things and each != who), None)
            held = kept.holds.get(other, {}).get(thing) if other in here else None
            return f"somebody else has the {held.words}" if held is not None and held.taken else None


def _other_colour(worn: Lasting | None, seen: list[str]) -> str | None:
    if worn is None:
        return None
    told, shown = ({c for word in words if (c := colour_of(word))} for words in (worn.words.split(), seen))
    return f"the {worn.words} is still on" if told and shown and told.isdisjoint(shown) else None


def _other_side(hurt: Mapping[str, Lasting], seen: list[str]) -> str | None:
    for wound in hurt.values():
        told = wound.words.split()
        sides = [set(words) & _SIDES for words in (told, seen)]
        if told and seen and told[-1] == seen[-1] and all(sides) and sides[0].isdisjoint(sides[1]):
            return f"the {wound.words} is hurt"
    return None


def _where(view: SceneView, fact: Fact) -> Span:
    """The first words of the scene that name the person."""
    who = view.premise.cast.person_key(fact.entity)
    person = next(p for p in view.breakdown.cast if view.premise.cast.person_key(p.name) == who)
    return min(person.spans, key=lambda span: span.start)
