"""The trigger map of a scene: which words of a line touch which facts, ties and set-ups.

The invariant: pure, a word names what it touches by whole words only, names by every spelling the story has for them.
Of one word at most `PER_WORD_MAX` touches count, the surest first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actors.screenplay.plants import plants_in
from actors.screenplay.vocabulary import words
from actors.tableread.knowing import DAY, HERE, HOUR, NARRATOR, Frame, Piece, Scene
from actors.tableread.limits import TRIGGERS_MAX

PER_WORD_MAX = 6
IDLE = words(
    """
    a an the his her their my your our its this that these those of to for in on at by with from and or but about into
    all it is was are were be been being has have had do does did he she they him them we us you i me mine yours
    very really still already what who whom whose where when why how which not no yes so if then than there here
    can could will would shall should may might must get got go goes going went come came know knows knew think say
    says said tell told ask asked see saw look looks want wants just now ever never anything something nothing
    everything anybody somebody please well oh mr mrs ms dr again happen happens happened remember
    """
)
_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_POSSESSIVE = re.compile(r"[’']s?$")


@dataclass(frozen=True, slots=True)
class Touch:
    """`kind`: fact | tie | setup; `about`: a piece's kind, "" else; `roles`: whose frame has it."""

    kind: str
    about: str
    who: str
    words: str
    confidence: float
    roles: tuple[str, ...] = ()


Triggers = Mapping[str, tuple[Touch, ...]]


def said(text: str) -> list[str]:
    """The words of a line in order, case folded, a possessive without its end."""
    return [_POSSESSIVE.sub("", word.casefold()) for word in _WORD.findall(text)]


def content(text: str) -> list[str]:
    """Those that say what it is about."""
    return [word for word in said(text) if word not in IDLE and len(word) > 1]


def triggers_of(scene: Scene, frames: Iterable[Frame], names: Mapping[str, str]) -> Triggers:
    """`names`: every spelling of a person → their key."""
    found: dict[str, dict[tuple[str, str, str, str], Touch]] = defaultdict(dict)
    spelled: dict[str, set[str]] = defaultdict(set)
    for spelling, key in names.items():
        spelled[key].update(content(spelling))
    for frame in frames:
        for piece in frame.pieces:
            for word in _words_of(piece, spelled):
                _add(found[word], Touch("fact", piece.about, piece.who, piece.words, piece.confidence, (frame.role,)))
        for bond in frame.bonds:
            for word in spelled.get(bond.to, ()) or content(bond.name):
                _add(found[word], Touch("tie", "", bond.to, bond.name, 0.9, (frame.role,)))
    for view, _ in scene.story:
        planted = None if view.aside else plants_in(view.script, view.breakdown, view.premise.cast.person_key)
        for plant in planted.plants if planted is not None else ():
            for word in plant.returns:
                _add(found[word], Touch("setup", "", view.id, plant.thing, 0.7, (NARRATOR,)))
    kept = {
        word: tuple(sorted(each.values(), key=lambda t: -t.confidence)[:PER_WORD_MAX]) for word, each in found.items()
    }
    sure = sorted(kept.items(), key=lambda item: (-item[1][0].confidence, item[0]))
    return dict(sure[:TRIGGERS_MAX])


def _words_of(piece: Piece, spelled: Mapping[str, set[str]]) -> set[str]:
    if piece.about in (HERE, HOUR, DAY):
        return set(content(piece.words)) if piece.about == HERE else set()
    return {*content(piece.words), *spelled.get(piece.who, content(piece.who))}


def _add(to: dict[tuple[str, str, str, str], Touch], touch: Touch) -> None:
    key = touch.kind, touch.about, touch.who, touch.words
    before = to.get(key)
    roles = touch.roles if before is None else tuple(dict.fromkeys((*before.roles, *touch.roles)))
    to[key] = Touch(*key, touch.confidence, roles)


def touched(text: str, triggers: Triggers) -> tuple[tuple[str, Touch], ...]:
    """What a line touches: (word, touch) in the order of its words, each once."""
    return tuple((word, touch) for word in dict.fromkeys(said(text)) for touch in triggers.get(word, ()))
