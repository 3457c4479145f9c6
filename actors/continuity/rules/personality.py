"""Rule personality_contradiction: somebody plainly does what the story has said they never do, or cannot do.

Lets pass: a trait told after the deed; one's own word broken in the very scene it is given in (a joke, a lie); anything
once words between say that it changed, was untrue or is learned; deeds of a young, old or other self.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.continuity.facts import Evidence, quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import Premise, SceneView
from actors.screenplay.traits import TraitTold, trait_of, traits_in

Told = tuple[TraitTold, ...]

BY_HAND = -1
"""The scene number of what people wrote into a character's bible: before the story begins."""

_WORDS = {
    "alcohol": "does not drink alcohol",
    "smoke": "does not smoke",
    "meat": "eats no meat",
    "vegan": "is vegan",
    "swim": "cannot swim",
    "drive": "cannot drive",
    "read": "cannot read",
    "walk": "cannot walk",
    "mute": "is mute",
    "deaf": "is deaf",
    "blind": "is blind",
    "right_hand": "is left-handed",
    "left_hand": "is right-handed",
    "hands": "has one arm",
    "legs": "has one leg",
    "heights": "is afraid of heights",
}
_ALSO = {"allergy alcohol": "alcohol"}


@dataclass(frozen=True, slots=True)
class _Trait:
    """A trait that holds since the scene ``number``, up to ``end`` of which it is told; ``own``: by its bearer."""

    number: int
    end: int
    trait: str
    own: bool
    evidence: Evidence


class Personality:
    def read(self, view: SceneView) -> Told:
        return tuple(traits_in(view.script, view.breakdown, view.premise.cast.person_key))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        told = _set_by_hand(story[0][0].premise) if story else {}
        undone: list[tuple[int, int]] = []
        for number, (view, records) in enumerate(story):
            if view.aside or not records:
                continue
            undone.extend((number, record.span.start) for record in records if record.role == "undone")
            for record in records:
                if record.role == "trait":
                    trait = _Trait(
                        number, record.span.end, record.trait, record.own, quote(view.id, view.script, record.span)
                    )
                    told.setdefault((record.who, _ALSO.get(record.trait, record.trait)), trait)
            for record in records:
                found = told.get((record.who, record.trait)) if record.role == "deed" else None
                if found is not None and _breaks(found, number, record, undone):
                    del told[record.who, record.trait]
                    yield _finding(view, record, found)


def _breaks(trait: _Trait, number: int, deed: TraitTold, undone: list[tuple[int, int]]) -> bool:
    if trait.number == number and (trait.own or trait.end > deed.span.start or trait.trait == "mute"):
        return False
    # In the deed's own scene a word after it may explain it as well as one before.
    return not any((trait.number, trait.end) < each for each in undone)


def _set_by_hand(premise: Premise) -> dict[tuple[str, str], _Trait]:
    found: dict[tuple[str, str], _Trait] = {}
    for fact in premise.facts:
        trait = trait_of(fact.value) or trait_of(f"{fact.attribute.replace('_', ' ')} {fact.value}")
        if trait is not None:
            key = (premise.cast.person_key(fact.entity), _ALSO.get(trait, trait))
            found.setdefault(key, _Trait(BY_HAND, 0, trait, False, fact.evidence))
    return found


def _finding(view: SceneView, deed: TraitTold, trait: _Trait) -> FindingDraft:
    what = _WORDS.get(trait.trait) or f"is allergic to {trait.trait.removeprefix('allergy ')}"
    name = deed.who.title()
    here = quote(view.id, view.script, deed.span)
    return FindingDraft(
        finding_id("personality_contradiction", view.id, deed.who, trait.trait),
        "personality_contradiction",
        "WARNING",
        view.id,
        f"The story says that {name} {what}; here {name} does the opposite.",
        (here, trait.evidence) if trait.evidence.text else (here,),
        f"Let somebody else do it, say what changed {name}, or take back what was said before.",
    )
