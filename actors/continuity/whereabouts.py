"""Where things are after each sentence: the changes that prose tells, folded in order.

Invariant: pure; a thing stays where it was until something is said of it. What first appears in the middle was not
there before; what has a place it comes from was there before it left, as far back as nothing else is said. A thing that
appears without a word of where is taken to be where what it came from was, else where the story is: at
the last place said.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.screenplay.prose_moves import Change, read_sentence
from actors.screenplay.prose_names import Names

SOMEWHERE = "?"
Place = str | None
"""None: it does not exist."""


def whereabouts(sentences: Sequence[str], names: Sequence[str], scene: Place = SOMEWHERE) -> list[list[Place]]:
    """For each name, its places: before the first sentence and after each one. ``scene``: where the story begins."""
    known = Names(names)
    told: list[tuple[Change, ...]] = []
    before: tuple[int, ...] = ()
    for sentence in sentences:
        read = read_sentence(sentence, known, before)
        told.append(read.changes)
        before = (*read.subject, *(who for who in read.mentioned if who not in read.subject)) or before
    fold = _Fold(known.count, told, scene)
    for changes in told:
        fold.take(changes)
    return fold.places


class _Fold:
    def __init__(self, count: int, told: Sequence[Sequence[Change]], scene: Place) -> None:
        self.scene = scene
        self.places: list[list[Place]] = [[SOMEWHERE] for _ in range(count)]
        first: dict[int, Change] = {}
        for changes in told:
            for change in changes:
                first.setdefault(change.who, change)
        for who, change in first.items():
            if change.kind == "appears":
                self.places[who] = [None]

    def take(self, changes: Sequence[Change]) -> None:
        """One sentence."""
        now = [places[-1] for places in self.places]
        came_from = next((now[c.who] for c in changes if c.kind == "ends" and now[c.who] != SOMEWHERE), None)
        for change in changes:
            now[change.who] = self._after(now[change.who], change, came_from)
        for places, place in zip(self.places, now, strict=True):
            places.append(place)

    def _after(self, here: Place, change: Change, came_from: Place) -> Place:
        if change.kind == "ends":
            if here == SOMEWHERE and self.scene != SOMEWHERE:
                self._was_at(change.who, self.scene)
            return None
        if change.kind == "appears":
            if here is not None:
                return here
            return change.goal or came_from or self.scene
        if change.origin is not None and here == SOMEWHERE:
            self._was_at(change.who, change.origin)
        self.scene = change.goal or self.scene
        return change.goal or SOMEWHERE

    def _was_at(self, who: int, origin: Place) -> None:
        """It comes from there: it was there since we last lost sight of it."""
        places = self.places[who]
        for at in range(len(places) - 1, -1, -1):
            if places[at] != SOMEWHERE:
                return
            places[at] = origin
