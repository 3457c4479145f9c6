"""All happenings of a scene, read in one pass over its sentences.

Invariant: a pure function of the scene's text, its breakdown and whose each name is; cost in proportion to the text,
and a sentence is taken apart only if a reader waits for one of its words. Feeds facts, rules and breakdown sheets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.clothes import CLOTHES_WORDS, clothes_in
from actors.screenplay.deaths import DEATH_WORDS, deaths_in
from actors.screenplay.hands import HAND_WORDS, hands_in
from actors.screenplay.happenings import Happening
from actors.screenplay.learning import LEARN_WORDS, learning_in
from actors.screenplay.presence import presence_in
from actors.screenplay.sentences import Sentence, people_in_action, sentences_of
from actors.screenplay.unreal import comes_back, staged
from actors.screenplay.wounds import WOUND_WORDS, wounds_in

HAPPENINGS_MAX = 2_000
"""Of one scene; the first by position. A feature's longest scene has about 150."""

_WORDS = DEATH_WORDS | HAND_WORDS | CLOTHES_WORDS | WOUND_WORDS | LEARN_WORDS


def happenings_of(script: str, scene: Breakdown, key: Callable[[str], str]) -> tuple[Happening, ...]:
    """By position. ``key`` tells whose a name is."""
    keys = {person.key: key(person.key) for person in scene.cast}
    if not keys:
        return ()
    people = people_in_action(scene, keys)
    found = list(presence_in(script, scene, people, keys))
    learned: list[Sentence] = []
    things = {span.start: (prop.name, span.end) for prop in scene.props for span in prop.spans}
    named = frozenset(word for at, (_, end) in things.items() for word in script[at:end].casefold().split())
    for sentence, said in sentences_of(script, scene, people, _WORDS | named):
        found.extend(_of_sentence(sentence, said, things))
        if said & LEARN_WORDS:
            learned.append(sentence)
    found.extend(learning_in(script, scene, learned, key))
    found = list(_really(found, scene))
    found.sort(key=lambda each: (each.span.start, each.span.end, each.kind, each.who, each.what))
    return tuple(_telling(found[:HAPPENINGS_MAX]))


def _really(found: list[Happening], scene: Breakdown) -> Iterator[Happening]:
    """Without deaths that may be none; the scene is looked at only if it tells of one."""
    dies = [each for each in found if each.kind == "dies"]
    if not dies:
        yield from found
        return
    unreal = staged(scene) or comes_back(scene, dies[0].span.end)
    yield from (each for each in found if each.kind != "dies" or not unreal)


def _telling(found: list[Happening]) -> Iterator[Happening]:
    """Without what repeats: that somebody speaks or acts is told once, and again after they died."""
    seen: set[tuple[str, str]] = set()
    for each in dict.fromkeys(found):
        if each.kind == "dies":
            seen -= {("speaks", each.who), ("acts", each.who)}
        if each.kind in ("speaks", "acts"):
            if (each.kind, each.who) in seen:
                continue
            seen.add((each.kind, each.who))
        yield each


def _of_sentence(sentence: Sentence, said: frozenset[str], things: dict[int, tuple[str, int]]) -> Iterator[Happening]:
    if said & DEATH_WORDS:
        yield from deaths_in(sentence)
    if things:
        yield from hands_in(sentence, things)
    if said & CLOTHES_WORDS:
        yield from clothes_in(sentence)
    if said & WOUND_WORDS:
        yield from wounds_in(sentence)
