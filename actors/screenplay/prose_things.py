"""Where the action of a scene puts its things: "Anna lays the letter in the drawer".

Invariant: a pure function of the scene's text; only props that the breakdown found, only action, only verbs of putting
with the thing as what is put, and only where the sentence names the place. The span is of the sentence. It is a guess,
as props are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.prose_clauses import Clause, read_clauses
from actors.screenplay.prose_names import Names
from actors.screenplay.prose_verbs import ROLES
from actors.screenplay.vocabulary import words

SENTENCES_MAX = 200
"""Of one scene's action, about 15 ms; what follows is not read for this."""

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_HIDDEN = ("[[", "/*")
_WHERE = words("in into inside on onto under beneath behind beside against over")
_NO_PLACE = words("left right him her it them himself herself itself themselves me you us hand hands back")


def things_put(script: str, scene: Breakdown) -> Iterator[tuple[str, str, Span]]:
    """(prop, place, sentence), in order."""
    things = [prop.name for prop in scene.props]
    names = Names(things)
    read = 0
    for action in scene.actions if things else ():
        shown = script[action.span.start : action.span.end]
        if any(mark in shown for mark in _HIDDEN):  # words that are not shown would be read too
            continue
        for sentence in _SENTENCE.finditer(shown):
            if read >= SENTENCES_MAX:
                return
            read += 1
            for thing, place in _put(sentence.group(), names):
                yield things[thing], place, _span(sentence, action.span.start)


def _put(sentence: str, names: Names) -> Iterator[tuple[int, str]]:
    for clause in read_clauses(sentence, names).clauses:
        place = _place(clause)
        if place is not None and "carry" in ROLES[clause.verb.lemma]:
            yield from ((thing, place) for thing in (clause.doers if clause.passive else clause.objects))


def _place(clause: Clause) -> str | None:
    said = next((said for said in clause.places if said.preposition in _WHERE), None)
    if said is None or not _NO_PLACE.isdisjoint(said.place.lower().split()):
        return None
    return said.place.lower()


def _span(sentence: re.Match[str], offset: int) -> Span:
    text = sentence.group()
    return Span(
        offset + sentence.start() + len(text) - len(text.lstrip()), offset + sentence.start() + len(text.rstrip())
    )
