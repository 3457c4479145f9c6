"""Every fact of a story in one list, and the few of them somebody asks for.

Invariant: pure; the same rows give the same list in the same order (by the beat a fact begins at), so a page follows
another although people write meanwhile. What a scene tells of itself (who is in it, where, when, with what) holds for
that scene, and so does what was seen in its takes; the rest from the beat that began it to the beat that ended it.
What a guesser reads is left out where explicit words or a person say what holds of the same (decision 0046). Comes from
what was heard of the scenes and what others than the rules read; goes to `facts` of the surface.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from actors.continuity.facts import Beat, Fact, Layer, Reader, facts_of
from actors.continuity.fold import ALIVE, AT, HOLDS, story_facts
from actors.continuity.rules import SceneView
from actors.screenplay.happenings import Happening

Place = tuple[int, int, str, str, str, str]
"""Where a fact stands in the list: scene in the story, code point, entity, attribute, value, reader."""


GUESSERS: frozenset[Reader] = frozenset(("llm",))
_ONE_OF: frozenset[str] = frozenset((ALIVE, AT))
"""Attributes of which somebody has one at a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """None: whatever it is. ``scene``: where a fact begins; ``beat``: a moment it holds at."""

    scene: str | None = None
    entity: str | None = None
    attribute: str | None = None
    layer: Layer | None = None
    beat: Beat | None = None


def every_fact(
    heard: Sequence[tuple[SceneView, tuple[Happening, ...]]], others: Iterable[Fact] = ()
) -> tuple[Fact, ...]:
    """``heard``: the scenes in story order; ``others``: what was seen, or read by others than the rules."""
    rank = {view.id: at for at, (view, _) in enumerate(heard)}
    found = list(story_facts(heard))
    sure = _Sure(found, rank)
    by_scene: dict[str, list[Fact]] = {}
    for fact in others:
        by_scene.setdefault(fact.evidence.scene_id, []).append(fact)
    for view, _ in heard:
        here, end = Beat(view.id, 0), Beat(view.id, len(view.script))
        told = facts_of(view.id, view.script, view.breakdown)
        found += (replace(fact, valid_from=here, valid_to=end) for fact in told)
        here_too = [replace(fact, valid_to=end) for fact in by_scene.get(view.id, ())]
        found += (fact for fact in here_too if fact.reader not in GUESSERS or not sure.knows(fact))
    return tuple(sorted(found, key=lambda fact: place_of(fact, rank)))


class _Sure:
    """What is known without guessing, up to a scene."""

    def __init__(self, facts: Iterable[Fact], rank: Mapping[str, int]) -> None:
        self._rank = rank
        self._of: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            if fact.reader not in GUESSERS:
                self._of.setdefault((fact.attribute, fact.entity), []).append(fact)
                if fact.attribute == HOLDS:
                    self._of.setdefault((HOLDS, f"\0{_head(fact)}"), []).append(fact)

    def knows(self, guess: Fact) -> bool:
        """Whether something surer holds of the same where the guess begins."""
        one = guess.attribute in _ONE_OF
        of = self._of.get((guess.attribute, guess.entity), [])
        same = [fact for fact in of if one or _head(fact) == _head(guess)]
        if guess.attribute == HOLDS:
            same += self._of.get((HOLDS, f"\0{_head(guess)}"), [])
        beat = guess.valid_from
        return beat is not None and any(_holds(fact, beat, self._rank) for fact in same)


def _head(fact: Fact) -> str:
    """What of it there is one of: the last word of a thing, a garment, a wound."""
    return fact.value.casefold().rsplit(maxsplit=1)[-1] if fact.value.strip() else ""


def place_of(fact: Fact, rank: Mapping[str, int]) -> Place:
    beat = fact.valid_from or Beat(fact.evidence.scene_id, fact.evidence.start)
    return rank.get(beat.scene_id, -1), beat.at, fact.entity, fact.attribute, fact.value, fact.reader


def asked_for(facts: Iterable[Fact], asked: Asked, rank: Mapping[str, int]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if _fits(fact, asked, rank))


def _fits(fact: Fact, asked: Asked, rank: Mapping[str, int]) -> bool:
    if asked.scene is not None and _scene(fact) != asked.scene:
        return False
    if (asked.entity or fact.entity, asked.attribute or fact.attribute) != (fact.entity, fact.attribute):
        return False
    if asked.layer is not None and fact.layer != asked.layer:
        return False
    return asked.beat is None or _holds(fact, asked.beat, rank)


def _scene(fact: Fact) -> str:
    return fact.valid_from.scene_id if fact.valid_from is not None else fact.evidence.scene_id


def _holds(fact: Fact, beat: Beat, rank: Mapping[str, int]) -> bool:
    def at(one: Beat) -> tuple[int, int]:
        return rank.get(one.scene_id, -1), one.at

    begun = fact.valid_from is None or at(fact.valid_from) <= at(beat)
    return begun and (fact.valid_to is None or at(beat) < at(fact.valid_to))
